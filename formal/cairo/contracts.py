"""What the two-runs check must be told: the meaning of memory, which the bytecode does not say.

Everything here is either an interface (which cells a function fills in, what of the tape is the
prover's free choice) or a guarantee, and guarantees marked as proven are checked in the function
that gives them. docs/spec/formal.md says what the assumptions rest on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from formal.cairo.linear import Linear, product

# Fields of the prover's tape that are the batch itself: which transactions there are, and what
# their senders or L1 said. Every other field of the tape is a guess, and must follow from the rest.
TAPE_INPUTS: Final[Mapping[str, tuple[str, ...]]] = {
    "load_config": ("chain_id", "exchange_address"),
    # What the old root commits to: hash_parameters hashes it.
    "open_state": ("parameters", "underlyings"),
    "main": ("",),
    "execute": ("type", "delay_ms"),
    "place_order": (
        "head",
        "market_id",
        "price_ticks",
        "size_lots",
        "expiry_time_ms",
        "max_fee_ppm",
        "side",
        "reduce_only",
        "time_in_force",
        "self_trade",
        "label",
        "order_key",
        "predecessor_id",
        # The walk that it goes into fills the same, whatever it is; behind it that is proven.
        "pays_in_full",
    ),
    # Which of both becomes of it is proven: see place_nothing.
    "replace_order": ("",),
    "place_nothing": (
        "head",
        "market_id",
        "price_ticks",
        "size_lots",
        "expiry_time_ms",
        "max_fee_ppm",
        "side",
        "reduce_only",
        "time_in_force",
        "self_trade",
        "label",
    ),
    "mass_quote": ("",),
    # Which dead orders go is nobody's right: see PruneOrder.
    "clear_dead": ("",),
    "cancel_named": ("",),
    "place_quotes": ("",),
    "cancel_order": ("head", "order_id", "by_message", "predecessor_id"),
    "cancel_all": ("",),
    "set_cancel_timer": ("",),
    "prune_order": ("",),
    "place_trigger": (
        "order.head",
        "order.market_id",
        "order.price_ticks",
        "order.size_lots",
        "order.expiry_time_ms",
        "order.max_fee_ppm",
        "order.side",
        "order.reduce_only",
        "order.time_in_force",
        "order.self_trade",
        "order.label",
        "trigger_price_ticks",
        "trigger_direction",
        "ends_others",
        "order_key",
        "predecessor_id",
    ),
    "trigger_order": ("",),
    "place_bracket": ("",),
    "read_signed": ("",),
    "apply_timer": ("",),
    "deposit": ("account_id", "owner", "asset_id", "amount_quanta"),
    "liquidate": ("account_id", "market_id"),
    "set_auction": ("account_id",),
    # Which of two reasons holds: if both do, either leads to the same.
    "take_over": ("",),
    "unwind": ("market_id",),
    "bid": (
        "head",
        "failing_account_id",
        "share_x16",
        "min_discount_ppm",
        "max_notional_quanta",
    ),
    "withdraw": ("",),
    "transfer": ("",),
    "add_key": ("",),
    "remove_key": ("",),
    "oracle_update": ("oracle_time_ms", "n_reports", "table", "reports"),
    "set_parameter": ("kind", "index", "word"),
    "list_market": ("market_id",),
}

# What follows of a row of prices once its reference marks are known.
_FOLLOWED: Final = (
    "price.free_from_ms",
    "price.trades_from_ms",
    "price.value_factor",
    "price.spread_factor",
)
_COMPLETED: Final = (*_FOLLOWED, "price.interest_cap_lots")

# Cells behind arguments that a function fills in: outputs, though they are reached like inputs.
WRITES: Final[Mapping[str, tuple[str, ...]]] = {
    "write_prices": ("prices.0",),
    "complete_price": _COMPLETED,
    "follow_mark": _FOLLOWED,
    "write_least_opening": ("price.least_opening_quanta",),
    "refer": ("price.reference", *_COMPLETED),
    "begin": ("price.reference", *_COMPLETED),
    "jump": ("price.reference", *_COMPLETED),
    "replace_terms": ("prices.0",),
    "replace_row": ("prices.0",),
    "write_words": ("word.0", "word.1", "word.2"),
    "write_word": ("word.0",),
    "write_parameters": ("felts.0",),
    "write_terms": ("word.0",),
    "copy_felts": ("cell.0",),
    "replace_key": ("cell.0",),
    "replace_position": ("slot.exposure_lots", "slot.long_lots"),
    "check_medians": ("claimed_x16.0",),
    "seal_accounts": ("leaf",),
    "seal_other": ("leaf.before", "leaf.after"),
    "seal_orders": ("leaf",),
    "keep_order": ("leaf.after",),
    "check_ephemeral": ("entry.prev_value", "entry.new_value"),
    "open_underlyings": ("prices.0",),
    "seal_markets": ("leaf",),
    "keep_market": ("leaf.after",),
    "write_header": ("header",),
    "rest_order": ("message.result_code",),
    "capped_share": ("message.result_code",),
    "sell_share": ("message.result_code",),
    "use_other_key": ("signature.pub_key",),
    "copy_cells": ("target.0",),
    "open_state": ("prices",),
    "write_legs": ("leg",),
    "take_all": ("legs",),
    "pass_on_rows": ("prices.0",),
    "give_legs": ("prices.0",),
}

# The same for an element of an array, (array, index): the index is an argument.
WRITES_AT: Final[Mapping[str, tuple[str, str]]] = {
    "replace_row": ("prices", "index"),
    "replace_terms": ("prices", "index"),
}

# The same, where it matters only if the result is the argument itself.
WRITES_IF_RETURNED: Final[Mapping[str, tuple[str, ...]]] = {
    "replace_position": ("slot.next",),
    "splice": ("slot.next",),
    "put_before": ("slot.next",),
}

# Cells of a returned record that a function leaves to its callers. Each of them fills them in, by
# its own equations or by a function that has them in WRITES.
LEFT_TO_CALLERS: Final[Mapping[str, tuple[str, ...]]] = {
    "make_price": ("price.reference", *_COMPLETED),
}

# Fields of a returned record that are arguments, proven where the record is made.
RECORDS: Final[Mapping[str, Mapping[str, str]]] = {"make_price": {"price.underlying": "underlying"}}

# A guessed array that a callee fills in element by element is the callee's output.
ARRAY_PINS: Final[Mapping[str, tuple[str, ...]]] = {
    "check_medians": ("claimed_x16",),
    "squash_dict": ("squashed_dict",),
    "copy_cells": ("target",),
}

# Allocated arrays that nothing fills in are guesses. Here they are what a root commits to that the
# batch outputs: the words of the old underlyings.
COMMITTED_ARRAYS: Final = ("open_state",)

# Library functions that read an array of so many cells.
READS_ARRAY: Final[Mapping[str, tuple[str, str]]] = {"poseidon_hash_many": ("elements", "n")}


@dataclass(frozen=True)
class Claim:
    """Within two runs, equal `known` items have equal `pinned` items."""

    known: tuple[str, ...]
    pinned: tuple[str, ...]


# More than "results are a function of arguments": arguments that the others pin.
PINNED_ARGUMENTS: Final[Mapping[str, Claim]] = {
    "open_positions": Claim(("position",), ("n_positions",)),
    "close_positions": Claim(("position",), ("n_positions",)),
    "close_account": Claim(("account",), ("n_positions",)),
    "open_account": Claim(("account",), ("n_positions",)),
    "seal_other": Claim(("entry",), ("n_before", "n_after")),
    "open_longer": Claim(("account",), ("n_positions",)),
}

# A recursion that goes down to 0 in steps of one has fewer of them than a run has steps. Those of
# check_medians and count_far are of 1, 2^48, 2^96 and 2^144, so that the count is below 2^176.
COUNTED: Final[Mapping[str, tuple[str, int]]] = {
    "chain_prices": ("n_words", 2**64),
    "check_reports": ("n_reports", 2**64),
    "check_medians": ("n_left", 2**128),
    "count_far": ("n_left", 2**176),
}

Item = Callable[[str], Linear]


@dataclass(frozen=True)
class Promise:
    """If a form of the arguments is in [0, 2^128), some results are what is said here.

    Attributes:
        premise: makes the form from the function's items.
        constants: results that then are numbers.
        unchanged: results that then are the argument named beside them.
    """

    premise: Callable[[Item], Linear]
    constants: Mapping[str, int]
    unchanged: Mapping[str, str]


# What callers rely on besides uniqueness. Each promise is proven in the function that gives it.
PROMISES: Final[Mapping[str, Promise]] = {
    "is_wide_nonnegative": Promise(lambda item: item("value"), {"res": 1}, {}),
    "charge_by_margin_rule": Promise(
        lambda item: item("excess"), {"is_allowed": 1}, {"fee_quanta": "fee_quanta"}
    ),
}


@dataclass(frozen=True)
class Guarantee:
    """What a function that only checks has shown when it ends: a form is in [0, bound).

    Attributes:
        form: makes the form from the function's items.
        unless_zero: an argument for whose 0 nothing is shown, none if empty.
    """

    form: Callable[[Item], Linear]
    bound: int
    unless_zero: str = ""


# Without outputs there is nothing to be unique. Instead, what the function guarantees is proven.
GUARANTEES: Final[Mapping[str, Guarantee]] = {
    "check_pair": Guarantee(lambda item: item("lower") + item("upper").scaled(2**125), 2**250),
    "assert_hopeless": Guarantee(
        lambda item: (
            product(Linear(2) - item("by_age"), item("health.maintenance"))
            - product(
                Linear(3 * 10**6) - item("by_age").scaled(2 * 10**6), item("health.equity_x16")
            )
            + -1
        ),
        2**249,
    ),
    "check_message": Guarantee(lambda item: item("message.trigger_price_ticks") + -1, 2**32 - 1),
    "check_exit": Guarantee(
        lambda item: (
            product(
                item("direction"),
                item("price.lot_value_x16")
                - product(
                    item("exit.trigger_price_ticks"),
                    item("price.underlying.multiplier").scaled(2**16),
                ),
            )
            + -1
        ),
        2**128,
    ),
    "check_dormant": Guarantee(lambda item: item("terms.limit_price_ticks"), 2**32),
    "assert_before": Guarantee(
        lambda item: (
            product(item("unit"), item("name.price_ticks") - item("next_price_ticks"))
            + item("next_id")
            - item("name.order_id")
            + -1
        ),
        2**128,
        unless_zero="next_id",
    ),
    "assert_none_due": Guarantee(
        lambda item: (
            item("price.lot_value_x16")
            - product(
                item("triggers.fall_head_price_ticks"),
                item("price.underlying.multiplier").scaled(2**16),
            )
            + -1
        ),
        2**128,
        unless_zero="triggers",
    ),
    "check_prefix": Guarantee(lambda item: item("prefix") + 2**56, 2**57),
    "assert_amount": Guarantee(lambda item: item("amount_quanta"), 2**63),
    "assert_wide_nonnegative": Guarantee(lambda item: item("value"), 2**249),
    "assert_worse": Guarantee(
        lambda item: (
            product(item("direction"), item("price_ticks") - item("next_price_ticks")) + -1
        ),
        2**128,
        unless_zero="next_id",
    ),
}

# Assumption lines that uniqueness needs: an argument (or a field behind one) below a bound.
ASSUMED_BELOW: Final[Mapping[str, Mapping[str, int]]] = {
    "oracle_update": {"environment.parameters.n_underlyings": 17},
    "reducible_lots": {"lots": 2**64},
    "settle_fees": {"rule.day": 2**22, "fees_quanta": 2**100},
    "split_least": {"least": 2**84},
    "use_nonce": {"window": 2**125},
}


@dataclass(frozen=True)
class Opening:
    """A record that is opened from a word or a leaf: the word is known, the fields must follow."""

    known: tuple[str, ...]
    opened: tuple[str, ...]
    # These follow, too, on the ways that read them.
    where_read: tuple[str, ...] = ()


_TIER_FIELDS: Final = ("threshold_usd", "returned_permille")

OPENINGS: Final[Mapping[str, Opening]] = {
    "open_position": Opening(
        ("return.word",),
        (
            "position.market_id",
            "position.size_lots",
            "position.open_buy_lots",
            "position.open_sell_lots",
            "position.n_orders",
            "position.min_order_id",
            "position.exposure_lots",
            "position.long_lots",
        ),
    ),
    "open_order": Opening(
        ("return.leaf",),
        (
            "order.remaining_lots",
            "order.next_id",
            "order.next_price_ticks",
            "order.terms.order_id",
            "order.terms.account_id",
            "order.terms.price_ticks",
            "order.terms.expiry_time_ms",
            "order.terms.reduce_only",
            "order.terms.market_id",
            "order.terms.side",
            "order.terms.max_fee_ppm",
            "order.terms.origin",
        ),
        # Of a dormant order: order_side, limit_price_ticks, time_in_force, self_trade, ends_others.
        tuple(f"order.terms.{offset}" for offset in range(10, 15)),
    ),
    "open_market": Opening(
        ("return.leaf", "market_id"),
        (
            "market.bid_head_id",
            "market.bid_head_price_ticks",
            "market.ask_head_id",
            "market.ask_head_price_ticks",
            "market.open_interest_lots",
            "market.others.listed_ms",
            "market.others.funding_word",
            "market.is_made",
        ),
        tuple(f"market.others.triggers.{offset}" for offset in range(4)),
    ),
    "open_triggers": Opening(
        ("return.word",),
        (
            "triggers.fall_head_id",
            "triggers.fall_head_price_ticks",
            "triggers.rise_head_id",
            "triggers.rise_head_price_ticks",
        ),
    ),
    "check_underlying": Opening(
        ("underlying.word", "underlying.limits_word"),
        (
            "underlying.multiplier",
            "underlying.initial_margin_ppm",
            "underlying.maintenance_margin_ppm",
            "underlying.maker_fee_ppm",
            "underlying.taker_fee_ppm",
            "underlying.price_band_ppm",
            "underlying.min_order_usd",
            "underlying.display",
            "underlying.interest_lower_kusd",
            "underlying.interest_upper_kusd",
            "underlying.is_post_only",
            "underlying.is_reduce_only",
            "underlying.is_halted",
            "underlying.margin_deviations",
            "underlying.interest_cap_lots",
            "underlying.position_limit_lots",
            "underlying.least_lot_quanta",
            "underlying.gap_ppm",
            "underlying.gap_budgets",
            "underlying.highest_fee_ppm",
            "underlying.min_order_quanta",
        ),
    ),
    "check_fee_schedule": Opening(
        ("schedule.word",),
        (
            *(f"schedule.tier_{i}.{field}" for i in range(1, 5) for field in _TIER_FIELDS),
            "schedule.above_usd",
            "schedule.insurance_permille",
            "schedule.rebates",
        ),
    ),
    "pack_counts": Opening(
        ("return.word",),
        (
            "parameters.n_underlyings",
            "parameters.n_oracles",
            "parameters.oracle_quorum",
            "parameters.oracle_max_age_ms",
        ),
    ),
    "check_pool": Opening(
        ("return.word",),
        (
            "pool.cash_quanta",
            "pool.lots",
            "pool.short_prefix",
            "pool.budget_quanta",
            "pool.budget_day",
        ),
    ),
    "check_reference": Opening(
        ("return.word",),
        (
            "reference.ref_x16",
            "reference.window_x16",
            "reference.jumped_ms",
            "reference.long_charged_quanta",
            "reference.short_charged_quanta",
        ),
    ),
    "pack_globals": Opening(
        ("return.word_0", "return.word_1"),
        (
            "globals.batch_number",
            "globals.time_ms",
            "globals.next_order_id",
            "globals.l1_queue_position",
            "globals.oracle_time_ms",
            "globals.custody_quanta",
            "globals.recorded_deficit_quanta",
            "globals.post_only_until_ms",
            "globals.next_tick_ms",
            "globals.tick_underlying",
        ),
    ),
}

# Functions whose shape the prover chooses: what they guarantee is a relation, shown elsewhere.
ASSUMED: Final[Mapping[str, str]] = {
    "split": "a product of unknowns; formal.theorems.division proves that there is one quotient",
    "divide": "as split",
    "update_subtree": "the prover chooses the shape; formal.theorems.merkle proves the climb",
    "check_medians": "the prover chooses the sides; formal.theorems.medians proves the median",
    "check_parted": "as check_medians",
    "count_far": "as check_medians",
}
