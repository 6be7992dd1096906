"""Hints of a compiled program as text and names: what each `ids.name` of the text stands for.

A name becomes an expression in the registers, as a JSON value: an integer, `"ap"`, `"fp"`, or a
list of `"cell"` (the content at an address), `"+"`, `"-"` or `"*"` and its operands.
"""

import ast
from typing import Any, Final

from starkware.cairo.lang.compiler.ast.cairo_types import CairoType, TypePointer, TypeStruct
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

from circuits import cairo_lang_shim  # noqa: F401 - must come before starkware

_IDS: Final = "ids"
_SMALL: Final = 1 << 62

Expression = int | str | list[Any]


def resolve_hints(program: Program) -> dict[int, list[dict[str, Any]]]:
    """Return by offset the hints of a compiled program: `text`, and `ids` by name."""
    return {
        int(pc): [{"text": hint.code, "ids": _resolve_names(program, hint)} for hint in hints]
        for pc, hints in program.hints.items()
    }


def _resolve_names(program: Program, hint: CairoHint) -> dict[str, Expression]:
    chains = sorted(set(_chains(ast.parse(hint.code))))
    return {".".join(names): _resolve(program, hint, names) for names in chains}


def _chains(node: ast.AST) -> list[tuple[str, ...]]:
    """Return the chains of attributes on `ids`, each as long as it gets."""
    names: list[str] = []
    inner = node
    while isinstance(inner, ast.Attribute):
        names.insert(0, inner.attr)
        inner = inner.value
    if names and isinstance(inner, ast.Name) and inner.id == _IDS:
        return [tuple(names)]
    return [chain for child in ast.iter_child_nodes(node) for chain in _chains(child)]


def _resolve(program: Program, hint: CairoHint, names: tuple[str, ...]) -> Expression:
    found = program.identifiers.search(hint.accessible_scopes, ScopedName.from_string(names[0]))
    definition = found.identifier_definition
    if isinstance(definition, ConstDefinition):
        return _number(definition.value)
    if isinstance(definition, StructDefinition):
        assert names[1:] == ("SIZE",), names
        return _number(definition.size)
    assert isinstance(definition, ReferenceDefinition), names
    tracking = hint.flow_tracking_data
    reference = tracking.resolve_reference(
        reference_manager=program.reference_manager, name=found.get_canonical_name()
    )
    expression, cairo_type = simplify_type_system(
        reference.eval(tracking.ap_tracking), identifiers=program.identifiers
    )
    return _resolve_members(program, _expression(expression), cairo_type, names[1:])


def _resolve_members(
    program: Program, value: Expression, cairo_type: CairoType, members: tuple[str, ...]
) -> Expression:
    for member in members:
        if isinstance(cairo_type, TypePointer):
            address, struct = value, cairo_type.pointee
        else:
            assert isinstance(value, list), f"not a cell: {members}"
            operator, address = value
            assert operator == "cell", members
            struct = cairo_type
        if member == "address_":
            return address
        assert isinstance(struct, TypeStruct), members
        definition = get_struct_definition(struct.scope, program.identifiers)
        field = definition.members[member]
        value, cairo_type = ["cell", ["+", address, _number(field.offset)]], field.cairo_type
    return value


def _expression(expression: Any) -> Expression:  # noqa: ANN401 - one return per kind
    if isinstance(expression, ExprConst):
        return _number(expression.val)
    if isinstance(expression, ExprReg):
        return "ap" if expression.reg is Register.AP else "fp"
    if isinstance(expression, ExprCast):
        return _expression(expression.expr)
    if isinstance(expression, ExprDeref):
        return ["cell", _expression(expression.addr)]
    if isinstance(expression, ExprNeg):
        return ["-", 0, _expression(expression.val)]
    assert isinstance(expression, ExprOperator), expression
    assert expression.op in ("+", "-", "*"), expression.op
    return [expression.op, _expression(expression.a), _expression(expression.b)]


def _number(value: int) -> int | str:
    """Return a number as JSON: a large one as hexadecimal text."""
    return value if abs(value) < _SMALL else hex(value)
