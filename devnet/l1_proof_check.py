"""Asks the verifier contract on L1 about a proof file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

import requests
from web3.exceptions import ContractCustomError, ContractLogicError, Web3Exception

from devnet.contracts import describe_revert, load_artifact, tells_of_gas
from devnet.errors import UserError
from devnet.l1_connection import connect_l1
from devnet.proof_check import ProofInput, check_proofs, not_accepted
from prover.calldata import CalldataError, ProofParameters, encode_proof
from prover.reference import ProofError, RejectedProof, UnsupportedProof
from prover.reference.document import read_document
from prover.reference.json_text import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from web3.contract import Contract

    from devnet.home import Home

BITS_PER_BYTE: Final = 8
# What the prover of a true statement can choose beyond the contract's limits. Other parameters out
# of range make a false statement.
CHOICES: Final = frozenset(
    {
        "log_steps",
        "log_blowup",
        "n_queries",
        "proof_of_work_bits",
        "log_last_layer",
        "fri_layers",
        "fri_step",
    }
)


def check_proof_on_l1(proof: ProofInput, home: Home, url: str | None) -> str:
    """Verify by an `eth_call`; return what the contract says, and the gas that it took.

    What the contract derives is not sent to it, and the file could have something else there: a
    file that the contract accepts is verified here as well.

    Raises:
        UserError: with the exit status of the answer.
    """
    chain, deployment = connect_l1(home, url)
    verifier = chain.contract(load_artifact("StarkVerifier"), deployment.verifier)
    try:
        parsed = parse(proof.content)
        read_document(parsed)
        _check_node_width(cast("dict[str, Any]", parsed), verifier)
        arguments = encode_proof(cast("dict[str, Any]", parsed))
    except ProofError as error:
        raise not_accepted(proof, error) from error
    except (CalldataError, OverflowError) as error:
        # A proof that breaks off is no proof for another verifier.
        _require_accepted_here(proof)
        raise not_accepted(proof, UnsupportedProof(f"not for the contract: {error}")) from error
    call = verifier.functions.verify(*arguments)
    try:
        output, gas = call.call(), call.estimate_gas()
    except (OSError, requests.RequestException, Web3Exception) as error:
        raise _refusal(proof, error) from error
    _require_accepted_here(proof)
    return f"verifier {deployment.verifier}: {len(output)} output felts, {gas} gas"


def _check_node_width(parsed: Mapping[str, Any], verifier: Contract) -> None:
    """Raise UnsupportedProof if the contract reads nodes of another width."""
    width = ProofParameters.from_json(parsed["proof_parameters"]).node_bytes
    taken = int(verifier.functions.NODE_BYTES().call())
    if width != taken:
        raise UnsupportedProof(
            f"nodes of {BITS_PER_BYTE * width} bits, the contract takes {BITS_PER_BYTE * taken}"
        )


def _require_accepted_here(proof: ProofInput) -> None:
    """Raise the UserError of a file that our own verifier does not accept."""
    (verdict,) = check_proofs([proof], min_security_bits=0)
    if isinstance(verdict, UserError):
        raise verdict


def _refusal(proof: ProofInput, error: Exception) -> UserError:
    """Tell what the contract refuses from what it does not judge, and from no answer."""
    data: str | None = None
    is_revert = False
    if isinstance(error, (ContractCustomError, ContractLogicError)):
        is_revert, data = True, error.data if isinstance(error.data, str) else None
    if not data and tells_of_gas(error):
        return not_accepted(proof, UnsupportedProof(f"more gas than the L1 node gives: {error}"))
    if not is_revert:
        return UserError(f"{proof.name}: L1 gives no answer: {type(error).__name__}: {error}")
    reason = describe_revert(data)
    parameter = re.match(r"ParameterOutOfRange\(name=(\w+),", reason)
    if parameter is not None and parameter[1] in CHOICES:
        return not_accepted(proof, UnsupportedProof(f"beyond the contract's limits: {reason}"))
    return not_accepted(proof, RejectedProof(reason))
