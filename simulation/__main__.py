"""python -m simulation: runs a day, tells the seed, and writes a report with pictures.

Exits with 1 if Python and Cairo differ, money is not conserved, a debt is not accounted for, a lot
is charged above its gain, or a refusal is unexpected.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from novation.protocol.constants import MAX_UNDERLYINGS
from simulation.both_sides import measure_attacks
from simulation.forecast_errors import measure
from simulation.market import run_market
from simulation.plan import LEAST_ACCOUNTS, Plan
from simulation.report import REPORT, Besides, passes, write_report

_OUT: Final = Path("build/sim")
_N_PATHS: Final = 3
_INTERRUPTED: Final = 130
_EXAMPLES: Final = """\
examples:
  python -m simulation
      the day of `make sim`: 200 accounts, 6 instruments, 20,000 operations
  python -m simulation --seed 7 --accounts 60 --instruments 3 --operations 2000 --forecast-days 0
      a small day of another seed, without the measurement of the volatility forecast
  python -m simulation --seed 7 --without-circuit --out /tmp/sim7
      the same day as with the circuit, in less time: batches are not run in Cairo

  python -m simulation --without-circuit --without-liquidator --out /tmp/alone
      what would happen if nobody liquidated

The same arguments give the same report, byte for byte.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run; return the exit status."""
    options = _parser().parse_args(arguments)
    plan = Plan(
        seed=options.seed,
        n_accounts=options.accounts,
        n_instruments=options.instruments,
        n_operations=options.operations,
        forecast_days=options.forecast_days,
        with_circuit=not options.without_circuit,
        with_liquidator=not options.without_liquidator,
        with_attacks=not options.without_attacks,
    )
    try:
        report = _run(plan, options.out)
    except KeyboardInterrupt:
        _say("interrupted: no report is written")
        return _INTERRUPTED
    _say(f"{options.out / REPORT}; again with --seed {plan.seed}")
    return 0 if passes(report) else 1


def _run(plan: Plan, folder: Path) -> dict[str, Any]:
    _say(
        f"seed {plan.seed}: {plan.n_accounts} accounts, {plan.n_instruments} instruments, "
        f"{plan.n_operations:,} operations"
    )
    run = run_market(plan, _say)
    forecast = None
    if plan.forecast_days:
        forecast = measure(plan.seed, plan.forecast_days, _N_PATHS, _say)
    attacks, insured = {}, {}
    if plan.with_attacks:
        attacks = measure_attacks(_say, with_circuit=plan.with_circuit)
        insured = measure_attacks(_say, with_circuit=plan.with_circuit, is_insured=True)
    report = write_report(run, Besides(attacks, forecast, insured), folder)
    shown = {key: report[key] for key in _SHOWN}
    _say(json.dumps(shown, indent=1))
    return report


_SHOWN: Final = (
    "python_equals_cairo",
    "conservation_exact",
    "refusals_expected",
    "faults",
    "refusals_unexpected",
    "n_operations",
    "refusals",
    "deaths",
    "trades",
    "fees_quanta",
    "batches",
    "liquidations",
    "auctions",
    "bids",
    "takeovers",
    "unwound",
    "insurance_used_quanta",
    "shared_loss_quanta",
    "recorded_deficit_quanta",
    "deficit_unaccounted_quanta",
    "charged_above_gain_lots",
    "healthy_taken_over",
    "both_sides_attack_profit_quanta",
    "both_sides_insured_attack_profit_quanta",
    "largest_insolvency",
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulation",
        description="Seeded agents trade on the real exchange; the circuit runs every batch, too.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    usual = Plan()
    parser.add_argument("--seed", type=int, default=usual.seed, help="everything follows from it")
    parser.add_argument(
        "--accounts",
        type=_number_between(LEAST_ACCOUNTS, 100_000),
        default=usual.n_accounts,
        help=f"{usual.n_accounts} unless given",
    )
    parser.add_argument(
        "--instruments",
        type=_number_between(1, MAX_UNDERLYINGS),
        default=usual.n_instruments,
        help=f"{usual.n_instruments} unless given",
    )
    parser.add_argument(
        "--operations",
        type=_number_between(1, 100_000_000),
        default=usual.n_operations,
        help="messages and deposits of agents, refused ones too; "
        f"{usual.n_operations} unless given",
    )
    parser.add_argument(
        "--forecast-days",
        type=_number_between(0, 1_000),
        default=usual.forecast_days,
        help="days on which the volatility forecast is measured, 0 for none",
    )
    parser.add_argument(
        "--without-circuit", action="store_true", help="do not run the batches in Cairo"
    )
    parser.add_argument(
        "--without-liquidator", action="store_true", help="leave accounts that fail alone"
    )
    parser.add_argument(
        "--without-attacks", action="store_true", help="do not try what both sides can take"
    )
    parser.add_argument("--out", type=Path, default=_OUT, help=f"folder, {_OUT} unless given")
    return parser


class _number_between:  # noqa: N801 - argparse names the type in its messages
    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def __call__(self, text: str) -> int:
        number = int(text)
        if not self._low <= number <= self._high:
            raise argparse.ArgumentTypeError(f"{number} is not in {self._low}..{self._high}")
        return number


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
