//! Hints as Rust functions, found by their text.
//!
//! The texts are those of the compiled program and valid Python: cairo-lang's machine executes
//! them. A function gets what the names in its text stand for, in the order of the table.

mod batch;
mod comparisons;
mod division;
mod records;
mod squash;
mod texts;

pub(crate) use records::Records;
pub(crate) use squash::Scope;

use crate::error::Fault;
use crate::expression::Expression;
use crate::machine::Machine;

/// What runs for a hint.
pub(crate) type HintFunction = fn(&mut Machine, &[Expression]) -> Result<(), Fault>;

type Entry = (&'static str, HintFunction, &'static [&'static str]);

/// The functions by the text of the hint, with the names that they use.
const FUNCTIONS: [Entry; 31] = [
    (texts::NEXT_WITNESS, batch::next_witness, &[]),
    (texts::WRITE_MESSAGE, batch::write_message, &["message.address_"]),
    (texts::ADD_SIGNATURE, batch::add_signature, &["ecdsa_ptr.address_"]),
    (texts::ADD_SEGMENT, batch::add_segment, &[]),
    (texts::LOAD_PROGRAM, batch::load_program, &["words", "n_words"]),
    (
        texts::LATEST_ACCOUNT,
        records::latest_account,
        &["account", "accounts_log.address_", "account_id"],
    ),
    (texts::LATEST_ORDER, records::latest_order, &["order", "orders_log.address_", "order_id"]),
    (texts::LATEST_MAKER, records::latest_order, &["maker", "orders_log.address_", "order_id"]),
    (
        texts::LATEST_PREDECESSOR,
        records::latest_order,
        &["predecessor", "orders_log.address_", "order_id"],
    ),
    (
        texts::LATEST_MARKET,
        records::latest_market,
        &["market", "markets_log.address_", "market_id"],
    ),
    (texts::IS_NN, comparisons::is_range_checkable, &["a"]),
    (texts::IS_248_BITS, comparisons::is_248_bits, &["value"]),
    (texts::AT_LEAST_10, comparisons::at_least::<10>, &["elements_end", "elements"]),
    (texts::AT_LEAST_2, comparisons::at_least::<2>, &["elements_end", "elements"]),
    (texts::ASSERT_LESS, comparisons::assert_less, &["a", "b"]),
    (
        texts::ASSERT_LE_ARCS,
        comparisons::assert_le_arcs,
        &["a", "b", "range_check_ptr", "PRIME_OVER_3_HIGH", "PRIME_OVER_2_HIGH"],
    ),
    (texts::EXCLUDED_IS_NOT_0, comparisons::excluded_is_not::<0>, &[]),
    (texts::EXCLUDED_IS_NOT_1, comparisons::excluded_is_not::<1>, &[]),
    (texts::EXCLUDED_IS_2, comparisons::excluded_is_2, &[]),
    (texts::DIVMOD, division::divmod, &["quotient", "remainder", "value", "divisor"]),
    (texts::ENTER_SCOPE, squash::enter_scope, &[]),
    (texts::EXIT_SCOPE, squash::exit_scope, &[]),
    (
        texts::SQUASH_COLLECT,
        squash::collect_accesses,
        &[
            "DictAccess.SIZE",
            "dict_accesses.address_",
            "ptr_diff",
            "n_accesses",
            "big_keys",
            "first_key",
        ],
    ),
    (texts::SQUASH_FIRST_ACCESS, squash::first_access, &["range_check_ptr"]),
    (texts::SQUASH_SKIP_LOOP, squash::should_skip_loop, &["should_skip_loop"]),
    (texts::SQUASH_NEXT_ACCESS, squash::next_access, &["loop_temps.index_delta_minus1"]),
    (texts::SQUASH_CONTINUE, squash::should_continue, &["loop_temps.should_continue"]),
    (texts::SQUASH_NO_ACCESS_LEFT, squash::no_access_left, &[]),
    (texts::SQUASH_ACCESS_COUNT, squash::access_count, &["n_used_accesses"]),
    (texts::SQUASH_NEXT_KEY, squash::next_key, &["next_key"]),
    (texts::SQUASH_NO_KEY_LEFT, squash::no_key_left, &[]),
];

/// The function for a hint and the names that it uses.
pub(crate) fn find_function(text: &str) -> Option<(HintFunction, &'static [&'static str])> {
    let found = FUNCTIONS.iter().find(|(known, ..)| *known == text)?;
    Some((found.1, found.2))
}
