"""The exchange's parameters as the contract has them: what will hold once its queue is consumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devnet.contracts import load_artifact
from devnet.event_logs import EventReader
from novation.protocol.rules.set_parameter import changed_parameters
from novation.protocol.transactions import ParameterKind, SetParameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount
    from web3.contract.contract import ContractFunction

    from devnet.contracts import Chain
    from devnet.deployment import Deployment
    from novation.protocol.limits import Limits
    from novation.protocol.parameters import Parameters, Underlying


class ParametersOnL1:
    """Reads them, and sets them as the contract's owner."""

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        """Use the deployment's exchange; nothing is asked yet."""
        self._chain = chain
        self._deployment = deployment
        self._contract = chain.contract(load_artifact("Exchange"), deployment.exchange)

    def shown(self, block_number: int) -> dict[str, int]:
        """Return what the contract shows in a block, by name."""

        def get(call: ContractFunction) -> Any:  # noqa: ANN401 - whatever a getter returns
            return call.call(block_identifier=block_number)

        functions = self._contract.functions
        n_underlyings, n_oracles, quorum, max_age_ms = get(functions.parameters())
        words = [get(functions.underlying(index)) for index in range(n_underlyings)]
        limits = [get(functions.limits(index)) for index in range(n_underlyings)]
        keys = [get(functions.oracleKey(index)) for index in range(n_oracles)]
        named = _named(words, limits, keys, quorum, max_age_ms)
        named["fee schedule"] = get(functions.feeSchedule())
        ends = [get(functions.marketEnd(index)) for index in range(n_underlyings)]
        return named | _named_ends(ends) | {"outflow share ppm": get(functions.outflowShare())}

    def expected(self, block_number: int) -> dict[str, int]:
        """Return what it must show in a block, after all changes between deployment and that.

        Raises:
            ValueError: if a change is none that the contract takes.
        """
        now = self.followed(block_number)
        words = [terms.word() for terms in now.underlyings]
        limits = [terms.limits.word() for terms in now.underlyings]
        keys, quorum, max_age_ms = now.oracle_keys, now.oracle_quorum, now.oracle_max_age_ms
        named = _named(words, limits, keys, quorum, max_age_ms)
        named["fee schedule"] = now.fee_schedule.word()
        named |= _named_ends([terms.ends_ms for terms in now.underlyings])
        return named | {"outflow share ppm": now.outflow_share_ppm}

    def followed(self, block_number: int) -> Parameters:
        """Return what all changes up to a block have made of the first parameters.

        Raises:
            ValueError: if a change is none that the contract takes.
        """
        parameters = self._deployment.parameters
        reader = EventReader(self._contract, ("ParameterQueued",))
        for event in reader.read(self._deployment.deploy_block, block_number):
            values = event["args"]
            kind = ParameterKind(values["kind"])
            change = SetParameter(kind, values["index"], values["word"])
            parameters = changed_parameters(parameters, change)
        return parameters

    def set_underlying(self, index: int, terms: Underlying, owner: LocalAccount) -> int:
        """Change an underlying or append one; return the entry's index in the queue.

        Raises:
            RevertedError: if the contract refuses.
        """
        call = self._contract.functions.setUnderlying(index, terms.word())
        return self._queue(call, owner)

    def set_limits(self, index: int, limits: Limits, owner: LocalAccount) -> int:
        """Change the limits of an underlying; see `set_underlying`."""
        return self._queue(self._contract.functions.setLimits(index, limits.word()), owner)

    def end_market(self, index: int, ends_ms: int, owner: LocalAccount) -> int:
        """Let the market of an underlying end; see `set_underlying`."""
        return self._queue(self._contract.functions.endMarket(index, ends_ms), owner)

    def set_oracle_key(self, index: int, key: int, owner: LocalAccount) -> int:
        """Replace an oracle's key or append one; see `set_underlying`."""
        return self._queue(self._contract.functions.setOracleKey(index, key), owner)

    def set_oracle_rule(self, quorum: int, max_age_ms: int, owner: LocalAccount) -> int:
        """Set how many oracles must agree and how old reports may be; see `set_underlying`."""
        return self._queue(self._contract.functions.setOracleRule(quorum, max_age_ms), owner)

    def set_outflow_share(self, share_ppm: int, owner: LocalAccount) -> int:
        """Set what part of custody may leave in an hour; see `set_underlying`."""
        return self._queue(self._contract.functions.setOutflowShare(share_ppm), owner)

    def set_fee_schedule(self, word: int, owner: LocalAccount) -> int:
        """Set all tiers of fees; see `set_underlying`."""
        return self._queue(self._contract.functions.setFeeSchedule(word), owner)

    def _queue(self, call: ContractFunction, owner: LocalAccount) -> int:
        receipt = self._chain.transact(call, owner)
        (event,) = self._contract.events.ParameterQueued().process_receipt(receipt)
        return int(event["args"]["queueIndex"])


def _named(
    words: Sequence[int],
    limits: Sequence[int],
    keys: Sequence[int],
    quorum: int,
    max_age_ms: int,
) -> dict[str, int]:
    named = {"oracle quorum": quorum, "oracle max age ms": max_age_ms}
    named |= {f"underlying {index}": word for index, word in enumerate(words)}
    named |= {f"limits {index}": word for index, word in enumerate(limits)}
    return named | {f"oracle key {index}": key for index, key in enumerate(keys)}


def _named_ends(ends_ms: Sequence[int]) -> dict[str, int]:
    return {f"end of market {index} ms": end_ms for index, end_ms in enumerate(ends_ms)}
