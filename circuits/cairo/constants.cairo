// Bounds and codes of docs/spec/protocol.md, under the names of novation/protocol/constants.py.

const AMOUNT_BOUND = 2 ** 63;
const CUSTODY_BOUND = 2 ** 63;
const COLLATERAL_BOUND = 2 ** 99;
const ORDER_SIZE_BOUND = 2 ** 32;
const POSITION_BOUND = 2 ** 36;
const OPEN_LOTS_BOUND = 2 ** 37;
const OPEN_INTEREST_BOUND = 2 ** 48;
const PRICE_BOUND = 2 ** 32;
const PRICE_X16_BOUND = 2 ** 48;
const PREMIUM_X16_BOUND = 2 ** 48;
const PRICE_X16_ONE = 2 ** 16;
const MULTIPLIER_BOUND = 2 ** 12;
const MIN_ORDER_BOUND = 2 ** 16;
const LEAST_LOT_BOUND = 2 ** 20;
const GAP_BUDGETS_BOUND = 2 ** 8;
const RATE_BOUND = 2 ** 20;
const PPM_ONE = 10 ** 6;
const QUANTA_PER_USD = 10 ** 6;
const TIME_BOUND = 2 ** 48;
const LAST_TIME_MS = 2 ** 48 - 1;
const ACCOUNT_ID_BOUND = 2 ** 32;
const ORDER_ID_BOUND = 2 ** 48;
const NONCE_BOUND = 2 ** 61;
const NONCE_STEP = 2 ** 20;
const SKIPPED_NONCES = 64;
const LABEL_BOUND = 2 ** 64;
const PREFIX_BOUND = 2 ** 56;
const FUNDING_SUM_BOUND = 2 ** 55;
const CHARGED_BOUND = 2 ** 51;
const POOL_CASH_BOUND = 2 ** 84;
const POOL_LOTS_BOUND = 2 ** 48;
const BUDGET_BOUND = 2 ** 45;
const BUDGET_SHARE = 4;
const DAY_BOUND = 2 ** 15;
const DEFICIT_BOUND = 2 ** 63;

const MAX_UNDERLYINGS = 16;
const MAX_ORACLES = 16;
const MAX_ASSETS = 8;
const MAX_KEYS = 8;
const MAX_POSITIONS = 32;
const MAX_ORDERS_PER_SLOT = 128;
const MAX_MAKERS_PER_ORDER = 17;
const MAX_QUOTES = 16;
const GUARD_BOUND = 2 ** 36;
const MAX_OPERATIONS_PER_BATCH = 2 ** 16 - 1;

const MIN_LOT_VALUE_QUANTA = 100000;
// How an impact price is found, and what a sample of the premium counts.
const IMPACT_MARGIN_QUANTA = 500000000;
const MAX_ORDERS_PER_SAMPLE = 10;
const MAX_MISSED_SAMPLES = 15;
const SETTLED_SAMPLES = 31;
const SETTLEMENT_WINDOW_MS = 1800000;
const INDEX_SUM_BOUND = 2 ** 53;
const SAMPLE_WEIGHT_FIFTHS = 2;
// One less than an order meets: the insurance fund's record takes a maker's room in the output.
const MAX_MAKERS_PER_LIQUIDATION = MAX_MAKERS_PER_ORDER - 1;
// Of the notional of a liquidation, to the insurance fund.
const LIQUIDATION_FEE_PPM = 10000;

// How long an auction runs, what a bid is given of the equity behind what it takes, and the fund's part.
const AUCTION_LIFE_MS = 120000;
const FIRST_DISCOUNT_PPM = 50000;
const DISCOUNT_PPM_PER_MS = 16;
const AUCTION_FEE_PPM = 100000;
const SHARE_X16_ONE = 2 ** 16;
const TAKE_OVER_AFTER_MS = 60000;
// What pools and the insurance fund took is offered to the book in such parts, so often.
const UNWIND_SHARE = 20;
const UNWIND_EVERY_MS = 1000;

// In a minute the initial margin follows the open interest by no more than this.
const MARGIN_STEP_PPM = 10000;
// So long the forecast of volatility remembers, and so much of a return it counts: a tenth, so that its
// variance, in ppm^2, has a bound that no margin asks for.
const FORECAST_MEMORY_MS = 600000;
const RETURN_LIMIT_PPM = 100000;
const VARIANCE_BOUND = 2 ** 26;
// Of an hour's return, for which initial margin is.
const DEVIATIONS_BOUND = 2 ** 4;
// In a minute the initial margin of new risk rises to what is forecast by so much, or by the small one
// where that is too much, or it falls; it is never more than so many times the terms'.
const FORECAST_RISE_PPM = 10000;
const FORECAST_SMALL_RISE_PPM = 2500;
const FORECAST_FALL_PPM = 70;
const MOST_MARGIN_MULTIPLE = 3;
// Thousands of USD of open interest between which the initial margin rises.
const INTEREST_KUSD_BOUND = 2 ** 24;
const QUANTA_PER_KUSD = 10 ** 9;
// What equity must be of the value of all positions when an amount of USD leaves an account.
const LEAVING_MARGIN_PPM = 100000;
const PRICE_VALIDITY_MS = 3000;
const AGREEMENT_PPM = 20000;
const REPORT_SPREAD_MS = 1000;
const RESUME_GAP_MS = 300000;
const POST_ONLY_MS = 60000;
const RESOLVE_MS = 10000;
const KEEP_REFERENCE_MS = 60000;
const MAX_VALIDITY_MS = 86400000;
const MINUTE_MS = 60000;
const HOUR_MS = 3600000;
const DAY_MS = 86400000;
const FEE_DAYS = 30;
const FEES_BOUND = 2 ** 95;
const TIER_THRESHOLD_BOUND = 2 ** 32;
const MAX_RETURNED_PERMILLE = 400;
const MILLE_ONE = 1000;
const SAMPLES_PER_HOUR = 60;
const FUNDING_PERIOD_HOURS = 8;
const INTEREST_DIVISOR = 10000;
const DAMPING = 5;

const ACCOUNT_TREE_HEIGHT = 32;
const ORDER_TREE_HEIGHT = 24;
const MARKET_TREE_HEIGHT = 11;

const FEE_ACCOUNT_ID = 0;
const INSURANCE_ACCOUNT_ID = 1;

const USD_ASSET_ID = 0;

// Which bit of a key's permissions a message needs.
const TRADE_BIT = 0;
const WITHDRAW_BIT = 1;
const ADMIN_BIT = 2;
// The word of a deposit's key: all permissions, and it does not expire.
const FULL_KEY_WORD = 7 + (2 ** 48 - 1) * 2 ** 8;

const CONFIG_VERSION = 2;
const STATE_VERSION = 10;
const OUTPUT_VERSION = 10;

const CONFIG_TAG = 'NOVATION';
const ORDER_LEAF_TAG = 'ORDER';
const DORMANT_LEAF_TAG = 'DORMANT';
const REPLACE_TAG = 'REPLACE';
const QUOTE_TAG = 'QUOTE';
const BRACKET_TAG = 'BRACKET';

const MESSAGE_PLACE_ORDER = 1;
const MESSAGE_CANCEL_ORDER = 2;
const MESSAGE_WITHDRAW = 3;
const MESSAGE_ADD_KEY = 4;
const MESSAGE_REMOVE_KEY = 5;
const MESSAGE_CANCEL_ALL = 6;
const MESSAGE_SET_CANCEL_TIMER = 7;
const MESSAGE_BID = 8;
const MESSAGE_MASS_QUOTE = 9;
const MESSAGE_PLACE_TRIGGER = 10;
const MESSAGE_TRANSFER = 12;
const MESSAGE_ORACLE_REPORT = 16;

const OPERATION_DEPOSIT = 1;
const OPERATION_SET_UNDERLYING = 2;
const OPERATION_SET_ORACLE_KEY = 3;
const OPERATION_SET_ORACLE_RULE = 4;
const OPERATION_SET_LIMITS = 5;
const OPERATION_SET_OUTFLOW_SHARE = 6;
const OPERATION_SET_FEE_SCHEDULE = 7;
const OPERATION_END_MARKET = 9;

const PRICES_PER_WORD = 5;
const PRICE_X16_BITS = 48;

const SIDE_BUY = 0;
// The lists of a market: the sides of its book, then its dormant orders, by what they wait for.
const LIST_FALLS = 2;
const LIST_RISES = 3;
const TIME_IN_FORCE_IOC = 1;
const TIME_IN_FORCE_POST_ONLY = 2;
const TIME_IN_FORCE_FOK = 3;

const SELF_TRADE_CANCEL_RESTING = 0;
const SELF_TRADE_CANCEL_TAKING = 1;
const SELF_TRADE_CANCEL_BOTH = 2;
const SELF_TRADE_MODES = 4;

const RESULT_DONE = 0;
const RESULT_DEPOSIT_KEY_MISMATCH = 1;
const RESULT_FILLED = 16;
const RESULT_RESTING = 17;
const RESULT_IOC_CANCELLED = 18;
const RESULT_MAKER_LIMIT = 19;
const RESULT_SELF_TRADE_CANCELLED = 20;
const RESULT_AMENDED = 21;
const RESULT_NOTHING_LEFT = 22;
const RESULT_BID_CAPPED = 26;
const RESULT_DORMANT = 30;

// A cell of the range-check builtin holds a value in [0, RC_BOUND). A value x that is known to be
// in that range is below B if and only if x + (RC_BOUND - B) is in it too.
const RC_BOUND = 2 ** 128;

// Keys of the logs of orders and markets (state/access_log.cairo). Accounts use their id.
const ORDER_KEY_BASE = 2 ** 40;
const MARKET_KEY_BASE = 2 ** 44;
