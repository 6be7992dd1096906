"""A batch witness as the input of the batch program: records and a tape.

The program's hints take what they need from three places: `witness`, one tape read from front to
back in the order of execution, and the records that the program finds in its access log or, before
their first access, among the opened ones. Nothing here is trusted: the program proves every value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Final

from circuits.merkle_guesses import merkle_guesses
from circuits.oracle_items import oracle_items
from circuits.outflow_items import outflow_cells, outflow_items
from circuits.parameter_items import fee_schedule_items, parameter_items, underlying_items
from circuits.records import (
    Argument,
    account_record,
    amount_cells,
    market_record,
    order_record,
    underlying_record,
)
from novation.protocol.assets import AMOUNT_WORDS, amount_of, with_amount
from novation.protocol.batch import (
    BatchEntry,
    BracketHints,
    CancelOrderHints,
    LiquidateHints,
    MakerVisit,
    MassQuoteHints,
    PlaceOrderHints,
    ReplaceOrderHints,
    TakeOverHints,
    TriggerOrderHints,
)
from novation.protocol.constants import (
    ACCOUNT_TREE_HEIGHT,
    ASSETS_PER_WORD,
    MARKET_TREE_HEIGHT,
    ORDER_TREE_HEIGHT,
    SKIPPED_NONCES,
    USD_ASSET_ID,
)
from novation.protocol.cost import RARE_TRANSACTIONS
from novation.protocol.errors import ResultCode
from novation.protocol.nonces import NonceWindow
from novation.protocol.numeric import unpack
from novation.protocol.output import BatchOutput, decode_output
from novation.protocol.rules.set_parameter import changed_parameters
from novation.protocol.signing_keys import Permission, SigningKey
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    Deposit,
    Liquidate,
    ListMarket,
    MassQuote,
    OracleUpdate,
    ParameterKind,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    PruneOrder,
    RemoveKey,
    ReplaceOrder,
    SetAuction,
    SetCancelTimer,
    SetParameter,
    SettlePosition,
    TakeOver,
    Transfer,
    TriggerOrder,
    Unsigned,
    Unwind,
    UserTransaction,
    Withdraw,
)
from novation.protocol.witness import BatchWitness

# circuits/vm/src/hints/records.rs has the same bases.
ORDER_KEY_BASE: Final = 2**40
MARKET_KEY_BASE: Final = 2**44
EPHEMERAL_KEY_BASE: Final = ORDER_KEY_BASE + (1 << ORDER_TREE_HEIGHT)

_NULL: Final = 0
_TYPE_PLACE_ORDER, _TYPE_CANCEL_ORDER, _TYPE_DEPOSIT, _TYPE_WITHDRAW = range(4)
_TYPE_ORACLE_UPDATE, _TYPE_SET_PARAMETER, _TYPE_ADD_KEY, _TYPE_REMOVE_KEY = range(4, 8)
_TYPE_LIST_MARKET, _TYPE_CANCEL_ALL, _TYPE_SET_CANCEL_TIMER = range(8, 11)
_TYPE_PRUNE_ORDER, _TYPE_APPLY_TIMER, _TYPE_MINUTE_TICK, _TYPE_LIQUIDATE = range(11, 15)
_TYPE_REPLACE_ORDER: Final = 15
_TYPE_TAKE_OVER: Final = 16
_TYPE_UNWIND: Final = 17
_TYPE_SET_AUCTION: Final = 18
_TYPE_SETTLE_POSITION: Final = 19
_TYPE_BID: Final = 20
_TYPE_MASS_QUOTE: Final = 21
_TYPE_PLACE_TRIGGER: Final = 23
_TYPE_TRIGGER_ORDER: Final = 25
_TYPE_TRANSFER: Final = 26
_TYPE_PLACE_BRACKET: Final = 27


@dataclass(frozen=True, slots=True)
class ProgramInput:
    """What a run needs. A list stands for a pointer to its items, in records and on the tape."""

    accounts: Mapping[int, Argument]
    orders: Mapping[int, Argument]
    markets: Mapping[int, Argument]
    tape: Sequence[Argument]

    @property
    def opened(
        self,
    ) -> tuple[Mapping[int, Argument], Mapping[int, Argument], Mapping[int, Argument]]:
        """Accounts, orders and markets."""
        return self.accounts, self.orders, self.markets


def program_input(witness: BatchWitness) -> ProgramInput:
    """Return the input with which the program proves a batch."""
    output = decode_output(witness.output)
    guesses = _Guesses(witness)
    is_rare = any(isinstance(entry.transaction, RARE_TRANSACTIONS) for entry in witness.entries)
    # `core_only` of the loader; behind the configuration is the place of the batch.
    tape: list[Argument] = [int(not is_rare), list(witness.config.felts()), _NULL]
    tape.append(parameter_items(witness))
    tape.extend(map(underlying_record, witness.old_underlyings))
    for index, entry in enumerate(witness.entries):
        last = index + 1 == len(witness.entries)
        delay_ms = 0 if last else witness.entries[index + 1].time_ms - entry.time_ms
        for account_id in entry.timed_out:
            tape.extend(([_TYPE_APPLY_TIMER, 0], [account_id]))
        tape.extend(_entry(entry, delay_ms, guesses))
    tape.extend(outflow_items(witness, output))
    tape[2] = _batch(witness, output, guesses.n_ephemeral)
    tape.extend(_account_leaves(witness, output))
    tape.extend(
        merkle_guesses(
            ACCOUNT_TREE_HEIGHT, [a.account_id for a in witness.accounts], witness.account_siblings
        )
    )
    slots = sorted({o.slot for o in witness.orders} | {o.slot for o in witness.new_orders})
    tape.extend(merkle_guesses(ORDER_TREE_HEIGHT, slots, witness.order_siblings))
    market_ids = [opened.market_id for opened in witness.markets]
    tape.extend(merkle_guesses(MARKET_TREE_HEIGHT, market_ids, witness.market_siblings))
    return ProgramInput(
        accounts={
            opened.account_id: account_record(opened.account)
            for opened in witness.accounts
            if opened.account is not None
        },
        orders={
            opened.order.order_id: order_record(opened.order, ORDER_KEY_BASE + opened.slot)
            for opened in witness.orders
        },
        markets={
            opened.market_id: market_record(opened.market)
            for opened in witness.markets
            if opened.market is not None
        },
        tape=tape,
    )


def _amounts_beside(amounts_quanta: Sequence[int], asset_id: int) -> list[int]:
    """Return the amounts of the word that has the asset's: what change_amount() guesses."""
    first_id = asset_id - (asset_id - 1) % ASSETS_PER_WORD
    padded = [*amounts_quanta, *[0] * (AMOUNT_WORDS * ASSETS_PER_WORD)]
    return padded[first_id - 1 : first_id - 1 + ASSETS_PER_WORD]


def _place_of_nonce(window: NonceWindow, nonce: int) -> Iterator[Argument]:
    """Yield what use_nonce() guesses of where a nonce is."""
    if window.is_next(nonce):
        yield int(False)
        return
    yield int(True)
    step = nonce - window.high
    yield int(step > 0)
    if step > 0:
        yield int(step > SKIPPED_NONCES)


def _permission_bits(key: SigningKey) -> list[int]:
    return [int(key.allows(permission)) for permission in Permission]


def _batch(witness: BatchWitness, output: BatchOutput, n_ephemeral: int) -> Argument:
    counters = witness.old_globals
    return [
        counters.batch_number,
        counters.time_ms,
        counters.next_order_id,
        counters.l1_queue_position,
        counters.oracle_time_ms,
        counters.custody_quanta,
        counters.recorded_deficit_quanta,
        counters.post_only_until_ms,
        counters.next_tick_ms,
        counters.tick_underlying,
        *amount_cells(counters.other_custody_quanta),
        *outflow_cells(counters),
        witness.old_roots.accounts,
        witness.old_roots.orders,
        witness.old_roots.markets,
        witness.entries[0].time_ms,
        sum(1 + len(entry.timed_out) for entry in witness.entries),
        len(output.operations),
        len(output.withdrawals),
        len(output.accounts),
        len(output.orders),
        n_ephemeral,
        len(output.markets),
        witness.fees_returned_quanta,
    ]


@dataclass(frozen=True, slots=True)
class _Signer:
    """Key slots of an account, and their windows, at some time of the batch."""

    keys: list[SigningKey]
    windows: list[NonceWindow]


class _Guesses:
    """What the program guesses about orders and keys, in the order of execution."""

    def __init__(self, witness: BatchWitness) -> None:
        self._slots = {new.order_id: new.slot for new in witness.new_orders}
        self._ephemeral: dict[int, int] = {}
        self._remaining: dict[int, int] = {}
        self._free: list[int] = []
        self.n_ephemeral = 0
        self._signers = {
            opened.account_id: _Signer(list(opened.account.keys), list(opened.account.windows))
            for opened in witness.accounts
            if opened.account is not None
        }
        self._holdings = {
            opened.account_id: opened.account.holdings_quanta
            for opened in witness.accounts
            if opened.account is not None
        }
        self.parameters = witness.old_parameters
        self._custody = witness.old_globals.other_custody_quanta

    def order_key(self, hints: PlaceOrderHints | TriggerOrderHints) -> int:
        """Follow a placed order and return its key in the log, 0 if it does not rest.

        An order that is gone before the batch ends may use the key of one that went before it: the
        fewer keys, the cheaper the squashing of the log.
        """
        self.follow(hints.visits)
        if not hints.resting_lots:
            return 0
        if hints.order_id in self._slots:
            return ORDER_KEY_BASE + self._slots[hints.order_id]
        if not self._free:
            self._free.append(EPHEMERAL_KEY_BASE + self.n_ephemeral)
            self.n_ephemeral += 1
        self._ephemeral[hints.order_id] = self._free.pop()
        self._remaining[hints.order_id] = hints.resting_lots
        return self._ephemeral[hints.order_id]

    def follow(self, visits: Iterable[MakerVisit]) -> None:
        """Follow what a walk does to the orders that it meets."""
        for visit in visits:
            if visit.outcome.removes:
                self.remove(visit.order_id)
            elif visit.order_id in self._remaining:
                self._remaining[visit.order_id] -= visit.lots
                if self._remaining[visit.order_id] == 0:
                    self.remove(visit.order_id)

    def remove(self, order_id: int) -> None:
        """Free the key of an order that is gone."""
        if order_id in self._ephemeral:
            self._free.append(self._ephemeral.pop(order_id))
            del self._remaining[order_id]

    def shrink(self, order_id: int, lots: int) -> None:
        """Note that an order has fewer lots left."""
        if order_id in self._remaining:
            self._remaining[order_id] -= lots

    def use_nonce(self, tx: UserTransaction) -> Iterator[Argument]:
        """Yield what authorize() guesses, and note the nonce."""
        signer = self._signers[tx.account_id]
        yield [tx.signature.r, tx.signature.s]
        if tx.key_index:
            yield _permission_bits(signer.keys[tx.key_index])
        yield from self._find_window(signer, tx.key_index)
        window = signer.windows[tx.key_index]
        yield from _place_of_nonce(window, tx.nonce)
        signer.windows[tx.key_index] = window.with_used(tx.nonce)

    def _find_window(self, signer: _Signer, slot: int) -> Iterator[Argument]:
        """Yield the windows of a word that has two and is opened for one of them."""
        if slot > 1:
            lower = slot - slot % 2
            pair = [window.word() for window in signer.windows[lower : lower + 2]]
            yield [*pair, 0, 0][:2]

    def deposit(self, tx: Deposit, result_code: ResultCode) -> Iterator[Argument]:
        """Yield what a deposit guesses, and note who signs for an account that it may create."""
        self._signers.setdefault(
            tx.account_id, _Signer([SigningKey.full(tx.stark_key)], [NonceWindow()])
        )
        if tx.asset_id != USD_ASSET_ID and result_code is ResultCode.DONE:
            yield from self._change_holding(tx.account_id, tx.asset_id, tx.amount_quanta)
            yield from self._change_custody(tx.asset_id, tx.amount_quanta)
        elif tx.asset_id != USD_ASSET_ID:
            yield from self._change_custody(tx.asset_id, 0)

    def leave(self, tx: Withdraw | Transfer) -> Iterator[Argument]:
        """Yield what is guessed behind the signature when an asset leaves an account."""
        if tx.asset_id == USD_ASSET_ID:
            return
        yield from self._change_holding(tx.account_id, tx.asset_id, -tx.amount_quanta)
        if isinstance(tx, Transfer):
            yield from self._change_holding(tx.to_account_id, tx.asset_id, tx.amount_quanta)
        else:
            yield from self._change_custody(tx.asset_id, -tx.amount_quanta)

    def _change_holding(
        self, account_id: int, asset_id: int, change_quanta: int
    ) -> Iterator[Argument]:
        before = self._holdings.get(account_id, ())
        yield _amounts_beside(before, asset_id)
        after_quanta = amount_of(before, asset_id) + change_quanta
        self._holdings[account_id] = with_amount(before, asset_id, after_quanta)

    def _change_custody(self, asset_id: int, change_quanta: int) -> Iterator[Argument]:
        yield _amounts_beside(self._custody, asset_id)
        after_quanta = amount_of(self._custody, asset_id) + change_quanta
        self._custody = with_amount(self._custody, asset_id, after_quanta)

    def change_key(self, tx: AddKey | RemoveKey) -> Iterator[Argument]:
        """Yield what add_key() guesses about the slot's window, and note the change of the slot."""
        signer = self._signers[tx.account_id]
        if isinstance(tx, RemoveKey):
            signer.keys[tx.slot] = signer.keys[tx.slot].removed()
            return
        if len(signer.keys) > 1:
            yield from self._find_window(signer, tx.slot)
        signer.keys[tx.slot :] = [tx.key(), *signer.keys[tx.slot + 1 :]]
        old = signer.windows[tx.slot : tx.slot + 1] or [NonceWindow()]
        signer.windows[tx.slot : tx.slot + 1] = [window.of_another_key() for window in old]


def _order(
    tx: PlaceOrder, entry: BatchEntry, delay_ms: int, guesses: _Guesses
) -> Iterator[Argument]:
    if isinstance(tx, ReplaceOrder):
        yield [_TYPE_REPLACE_ORDER, delay_ms]
        yield from _replacement(tx, entry, guesses)
    elif isinstance(tx, PlaceBracket):
        yield [_TYPE_PLACE_BRACKET, delay_ms]
        yield from _bracket(tx, entry, guesses)
    elif isinstance(tx, PlaceTrigger):
        assert isinstance(entry.hints, PlaceOrderHints)
        yield [_TYPE_PLACE_TRIGGER, delay_ms]
        yield [
            *_signed_order(tx),
            int(entry.result_code),
            tx.trigger_price_ticks,
            int(tx.trigger_direction),
            int(tx.ends_others),
            guesses.order_key(entry.hints),
            entry.hints.predecessor_id,
        ]
    else:
        assert isinstance(entry.hints, PlaceOrderHints)
        yield [_TYPE_PLACE_ORDER, delay_ms]
        yield _placed_order(tx, entry.result_code, entry.hints, guesses)
    yield from guesses.use_nonce(tx)
    if isinstance(tx, PlaceBracket):
        # What was signed, for the exits.
        yield [*_signed_order(tx), int(ResultCode.DORMANT)]


def _replacement(tx: ReplaceOrder, entry: BatchEntry, guesses: _Guesses) -> Iterator[Argument]:
    assert isinstance(entry.hints, ReplaceOrderHints)
    replaced, placed = entry.hints.replaced, entry.hints.placed
    yield [
        replaced.order_id,
        int(tx.order_id == 0),
        int(tx.in_place),
        tx.seen_lots,
        replaced.predecessor_id,
        int(placed is not None),
    ]
    if entry.result_code is ResultCode.AMENDED:
        guesses.shrink(replaced.order_id, tx.seen_lots - tx.size_lots)
    else:
        guesses.remove(replaced.order_id)
    if placed is None:
        yield [*_signed_order(tx), int(entry.result_code)]
    else:
        yield _placed_order(tx, entry.result_code, placed, guesses)


def _bracket(tx: PlaceBracket, entry: BatchEntry, guesses: _Guesses) -> Iterator[Argument]:
    assert isinstance(entry.hints, BracketHints)
    order = _placed_order(tx, entry.result_code, entry.hints.entry, guesses)
    # In the order in which keys are free: the exits are placed behind the order.
    places = [[guesses.order_key(hints), hints.predecessor_id] for hints in entry.hints.exits]
    stop, profit = places or ([0, 0], [0, 0])
    yield [
        *(tx.stop_trigger_ticks, tx.stop_price_ticks, *stop),
        *(tx.profit_trigger_ticks, tx.profit_price_ticks, *profit),
        tx.exits_expiry_time_ms,
    ]
    yield order


def _placed_order(
    tx: PlaceOrder, result_code: ResultCode, hints: PlaceOrderHints, guesses: _Guesses
) -> Argument:
    key = guesses.order_key(hints)
    return [*_signed_order(tx), int(result_code), key, hints.predecessor_id]


def _signed_order(tx: PlaceOrder) -> list[Argument]:
    return [
        *_head(tx),
        tx.market_id,
        tx.price_ticks,
        tx.size_lots,
        tx.expiry_time_ms,
        tx.max_fee_ppm,
        int(tx.side),
        int(tx.reduce_only),
        int(tx.time_in_force),
        int(tx.self_trade_mode) + int(tx.self_trade_scope) * 4,
        tx.label,
    ]


def _mass_quote(tx: MassQuote, entry: BatchEntry, guesses: _Guesses) -> Iterator[Argument]:
    assert isinstance(entry.hints, MassQuoteHints)
    terms, counts = map(int, astuple(tx.terms)), (len(tx.quotes), len(entry.hints.cleared))
    yield [*_head(tx), tx.market_id, *terms, *counts]
    for gone in entry.hints.cleared:
        yield [gone.order_id, gone.predecessor_id]
        guesses.remove(gone.order_id)
    for quote, placed in zip(tx.quotes, entry.hints.placed, strict=True):
        key = guesses.order_key(placed)
        yield [int(quote.side), quote.price_ticks, quote.size_lots, key, placed.predecessor_id]


def _entry(entry: BatchEntry, delay_ms: int, guesses: _Guesses) -> Iterator[Argument]:
    tx = entry.transaction
    if isinstance(tx, PlaceOrder):
        yield from _order(tx, entry, delay_ms, guesses)
    elif isinstance(tx, MassQuote):
        yield [_TYPE_MASS_QUOTE, delay_ms]
        yield from _mass_quote(tx, entry, guesses)
        yield from guesses.use_nonce(tx)
    elif isinstance(tx, CancelOrder):
        assert isinstance(entry.hints, CancelOrderHints)
        yield [_TYPE_CANCEL_ORDER, delay_ms]
        hints = entry.hints
        yield [*_head(tx), hints.order_id, int(tx.order_id == 0), hints.predecessor_id]
        yield from guesses.use_nonce(tx)
        guesses.remove(hints.order_id)
    elif isinstance(tx, CancelAll | SetCancelTimer):
        yield from _cancel_all(tx, delay_ms)
        yield from guesses.use_nonce(tx)
    elif isinstance(tx, Deposit):
        yield [_TYPE_DEPOSIT, delay_ms]
        yield [
            tx.account_id,
            tx.l1_address,
            *SigningKey.full(tx.stark_key).words(),
            tx.asset_id,
            tx.amount_quanta,
            int(entry.result_code),
        ]
        yield from guesses.deposit(tx, entry.result_code)
    elif isinstance(tx, Withdraw | Transfer):
        yield from _leaving(tx, delay_ms, guesses)
    elif isinstance(tx, Bid | AddKey | RemoveKey):
        yield from _account_change(tx, entry.result_code, delay_ms, guesses)
    elif isinstance(tx, OracleUpdate):
        yield [_TYPE_ORACLE_UPDATE, delay_ms]
        yield from oracle_items(tx)
    elif isinstance(tx, SetParameter):
        yield [_TYPE_SET_PARAMETER, delay_ms]
        yield from _set_parameter(tx, guesses)
    else:
        yield from _unsigned(tx, entry, delay_ms, guesses)


def _leaving(tx: Withdraw | Transfer, delay_ms: int, guesses: _Guesses) -> Iterator[Argument]:
    receiver = [tx.to_account_id] if isinstance(tx, Transfer) else []
    yield [_TYPE_TRANSFER if receiver else _TYPE_WITHDRAW, delay_ms]
    yield [*_head(tx), *receiver, tx.asset_id, tx.amount_quanta]
    yield from guesses.use_nonce(tx)
    yield from guesses.leave(tx)


def _unsigned(
    tx: Unsigned, entry: BatchEntry, delay_ms: int, guesses: _Guesses
) -> Iterator[Argument]:
    if isinstance(tx, PruneOrder):
        assert isinstance(entry.hints, CancelOrderHints)
        yield [_TYPE_PRUNE_ORDER, delay_ms]
        yield [tx.order_id, entry.hints.predecessor_id]
        guesses.remove(tx.order_id)
    elif isinstance(tx, Liquidate):
        assert isinstance(entry.hints, LiquidateHints)
        yield [_TYPE_LIQUIDATE, delay_ms]
        yield [tx.account_id, tx.market_id]
        guesses.follow(entry.hints.visits)
    elif isinstance(tx, TakeOver):
        yield [_TYPE_TAKE_OVER, delay_ms]
        assert isinstance(entry.hints, TakeOverHints)
        yield [tx.account_id, int(entry.hints.by_age)]
    elif isinstance(tx, SettlePosition):
        yield [_TYPE_SETTLE_POSITION, delay_ms]
        yield [tx.account_id, tx.market_id]
    elif isinstance(tx, SetAuction):
        yield [_TYPE_SET_AUCTION, delay_ms]
        yield [tx.account_id]
    elif isinstance(tx, TriggerOrder):
        assert isinstance(entry.hints, TriggerOrderHints)
        yield [_TYPE_TRIGGER_ORDER, delay_ms]
        guesses.remove(entry.hints.dormant_order_id)
        key = 0 if entry.hints.is_taken_back else guesses.order_key(entry.hints)
        yield [tx.market_id, key, entry.hints.predecessor_id]
    elif isinstance(tx, Unwind):
        assert isinstance(entry.hints, LiquidateHints)
        yield [_TYPE_UNWIND, delay_ms]
        yield [tx.market_id]
        guesses.follow(entry.hints.visits)
    elif isinstance(tx, ListMarket):
        yield [_TYPE_LIST_MARKET, delay_ms]
        yield [tx.market_id]
    else:
        yield [_TYPE_MINUTE_TICK, delay_ms]


def _cancel_all(tx: CancelAll | SetCancelTimer, delay_ms: int) -> Iterator[Argument]:
    if isinstance(tx, CancelAll):
        yield [_TYPE_CANCEL_ALL, delay_ms]
        yield [*_head(tx), tx.market_id or 0, int(tx.market_id is not None)]
    else:
        yield [_TYPE_SET_CANCEL_TIMER, delay_ms]
        yield [*_head(tx), tx.cancel_all_at_ms]


def _account_change(
    tx: Bid | AddKey | RemoveKey, result_code: ResultCode, delay_ms: int, guesses: _Guesses
) -> Iterator[Argument]:
    if isinstance(tx, Bid):
        limits = tx.min_discount_ppm, tx.max_notional_quanta
        yield [_TYPE_BID, delay_ms]
        yield [*_head(tx), tx.failing_account_id, tx.share_x16, *limits, int(result_code)]
        yield from guesses.use_nonce(tx)
    else:
        yield from _change_key(tx, delay_ms, guesses)


def _change_key(tx: AddKey | RemoveKey, delay_ms: int, guesses: _Guesses) -> Iterator[Argument]:
    if isinstance(tx, AddKey):
        yield [_TYPE_ADD_KEY, delay_ms]
        bits = _permission_bits(tx.key())
        yield [*_head(tx), tx.slot, *bits, tx.expiry_ms, tx.public_key]
    else:
        yield [_TYPE_REMOVE_KEY, delay_ms]
        yield [*_head(tx), tx.slot]
    yield from guesses.use_nonce(tx)
    yield from guesses.change_key(tx)


def _head(tx: UserTransaction) -> tuple[int, int, int, int]:
    return tx.account_id, tx.key_index, tx.nonce, tx.valid_until_ms


def _set_parameter(tx: SetParameter, guesses: _Guesses) -> Iterator[Argument]:
    yield [int(tx.kind), tx.index, tx.word]
    guesses.parameters = changed_parameters(guesses.parameters, tx)
    if tx.kind in (ParameterKind.UNDERLYING, ParameterKind.LIMITS, ParameterKind.END):
        yield underlying_items(guesses.parameters.underlyings[tx.index])
    elif tx.kind is ParameterKind.FEE_SCHEDULE:
        yield fee_schedule_items(guesses.parameters.fee_schedule)
    elif tx.kind is ParameterKind.ORACLE_RULE:
        yield list(unpack(tx.word, 8, 32))


def _account_leaves(witness: BatchWitness, output: BatchOutput) -> Iterator[Argument]:
    for opened, record in zip(witness.accounts, output.accounts, strict=True):
        account = opened.account
        yield [0 if account is None else len(account.positions), len(record.positions)]
