"""The outputs of a path: every cell that a caller, a log or the batch's output sees."""

from dataclasses import dataclass
from typing import Final

from formal.cairo import contracts
from formal.cairo.bytecode import Function, Member, pointee
from formal.cairo.linear import Linear, Symbol
from formal.cairo.machine import Machine
from formal.cairo.state import RETURN, State
from formal.cairo.summaries import Summaries

_LOG_RECORDS: Final = {
    "accounts_log": "circuits.cairo.state.accounts.Account",
    "orders_log": "circuits.cairo.state.orders.Order",
    "markets_log": "circuits.cairo.state.markets.Market",
}
_APPENDED: Final = ("log", "output", "ecdsa")
_ENTRY: Final = 3
_NEW_RECORD: Final = 2
_DEPTH: Final = 4


@dataclass
class Outputs:
    """Collects the outputs of one state by label."""

    summaries: Summaries
    machine: Machine
    state: State

    def collect(self) -> dict[str, Linear]:
        """Return what is written up to here; at a return also the results."""
        self.found: dict[str, Linear] = {}
        if self.state.pc == RETURN:
            self._add_results()
            self._add_written()
            self._add_left()
            for label, address in self.state.guesses.items():
                self.found[label] = self.state.cells[address.key]
        self._complete()
        for address in list(self.state.addresses.values()):
            base = address.base
            if base is not None and base.kind in _APPENDED:
                self._add_appended(address)
        return self.found

    def _complete(self) -> None:
        """Give a value to cells that a pointer has passed, so that a forgotten one is seen."""
        passed: dict[Linear, int] = {}
        for form in self.state.cells.values():
            base = form.base
            if base is not None and base.kind in _APPENDED:
                start = Linear.symbol(base)
                passed[start] = max(form.offset, passed.get(start, 0))
        for start, end in passed.items():
            for offset in range(end):
                self.machine.value(self.state, start + offset)

    def _add_results(self) -> None:
        code, function = self.machine.code, self.machine.function
        at = self.state.ap + -function.n_results
        for member in function.implicit:
            value = self.machine.value(self.state, at + member.offset)
            if member.name.endswith("_log") or member.name in ("output_ptr", "leaf"):
                self.found[member.name] = value
        at += sum(code.size(member.type) for member in function.implicit)
        for member in function.returned:
            for cell in code.members(member.type):
                label = f"return {member.name} {cell.name}".strip()
                self._add(at + member.offset + cell.offset, Member(label, 0, cell.type))
        for path in contracts.LEFT_TO_CALLERS.get(function.short, ()):
            self.found.pop(f"return {path}", None)

    def _add(self, address: Linear, member: Member, depth: int = 0) -> None:
        """Add a cell, or the record that it points to if that was made in this frame."""
        value = self.machine.value(self.state, address)
        base, inner = value.base, pointee(member.type)
        if base is None or base.kind != "frame" or inner is None or depth > _DEPTH:
            self.found[member.name] = value
            return
        for cell in self.machine.code.members(inner):
            nested = Member(f"{member.name}.{cell.name}", 0, cell.type)
            self._add(value + cell.offset, nested, depth + 1)

    def _add_appended(self, address: Linear) -> None:
        base = address.base
        assert base is not None
        log = base.name.rsplit(".", 1)[-1]
        if base.kind == "log" and address.offset % _ENTRY == _NEW_RECORD and log in _LOG_RECORDS:
            record = self.machine.code.pointer_type(_LOG_RECORDS[log])
            self._add(address, Member(address.key, 0, record))
        else:
            self.found[address.key] = self.state.cells[address.key]

    def _add_written(self) -> None:
        function = self.machine.function
        if not self.state.calls and self._recurses(function):
            # What a recursion writes, it writes in each step; the last step ends it.
            return
        if function.short in contracts.WRITES_AT:
            array, index = contracts.WRITES_AT[function.short]
            at = self.machine.item(self.state, array) + self.machine.item(self.state, index)
            self.found[f"{array}[{index}]"] = self.machine.value(self.state, at)
        returned = [form for label, form in self.found.items() if label.startswith("return ")]
        for table, always in ((contracts.WRITES, True), (contracts.WRITES_IF_RETURNED, False)):
            paths = table.get(function.short, ())
            for name, cell in self.machine.written_members(function, paths):
                argument = self.machine.item(self.state, name)
                if always or argument in returned:
                    label = f"{name}+{cell.offset}"
                    self._add(argument + cell.offset, Member(label, 0, cell.type))

    def _add_left(self) -> None:
        """Add what callees leave to this function; what it leaves open, too, is a guess."""
        for call in self.state.calls:
            for path in contracts.LEFT_TO_CALLERS.get(call.name, ()):
                record = call.results[path.partition(".")[0]]
                offset = self.machine.offset(self.summaries.by_name[call.name], path)
                value = self.state.cells.get((record + offset).key)
                left = Linear.symbol(Symbol(f"left by {call.pc} {path}", shared=False))
                self.found[f"{call.pc} {path}"] = left if value is None else value

    def _recurses(self, function: Function) -> bool:
        return any(state.calls for state in self.summaries.ends(function))
