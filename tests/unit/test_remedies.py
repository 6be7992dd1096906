"""Every way in which L1 can refuse has its remedy, and the table has nothing else."""

import json
import re
from pathlib import Path

import pytest

from sequencer.l1 import Remedy, SendAnswer, Treatment, treatment_of_answer, treatment_of_rejection
from sequencer.l1.remedies import CONTRACT_ERRORS, OUT_OF_GAS

L1_CONTRACTS = Path(__file__).resolve().parents[2] / "l1_contracts"
# What no `error` declaration names: the compiler's two, and the gas.
BUILT_IN = {"Error", "Panic", OUT_OF_GAS}


def compiled_errors() -> set[str]:
    """Return the errors of everything that is compiled from l1_contracts/src."""
    found = set()
    for source in (L1_CONTRACTS / "src").rglob("*.sol"):
        for path in (L1_CONTRACTS / "out" / source.name).glob("*.json"):
            abi = json.loads(path.read_text(encoding="utf-8"))["abi"]
            found |= {entry["name"] for entry in abi if entry["type"] == "error"}
    return found


def declared_errors() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in (L1_CONTRACTS / "src").rglob("*.sol"))
    return {name for text in texts for name in re.findall(r"^\s*error (\w+)\(", text, re.MULTILINE)}


def test_table_of_contract_errors_is_complete_and_has_nothing_else() -> None:
    compiled = compiled_errors()
    if not compiled:
        pytest.skip("contracts are not compiled: `npx forge build --root l1_contracts`")
    assert set(CONTRACT_ERRORS) - BUILT_IN == compiled


def test_table_of_contract_errors_has_every_declared_one() -> None:
    assert declared_errors() <= set(CONTRACT_ERRORS)


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("BatchTimeOutOfRange(timeMs=30, minMs=10, maxMs=20)", Remedy.WAIT),
        ("BatchTimeOutOfRange(30, 10, 20)", Remedy.WAIT),
        ("BatchTimeOutOfRange(timeMs=20, minMs=10, maxMs=20)", Remedy.OPERATOR),
        ("BatchTimeOutOfRange(timeMs=5, minMs=10, maxMs=20)", Remedy.OPERATOR),
        ("BatchTimeOutOfRange()", Remedy.OPERATOR),
        ("OperatorOnly(sender=0x99, openFrom=1)", Remedy.OPERATOR),
        ("ParameterOutOfRange(name=00, value=1, min=2, max=3)", Remedy.REPROVE),
        ("OutOfGas(limit=16777216): needs more than 16777216 gas", Remedy.REPROVE),
        ("Panic(code=17)", Remedy.OPERATOR),
        ("reverted with no data", Remedy.OPERATOR),
    ],
)
def test_remedy_of_a_rejection(reason: str, remedy: Remedy) -> None:
    assert treatment_of_rejection(reason).remedy is remedy


@pytest.mark.parametrize(
    ("message", "meaning"),
    [
        ("already known", SendAnswer.TAKEN),
        ("known transaction: 0x1234", SendAnswer.TAKEN),
        ("unknown transaction type 2", Remedy.OPERATOR),
        ("transaction type not supported", Remedy.OPERATOR),
        ("nonce too low: next nonce 7, tx nonce 6", SendAnswer.NONCE_USED),
        ("replacement transaction underpriced", SendAnswer.UNDERPRICED),
        ("transaction underpriced: tip needed 1000000, tip permitted 1", SendAnswer.UNDERPRICED),
        ("max fee per gas less than block base fee: address 0x1", SendAnswer.UNDERPRICED),
        ("nonce too high: address 0x1, tx: 9 state: 3", Remedy.WAIT),
        ("txpool is full", Remedy.WAIT),
        ("in-flight transaction limit reached for delegated accounts", Remedy.WAIT),
        ("oversized data: transaction size 131080, limit 131072", Remedy.REPROVE),
        ("insufficient funds for gas * price + value: balance 1, tx cost 2", Remedy.OPERATOR),
        ("Insufficient funds for gas * price + value", Remedy.OPERATOR),
        ("exceeds block gas limit", Remedy.OPERATOR),
        ("intrinsic gas too low: gas 21000, minimum needed 53000", Remedy.OPERATOR),
        ("transaction gas limit too high (cap: 16777216, tx: 20000000)", Remedy.OPERATOR),
        ("invalid sender", Remedy.OPERATOR),
        ("invalid chain id for signer: have 1 want 31337", Remedy.OPERATOR),
        ("address already reserved", Remedy.OPERATOR),
        ("tx fee (5.00 ether) exceeds the configured cap (1.00 ether)", Remedy.OPERATOR),
        ("execution aborted (timeout = 5s)", None),
        ("internal error", None),
    ],
)
def test_meaning_of_a_nodes_answer(message: str, meaning: SendAnswer | Remedy | None) -> None:
    found = treatment_of_answer(message)
    assert (found.remedy if isinstance(found, Treatment) else found) is meaning
