"""Runs the Cairo 0 compiler. Only needed when no compiled program is cached."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from circuits.cairo_lang_shim import quiet  # isort: skip - must come before starkware
from starkware.cairo.bootloaders.hash_program import HashFunction, compute_program_hash_chain
from starkware.cairo.lang.compiler.cairo_compile import compile_cairo, get_codes, get_module_reader
from starkware.cairo.lang.compiler.identifier_definition import FunctionDefinition
from starkware.cairo.lang.compiler.preprocessor.default_pass_manager import default_pass_manager
from starkware.cairo.lang.compiler.program import Program

from circuits.hints import resolve_hints
from circuits.loader import CONSTANTS_MODULE, constants_source, words_hash
from novation.crypto import FIELD_PRIME


def compile_source(path: Path, root: Path, modules: Mapping[str, str] | None = None) -> Program:
    """Compile a program for proof mode.

    Args:
        path: of the source.
        root: where its imports begin.
        modules: text of modules that have no file.
    """
    reader = get_module_reader(cairo_path=[str(root)])

    def read(name: str) -> tuple[str, str]:
        if modules is not None and name in modules:
            return modules[name], name
        code, filename = reader.read(name)
        return str(code), str(filename)

    with quiet():
        return compile_cairo(
            get_codes([str(path)]),
            debug_info=True,
            pass_manager=default_pass_manager(prime=FIELD_PRIME, read_module=read),
            add_start=True,
        )


def compile_loader(path: Path, root: Path, batch_program: Program) -> Program:
    """Compile the loader of a program, whose hash is one of its constants."""
    constants = constants_source(batch_program.data, batch_program.get_label("main"))
    return compile_source(path, root, {CONSTANTS_MODULE: constants})


def loaded_code(batch_program: Program, loader: Program, root: Path) -> dict[str, Any]:
    """Return a program and the loader that runs it, as the native machine reads them."""
    code = plain_code(batch_program, root)
    return {
        **code,
        "program_hash": hex(words_hash(batch_program.data)),
        "loader": plain_code(loader, root),
    }


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
        "chain_hash": hex(compute_program_hash_chain(program, HashFunction.POSEIDON)),
    }


def program_json(program: Program) -> str:
    """Return the compiled program in cairo-lang's format, without debug information."""
    with quiet():
        return str(Program.Schema().dumps(dataclasses.replace(program, debug_info=None)))


def _place(filename: str | None, line: int, root: Path) -> str:
    name = "" if filename is None else filename.removeprefix(f"{root}/")
    return f"{name}:{line}"
