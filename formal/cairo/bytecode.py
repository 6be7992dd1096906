"""Reads a compiled program: functions, their arguments and results, and their instructions."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from circuits.cairo_lang_shim import quiet  # isort: skip - must come before starkware
from starkware.cairo.lang.compiler.ast.cairo_types import (
    CairoType,
    TypePointer,
    TypeStruct,
    TypeTuple,
)
from starkware.cairo.lang.compiler.encode import decode_instruction
from starkware.cairo.lang.compiler.identifier_definition import (
    FunctionDefinition,
    ReferenceDefinition,
    StructDefinition,
    TypeDefinition,
)
from starkware.cairo.lang.compiler.identifier_utils import get_struct_definition
from starkware.cairo.lang.compiler.instruction import Instruction
from starkware.cairo.lang.compiler.program import Program

from circuits.hints import resolve_hints
from circuits.program import compiled_program_path
from novation.crypto import FIELD_PRIME

_OWN: Final = ("circuits.", "__main__.")


@dataclass(frozen=True)
class Member:
    """A cell or a struct of cells in a list of members."""

    name: str
    offset: int
    type: CairoType


@dataclass(frozen=True)
class Function:
    """A function of the program: implicit arguments come before explicit ones, in both lists."""

    name: str
    pc: int
    end: int
    implicit: tuple[Member, ...]
    explicit: tuple[Member, ...]
    returned: tuple[Member, ...]
    n_args: int
    n_results: int

    @property
    def short(self) -> str:
        """Return the name without its module."""
        return self.name.rsplit(".", 1)[-1]


class Code:
    """A compiled program, read by function."""

    def __init__(self, program: Program) -> None:
        """Read the functions of a program with identifiers."""
        self.program = program
        self.hints = resolve_hints(program)
        definitions = sorted(
            (int(definition.pc), str(name))
            for name, definition in program.identifiers.as_dict().items()
            if isinstance(definition, FunctionDefinition)
        )
        ends = [pc for pc, _ in definitions[1:]] + [len(program.data)]
        self.functions = {
            pc: self._function(name, pc, end)
            for (pc, name), end in zip(definitions, ends, strict=True)
        }
        self._instructions: dict[int, Instruction] = {}

    @cached_property
    def own(self) -> tuple[Function, ...]:
        """Return the functions that are written in this project."""
        return tuple(f for f in self.functions.values() if f.name.startswith(_OWN))

    def instruction(self, pc: int) -> Instruction:
        """Return the instruction at an offset."""
        if pc not in self._instructions:
            following = self.program.data[pc + 1] if pc + 1 < len(self.program.data) else None
            self._instructions[pc] = _decode(self.program.data[pc], following)
        return self._instructions[pc]

    def members(self, cairo_type: CairoType) -> tuple[Member, ...]:
        """Return the cells of a type by name and offset, structs within it opened."""
        return tuple(self._open("", 0, cairo_type))

    def size(self, cairo_type: CairoType) -> int:
        """Return how many cells a value of a type has."""
        if isinstance(cairo_type, TypeStruct):
            return int(get_struct_definition(cairo_type.scope, self.program.identifiers).size)
        return 1

    def struct_members(self, cairo_type: CairoType) -> tuple[Member, ...]:
        """Return the direct members of a struct."""
        assert isinstance(cairo_type, TypeStruct), cairo_type
        return _in_order(get_struct_definition(cairo_type.scope, self.program.identifiers).members)

    def pointer_type(self, name: str) -> CairoType:
        """Return the type of a pointer to a struct, by the struct's full name."""
        return TypePointer(pointee=TypeStruct(scope=_scoped(name)))

    def message_type(self, function: Function, pc: int) -> CairoType:
        """Return the type of `ids.message` in the hint at an offset of a function."""
        hint = self.program.hints[pc][0]
        found = self.program.identifiers.search(hint.accessible_scopes, _scoped("message"))
        definition = found.identifier_definition
        assert isinstance(definition, ReferenceDefinition), function.name
        return definition.cairo_type

    def is_straight(self, function: Function) -> bool:
        """Whether the function is own code without branches and calls."""
        if not function.name.startswith(_OWN):
            return False
        return not any(
            instruction.opcode is Instruction.Opcode.CALL
            or instruction.pc_update is not Instruction.PcUpdate.REGULAR
            for _, instruction in self.body(function)
            if instruction.opcode is not Instruction.Opcode.RET
        )

    def body(self, function: Function) -> Iterator[tuple[int, Instruction]]:
        """Yield the instructions of a function that can be reached, by offset."""
        reached: set[int] = set()
        todo = [function.pc]
        while todo:
            pc = todo.pop()
            if pc in reached:
                continue
            reached.add(pc)
            todo += self.successors(pc)
        for pc in sorted(reached):
            yield pc, self.instruction(pc)

    def successors(self, pc: int) -> list[int]:
        """Return where an instruction leads to within its function."""
        instruction = self.instruction(pc)
        following = pc + (2 if instruction.imm is not None else 1)
        if instruction.opcode is Instruction.Opcode.RET:
            return []
        if instruction.opcode is Instruction.Opcode.CALL:
            return [following]
        if instruction.pc_update is Instruction.PcUpdate.JUMP_REL:
            return [target(instruction, pc)]
        if instruction.pc_update is Instruction.PcUpdate.JNZ:
            return [following, target(instruction, pc)]
        return [following]

    def _open(self, name: str, offset: int, cairo_type: CairoType) -> Iterator[Member]:
        if not isinstance(cairo_type, TypeStruct):
            yield Member(name, offset, cairo_type)
            return
        struct = get_struct_definition(cairo_type.scope, self.program.identifiers)
        for inner, member in struct.members.items():
            inner_name = f"{name}.{inner}" if name else inner
            yield from self._open(inner_name, offset + member.offset, member.cairo_type)

    def _function(self, name: str, pc: int, end: int) -> Function:
        implicit = self._arguments(f"{name}.ImplicitArgs")
        explicit = self._arguments(f"{name}.Args")
        returned = self._returned(f"{name}.Return")
        n_implicit = sum(self.size(member.type) for member in implicit)
        n_explicit = sum(self.size(member.type) for member in explicit)
        n_returned = sum(self.size(member.type) for member in returned)
        return Function(
            name,
            pc,
            end,
            implicit,
            explicit,
            returned,
            n_implicit + n_explicit,
            n_implicit + n_returned,
        )

    def _arguments(self, name: str) -> tuple[Member, ...]:
        definition = self.program.identifiers.as_dict()[_scoped(name)]
        assert isinstance(definition, StructDefinition), name
        return _in_order(definition.members)

    def _returned(self, name: str) -> tuple[Member, ...]:
        definition = self.program.identifiers.as_dict()[_scoped(name)]
        if isinstance(definition, StructDefinition):
            return _in_order(definition.members)
        assert isinstance(definition, TypeDefinition), name
        return self._tuple(definition.cairo_type)

    def _tuple(self, cairo_type: CairoType) -> tuple[Member, ...]:
        if not isinstance(cairo_type, TypeTuple):
            return (Member("0", 0, cairo_type),)
        members, offset = [], 0
        for index, item in enumerate(cairo_type.members):
            members.append(Member(item.name or str(index), offset, item.typ))
            offset += self.size(item.typ)
        return tuple(members)


def load_code() -> Code:
    """Return the batch program of this checkout."""
    with quiet():
        return Code(Program.loads(compiled_program_path().read_text()))


def pointee(cairo_type: CairoType) -> CairoType | None:
    """Return what a pointer points to, None for another type."""
    return cairo_type.pointee if isinstance(cairo_type, TypePointer) else None


def is_struct(cairo_type: CairoType | None) -> bool:
    """Whether a type has named members."""
    return isinstance(cairo_type, TypeStruct)


def target(instruction: Instruction, pc: int) -> int:
    """Return where a jump or call with a number goes."""
    assert instruction.imm is not None, pc
    return int((pc + instruction.imm) % FIELD_PRIME)


def _decode(word: int, following: int | None) -> Instruction:
    try:
        return decode_instruction(word)
    except AssertionError:
        return decode_instruction(word, following)


def _in_order(members: dict[str, Any]) -> tuple[Member, ...]:
    return tuple(Member(name, m.offset, m.cairo_type) for name, m in members.items())


def _scoped(name: str) -> Any:  # noqa: ANN401 - a class of cairo-lang
    from starkware.cairo.lang.compiler.scoped_name import ScopedName  # noqa: PLC0415

    return ScopedName.from_string(name)
