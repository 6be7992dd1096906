"""Write the cross-language vectors: `make vectors`. Field elements are hexadecimal strings."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from novation import crypto
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import LAST_TIME_MS
from novation.protocol.encoding import encode_transaction
from novation.protocol.merkle import MerkleTree, empty_node
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.sealing import SealedBatch
from novation.protocol.signing import signed
from novation.protocol.transactions import (
    Bid,
    CancelOrder,
    MassQuote,
    PlaceOrder,
    Quote,
    QuoteCancel,
    QuoteTerms,
    Transfer,
    Withdraw,
)
from tests.support.builders import exchange_config, oracle_report, private_key
from tests.support.made_signatures import made_signatures as made_for
from tests.support.registries import registries
from tests.support.scenarios import bid_taken, every_outcome

FOLDER = Path(__file__).parent
P = crypto.FIELD_PRIME


def hashes() -> dict[str, Any]:
    """Return Poseidon in its three forms, and trees."""
    states = [(0, 0, 0), (1, 2, 3), (P - 1, P - 2, 2**251)]
    lists = [[], [0], [1, 2], [P - 1, 0, 5], list(range(9))]
    tree = MerkleTree(24, {})
    tree.update({0: 1, 1: 2, 5: 3, 2**24 - 1: 4})
    return {
        "hades": [{"state": felts(s), "result": felts(crypto.hades(*s))} for s in states],
        "poseidon_hash": [
            {"inputs": felts(s[:2]), "result": hex(crypto.poseidon_hash(*s[:2]))} for s in states
        ],
        "poseidon_hash_many": [
            {"inputs": felts(v), "result": hex(crypto.poseidon_hash_many(v))} for v in lists
        ],
        "empty_nodes": [hex(empty_node(level)) for level in range(33)],
        "order_tree_with_1_2_3_4_at_0_1_5_last": hex(tree.root),
    }


def signatures() -> list[dict[str, Any]]:
    """Return signatures that verify, and near misses that do not."""
    cases = []
    for secret, message in [(1, 1), (private_key(2), 2**250 + 7), (2**250, 2**251 - 1)]:
        key = crypto.public_key(secret)
        r, s = crypto.sign(message, secret)
        for other_message, other_r, other_s in (
            (message, r, s),
            (message ^ 2, r, s),
            (message, r ^ 1, s),
            (message, r, s ^ 1),
            (message, r, crypto.STARK_CURVE_ORDER - s),
        ):
            valid = crypto.verify(other_message, other_r, other_s, key)
            fields = (other_message, other_r, other_s, key, secret)
            names = ("message_hash", "r", "s", "public_key", "private_key")
            cases.append({**dict(zip(names, felts(fields), strict=True)), "valid": valid})
    return cases


def made_signatures() -> list[dict[str, Any]]:
    """Return signatures that meet the limits of the ECDSA builtin, and what it can prove."""
    numbers = ("message_hash", "r", "s", "public_key", "ordinate")
    return [
        {
            "kind": made.kind,
            **{name: hex(getattr(made, name)) for name in numbers},
            "is_provable": made.is_provable,
        }
        for made in made_for(2**250 + 7, seed=1)
    ]


def messages() -> dict[str, Any]:
    """Return each signed message with its words, hash, signature and canonical bytes."""
    config = exchange_config()
    place = PlaceOrder(
        account_id=7,
        key_index=1,
        nonce=2**40,
        valid_until_ms=1_700_000_005_000,
        market_id=1,
        side=Side.SELL,
        price_ticks=123_456,
        size_lots=789,
        expiry_time_ms=1_700_000_000_000,
        max_fee_ppm=1_000,
        reduce_only=True,
        time_in_force=TimeInForce.POST_ONLY,
    )
    cancel = CancelOrder(7, 0, 5, 2**40, valid_until_ms=1)
    bid = Bid(7, 1, 9, 2**31, 40_000, 2_500, 10**10, 1_700_000_005_000)
    terms = QuoteTerms(1_700_000_000_000, 1_000, cancels_first=True, slides=True, label=5)
    quotes = (Quote(Side.BUY, 123_455, 10), Quote(Side.SELL, 123_457, 11))
    quoting = MassQuote(7, 0, 8, 1, terms, quotes, valid_until_ms=1)
    cancels = (QuoteCancel(Side.BUY, 123_454, 2**40), QuoteCancel(Side.SELL, 123_458, 9))
    cancelling = replace(quoting, nonce=9, cancels=cancels)
    withdrawal = Withdraw(7, 3, 6, 10**12, 5, LAST_TIME_MS)
    transfer = Transfer(7, 2, 7, 2**32 - 1, 2**63 - 1, 7, 9)
    users = (place, cancel, withdrawal, transfer, quoting, cancelling, bid)
    report = oracle_report(config, 2, 1_700_000_000_000, (1 << 16, 2**48 - 1))
    return {
        "config": config_vector(config),
        "user_messages": [
            message_vector(signed(tx, private_key(7), config), config) for tx in users
        ],
        "oracle_report": {
            "signer_index": report.signer_index,
            "time_ms": report.time_ms,
            "prices_x16": list(report.prices_x16),
            "message_hash": hex(report.message_hash(config)),
            "signature": felts((report.signature.r, report.signature.s)),
        },
    }


def config_vector(config: ExchangeConfig) -> dict[str, Any]:
    """Return the felts of a configuration and their hashes."""
    return {
        "felts": felts(config.felts()),
        "config_hash": hex(config.config_hash),
    }


def message_vector(
    tx: PlaceOrder | CancelOrder | Withdraw | Transfer | MassQuote | Bid, config: ExchangeConfig
) -> dict[str, Any]:
    """Return a user message in all its forms."""
    return {
        "type": type(tx).__name__,
        "words": felts(tx.message_words()),
        "message_hash": hex(tx.message_hash(config)),
        "signature": felts((tx.signature.r, tx.signature.s)),
        "bytes": encode_transaction(tx).hex(),
    }


def batches() -> list[dict[str, Any]]:
    """Return twice two consecutive batches, and one, with all that L1 and the circuit agree on."""
    return [batch_vector(sealed) for sealed in (*every_outcome(), *registries(), bid_taken())]


def batch_vector(sealed: SealedBatch) -> dict[str, Any]:
    """Return the transactions, roots, output and witness of a batch."""
    return {
        "batch_number": sealed.batch_number,
        "old_root": hex(sealed.old_root),
        "new_root": hex(sealed.new_root),
        "transactions": [
            {
                "time_ms": entry.time_ms,
                "result_code": entry.result_code,
                "bytes": encode_transaction(entry.transaction).hex(),
            }
            for entry in sealed.witness.entries
        ],
        "output": felts(sealed.output),
        "witness": json.loads(sealed.witness.to_json()),
    }


def felts(values: Any) -> list[str]:
    """Return hexadecimal strings."""
    return [hex(value) for value in values]


FILES: dict[str, Callable[[], Any]] = {
    "hashes.json": hashes,
    "signatures.json": signatures,
    "made_signatures.json": made_signatures,
    "messages.json": messages,
    "batches.json": batches,
}


def render(name: str) -> str:
    """Return the text of a vector file."""
    return json.dumps(FILES[name](), indent=1) + "\n"


def main() -> None:
    """Write all vector files."""
    for name in FILES:
        (FOLDER / name).write_text(render(name))


if __name__ == "__main__":
    main()
