"""Asks the verifier contract on L1 about a proof file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from web3.exceptions import ContractCustomError, ContractLogicError

from devnet.contracts import describe_revert, load_artifact
from devnet.errors import UserError
from devnet.l1_connection import connect_l1
from devnet.proof_check import ProofInput, check_proofs, not_accepted
from prover.calldata import CalldataError, encode_proof
from prover.reference import ProofError, RejectedProof, UnsupportedProof
from prover.reference.document import read_document
from prover.reference.json_text import parse

if TYPE_CHECKING:
    from devnet.home import Home


def check_proof_on_l1(proof: ProofInput, home: Home, url: str | None) -> str:
    """Verify by an `eth_call`; return what the contract says, and the gas that it took.

    What the contract derives is not sent to it, and the file could have something else there: a
    file that the contract accepts is verified here as well.

    Raises:
        UserError: with the exit status of the answer.
    """
    try:
        parsed = parse(proof.content)
        read_document(parsed)
        arguments = encode_proof(cast("dict[str, Any]", parsed))
    except ProofError as error:
        raise not_accepted(proof, error) from error
    except (CalldataError, OverflowError) as error:
        raise not_accepted(proof, UnsupportedProof(f"not for the contract: {error}")) from error
    chain, deployment = connect_l1(home, url)
    verifier = chain.contract(load_artifact("StarkVerifier"), deployment.verifier)
    call = verifier.functions.verify(*arguments)
    try:
        output = call.call()
    except (ContractCustomError, ContractLogicError) as error:
        data = error.data if isinstance(error.data, str) else None
        raise not_accepted(proof, RejectedProof(describe_revert(data))) from error
    (verdict,) = check_proofs([proof], min_security_bits=0)
    if isinstance(verdict, UserError):
        raise verdict
    gas = call.estimate_gas()
    return f"verifier {deployment.verifier}: {len(output)} output felts, {gas} gas"
