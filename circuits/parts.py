"""The two parts of the batch program: the core, and the rest behind it.

The rest is `execute_rare` and all that only it needs. A batch that has nothing for it loads the
core alone (`circuits/cairo/loader.cairo`), from which one call, with a guard, leads to the rest.
"""

import dataclasses
from collections.abc import Iterable
from typing import Final

from circuits import cairo_lang_shim  # noqa: F401  # isort: skip - must come before starkware
from starkware.cairo.lang.compiler.ast.code_elements import CodeElementFunction
from starkware.cairo.lang.compiler.ast.module import CairoModule
from starkware.cairo.lang.compiler.preprocessor.dependency_graph import (
    DependencyGraphVisitor,
    FunctionDependencyFinder,
    get_main_functions_to_compile,
)
from starkware.cairo.lang.compiler.preprocessor.pass_manager import PassManagerContext
from starkware.cairo.lang.compiler.preprocessor.preprocessor import Preprocessor
from starkware.cairo.lang.compiler.scoped_name import ScopedName

REST_ENTRY: Final = "circuits.cairo.execute_rare.execute_rare"


class PartsStage:
    """A stage of the compiler: the functions of the core, then the rest, each by its modules."""

    def __init__(self, prime: int, rest_entry: str) -> None:
        """Compile with a prime; `rest_entry` is the function through which the rest is reached."""
        self._prime = prime
        self._rest_entry = ScopedName.from_string(rest_entry)
        # Of the core, once it is compiled.
        self.n_core_words = 0

    def run(self, context: PassManagerContext) -> None:
        """Compile all modules."""
        functions = context.functions_to_compile
        assert functions is not None
        core = self._functions_of_core(context)
        preprocessor = Preprocessor(
            prime=self._prime,
            identifiers=context.identifiers,
            builtins=context.builtins or [],
            functions_to_compile=core,
            identifier_locations=context.identifier_locations,
        )
        _visit(preprocessor, context.modules)
        self.n_core_words = preprocessor.current_pc
        preprocessor.functions_to_compile = functions - core
        _visit(preprocessor, map(_functions_only, context.modules))
        # Each pass noted what it left to the other as not there.
        preprocessor.removed_prefixes -= functions
        preprocessor.resolve_labels()
        context.preprocessed_program = preprocessor.get_program()

    def _functions_of_core(self, context: PassManagerContext) -> set[ScopedName]:
        """Return what main needs without what it needs for the rest."""
        graph = DependencyGraphVisitor(context.identifiers)
        for module in context.modules:
            graph.visit(module)
        finder = FunctionDependencyFinder(graph.visited_identifiers)
        finder.visited.add(self._rest_entry)
        for name in get_main_functions_to_compile(context.identifiers, {context.main_scope}):
            finder.visit(name)
        core: set[ScopedName] = finder.visited - {self._rest_entry}
        return core


def _visit(preprocessor: Preprocessor, modules: Iterable[CairoModule]) -> None:
    for module in modules:
        preprocessor.visit(module)


def _functions_only(module: CairoModule) -> CairoModule:
    """Return a module without what is not a function, and was compiled with the core."""
    block = module.cairo_file.code_block
    functions = [
        element
        for element in block.code_elements
        if isinstance(element.code_elm, CodeElementFunction)
        and element.code_elm.element_type == "func"
    ]
    code_block = dataclasses.replace(block, code_elements=functions)
    return dataclasses.replace(
        module, cairo_file=dataclasses.replace(module.cairo_file, code_block=code_block)
    )
