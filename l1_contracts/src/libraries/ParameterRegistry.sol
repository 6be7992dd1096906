// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {StarkKey} from "./StarkKey.sol";

/// @title The exchange's parameters, and what each of them may become (docs/spec/protocol.md).
/// @notice They are those of the last entry in the queue, which the exchange's state follows entry by
/// entry. The program carries every entry out: what it cannot carry out must not get into the queue,
/// nor terms at which nobody's money would be safe.
library ParameterRegistry {
    /// @dev An underlying's word: multiplier:12, initial_margin_ppm:20, maintenance_margin_ppm:20,
    /// maker_fee_ppm:20, taker_fee_ppm:20, price_band_ppm:20, min_order_usd:16,
    /// symbol:64, tick_decimals:4, interest_lower_kusd:24, interest_upper_kusd:24, modes:3,
    /// margin_deviations:4 (each of the last two may be anything).
    struct Parameters {
        uint256[] underlyings;
        uint256[] oracleKeys;
        uint8 oracleQuorum;
        uint32 oracleMaxAgeMs;
        /// @dev Four tiers, threshold_usd:32, returned_permille:10; then insurance_permille:10.
        uint256 feeSchedule;
    }

    uint256 internal constant MAX_UNDERLYINGS = 16;
    uint256 internal constant MAX_ORACLES = 16;

    // What bounds the harm of one entry: a change holds at once, for positions and orders that were
    // made on other terms. The program itself takes more.

    /// @dev Leverage of 100: at less margin one step of a price takes more than an account has.
    uint256 internal constant MIN_INITIAL_MARGIN_PPM = 10_000;
    /// @dev What is left to close a position with before its account owes more than it has.
    uint256 internal constant MIN_MAINTENANCE_MARGIN_PPM = 5000;
    /// @dev A hundredth of a trade's value, not above the least initial margin: a trade cannot cost
    /// more than what must be there to make it.
    uint256 internal constant MAX_FEE_PPM = 10_000;
    /// @dev At a narrower band no order reaches another one as soon as the index moves.
    uint256 internal constant MIN_PRICE_BAND_PPM = 1000;
    /// @dev At more, whoever has less to trade with could only close.
    uint256 internal constant MAX_MIN_ORDER_USD = 10_000;
    /// @dev Over less, one trader's position would lead from the terms' margin to all of the value.
    uint256 internal constant MIN_INTEREST_SPAN_KUSD = 1000;
    /// @dev A USD: at more, the market of a thing that is cheap would only close.
    uint256 internal constant MAX_LEAST_LOT_QUANTA = 1_000_000;
    /// @dev At less it would take days to leave, whoever asks for what is his.
    uint256 internal constant MIN_OUTFLOW_SHARE_PPM = 50_000;
    /// @dev Who holds a position has time to close it, or to take it elsewhere.
    uint256 internal constant MIN_END_NOTICE_MS = 604_800_000;
    /// @dev A year: what is farther away is a mistake of units.
    uint256 internal constant MAX_END_NOTICE_MS = 31_536_000_000;
    /// @dev For as long the program trades at a price: younger reports would end trading earlier.
    uint256 internal constant MIN_ORACLE_MAX_AGE_MS = 3000;
    /// @dev Reports may be as much in the future: for so long they would shut out all others.
    uint256 internal constant MAX_ORACLE_MAX_AGE_MS = 600_000;

    /// @dev The limits of an underlying for which none were set: interest_cap_lots:48,
    /// position_limit_lots:36, all bits set; least_lot_quanta:20, gap_ppm:20 and gap_budgets:8 above
    /// them are 0.
    uint256 internal constant NO_LIMITS = 2 ** (INTEREST_CAP_BITS + POSITION_LIMIT_BITS) - 1;
    uint256 internal constant FEE_TIERS = 4;
    /// @dev A tier returns no more of the fees that who reached it pays: trades with oneself cost money.
    uint256 internal constant MAX_RETURNED_PERMILLE = 400;
    uint256 internal constant MAX_PERMILLE = 1000;

    uint256 private constant TIER_BITS = 42;
    uint256 private constant THRESHOLD_BITS = 32;
    uint256 private constant PERMILLE_BITS = 10;

    uint256 private constant WORD_BITS = 251;
    uint256 private constant MULTIPLIER_BITS = 12;
    uint256 private constant RATE_BITS = 20;
    uint256 private constant INITIAL_MARGIN_SHIFT = 12;
    uint256 private constant MAINTENANCE_MARGIN_SHIFT = 32;
    uint256 private constant MAKER_FEE_SHIFT = 52;
    uint256 private constant TAKER_FEE_SHIFT = 72;
    uint256 private constant PRICE_BAND_SHIFT = 92;
    uint256 private constant MIN_ORDER_SHIFT = 112;
    uint256 private constant MIN_ORDER_BITS = 16;
    uint256 private constant SYMBOL_SHIFT = 128;
    uint256 private constant SYMBOL_BITS = 64;
    uint256 private constant TICK_DECIMALS_SHIFT = 192;
    uint256 private constant TICK_DECIMALS_BITS = 4;
    uint256 private constant INTEREST_LOWER_SHIFT = 196;
    uint256 private constant INTEREST_UPPER_SHIFT = 220;
    uint256 private constant INTEREST_BITS = 24;
    uint256 private constant INTEREST_CAP_BITS = 48;
    uint256 private constant POSITION_LIMIT_BITS = 36;
    uint256 private constant LEAST_LOT_SHIFT = INTEREST_CAP_BITS + POSITION_LIMIT_BITS;
    uint256 private constant LEAST_LOT_BITS = 20;
    uint256 private constant GAP_SHIFT = LEAST_LOT_SHIFT + LEAST_LOT_BITS;
    uint256 private constant GAP_BUDGETS_SHIFT = GAP_SHIFT + RATE_BITS;
    uint256 private constant GAP_BUDGETS_BITS = 8;
    uint256 private constant REDUCE_ONLY_BIT = 245;
    uint256 private constant MINUTE_MS = 60_000;

    uint256 private constant MAX_RATE_PPM = 2 ** RATE_BITS - 1;
    uint256 private constant PPM_ONE = 1_000_000;
    uint256 private constant FIRST_CHARACTER = 0x21;
    uint256 private constant LAST_CHARACTER = 0x7e;

    /// @notice A parameter, or a field of one, is outside its limits.
    error SettingOutOfRange(bytes32 field, uint256 value, uint256 min, uint256 max);

    /// @notice What an underlying is counted in cannot change: prices and positions are in it.
    error SettingIsFixed(bytes32 field, uint256 value, uint256 current);

    /// @notice A market is settled when a minute is over.
    error EndIsNoFullMinute(uint256 endsMs);

    /// @notice Another underlying has this symbol.
    error DuplicateSymbol(uint256 symbol, uint256 index);

    /// @notice Another oracle, or this one, has this key: it would count twice for the quorum.
    error DuplicateOracleKey(uint256 key, uint256 index);

    /// @notice No such key can sign: it is not the abscissa of a point of the curve.
    error InvalidOracleKey(uint256 key);

    /// @notice Sets everything that the exchange starts with.
    function start(Parameters storage self, Parameters memory first) internal {
        _requireRange("underlyings", first.underlyings.length, 1, MAX_UNDERLYINGS);
        for (uint256 i = 0; i < first.underlyings.length; ++i) {
            setUnderlying(self, i, first.underlyings[i]);
        }
        for (uint256 i = 0; i < first.oracleKeys.length; ++i) {
            setOracleKey(self, i, first.oracleKeys[i]);
        }
        setOracleRule(self, first.oracleQuorum, first.oracleMaxAgeMs);
        setFeeSchedule(self, first.feeSchedule);
    }

    /// @notice Changes an underlying, or appends one.
    function setUnderlying(Parameters storage self, uint256 index, uint256 word) internal {
        uint256 count = self.underlyings.length;
        _requireIndex("underlying_index", index, count, MAX_UNDERLYINGS);
        _checkWord(word);
        if (index == count) {
            _checkSymbolIsNew(self, _field(word, SYMBOL_SHIFT, SYMBOL_BITS));
            self.underlyings.push(word);
        } else {
            uint256 current = self.underlyings[index];
            _requireSame("multiplier", word, current, 0, MULTIPLIER_BITS);
            _requireSame("symbol", word, current, SYMBOL_SHIFT, SYMBOL_BITS);
            _requireSame("tick_decimals", word, current, TICK_DECIMALS_SHIFT, TICK_DECIMALS_BITS);
            self.underlyings[index] = word;
        }
    }

    /// @notice Checks what is to bound the markets of an underlying. Who closes is never bound.
    function checkLimits(Parameters storage self, uint256 index, uint256 word) internal view {
        _requireRange("underlying_index", index, 0, self.underlyings.length - 1);
        _requireRange("limits_word", word, 0, 2 ** (GAP_BUDGETS_SHIFT + GAP_BUDGETS_BITS) - 1);
        uint256 cap = _field(word, 0, INTEREST_CAP_BITS);
        _requireRange("interest_cap_lots", cap, 1, 2 ** INTEREST_CAP_BITS - 1);
        uint256 widest = 2 ** POSITION_LIMIT_BITS - 1;
        uint256 position = _field(word, INTEREST_CAP_BITS, POSITION_LIMIT_BITS);
        _requireRange("position_limit_lots", position, 1, cap < widest ? cap : widest);
        uint256 leastLot = _field(word, LEAST_LOT_SHIFT, LEAST_LOT_BITS);
        _requireRange("least_lot_quanta", leastLot, 0, MAX_LEAST_LOT_QUANTA);
        _checkGap(word);
    }

    /// @dev Without a gap there are no budgets for one; with one there is a budget at least, as none
    /// is the reduce-only mode, which says so.
    function _checkGap(uint256 word) private pure {
        uint256 gap = _field(word, GAP_SHIFT, RATE_BITS);
        _requireRange("gap_ppm", gap, 0, PPM_ONE);
        uint256 budgets = _field(word, GAP_BUDGETS_SHIFT, GAP_BUDGETS_BITS);
        if (gap == 0) _requireRange("gap_budgets", budgets, 0, 0);
        else _requireRange("gap_budgets", budgets, 1, 2 ** GAP_BUDGETS_BITS - 1);
    }

    /// @notice Lets the market of an underlying end, which is reduce-only until then.
    /// @param current The end that is known, 0 if none is.
    function endMarket(Parameters storage self, uint256 index, uint256 endsMs, uint256 current)
        internal
    {
        _requireRange("underlying_index", index, 0, self.underlyings.length - 1);
        if (current != 0) revert SettingIsFixed("ends_ms", endsMs, current);
        uint256 first = block.timestamp * 1000 + MIN_END_NOTICE_MS;
        _requireRange("ends_ms", endsMs, first, block.timestamp * 1000 + MAX_END_NOTICE_MS);
        if (endsMs % MINUTE_MS != 0) revert EndIsNoFullMinute(endsMs);
        self.underlyings[index] |= 2 ** REDUCE_ONLY_BIT;
    }

    /// @notice Checks the terms of what ends: it stays reduce-only.
    function checkEnding(uint256 word) internal pure {
        _requireRange("reduce_only", _field(word, REDUCE_ONLY_BIT, 1), 1, 1);
    }

    /// @notice Replaces an oracle's key, or appends one.
    function setOracleKey(Parameters storage self, uint256 index, uint256 key) internal {
        uint256 count = self.oracleKeys.length;
        _requireIndex("oracle_index", index, count, MAX_ORACLES);
        if (!StarkKey.isValid(key)) revert InvalidOracleKey(key);
        for (uint256 i = 0; i < count; ++i) {
            if (self.oracleKeys[i] == key) revert DuplicateOracleKey(key, i);
        }
        if (index == count) self.oracleKeys.push(key);
        else self.oracleKeys[index] = key;
    }

    /// @notice Sets how many reports an update needs, and how old they may be.
    function setOracleRule(Parameters storage self, uint8 quorum, uint32 maxAgeMs) internal {
        _requireRange("oracle_quorum", quorum, 1, self.oracleKeys.length);
        _requireRange("oracle_max_age_ms", maxAgeMs, MIN_ORACLE_MAX_AGE_MS, MAX_ORACLE_MAX_AGE_MS);
        self.oracleQuorum = quorum;
        self.oracleMaxAgeMs = maxAgeMs;
    }

    /// @notice Checks what part of an asset's custody may leave in an hour; 0 is no guard.
    function checkOutflowShare(uint256 sharePpm) internal pure {
        if (sharePpm == 0) return;
        _requireRange("outflow_share_ppm", sharePpm, MIN_OUTFLOW_SHARE_PPM, PPM_ONE);
    }

    /// @notice Sets what comes back to who has paid much of fees, and who gets the rest.
    function setFeeSchedule(Parameters storage self, uint256 word) internal {
        uint256 bits = TIER_BITS * FEE_TIERS;
        _requireRange("fee_schedule_word", word, 0, 2 ** (bits + PERMILLE_BITS) - 1);
        uint256 least = 0;
        for (uint256 i = 0; i < FEE_TIERS; ++i) {
            uint256 tier = _field(word, i * TIER_BITS, TIER_BITS);
            uint256 threshold = _field(tier, 0, THRESHOLD_BITS);
            _requireRange("threshold_usd", threshold, least, 2 ** THRESHOLD_BITS - 1);
            uint256 returned = _field(tier, THRESHOLD_BITS, PERMILLE_BITS);
            _requireRange("returned_permille", returned, 0, MAX_RETURNED_PERMILLE);
            least = threshold;
        }
        uint256 insurance = _field(word, bits, PERMILLE_BITS);
        _requireRange("insurance_permille", insurance, 0, MAX_PERMILLE);
        self.feeSchedule = word;
    }

    function _checkWord(uint256 word) private pure {
        _requireRange("underlying_word", word, 0, 2 ** WORD_BITS - 1);
        _requireRange("multiplier", _field(word, 0, MULTIPLIER_BITS), 1, 2 ** MULTIPLIER_BITS - 1);
        uint256 initial = _field(word, INITIAL_MARGIN_SHIFT, RATE_BITS);
        uint256 maintenance = _field(word, MAINTENANCE_MARGIN_SHIFT, RATE_BITS);
        _requireRange("initial_margin_ppm", initial, MIN_INITIAL_MARGIN_PPM, MAX_RATE_PPM);
        _requireRange("maintenance_margin_ppm", maintenance, MIN_MAINTENANCE_MARGIN_PPM, initial);
        _requireRange("maker_fee_ppm", _field(word, MAKER_FEE_SHIFT, RATE_BITS), 0, MAX_FEE_PPM);
        _requireRange("taker_fee_ppm", _field(word, TAKER_FEE_SHIFT, RATE_BITS), 0, MAX_FEE_PPM);
        uint256 band = _field(word, PRICE_BAND_SHIFT, RATE_BITS);
        _requireRange("price_band_ppm", band, MIN_PRICE_BAND_PPM, PPM_ONE - 1);
        uint256 minOrder = _field(word, MIN_ORDER_SHIFT, MIN_ORDER_BITS);
        _requireRange("min_order_usd", minOrder, 0, MAX_MIN_ORDER_USD);
        _checkSymbol(_field(word, SYMBOL_SHIFT, SYMBOL_BITS));
        _checkInterest(
            _field(word, INTEREST_LOWER_SHIFT, INTEREST_BITS),
            _field(word, INTEREST_UPPER_SHIFT, INTEREST_BITS)
        );
    }

    /// @dev If both are 0 the initial margin does not rise with the open interest.
    function _checkInterest(uint256 lowerKusd, uint256 upperKusd) private pure {
        if (lowerKusd == 0 && upperKusd == 0) return;
        uint256 least = lowerKusd + MIN_INTEREST_SPAN_KUSD;
        _requireRange("interest_upper_kusd", upperKusd, least, 2 ** INTEREST_BITS - 1);
    }

    /// @dev One to eight visible characters of ASCII, the last one lowest.
    function _checkSymbol(uint256 symbol) private pure {
        _requireRange("symbol", symbol, FIRST_CHARACTER, 2 ** SYMBOL_BITS - 1);
        for (; symbol != 0; symbol >>= 8) {
            _requireRange("symbol_character", symbol & 0xff, FIRST_CHARACTER, LAST_CHARACTER);
        }
    }

    function _checkSymbolIsNew(Parameters storage self, uint256 symbol) private view {
        for (uint256 i = 0; i < self.underlyings.length; ++i) {
            uint256 other = _field(self.underlyings[i], SYMBOL_SHIFT, SYMBOL_BITS);
            if (other == symbol) revert DuplicateSymbol(symbol, i);
        }
    }

    /// @dev The next free index appends; there is none when all are taken.
    function _requireIndex(bytes32 field, uint256 index, uint256 count, uint256 limit)
        private
        pure
    {
        _requireRange(field, index, 0, count < limit ? count : limit - 1);
    }

    function _requireSame(
        bytes32 field,
        uint256 word,
        uint256 current,
        uint256 shift,
        uint256 nBits
    ) private pure {
        uint256 value = _field(word, shift, nBits);
        uint256 before = _field(current, shift, nBits);
        if (value != before) revert SettingIsFixed(field, value, before);
    }

    function _requireRange(bytes32 field, uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert SettingOutOfRange(field, value, min, max);
    }

    function _field(uint256 word, uint256 shift, uint256 nBits) private pure returns (uint256) {
        return (word >> shift) & (2 ** nBits - 1);
    }
}
