"""`novation parameters`, `novation list`: what is traded, and what the owner may change."""

from dataclasses import dataclass, fields
from typing import Annotated

import typer
from rich.table import Table

from devnet.commands.lists import utc_time
from devnet.commands.options import HomeOption
from devnet.connection import ask_sequencer
from devnet.console import console, waiting
from devnet.errors import UserError
from devnet.home import Home
from devnet.parameter_bounds import check_bounds, check_interest, limited
from devnet.progress import wait_for_deposit
from novation import display
from novation.client import Client, InvalidInputError, check_stark_key
from novation.protocol.fee_tiers import UNUSED_TIER, FeeSchedule, FeeTier
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.parameters import Parameters, Underlying

app = typer.Typer(
    add_completion=False,
    rich_markup_mode="markdown",
    help="Show what is traded on which terms, and change it as the owner of the L1 contract.",
)

PpmOption = Annotated[int | None, typer.Option(metavar="PPM", help="Parts per million.")]


@dataclass(frozen=True, slots=True)
class Terms:
    """What was asked for; None leaves a value as it is."""

    multiplier: int | None
    initial_margin_ppm: int | None
    maintenance_margin_ppm: int | None
    maker_fee_ppm: int | None
    taker_fee_ppm: int | None
    price_band_ppm: int | None
    min_order_usd: int | None
    tick_decimals: int | None
    interest_lower_kusd: int | None
    interest_upper_kusd: int | None
    modes: int | None
    margin_deviations: int | None

    def asked(self) -> dict[str, int]:
        """Return what was asked for, by name."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def applied_to(self, terms: Underlying) -> Underlying:
        """Return terms with the values that were asked for.

        Raises:
            UserError: if one is out of range.
        """
        values = {item.name: getattr(terms, item.name) for item in fields(terms)}
        try:
            changed = Underlying(**values | self.asked())
            check_interest(changed.interest_lower_kusd, changed.interest_upper_kusd)
        except ValueError as error:
            raise UserError(f"{terms.symbol}: {error}") from error
        return changed


@app.callback(invoke_without_command=True)
def parameters(context: typer.Context, home: HomeOption) -> None:
    """Show underlyings, their terms and the oracles.

    Example: `novation parameters`
    """
    if context.invoked_subcommand is None:
        ask_sequencer(home, _show)


@app.command("set-underlying")
def set_underlying(  # noqa: PLR0913 - one option per field of an underlying
    symbol: Annotated[str, typer.Argument(help="Of a known underlying, or of a new one.")],
    home: HomeOption,
    *,
    price: Annotated[
        str, typer.Option(help="In USD: where the oracles of the devnet see a new one.")
    ] = "",
    multiplier: Annotated[
        int | None,
        typer.Option(help="Of a new one: millionths of a USD that a tick of a lot is."),
    ] = None,
    tick_decimals: Annotated[
        int | None, typer.Option(help="Of a new one: a tick is 10^-N USD.", metavar="N")
    ] = None,
    initial_margin_ppm: PpmOption = None,
    maintenance_margin_ppm: PpmOption = None,
    maker_fee_ppm: PpmOption = None,
    taker_fee_ppm: PpmOption = None,
    price_band_ppm: PpmOption = None,
    min_order_usd: Annotated[
        int | None,
        typer.Option(metavar="USD", help="What an order is worth at least; 0 is no limit."),
    ] = None,
    interest_lower_kusd: Annotated[
        int | None,
        typer.Option(metavar="N", help="Thousand USD of open interest: initial margin rises."),
    ] = None,
    interest_upper_kusd: Annotated[
        int | None,
        typer.Option(metavar="N", help="There it is all of the value; 0 with 0: it does not rise."),
    ] = None,
    modes: Annotated[
        int | None,
        typer.Option(metavar="N", help="0 active; 1 post-only, 2 reduce-only, 4 halted, added up."),
    ] = None,
    margin_deviations: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of an hour's return, that margin follows; 0: it does not."),
    ] = None,
) -> None:
    """Change an underlying's terms, or add one; its market is listed once it has a price.

    Orders rest on when a fee is raised: none is filled above its owner's limit. What is not named
    stays as it is, or is as for the devnet's other markets.

    Examples: `novation parameters set-underlying SOL-USD --price 180 --tick-decimals 2`,
    `novation parameters set-underlying BTC-USD --taker-fee-ppm 450 --maker-fee-ppm 150`
    """
    from devnet.owner_l1 import as_owner

    terms = Terms(
        multiplier,
        initial_margin_ppm,
        maintenance_margin_ppm,
        maker_fee_ppm,
        taker_fee_ppm,
        price_band_ppm,
        min_order_usd,
        tick_decimals,
        interest_lower_kusd,
        interest_upper_kusd,
        modes,
        margin_deviations,
    )
    _check(terms.asked())
    _queue(
        home, as_owner(home, lambda owner: owner.set_underlying(symbol, terms.applied_to, price))
    )


@app.command("set-limits")
def set_limits(  # noqa: PLR0913 - one option per limit
    symbol: Annotated[str, typer.Argument(help="Of a known underlying.")],
    home: HomeOption,
    *,
    interest_cap_lots: Annotated[
        int | None, typer.Option(metavar="LOTS", help="What the open interest may be at most.")
    ] = None,
    position_share_ppm: Annotated[
        int | None,
        typer.Option(metavar="PPM", help="What part of that one account may come to hold."),
    ] = None,
    least_lot_quanta: Annotated[
        int | None,
        typer.Option(metavar="N", help="While a lot is worth less: reduce-only; 0: it never is."),
    ] = None,
    gap_ppm: Annotated[
        int | None,
        typer.Option(metavar="PPM", help="A gap that insurance is to stand; 0: none is named."),
    ] = None,
    gap_budgets: Annotated[
        int | None,
        typer.Option(metavar="N", help="How many of its budgets of a day the gap may cost."),
    ] = None,
) -> None:
    """Bound new risk in a market; who reduces is never bound. What is not named stays.

    Examples: `novation parameters set-limits BTC-USD --interest-cap-lots 5000000
    --position-share-ppm 200000`, `novation parameters set-limits BTC-USD --gap-ppm 300000`
    """
    from devnet.owner_l1 import as_owner

    def changed(limits: Limits) -> Limits:
        try:
            return limited(
                limits,
                interest_cap_lots,
                position_share_ppm,
                least_lot_quanta,
                gap_ppm,
                gap_budgets,
            )
        except ValueError as error:
            raise UserError(str(error)) from error

    _queue(home, as_owner(home, lambda owner: owner.set_limits(symbol, changed)))


@app.command("end-market")
def end_market(
    symbol: Annotated[str, typer.Argument(help="Of a known underlying.")],
    days: Annotated[int, typer.Argument(help="From now until it is settled.")],
    home: HomeOption,
) -> None:
    """Let a market end, for good: it is reduce-only at once, and settled at the end.

    Example: `novation parameters end-market BTC-USD 30`
    """
    from devnet.owner_l1 import as_owner

    _check({"days_to_end": days})
    _queue(home, as_owner(home, lambda owner: owner.end_market(symbol, days)))


@app.command("set-oracle-key")
def set_oracle_key(
    index: Annotated[int, typer.Argument(min=0, help="Of an oracle, or the next one.")],
    key: Annotated[str, typer.Argument(metavar="HEX", help="Its public key.")],
    home: HomeOption,
) -> None:
    """Replace an oracle's key, or add an oracle.

    Example: `novation parameters set-oracle-key 3 0x1234...`
    """
    from devnet.owner_l1 import as_owner

    try:
        public_key = check_stark_key(int(key, 16))
    except ValueError:
        raise UserError(f"key: {key!r} is not a hexadecimal number") from None
    except InvalidInputError:
        raise UserError(f"key: {key} is no key of the Stark curve: nobody has it") from None
    _queue(home, as_owner(home, lambda owner: owner.set_oracle_key(index, public_key)))


@app.command("set-oracle-rule")
def set_oracle_rule(
    quorum: Annotated[int, typer.Argument(help="Oracles that must agree.")],
    max_age_ms: Annotated[int, typer.Argument(help="Age of reports in milliseconds.")],
    home: HomeOption,
) -> None:
    """Set how many oracles must agree, and how old their reports may be.

    Example: `novation parameters set-oracle-rule 2 60000`
    """
    from devnet.owner_l1 import as_owner

    _check({"oracle_quorum": quorum, "oracle_max_age_ms": max_age_ms})
    _queue(home, as_owner(home, lambda owner: owner.set_oracle_rule(quorum, max_age_ms)))


@app.command("set-outflow-share")
def set_outflow_share(
    share_ppm: Annotated[int, typer.Argument(metavar="PPM", help="Of custody; 0: all of it.")],
    home: HomeOption,
) -> None:
    """Set what part of what is held of an asset may leave in an hour, all accounts together.

    Example: `novation parameters set-outflow-share 100000`
    """
    from devnet.owner_l1 import as_owner

    if share_ppm != 0:
        _check({"outflow_share_ppm": share_ppm})
    _queue(home, as_owner(home, lambda owner: owner.set_outflow_share(share_ppm)))


@app.command("set-fee-schedule")
def set_fee_schedule(
    tiers: Annotated[
        list[str],
        typer.Argument(
            metavar="USD:RETURNED...",
            help="USD of fees paid in 30 days, and thousandths of the fees that come back then.",
        ),
    ],
    home: HomeOption,
    insurance_permille: Annotated[
        int,
        typer.Option(
            "--insurance",
            metavar="N",
            help="Thousandths of what does not come back that the insurance fund gets.",
        ),
    ] = 0,
) -> None:
    """Set what comes back to who has paid much of fees, at most four tiers, and insurance's share.

    Example: `novation parameters set-fee-schedule 1000:100 10000:250 --insurance 200`
    """
    from devnet.owner_l1 import as_owner

    try:
        parsed = (FeeTier(*map(int, tier.split(":"))) for tier in tiers)
        schedule = FeeSchedule.of(*parsed, insurance_permille=insurance_permille)
    except (TypeError, ValueError) as error:
        raise UserError(f"tiers: {error}") from None
    _queue(home, as_owner(home, lambda owner: owner.set_fee_schedule(schedule.word())))


@app.command("add-asset")
def add_asset(
    token: Annotated[str, typer.Argument(metavar="ADDRESS", help="Of an ERC-20 contract.")],
    decimals: Annotated[int, typer.Argument(min=0, max=18, help="A quantum is 10^-decimals.")],
    home: HomeOption,
    min_deposit: Annotated[
        str, typer.Option(metavar="AMOUNT", help="The least deposit, at least a quantum.")
    ] = "1",
) -> None:
    """Let users deposit another token; its index, and the token, are the asset's for good.

    Example: `novation parameters add-asset 0x5FbD... 8 --min-deposit 0.001`
    """
    from web3 import Web3

    from devnet.owner_l1 import as_owner

    if not Web3.is_address(token):
        raise UserError(f"token: {token!r} is no address")
    added = as_owner(home, lambda owner: owner.add_asset(token, decimals, min_deposit))
    least = added.asset.amount(added.min_deposit_quanta)
    console.print(f"asset {added.asset_id} {added.symbol}: least deposit {display.plain(least)}")


def list_market(
    symbol: Annotated[str, typer.Argument(help="Of an underlying that has a price.")],
    home: HomeOption,
) -> None:
    """Open the market of an underlying; anybody may, and the node does it by itself.

    Example: `novation list SOL-USD`
    """
    listed = ask_sequencer(home, lambda client: client.list_market(symbol))
    console.print(
        f"market {listed.market_id} {listed.symbol}: listed, receipt {listed.receipt.sequence}"
    )


def _check(values: dict[str, int]) -> None:
    try:
        check_bounds(values)
    except ValueError as error:
        raise UserError(str(error)) from error


def _queue(home: Home, position: int) -> None:
    """Wait until the exchange has consumed an entry, and show the parameters."""
    console.print(f"queue position {position}")

    async def follow(client: Client) -> None:
        with waiting("waiting for the sequencer to take it over"):
            await wait_for_deposit(client, position)
        await client.markets()
        await _show(client)

    ask_sequencer(home, follow)


async def _show(client: Client) -> None:
    known: Parameters = client.exchange.parameters
    listed = {market.terms.symbol for market in client.exchange.markets}
    rates = ("initial", "maintenance", "maker", "taker", "band")
    columns = ("tick", "lot", *rates, "least", "rise", "deviations")
    title = "underlyings; rates in ppm, least order in USD, initial margin rises over thousand USD"
    table = Table("id", "symbol", *columns, "market", title=title)
    for underlying_id, terms in enumerate(known.underlyings):
        table.add_row(
            str(underlying_id),
            terms.symbol,
            display.plain(display.tick_size(terms)),
            display.plain(display.lot_size(terms)),
            str(terms.initial_margin_ppm),
            str(terms.maintenance_margin_ppm),
            str(terms.maker_fee_ppm),
            str(terms.taker_fee_ppm),
            str(terms.price_band_ppm),
            str(terms.min_order_usd),
            f"{terms.interest_lower_kusd} - {terms.interest_upper_kusd}",
            str(terms.margin_deviations),
            _modes(terms) if terms.symbol in listed else "not listed",
        )
    console.print(table)
    for terms in known.underlyings:
        if terms.limits != NO_LIMITS:
            console.print(
                f"{terms.symbol}: open interest of at most {terms.limits.interest_cap_lots} lots, "
                f"of which an account may come to hold {terms.limits.position_limit_lots}; "
                f"reduce-only while a lot is worth less than {terms.limits.least_lot_quanta} "
                f"quanta; a gap of {terms.limits.gap_ppm} ppm may cost {terms.limits.gap_budgets} "
                "budgets of insurance"
            )
    for terms in known.underlyings:
        if terms.ends_ms:
            console.print(f"{terms.symbol}: ends at {utc_time(terms.ends_ms)}")
    if known.outflow_share_ppm:
        console.print(f"in an hour {known.outflow_share_ppm} ppm of custody may leave")
    console.print(
        f"oracles: {known.oracle_quorum} of {len(known.oracle_keys)} must agree, reports of at "
        f"most {known.oracle_max_age_ms} ms"
    )
    for number, tier in enumerate(known.fee_schedule.tiers, 1):
        if tier != UNUSED_TIER:
            console.print(
                f"fee tier {number}: from {tier.threshold_usd} USD of fees in 30 days "
                f"{tier.returned_permille} thousandths come back"
            )
    share = known.fee_schedule.insurance_permille
    console.print(f"insurance fund: {share} thousandths of the fees that do not come back")
    for index, key in enumerate(known.oracle_keys):
        console.print(f"  {index}  {key:#066x}", markup=False)


def _modes(terms: Underlying) -> str:
    """Return what a market is."""
    modes = {
        "post-only": terms.is_post_only,
        "reduce-only": terms.is_reduce_only,
        "halted": terms.is_halted,
    }
    return ", ".join(name for name, holds in modes.items() if holds) or "active"
