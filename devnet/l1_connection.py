"""Connects a command with L1, and tells in one line why it cannot."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import requests

from devnet.connection import STATUS_REFUSED
from devnet.contracts import Chain
from devnet.deployment import Deployment
from devnet.endpoints import Endpoints
from devnet.errors import RevertedError, UserError
from devnet.keys import load_keys
from devnet.trader_l1 import TraderOnL1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devnet.home import Home

T = TypeVar("T")


def connect_l1(home: Home, url: str | None = None) -> tuple[Chain, Deployment]:
    """Return the chain and the deployment on it.

    Raises:
        UserError: if there is no deployment, or the chain does not answer or is another one.
    """
    deployment = Deployment.load(home.deployment_path)
    chain = Chain(url or Endpoints.load(home.endpoints_path).l1)
    chain.require_chain_id(deployment.chain_id)
    return chain, deployment


def on_l1(home: Home, key: str, work: Callable[[TraderOnL1], T]) -> T:
    """Run `work` with a trader's L1 account.

    Raises:
        UserError: as `connect_l1`, or if the contract refuses: with its error's name and values.
    """
    keys = load_keys(home.keys_path, key)
    chain, deployment = connect_l1(home)
    with refusals_told(chain):
        return work(TraderOnL1(chain, deployment, keys))


@contextmanager
def refusals_told(chain: Chain) -> Iterator[None]:
    """Turn what L1 answers, or that it does not, into a UserError."""
    try:
        yield
    except RevertedError as error:
        raise UserError(f"refused by L1: {error}", STATUS_REFUSED) from error
    except (OSError, requests.RequestException) as error:
        raise UserError(f"L1: no answer at {chain.url}: {error}") from error
