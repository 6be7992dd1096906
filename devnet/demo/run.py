"""`novation demo`: START READING HERE. The whole exchange once, and what it showed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from devnet.amounts import quanta_from_usd, usd_from_quanta
from devnet.console import console, waiting
from devnet.contracts import Chain
from devnet.demo.collect import Evidence, batch_figures, build_report, settling_logs
from devnet.demo.plan import DEPOSIT_USD, TRADERS, story
from devnet.demo.play import FundingSeen, Players, Seen
from devnet.demo.tamper import tamper
from devnet.demo.timeline import Timeline
from devnet.deployment import Deployment
from devnet.errors import UserError
from devnet.keys import derive_keys, save_keys
from devnet.markets import LISTED_LATER
from devnet.owner_l1 import OwnerOnL1
from devnet.progress import PROOF_TIMEOUT_S, wait_for_deposit, wait_until
from devnet.rebuild import rebuild
from devnet.system import MS_PER_S, Devnet, DevnetOptions, remove_home
from devnet.trader_l1 import (
    TraderOnL1,
    deposit_all,
    fund_all,
)
from novation.client import Client
from novation.client.models import BatchState
from novation.protocol.conservation import check_conservation
from novation.protocol.constants import HOUR_MS, MINUTE_MS, USD_ASSET_ID
from prover.files import write_json_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from devnet.demo.plan import Act
    from devnet.demo.report import DemoReport
    from devnet.endpoints import Endpoints
    from devnet.home import Home
    from devnet.keys import TraderKeys
    from novation.client.models import Status

KEY_SEED: Final = 1
WITHDRAWAL_USD: Final = Decimal("123.456789")
# One trader has a second asset, too, and takes some of it out.
HOLDER: Final = "alice"
ASSET: Final = "TETH"
ASSET_DEPOSIT: Final = "2"
ASSET_WITHDRAWAL: Final = "0.5"
# The acts are three minutes apart, less than a gap of the prices; so a batch is old after each of
# them, and not when the clocks are set ahead for the first, however slowly all starts.
ACT_MS: Final = 180_000
BATCH_AGE_MS: Final = 150_000
START_MS_OF_HOUR: Final = HOUR_MS - MINUTE_MS - 135_000
SEAL_TIMEOUT_S: Final = 120.0
# Rare, so that prices change when the story says so; seldom enough would kill the resting orders.
HEARTBEAT_S: Final = 290
THRESHOLD_PPM: Final = 500
NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo happens and who is in it."""

    home: Home
    endpoints: Endpoints
    chain: Chain
    deployment: Deployment
    traders: dict[str, TraderKeys]
    timeline: Timeline


def run_demo(home: Home, report_path: Path, profile: str) -> DemoReport:
    """Play the story on a new devnet and write the report.

    Raises:
        UserError: if a part of the system fails, or a promise of the demo is not kept.
    """
    report = run_story(home, story(), profile)
    write_json_atomically(report_path, report.to_json())
    report.require_promises()
    return report


def run_story(home: Home, acts: Sequence[Act], profile: str) -> DemoReport:
    """Play some acts on a new devnet, from deposits to paid withdrawals; judge nothing.

    Raises:
        UserError: if a part of the system fails, or refuses what the story says.
    """
    remove_home(home)
    timeline = Timeline()
    options = DevnetOptions(
        profile=profile,
        start_ms=start_ms(time.time_ns() // NS_PER_MS),
        batch_age_ms=BATCH_AGE_MS,
        oracle_heartbeat_s=HEARTBEAT_S,
        oracle_threshold_ppm=THRESHOLD_PPM,
    )
    with Devnet(home, options) as system:
        stage = open_stage(home, system, timeline)
        add_market(stage)
        enter_collateral(stage)
        status, seen = asyncio.run(trade(stage, system, acts))
        evidence = examine(stage, pay_out(stage), seen)
    console.print(timeline.table())
    return build_report(profile, status, evidence, timeline.elapsed_s())


def open_stage(home: Home, system: Devnet, timeline: Timeline) -> Stage:
    """Note what runs where; make the traders' keys."""
    assert system.endpoints is not None
    deployment = Deployment.load(home.deployment_path)
    timeline.add("L1", f"chain {deployment.chain_id} at {system.endpoints.l1}")
    timeline.add("L1", f"exchange {deployment.exchange}, verifier {deployment.verifier}")
    timeline.add("sequencer", f"serving gRPC at {system.endpoints.sequencer}")
    timeline.add("oracle", f"{len(deployment.oracle_keys)} nodes signing prices")
    traders = {name: derive_keys(name, KEY_SEED) for name in TRADERS}
    for keys in traders.values():
        save_keys(home.keys_path, keys)
    chain = Chain(system.endpoints.l1)
    return Stage(home, system.endpoints, chain, deployment, traders, timeline)


def add_market(stage: Stage) -> None:
    """The owner of the L1 contract adds what nobody deployed; the node lists it by itself."""
    new = LISTED_LATER
    owner = OwnerOnL1(stage.home, stage.chain, stage.deployment)
    position = owner.set_underlying(new.symbol, lambda _: new.terms, new.start_price)
    stage.timeline.add("L1", f"owner adds {new.symbol}, queue position {position}")


def enter_collateral(stage: Stage) -> None:
    """Every trader deposits on L1."""
    amounts = [
        (
            TraderOnL1(stage.chain, stage.deployment, keys),
            quanta_from_usd(Decimal(DEPOSIT_USD[name])),
        )
        for name, keys in stage.traders.items()
    ]
    holder = asset_holder(stage)
    amounts.append((holder, holder.asset.asset.quanta(ASSET_DEPOSIT)))
    fund_all(stage.chain, amounts)
    deposit_all(stage.chain, amounts)
    total = sum(DEPOSIT_USD[name] for name in stage.traders)
    stage.timeline.add("L1", f"{len(stage.traders)} deposits queued, {total} USD in all")
    stage.timeline.add("L1", f"{HOLDER} deposits {ASSET_DEPOSIT} {ASSET} besides")


def asset_holder(stage: Stage) -> TraderOnL1:
    """Return the dealings with another asset of the one who has some."""
    keys = stage.traders[HOLDER]
    return TraderOnL1(stage.chain, stage.deployment, keys).with_asset(ASSET)


async def trade(stage: Stage, system: Devnet, acts: Sequence[Act]) -> tuple[Status, Seen]:
    """Play the acts, each into a batch of its own; return the counters once all is final."""
    timeline, funding = stage.timeline, FundingSeen()
    async with Client(stage.endpoints.sequencer) as client:
        # Behind the new market, with that of another asset.
        await wait_for_deposit(client, len(stage.traders) + 1)
        timeline.add("sequencer", f"{len(stage.traders)} deposits credited")
        storyteller = asyncio.create_task(_tell_of_batches(client, timeline))
        async with Players(stage.endpoints.sequencer, stage.traders, timeline) as players:
            await players.wait_for_prices()
            set_clocks_ahead(system, timeline, first_act_ms(system.clock.now_ms()))
            for act in acts:
                await players.play(act, stage.home.prices_path)
                # An hour is over with the second act.
                if len(acts) > 1 and act is acts[1]:
                    funding = await players.tell_of_funding()
                if act is acts[-1]:
                    await players.withdraw_all(WITHDRAWAL_USD)
                    await players.clients[HOLDER].withdraw(ASSET_WITHDRAWAL, ASSET)
                set_clocks_ahead(system, timeline, system.clock.now_ms() + ACT_MS)
                await _wait_for_seal(client)
        # Prices that nobody needs would open one more batch after another.
        system.stop_oracles()
        timeline.add("oracle", "nodes stopped: the story is over")
        if players.tally.refused:
            raise UserError(f"demo: {players.tally.refused} orders of the story were refused")
        await _wait_until_all_final(client, system)
        storyteller.cancel()
        return await client.status(), Seen(funding, tuple(players.bids))


def set_clocks_ahead(system: Devnet, timeline: Timeline, time_ms: int) -> None:
    """Set all clocks ahead at once: L1's, the sequencer's, those of oracle nodes and venues.

    So L1 compares a batch's time with its own as ever, and nobody has to wait for an hour, or for
    a batch to grow old.
    """
    if time_ms > system.clock.now_ms():
        system.set_clock_ahead(time_ms)
        shown = datetime.fromtimestamp(time_ms / MS_PER_S, UTC)
        timeline.add("clocks", f"all set ahead to {shown:%H:%M:%S}")


def start_ms(now_ms: int) -> int:
    """Return the next time at which a devnet for the story may start."""
    return -(-(now_ms - START_MS_OF_HOUR) // HOUR_MS) * HOUR_MS + START_MS_OF_HOUR


def first_act_ms(now_ms: int) -> int:
    """Return when the last minute of an hour begins: the first that the exchange counts."""
    return now_ms // HOUR_MS * HOUR_MS + HOUR_MS - MINUTE_MS


def pay_out(stage: Stage) -> int:
    """Fetch every withdrawal on L1; return how many of USD arrived to the quantum.

    Raises:
        UserError: if another asset did not arrive.
    """
    traders = [TraderOnL1(stage.chain, stage.deployment, keys) for keys in stage.traders.values()]
    before = [trader.balance() for trader in traders]
    stage.chain.transact_all([trader.fetching_call() for trader in traders])
    arrived = [trader.balance() - old for trader, old in zip(traders, before, strict=True)]
    paid = sum(usd_from_quanta(quanta) == WITHDRAWAL_USD for quanta in arrived)
    stage.timeline.add("L1", f"{paid} withdrawals of {WITHDRAWAL_USD} USD arrived")
    holder = asset_holder(stage)
    holder.fetch_withdrawal()
    received = holder.asset.asset.amount(holder.balance())
    if received != Decimal(ASSET_WITHDRAWAL):
        raise UserError(f"demo: {received} {ASSET} arrived, not {ASSET_WITHDRAWAL}")
    stage.timeline.add("L1", f"and {received:f} {ASSET}")
    return paid


def examine(stage: Stage, paid: int, seen: Seen) -> Evidence:
    """Rebuild the state from L1, and try to cheat the contract."""
    timeline, chain, deployment = stage.timeline, stage.chain, stage.deployment
    with waiting("rebuilding the state from L1") as note:
        rebuilt = rebuild(chain, deployment, note)
    timeline.add("anyone", f"{rebuilt.n_batches} batches rebuilt: {rebuilt.state.root:#066x}")
    check_conservation(rebuilt.state)
    if not rebuilt.has_l1_custody:
        raise UserError("demo: state and contract disagree about custody")
    custody_usd = usd_from_quanta(rebuilt.l1_custody_quanta[USD_ASSET_ID])
    timeline.add("anyone", f"{custody_usd} USD in custody are what all balances add up to")
    logs = settling_logs(chain, deployment)
    answers = tamper(chain, deployment, logs[-1]["transactionHash"])
    if answers.original:
        raise UserError(f"demo: the contract refuses the true proof: {answers.original}")
    timeline.add("attacker", f"one byte of the proof flipped: {answers.flipped_byte or 'accepted'}")
    timeline.add("attacker", f"another new root: {answers.changed_root or 'accepted'}")
    return Evidence(batch_figures(stage.home, chain, logs), rebuilt, answers, paid, seen)


async def _tell_of_batches(client: Client, timeline: Timeline) -> None:
    """Note every change of a batch's state until cancelled."""
    actors = {BatchState.SEALED: "sequencer", BatchState.PROVEN: "prover", BatchState.FINAL: "L1"}
    async for batch in client.stream_batches():
        what = f"batch {batch.batch_number} {batch.state.value}"
        if batch.state is BatchState.SEALED:
            what += f", {batch.n_transactions} transactions"
        if batch.state is BatchState.FINAL:
            what += f", new root {batch.new_root:#066x}"
        timeline.add(actors[batch.state], what)


async def _wait_until_all_final(client: Client, system: Devnet) -> None:
    """Return when L1 has accepted every batch; UserError if a part of the system ends before."""
    with waiting("proving and settling") as note:

        async def is_final() -> bool:
            if (ended := system.ended_process()) is not None:
                raise UserError(f"{ended.name}: ended\n{ended.log_tail()}", exit_code=1)
            status = await client.status()
            note(f"{status.final_batch_number} of {status.last_batch_number} batches final")
            return status.final_batch_number == status.last_batch_number

        await wait_until(is_final, PROOF_TIMEOUT_S, "demo: the batches did not become final")


async def _wait_for_seal(client: Client) -> None:
    async def is_sealed() -> bool:
        return (await client.status()).open_batch_transactions == 0

    await wait_until(is_sealed, SEAL_TIMEOUT_S, "demo: the batch was not sealed")
