"""Puts the exchange on a local chain: token, program, verifier, exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from devnet.contracts import load_artifact
from devnet.deployment import Deployment, GenesisAccount
from devnet.program_code import program_creation_code
from novation.protocol.state import State
from prover.profiles import MIN_PROVEN_BITS, MIN_SECURITY_BITS, PROFILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount

    from devnet.contracts import Chain
    from devnet.keys import TraderKeys
    from devnet.markets import MarketSetup
    from novation.protocol.parameters import Parameters

NODE_BYTES: Final = 24
MIN_LOG_STEPS: Final = 16
MAX_LOG_STEPS: Final = 24
DAY_S: Final = 86_400
OPERATOR_TIMEOUT_S: Final = 7 * DAY_S
RECLAIM_DELAY_S: Final = 2 * DAY_S
MAX_BATCH_AGE_S: Final = 7 * DAY_S
MAX_CLOCK_SKEW_S: Final = 3_600
MIN_DEPOSIT_QUANTA: Final = 1_000_000
# Of the second test token: a quantum is 1e-8, and the least deposit a thousandth.
ETH_DECIMALS: Final = 8
MIN_ETH_DEPOSIT_QUANTA: Final = 100_000


@dataclass(frozen=True, slots=True)
class Owners:
    """Who deploys, who settles, and whose the genesis accounts are."""

    deployer: LocalAccount
    operator: str
    treasury: TraderKeys


@dataclass(frozen=True, slots=True)
class ExchangeSetup:
    """What the genesis root commits to, besides the owners of the first accounts."""

    markets: Sequence[MarketSetup]
    oracle_keys: Sequence[int]
    oracle_quorum: int
    oracle_max_age_ms: int


def deploy_exchange(
    chain: Chain, setup: ExchangeSetup, loader: Sequence[int], owners: Owners
) -> Deployment:
    """Deploy everything and return the record.

    The configuration hash commits to the exchange's address, so that is computed beforehand from
    the deployer's next nonces. `loader` is the program that proofs are about.

    Raises:
        RevertedError: if a constructor refuses.
    """
    deployer = owners.deployer
    deploy_block = chain.web3.eth.block_number + 1
    token = chain.deploy(load_artifact("TestUsd"), [], deployer)
    # Of a second asset, which no rule of margin knows.
    second = chain.deploy(load_artifact("TestEth"), [], deployer)
    loader_contract = chain.deploy_raw(program_creation_code(loader), deployer)
    verifier = deploy_verifier(chain, loader_contract, deployer)
    exchange = chain.next_contract_address(deployer)
    genesis_account = GenesisAccount(owners.treasury.l1_address, hex(owners.treasury.stark_public))
    deployment = Deployment(
        chain_id=chain.web3.eth.chain_id,
        deploy_block=deploy_block,
        exchange=exchange,
        verifier=verifier,
        token=token,
        loader=loader_contract,
        markets=tuple(setup.markets),
        oracle_keys=tuple(hex(key) for key in setup.oracle_keys),
        oracle_quorum=setup.oracle_quorum,
        oracle_max_age_ms=setup.oracle_max_age_ms,
        fee_account=genesis_account,
        insurance_account=genesis_account,
    )
    first = parameter_arguments(deployment.parameters)
    addresses = (token, verifier, deployer.address, owners.operator)
    arguments = (*addresses, exchange_arguments(deployment), first)
    created = chain.deploy(load_artifact("Exchange"), arguments, deployer)
    assert created == exchange, f"exchange at {created}, the configuration says {exchange}"
    functions = chain.contract(load_artifact("Exchange"), exchange).functions
    chain.transact(functions.addAsset(second, ETH_DECIMALS, MIN_ETH_DEPOSIT_QUANTA), deployer)
    return deployment


def deploy_verifier(chain: Chain, loader_contract: str, deployer: LocalAccount) -> str:
    """Deploy the STARK verifier of one program, which a data contract holds; return its address."""
    periodic_columns = chain.deploy(load_artifact("PeriodicColumns"), [], deployer)
    constraints = chain.deploy(load_artifact("Constraints"), [periodic_columns], deployer)
    deep = chain.deploy(load_artifact("Deep"), [], deployer)
    arguments = [constraints, deep, loader_contract, verifier_floor()]
    return chain.deploy(load_artifact("StarkVerifier"), arguments, deployer)


def exchange_arguments(deployment: Deployment) -> tuple[int, ...]:
    """Return the numbers that the exchange's constructor takes."""
    config = deployment.config
    genesis_root = State.genesis(config, deployment.genesis).root
    limits = (OPERATOR_TIMEOUT_S, RECLAIM_DELAY_S, MAX_BATCH_AGE_S, MAX_CLOCK_SKEW_S)
    return (config.config_hash, genesis_root, *limits, MIN_DEPOSIT_QUANTA)


def parameter_arguments(
    parameters: Parameters,
) -> tuple[Sequence[int], Sequence[int], int, int, int]:
    """Return the first parameters as the exchange's constructor takes them."""
    words = [underlying.word() for underlying in parameters.underlyings]
    rule = (parameters.oracle_quorum, parameters.oracle_max_age_ms)
    return (words, list(parameters.oracle_keys), *rule, parameters.fee_schedule.word())


def verifier_floor() -> tuple[int, ...]:
    """Return what the verifier's constructor takes for the least that a proof must have."""
    min_grinding_bits = min(profile.proof_of_work_bits for profile in PROFILES.values())
    security = (MIN_SECURITY_BITS, MIN_PROVEN_BITS, min_grinding_bits)
    return (NODE_BYTES, *security, MIN_LOG_STEPS, MAX_LOG_STEPS)
