"""Batches at the edges of the numbers: wide margins, many slots, several keys, flips."""

from dataclasses import replace

from novation.protocol.accounts import Account
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    ACCOUNT_TREE_HEIGHT,
    MAX_POSITIONS,
    POSITION_BOUND,
)
from novation.protocol.errors import ErrorCode
from novation.protocol.merkle import MerkleTree
from novation.protocol.orders import TimeInForce
from novation.protocol.signing import signed
from novation.protocol.state import State, StateParts
from novation.protocol.transactions import CancelOrder, Withdraw
from novation.protocol.transition import open_batch
from prover.runner import execute_only
from tests.support.builders import (
    ONE_DOLLAR,
    exchange_config,
    genesis,
    l1_address,
    market_config,
    private_key,
    public_key,
)
from tests.support.exchange import BUY, SELL, Exchange

RICH = 2**62


def assert_proven(exchange: Exchange) -> None:
    sealed = exchange.seal()
    assert execute_only(sealed.witness).output == sealed.output


def exchange_with(accounts: dict[int, Account], config: ExchangeConfig | None = None) -> Exchange:
    """Return an exchange whose genesis has other accounts besides the two reserved ones."""
    exchange = Exchange(config, price_ticks=0)
    accounts = {**genesis().accounts(), **accounts}
    nodes: dict[tuple[int, int], int] = {}
    leaves = {account_id: account.leaf() for account_id, account in accounts.items()}
    MerkleTree(ACCOUNT_TREE_HEIGHT, nodes).update(leaves)
    old = exchange.state
    parts = StateParts(accounts, {}, old.market_list(), old.globals, nodes, {})
    exchange.state = State(exchange.config, parts)
    exchange.custody_quanta = sum(account.collateral_quanta for account in accounts.values())
    open_batch(exchange.state)
    return exchange


def test_eight_positions_with_the_ninth_market_left_alone() -> None:
    exchange = Exchange(exchange_config(9))
    exchange.fund(2, 3, amount_quanta=10**6 * ONE_DOLLAR)
    for market_id in (7, 0, 3, 5, 1, 6, 2, 4):
        exchange.place(2, SELL, 3 + market_id, 1000, market_id=market_id)
        exchange.place(3, BUY, 3 + market_id, 1000, market_id=market_id)
    assert len(exchange.state.account(2).positions) == MAX_POSITIONS
    assert_proven(exchange)
    # Close some, in the middle and at the ends, flip others.
    for market_id, size in ((3, 6), (0, 3), (7, 20), (5, 9)):
        exchange.place(2, BUY, size, 1000, market_id=market_id)
        exchange.place(3, SELL, size, 1000, market_id=market_id)
    exchange.set_price(1010)
    exchange.place(3, BUY, 1, 1010, market_id=8)
    assert_proven(exchange)


def test_account_below_initial_margin_may_shrink_with_the_greatest_numbers() -> None:
    greatest = market_config(multiplier=2**12 - 1, price_band_ppm=999_999)
    config = replace(exchange_config(1), markets=(greatest,))
    exchange = Exchange(config, price_ticks=2**31)
    # Collateral near 2^62 is the most that L1 lets in.
    exchange.fund(2, 3, amount_quanta=RICH)
    size = RICH // (2**31 * 2**12) * 19
    exchange.place(2, SELL, size, 2**31)
    exchange.place(3, BUY, size, 2**31)
    assert exchange.state.account(3).position(0).size_lots == size
    assert_proven(exchange)
    # Below initial margin now: only what shrinks the position is accepted, of maker and taker.
    price = 2**31 * 98 // 100
    exchange.set_price(price)
    exchange.place(2, BUY, 9, price)
    exchange.place(3, SELL, 5, price, reduce_only=True, time_in_force=TimeInForce.IOC)
    assert exchange.refuse(exchange.order(3, BUY, 1, price)) is ErrorCode.INSUFFICIENT_MARGIN
    exchange.place(3, SELL, 2, price, time_in_force=TimeInForce.IOC)
    assert_proven(exchange)


def test_position_at_its_bound() -> None:
    config = replace(exchange_config(1), markets=(market_config(multiplier=1),))
    exchange = Exchange(config, price_ticks=1)
    exchange.fund(2, 3, amount_quanta=RICH)
    for _ in range(15):
        exchange.place(2, SELL, 2**32 - 1, 1)
        exchange.place(3, BUY, 2**32 - 1, 1)
    exchange.place(3, BUY, POSITION_BOUND - 1 - 15 * (2**32 - 1) - 2**31, 1)
    assert_proven(exchange)


def test_several_keys_sign_in_their_own_lanes() -> None:
    keys = tuple(public_key(private_key(name)) for name in (2, 102, 202, 302))
    account = Account(
        l1_address=l1_address(2),
        keys=keys,
        nonces=(5, 2**62 - 9, 0, 2**61),
        collateral_quanta=1_000 * ONE_DOLLAR,
    )
    two_keys = replace(account, l1_address=l1_address(3), keys=keys[:2], nonces=(0, 7))
    exchange = exchange_with({2: account, 3: two_keys})
    exchange.set_price(1000)
    config = exchange.config
    for index, nonce in ((3, 2**61 + 1), (1, 2**62 - 8), (0, 6), (2, 1), (1, 2**62 - 1)):
        tx = Withdraw(2, index, nonce, 10 + index)
        exchange.apply(signed(tx, private_key(2 + 100 * index), config))
    order = exchange.order(3, BUY, 1, 990, key_index=1, nonce=8)
    exchange.apply(signed(order, private_key(102), config))
    assert_proven(exchange)
    order_id = exchange.state.globals.next_order_id - 1
    cancellation = CancelOrder(3, 1, 9, order_id)
    exchange.apply(signed(cancellation, private_key(102), config))
    assert_proven(exchange)


def test_batch_with_an_oracle_update_only() -> None:
    exchange = Exchange(price_ticks=0)
    exchange.set_price(1000)
    assert_proven(exchange)
    exchange.set_price(1001, 55)
    exchange.set_price(1002, 54)
    assert_proven(exchange)
