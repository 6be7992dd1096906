"""Hints of a compiled program as plain Python: every `ids.name` becomes the cell it stands for."""

import ast
from typing import Any, Final

from starkware.cairo.lang.compiler.ast.cairo_types import TypePointer, TypeStruct
from starkware.cairo.lang.compiler.ast.expr import (
    ExprCast,
    ExprConst,
    ExprDeref,
    ExprNeg,
    ExprOperator,
    ExprReg,
)
from starkware.cairo.lang.compiler.identifier_definition import (
    ConstDefinition,
    ReferenceDefinition,
    StructDefinition,
)
from starkware.cairo.lang.compiler.identifier_utils import get_struct_definition
from starkware.cairo.lang.compiler.instruction import Register
from starkware.cairo.lang.compiler.program import CairoHint, Program
from starkware.cairo.lang.compiler.scoped_name import ScopedName
from starkware.cairo.lang.compiler.type_system_visitor import simplify_type_system
from typing_extensions import override

from circuits import cairo_lang_shim  # noqa: F401 - must come before starkware
from novation.crypto import FIELD_PRIME

_IDS: Final = "ids"


def resolve_hints(program: Program) -> dict[int, list[tuple[str, str]]]:
    """Return by offset the hints of a compiled program: their text and what to execute.

    The text is by which other machines know a hint. What to execute uses `memory`, `ap` and `fp`.
    """
    return {
        int(pc): [(hint.code, _resolve_hint(program, hint)) for hint in hints]
        for pc, hints in program.hints.items()
    }


def _resolve_hint(program: Program, hint: CairoHint) -> str:
    tree = _IdsResolver(program, hint).visit(ast.parse(hint.code))
    return ast.unparse(ast.fix_missing_locations(tree))


class _IdsResolver(ast.NodeTransformer):
    """Replaces attribute chains on `ids`."""

    def __init__(self, program: Program, hint: CairoHint) -> None:
        self._program = program
        self._hint = hint

    @override
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Replace a whole chain, or look for one further inside."""
        names: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if not (isinstance(inner, ast.Name) and inner.id == _IDS):
            return self.generic_visit(node)  # type: ignore[return-value]
        resolved = ast.parse(self._resolve(names), mode="eval").body
        if isinstance(node.ctx, ast.Store):
            assert isinstance(resolved, ast.Subscript), f"not a cell: {names}"
            resolved.ctx = ast.Store()
        return resolved

    def _resolve(self, names: list[str]) -> str:
        identifiers = self._program.identifiers
        name = ScopedName.from_string(names[0])
        found = identifiers.search(self._hint.accessible_scopes, name)
        definition = found.identifier_definition
        if isinstance(definition, ConstDefinition):
            return str(definition.value)
        if isinstance(definition, StructDefinition):
            assert names[1:] == ["SIZE"], names
            return str(definition.size)
        assert isinstance(definition, ReferenceDefinition), names
        return self._resolve_reference(found.get_canonical_name(), names[1:])

    def _resolve_reference(self, full_name: ScopedName, members: list[str]) -> str:
        tracking = self._hint.flow_tracking_data
        reference = tracking.resolve_reference(
            reference_manager=self._program.reference_manager, name=full_name
        )
        expression, cairo_type = simplify_type_system(
            reference.eval(tracking.ap_tracking), identifiers=self._program.identifiers
        )
        source = _source(expression)
        for member in members:
            if isinstance(cairo_type, TypePointer):
                address, struct = source, cairo_type.pointee
            else:
                address, struct = _address(source), cairo_type
            if member == "address_":
                return address
            assert isinstance(struct, TypeStruct), members
            definition = get_struct_definition(struct.scope, self._program.identifiers)
            field = definition.members[member]
            source, cairo_type = f"memory[({address} + {field.offset})]", field.cairo_type
        return source


def _address(source: str) -> str:
    assert source.startswith("memory[(")
    return source.removeprefix("memory[").removesuffix("]")


def _source(expression: Any) -> str:  # noqa: ANN401, PLR0911 - one return per kind
    if isinstance(expression, ExprConst):
        return str(expression.val)
    if isinstance(expression, ExprReg):
        return "ap" if expression.reg is Register.AP else "fp"
    if isinstance(expression, ExprCast):
        return _source(expression.expr)
    if isinstance(expression, ExprDeref):
        return f"memory[({_source(expression.addr)})]"
    if isinstance(expression, ExprNeg):
        return f"(-{_source(expression.val)} % {FIELD_PRIME})"
    assert isinstance(expression, ExprOperator), expression
    left, right = _source(expression.a), _source(expression.b)
    if expression.op == "/":
        return f"({left} * pow({right}, -1, {FIELD_PRIME}) % {FIELD_PRIME})"
    return f"(({left} {expression.op} {right}) % {FIELD_PRIME})"
