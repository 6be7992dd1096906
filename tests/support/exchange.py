"""A small exchange for tests: a state with an open batch, a clock, and signed traders."""

import copy
from dataclasses import fields, replace
from typing import Any, TypeVar

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.conservation import check_conservation
from novation.protocol.constants import (
    ACCOUNT_TREE_HEIGHT,
    AMOUNT_BOUND,
    CUSTODY_BOUND,
    INSURANCE_ACCOUNT_ID,
    LAST_TIME_MS,
    RESUME_GAP_MS,
    SHARE_X16_ONE,
)
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.limits import Limits
from novation.protocol.margin import Margin, margin_of
from novation.protocol.markets import Globals, UnderlyingState
from novation.protocol.merkle import MerkleTree
from novation.protocol.orders import (
    OrderList,
    RestingOrder,
    Side,
    TimeInForce,
    TriggerDirection,
)
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.rules.minute_tick import is_tick_due
from novation.protocol.running_sums import RunningSums
from novation.protocol.sealing import SealedBatch
from novation.protocol.signing import signed
from novation.protocol.state import State, StateParts, TreeNodes
from novation.protocol.transactions import (
    Bid,
    CancelAll,
    CancelOrder,
    Deposit,
    Liquidate,
    ListMarket,
    MassQuote,
    MinuteTick,
    ParameterKind,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    PruneOrder,
    Quote,
    QuoteTerms,
    ReplaceOrder,
    SetAuction,
    SetCancelTimer,
    SetParameter,
    SettlePosition,
    TakeOver,
    Transaction,
    Transfer,
    TriggerOrder,
    Unwind,
    UserTransaction,
    Withdraw,
)
from novation.protocol.transition import apply_transaction, open_batch, seal_batch
from tests.support.builders import (
    ONE_DOLLAR,
    QUORUM,
    START_MS,
    exchange_config,
    genesis,
    l1_address,
    oracle_report,
    oracle_update,
    private_key,
    public_key,
)
from tests.support.fields import field_of, with_field

BUY, SELL = Side.BUY, Side.SELL
ONE_HOUR_MS = 3_600_000

Signable = TypeVar("Signable", bound=UserTransaction)


class Exchange:
    """Applies transactions at `time_ms`; checks conservation, both ways, at every seal."""

    def __init__(
        self, parameters: Parameters | None = None, *, sign: bool = True, price_ticks: int = 1000
    ) -> None:
        """Open the first batch; set all prices unless `price_ticks` is 0."""
        self.config = exchange_config()
        self.genesis = genesis(parameters)
        self.state = State.genesis(self.config, self.genesis)
        self.sign = sign
        self.time_ms = START_MS
        self.nonces: dict[int, int] = {}
        # What the transactions of the open batch are charged.
        self.charged_steps = 0
        self.sums = RunningSums(self.state)
        open_batch(self.state)
        if price_ticks:
            self.set_price(price_ticks)

    def apply(self, tx: Transaction) -> TransactionResult:
        """Apply a transaction now, behind the ticks that are due."""
        if not isinstance(tx, MinuteTick):
            self.tick()
        result = apply_transaction(self.state, tx, self.time_ms, verify_signature=self.sign)
        self.charged_steps += result.cost_steps
        return result

    def tick(self) -> None:
        """Apply the ticks that are due, as the node does before anything else."""
        while is_tick_due(self.state, self.time_ms):
            self.apply(MinuteTick())

    def end_minute(self) -> None:
        """Let the minute end while prices are valid, and apply its ticks."""
        self.time_ms = self.state.globals.next_tick_ms - 2
        self.refresh_prices()
        self.time_ms += 1
        self.tick()

    def settle_gains(self) -> None:
        """Let so many minutes end that nobody has gained since the reference marks."""
        for _ in range(2):
            self.end_minute()

    @property
    def custody_quanta(self) -> int:
        """What the state says is in custody."""
        return self.state.globals.custody_quanta

    def wait(self, duration_ms: int) -> None:
        """Let time pass while the oracles report the prices that hold; no gap comes of it."""
        for _ in range(duration_ms // RESUME_GAP_MS):
            self.time_ms += RESUME_GAP_MS - 1
            self.refresh_prices()
        self.time_ms += max(duration_ms % RESUME_GAP_MS - 1, 0)
        self.refresh_prices()

    def refresh_prices(self) -> TransactionResult:
        """Report the prices that hold once more."""
        return self._update(tuple(u.index_price_x16 for u in self.state.underlyings))

    def seal(self) -> SealedBatch:
        """Seal the open batch and open the next."""
        sealed = seal_batch(self.state)
        check_conservation(self.state)
        self.sums.follow(self.state, sealed)
        assert vars(self.sums) == vars(RunningSums(self.state))
        open_batch(self.state)
        self.charged_steps = 0
        return sealed

    def set_underlying(self, index: int, word: Underlying) -> TransactionResult:
        """Let L1 set or append an underlying."""
        return self.apply(SetParameter(ParameterKind.UNDERLYING, index, word.word()))

    def set_limits(self, index: int, **limits: int) -> TransactionResult:
        """Let L1 set the limits of an underlying."""
        return self.apply(SetParameter(ParameterKind.LIMITS, index, Limits(**limits).word()))

    def set_outflow_share(self, share_ppm: int) -> TransactionResult:
        """Let L1 set what part of custody may leave in an hour."""
        return self.apply(SetParameter(ParameterKind.OUTFLOW_SHARE, 0, share_ppm))

    def end_market(self, index: int, ends_ms: int) -> TransactionResult:
        """Let L1 announce when a market is settled."""
        return self.apply(SetParameter(ParameterKind.END, index, ends_ms))

    def settle_position(self, account_id: int, market_id: int = 0) -> TransactionResult:
        """Settle a position in a market that has ended."""
        return self.apply(SettlePosition(account_id, market_id))

    def list_market(self, market_id: int) -> TransactionResult:
        """List a market."""
        return self.apply(ListMarket(market_id))

    def fund(self, *account_ids: int, amount_quanta: int = 10_000 * ONE_DOLLAR) -> None:
        """Deposit the amount for each account."""
        for account_id in account_ids:
            self.apply(self.deposit(account_id, amount_quanta))

    def deposit(self, account_id: int, amount_quanta: int, asset_id: int = 0) -> Deposit:
        """Return a deposit with the account's own address and key."""
        key = public_key(private_key(account_id))
        return Deposit(account_id, l1_address(account_id), key, amount_quanta, asset_id)

    def set_price(self, *price_ticks: int) -> TransactionResult:
        """Update all prices to whole ticks, and let time pass until a jump is settled.

        The last one given serves for the rest.
        """
        result = self.jump(*price_ticks)
        self.settle()
        return result

    def jump(self, *price_ticks: int) -> TransactionResult:
        """Update all prices to whole ticks; the last one given serves for the rest."""
        n_prices = len(self.state.underlyings)
        prices = (price_ticks + price_ticks[-1:] * n_prices)[:n_prices]
        return self._update(tuple(price << 16 for price in prices))

    def settle(self) -> None:
        """Let time pass until every jump is settled, with prices that are valid then."""
        until_ms = max(prices.resolve_until_ms for prices in self.state.underlyings)
        if self.time_ms < until_ms:
            self.time_ms = until_ms - 1
            self.refresh_prices()

    def set_price_x16(self, *prices_x16: int) -> TransactionResult:
        """Update all prices."""
        return self._update(prices_x16)

    def silence(self, *market_ids: int) -> TransactionResult:
        """Let an update have no price of some markets, and the last ones of the others."""
        prices_x16 = (underlying.index_price_x16 for underlying in self.state.underlyings)
        told = (0 if i in market_ids else price_x16 for i, price_x16 in enumerate(prices_x16))
        return self._update(tuple(told))

    def _update(self, prices_x16: tuple[int, ...]) -> TransactionResult:
        self.time_ms += 1
        reports = [oracle_report(self.config, i, self.time_ms, prices_x16) for i in range(QUORUM)]
        return self.apply(oracle_update(tuple(reports)))

    def order(
        self, account_id: int, side: Side, size_lots: int, price_ticks: int, **changes: Any
    ) -> PlaceOrder:
        """Return a signed order, by default good till cancelled in market 0."""
        fields = {
            "key_index": 0,
            "nonce": self.next_nonce(account_id),
            "market_id": 0,
            "expiry_time_ms": self.time_ms + ONE_HOUR_MS,
            "max_fee_ppm": 1000,
        } | changes
        order = PlaceOrder(
            account_id=account_id,
            side=side,
            size_lots=size_lots,
            price_ticks=price_ticks,
            **fields,
        )
        return self.signed(order)

    def place(
        self, account_id: int, side: Side, size_lots: int, price_ticks: int, **changes: Any
    ) -> TransactionResult:
        """Sign and apply an order."""
        return self.apply(self.order(account_id, side, size_lots, price_ticks, **changes))

    def stop(
        self, account_id: int, side: Side, size_lots: int, trigger_price_ticks: int, **changes: Any
    ) -> PlaceTrigger:
        """Return a signed order that lies dormant: by default one that ends a loss at once.

        It waits for the mark to go against a position, and is immediate or cancel, down to a
        twentieth beyond its trigger.
        """
        direction = TriggerDirection.FALL if side is SELL else TriggerDirection.RISE
        direction = changes.pop("trigger_direction", direction)
        ends_others = changes.pop("ends_others", False)
        worst_ticks = trigger_price_ticks * (19 if side is SELL else 21) // 20
        fields = {"reduce_only": True, "time_in_force": TimeInForce.IOC} | changes
        price_ticks = fields.pop("price_ticks", max(worst_ticks, 1))
        order = self.order(account_id, side, size_lots, price_ticks, **fields)
        named = {"trigger_price_ticks": trigger_price_ticks, "trigger_direction": direction}
        return self.signed(PlaceTrigger.of(order, **named, ends_others=ends_others))

    def place_stop(
        self, account_id: int, side: Side, size_lots: int, trigger_price_ticks: int, **changes: Any
    ) -> TransactionResult:
        """Sign and apply an order that lies dormant, see `stop`."""
        return self.apply(self.stop(account_id, side, size_lots, trigger_price_ticks, **changes))

    def bracket(
        self, account_id: int, side: Side, size_lots: int, price_ticks: int, **changes: Any
    ) -> PlaceBracket:
        """Return a signed order with exits: by default a tenth away from its price."""
        way = 1 if side is BUY else -1
        exits = {
            "stop_trigger_ticks": price_ticks - way * price_ticks // 10,
            "stop_price_ticks": price_ticks - way * price_ticks // 5,
            "profit_trigger_ticks": price_ticks + way * price_ticks // 10,
            "profit_price_ticks": price_ticks + way * price_ticks // 20,
            "exits_expiry_time_ms": self.time_ms + 2 * ONE_HOUR_MS,
        }
        exits |= {name: changes.pop(name) for name in tuple(changes) if name in exits}
        order = self.order(account_id, side, size_lots, price_ticks, **changes)
        return self.signed(PlaceBracket.of(order, **exits))

    def place_bracket(
        self, account_id: int, side: Side, size_lots: int, price_ticks: int, **changes: Any
    ) -> TransactionResult:
        """Sign and apply an order with exits, see `bracket`."""
        return self.apply(self.bracket(account_id, side, size_lots, price_ticks, **changes))

    def trigger(self, market_id: int = 0) -> TransactionResult:
        """Let the dormant order meet the book that is due."""
        return self.apply(TriggerOrder(market_id))

    def dormant(self, order_list: OrderList, market_id: int = 0) -> list[tuple[int, int]]:
        """Return (order id, price of its trigger) of a list of dormant orders, first one first."""
        listed = []
        order_id, _ = self.state.market(market_id).head(order_list)
        while order_id:
            order = self.state.order(order_id)
            listed.append((order_id, order.list_price_ticks))
            order_id = order.next_id
        return listed

    def replacement(
        self, order_id: int, side: Side, size_lots: int, price_ticks: int, /, **changes: Any
    ) -> ReplaceOrder:
        """Return a signed order in place of one, of whose lots its owner has seen all.

        Any field of the new one may be given, of the old one's name, too.
        """
        old = self.state.get_order(order_id)
        named = {"order_id": order_id, "seen_lots": old.remaining_lots if old else 1}
        own = {field.name for field in fields(ReplaceOrder)} - {f.name for f in fields(PlaceOrder)}
        named |= {name: changes.pop(name) for name in own & changes.keys()}
        account_id = changes.pop("account_id", old.account_id if old else 2)
        market_id = changes.pop("market_id", old.market_id if old else 0)
        order = self.order(account_id, side, size_lots, price_ticks, market_id=market_id, **changes)
        return self.signed(ReplaceOrder.of(order, **named))

    def replace_order(
        self, order_id: int, side: Side, size_lots: int, price_ticks: int, /, **changes: Any
    ) -> TransactionResult:
        """Sign and apply an order in place of another one."""
        return self.apply(self.replacement(order_id, side, size_lots, price_ticks, **changes))

    def shrink(self, order_id: int, size_lots: int, /, **changes: Any) -> TransactionResult:
        """Make an order smaller where it stands."""
        old = self.state.order(order_id)
        kept = {"reduce_only": old.reduce_only, "expiry_time_ms": old.expiry_time_ms}
        asked = {"in_place": True, **kept, **changes}
        return self.replace_order(order_id, old.side, size_lots, old.price_ticks, **asked)

    def quotes(
        self, account_id: int, *quotes: tuple[Side, int, int], market_id: int = 0, **terms: Any
    ) -> MassQuote:
        """Return signed quotes, each a side, lots and a price."""
        common = {"expiry_time_ms": self.time_ms + ONE_HOUR_MS, "max_fee_ppm": 1000}
        tx = MassQuote(
            account_id,
            key_index=0,
            nonce=self.next_nonce(account_id),
            market_id=market_id,
            terms=QuoteTerms(**common | terms),
            quotes=tuple(Quote(side, price, lots) for side, lots, price in quotes),
        )
        return self.signed(tx)

    def quote(
        self, account_id: int, *quotes: tuple[Side, int, int], **terms: Any
    ) -> TransactionResult:
        """Sign and apply quotes."""
        return self.apply(self.quotes(account_id, *quotes, **terms))

    def cancel(self, account_id: int, order_id: int) -> TransactionResult:
        """Sign and apply a cancellation."""
        return self.apply(self.cancellation(account_id, order_id))

    def cancellation(self, account_id: int, order_id: int) -> CancelOrder:
        """Return a signed cancellation."""
        tx = CancelOrder(account_id, 0, self.next_nonce(account_id), order_id)
        return self.signed(tx)

    def cancel_all(self, account_id: int, market_id: int | None = None) -> TransactionResult:
        """Cancel all orders of an account, everywhere or in one market."""
        tx = CancelAll(account_id, 0, self.next_nonce(account_id), market_id)
        return self.apply(self.signed(tx))

    def set_cancel_timer(self, account_id: int, cancel_all_at_ms: int) -> TransactionResult:
        """Let all orders of an account die at some time."""
        tx = SetCancelTimer(account_id, 0, self.next_nonce(account_id), cancel_all_at_ms)
        return self.apply(self.signed(tx))

    def cancel_placed_by(
        self, account_id: int, nonce: int, key_index: int = 0, quote_index: int = 0
    ) -> TransactionResult:
        """Cancel an order that a message of the account placed."""
        own = self.next_nonce(account_id)
        tx = CancelOrder(account_id, 0, own, 0, key_index, nonce, quote_index)
        return self.apply(self.signed(tx))

    def prune(self, order_id: int) -> TransactionResult:
        """Take a dead order out of the book."""
        return self.apply(PruneOrder(order_id))

    def liquidate(self, account_id: int, market_id: int = 0) -> TransactionResult:
        """Reduce a position of a failing account."""
        return self.apply(Liquidate(account_id, market_id))

    def set_auction(self, account_id: int) -> TransactionResult:
        """Start the auction of a failing account, or end that of one that does not fail."""
        return self.apply(SetAuction(account_id))

    def bid(self, account_id: int, failing_account_id: int, **changes: int) -> TransactionResult:
        """Sign and apply a bid for all that a failing account holds."""
        return self.apply(self.offer(account_id, failing_account_id, **changes))

    def offer(self, account_id: int, failing_account_id: int, **changes: int) -> Bid:
        """Return a signed bid, by default for everything and without limits."""
        fields = {
            "share_x16": SHARE_X16_ONE,
            "min_discount_ppm": 0,
            "max_notional_quanta": AMOUNT_BOUND - 1,
        } | changes
        nonce = self.next_nonce(account_id)
        return self.signed(Bid(account_id, 0, nonce, failing_account_id, **fields))

    def take_over(self, account_id: int) -> TransactionResult:
        """Take over the positions of an account."""
        return self.apply(TakeOver(account_id))

    def unwind(self, market_id: int = 0) -> TransactionResult:
        """Trade a part of what the pool of a market has, or the insurance fund."""
        return self.apply(Unwind(market_id))

    def withdraw(self, account_id: int, amount_quanta: int, asset_id: int = 0) -> TransactionResult:
        """Sign and apply a withdrawal, after the node's part: expired orders leave the book."""
        self.prune_expired(account_id)
        return self.apply(self.withdrawal(account_id, amount_quanta, asset_id))

    def prune_expired(self, account_id: int) -> None:
        """Prune the account's expired orders, as the node does within a second."""
        for order in self.state.orders_of(account_id):
            if order.expiry_time_ms <= self.time_ms:
                self.apply(PruneOrder(order.order_id))

    def withdrawal(self, account_id: int, amount_quanta: int, asset_id: int = 0) -> Withdraw:
        """Return a signed withdrawal."""
        tx = Withdraw(account_id, 0, self.next_nonce(account_id), amount_quanta, asset_id)
        return self.signed(tx)

    def transfer(
        self, account_id: int, to_account_id: int, amount_quanta: int, asset_id: int = 0
    ) -> TransactionResult:
        """Sign and apply a transfer to another account."""
        return self.apply(self.transferral(account_id, to_account_id, amount_quanta, asset_id))

    def transferral(
        self, account_id: int, to_account_id: int, amount_quanta: int, asset_id: int = 0
    ) -> Transfer:
        """Return a signed transfer."""
        nonce = self.next_nonce(account_id)
        return self.signed(Transfer(account_id, 0, nonce, to_account_id, amount_quanta, asset_id))

    def signed(self, tx: Signable, secret: int | None = None) -> Signable:
        """Return a message with a signature, by default of the account's first key.

        Unless it says otherwise it is valid for an hour. In an exchange of unsigned messages it
        gets no signature.
        """
        if not tx.valid_until_ms:
            tx = replace(tx, valid_until_ms=min(self.time_ms + ONE_HOUR_MS, LAST_TIME_MS))
        secret = private_key(tx.account_id) if secret is None else secret
        return signed(tx, secret, self.config) if self.sign else tx

    def next_nonce(self, account_id: int) -> int:
        """Return a nonce of slot 0 that was not used before."""
        account = self.state.get_account(account_id)
        used = 0 if account is None else account.windows[0].high
        self.nonces[account_id] = max(self.nonces.get(account_id, 0), used) + 1
        return self.nonces[account_id]

    def refuse(self, tx: Transaction) -> ErrorCode:
        """Apply a transaction that must be refused without a trace; return the code."""
        self.tick()
        before = snapshot(self.state)
        try:
            self.apply(tx)
        except InvalidTransaction as error:
            assert snapshot(self.state) == before
            self._check_bound(tx, error)
            return error.code
        raise AssertionError(f"accepted: {tx}")

    def _check_bound(self, tx: Transaction, error: InvalidTransaction) -> None:
        """Every refusal names a field and two numbers, and the limit itself is allowed."""
        broken = error.broken
        assert broken.field
        assert {type(broken.value), type(broken.limit)} <= {int}
        if not isinstance(field_of(tx, broken.field), int):
            return
        assert field_of(tx, broken.field) == broken.value
        assert broken.limit != broken.value
        allowed = with_field(tx, broken.field, broken.limit)
        state = copy.deepcopy(self.state)
        try:
            apply_transaction(state, allowed, self.time_ms, verify_signature=self.sign)
        except InvalidTransaction as other:
            if (other.code, other.broken.field) == (error.code, broken.field):
                raise AssertionError(f"{error}; with the limit {broken.limit}: {other}") from error

    def margin(self, account_id: int) -> Margin:
        """Return equity and requirements of an account."""
        return margin_of(
            self.state.account(account_id), self.state.underlyings, self.state.parameters
        )

    def size(self, account_id: int, market_id: int = 0) -> int:
        """Return an account's position."""
        return self.state.account(account_id).position(market_id).size_lots

    def balance(self, account_id: int) -> int:
        """Return an account's collateral."""
        return self.state.account(account_id).collateral_quanta

    def book(self, side: Side, market_id: int = 0) -> list[tuple[int, int, int]]:
        """Return (order id, price, remaining) of a side, best first, following the list."""
        listed = []
        order_id, _ = self.state.market(market_id).head(side)
        while order_id:
            order = self.state.order(order_id)
            listed.append((order_id, order.price_ticks, order.remaining_lots))
            order_id = order.next_id
        return listed


def placed_by(order: RestingOrder) -> dict[str, int]:
    """Return the fields that name an order by the message that placed it."""
    return {
        "placed_key_index": order.key_index,
        "placed_nonce": order.nonce,
        "placed_quote_index": order.quote_index,
    }


def exchange_with(
    accounts: dict[int, Account],
    parameters: Parameters | None = None,
    counters: Globals | None = None,
    underlyings: tuple[UnderlyingState, ...] | None = None,
) -> Exchange:
    """Return an exchange that begins with other accounts besides the two reserved ones.

    Balances add up to what is in custody: the insurance fund owes what is above its bound.
    """
    exchange = Exchange(parameters, price_ticks=0)
    reserved = exchange.genesis.accounts()
    total_quanta = sum(account.collateral_quanta for account in accounts.values())
    custody_quanta = min(total_quanta, CUSTODY_BOUND - 1)
    insurance = reserved[INSURANCE_ACCOUNT_ID].with_balance(custody_quanta - total_quanta)
    accounts = {**reserved, INSURANCE_ACCOUNT_ID: insurance, **accounts}
    nodes: dict[tuple[int, int], int] = {}
    leaves = {account_id: account.leaf() for account_id, account in accounts.items()}
    MerkleTree(ACCOUNT_TREE_HEIGHT, nodes).update(leaves)
    old = exchange.state
    counters = replace(counters or old.globals, custody_quanta=custody_quanta)
    parts = StateParts(
        parameters=old.parameters,
        underlyings=old.underlyings if underlyings is None else underlyings,
        accounts=accounts,
        orders={},
        markets=old.markets,
        counters=counters,
        nodes=TreeNodes(accounts=nodes, markets=old.markets_tree.nodes),
    )
    exchange.state = State(exchange.config, parts)
    exchange.sums = RunningSums(exchange.state)
    open_batch(exchange.state)
    return exchange


def snapshot(state: State) -> tuple[Any, ...]:
    """Return everything a refused transaction must not change."""
    batch = state.batch
    assert batch is not None
    return (
        dict(state.accounts),
        dict(state.orders),
        dict(state.markets),
        state.parameters,
        state.underlyings,
        state.globals,
        state.fees_quanta,
        state.root,
        {key: list(index) for key, index in state.books.items()},
        list(batch.entries),
        dict(batch.opened_accounts),
        dict(batch.opened_orders),
        dict(batch.opened_markets),
        batch.n_born,
    )
