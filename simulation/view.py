"""What a trader sees of the exchange: prices, books, his own account. Nothing is changed here."""

from collections.abc import Iterator

from novation.protocol.accounts import Account
from novation.protocol.auction import discount_ppm, followed_auction, is_auction_running
from novation.protocol.constants import (
    AUCTION_FEE_PPM,
    PPM_ONE,
    PRICE_X16_ONE,
    TAKE_OVER_AFTER_MS,
)
from novation.protocol.insured_interest import interest_cap_lots
from novation.protocol.liquidation import zero_price_ticks
from novation.protocol.margin import Margin, margin_of
from novation.protocol.mark import opening_margin_ppm
from novation.protocol.orders import RestingOrder, Side, crosses
from novation.protocol.parameters import Underlying
from novation.protocol.rules.dead_orders import cause_of_death, may_be_pruned_idle
from novation.protocol.rules.pools import opposite_side
from novation.protocol.rules.unwind import (
    lots_to_unwind,
    unwinding_price_ticks,
    wanted_markets,
)
from simulation.exchange import Exchange


class View:
    """Reads the state of an exchange, in ticks, lots and quanta."""

    def __init__(self, exchange: Exchange) -> None:
        """Look at an exchange."""
        self._exchange = exchange

    @property
    def now_ms(self) -> int:
        """The exchange's time."""
        return self._exchange.time_ms

    @property
    def n_markets(self) -> int:
        """How many markets there are; their ids are below it."""
        return len(self._exchange.state.markets)

    @property
    def has_valid_prices(self) -> bool:
        """Whether the last prices may still be used."""
        return self.now_ms <= self._exchange.state.globals.price_valid_until_ms

    @property
    def is_post_only(self) -> bool:
        """Whether prices have just come back after a gap."""
        return self.now_ms < self._exchange.state.globals.post_only_until_ms

    def has_jumped(self, market_id: int) -> bool:
        """Return whether users wait until a jump of the index is settled."""
        return self.now_ms < self._exchange.state.price_of(market_id).resolve_until_ms

    @property
    def custody_quanta(self) -> int:
        """What is there to be withdrawn by all together."""
        return self._exchange.state.globals.custody_quanta

    @property
    def recorded_deficit_quanta(self) -> int:
        """What nobody could pay."""
        return self._exchange.state.globals.recorded_deficit_quanta

    def mark_ticks(self, market_id: int) -> int:
        """Return the mark price, rounded to the next tick."""
        mark_x16 = self._exchange.state.mark_price_x16(market_id)
        return max(1, (mark_x16 + PRICE_X16_ONE // 2) // PRICE_X16_ONE)

    def index_ticks(self, market_id: int) -> int:
        """Return the index price, what the thing itself costs, rounded to the next tick."""
        index_x16 = self._exchange.state.price_of(market_id).index_price_x16
        return max(1, (index_x16 + PRICE_X16_ONE // 2) // PRICE_X16_ONE)

    def premium_ppm(self, market_id: int) -> int:
        """Return how far the mark price is above the index price, 0 before the first."""
        state = self._exchange.state
        index_x16 = state.price_of(market_id).index_price_x16
        if index_x16 == 0:
            return 0
        return (state.mark_price_x16(market_id) - index_x16) * PPM_ONE // index_x16

    def value_quanta(self, market_id: int, lots: int, price_ticks: int) -> int:
        """Return what lots are worth at a price."""
        return self._exchange.state.underlying_of(market_id).notional_quanta(lots, price_ticks)

    def min_order_quanta(self, market_id: int) -> int:
        """Return what an order that may rest is worth at least."""
        return self._exchange.state.underlying_of(market_id).min_order_quanta

    def lot_quanta(self, market_id: int) -> int:
        """Return what a lot is worth at the mark price."""
        return self.value_quanta(market_id, 1, self.mark_ticks(market_id))

    def initial_margin_ppm(self, market_id: int) -> int:
        """Return the share of a position's value that has to be there to open it."""
        state = self._exchange.state
        return opening_margin_ppm(state.price_of(market_id), state.underlying_of(market_id))

    def interest_cap_lots(self, market_id: int) -> int:
        """Return what the open interest may be at most."""
        state = self._exchange.state
        return interest_cap_lots(state.price_of(market_id), state.underlying_of(market_id))

    def terms(self, market_id: int) -> Underlying:
        """Return the terms of a market, its modes among them."""
        return self._exchange.state.underlying_of(market_id)

    def price_band_ppm(self, market_id: int) -> int:
        """Return how far from the mark price an order may be, on the dangerous side."""
        return self._exchange.state.underlying_of(market_id).price_band_ppm

    def taker_fee_ppm(self, market_id: int) -> int:
        """Return what a taker pays."""
        return self._exchange.state.underlying_of(market_id).taker_fee_ppm

    def open_interest_quanta(self, market_id: int) -> int:
        """Return the value of all longs."""
        return self.open_interest_lots(market_id) * self.lot_quanta(market_id)

    def open_interest_lots(self, market_id: int) -> int:
        """Return the lots of all longs."""
        return self._exchange.state.market(market_id).open_interest_lots

    def best(self, market_id: int, side: Side) -> RestingOrder | None:
        """Return the best order of a side that could be filled."""
        return next(self.book(market_id, side), None)

    def book(self, market_id: int, side: Side) -> Iterator[RestingOrder]:
        """Yield the orders of a side that could be filled, best first."""
        state = self._exchange.state
        for order_id in state.books[market_id, side]:
            order = state.order(order_id)
            if not self.is_prunable(order):
                yield order

    def head(self, market_id: int, side: Side) -> RestingOrder | None:
        """Return the first order of a side, dead or alive."""
        state = self._exchange.state
        head_id, _ = state.market(market_id).head(side)
        return state.order(head_id) if head_id else None

    def prunable_orders(self) -> list[int]:
        """Return the ids of orders that anybody may prune, oldest first."""
        orders = self._exchange.state.orders.values()
        return sorted(order.order_id for order in orders if self.is_prunable(order))

    def is_prunable(self, order: RestingOrder) -> bool:
        """Return whether an order is dead, or has nothing left to reduce."""
        state = self._exchange.state
        account = state.account(order.account_id)
        if account.cancel_all_at_ms <= self.now_ms:
            return True
        # The state's own time is that of the last transaction, this is now.
        is_expired = order.expiry_time_ms <= self.now_ms
        slot = account.position(order.market_id)
        is_dead = is_expired or cause_of_death(state, order, slot) is not None
        return is_dead or may_be_pruned_idle(order, slot)

    def account(self, account_id: int) -> Account:
        """Return an account, which exists."""
        return self._exchange.state.account(account_id)

    def balance_quanta(self, account_id: int, asset_id: int) -> int:
        """Return what an account has of an asset besides USD."""
        return self.account(account_id).balance(asset_id)

    def size_lots(self, account_id: int, market_id: int) -> int:
        """Return an account's position."""
        return self.account(account_id).position(market_id).size_lots

    def held_markets(self, account_id: int) -> list[int]:
        """Return the markets in which an account has a position."""
        return [slot.market_id for slot in self.account(account_id).positions if slot.size_lots]

    def margin(self, account_id: int) -> Margin:
        """Return an account's equity and requirements."""
        state = self._exchange.state
        return margin_of(state.account(account_id), state.underlyings, state.parameters)

    def is_failing(self, account_id: int) -> bool:
        """Return whether an account has something left, but less than it must maintain."""
        margin = self.margin(account_id)
        return margin.equity_x16 >= 0 and not margin.meets_maintenance

    def failing_accounts(self) -> list[int]:
        """Return the accounts that may be liquidated."""
        return [
            account_id
            for account_id, margin in self._exchange.margins().items()
            if margin.equity_x16 >= 0 and not margin.meets_maintenance
        ]

    def due_auctions(self) -> list[int]:
        """Return the accounts whose auction should begin or end.

        A debt without a position cannot be for sale.
        """
        return [
            account_id
            for account_id, account in self._exchange.state.accounts.items()
            if (account.positions or account.auction_start_ms)
            and followed_auction(account, self.margin(account_id), self.now_ms) != account
            and (self.margin(account_id).meets_maintenance or self.held_markets(account_id))
        ]

    def auctioned_accounts(self) -> list[int]:
        """Return the failing accounts whose positions are for sale now."""
        accounts = self._exchange.state.accounts
        return [i for i in self.failing_accounts() if is_auction_running(accounts[i], self.now_ms)]

    def notional_quanta(self, account_id: int) -> int:
        """Return what all positions of an account are worth at the mark."""
        return sum(
            abs(slot.size_lots) * self.lot_quanta(slot.market_id)
            for slot in self.account(account_id).positions
        )

    def offered_discount_ppm(self, account_id: int) -> int:
        """Return what a bid is given now, without its fee: a part of what it takes at the mark."""
        margin, account = self.margin(account_id), self.account(account_id)
        given_x16 = margin.equity_x16 * discount_ppm(account, self.now_ms) // PPM_ONE
        kept_x16 = given_x16 * (PPM_ONE - AUCTION_FEE_PPM) // PPM_ONE
        return kept_x16 * PPM_ONE // (PRICE_X16_ONE * self.notional_quanta(account_id))

    def hopeless_accounts(self) -> list[int]:
        """Return the accounts that anybody may have taken over.

        They have less than two thirds of what they must maintain, or have been for sale for a
        minute.
        """
        accounts, found = self._exchange.state.accounts, []
        for account_id, margin in self._exchange.margins().items():
            account = accounts[account_id]
            is_old = self.now_ms - account.auction_start_ms >= TAKE_OVER_AFTER_MS
            is_for_sale = is_old and is_auction_running(account, self.now_ms)
            has_little = 3 * margin.equity_x16 * PPM_ONE < 2 * margin.maintenance_x16_ppm
            fails = not margin.meets_maintenance and bool(self.held_markets(account_id))
            if fails and (has_little or is_for_sale):
                found.append(account_id)
        return found

    def wanted_positions(self, account_id: int) -> list[int]:
        """Return markets in which the book takes a failing account's position, largest first.

        At its zero price or better: the best order of the other side must bid that. In a market
        that is halted nobody is liquidated.
        """
        margin, state = self.margin(account_id), self._exchange.state
        found: list[tuple[int, int]] = []
        for slot in self.account(account_id).positions:
            if slot.size_lots == 0:
                continue
            market_id, side = slot.market_id, Side.SELL if slot.size_lots > 0 else Side.BUY
            terms, mark_x16 = state.underlying_of(market_id), state.mark_price_x16(market_id)
            if terms.is_halted:
                continue
            best = self.best(market_id, side.other)
            zero_ticks = zero_price_ticks(margin, side, mark_x16, terms)
            if best is not None and crosses(side, zero_ticks, best.price_ticks):
                found.append((-abs(slot.size_lots) * self.lot_quanta(market_id), market_id))
        return [market_id for _, market_id in sorted(found)]

    def unwound_markets(self) -> list[int]:
        """Return the markets whose book pays enough for what pools or the fund took."""
        wanted = wanted_markets(self._exchange.state, self.now_ms)
        return [market_id for market_id in wanted if self.best_for_unwinding(market_id)]

    def best_for_unwinding(self, market_id: int) -> RestingOrder | None:
        """Return the best order that pays enough for what a pool or the fund took."""
        state = self._exchange.state
        side = opposite_side(lots_to_unwind(state, market_id))
        best = self.best(market_id, side.other)
        limit_ticks = unwinding_price_ticks(state, market_id, side)
        return best if best is not None and crosses(side, limit_ticks, best.price_ticks) else None

    def equity_quanta(self, account_id: int) -> int:
        """Return what an account is worth, rounded down."""
        return self.margin(account_id).equity_x16 // PRICE_X16_ONE

    def has_order(self, order_id: int) -> bool:
        """Return whether an order, dead or alive, is in the book."""
        return order_id in self._exchange.state.orders

    def orders_of(self, account_id: int) -> list[RestingOrder]:
        """Return all orders of an account that are in the book, the dead too."""
        return self._exchange.state.orders_of(account_id)
