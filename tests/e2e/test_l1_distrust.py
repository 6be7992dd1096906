"""An L1 node that drops, invents, alters, repeats or reorders what it tells of the queue."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from web3 import Web3

from devnet import event_logs
from devnet.anvil import Anvil
from devnet.contracts import Chain
from devnet.home import Home
from devnet.keys import derive_keys
from devnet.l1_exchange import ExchangeOnL1
from devnet.l1_parameters import ParametersOnL1
from devnet.system import deploy, oracle_keys, service_keys
from devnet.trader_l1 import TraderOnL1
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.transactions import ParameterKind
from sequencer.l1 import L1Deposit, L1Parameter, L1Queue, L1UnavailableError

if TYPE_CHECKING:
    from devnet.deployment import Deployment

AMOUNT = 5_000_000
Logs = list[dict[str, Any]]


class LyingNode:
    """Passes requests on, and changes what `eth_getLogs` answers."""

    def __init__(self, chain: Chain) -> None:
        self.change: Callable[[Logs], Logs] = lambda logs: logs
        self.widest = 10**9
        self.n_refused = 0
        self.calls_left = 10**9
        self.spans: list[int] = []
        # Another answer to other questions.
        self.lies_about = ""
        self.applies: Callable[[Any], bool] = lambda _: True
        self.lie: Callable[[dict[str, Any]], Any] = lambda answer: answer
        provider = chain.web3.provider
        self._ask = provider.make_request
        provider.make_request = self._answer  # type: ignore[method-assign]

    def _answer(self, method: Any, params: Any) -> Any:
        if method == "eth_call":
            self.calls_left -= 1
            if self.calls_left < 0:
                return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "rate"}}
        if method == self.lies_about and self.applies(params):
            return self.lie(dict(self._ask(method, params)))
        if method != "eth_getLogs":
            return self._ask(method, params)
        query = params[0]
        span = int(query["toBlock"], 16) - int(query["fromBlock"], 16) + 1
        if span > self.widest:
            self.n_refused += 1
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "too wide"}}
        self.spans.append(span)
        response = dict(self._ask(method, params))
        response["result"] = self.change(copy.deepcopy(response["result"]))
        return response


class OnChain:
    def __init__(self, path: Path) -> None:
        home = self.home = Home(path)
        self.anvil = Anvil(home.chain_path)
        self.honest = Chain(self.anvil.url)
        self.deployment: Deployment = deploy(
            self.honest, home, service_keys(home), oracle_keys(home)
        )
        self.operator = service_keys(home)["operator"].l1_account
        self.chain = Chain(self.anvil.url)
        self.node = LyingNode(self.chain)

    def exchange(self, witness: Chain | None = None) -> ExchangeOnL1:
        return ExchangeOnL1(self.chain, self.deployment, self.operator, witness)

    def trader(self, name: str) -> TraderOnL1:
        return TraderOnL1(self.honest, self.deployment, derive_keys(name, seed=3))

    def set_oracle_rule(self, quorum: int, max_age_ms: int) -> None:
        owner = service_keys(self.home)["deployer"].l1_account
        on_l1 = ParametersOnL1(self.honest, self.deployment)
        on_l1.set_oracle_rule(quorum, max_age_ms, owner)

    def deposit(self, *names: str) -> None:
        for name in names:
            self.trader(name).fund(AMOUNT)
            self.trader(name).deposit(AMOUNT)


def accounts(queue: L1Queue) -> list[int]:
    return [entry.account_id for entry in queue.entries if isinstance(entry, L1Deposit)]


@pytest.fixture
def on_chain(tmp_path: Path) -> Iterator[OnChain]:
    made = OnChain(tmp_path)
    yield made
    made.anvil.stop()


def _invented(logs: Logs) -> Logs:
    extra = copy.deepcopy(logs[-1])
    extra["topics"][1] = "0x" + f"{len(logs):064x}"
    return [*logs, extra]


def _altered(logs: Logs) -> Logs:
    # A deposit's asset, or a parameter's value, is the last word of the data.
    logs[1]["data"] = logs[1]["data"][:-2] + "07"
    return logs


def _of_another_amount(logs: Logs) -> Logs:
    # It stands before the asset.
    logs[1]["data"] = logs[1]["data"][:-66] + "ff" + logs[1]["data"][-64:]
    return logs


def _of_another_owner(logs: Logs) -> Logs:
    logs[1]["topics"][3] = "0x" + "00" * 12 + "ab" * 20
    return logs


def _contradictory(logs: Logs) -> Logs:
    return _altered([logs[1], copy.deepcopy(logs[1]), logs[0], *logs[2:]])


def _of_another_contract(logs: Logs) -> Logs:
    logs[0]["address"] = "0x" + "ab" * 20
    return logs


def _of_another_block(logs: Logs) -> Logs:
    logs[0]["blockNumber"] = hex(10**6)
    return logs


def _unreadable(logs: Logs) -> Logs:
    logs[0]["data"] = "0x"
    return logs


def _of_another_event(logs: Logs) -> Logs:
    logs[0]["topics"][0] = "0x" + "11" * 32
    return logs


def _with_a_request(logs: Logs) -> Logs:
    """Say that the reclaim of entry 1 was requested."""
    request = copy.deepcopy(logs[1])
    request["topics"][0] = REQUESTED
    request["data"] = "0x" + f"{AMOUNT:064x}" + f"{0:064x}" + f"{1:064x}"
    return [*logs, request]


REQUESTED = "0x"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda logs: logs[:-1], "new in blocks"),
        (lambda logs: logs[1:], "new in blocks"),
        (lambda _: [], "events of none"),
        (_invented, "events of 4, from 0 to 3"),
        (_altered, "queue entry 1: by its events its digest is"),
        (_of_another_amount, "queue entry 1: by its events its digest is"),
        (_of_another_owner, "queue entry 1: by its events its digest is"),
        (_contradictory, "two different events of queue entry 1"),
        (_of_another_contract, "told of 0xAB"),
        (_of_another_block, "in 1000000"),
        (_unreadable, "cannot be read"),
        (_of_another_event, "not asked for"),
        (_with_a_request, "queue entry 1: by its events its reclaim was requested"),
        (lambda _: "nonsense", "Error"),
        (lambda _: [{}], "Error"),
    ],
)
async def test_log_that_is_not_true_brings_no_deposit_until_it_is(
    on_chain: OnChain, change: Callable[[Logs], Logs], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_chain.deposit("alice", "bob", "carol")
    exchange = on_chain.exchange()
    topic = exchange._contract.events["ReclaimRequested"]().topic
    monkeypatch.setattr("tests.e2e.test_l1_distrust.REQUESTED", topic)
    on_chain.node.change = change
    for _ in range(2):
        with pytest.raises(L1UnavailableError, match=words):
            await exchange.read_queue(0, 10, 0)
    on_chain.node.change = lambda logs: logs
    queue = await exchange.read_queue(0, 10, 0)
    assert [deposit.index for deposit in queue.entries] == [0, 1, 2]


def _of_another_parameter(logs: Logs) -> Logs:
    """Say that the owner set something else: the kind is the second indexed argument."""
    logs[1]["topics"][2] = "0x" + f"{3:064x}"
    return logs


def _with_a_request_for_it(logs: Logs) -> Logs:
    """Say that somebody takes the parameter out of the queue, as one can a deposit."""
    request = _with_a_request([logs[0], logs[0]])[-1]
    request["topics"][1] = logs[1]["topics"][1]
    return [*logs, request]


def _with_a_request_for_none(logs: Logs) -> Logs:
    request = _with_a_request([logs[0], logs[0]])[-1]
    request["topics"][1] = "0x" + f"{7:064x}"
    return [*logs, request]


def _of_an_unknown_kind(logs: Logs) -> Logs:
    logs[1]["topics"][2] = "0x" + f"{9:064x}"
    return logs


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda logs: [logs[0], *logs[2:]], "events of 2, from 0 to 2"),
        (_altered, "queue entry 1: by its events its digest is"),
        (_of_another_parameter, "queue entry 1: by its events its digest is"),
        (_of_an_unknown_kind, "queue entry 1: a parameter of the unknown kind 9"),
        (lambda logs: [*logs, *_altered(copy.deepcopy(logs))], "two different events of queue e"),
        (_with_a_request_for_it, "queue entry 1: by the events .* it is a parameter"),
        (_with_a_request_for_none, "queue entry 7: by the events .* it is none yet"),
    ],
)
async def test_parameter_that_is_not_true_is_not_set_until_it_is(
    on_chain: OnChain, change: Callable[[Logs], Logs], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_chain.deposit("alice")
    on_chain.set_oracle_rule(3, 7_000)
    on_chain.deposit("bob")
    exchange = on_chain.exchange()
    topic = exchange._contract.events["ReclaimRequested"]().topic
    monkeypatch.setattr("tests.e2e.test_l1_distrust.REQUESTED", topic)
    on_chain.node.change = change
    for _ in range(2):
        with pytest.raises(L1UnavailableError, match=words):
            await exchange.read_queue(0, 10, 0)
    on_chain.node.change = lambda logs: logs
    queue = await exchange.read_queue(0, 10, 0)
    assert queue.entries[1] == L1Parameter(
        1, ParameterKind.ORACLE_RULE, 0, oracle_rule_word(3, 7_000)
    )


def _asks(signature: str) -> Callable[[Any], bool]:
    selector = "0x" + bytes(Web3.keccak(text=signature)[:4]).hex()
    return lambda params: str(params[0]["data"]).startswith(selector)


def _is_no_digest(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "result": "0x" + "00" * 32}


@pytest.mark.parametrize("with_request", [True, False])
async def test_parameter_that_a_node_says_is_out_of_the_order_is_not_left_out(
    on_chain: OnChain, monkeypatch: pytest.MonkeyPatch, *, with_request: bool
) -> None:
    on_chain.deposit("alice")
    on_chain.set_oracle_rule(3, 7_000)
    on_chain.deposit("bob")
    exchange = on_chain.exchange()
    topic = exchange._contract.events["ReclaimRequested"]().topic
    monkeypatch.setattr("tests.e2e.test_l1_distrust.REQUESTED", topic)
    node = on_chain.node
    rule_digest = _asks("digestAt(uint64)")

    def lies(params: Any) -> bool:
        is_of_rule = rule_digest(params) and int(params[0]["data"][-64:], 16) == 1
        # Without a request the head must have passed it.
        return is_of_rule or (not with_request and _asks("queue()")(params))

    def lie(answer: dict[str, Any]) -> dict[str, Any]:
        if len(answer["result"]) == 66:
            return _is_no_digest(answer)
        head = f"{2:064x}"
        return {**answer, "result": "0x" + head + answer["result"][66:]}

    node.lies_about, node.applies, node.lie = "eth_call", lies, lie
    if with_request:
        node.change = _with_a_request_for_it
    for _ in range(2):
        with pytest.raises(L1UnavailableError, match="queue entry 1"):
            await exchange.read_queue(1, 10, 0)
    node.lies_about, node.change = "", lambda logs: logs
    queue = await exchange.read_queue(1, 10, 0)
    assert [entry.index for entry in queue.entries] == [1, 2]


@pytest.mark.parametrize(
    "change", [lambda logs: logs[::-1], lambda logs: [*logs, *logs], lambda logs: logs]
)
async def test_logs_in_another_order_or_twice_change_nothing(
    on_chain: OnChain, change: Callable[[Logs], Logs]
) -> None:
    on_chain.deposit("alice", "bob")
    on_chain.node.change = change
    exchange = on_chain.exchange()
    queue = await exchange.read_queue(0, 10, 0)
    assert accounts(queue) == [2, 3]
    on_chain.deposit("carol")
    queue = await exchange.read_queue(1, 10, 0)
    assert accounts(queue) == [3, 4]


async def test_request_to_reclaim_that_a_node_conceals_holds_the_deposit_back(
    on_chain: OnChain,
) -> None:
    on_chain.deposit("alice", "bob")
    on_chain.trader("alice").request_reclaim(0, AMOUNT)
    on_chain.node.change = lambda logs: logs[:2]
    exchange = on_chain.exchange()
    with pytest.raises(L1UnavailableError, match=r"queue entry 0: .* it is not pending"):
        await exchange.read_queue(0, 10, 0)
    on_chain.node.change = lambda logs: logs
    assert [d.index for d in (await exchange.read_queue(0, 10, 0)).entries] == [1]


async def test_hole_is_asked_for_once_even_if_the_node_fails_in_between(on_chain: OnChain) -> None:
    on_chain.deposit(*["alice"] * 8, "bob")
    alice = on_chain.trader("alice")
    for index in range(8):
        alice.request_reclaim(index, AMOUNT)
    exchange = on_chain.exchange()
    # Of the contract's tail, and of five entries.
    on_chain.node.calls_left = 6
    with pytest.raises(L1UnavailableError, match="rate"):
        await exchange.read_queue(0, 10, 0)
    on_chain.node.calls_left = 4
    assert [d.index for d in (await exchange.read_queue(0, 10, 0)).entries] == [8]
    on_chain.node.calls_left = 1
    await exchange.read_queue(0, 10, 0)


async def test_hole_that_a_reorg_took_back_is_a_deposit_again(on_chain: OnChain) -> None:
    on_chain.deposit("alice")
    on_chain.trader("alice").request_reclaim(0, AMOUNT)
    exchange = on_chain.exchange()
    assert (await exchange.read_queue(0, 10, 0)).entries == ()
    on_chain.honest.local("anvil_reorg", [1, []])
    assert [d.index for d in (await exchange.read_queue(0, 10, 0)).entries] == [0]


async def test_logs_are_read_in_ranges_that_the_node_takes(
    on_chain: OnChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_logs, "SPAN_BLOCKS", 16)
    on_chain.deposit("alice")
    on_chain.honest.local("anvil_mine", [100])
    on_chain.deposit("bob")
    on_chain.node.widest = 5
    exchange = on_chain.exchange()
    queue = await exchange.read_queue(0, 10, 0)
    assert accounts(queue) == [2, 3]
    assert max(on_chain.node.spans) <= 5
    assert on_chain.node.n_refused == 2
    # What was read once is not read again.
    on_chain.node.spans.clear()
    await exchange.read_queue(0, 10, 0)
    assert on_chain.node.spans == []


async def test_node_that_refuses_every_range_is_unavailable(on_chain: OnChain) -> None:
    on_chain.deposit("alice")
    on_chain.node.widest = 0
    exchange = on_chain.exchange()
    with pytest.raises(L1UnavailableError, match="too wide"):
        await exchange.read_queue(0, 10, 0)
    # It was not for the width: later it is asked for as much as before.
    on_chain.node.widest = 10**9
    assert len((await exchange.read_queue(0, 10, 0)).entries) == 1
    assert len(on_chain.node.spans) == 1


async def test_second_node_on_another_branch_or_absent_holds_deposits_back(
    on_chain: OnChain, tmp_path: Path
) -> None:
    on_chain.deposit("alice")
    agreed = on_chain.exchange(Chain(on_chain.anvil.url))
    assert len((await agreed.read_queue(0, 10, 0)).entries) == 1
    other = Anvil(tmp_path / "other.json")
    doubted = on_chain.exchange(Chain(other.url))
    with pytest.raises(L1UnavailableError):
        await doubted.read_queue(0, 10, 0)
    Chain(other.url).local("anvil_mine", [100])
    with pytest.raises(L1UnavailableError, match="for the second node"):
        await doubted.read_queue(0, 10, 0)
    other.stop()
    with pytest.raises(L1UnavailableError):
        await doubted.read_queue(0, 10, 0)


def _of_a_state(params: Any) -> bool:
    return str(params[0]["data"]).startswith("0x" + bytes(Web3.keccak(text="state()")[:4]).hex())


def _foreign_root(answer: dict[str, Any]) -> dict[str, Any]:
    root = answer["result"][2:66]
    return {**answer, "result": "0x" + f"{int(root, 16) ^ 1:064x}" + answer["result"][66:]}


def _other_hash(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "result": {**answer["result"], "hash": "0x" + "ab" * 32}}


async def test_state_that_one_node_invents_is_no_state_with_a_second_node(
    on_chain: OnChain,
) -> None:
    on_chain.honest.local("anvil_mine", [3])
    exchange = on_chain.exchange(Chain(on_chain.anvil.url))
    true_state = await exchange.confirmed_state(2)
    assert true_state is not None
    node = on_chain.node
    node.lies_about, node.applies, node.lie = "eth_call", _of_a_state, _foreign_root
    with pytest.raises(L1UnavailableError, match="for the second L1 node"):
        await exchange.confirmed_state(2)
    # Alone, nobody could tell.
    alone = await on_chain.exchange().confirmed_state(2)
    assert alone is not None
    assert alone.state_root == true_state.state_root ^ 1
    node.lies_about = ""
    assert await exchange.confirmed_state(2) == true_state


async def test_block_that_one_node_invents_is_no_block_with_a_second_node(
    on_chain: OnChain,
) -> None:
    exchange = on_chain.exchange(Chain(on_chain.anvil.url))
    number = on_chain.honest.web3.eth.block_number
    assert await exchange.block_hash(number) is not None
    node = on_chain.node
    node.lies_about, node.lie = "eth_getBlockByNumber", _other_hash
    with pytest.raises(L1UnavailableError, match="for the second L1 node"):
        await exchange.block_hash(number)
    with pytest.raises(L1UnavailableError, match="for the second L1 node"):
        await exchange.confirmed_state(0)
    node.lies_about = ""
    assert await exchange.block_hash(number + 1) is None


async def test_second_node_that_is_behind_is_waited_for(on_chain: OnChain, tmp_path: Path) -> None:
    other = Anvil(tmp_path / "other.json")
    exchange = on_chain.exchange(Chain(other.url))
    assert await exchange.block_hash(on_chain.honest.web3.eth.block_number) is None
    with pytest.raises(L1UnavailableError, match="the second L1 node has no block"):
        await exchange.confirmed_state(0)
    other.stop()
    with pytest.raises(L1UnavailableError):
        await exchange.confirmed_state(0)
