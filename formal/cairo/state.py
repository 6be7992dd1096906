"""What one run of a path knows: cells by address, equations, bounds, and calls."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from formal.cairo.linear import Linear, Symbol, rewrite
from novation.crypto import FIELD_PRIME

BUILTINS: Final = ("range_check", "ecdsa", "poseidon")
# What implicit arguments point to.
KINDS: Final = {
    "range_check_ptr": "range_check",
    "poseidon_ptr": "poseidon",
    "ecdsa_ptr": "ecdsa",
    "output_ptr": "output",
    "accounts_log": "log",
    "orders_log": "log",
    "markets_log": "log",
    "any_log": "log",
}
RETURN: Final = -1
# A cell of the range-check builtin is below this.
RC_BOUND: Final = 2**128
# A number times another: no word has so few terms.
_SCALED: Final = 2


@dataclass(frozen=True)
class Call:
    """A call that is taken by its contract: all cells that go in, all symbols that come out."""

    name: str
    pc: int
    inputs: tuple[Linear, ...]
    outputs: tuple[Symbol, ...]
    arguments: dict[str, Linear]
    results: dict[str, Linear]
    promised: "Promised | None" = None
    opening: "Opened | None" = None


@dataclass(frozen=True)
class Promised:
    """If `premise` is in [0, 2^128), the forms of each pair are equal."""

    premise: Linear
    pairs: tuple[tuple[Linear, Linear], ...]


@dataclass(frozen=True)
class Opened:
    """With the known forms, the opened ones follow: see OPENINGS of contracts."""

    known: tuple[Linear, ...]
    opened: tuple[Linear, ...]


@dataclass
class State:
    """A path of one run, up to an instruction.

    Attributes:
        pc: the next instruction, RETURN at the end.
        cells: value by address, addresses by their keys in `addresses`.
        equations: forms that are 0.
        nonzero: forms that are not 0.
        bounds: forms below 2^128, by the key of their range-check cell.
        below: forms below another bound, by contract.
        hashes: addresses of the permutations that are used, by key.
        pinned: symbols of guesses that are fixed by a log entry or by a callee.
        guesses: addresses of cells of the tape that must follow from the rest, by name.
        frames: where inlined functions return to.
    """

    pc: int
    ap: Linear
    fp: Linear
    cells: dict[str, Linear] = field(default_factory=dict)
    addresses: dict[str, Linear] = field(default_factory=dict)
    equations: list[Linear] = field(default_factory=list)
    nonzero: list[Linear] = field(default_factory=list)
    bounds: dict[str, Linear] = field(default_factory=dict)
    below: list[tuple[Linear, int]] = field(default_factory=list)
    hashes: dict[str, Linear] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    pinned: set[str] = field(default_factory=set)
    guesses: dict[str, Linear] = field(default_factory=dict)
    frames: tuple[tuple[int, Linear], ...] = ()

    def copy(self) -> "State":
        """Return a state that can go another way."""
        return State(
            self.pc,
            self.ap,
            self.fp,
            dict(self.cells),
            dict(self.addresses),
            list(self.equations),
            list(self.nonzero),
            dict(self.bounds),
            list(self.below),
            dict(self.hashes),
            list(self.calls),
            set(self.pinned),
            dict(self.guesses),
            self.frames,
        )

    def set_cell(self, address: Linear, value: Linear) -> None:
        """Give a cell its value."""
        self.cells[address.key] = value
        self.addresses[address.key] = address

    def require_zero(self, form: Linear) -> None:
        """Add an equation; one that gives a symbol of this run replaces it everywhere."""
        waiting = [form]
        while waiting:
            form = waiting.pop(0)
            symbol = _eliminable(form)
            if symbol is None:
                if form != Linear(0):
                    self.equations.append(form)
                continue
            coefficient = dict(form.terms)[symbol]
            rest = form - Linear.symbol(symbol).scaled(coefficient)
            new = _replacing(symbol, rest.scaled(-pow(coefficient, -1, FIELD_PRIME)))
            self._rewrite(new)
            # What was no use before can give a symbol now.
            waiting = [new(other) for other in (*self.equations, *waiting)]
            self.equations = []

    def _rewrite(self, new: Callable[[Linear], Linear]) -> None:
        self.cells = {key: new(form) for key, form in self.cells.items()}
        for address in list(self.addresses.values()):
            moved = new(address)
            if moved is not address:
                self.set_cell(moved, self.cells[address.key])
        self.nonzero = [new(form) for form in self.nonzero]
        self.bounds = {key: new(form) for key, form in self.bounds.items()}
        self.below = [(new(form), bound) for form, bound in self.below]
        self.hashes = {key: new(form) for key, form in self.hashes.items()}
        self.calls = [_rewritten(call, new) for call in self.calls]


def _replacing(symbol: Symbol, value: Linear) -> Callable[[Linear], Linear]:
    """Return what rewrites a form with a symbol replaced."""

    def change(found: Symbol) -> Linear | None:
        return value if found == symbol else None

    return lambda form: rewrite(form, change) if _mentions(form, symbol) else form


def _rewritten(call: Call, new: Callable[[Linear], Linear]) -> Call:
    promised = call.promised
    if promised is not None:
        pairs = tuple((new(left), new(right)) for left, right in promised.pairs)
        promised = Promised(new(promised.premise), pairs)
    opening = call.opening
    if opening is not None:
        opening = Opened(tuple(map(new, opening.known)), tuple(map(new, opening.opened)))
    return Call(
        call.name,
        call.pc,
        tuple(new(form) for form in call.inputs),
        call.outputs,
        {name: new(form) for name, form in call.arguments.items()},
        {name: new(form) for name, form in call.results.items()},
        promised,
        opening,
    )


def _eliminable(form: Linear) -> Symbol | None:
    """Return a symbol of one run that the equation gives, and that no product in it hides.

    An equation that packs fields into a word gives none: solved for a field, it would stand in
    every bound of that field, and each time the solver would have to read the word anew.
    """
    if len(form.terms) > _SCALED and any(1 < c < FIELD_PRIME - 1 for _, c in form.terms):
        return None
    for symbol, _ in form.terms:
        if symbol.shared or symbol.factors is not None or symbol.kind == "result":
            continue
        others = [s for s, _ in form.terms if s != symbol]
        if not any(_inside(other, symbol) for other in others):
            return symbol
    return None


def _inside(product: Symbol, symbol: Symbol) -> bool:
    return product.factors is not None and any(_mentions(f, symbol) for f in product.factors)


def _mentions(form: Linear, symbol: Symbol) -> bool:
    return any(found == symbol or _inside(found, symbol) for found, _ in form.terms)
