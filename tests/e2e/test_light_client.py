"""The light distribution in an environment of its own: it signs, and brings nothing heavy."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tidy.tracked import ROOT, tracked_files

# What `pip install novation-client` may bring; pip and setuptools are the environment's own.
ALLOWED = {"novation-client", "grpcio", "protobuf", "typing_extensions", "pip", "setuptools"}

# Runs in the empty environment, far from the checkout.
SIGN_AN_ORDER = """
import importlib.metadata, json, sys
import novation.client
from novation.client.exchange import Exchange
from novation.client.keys import NonceLane
from novation.client.messages import place_message
from novation.client.orders import MessageFactory, OrderRequest, SigningIdentity
from novation.client.units import Market
from novation.crypto import verify
from novation.protocol.config import ExchangeConfig
from novation.protocol.parameters import Parameters, Underlying

signer = novation.client.LocalSigner(12345)
bitcoin = Underlying("BTC-USD", 10, 50_000, 30_000, 200, 500, 100_000, 0, 1)
config = ExchangeConfig(31337, 0xABCD)
parameters = Parameters((bitcoin,), (signer.public_key,), 1, 60_000)
exchange = Exchange(config, parameters, (Market(0, bitcoin),), signer.public_key, 1 << 20)
factory = MessageFactory(exchange, SigningIdentity(2, 0, signer, NonceLane(0)))
order = factory.place_order(
    OrderRequest("BTC-USD", novation.client.Side.BUY, "95000.1", "0.01", 1_800_000_000_000)
)
message = place_message(order)
signature = order.signature
hash_ = order.message_hash(config)
print(json.dumps({
    "valid": verify(hash_, signature.r, signature.s, signer.public_key),
    "message": message.SerializeToString().hex(),
    "file": novation.client.__file__,
    "extension": sys.modules["novation._native"].__file__,
    "distributions": sorted(d.name for d in importlib.metadata.distributions()),
    "modules": sorted({name.split(".")[0] for name in sys.modules}),
}))
"""


def pip(*arguments: str, python: Path | str = sys.executable) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout; cargo has little to do after `make native`."""
    folder = tmp_path_factory.mktemp("wheel")
    # setuptools packs what an earlier build left there.
    shutil.rmtree(ROOT / "build" / "python-client", ignore_errors=True)
    built = pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), "./novation")
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_when_built_then_it_holds_the_folder_novation_and_no_more(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {name for name in names if "dist-info" not in name}
    tracked = {str(path.relative_to(ROOT)) for path in tracked_files()}
    sources = {name for name in tracked if name.startswith("novation/") and name.endswith(".py")}
    assert sources <= packed
    assert packed - tracked == {"novation/_native.abi3.so"}


def test_client_when_installed_alone_then_signs_and_brings_nothing_heavy(
    wheel: Path, tmp_path: Path
) -> None:
    probe = pip("download", "--no-deps", "-d", str(tmp_path), "typing_extensions")
    if probe.returncode:
        pytest.skip(f"no package registry: {probe.stderr.splitlines()[-1]}")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    installed = pip("install", str(wheel), python=python)
    assert installed.returncode == 0, installed.stderr

    run = subprocess.run(
        [python, "-I", "-c", SIGN_AN_ORDER],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["valid"]
    assert said["message"]
    environment = str(tmp_path / "env")
    assert said["file"].startswith(environment)
    assert said["extension"].startswith(environment)
    assert {name.replace("-", "_") for name in said["distributions"]} <= {
        name.replace("-", "_") for name in ALLOWED
    }
    heavy = {"prover", "circuits", "sequencer", "devnet", "web3", "starkware", "plyvel"}
    assert heavy.isdisjoint(said["modules"])
