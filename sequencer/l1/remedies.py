"""What to do when L1 refuses: one table of the contracts' errors, one of the nodes' answers.

An operator reads the advice in `novation status`; docs/spec/settlement.md explains the kinds. A
test compares the first table with the errors of the compiled contracts.
"""

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sequencer.l1.transactions import SendAnswer


class Remedy(enum.Enum):
    """Who can put it right."""

    WAIT = "heals by itself"
    REPROVE = "needs another proof"
    OPERATOR = "needs the operator"


@dataclass(frozen=True, slots=True)
class Treatment:
    """A remedy, and what it says to whoever reads the status."""

    remedy: Remedy
    advice: str


def _wait(advice: str) -> Treatment:
    return Treatment(Remedy.WAIT, advice)


def _operator(advice: str) -> Treatment:
    return Treatment(Remedy.OPERATOR, advice)


OUT_OF_GAS: Final = "OutOfGas"
BATCH_TIME: Final = "BatchTimeOutOfRange"

_REPROVE: Final = Treatment(
    Remedy.REPROVE, "put the prover or its profile right, then `novation batch reprove N`"
)
_DAMAGED: Final = Treatment(
    Remedy.REPROVE,
    "the program's output is not read as this version's: data or deployment are damaged; "
    "`novation batch reprove N`",
)
_QUEUE: Final = _operator(
    "the sequencer's view of the L1 queue is not the contract's; see Reorganisations of L1 in "
    "docs/spec/settlement.md"
)
_FOREIGN: Final = _operator("another deployment, or a foreign batch came between")
_DEPLOYMENT: Final = _operator("the contract refuses its own parts: `novation verify-deployment`")
_NOT_SETTLING: Final = _operator("an error of another entry than updateState: wrong contract?")

# Every error that the contracts in l1_contracts/src can end a call with.
CONTRACT_ERRORS: Final = {
    # The batch's window, by the block's clock and by the state.
    "OperatorOnly": _operator("the operator's key is no operator: `setOperator` by the owner"),
    BATCH_TIME: _operator("the batch is too old for the contract, or its times run backwards"),
    "WrongConfigHash": _FOREIGN,
    "WrongOldRoot": _FOREIGN,
    "WrongBatchNumber": _FOREIGN,
    # The queue.
    "WrongQueuePosition": _QUEUE,
    "QueueExhausted": _QUEUE,
    "OperationMismatch": _QUEUE,
    "CustodyMismatch": _operator("state and contract disagree about custody: it cannot settle"),
    "UnknownAsset": _operator("state and contract disagree about assets: it cannot settle"),
    # The program's output.
    "UnknownOutputVersion": _DAMAGED,
    "WrongOutputLength": _DAMAGED,
    "OversizedWord": _DAMAGED,
    # The proof.
    "WrongByteLength": _REPROVE,
    "ParameterOutOfRange": _REPROVE,
    "SecurityTooLow": _REPROVE,
    "FriDegreeMismatch": _REPROVE,
    "InvalidSegment": _REPROVE,
    "NotAFieldElement": _REPROVE,
    "NonCanonicalValue": _REPROVE,
    "OutOfDomainMismatch": _REPROVE,
    "TraceRootMismatch": _REPROVE,
    "LayerRootMismatch": _REPROVE,
    "LastLayerMismatch": _REPROVE,
    "ProofOfWorkTooWeak": _REPROVE,
    "ChallengeNotDrawn": _REPROVE,
    "EmptyQueue": _REPROVE,
    "NoInverseOfZero": _REPROVE,
    "TraceTooShort": _REPROVE,
    "WrongLength": _REPROVE,
    # The deployment.
    "CodeReplaced": _DEPLOYMENT,
    "NotAContract": _DEPLOYMENT,
    "NotADataContract": _DEPLOYMENT,
    "NotAProofModeProgram": _DEPLOYMENT,
    "WrongPeriodicColumns": _DEPLOYMENT,
    # Solidity's own.
    "Error": _DEPLOYMENT,
    "Panic": _DEPLOYMENT,
    "ReentrancyGuardReentrantCall": _NOT_SETTLING,
    # Entries of users and of the owner, which settlement never calls.
    "AccountsExhausted": _NOT_SETTLING,
    "AmountOutOfRange": _NOT_SETTLING,
    "DepositNotPending": _NOT_SETTLING,
    "DuplicateAsset": _NOT_SETTLING,
    "DuplicateOracleKey": _NOT_SETTLING,
    "DuplicateSymbol": _NOT_SETTLING,
    "InvalidOracleKey": _NOT_SETTLING,
    "InvalidStarkKey": _NOT_SETTLING,
    "OwnableInvalidOwner": _NOT_SETTLING,
    "OwnableUnauthorizedAccount": _NOT_SETTLING,
    "ReclaimNotRequested": _NOT_SETTLING,
    "ReclaimTooEarly": _NOT_SETTLING,
    "SafeERC20FailedOperation": _NOT_SETTLING,
    "SettingIsFixed": _NOT_SETTLING,
    "SettingOutOfRange": _NOT_SETTLING,
    "TooManyAssets": _NOT_SETTLING,
    "WrongAmountReceived": _NOT_SETTLING,
    "WrongTokenDecimals": _NOT_SETTLING,
    # Not an error of Solidity's: more gas than one transaction may use.
    OUT_OF_GAS: Treatment(
        Remedy.REPROVE,
        "a proof of another profile may cost less: `novation batch reprove N` with a prover of "
        "profile cheap-l1",
    ),
}
_UNKNOWN: Final = _operator(
    "no error that this version knows: is it the contract of this version? If the proof is at "
    "fault, `novation batch reprove N` has it made again"
)
_FROM_THE_FUTURE: Final = _wait("L1's clock has to catch up with the batch")

# Words of geth, Erigon, Nethermind, Besu, Reth and anvil; without spaces, in lower case. The first
# match counts. The JSON-RPC standard fixes no codes for these.
NODE_ANSWERS: Final[Sequence[tuple[tuple[str, ...], SendAnswer | Treatment]]] = (
    # Before the next one, whose words are in it.
    (
        ("unknowntransaction", "transactiontypenotsupported"),
        _operator("the node does not take transactions of EIP-1559"),
    ),
    (("alreadyknown", "alreadyimported", "knowntransaction"), SendAnswer.TAKEN),
    (("noncetoolow", "nonceistoolow", "oldnonce"), SendAnswer.NONCE_USED),
    (
        (
            "underpriced",
            "replacementnotallowed",
            # A base fee that rose above the transaction's: it needs a dearer one, too.
            "lessthanblockbasefee",
            "feecaplessthan",
            "maxfeepergastoolow",
            "feetoolow",
        ),
        SendAnswer.UNDERPRICED,
    ),
    (
        ("noncetoohigh", "noncegap", "noncetoofar", "noncetoodistant", "futurenonce", "gapped"),
        _wait("the operator's earlier transaction has to come first"),
    ),
    (
        ("txpoolisfull", "poolisfull", "transactionpoolfull", "txpooloverflow", "in-flight"),
        _wait("the node's pool has to empty"),
    ),
    (
        ("oversized", "sizelimit", "toolarge", "sizeexceed", "exceedsmaxsize", "toobig"),
        Treatment(
            Remedy.REPROVE,
            "the transaction is too large for the pool: `novation batch reprove N` with a prover "
            "of profile cheap-l1",
        ),
    ),
    (
        ("insufficientfunds", "insufficientbalance", "insufficientsenderbalance", "doesnothave"),
        _operator("the operator's account needs ether"),
    ),
    (
        (
            "gaslimittoohigh",
            "exceedsblockgaslimit",
            "gaslimitreached",
            "intrinsicgas",
            "gaslimitexceed",
            "gastoohigh",
        ),
        _operator("the node does not take a transaction of that gas limit"),
    ),
    (
        ("chainid", "invalidsender", "invalidsignature", "wrongchain", "replayprotect"),
        _operator("the node belongs to another chain, or refuses the operator's signature"),
    ),
    (
        ("noteoa", "notaneoa", "reserved", "delegated"),
        _operator("the operator's account does other things than settle"),
    ),
    (
        ("exceedstheconfiguredcap", "txfeecap"),
        _operator("the node's own cap on fees is lower than what gas costs now"),
    ),
)


def treatment_of_rejection(reason: str) -> Treatment:
    """Return what to do about a contract's error, given as `Name(values)`."""
    name, _, values = reason.partition("(")
    if name == BATCH_TIME and _is_from_the_future(values):
        return _FROM_THE_FUTURE
    return CONTRACT_ERRORS.get(name, _UNKNOWN)


def treatment_of_answer(message: str) -> SendAnswer | Treatment | None:
    """Return what a node's refusal of a transaction means, None if no word of it is known."""
    text = message.lower().replace(" ", "")
    found = (meaning for words, meaning in NODE_ANSWERS if any(word in text for word in words))
    return next(found, None)


def understood_refusal(message: str) -> SendAnswer | None:
    """Return the answer that a node's refusal of a transaction amounts to, if it does."""
    meaning = treatment_of_answer(message)
    return meaning if isinstance(meaning, SendAnswer) else None


def _is_from_the_future(values: str) -> bool:
    """Whether the batch is later than the contract allows: time passes."""
    numbers = [int(number) for number in re.findall(r"(?<![\w.])\d+", values)]
    return len(numbers) == len(("timeMs", "minMs", "maxMs")) and numbers[0] > numbers[2]
