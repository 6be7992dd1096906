"""Rebuilding a state whose parameters and markets batches have changed."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from novation.protocol.conservation import check_conservation
from novation.protocol.errors import DecodeError
from novation.protocol.output import BatchOutput, decode_output, encode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from tests.support.builders import exchange_config, genesis
from tests.support.registries import LISTED, registries


@pytest.fixture(scope="module")
def sealed() -> tuple[SealedBatch, SealedBatch]:
    return registries()


def test_rebuild_when_outputs_applied_then_same_parameters_and_markets(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    state = State.genesis(exchange_config(), genesis())
    for batch in sealed:
        apply_output(state, decode_output(batch.output))
        assert state.root == batch.new_root
        assert state.parameters == batch.writes.parameters
    check_conservation(state)
    assert state.market(LISTED).open_interest_lots == 2
    assert [u.dead_below_order_id for u in state.underlyings] == [0, 0, 0]
    assert state.parameters.oracle_quorum == 1
    assert len(state.parameters.oracle_keys) == 4


def changed_outputs(output: BatchOutput) -> Iterator[tuple[str, BatchOutput]]:
    """Yield outputs that each differ in one way that a rebuilder must notice."""
    yield "no underlyings", replace(output, underlyings=())
    yield "an underlying too many", replace(output, underlyings=(*output.underlyings,) * 2)
    killed = replace(output.underlyings[0], dead_below_order_id=1)
    yield "dead orders", replace(output, underlyings=(killed, *output.underlyings[1:]))
    for index, operation in enumerate(output.operations):
        others = (*output.operations[:index], *output.operations[index + 1 :])
        yield f"without operation {index}", replace(output, operations=others)
        for field, value in (("account_id", 15), ("stark_key", 1)):
            wrong = replace(operation, **{field: value})
            operations = (*output.operations[:index], wrong, *output.operations[index + 1 :])
            yield f"{field} of {index}", replace(output, operations=operations)
    listed = output.markets[-1]
    yield "market not listed", replace(output, markets=output.markets[:-1])
    yield "other id", replace(output, markets=(replace(listed, market_id=3),))
    moved = replace(listed, market_id=1)
    yield "id of another", replace(output, markets=(*output.markets[:-1], moved))


def test_rebuild_when_output_is_changed_then_refused(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    output = decode_output(sealed[0].output)
    assert encode_output(output) == sealed[0].output
    for name, changed in changed_outputs(output):
        print(name)
        with pytest.raises(DecodeError):
            apply_output(State.genesis(exchange_config(), genesis()), changed)


def test_output_when_a_kind_of_operation_is_unknown_then_refused(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    felts = list(sealed[0].output)
    felts[7] += 7
    with pytest.raises(DecodeError, match="operation kind 8"):
        decode_output(felts)
