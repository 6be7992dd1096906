"""Builders of configurations, keys and reports, with defaults that tests override."""

import functools
from dataclasses import replace
from typing import Any

from novation import crypto
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import INSURANCE_ACCOUNT_ID
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.signing import signed
from novation.protocol.state import Genesis
from novation.protocol.transactions import OracleReport, OracleUpdate
from novation.protocol.transactions.oracle_update import build_update

N_ORACLES = 3
QUORUM = 2
ONE_DOLLAR = 10**6
# L1 hands out ids from here.
FIRST_USER_ACCOUNT_ID = INSURANCE_ACCOUNT_ID + 1
START_MS = 1_700_000_000_000


def private_key(name: int) -> int:
    """Return the private key of an account id."""
    return 0x5EED0000 + name


def oracle_private_key(index: int) -> int:
    """Return the private key of an oracle node."""
    return 0x04AC1E00 + index


@functools.cache
def public_key(secret: int) -> int:
    """Return the public key, computed once."""
    return crypto.public_key(secret)


def slot_private_key(account_id: int, slot: int, version: int = 0) -> int:
    """Return the private key of an account's key slot; versions follow each other in it."""
    return private_key(account_id) + (slot + 8 * version << 40)


def l1_address(account_id: int) -> int:
    """Return the owner of an account id."""
    return 0xA11CE << 100 | account_id


def underlying(**changes: Any) -> Underlying:
    """Return an underlying with 5 % initial and 3 % maintenance margin and a 10 % band."""
    terms = Underlying(
        symbol="BTC-USD",
        multiplier=10,
        initial_margin_ppm=50_000,
        maintenance_margin_ppm=30_000,
        maker_fee_ppm=200,
        taker_fee_ppm=500,
        price_band_ppm=100_000,
        min_order_usd=0,
        tick_decimals=1,
    )
    return replace(terms, **changes)


@functools.cache
def exchange_config() -> ExchangeConfig:
    """Return the configuration of a deployment."""
    return ExchangeConfig(chain_id=31337, exchange_address=0xE8C4A96E << 128)


@functools.cache
def parameters(n_underlyings: int = 2) -> Parameters:
    """Return parameters with a few underlyings and three oracle nodes."""
    symbols = ("BTC-USD", "ETH-USD", "SOL-USD", *(f"M{i}" for i in range(3, 16)))
    return Parameters(
        underlyings=tuple(
            # Ticks of 0.1 and 0.01 USD in turn.
            underlying(symbol=symbols[i], multiplier=10 + i, tick_decimals=1 + i % 2)
            for i in range(n_underlyings)
        ),
        oracle_keys=tuple(public_key(oracle_private_key(i)) for i in range(N_ORACLES)),
        oracle_quorum=QUORUM,
        oracle_max_age_ms=60_000,
    )


def genesis(first: Parameters | None = None) -> Genesis:
    """Return the owners of the fee account and the insurance fund, and the first parameters."""
    return Genesis(
        fee_l1_address=l1_address(0),
        fee_key=public_key(private_key(0)),
        insurance_l1_address=l1_address(1),
        insurance_key=public_key(private_key(1)),
        parameters=first or parameters(),
    )


def oracle_report(
    config: ExchangeConfig,
    signer_index: int,
    time_ms: int,
    prices_x16: tuple[int, ...],
    secret: int | None = None,
) -> OracleReport:
    """Return a report, signed with a key, by default the first one of the oracle node."""
    report = OracleReport(signer_index, time_ms, prices_x16)
    return signed(report, secret or oracle_private_key(signer_index), config)


def oracle_update(reports: tuple[OracleReport, ...], quorum: int = 0) -> OracleUpdate:
    """Return the update with the claims that follow, by default with the quorum of `parameters`."""
    return build_update(reports, quorum or min(QUORUM, len(reports)))
