"""Packed words that reach the field's prime: a second reading that no carry between fields finds.

A word whose top field may fill the felt has other readings that differ from it by multiples of the
prime: the lowest field grows by k while the top one grows by k * (prime - 1) / 2^shift.
"""

from circuits.program_input import ProgramInput, program_input
from novation.crypto import FIELD_PRIME
from novation.protocol.batch import PlaceOrderHints
from novation.protocol.nonces import WINDOW_BITS
from novation.protocol.sealing import SealedBatch
from novation.protocol.transition import open_batch, seal_batch
from tests.circuits.forgery import forged, run_dishonestly
from tests.circuits.forging_batches import forging_inputs
from tests.support.exchange import BUY, SELL, Exchange

# The top field of an order's and of a market's second word begins here.
TOP_SHIFT = 128
TOP_STEP = (FIELD_PRIME - 1) >> TOP_SHIFT
MAKER, TAKER, VICTIM = 2, 3, 4
# Of an account's record.
WINDOW_0, WINDOW_1 = 1, (0, 3, 0)
ORDER_PRICE, ORDER_NEXT_PRICE = (0, 3), (3,)
BID_HEAD_PRICE, ASK_HEAD_PRICE = 1, 3


def traded_after_rest() -> tuple[SealedBatch, int]:
    """Return a batch in which a buy at 1001 meets an older sell at 1001, and the sell's id."""
    exchange = Exchange()
    exchange.fund(MAKER, TAKER)
    placed = exchange.place(MAKER, SELL, 10, 1001)
    exchange.seal()
    exchange.place(TAKER, BUY, 4, 1001)
    assert isinstance(placed.hints, PlaceOrderHints)
    return exchange.seal(), placed.hints.order_id


def test_order_read_with_another_price_is_rejected() -> None:
    """A maker's price may not be raised above the taker's limit under the same leaf."""
    sealed, order_id = traded_after_rest()
    records = program_input(sealed.witness)
    assert run_dishonestly(records) == sealed.output
    for k in (1, 2, 31):
        tampered = forged(
            records,
            (("orders", order_id, *ORDER_PRICE), k),
            (("orders", order_id, *ORDER_NEXT_PRICE), k * TOP_STEP),
        )
        assert run_dishonestly(tampered) is None, k


def skipped_head() -> tuple[int, ProgramInput]:
    """Return an old root, and an input that reads the second best bid as the best one."""
    exchange = Exchange()
    exchange.fund(MAKER, TAKER, VICTIM)
    exchange.place(VICTIM, BUY, 5, 1000)
    exchange.place(MAKER, BUY, 5, 990)
    old_root = exchange.seal().output[3]
    state = exchange.state
    head_id, head_price = state.market(0).head(BUY)
    second = state.order(head_id + 1)
    state.books[0, BUY].remove(state.order(head_id))
    state.markets[0] = state.market(0).with_head(BUY, second.order_id, second.price_ticks)
    # Python would not go on from such a state: the batch is opened and sealed without its checks.
    state.batch = None
    open_batch(state)
    exchange.place(TAKER, SELL, 3, 990)
    records = program_input(seal_batch(state).witness)
    return old_root, forged(
        records,
        (("markets", 0, BID_HEAD_PRICE), head_price - second.price_ticks),
        (("markets", 0, ASK_HEAD_PRICE), TOP_STEP),
    )


def test_market_read_with_another_head_is_rejected() -> None:
    """The best bid may not be skipped under the same leaf."""
    old_root, tampered = skipped_head()
    output = run_dishonestly(tampered)
    assert output is None or output[2] != old_root


def test_window_read_lower_under_the_same_word_is_rejected() -> None:
    """Else an old message could be used again: one less, and what makes up for it above."""
    n_attacked = 0
    for name in ("several keys 1", "several keys 2", "key changes 2", "overtaken messages 2"):
        records = forging_inputs()[name]
        for account_id, account in records.accounts.items():
            windows = account[0][3]
            if account[WINDOW_0] == 0 or windows == 0:
                continue
            n_attacked += 1
            tampered = forged(
                records,
                (("accounts", account_id, WINDOW_0), -1),
                (("accounts", account_id, *WINDOW_1), pow(2**WINDOW_BITS, -1, FIELD_PRIME)),
            )
            assert run_dishonestly(tampered) is None, (name, account_id)
    assert n_attacked > 5
