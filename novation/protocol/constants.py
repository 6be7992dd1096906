"""Every bound and code of docs/spec/protocol.md; circuits/cairo/constants.cairo has the same."""

from typing import Final

AMOUNT_BOUND: Final = 2**63
COLLATERAL_BOUND: Final = 2**99
ORDER_SIZE_BOUND: Final = 2**32
POSITION_BOUND: Final = 2**36
OPEN_LOTS_BOUND: Final = 2**37
OPEN_INTEREST_BOUND: Final = 2**48
PRICE_BOUND: Final = 2**32
PRICE_X16_BOUND: Final = 2**48
PRICE_X16_ONE: Final = 2**16
MULTIPLIER_BOUND: Final = 2**12
RATE_BOUND: Final = 2**20
PPM_ONE: Final = 10**6
TIME_BOUND: Final = 2**48
ACCOUNT_ID_BOUND: Final = 2**32
ORDER_ID_BOUND: Final = 2**48
NONCE_BOUND: Final = 2**62
L1_ADDRESS_BOUND: Final = 2**160
FUNDING_PREFIX_BOUND: Final = 2**63

MAX_MARKETS: Final = 16
MAX_ORACLES: Final = 16
MAX_KEYS: Final = 4
MAX_POSITIONS: Final = 8
MAX_OPEN_ORDERS: Final = 1024
MAX_MAKERS_PER_ORDER: Final = 32
MAX_OPERATIONS_PER_BATCH: Final = 2**16 - 1

ACCOUNT_TREE_HEIGHT: Final = 32
ORDER_TREE_HEIGHT: Final = 24

FEE_ACCOUNT_ID: Final = 0
INSURANCE_ACCOUNT_ID: Final = 1

CONFIG_VERSION: Final = 1
STATE_VERSION: Final = 1
OUTPUT_VERSION: Final = 1

CONFIG_TAG: Final = int.from_bytes(b"NOVATION", "big")
ORDER_LEAF_TAG: Final = int.from_bytes(b"ORDER", "big")

MESSAGE_PLACE_ORDER: Final = 1
MESSAGE_CANCEL_ORDER: Final = 2
MESSAGE_WITHDRAW: Final = 3
MESSAGE_ORACLE_REPORT: Final = 16

OPERATION_DEPOSIT: Final = 1
MARKET_ACTIVE: Final = 0

PRICES_PER_WORD: Final = 5
PRICE_X16_BITS: Final = 48
