"""Runs the Cairo 0 compiler. Only needed when no compiled program is cached."""

import dataclasses
from pathlib import Path
from typing import Any

from circuits.cairo_lang_shim import quiet  # isort: skip - must come before starkware
from starkware.cairo.bootloaders.hash_program import HashFunction, compute_program_hash_chain
from starkware.cairo.lang.compiler.cairo_compile import compile_cairo, get_codes, get_module_reader
from starkware.cairo.lang.compiler.identifier_definition import FunctionDefinition
from starkware.cairo.lang.compiler.preprocessor.default_pass_manager import default_pass_manager
from starkware.cairo.lang.compiler.program import Program

from circuits.hints import resolve_hints
from novation.crypto import FIELD_PRIME


def compile_source(path: Path, root: Path) -> Program:
    """Compile a program for proof mode; `root` is where its imports begin."""
    reader = get_module_reader(cairo_path=[str(root)])
    with quiet():
        return compile_cairo(
            get_codes([str(path)]),
            debug_info=True,
            pass_manager=default_pass_manager(prime=FIELD_PRIME, read_module=reader.read),
            add_start=True,
        )


def plain_code(program: Program, root: Path) -> dict[str, Any]:
    """Return what the native machine needs of a compiled program, as JSON values."""
    functions = sorted(
        (definition.pc, str(name))
        for name, definition in program.identifiers.as_dict().items()
        if isinstance(definition, FunctionDefinition)
    )
    debug_info = program.debug_info
    assert debug_info is not None
    return {
        "bytecode": [hex(word) for word in program.data],
        "builtins": program.builtins,
        "start": program.start,
        "end": program.get_label("__end__"),
        "hints": resolve_hints(program),
        "functions": functions,
        "lines": {
            pc: _place(location.inst.input_file.filename, location.inst.start_line, root)
            for pc, location in debug_info.instruction_locations.items()
        },
        "program_hash": hex(compute_program_hash_chain(program, HashFunction.POSEIDON)),
    }


def program_json(program: Program) -> str:
    """Return the compiled program in cairo-lang's format, without debug information."""
    with quiet():
        return str(Program.Schema().dumps(dataclasses.replace(program, debug_info=None)))


def _place(filename: str | None, line: int, root: Path) -> str:
    name = "" if filename is None else filename.removeprefix(f"{root}/")
    return f"{name}:{line}"
