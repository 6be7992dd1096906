"""Asks the verifier contract on L1 about a proof file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from web3.exceptions import ContractCustomError, ContractLogicError

from devnet.contracts import describe_revert, load_artifact
from devnet.l1_connection import connect_l1
from devnet.proof_check import read, rejected, unreadable
from prover.calldata import CalldataError, encode_proof

if TYPE_CHECKING:
    from pathlib import Path

    from devnet.home import Home


def check_proof_on_l1(path: Path, home: Home, url: str | None) -> str:
    """Verify by an `eth_call`; return what the contract says, and the gas that it took.

    Raises:
        UserError: with status 1 if the proof is rejected, 2 if the file is no proof.
    """
    try:
        public_input, proof = encode_proof(json.loads(read(path)))
    except (CalldataError, KeyError, TypeError, ValueError) as error:
        raise unreadable(path, error) from error
    chain, deployment = connect_l1(home, url)
    verifier = chain.contract(load_artifact("StarkVerifier"), deployment.verifier)
    call = verifier.functions.verify(public_input, proof)
    try:
        output = call.call()
    except (ContractCustomError, ContractLogicError) as error:
        data = error.data if isinstance(error.data, str) else None
        raise rejected(path, RuntimeError(describe_revert(data))) from error
    gas = call.estimate_gas()
    return f"verifier {deployment.verifier}: {len(output)} output felts, {gas} gas"
