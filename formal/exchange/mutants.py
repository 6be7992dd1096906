"""For each property a fault of the contract that it must find: a text and what replaces it."""

from dataclasses import dataclass
from typing import Final

_EXCHANGE: Final = "src/Exchange.sol"
_ASSETS: Final = "src/libraries/AssetRegistry.sol"
_QUEUE: Final = "src/libraries/OperationQueue.sol"
_PARAMETERS: Final = "src/libraries/ParameterRegistry.sol"
_KEY: Final = "src/libraries/StarkKey.sol"
_FIELD: Final = "src/verifier/Field.sol"


@dataclass(frozen=True)
class Mutant:
    """A fault that exactly one place of a source has room for."""

    prop: str
    file: str
    old: str
    new: str


MUTANTS: Final = (
    Mutant(
        "check_forged_batch_keeps_solvency",
        _ASSETS,
        "if (stateQuanta[i] + owed != total) {",
        "if (stateQuanta[i] + owed < total) {",
    ),
    Mutant(
        "check_batch_agrees_about_custody",
        _ASSETS,
        "if (stateQuanta[i] + owed != total) {",
        "if (stateQuanta[i] + owed > total) {",
    ),
    Mutant(
        "check_withdrawal_pays_once",
        _ASSETS,
        "self.pendingWithdrawals[owner] = 0;",
        "",
    ),
    Mutant(
        "check_withdrawal_goes_to_its_owner",
        _EXCHANGE,
        "held.payTo(owner, amountQuanta);",
        "held.payTo(msg.sender, amountQuanta);",
    ),
    Mutant(
        "check_deposit_keeps_its_bounds",
        _ASSETS,
        "amountQuanta < self.minDepositQuanta || amountQuanta > room",
        "amountQuanta < self.minDepositQuanta",
    ),
    Mutant(
        "check_deposit_is_for_keys_of_the_curve",
        _KEY,
        "(PRIME - 1) / 2) == 1;",
        "(PRIME - 1) / 2) != 0;",
    ),
    Mutant(
        "check_deposits_for_one_key_are_of_one_account",
        _EXCHANGE,
        "_accountIds[l1Address][starkKey] = accountId;",
        "",
    ),
    Mutant(
        "check_other_depositors_and_keys_have_other_accounts",
        _EXCHANGE,
        "_nextAccountId = accountId + 1;",
        "",
    ),
    Mutant(
        "check_root_moves_only_from_the_old_root",
        _EXCHANGE,
        "if (header.oldRoot != _stateRoot) revert WrongOldRoot(_stateRoot, header.oldRoot);",
        "",
    ),
    Mutant(
        "check_batch_numbers_rise_by_one",
        _EXCHANGE,
        "if (header.batchNumber != expected) revert",
        "if (header.batchNumber < expected) revert",
    ),
    Mutant(
        "check_batch_is_of_this_deployment",
        _EXCHANGE,
        "if (header.configHash != CONFIG_HASH) {",
        "if (header.configHash == 0) {",
    ),
    Mutant(
        "check_batch_time_is_near_block_time",
        _EXCHANGE,
        "_checkTime(header.lastTimeMs, minMs, maxMs);",
        "_checkTime(header.firstTimeMs, minMs, maxMs);",
    ),
    Mutant(
        "check_only_operators_settle",
        _EXCHANGE,
        "block.timestamp <= openFrom",
        "block.timestamp < openFrom",
    ),
    Mutant(
        "check_batch_needs_the_verifier_of_the_deployment",
        _EXCHANGE,
        "PinnedCode.require_(address(VERIFIER), _VERIFIER_CODE_HASH);",
        "",
    ),
    Mutant(
        "check_only_the_owner_names_operators",
        _EXCHANGE,
        "function setOperator(address operator, bool isOperator_) external onlyOwner {",
        "function setOperator(address operator, bool isOperator_) external {",
    ),
    Mutant(
        "check_queue_is_consumed_in_order",
        _QUEUE,
        "if (matches(self, index, operation)) {",
        "if (matches(self, index, operation) || matches(self, index + 1, operation)) {",
    ),
    Mutant(
        "check_batch_continues_at_the_queue_position",
        _EXCHANGE,
        "if (header.firstQueuePosition != _queue.consumed) {",
        "if (header.firstQueuePosition < _queue.consumed) {",
    ),
    Mutant(
        "check_no_deposit_is_consumed_twice",
        _QUEUE,
        "            delete self.entries[index];\n            self.head += 1;\n",
        "",
    ),
    Mutant(
        "check_reclaim_needs_a_request",
        _EXCHANGE,
        "if (time == 0) revert ReclaimNotRequested(assetId, accountId, amountQuanta);",
        "",
    ),
    Mutant(
        "check_reclaim_needs_the_delay",
        _EXCHANGE,
        "if (block.timestamp < allowedFrom) revert ReclaimTooEarly(allowedFrom);",
        "",
    ),
    Mutant(
        "check_reclaim_pays_once",
        _QUEUE,
        "equal.count -= 1;",
        "",
    ),
    Mutant(
        "check_only_the_owner_sets_parameters",
        _EXCHANGE,
        "maxAgeMs)\n        external\n        onlyOwner\n",
        "maxAgeMs)\n        external\n",
    ),
    Mutant(
        "check_oracle_rule_keeps_its_bounds",
        _PARAMETERS,
        '_requireRange("oracle_quorum", quorum, 1, self.oracleKeys.length);',
        '_requireRange("oracle_quorum", quorum, 0, self.oracleKeys.length);',
    ),
    Mutant(
        "check_rates_keep_their_bounds",
        _PARAMETERS,
        "uint256 internal constant MAX_FEE_PPM = 10_000;",
        "uint256 internal constant MAX_FEE_PPM = MAX_RATE_PPM;",
    ),
    Mutant(
        "check_parameters_are_consumed_as_they_were_set",
        _EXCHANGE,
        "_queueParameter(OPERATION_SET_ORACLE_RULE, 0, word)",
        "_queueParameter(OPERATION_SET_ORACLE_KEY, 0, word)",
    ),
    Mutant(
        "check_parameters_cannot_be_reclaimed",
        _EXCHANGE,
        "Operation(kind, index, 0, address(0), word, 0)",
        "Operation(OPERATION_DEPOSIT, index, 0, msg.sender, word, 0)",
    ),
    Mutant(
        "check_only_the_depositor_requests",
        _EXCHANGE,
        "_depositOperation(assetId, accountId, msg.sender, starkKey, amountQuanta);",
        "_depositOperation(assetId, accountId, address(0xA11CE), starkKey, amountQuanta);",
    ),
)

# What is taken as given, as changes of the copy.
ASSUMPTIONS: Final = (
    # The stored part of an operation's hash has no collisions. The checker knows that of the whole
    # hash only, so that is what the copy stores.
    (
        _QUEUE,
        "uint216(uint256(keccak256(abi.encode(operation))) >> 40)",
        "uint256(keccak256(abi.encode(operation)))",
    ),
    # Powers in the field are any function of base, exponent and prime. The checker's own model of
    # the precompile takes a number of bytes for one of bits and ends with an error; that of the
    # precompile at address 7 is a function of three words of which nothing is known.
    (
        _FIELD,
        "staticcall(gas(), 0x05, scratch, 0xc0, scratch, 0x20)",
        "staticcall(gas(), 0x07, add(scratch, 0x60), 0x60, scratch, 0x20)",
    ),
)
# The type of that part of the hash, wherever it is written.
DIGEST_TYPE: Final = ("uint216", "uint256")
