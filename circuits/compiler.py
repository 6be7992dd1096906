"""Runs the Cairo 0 compiler. Only needed when no compiled program is cached."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
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
from circuits.parts import REST_ENTRY, PartsStage
from novation.crypto import FIELD_PRIME


@dataclass(frozen=True, slots=True)
class BatchProgram:
    """A program for the loader, whose first words are its core, behind which the rest begins."""

    program: Program
    n_core_words: int


def compile_source(path: Path, root: Path, modules: Mapping[str, str] | None = None) -> Program:
    """Compile a program for proof mode.

    Args:
        path: of the source.
        root: where its imports begin.
        modules: text of modules that have no file.
    """
    return _compile(path, root, modules or {})


def compile_parts(
    path: Path,
    root: Path,
    modules: Mapping[str, str] | None = None,
    rest_entry: str = REST_ENTRY,
) -> BatchProgram:
    """Compile a program like `compile_source`, the functions behind `rest_entry` behind others."""
    stage = PartsStage(FIELD_PRIME, rest_entry)
    program = _compile(path, root, modules or {}, stage)
    return BatchProgram(program, stage.n_core_words)


def _compile(
    path: Path, root: Path, modules: Mapping[str, str], last_stage: PartsStage | None = None
) -> Program:
    reader = get_module_reader(cairo_path=[str(root)])

    def read(name: str) -> tuple[str, str]:
        if name in modules:
            return modules[name], name
        code, filename = reader.read(name)
        return str(code), str(filename)

    with quiet():
        manager = default_pass_manager(prime=FIELD_PRIME, read_module=read)
        if last_stage is not None:
            manager.replace("preprocessor", last_stage)
        return compile_cairo(
            get_codes([str(path)]), debug_info=True, pass_manager=manager, add_start=True
        )


def compile_loader(path: Path, root: Path, batch: BatchProgram) -> Program:
    """Compile the loader of a program, whose hashes are among its constants."""
    program = batch.program
    constants = constants_source(program.data, program.get_label("main"), batch.n_core_words)
    return compile_source(path, root, {CONSTANTS_MODULE: constants})


def loaded_code(batch: BatchProgram, loader: Program, root: Path) -> dict[str, Any]:
    """Return a program and the loader that runs it, as the native machine reads them."""
    return {
        **plain_code(batch.program, root),
        "n_core_words": batch.n_core_words,
        "program_hash": hex(words_hash(batch.program.data)),
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
