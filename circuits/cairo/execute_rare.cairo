from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess

from circuits.cairo.environment import Environment
from circuits.cairo.transactions.add_key import add_key
from circuits.cairo.transactions.bid import bid
from circuits.cairo.transactions.liquidate import liquidate
from circuits.cairo.transactions.list_market import list_market
from circuits.cairo.transactions.place_bracket import place_bracket
from circuits.cairo.transactions.place_trigger import place_trigger
from circuits.cairo.transactions.remove_key import remove_key
from circuits.cairo.transactions.set_auction import set_auction
from circuits.cairo.transactions.set_parameter import set_parameter
from circuits.cairo.transactions.settle_position import settle_position
from circuits.cairo.transactions.take_over import take_over
from circuits.cairo.transactions.transfer import transfer
from circuits.cairo.transactions.trigger_order import trigger_order
from circuits.cairo.transactions.unwind import unwind

const TYPE_SET_PARAMETER = 5;
const TYPE_ADD_KEY = 6;
const TYPE_REMOVE_KEY = 7;
const TYPE_LIQUIDATE = 14;
const TYPE_TAKE_OVER = 16;
const TYPE_UNWIND = 17;
const TYPE_SET_AUCTION = 18;
const TYPE_SETTLE_POSITION = 19;
const TYPE_BID = 20;
const TYPE_PLACE_TRIGGER = 23;
const TYPE_TRIGGER_ORDER = 25;
const TYPE_TRANSFER = 26;
const TYPE_PLACE_BRACKET = 27;

// Executes what few batches have. It lies, with all that only it needs, in the rest of the program,
// behind the core: see "The loader" in docs/spec/circuit.md.
//
// Assumption: the rest is loaded, and no tick is due.
func execute_rare{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(type, environment: Environment*, time_ms, next_order_id, fees_quanta) -> (
    environment: Environment*, next_order_id: felt, fees_quanta: felt
) {
    alloc_locals;
    if (type == TYPE_TRIGGER_ORDER) {
        let (fees_quanta) = trigger_order(environment, time_ms, next_order_id, fees_quanta);
        return (environment, next_order_id + 1, fees_quanta);
    }
    if (type == TYPE_PLACE_TRIGGER) {
        place_trigger(environment, time_ms, next_order_id);
        return (environment, next_order_id + 1, fees_quanta);
    }
    if (type == TYPE_PLACE_BRACKET) {
        let (fees_quanta) = place_bracket(environment, time_ms, next_order_id, fees_quanta);
        return (environment, next_order_id + 3, fees_quanta);
    }
    if (type == TYPE_LIQUIDATE) {
        let (environment, fees_quanta) = liquidate(
            environment, time_ms, next_order_id, fees_quanta
        );
        return (environment, next_order_id + 1, fees_quanta);
    }
    if (type == TYPE_UNWIND) {
        let (environment, fees_quanta) = unwind(environment, time_ms, next_order_id, fees_quanta);
        return (environment, next_order_id + 1, fees_quanta);
    }
    if (type == TYPE_SET_PARAMETER) {
        let (environment) = set_parameter(environment);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_TAKE_OVER) {
        let (environment) = take_over(environment, time_ms, next_order_id);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_BID) {
        let (environment) = bid(environment, time_ms, next_order_id);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_SETTLE_POSITION) {
        let (environment) = settle_position(environment, time_ms);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_SET_AUCTION) {
        set_auction(environment, time_ms, next_order_id);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_TRANSFER) {
        transfer(environment, time_ms);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_ADD_KEY) {
        add_key(environment, time_ms);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_REMOVE_KEY) {
        remove_key(environment, time_ms);
        return (environment, next_order_id, fees_quanta);
    }
    let (environment) = list_market(environment, time_ms);
    return (environment, next_order_id, fees_quanta);
}
