from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.release import release_lots
from circuits.cairo.book.resting import is_counted, remove_order, unlink_order
from circuits.cairo.constants import MESSAGE_CANCEL_ORDER, ORDER_ID_BOUND, TRADE_BIT
from circuits.cairo.environment import Environment
from circuits.cairo.state.accounts import Account, MessageHead, authorize
from circuits.cairo.state.orders import Order, OrderTerms
from circuits.cairo.state.positions import Position, find_position

// The transaction as the prover gives it. `by_message` is 1 if the message names the order by the
// message that placed it, else 0: it then names the id. `predecessor_id` is a guess of the order
// before it, 0 if it is the head.
struct CancelOrder {
    head: MessageHead,
    order_id: felt,
    by_message: felt,
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
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 1;

    local order: Order*;
    let order_id = message.order_id;
    // Pinned by its id, and duty 1 by the entry of remove_order.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    local terms: OrderTerms* = order.terms;
    assert order_id = terms.order_id;
    assert account_id = terms.account_id;
    // One of two names of the order was signed; the id of none is 0, nor is a nonce.
    let by_message = message.by_message;
    assert by_message = by_message * by_message;
    let (local identity, local window_0) = authorize(
        MESSAGE_CANCEL_ORDER,
        message.head,
        0,
        0,
        order_id + by_message * (terms.origin * ORDER_ID_BOUND - order_id),
        TRADE_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    unlink_order(order, message.predecessor_id);
    remove_order(order);

    let (local old: Position*, _) = find_position(account.positions, terms.market_id, 0);
    let (counted) = is_counted(order, old.min_order_id);
    release_lots(
        account,
        identity,
        window_0,
        old,
        terms,
        environment.prices,
        counted * order.remaining_lots,
        1,
    );
    return ();
}
