//! Texts of the hints, as the compiled program has them: a hint is known by every character.

pub(super) const ADD_SEGMENT: &str = "memory[ap] = segments.add()";
pub(super) const ADD_SIGNATURE: &str =
    "ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, next(witness))";
pub(super) const ASSERT_LESS: &str = r"from starkware.cairo.common.math_utils import assert_integer
assert_integer(ids.a)
assert_integer(ids.b)
assert (ids.a % PRIME) < (ids.b % PRIME), \
    f'a = {ids.a % PRIME} is not less than b = {ids.b % PRIME}.'";
pub(super) const ASSERT_LE_ARCS: &str = r"import itertools

from starkware.cairo.common.math_utils import assert_integer
assert_integer(ids.a)
assert_integer(ids.b)
a = ids.a % PRIME
b = ids.b % PRIME
assert a <= b, f'a = {a} is not less than or equal to b = {b}.'

# Find an arc less than PRIME / 3, and another less than PRIME / 2.
lengths_and_indices = [(a, 0), (b - a, 1), (PRIME - 1 - b, 2)]
lengths_and_indices.sort()
assert lengths_and_indices[0][0] <= PRIME // 3 and lengths_and_indices[1][0] <= PRIME // 2
excluded = lengths_and_indices[2][1]

memory[ids.range_check_ptr + 1], memory[ids.range_check_ptr + 0] = (
    divmod(lengths_and_indices[0][0], ids.PRIME_OVER_3_HIGH))
memory[ids.range_check_ptr + 3], memory[ids.range_check_ptr + 2] = (
    divmod(lengths_and_indices[1][0], ids.PRIME_OVER_2_HIGH))";
pub(super) const AT_LEAST_10: &str =
    "memory[ap] = to_felt_or_relocatable(ids.elements_end - ids.elements >= 10)";
pub(super) const AT_LEAST_2: &str =
    "memory[ap] = to_felt_or_relocatable(ids.elements_end - ids.elements >= 2)";
pub(super) const DIVMOD: &str =
    "ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor)";
pub(super) const ENTER_SCOPE: &str = "vm_enter_scope()";
pub(super) const EXCLUDED_IS_2: &str = "assert excluded == 2";
pub(super) const EXCLUDED_IS_NOT_0: &str = "memory[ap] = 1 if excluded != 0 else 0";
pub(super) const EXCLUDED_IS_NOT_1: &str = "memory[ap] = 1 if excluded != 1 else 0";
pub(super) const EXIT_SCOPE: &str = "vm_exit_scope()";
pub(super) const IS_248_BITS: &str = "memory[ap] = 0 if ids.value % PRIME < 2**248 else 1";
pub(super) const IS_NN: &str =
    "memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1";
pub(super) const LATEST_ACCOUNT: &str =
    "ids.account = latest_account(ids.accounts_log.address_, ids.account_id)";
pub(super) const LATEST_MAKER: &str =
    "ids.maker = latest_order(ids.orders_log.address_, ids.order_id)";
pub(super) const LATEST_MARKET: &str =
    "ids.market = latest_market(ids.markets_log.address_, ids.market_id)";
pub(super) const LATEST_ORDER: &str =
    "ids.order = latest_order(ids.orders_log.address_, ids.order_id)";
pub(super) const LATEST_PREDECESSOR: &str =
    "ids.predecessor = latest_order(ids.orders_log.address_, ids.order_id)";
pub(super) const LOAD_PROGRAM: &str = "load_program(ids.words, ids.n_words)";
pub(super) const NEXT_WITNESS: &str = "memory[ap] = next(witness)";
pub(super) const SQUASH_ACCESS_COUNT: &str =
    "assert ids.n_used_accesses == len(access_indices[key])";
pub(super) const SQUASH_COLLECT: &str = r"dict_access_size = ids.DictAccess.SIZE
address = ids.dict_accesses.address_
assert ids.ptr_diff % dict_access_size == 0, \
    'Accesses array size must be divisible by DictAccess.SIZE'
n_accesses = ids.n_accesses
if '__squash_dict_max_size' in globals():
    assert n_accesses <= __squash_dict_max_size, \
        f'squash_dict() can only be used with n_accesses<={__squash_dict_max_size}. ' \
        f'Got: n_accesses={n_accesses}.'
# A map from key to the list of indices accessing it.
access_indices = {}
for i in range(n_accesses):
    key = memory[address + dict_access_size * i]
    access_indices.setdefault(key, []).append(i)
# Descending list of keys.
keys = sorted(access_indices.keys(), reverse=True)
# Are the keys used bigger than range_check bound.
ids.big_keys = 1 if keys[0] >= range_check_builtin.bound else 0
ids.first_key = key = keys.pop()";
pub(super) const SQUASH_CONTINUE: &str =
    "ids.loop_temps.should_continue = 1 if current_access_indices else 0";
pub(super) const SQUASH_FIRST_ACCESS: &str = r"current_access_indices = sorted(access_indices[key])[::-1]
current_access_index = current_access_indices.pop()
memory[ids.range_check_ptr] = current_access_index";
pub(super) const SQUASH_NEXT_ACCESS: &str = r"new_access_index = current_access_indices.pop()
ids.loop_temps.index_delta_minus1 = new_access_index - current_access_index - 1
current_access_index = new_access_index";
pub(super) const SQUASH_NEXT_KEY: &str = r"assert len(keys) > 0, 'No keys left but remaining_accesses > 0.'
ids.next_key = key = keys.pop()";
pub(super) const SQUASH_NO_ACCESS_LEFT: &str = "assert len(current_access_indices) == 0";
pub(super) const SQUASH_NO_KEY_LEFT: &str = "assert len(keys) == 0";
pub(super) const SQUASH_SKIP_LOOP: &str =
    "ids.should_skip_loop = 0 if current_access_indices else 1";
pub(super) const WRITE_MESSAGE: &str = "segments.write_arg(ids.message.address_, next(witness))";
