"""Follows the instructions of a function along every path, on symbols instead of numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from starkware.cairo.lang.compiler.ast.cairo_types import CairoType
from starkware.cairo.lang.compiler.instruction import Instruction, Register

from formal.cairo import contracts
from formal.cairo.bytecode import Code, Function, Member, is_struct, pointee, target
from formal.cairo.linear import Linear, Symbol
from formal.cairo.operands import COMBINE, Cell, Operand, evaluate
from formal.cairo.state import KINDS, RETURN, Call, Opened, Promised, State
from novation.crypto import FIELD_PRIME

_FP: Final = Symbol("fp", shared=True, kind="frame")
_INSTANCE_CELLS: Final = {"poseidon": 6, "ecdsa": 2}
_RATE: Final = 3
_ZERO: Final = Linear(0)
_MAX_STEPS: Final = 4000
MAX_PATHS: Final = 400


class UnknownShapeError(Exception):
    """The function is outside of what is read; the text says why."""


@dataclass(frozen=True)
class Drop:
    """A mutant: the equation of the instruction at `pc`, or the bound of a cell, is missing."""

    pc: int = -1
    bound: str = ""


@dataclass
class Machine:
    """Runs one function.

    Attributes:
        opening: whether arguments and records are guesses too (Opening).
        free: guesses that nothing pins, by symbol name.
        guessed: arguments that are guesses of the caller.
        drop: what the mutant lacks.
    """

    code: Code
    function: Function
    reads: Callable[[Function, str], frozenset[int]]
    ap_change: Callable[[Function], int | None]
    pins: Callable[[Function], frozenset[str]]
    never_null: Callable[[Function], frozenset[str]]
    opening: bool = False
    free: frozenset[str] = frozenset()
    guessed: frozenset[str] = frozenset()
    drop: Drop = field(default_factory=Drop)

    @property
    def frame(self) -> Symbol:
        """Return the symbol of the function's fp."""
        return _FP

    def start(self) -> State:
        """Return the state at the function's first instruction."""
        fp = Linear.symbol(_FP)
        state = State(self.function.pc, fp, fp)
        offset = -2 - self.function.n_args
        for members in (self.function.implicit, self.function.explicit):
            base = offset if members is self.function.implicit else offset + self._n_implicit()
            for member in members:
                for cell in self.code.members(member.type):
                    name = f"{member.name}.{cell.name}" if cell.name else member.name
                    symbol = self._argument(name)
                    address = fp + (base + member.offset + cell.offset)
                    state.set_cell(address, Linear.symbol(symbol))
        for path, bound in contracts.ASSUMED_BELOW.get(self.function.short, {}).items():
            state.below.append((self.item(state, path), bound))
        return state

    def _n_implicit(self) -> int:
        return sum(self.code.size(member.type) for member in self.function.implicit)

    def _argument(self, name: str) -> Symbol:
        kind = KINDS.get(name, "")
        given = not self.opening and name not in self.guessed
        return Symbol(name, shared=bool(kind) or given, kind=kind)

    def paths(self, start: State, stops: frozenset[int], limit: int = MAX_PATHS) -> list[State]:
        """Return the ends of all paths from a state to a stop or to a return."""
        ends: list[State] = []
        open_states = [start]
        steps = 0
        while open_states:
            state = open_states.pop()
            first = True
            while state.pc != RETURN and (first or state.frames or state.pc not in stops):
                first = False
                steps += 1
                if steps > _MAX_STEPS * MAX_PATHS:
                    raise UnknownShapeError("too many steps")
                other = self._step(state)
                if other is not None:
                    open_states.append(other)
            ends.append(state)
            if len(ends) + len(open_states) > limit:
                raise UnknownShapeError(f"more than {limit} ways between two joins")
        return ends

    # Instructions

    def _step(self, state: State) -> State | None:
        pc = state.pc
        instruction = self.code.instruction(pc)
        for hint in self.code.hints.get(pc, ()):
            self._guess(state, pc, hint)
        if instruction.opcode is Instruction.Opcode.CALL:
            self._call(state, pc, instruction)
            return None
        if instruction.opcode is Instruction.Opcode.RET:
            self._return(state)
            return None
        if instruction.opcode is Instruction.Opcode.ASSERT_EQ and pc != self.drop.pc:
            self._assert_equal(state, instruction)
        return self._move(state, pc, instruction)

    def _move(self, state: State, pc: int, instruction: Instruction) -> State | None:
        following = pc + (2 if instruction.imm is not None else 1)
        if instruction.pc_update is Instruction.PcUpdate.JNZ:
            condition = self.value(state, self._address(state, instruction))
            self._advance(state, instruction)
            return self._branch(state, condition, target(instruction, pc), following)
        if instruction.pc_update is Instruction.PcUpdate.JUMP_REL:
            following = target(instruction, pc)
        self._advance(state, instruction)
        state.pc = following
        return None

    def _branch(self, state: State, condition: Linear, taken: int, following: int) -> State | None:
        if condition.is_constant:
            state.pc = taken if condition.constant else following
            return None
        other = state.copy()
        other.pc = taken
        other.nonzero.append(condition)
        state.pc = following
        state.require_zero(condition)
        return other

    def _advance(self, state: State, instruction: Instruction) -> None:
        if instruction.ap_update is Instruction.ApUpdate.ADD1:
            state.ap += 1
        elif instruction.ap_update is Instruction.ApUpdate.ADD:
            assert instruction.imm is not None
            state.ap += int(instruction.imm)

    def _return(self, state: State) -> None:
        if state.frames:
            (state.pc, state.fp), state.frames = state.frames[-1], state.frames[:-1]
        else:
            state.pc = RETURN

    def _assert_equal(self, state: State, instruction: Instruction) -> None:
        destination = self._address(state, instruction)
        left, right = self._operands(state, instruction)
        combine = COMBINE[instruction.res]
        result = combine(self.known(state, left), self.known(state, right))
        value = self.known(state, destination)
        if result is not None and value is None and self._definable(state, destination):
            self._define(state, destination, result)
            return
        if value is not None and result is None and self._solve(state, instruction, value):
            return
        total = combine(self._read(state, left), self._read(state, right))
        assert total is not None
        state.require_zero(self.value(state, destination) - total)

    def _solve(self, state: State, instruction: Instruction, value: Linear) -> bool:
        """Define the one operand that has no value yet, if the instruction gives it."""
        left, right = self._operands(state, instruction)
        if instruction.res is Instruction.Res.OP1:
            unknown, rest = right, _ZERO
        elif instruction.res is Instruction.Res.ADD:
            known_left, known_right = self.known(state, left), self.known(state, right)
            if known_left is None and known_right is None:
                return False
            unknown = left if known_left is None else right
            rest = known_left or known_right or _ZERO
        else:
            return False
        if not isinstance(unknown, Cell) or not self._definable(state, unknown.address):
            return False
        self._define(state, unknown.address, value - rest)
        return True

    def _define(self, state: State, address: Linear, value: Linear) -> None:
        state.set_cell(address, value)
        self._bound(state, address, value)

    def _bound(self, state: State, address: Linear, value: Linear) -> None:
        base = address.base
        if base is not None and base.kind == "range_check" and address.key != self.drop.bound:
            state.bounds[address.key] = value

    def _operands(self, state: State, instruction: Instruction) -> tuple[Operand, Operand]:
        left_base = state.ap if instruction.op0_register is Register.AP else state.fp
        left = Cell(left_base + instruction.off1)
        kind = instruction.op1_addr
        if kind is Instruction.Op1Addr.IMM:
            assert instruction.imm is not None
            return left, Linear(int(instruction.imm) % FIELD_PRIME)
        if kind is Instruction.Op1Addr.OP0:
            pointer = self.value(state, left.address)
            return left, Cell(pointer + instruction.off2)
        base = state.ap if kind is Instruction.Op1Addr.AP else state.fp
        return left, Cell(base + instruction.off2)

    def _address(self, state: State, instruction: Instruction) -> Linear:
        base = state.ap if instruction.dst_register is Register.AP else state.fp
        return base + int(instruction.off0)

    # Cells

    def known(self, state: State, operand: Operand) -> Linear | None:
        """Return the value of a cell, None if nothing was said about it yet."""
        if isinstance(operand, Linear) and operand.is_constant:
            return operand
        address = operand.address if isinstance(operand, Cell) else operand
        found = state.cells.get(address.key)
        if found is None and self._is_given(address):
            return self.value(state, address)
        return found

    def _read(self, state: State, operand: Operand) -> Linear:
        return self.value(state, operand.address) if isinstance(operand, Cell) else operand

    def value(self, state: State, address: Linear) -> Linear:
        """Return the value of a cell; one that nothing was said about becomes a symbol."""
        found = state.cells.get(address.key)
        if found is None:
            found = Linear.symbol(self._symbol(state, address))
            state.set_cell(address, found)
            self._bound(state, address, found)
        self._note(state, address)
        return found

    def _note(self, state: State, address: Linear) -> None:
        base = address.base
        if base is not None and base.kind == "poseidon":
            instance = address + -(address.offset % _INSTANCE_CELLS["poseidon"])
            state.hashes[instance.key] = instance
        elif base is None or not base.kind:
            # No cell has the address 0: the AIR's memory begins at 1.
            state.nonzero.append(address)

    def _symbol(self, state: State, address: Linear) -> Symbol:
        base = address.base
        name = f"[{address.key}]"
        if base is not None and base.kind == "poseidon":
            return self._permuted(state, address, name)
        return Symbol(name, self._is_given(address))

    def _permuted(self, state: State, address: Linear, name: str) -> Symbol:
        role = address.offset % _INSTANCE_CELLS["poseidon"]
        if role < _RATE:
            return Symbol(name, shared=False)
        instance = address + -role
        inputs = [state.cells.get((instance + index).key) for index in range(_RATE)]
        if any(form is None or not form.is_shared for form in inputs):
            # The state of the sponge before the function's first permutation is an input.
            return Symbol(name, shared=instance.offset < 0 and not self.opening, kind="result")
        keys = ", ".join(form.key for form in inputs if form is not None)
        return Symbol(f"poseidon{role}({keys})", shared=True)

    def _is_given(self, address: Linear) -> bool:
        """Whether the cell is one that the function reads as an input: both runs have the same."""
        if self.opening or not address.is_shared or not address.terms:
            return False
        if any(symbol.kind for symbol, _ in address.terms):
            return False
        return address.key not in self._written()

    def _definable(self, _state: State, address: Linear) -> bool:
        return not self._is_given(address)

    def _written(self) -> frozenset[str]:
        short = self.function.short
        paths = contracts.WRITES.get(short, ()) + contracts.WRITES_IF_RETURNED.get(short, ())
        cells = [
            Linear.symbol(self._argument(name)) + offset
            for name, offset in self.written_cells(self.function, paths)
        ]
        element = contracts.WRITES_AT.get(short)
        if element is not None:
            array, index = (Linear.symbol(self._argument(name)) for name in element)
            cells.append(array + index)
        return frozenset(cell.key for cell in cells)

    def written_cells(self, function: Function, paths: tuple[str, ...]) -> list[tuple[str, int]]:
        """Return (argument, offset) of the cells that paths like `slot.next` name."""
        return [(name, cell.offset) for name, cell in self.written_members(function, paths)]

    def written_members(
        self, function: Function, paths: tuple[str, ...]
    ) -> list[tuple[str, Member]]:
        """Return the same with the types of the cells."""
        cells = []
        for path in paths:
            name, _, rest = path.partition(".")
            member = next(m for m in function.explicit if m.name == name)
            cells += [
                (name, cell)
                for cell in self._pointed(member)
                if rest in ("", cell.name) or cell.name.startswith(f"{rest}.")
            ]
            if rest.isdigit():
                inner = pointee(member.type)
                assert inner is not None, (function.name, path)
                cells.append((name, Member(rest, int(rest), inner)))
        return cells

    def offset(self, function: Function, path: str) -> int:
        """Return at which offset of a returned record the field of a path like `price.pool` is."""
        name, _, cell_name = path.partition(".")
        member = next(m for m in function.returned if m.name == name)
        return next(cell.offset for cell in self._pointed(member) if cell.name == cell_name)

    def _pointed(self, member: Member) -> tuple[Member, ...]:
        inner = pointee(member.type)
        return self.code.members(inner) if inner is not None and is_struct(inner) else ()

    # Guesses

    def _guess(self, state: State, pc: int, hint: dict[str, Any]) -> None:
        text, ids = hint["text"], hint["ids"]
        if text.startswith("ids.") and "= latest_" in text:
            name = text.split(" ", 1)[0].removeprefix("ids.")
            address = evaluate(ids[name][1], state)
            self._free_or_pinned(state, address, f"record {name}")
        elif text.startswith("segments.write_arg(ids.message.address_"):
            self._tape(state, pc, evaluate(ids["message.address_"], state))

    def _free_or_pinned(self, state: State, address: Linear, name: str) -> None:
        shared = name not in self.free and not self.opening
        if address.key not in state.cells:
            state.set_cell(address, Linear.symbol(Symbol(name, shared)))

    def _tape(self, state: State, pc: int, address: Linear) -> None:
        cairo_type = self.code.message_type(self.function, pc)
        inputs = contracts.TAPE_INPUTS.get(self.function.short, ())
        for cell in self.code.members(cairo_type):
            given = any(
                path in ("", cell.name) or cell.name.startswith(f"{path}.") for path in inputs
            )
            at = address + cell.offset
            if at.key in state.cells:
                continue
            name = f"tape {cell.name}"
            if given:
                state.set_cell(at, Linear.symbol(Symbol(name, shared=not self.opening)))
            elif pointee(cell.type) is not None:
                self._free_or_pinned(state, at, name)
            else:
                state.set_cell(at, Linear.symbol(Symbol(name, shared=False)))
                state.guesses[name] = at

    # Calls

    def _call(self, state: State, pc: int, instruction: Instruction) -> None:
        callee = self.code.functions[target(instruction, pc)]
        following = pc + 2
        if callee.short == "get_fp_and_pc":
            state.ap += 2
            state.set_cell(state.ap + -2, state.fp)
            state.set_cell(state.ap + -1, Linear(following))
            state.pc = following
        elif self.code.is_straight(callee) and callee.short not in contracts.ASSUMED:
            state.frames = (*state.frames, (following, state.fp))
            state.set_cell(state.ap, state.fp)
            state.set_cell(state.ap + 1, Linear(following))
            state.ap += 2
            state.fp = state.ap
            state.pc = callee.pc
        else:
            self._by_contract(state, pc, callee)
            state.pc = following

    def _by_contract(self, state: State, pc: int, callee: Function) -> None:
        first = state.ap + -callee.n_args
        arguments = self._argument_cells(state, callee, first)
        inputs = [
            form
            for name, form in arguments.items()
            if name not in KINDS or KINDS[name] not in ("range_check", "poseidon", "ecdsa")
            if not self._is_pinned_argument(callee, name)
        ]
        inputs += self._behind(state, callee, arguments)
        shared = all(form.is_shared for form in inputs) and not self.opening
        name = f"{callee.short}({', '.join(form.key for form in inputs)})"
        outputs: list[Symbol] = []
        results: dict[str, Linear] = {}

        def fresh(item: str, kind: str) -> Linear:
            builtin = kind in ("range_check", "poseidon", "ecdsa")
            label = f"{item} after {pc}" if builtin or not shared else f"{name}.{item}"
            symbol = Symbol(label, shared or builtin, kind or ("" if shared else "result"))
            if callee.short == "alloc":
                symbol = Symbol(f"alloc {pc}", shared=True, kind="alloc")
            elif not builtin:
                outputs.append(symbol)
            results[item] = Linear.symbol(symbol)
            return results[item]

        change = self.ap_change(callee)
        moved = Linear.symbol(Symbol(f"ap after {pc}", shared=True, kind="frame"))
        state.ap = state.ap + (2 + change) if change is not None else moved
        at = state.ap + -callee.n_results
        for members, kinds in ((callee.implicit, True), (callee.returned, False)):
            for member in members:
                for cell in self.code.members(member.type):
                    label = f"{member.name}.{cell.name}" if cell.name else member.name
                    state.set_cell(
                        at + member.offset + cell.offset,
                        fresh(label, KINDS.get(label, "") if kinds else ""),
                    )
            at += sum(self.code.size(member.type) for member in members)
        for item, address in self._filled(callee, arguments):
            self._fill(state, address, fresh(item, ""))
        for path, argument in contracts.RECORDS.get(callee.short, {}).items():
            record = results[path.partition(".")[0]]
            self._fill(state, record + self.offset(callee, path), arguments[argument])
        self._pin(state, callee, arguments)
        state.nonzero += [arguments[argument] for argument in self.never_null(callee)]
        if callee.short in contracts.COUNTED:
            argument, bound = contracts.COUNTED[callee.short]
            state.below.append((arguments[argument], bound))
        promised = self.promised(state, callee, first, results)
        opening = self._opened(state, callee, first, results)
        cells = tuple(inputs), tuple(outputs), arguments, results
        state.calls.append(Call(callee.short, pc, *cells, promised, opening))

    def _opened(
        self, state: State, callee: Function, first: Linear, results: dict[str, Linear]
    ) -> Opened | None:
        """Return what a callee opens from which forms, None if it opens nothing."""
        if callee.short not in contracts.OPENINGS:
            return None
        opening = contracts.OPENINGS[callee.short]
        known, opened = (
            tuple(
                results.get(path.removeprefix("return."))
                or self.item_of(state, callee, first, path)
                for path in paths
            )
            for paths in (opening.known, opening.opened)
        )
        return Opened(known, opened)

    def promised(
        self, state: State, callee: Function, first: Linear, results: dict[str, Linear]
    ) -> Promised | None:
        """Return what a function promises of a call whose arguments begin at an address."""
        promise = contracts.PROMISES.get(callee.short)
        if promise is None:
            return None

        def item(path: str) -> Linear:
            return self.item_of(state, callee, first, path)

        pairs = [(results[name], Linear(number)) for name, number in promise.constants.items()]
        pairs += [(results[name], item(path)) for name, path in promise.unchanged.items()]
        return Promised(promise.premise(item), tuple(pairs))

    def _filled(
        self, callee: Function, arguments: dict[str, Linear]
    ) -> Iterator[tuple[str, Linear]]:
        """Yield the cells that a callee fills in behind its arguments, each with a name."""
        for name, offset in self.written_cells(callee, contracts.WRITES.get(callee.short, ())):
            yield f"{name}+{offset}", arguments[name] + offset
        if callee.short in contracts.WRITES_AT:
            array, index = contracts.WRITES_AT[callee.short]
            yield f"{array}[{index}]", arguments[array] + arguments[index]

    def _fill(self, state: State, address: Linear, value: Linear) -> None:
        known = state.cells.get(address.key)
        if known is None:
            state.set_cell(address, value)
        elif known != value:
            state.require_zero(known - value)

    def _pin(self, state: State, callee: Function, arguments: dict[str, Linear]) -> None:
        filled = {path.split(".")[0] for path in contracts.WRITES.get(callee.short, ())}
        logs = {member.name for member in callee.implicit}
        pinned = self.pins(callee) | set(contracts.ARRAY_PINS.get(callee.short, ()))
        for name, form in arguments.items():
            base = form.base
            if base is None or form.offset != 0:
                continue
            if name in pinned or (base.kind == "alloc" and name in filled | logs):
                state.pinned.add(base.name)

    def _is_pinned_argument(self, callee: Function, name: str) -> bool:
        claim = contracts.PINNED_ARGUMENTS.get(callee.short)
        return claim is not None and name in claim.pinned

    def _argument_cells(self, state: State, callee: Function, first: Linear) -> dict[str, Linear]:
        cells = {}
        at = first
        for members in (callee.implicit, callee.explicit):
            for member in members:
                for cell in self.code.members(member.type):
                    name = f"{member.name}.{cell.name}" if cell.name else member.name
                    cells[name] = self.value(state, at + member.offset + cell.offset)
            at += sum(self.code.size(member.type) for member in members)
        return cells

    def _behind(
        self, state: State, callee: Function, arguments: dict[str, Linear]
    ) -> Iterator[Linear]:
        """Yield what the callee reads behind its pointers that is not an input of this function."""
        for member in callee.explicit:
            form = arguments.get(member.name)
            if form is not None and pointee(member.type) is not None:
                yield from self._array_content(state, callee, member.name, arguments)
                yield from self._own_cells(state, form, self.reads(callee, member.name), member)
        if "poseidon_ptr" in arguments:
            for offset in sorted(self.reads(callee, "poseidon_ptr")):
                if offset < 0:
                    yield self.value(state, arguments["poseidon_ptr"] + offset)

    def _array_content(
        self, state: State, callee: Function, name: str, arguments: dict[str, Linear]
    ) -> Iterator[Linear]:
        """Yield the cells of an array in the frame, and one symbol for an allocated one."""
        base = arguments[name].base
        if base is None:
            return
        array, count = contracts.READS_ARRAY.get(callee.short, ("", ""))
        if base.kind == "frame" and name == array:
            if not arguments[count].is_constant:
                raise UnknownShapeError(f"{callee.short} reads a part of the frame")
            for offset in range(arguments[count].constant):
                yield self.value(state, arguments[name] + offset)
        filled = contracts.WRITES.get(callee.short, ()) + contracts.ARRAY_PINS.get(callee.short, ())
        if base.kind == "alloc" and name not in {path.split(".")[0] for path in filled}:
            known = base.name in state.pinned
            given = self.function.short in contracts.COMMITTED_ARRAYS
            symbol = Symbol(f"content of {base.name}", known or given)
            yield Linear.symbol(symbol)

    def _own_cells(
        self, state: State, form: Linear, offsets: frozenset[int], member: Member
    ) -> Iterator[Linear]:
        base = form.base
        if base is None or base.kind != "frame":
            return
        types = {cell.offset: cell.type for cell in self._pointed(member)}
        for offset in sorted(offsets):
            value = self.value(state, form + offset)
            yield value
            inner = pointee(types[offset]) if offset in types else None
            if inner is not None and is_struct(inner):
                size = self.code.size(inner)
                nested = Member(member.name, 0, types[offset])
                yield from self._own_cells(state, value, frozenset(range(size)), nested)

    # Items by path, for contracts and outputs

    def item(self, state: State, path: str) -> Linear:
        """Return the cell that a path like `order.terms.side` or `word.0` names."""
        first = Linear.symbol(_FP) + (-2 - self.function.n_args)
        return self.item_of(state, self.function, first, path)

    def item_of(self, state: State, function: Function, first: Linear, path: str) -> Linear:
        """Return an item of a function whose arguments begin at an address."""
        name, *rest = path.split(".")
        at = first
        for members in (function.implicit, function.explicit):
            for member in members:
                if member.name == name:
                    return self._follow(state, at + member.offset, member.type, rest)
            at += sum(self.code.size(member.type) for member in members)
        raise KeyError(path)

    def _follow(self, state: State, at: Linear, cairo_type: CairoType, rest: list[str]) -> Linear:
        for part in rest:
            inner = pointee(cairo_type)
            if inner is not None:
                at, cairo_type = self.value(state, at), inner
            if part.isdigit():
                at += int(part)
                continue
            cell = next(c for c in self.code.struct_members(cairo_type) if c.name == part)
            at, cairo_type = at + cell.offset, cell.type
        return self.value(state, at)
