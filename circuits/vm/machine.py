"""The machine: registers, memory, builtins and hints of one run."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from circuits.vm.code import Code
from circuits.vm.instructions import Operand, Result, decode
from circuits.vm.memory import (
    POSEIDON_CELLS,
    POSEIDON_INPUTS,
    Memory,
    MemoryConflictError,
    Segments,
)
from novation.crypto import FIELD_PRIME, hades, verify_many

RANGE_CHECK_BOUND: Final = 1 << 128
ECDSA_CELLS: Final = 2

_MAX_BLOCKS: Final = 1 << 26


class CairoRunError(Exception):
    """A run that cannot be proven: an assertion, a builtin or a hint failed.

    Attributes:
        pc: offset of the instruction in the bytecode, -1 for a builtin checked after the run.
    """

    def __init__(self, pc: int, detail: str) -> None:
        """Say where and why."""
        super().__init__(f"pc {pc}: {detail}")
        self.pc = pc


class EcdsaBuiltin:
    """What hints see of the ECDSA builtin: a place for signatures."""

    def __init__(self) -> None:
        """Start without signatures."""
        self.signatures: dict[int, tuple[int, int]] = {}

    def add_signature(self, address: int, signature: Sequence[int]) -> None:
        """Note the signature (r, s) of the instance at an address."""
        r, s = signature
        self.signatures[address] = r, s


class RangeCheckBuiltin:
    """What hints see of the range-check builtin."""

    bound: Final = RANGE_CHECK_BOUND


class Machine:
    """One run in proof mode: from `__start__` to `__end__`.

    Segments are, in this order: program, execution, the builtins of `layout_builtins`, then what
    hints add. `bases` are their final addresses, if known.
    """

    def __init__(
        self, code: Code, layout_builtins: Sequence[str], bases: Sequence[int] | None = None
    ) -> None:
        """Load the program."""
        self.code = code
        self.memory = Memory()
        self.segments = Segments(self.memory, bases)
        self.base = self.segments.add()
        self.execution_base = self.segments.add()
        self.builtin_bases = {name: self.segments.add() for name in layout_builtins}
        self.memory.poseidon = self.segments.reach(self.builtin_bases["poseidon"])
        # cairo-lang gives the (unused) modular builtins four cells of zeros.
        self.zeros = self.segments.gen_arg([0] * 4)
        self.ecdsa = EcdsaBuiltin()
        # Blocks in the order of execution, with ap and fp at their start.
        self.trace: list[tuple[int, int, int]] = []
        self.final_ap = 0
        self._scopes: list[dict[str, Any]] = []
        for offset, word in enumerate(code.bytecode):
            self.memory[self.base + offset] = word

    def run(self, hint_names: Mapping[str, Any]) -> None:
        """Run to the end and check the builtins; CairoRunError if anything does not hold.

        Args:
            hint_names: what the hints find besides the names that every Cairo machine gives them.
        """
        self._scopes = [{**self._static_names(), **hint_names}]
        first = self.execution_base + 2
        stack = [first, 0, *(self.builtin_bases[name] for name in self.code.builtins)]
        for offset, value in enumerate(stack):
            self.memory[self.execution_base + offset] = value
        pc = self.code.start
        try:
            pc = self._run_blocks(pc, first)
        except KeyError as error:
            raise CairoRunError(self.trace[-1][0], f"unknown cell {error}") from error
        except MemoryConflictError as error:
            raise CairoRunError(self.trace[-1][0], str(error)) from error
        self._check_builtins()

    def _run_blocks(self, pc: int, first: int) -> int:
        ap = fp = first
        block, memory, trace = self.code.translator.block, self.memory, self.trace
        for _ in range(_MAX_BLOCKS):
            if pc == self.code.end:
                self.final_ap = ap
                return pc
            trace.append((pc, ap, fp))
            pc, ap, fp = block(pc).run(memory, ap, fp, self)
        raise CairoRunError(pc, "too many steps")

    @property
    def n_steps(self) -> int:
        """Steps up to the first execution of the end loop, which counts."""
        block = self.code.translator.block
        return sum(len(block(pc).steps) for pc, _, _ in self.trace) + 1

    def run_hints(self, pc: int, ap: int, fp: int) -> None:
        """Run the hints before an instruction."""
        for hint in self.code.hints[pc]:
            scope = self._scopes[-1]
            scope["ap"], scope["fp"] = ap, fp
            try:
                exec(hint.code, scope)  # noqa: S102 - text of the compiled program
            except (CairoRunError, KeyError):
                raise
            except Exception as error:
                raise CairoRunError(pc, f"hint failed: {error!r}") from error

    def assert_slowly(self, pc: int, ap: int, fp: int) -> None:
        """Interpret an assertion in which the cell on the left or an operand may be unknown."""
        instruction = decode(self.code.bytecode[pc])
        memory = self.memory
        dst = (fp if instruction.dst_is_fp else ap) + instruction.dst_offset
        op0 = (fp if instruction.op0_is_fp else ap) + instruction.op0_offset
        if instruction.op1 is Operand.IMMEDIATE:
            op1 = self.base + pc + 1
        elif instruction.op1 is Operand.DOUBLE_DEREF:
            op1 = (memory[op0] + instruction.op1_offset) % FIELD_PRIME
        else:
            op1 = (fp if instruction.op1 is Operand.FP else ap) + instruction.op1_offset
        if instruction.result is Result.OP1:
            if op1 not in memory and dst not in memory:
                raise CairoRunError(pc, "neither side of the assertion is known")
            value = memory[op1] if op1 in memory else memory.setdefault(op1, memory[dst])
        else:
            value = self._solve(pc, (dst, op0, op1), instruction.result)
        if memory.setdefault(dst, value) != value:
            raise CairoRunError(pc, f"assertion failed: {memory[dst]} != {value}")

    def _solve(self, pc: int, cells: tuple[int, int, int], result: Result) -> int:
        """Find the unknown operand of a sum or product and return the value."""
        memory, (dst, op0, op1) = self.memory, cells
        unknown = [cell for cell in (op0, op1) if cell not in memory]
        if len(unknown) > 1 or (unknown and dst not in memory):
            raise CairoRunError(pc, "more than one cell of the assertion is unknown")
        if unknown:
            known = memory[op1 if unknown[0] == op0 else op0]
            if result is Result.ADD:
                memory[unknown[0]] = (memory[dst] - known) % FIELD_PRIME
            elif known % FIELD_PRIME == 0:
                raise CairoRunError(pc, "division by zero")
            else:
                memory[unknown[0]] = memory[dst] * pow(known, -1, FIELD_PRIME) % FIELD_PRIME
        if result is Result.ADD:
            return (memory[op0] + memory[op1]) % FIELD_PRIME
        return memory[op0] * memory[op1] % FIELD_PRIME

    def _static_names(self) -> dict[str, Any]:
        return {
            "memory": self.memory,
            "segments": self.segments,
            "PRIME": FIELD_PRIME,
            "range_check_builtin": RangeCheckBuiltin(),
            "ecdsa_builtin": self.ecdsa,
            "to_felt_or_relocatable": int,
            "vm_enter_scope": self._enter_scope,
            "vm_exit_scope": self._exit_scope,
        }

    def _enter_scope(self) -> None:
        self._scopes.append(self._static_names())

    def _exit_scope(self) -> None:
        self._scopes.pop()

    def builtin_cells(self, name: str) -> dict[int, int]:
        """Return the cells of a builtin by offset, up to its stop pointer."""
        base, stop = self.builtin_bases[name], self.stop_pointer(name)
        return {
            address - base: self.memory[address]
            for address in range(base, stop)
            if address in self.memory
        }

    def stop_pointer(self, name: str) -> int:
        """Return where a builtin ends: its value on the stack after the run."""
        if name not in self.code.builtins:
            return self.builtin_bases[name]
        position = len(self.code.builtins) - self.code.builtins.index(name)
        return self.memory[self.final_ap - position]

    def _check_builtins(self) -> None:
        for name in self.code.builtins:
            base, stop = self.builtin_bases[name], self.stop_pointer(name)
            cells = {"poseidon": POSEIDON_CELLS, "ecdsa": ECDSA_CELLS}.get(name, 1)
            if not 0 <= stop - base < 1 << 40 or (stop - base) % cells:
                raise CairoRunError(-1, f"stop pointer of {name} at {stop - base}")
        self._check_range_checks()
        self._check_poseidon()
        self._check_signatures()

    def _check_range_checks(self) -> None:
        for offset, value in self.builtin_cells("range_check").items():
            if not 0 <= value < RANGE_CHECK_BOUND:
                raise CairoRunError(-1, f"range check {offset} of {value:#x}")

    def _check_poseidon(self) -> None:
        base, stop = self.builtin_bases["poseidon"], self.stop_pointer("poseidon")
        memory = self.memory
        for first in range(base, stop, POSEIDON_CELLS):
            outputs = memory.permuted.get(first)
            if outputs is None:
                outputs = hades(memory[first], memory[first + 1], memory[first + 2])
            for cell, value in enumerate(outputs, first + POSEIDON_INPUTS):
                if memory.get(cell, value) != value:
                    raise CairoRunError(-1, f"poseidon output at {cell - base}")

    def _check_signatures(self) -> None:
        base, stop = self.builtin_bases["ecdsa"], self.stop_pointer("ecdsa")
        items = []
        for address in range(base, stop, ECDSA_CELLS):
            if address not in self.ecdsa.signatures:
                raise CairoRunError(-1, f"no signature at {address - base}")
            key, message = self.memory[address], self.memory[address + 1]
            items.append((message, *self.ecdsa.signatures[address], key))
        if not all(verify_many(items)):
            raise CairoRunError(-1, "a signature is not valid")
