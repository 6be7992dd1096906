"""The guard of outflows, over gRPC and the SDK."""

from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import OutflowRejectedError
from novation.protocol.errors import ErrorCode
from novation.protocol.transactions import ParameterKind
from tests.node.support import running_node
from tests.support.builders import ONE_DOLLAR

HELD = 1_000


async def test_withdrawals_when_more_than_may_leave_then_refused_with_the_rest_and_the_time(
    tmp_path: Path,
) -> None:
    async with running_node(tmp_path) as node:
        for account_id in (2, 3):
            node.l1.add_deposit(account_id, HELD * ONE_DOLLAR // 2)
        node.l1.set_parameter(ParameterKind.OUTFLOW_SHARE, 0, 100_000)
        await node.until_consumed()
        await node.node.runner.call(lambda engine: engine.seal())
        async with node.client(2) as two, node.client(3) as three:
            await two.markets()
            assert two.exchange.parameters.outflow_share_ppm == 100_000
            await two.withdraw("60")
            with pytest.raises(OutflowRejectedError, match=r"all of it from \d+ ms on") as refused:
                await three.withdraw("50")
            assert refused.value.code == ErrorCode.OUTFLOW_LIMIT
            # A little was forgotten meanwhile.
            left_quanta = int(refused.value.detail.limit)
            assert 40 * ONE_DOLLAR <= left_quanta < 41 * ONE_DOLLAR
            await three.withdraw(Decimal(left_quanta) / ONE_DOLLAR)
