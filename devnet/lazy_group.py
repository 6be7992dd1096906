"""A group of commands that are imported when one of them runs.

The help of the group needs one line for each command. It is read from the source of the command
without running it, so that asking for help costs nothing that a command needs.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CommandSource:
    """Where a command is defined: a function, or a `typer.Typer` with further commands."""

    module: str
    attribute: str

    def short_help(self) -> str:
        """Return the first line of the function's docstring, or the help of the `typer.Typer`."""
        spec = importlib.util.find_spec(self.module)
        assert spec is not None
        assert spec.origin is not None
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == self.attribute:
                return (ast.get_docstring(node) or "").partition("\n")[0]
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == self.attribute:
                return _help_argument(node.value)
        raise AssertionError(f"{self.module} has no {self.attribute}")

    def load(self, name: str) -> Any:  # noqa: ANN401 - typer's commands have no public type
        """Import the command."""
        found = getattr(importlib.import_module(self.module), self.attribute)
        if isinstance(found, typer.Typer):
            app = found
        else:
            app = typer.Typer(
                rich_markup_mode="markdown", pretty_exceptions_enable=False, add_completion=False
            )
            app.command(name)(found)
        command = typer.main.get_command(app)
        command.name = name
        return command


class LazyGroup(TyperGroup):
    """Knows the names of its commands; imports a command when it is called."""

    def __init__(self, sources: Mapping[str, CommandSource], **attributes: Any) -> None:  # noqa: ANN401
        """Take the commands in the order of the help."""
        super().__init__(no_args_is_help=True, **attributes)
        for name in sources:
            # Stands for the command where only its name and its line of help are needed.
            self.add_command(TyperCommand(name))
        self._sources = sources

    def load(self, name: str) -> Any:  # noqa: ANN401
        """Import one of the commands."""
        return self._sources[name].load(name)

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments name, and import it."""
        name, _placeholder, rest = super().resolve_command(ctx, args)
        assert name is not None
        return name, self.load(name), rest

    @override
    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show the help; what each command says of itself is read now."""
        for name, source in self._sources.items():
            self.commands[name].help = source.short_help()
        super().format_help(ctx, formatter)


def _help_argument(call: ast.expr) -> str:
    assert isinstance(call, ast.Call)
    (text,) = (item.value for item in call.keywords if item.arg == "help")
    assert isinstance(text, ast.Constant)
    return str(text.value)
