"""The out-of-domain check of the reference verifier, with the challenges held fixed.

In a whole proof a changed value also changes every later challenge; here nothing else moves, so
that only the constraints can notice.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from prover.reference.air import Air
from prover.reference.boundary import boundary_values
from prover.reference.document import read_document
from prover.reference.errors import RejectedProof
from prover.reference.field import P
from prover.reference.proof import Commitments, ProofReader, read_commitments
from prover.reference.verifier import (
    Statement,
    check_out_of_domain,
    open_channel,
    read_statement,
    verify_binary,
)
from tests.soundness.proofs import STONE_PROOFS, load_proof

GOLDEN_K, _, CAIRO_LANG, _ = STONE_PROOFS


class OutOfDomain:
    """A statement, the claimed values, and the challenges that belong to them."""

    def __init__(self, name: str) -> None:
        proof = load_proof(name)
        self.statement: Statement = read_statement(read_document(proof))
        self.proof = bytes.fromhex(proof["proof_hex"][2:])
        reader = ProofReader(self.proof, self.statement.parameters)
        self.sent: Commitments = read_commitments(reader, len(self.air.mask) + 2)
        channel = open_channel(self.statement)
        channel.receive_root(self.sent.trace_roots[0])
        self.interaction = [channel.draw_felt() for _ in range(self.air.n_interaction_elements)]
        channel.receive_root(self.sent.trace_roots[1])
        self.alpha = channel.draw_felt()
        channel.receive_root(self.sent.composition_root)
        self.z = channel.draw_felt()

    @property
    def air(self) -> Air:
        return self.statement.air

    def check(self, values: Sequence[int], statement: Statement | None = None) -> None:
        check_out_of_domain(
            statement or self.statement, self.interaction, self.alpha, self.z, tuple(values)
        )


@pytest.fixture(scope="module", params=[GOLDEN_K, CAIRO_LANG])
def out_of_domain(request: pytest.FixtureRequest) -> OutOfDomain:
    return OutOfDomain(request.param)


def test_whole_proof_when_only_the_constraints_differ_then_rejected(
    out_of_domain: OutOfDomain,
) -> None:
    # The AIR is no part of the transcript: all other checks pass.
    statement, air = out_of_domain.statement, out_of_domain.air
    verify_binary(out_of_domain.proof, statement)
    other = replace(statement, air=replace(air, constraints=air.constraints[1:]))
    with pytest.raises(RejectedProof, match="do not hold out of domain"):
        verify_binary(out_of_domain.proof, other)


def test_whole_proof_when_only_more_work_is_asked_for_then_rejected(
    out_of_domain: OutOfDomain,
) -> None:
    statement = out_of_domain.statement
    parameters = replace(statement.parameters, proof_of_work_bits=64)
    with pytest.raises(RejectedProof, match="wrong proof of work"):
        verify_binary(out_of_domain.proof, replace(statement, parameters=parameters))


def live_cells(air: Air) -> set[int]:
    """Return the mask positions that some constraint depends on."""
    live = {constraint.node for constraint in air.constraints}
    cells = set()
    for position in reversed(range(len(air.nodes))):
        if position in live:
            operation, *operands = air.nodes[position]
            if operation == "m":
                cells.add(operands[0])
            elif operation in {"+", "-", "*", "neg"}:
                live.update(operands)
    return cells


def test_values_when_genuine_then_the_constraints_hold(out_of_domain: OutOfDomain) -> None:
    out_of_domain.check(out_of_domain.sent.oods_values)


def test_values_when_a_live_one_is_changed_then_rejected(out_of_domain: OutOfDomain) -> None:
    values = out_of_domain.sent.oods_values
    live = sorted(live_cells(out_of_domain.air))
    assert len(live) > 100
    halves = [len(values) - 2, len(values) - 1]
    for position in [*live, *halves]:
        changed = [*values]
        changed[position] = (changed[position] + 1) % P
        with pytest.raises(RejectedProof, match="do not hold out of domain"):
            out_of_domain.check(changed)


def test_constraints_when_any_one_is_dropped_then_the_claim_fails(
    out_of_domain: OutOfDomain,
) -> None:
    air = out_of_domain.air
    assert len(air.constraints) >= 129
    for dropped in air.constraints:
        rest = tuple(constraint for constraint in air.constraints if constraint != dropped)
        statement = replace(out_of_domain.statement, air=replace(air, constraints=rest))
        with pytest.raises(RejectedProof, match="do not hold out of domain"):
            out_of_domain.check(out_of_domain.sent.oods_values, statement)


def test_boundary_when_any_value_is_changed_then_rejected(out_of_domain: OutOfDomain) -> None:
    statement, air = out_of_domain.statement, out_of_domain.air
    params = boundary_values(statement.public_input, out_of_domain.interaction)
    live = {air.nodes[i][1] for i in range(len(air.nodes)) if air.nodes[i][0] == "p"}
    *mask_values, h0, h1 = out_of_domain.sent.oods_values
    claimed = (h0 + out_of_domain.z * h1) % P
    for position, name in enumerate(air.params):
        values = [(params[n] + (n == name)) % P for n in air.params]
        composition = air.evaluate_composition(
            mask_values, values, out_of_domain.alpha, out_of_domain.z
        )
        assert (composition != claimed) == (position in live), name


def test_public_memory_when_any_cell_is_changed_then_rejected(out_of_domain: OutOfDomain) -> None:
    public_input = out_of_domain.statement.public_input
    (address, value), *rest = public_input.memory
    others = [
        ((address, (value + 1) % P), *rest),
        ((address + 1, value), *rest),
        tuple(rest),
        (*public_input.memory, (address, value + 1)),
    ]
    for memory in others:
        statement = replace(
            out_of_domain.statement, public_input=replace(public_input, memory=memory)
        )
        with pytest.raises(RejectedProof, match="do not hold out of domain"):
            out_of_domain.check(out_of_domain.sent.oods_values, statement)
