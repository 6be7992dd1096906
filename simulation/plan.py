"""What is simulated: how many of everything, which things are traded, and what happens when."""

from dataclasses import dataclass
from typing import Final

from novation.crypto import public_key
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import FEE_ACCOUNT_ID, INSURANCE_ACCOUNT_ID
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.state import Genesis

ONE_DOLLAR_QUANTA: Final = 10**6
# Ten minutes before a full hour, at which funding is paid.
START_MS: Final = 1_799_999_400_000
FIRST_ACCOUNT_ID: Final = INSURANCE_ACCOUNT_ID + 1
N_ORACLES: Final = 5
QUORUM: Final = 3
# That of a node, sequencer/config.py.
BATCH_STEPS: Final = 200_000

# One of each kind for every market, and some traders.
LEAST_ACCOUNTS: Final = 28

# A step of time; prices are usable for longer than that.
_TICK_S: Final = 2
_ORACLE_MAX_AGE_MS: Final = 60_000
# With fewer operations the calm between the disasters is shorter, but never shorter than this.
_LEAST_CALM_PERCENT: Final = 20
_USUAL_OPERATIONS: Final = 20_000

_MIN_ORDER_USD: Final = 50
# Of an hour's return, for which margin is: 5 % are eight of 60 % volatility a year.
_MARGIN_DEVIATIONS: Final = 8
# Symbol, price in ticks, multiplier, initial and maintenance margin, decimals of a tick. A lot is
# worth 1 to 60 USD.
_THINGS: Final = (
    ("BTC-USD", 600_000, 100, 20_000, 12_000, 1),
    ("ETH-USD", 300_000, 100, 25_000, 15_000, 2),
    ("SOL-USD", 150_000, 100, 50_000, 25_000, 3),
    ("AVAX-USD", 400_000, 10, 100_000, 50_000, 4),
    ("LINK-USD", 180_000, 10, 100_000, 50_000, 4),
    ("DOGE-USD", 200_000, 5, 100_000, 50_000, 6),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a run; the same plan has the same run, whatever the machine."""

    seed: int = 1
    n_accounts: int = 200
    n_instruments: int = 6
    n_operations: int = 20_000
    forecast_days: int = 20
    with_circuit: bool = True
    with_liquidator: bool = True
    with_attacks: bool = True


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the day: `tick_ms` apart the oracles report, if they do, and traders act.

    `activity` is how much more is sent in a tick than in one of a calm phase. From start to end all
    prices are driven to `ends_at_percent` of what they were, `first_percent` of the way at once.
    """

    name: str
    n_ticks: int
    activity: int = 1
    tick_ms: int = _TICK_S * 1000
    has_prices: bool = True
    ends_at_percent: int = 100
    first_percent: int = 0

    @property
    def is_driven(self) -> bool:
        """Whether something drives prices."""
        return self.ends_at_percent != 100  # noqa: PLR2004 - percent


def phases(plan: Plan) -> tuple[Phase, ...]:
    """Return the day: two crashes of a minute, and ten minutes without prices."""
    percent = max(_LEAST_CALM_PERCENT, min(100, 100 * plan.n_operations // _USUAL_OPERATIONS))

    def calm(name: str, seconds: int) -> Phase:
        return Phase(name, seconds * percent // 100 // _TICK_S)

    minute = 60 // _TICK_S
    return (
        calm("calm", 900),
        Phase("crash", minute, activity=3, ends_at_percent=60),
        calm("after the crash", 300),
        # As nothing happens but cancellations, few try.
        Phase("outage", 30, tick_ms=20_000, has_prices=False),
        Phase("resumption", minute, activity=2),
        calm("calm again", 300),
        Phase("second crash", minute, activity=3, ends_at_percent=60, first_percent=60),
        Phase("rebound", minute, activity=2, ends_at_percent=120),
        calm("after the rebound", 300),
    )


def underlyings(n_instruments: int) -> tuple[Underlying, ...]:
    """Return the terms of the things that are traded."""
    found = []
    for index in range(n_instruments):
        symbol, _, multiplier, initial_ppm, maintenance_ppm, decimals = _THINGS[
            index % len(_THINGS)
        ]
        found.append(
            Underlying(
                symbol=symbol if index < len(_THINGS) else f"{symbol[:3]}{index}",
                multiplier=multiplier,
                initial_margin_ppm=initial_ppm,
                maintenance_margin_ppm=maintenance_ppm,
                maker_fee_ppm=100,
                taker_fee_ppm=400,
                price_band_ppm=50_000,
                min_order_usd=_MIN_ORDER_USD,
                tick_decimals=decimals,
                margin_deviations=_MARGIN_DEVIATIONS,
            )
        )
    return tuple(found)


def first_prices_ticks(n_instruments: int) -> list[int]:
    """Return the price of each thing at the start."""
    return [_THINGS[index % len(_THINGS)][1] for index in range(n_instruments)]


def account_secret(account_id: int) -> int:
    """Return the private key of an account's first key."""
    return 0x51A0_0000_0000 + account_id


def trading_secret(account_id: int) -> int:
    """Return the private key of the key that an account may add, which only trades."""
    return 0x51B0_0000_0000 + account_id


def oracle_secret(index: int) -> int:
    """Return the private key of an oracle node."""
    return 0x51C0_0000_0000 + index


def l1_address(owner: int) -> int:
    """Return the L1 address of an owner, by default of one account."""
    return 0x51D << 140 | owner


def config() -> ExchangeConfig:
    """Return what never changes about the simulated deployment."""
    return ExchangeConfig(chain_id=31337, exchange_address=0x51E << 140)


def genesis(plan: Plan) -> Genesis:
    """Return the first parameters, and who has the fees and the insurance fund."""
    return Genesis(
        fee_l1_address=l1_address(FEE_ACCOUNT_ID),
        fee_key=public_key(account_secret(FEE_ACCOUNT_ID)),
        insurance_l1_address=l1_address(INSURANCE_ACCOUNT_ID),
        insurance_key=public_key(account_secret(INSURANCE_ACCOUNT_ID)),
        parameters=Parameters(
            underlyings=underlyings(plan.n_instruments),
            oracle_keys=tuple(public_key(oracle_secret(index)) for index in range(N_ORACLES)),
            oracle_quorum=QUORUM,
            oracle_max_age_ms=_ORACLE_MAX_AGE_MS,
        ),
    )
