"""What is written twice in Cairo to save steps (decision 11) says the same in both places."""

import re

import pytest

from tests.tidy.tracked import ROOT

CAIRO = ROOT / "circuits" / "cairo"
MARK = "keep in step"

# What authorize() proves, with the names of either copy made the same.
SIGNATURE = (
    "TYPE+account_id*2**8+key_index*2**40+nonce*2**48+market_id*2**109+valid_until_ms*2**125",
    "left_ms=valid_until_ms-time_ms;",
    "[range_check_ptr]=left_ms;",
    "[range_check_ptr+1]=left_ms+(RC_BOUND-1-MAX_VALIDITY_MS)",
    "[range_check_ptr+2]=valid_until_ms+(RC_BOUND-TIME_BOUND)",
    "add_signature(ids.ecdsa_ptr.address_,next(witness))",
    "identity.owner.word_0=FULL_KEY_WORD",
    ".pub_key=identity.owner.key_0",
    "use_other_key(identity,key_index,nonce,",
)
NONCE = (
    "jmpgapif[ap]!=0",
    "nonce=window+1;",
    "=nonce+(RC_BOUND-NONCE_BOUND)",
    "let(high,skipped)=open_window(window)",
    "tempvardistance=nonce-high-1",
    "=distance*distance+skipped-1",
    "use_any_nonce(high,skipped,nonce)",
)
SURPLUS = (
    "if(prices-account.prices==0){",
    "surplus=account.surplus",
    "sum_surplus(account.positions,prices,0)",
)
# The second word of an order's message.
ORDER_WORD = (
    "price_ticks+size_lots*2**32+expiry_time_ms*2**64+max_fee_ppm*2**112+side*2**132",
    "+reduce_only*2**133+time_in_force*2**134+self_trade*2**138+label*2**142",
)
ORDER_LEAF = (
    "order_id+account_id*2**48+market_id*2**80+side*2**96+reduce_only*2**97",
    "+remaining_lots*2**104+max_fee_ppm*2**136+origin*2**156",
    "price_ticks+expiry_time_ms*2**32+next_id*2**80+next_price_ticks*2**128",
    ",ORDER_LEAF_TAG",
)
NAMES = (
    (r"message\.head\.|(?<!message\.)\bhead\.|\b(?:environment|taker)\.(?=prices)", ""),
    (r"\bMESSAGE_PLACE_ORDER\b|\btype\b", "TYPE"),
    (r"\baccount\.identity(?=,key_index)", "identity"),
    (r"\baccount\.window_0\b", "window"),
    (r"\bmessage\.", ""),
    (r"\b(?:terms|order)\.(?=\w+[+*])", ""),
)


def code_of(file: str, function: str) -> str:
    """Return a function without comments and blanks, with one name for each thing."""
    text = (CAIRO / file).read_text()
    start = re.search(rf"^func {function}\b", text, re.MULTILINE)
    assert start is not None
    body = text[start.start() : text.index("\n}\n", start.start())]
    body = re.sub(r"//[^\n]*|\s", "", body)
    for pattern, name in NAMES:
        body = re.sub(pattern, name, body)
    return body


@pytest.mark.parametrize(
    ("places", "parts"),
    [
        (
            [
                ("state/accounts.cairo", "authorize"),
                ("transactions/place_order.cairo", "place_order"),
            ],
            SIGNATURE,
        ),
        (
            [
                ("state/nonce_windows.cairo", "use_nonce"),
                ("transactions/place_order.cairo", "place_order"),
            ],
            NONCE,
        ),
        (
            [
                ("transactions/replace_order.cairo", "order_word"),
                ("transactions/place_order.cairo", "place_order"),
            ],
            ORDER_WORD,
        ),
        (
            [
                ("state/order_leaves.cairo", "open_order"),
                ("state/order_leaves.cairo", "hash_resting"),
            ],
            ORDER_LEAF,
        ),
        (
            [
                ("margin.cairo", "surplus_of"),
                ("book/makers.cairo", "visit_maker"),
                ("transactions/place_order.cairo", "place_order"),
            ],
            SURPLUS,
        ),
    ],
)
def test_code_when_repeated_then_in_step(
    places: list[tuple[str, str]], parts: tuple[str, ...]
) -> None:
    for file, function in places:
        assert MARK in (CAIRO / file).read_text(), file
        code = code_of(file, function)
        for part in parts:
            assert code.count(part) == 1, (file, function, part)
