"""Every bound and code of docs/spec/protocol.md; circuits/cairo/constants.cairo has the same."""

from typing import Final

AMOUNT_BOUND: Final = 2**63
CUSTODY_BOUND: Final = 2**63
COLLATERAL_BOUND: Final = 2**99
ORDER_SIZE_BOUND: Final = 2**32
POSITION_BOUND: Final = 2**36
OPEN_LOTS_BOUND: Final = 2**37
OPEN_INTEREST_BOUND: Final = 2**48
PRICE_BOUND: Final = 2**32
PRICE_X16_BOUND: Final = 2**48
PREMIUM_X16_BOUND: Final = 2**48
PRICE_X16_ONE: Final = 2**16
MULTIPLIER_BOUND: Final = 2**12
RATE_BOUND: Final = 2**20
PPM_ONE: Final = 10**6
TIME_BOUND: Final = 2**48
LAST_TIME_MS: Final = 2**48 - 1
ACCOUNT_ID_BOUND: Final = 2**32
ORDER_ID_BOUND: Final = 2**48
NONCE_BOUND: Final = 2**61
# How far a nonce may be above the highest one, and how many below it may be used later.
NONCE_STEP: Final = 2**20
SKIPPED_NONCES: Final = 64
LABEL_BOUND: Final = 2**64
L1_ADDRESS_BOUND: Final = 2**160
# What a lot has paid in all, and the sum of an hour's premiums.
PREFIX_BOUND: Final = 2**56
FUNDING_SUM_BOUND: Final = 2**55
# What the pool of an underlying has, in cash and in lots, and what the insurance fund may pay for
# it on a day: a part of what the fund is worth.
POOL_CASH_BOUND: Final = 2**84
POOL_LOTS_BOUND: Final = 2**48
BUDGET_BOUND: Final = 2**45
BUDGET_SHARE: Final = 4
# What a lot was charged since a reference mark, less what it was given.
CHARGED_BOUND: Final = 2**51
TICK_DECIMALS_BOUND: Final = 2**4
MIN_ORDER_BOUND: Final = 2**16
LEAST_LOT_BOUND: Final = 2**20
GAP_BUDGETS_BOUND: Final = 2**8
# What a market may be besides active, as bits.
MODE_POST_ONLY: Final = 1
MODE_REDUCE_ONLY: Final = 2
MODE_HALTED: Final = 4
MODES_BOUND: Final = 2**3
QUANTA_PER_USD: Final = 10**6
SYMBOL_BYTES: Final = 8
PERMISSIONS_BOUND: Final = 2**3

MAX_UNDERLYINGS: Final = 16
MAX_MARKETS: Final = 2048
MAX_ORACLES: Final = 16
MAX_ASSETS: Final = 8
ASSETS_PER_WORD: Final = 3
MAX_KEYS: Final = 8
MAX_POSITIONS: Final = 32
MAX_ORDERS_PER_SLOT: Final = 128
MAX_MAKERS_PER_ORDER: Final = 17
# Orders of one message; and how many lots may be filled of them until the others die.
MAX_QUOTES: Final = 16
GUARD_BOUND: Final = 2**36
MAX_OPERATIONS_PER_BATCH: Final = 2**16 - 1

MIN_LOT_VALUE_QUANTA: Final = 100_000
# An impact price is that at which an order with so much initial margin is filled; the orders of a
# side among which it is sought, on both sides no more than an order meets; and how many samples
# may fail until the premium goes back to 0.
IMPACT_MARGIN_QUANTA: Final = 500_000_000
MAX_ORDERS_PER_SAMPLE: Final = 10
MAX_MISSED_SAMPLES: Final = 15
# In place of how many failed: the market is settled, and none is taken any more.
SETTLED_SAMPLES: Final = 31
# A market that ends is settled at the average of the index over its last half hour.
SETTLEMENT_WINDOW_MS: Final = 1_800_000
INDEX_SUM_BOUND: Final = 2**53
# What a new sample counts, in fifths: an average over 150 s by samples of a minute.
SAMPLE_WEIGHT_FIFTHS: Final = 2
# One less than an order meets: the insurance fund's record takes a maker's room in the output.
MAX_MAKERS_PER_LIQUIDATION: Final = MAX_MAKERS_PER_ORDER - 1
# Of the notional of a liquidation, to the insurance fund.
LIQUIDATION_FEE_PPM: Final = 10_000

# How long an auction runs. What a bid is given of the equity behind what it takes, at once and more
# each millisecond, until it is all; and what of that goes to the insurance fund.
AUCTION_LIFE_MS: Final = 120_000
FIRST_DISCOUNT_PPM: Final = 50_000
DISCOUNT_PPM_PER_MS: Final = 16
AUCTION_FEE_PPM: Final = 100_000
SHARE_X16_ONE: Final = 2**16
# So long an auction runs before what is left of it is taken over.
TAKE_OVER_AFTER_MS: Final = 60_000

# In a minute the initial margin follows the open interest by no more than this.
MARGIN_STEP_PPM: Final = 10_000
# So long the forecast of volatility remembers, and so much of a return it counts: a tenth, so that
# its variance, in ppm^2, has a bound that no margin asks for.
FORECAST_MEMORY_MS: Final = 600_000
RETURN_LIMIT_PPM: Final = 100_000
VARIANCE_BOUND: Final = 2**26
# Of an hour's return, for which initial margin is.
DEVIATIONS_BOUND: Final = 2**4
# In a minute the initial margin of new risk rises to what is forecast by so much, or by the small
# one where that is too much, or it falls; it is never more than so many times the terms'.
FORECAST_RISE_PPM: Final = 10_000
FORECAST_SMALL_RISE_PPM: Final = 2_500
FORECAST_FALL_PPM: Final = 70
MOST_MARGIN_MULTIPLE: Final = 3
# Thousands of USD of open interest between which the initial margin rises.
INTEREST_KUSD_BOUND: Final = 2**24
QUANTA_PER_KUSD: Final = 10**9
# What equity must be of the value of all positions when an amount of USD leaves an account.
LEAVING_MARGIN_PPM: Final = 100_000
PRICE_VALIDITY_MS: Final = 3_000
REPORT_SPREAD_MS: Final = 1_000
# How far a report may be from the median for which it speaks.
AGREEMENT_PPM: Final = 20_000
RESUME_GAP_MS: Final = 300_000
POST_ONLY_MS: Final = 60_000
# What pools and the insurance fund took is offered to the book in such parts, so often.
UNWIND_SHARE: Final = 20
UNWIND_EVERY_MS: Final = 1_000
# So long users do not trade with each other after a jump of the index.
RESOLVE_MS: Final = 10_000
# So long after a jump, gains go on being counted from before it, until a minute ends.
KEEP_REFERENCE_MS: Final = 60_000
MAX_VALIDITY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
# Days over which fees count for a tier; what a leaf has room for; and what tiers may return.
FEE_DAYS: Final = 30
FEES_BOUND: Final = 2**95
MAX_FEE_TIERS: Final = 4
TIER_THRESHOLD_BOUND: Final = 2**32
MAX_RETURNED_PERMILLE: Final = 400
MILLE_ONE: Final = 1_000
SAMPLES_PER_HOUR: Final = 60
# Hours over which the premium is paid. Without one the interest is 100 ppm of the index then.
FUNDING_PERIOD_HOURS: Final = 8
INTEREST_DIVISOR: Final = 10_000
# Within so many times the interest of it, the rate is the interest and not the premium.
DAMPING: Final = 5

ACCOUNT_TREE_HEIGHT: Final = 32
ORDER_TREE_HEIGHT: Final = 24
MARKET_TREE_HEIGHT: Final = 11

FEE_ACCOUNT_ID: Final = 0
INSURANCE_ACCOUNT_ID: Final = 1

# The asset that margin counts, and in which everything is paid.
USD_ASSET_ID: Final = 0

CONFIG_VERSION: Final = 2
STATE_VERSION: Final = 10
OUTPUT_VERSION: Final = 10

CONFIG_TAG: Final = int.from_bytes(b"NOVATION", "big")
ORDER_LEAF_TAG: Final = int.from_bytes(b"ORDER", "big")
DORMANT_LEAF_TAG: Final = int.from_bytes(b"DORMANT", "big")
REPLACE_TAG: Final = int.from_bytes(b"REPLACE", "big")
QUOTE_TAG: Final = int.from_bytes(b"QUOTE", "big")
BRACKET_TAG: Final = int.from_bytes(b"BRACKET", "big")

MESSAGE_PLACE_ORDER: Final = 1
MESSAGE_CANCEL_ORDER: Final = 2
MESSAGE_WITHDRAW: Final = 3
MESSAGE_ADD_KEY: Final = 4
MESSAGE_REMOVE_KEY: Final = 5
MESSAGE_CANCEL_ALL: Final = 6
MESSAGE_SET_CANCEL_TIMER: Final = 7
MESSAGE_BID: Final = 8
MESSAGE_MASS_QUOTE: Final = 9
MESSAGE_PLACE_TRIGGER: Final = 10
MESSAGE_TRANSFER: Final = 12
MESSAGE_ORACLE_REPORT: Final = 16

OPERATION_DEPOSIT: Final = 1
OPERATION_SET_UNDERLYING: Final = 2
OPERATION_SET_ORACLE_KEY: Final = 3
OPERATION_SET_ORACLE_RULE: Final = 4
OPERATION_SET_LIMITS: Final = 5
OPERATION_SET_OUTFLOW_SHARE: Final = 6
OPERATION_SET_FEE_SCHEDULE: Final = 7
OPERATION_END_MARKET: Final = 9

MARKET_KIND_PERPETUAL: Final = 0
MARKET_ACTIVE: Final = 0

PRICES_PER_WORD: Final = 5
PRICE_X16_BITS: Final = 48
