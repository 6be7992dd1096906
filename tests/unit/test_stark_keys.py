"""A deposit for a key that nobody can sign for is refused before anything is sent."""

from typing import TYPE_CHECKING, cast

import pytest

from devnet.commands.funds import deposit as deposit_command
from devnet.errors import UserError
from devnet.keys import TraderKeys, derive_keys
from devnet.trader_l1 import TraderOnL1, deposit_all
from novation.client import InvalidInputError, check_stark_key
from novation.crypto import FIELD_PRIME, is_public_key, public_key

if TYPE_CHECKING:
    from devnet.contracts import Chain
    from devnet.deployment import Deployment
    from devnet.home import Home

OFF_CURVE = next(key for key in range(1, 100) if not is_public_key(key))
BAD_KEYS = [0, -1, OFF_CURVE, FIELD_PRIME, FIELD_PRIME + 1, FIELD_PRIME + public_key(1), 2**256]


class Untouched:
    """Whoever uses it has gone too far."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was asked for")


class OffCurve(TraderKeys):
    """Keys of a file that was written by hand."""

    @property
    def stark_public(self) -> int:
        return OFF_CURVE


@pytest.mark.parametrize("key", [public_key(1), public_key(2**200)])
def test_key_when_somebody_can_sign_for_it_then_taken(key: int) -> None:
    assert check_stark_key(key) == key


@pytest.mark.parametrize("key", BAD_KEYS)
def test_key_when_nobody_can_sign_for_it_then_named(key: int) -> None:
    with pytest.raises(InvalidInputError, match=f"stark_key: {key:#x} is"):
        check_stark_key(key)


@pytest.mark.parametrize("key", ["0x1", 1.0, True, None, b"1"])
def test_key_when_it_is_no_integer_then_named(key: object) -> None:
    with pytest.raises(InvalidInputError, match="expected an int"):
        check_stark_key(cast("int", key))


@pytest.mark.parametrize("key", BAD_KEYS)
def test_deposit_when_nobody_can_sign_for_the_key_then_nothing_is_asked_or_sent(key: int) -> None:
    chain, deployment = cast("Chain", Untouched()), cast("Deployment", Untouched())
    trader = TraderOnL1(chain, deployment, derive_keys("alice", seed=1))
    with pytest.raises(UserError, match="stark_key"):
        trader.deposit(1_000_000, key)


@pytest.mark.parametrize(
    ("text", "words"), [(hex(OFF_CURVE), "no point"), ("0x0", "not between"), ("key", "'key'")]
)
def test_deposit_command_when_the_key_is_none_then_refused_before_anything_else(
    text: str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        deposit_command("1", "alice", cast("Home", Untouched()), text)


def test_deposits_of_many_when_one_key_is_none_then_none_is_sent() -> None:
    sent: list[object] = []

    class Recorder(Untouched):
        exchange = token = "0x" + "11" * 20

        def contract(self, *_: object) -> "Recorder":
            return self

        @property
        def functions(self) -> "Recorder":
            return self

        def approve(self, *arguments: object) -> object:
            return arguments

        def deposit(self, *arguments: object) -> object:
            return arguments

        def transact_all(self, calls: object) -> None:
            sent.append(calls)

    recorder = Recorder()
    bad = OffCurve("bob", "0x1", "0x" + "01" * 32)
    chain, deployment = cast("Chain", recorder), cast("Deployment", recorder)
    traders = [TraderOnL1(chain, deployment, keys) for keys in (derive_keys("alice", seed=1), bad)]
    with pytest.raises(UserError, match="no point"):
        deposit_all(chain, [(trader, 1) for trader in traders])
    assert sent == []
