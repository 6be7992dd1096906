from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.resting import relink
from circuits.cairo.book.walk import remove_order
from circuits.cairo.constants import MARKET_KEY_BASE, MESSAGE_CANCEL_ORDER, SIDE_BUY, TRADE_BIT
from circuits.cairo.environment import Environment
from circuits.cairo.margin import surplus_of
from circuits.cairo.state.accounts import Account, MessageHead, authorize
from circuits.cairo.state.markets import Market
from circuits.cairo.state.orders import Order
from circuits.cairo.state.positions import Position, find_position, replace_position
from circuits.cairo.state.prices import Price

// The transaction as the prover gives it: the signed fields, then its guess of the order before the
// cancelled one, 0 if that is the head.
struct CancelOrder {
    head: MessageHead,
    order_id: felt,
    predecessor_id: felt,
}

// The owner takes a resting order off the book.
func cancel_order{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: CancelOrder;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry at the end; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (local identity, local nonce_0) = authorize(
        MESSAGE_CANCEL_ORDER,
        message.head,
        0,
        message.order_id,
        TRADE_BIT,
        time_ms,
        environment.config_hash,
        account,
    );

    local order: Order*;
    let order_id = message.order_id;
    // Pinned by its id, and duty 1 by the entry of remove_order.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    let terms = order.terms;
    assert order_id = terms.order_id;
    assert account_id = terms.account_id;
    unlink_order(order, message.predecessor_id);
    remove_order(order);

    let (local old: Position*, _) = find_position(account.positions, terms.market_id, 0);
    local slot: Position;
    tempvar sells = order.remaining_lots * terms.side;
    assert slot.market_id = terms.market_id;
    assert slot.size_lots = old.size_lots;
    assert slot.open_buy_lots = old.open_buy_lots + sells - order.remaining_lots;
    assert slot.open_sell_lots = old.open_sell_lots - sells;
    let (positions, surplus_change, _) = replace_position(
        account.positions, old, &slot, environment.prices + terms.market_id * Price.SIZE
    );
    local positions: Position* = positions;
    local surplus_change = surplus_change;
    let (surplus) = surplus_of(account, environment.prices);
    local after: Account = Account(
        identity=identity,
        nonce_0=nonce_0,
        collateral_quanta=account.collateral_quanta,
        open_orders=account.open_orders - 1,
        positions=positions,
        prices=environment.prices,
        surplus=surplus + surplus_change,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}

// Joins the neighbours of an order in its list.
// Guarantee: the order that named it as its next, or the market that named it as the head of its
// side, names the order behind it instead.
func unlink_order{orders_log: DictAccess*, markets_log: DictAccess*}(
    order: Order*, predecessor_id
) {
    alloc_locals;
    if (predecessor_id != 0) {
        local predecessor: Order*;
        let order_id = predecessor_id;
        // Only one order of the exchange has this next_id; duty 1 by the entry of relink.
        %{ ids.predecessor = latest_order(ids.orders_log.address_, ids.order_id) %}
        assert predecessor.next_id = order.terms.order_id;
        relink(predecessor, order.next_id, order.next_price_ticks);
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    let market_id = order.terms.market_id;
    // Duty 1 by the log entry below; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    local after: Market;
    assert after.open_interest_lots = market.open_interest_lots;
    assert after.listed_ms = market.listed_ms;
    assert after.is_made = 1;
    if (order.terms.side == SIDE_BUY) {
        assert market.bid_head_id = order.terms.order_id;
        assert after.bid_head_id = order.next_id;
        assert after.bid_head_price_ticks = order.next_price_ticks;
        assert after.ask_head_id = market.ask_head_id;
        assert after.ask_head_price_ticks = market.ask_head_price_ticks;
    } else {
        assert market.ask_head_id = order.terms.order_id;
        assert after.ask_head_id = order.next_id;
        assert after.ask_head_price_ticks = order.next_price_ticks;
        assert after.bid_head_id = market.bid_head_id;
        assert after.bid_head_price_ticks = market.bid_head_price_ticks;
    }
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return ();
}
