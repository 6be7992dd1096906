// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Exchange} from "../src/Exchange.sol";
import {IExchange} from "../src/interfaces/IExchange.sol";
import {ParameterRegistry} from "../src/libraries/ParameterRegistry.sol";
import {
    OPERATION_SET_FEE_SCHEDULE,
    OPERATION_SET_ORACLE_KEY,
    OPERATION_SET_ORACLE_RULE,
    OPERATION_SET_UNDERLYING,
    Operation
} from "../src/types/Batch.sol";
import {PRIME} from "../src/verifier/Field.sol";
import {AcceptingVerifier} from "./utils/AcceptingVerifier.sol";
import {BatchBuilder} from "./utils/BatchBuilder.sol";
import {ExchangeBase} from "./utils/ExchangeBase.sol";
import {ParameterWords} from "./utils/ParameterWords.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @dev What the owner may set, and what reaches the queue.
contract ParametersTest is ExchangeBase {
    uint256 private constant MAX_RATE = 2 ** 20 - 1;

    /// @dev The last value that a field may have, and the next one, which it may not.
    struct Edge {
        bytes32 field;
        uint256 shift;
        uint256 value;
        uint256 beyond;
        uint256 min;
        uint256 max;
    }

    // The start

    function test_constructor_whenDeployed_thenParametersAreShownAndNothingIsQueued()
        external
        view
    {
        _assertCounts(2, 2, 2, 5000);
        assertEq(exchange.underlying(0), ParameterWords.word(ParameterWords.btc()));
        assertEq(exchange.underlying(1), ParameterWords.word(ParameterWords.eth()));
        assertEq(exchange.oracleKey(0), ParameterWords.ORACLE_0);
        assertEq(exchange.oracleKey(1), ParameterWords.ORACLE_1);
        (, uint256 tail,) = exchange.queue();
        assertEq(tail, 0);
    }

    /// @dev What the setters refuse the constructor refuses as well.
    function test_constructor_whenTermsAreBeyondAnEdge_thenReverts() external {
        ParameterRegistry.Parameters memory first = ParameterWords.first();
        Edge[9] memory edges = _edges();
        for (uint256 i = 0; i < edges.length; ++i) {
            Edge memory edge = edges[i];
            first.underlyings[1] = _with(ParameterWords.eth(), edge, edge.beyond);
            _deployExpecting(first, _range(edge.field, edge.beyond, edge.min, edge.max));
        }
        first = ParameterWords.first();
        first.oracleMaxAgeMs = 2999;
        _deployExpecting(first, _range("oracle_max_age_ms", 2999, 3000, 600_000));
        first.oracleMaxAgeMs = 600_001;
        _deployExpecting(first, _range("oracle_max_age_ms", 600_001, 3000, 600_000));
    }

    function test_constructor_whenParametersAreOutOfRange_thenReverts() external {
        ParameterRegistry.Parameters memory first = ParameterWords.first();
        first.underlyings = new uint256[](0);
        _deployExpecting(first, _range("underlyings", 0, 1, 16));
        first = ParameterWords.first();
        first.underlyings = new uint256[](17);
        for (uint256 i = 0; i < 17; ++i) {
            first.underlyings[i] = _wordOf(i);
        }
        _deployExpecting(first, _range("underlyings", 17, 1, 16));
        first = ParameterWords.first();
        first.underlyings[1] = first.underlyings[0];
        _deployExpecting(first, _duplicateSymbol(ParameterWords.btc().symbol, 0));
        first = ParameterWords.first();
        first.oracleKeys[1] = first.oracleKeys[0];
        _deployExpecting(first, _duplicateKey(ParameterWords.ORACLE_0, 0));
        first = ParameterWords.first();
        first.oracleQuorum = 3;
        _deployExpecting(first, _range("oracle_quorum", 3, 1, 2));
    }

    // Underlyings

    function test_setUnderlying_whenNextIndex_thenAppendedAndQueued() external {
        uint256 word = ParameterWords.word(ParameterWords.sol());
        deposit(ALICE, KEY, AMOUNT);
        VM.expectEmit(true, true, true, true);
        emit IExchange.ParameterQueued(1, OPERATION_SET_UNDERLYING, 2, word);
        assertEq(_set(2, word), 1);
        _assertCounts(3, 2, 2, 5000);
        assertEq(exchange.underlying(2), word);
        bytes32 hash = keccak256(abi.encode(uint256(2), 2, 0, address(0), word, USD));
        assertEq(exchange.digestAt(1), uint256(hash) >> 40);
        _assertCustody(AMOUNT, 0, AMOUNT);
    }

    function test_setUnderlying_whenSent_thenGasIsRecorded() external {
        uint256 word = ParameterWords.word(ParameterWords.sol());
        VM.prank(OWNER);
        exchange.setUnderlying(2, word);
        VM.snapshotGasLastCall("Exchange", "append an underlying");
    }

    function test_setUnderlying_whenIndexIsBeyond_thenReverts() external {
        uint256 word = ParameterWords.word(ParameterWords.sol());
        _setExpecting(3, word, _range("underlying_index", 3, 0, 2));
        _setExpecting(2 ** 32, word, _range("underlying_index", 2 ** 32, 0, 2));
        for (uint256 i = 2; i < 16; ++i) {
            _set(i, _wordOf(i));
        }
        _setExpecting(16, word, _range("underlying_index", 16, 0, 15));
        _set(15, _wordOf(15));
    }

    function test_setUnderlying_whenAFixedFieldChanges_thenReverts() external {
        ParameterWords.Underlying memory fields = ParameterWords.eth();
        fields.multiplier = 11;
        _setExpecting(1, ParameterWords.word(fields), _fixed("multiplier", 11, 10));
        fields = ParameterWords.eth();
        fields.tickDecimals = 3;
        _setExpecting(1, ParameterWords.word(fields), _fixed("tick_decimals", 3, 2));
        fields = ParameterWords.eth();
        fields.symbol = ParameterWords.sol().symbol;
        _setExpecting(
            1,
            ParameterWords.word(fields),
            _fixed("symbol", fields.symbol, ParameterWords.eth().symbol)
        );
    }

    function test_setUnderlying_whenAFieldIsOutOfRange_thenReverts() external {
        ParameterWords.Underlying memory fields = ParameterWords.sol();
        fields.multiplier = 0;
        _appendExpecting(fields, _range("multiplier", 0, 1, 4095));
        uint256 word = ParameterWords.word(ParameterWords.sol()) + 2 ** 251;
        _setExpecting(2, word, _range("underlying_word", word, 0, 2 ** 251 - 1));
    }

    /// @dev The field fits sixteen bits, of which the owner may not use all: for a new underlying and
    /// for one that is traded, where it may change.
    function test_setUnderlying_whenTheLeastOrderIsAtAnEdge_thenTakenAndBeyondReverts() external {
        ParameterWords.Underlying memory fields = ParameterWords.sol();
        uint256[2] memory beyond = [uint256(10_001), 2 ** 16 - 1];
        for (uint256 i = 0; i < 2; ++i) {
            fields.minOrderUsd = beyond[i];
            bytes memory refusal = _range("min_order_usd", beyond[i], 0, 10_000);
            _appendExpecting(fields, refusal);
            ParameterWords.Underlying memory known = ParameterWords.eth();
            known.minOrderUsd = beyond[i];
            _setExpecting(1, ParameterWords.word(known), refusal);
            known.minOrderUsd = i * 10_000;
            _set(1, ParameterWords.word(known));
            assertEq(exchange.underlying(1), ParameterWords.word(known));
        }
        fields.minOrderUsd = 10_000;
        _set(2, ParameterWords.word(fields));
        assertEq(exchange.underlying(2), ParameterWords.word(fields));
    }

    /// @dev Both 0, or a million USD apart.
    function test_setUnderlying_whenInterestIsAtAnEdge_thenTakenAndBeyondReverts() external {
        ParameterWords.Underlying memory fields = ParameterWords.eth();
        uint256 most = 2 ** 24 - 1;
        uint256[3] memory lower = [uint256(0), 1, most - 1000];
        for (uint256 i = 0; i < 3; ++i) {
            fields.interestLowerKusd = lower[i];
            fields.interestUpperKusd = lower[i] + 999;
            bytes memory refusal =
                _range("interest_upper_kusd", lower[i] + 999, lower[i] + 1000, most);
            _setExpecting(1, ParameterWords.word(fields), refusal);
            fields.interestUpperKusd = lower[i] + 1000;
            _set(1, ParameterWords.word(fields));
            assertEq(exchange.underlying(1), ParameterWords.word(fields));
        }
        (fields.interestLowerKusd, fields.interestUpperKusd) = (1, 0);
        _setExpecting(1, ParameterWords.word(fields), _range("interest_upper_kusd", 0, 1001, most));
        fields.interestLowerKusd = 0;
        _set(1, ParameterWords.word(fields));
        assertEq(exchange.underlying(1), ParameterWords.word(fields));
    }

    /// @dev For a new underlying and for one that is traded.
    function test_setUnderlying_whenARateIsAtAnEdge_thenTakenAndBeyondReverts() external {
        Edge[9] memory edges = _edges();
        for (uint256 i = 0; i < edges.length; ++i) {
            Edge memory edge = edges[i];
            bytes memory refusal = _range(edge.field, edge.beyond, edge.min, edge.max);
            uint256 fresh = 2 + i;
            ParameterWords.Underlying memory fields = ParameterWords.sol();
            fields.symbol = 0x41 + i;
            _setExpecting(fresh, _with(fields, edge, edge.beyond), refusal);
            _set(fresh, _with(fields, edge, edge.value));
            fields = ParameterWords.eth();
            _setExpecting(1, _with(fields, edge, edge.beyond), refusal);
            _set(1, _with(fields, edge, edge.value));
            assertEq(exchange.underlying(1), _with(fields, edge, edge.value));
        }
    }

    function test_setUnderlying_whenSymbolIsNone_thenReverts() external {
        ParameterWords.Underlying memory fields = ParameterWords.sol();
        fields.symbol = 0;
        _appendExpecting(fields, _range("symbol", 0, 0x21, 2 ** 64 - 1));
        fields.symbol = uint24(bytes3("A B"));
        _appendExpecting(fields, _range("symbol_character", 0x20, 0x21, 0x7e));
        fields.symbol = 0x4100;
        _appendExpecting(fields, _range("symbol_character", 0, 0x21, 0x7e));
        fields.symbol = 0x80;
        _appendExpecting(fields, _range("symbol_character", 0x80, 0x21, 0x7e));
        fields.symbol = ParameterWords.btc().symbol;
        _appendExpecting(fields, _duplicateSymbol(fields.symbol, 0));
    }

    /// @dev Every field at its edges gives the word that the specification packs.
    function testFuzz_setUnderlying_whenFieldsAreInRange_thenStored(
        ParameterWords.Underlying memory fields
    ) external {
        fields.multiplier = bound(fields.multiplier, 1, 2 ** 12 - 1);
        fields.initialMarginPpm = bound(fields.initialMarginPpm, 10_000, MAX_RATE);
        fields.maintenanceMarginPpm =
            bound(fields.maintenanceMarginPpm, 5000, fields.initialMarginPpm);
        fields.makerFeePpm = bound(fields.makerFeePpm, 0, 10_000);
        fields.takerFeePpm = bound(fields.takerFeePpm, 0, 10_000);
        fields.priceBandPpm = bound(fields.priceBandPpm, 1000, 999_999);
        fields.minOrderUsd = bound(fields.minOrderUsd, 0, 10_000);
        fields.tickDecimals = bound(fields.tickDecimals, 0, 15);
        fields.interestLowerKusd = bound(fields.interestLowerKusd, 0, 2 ** 24 - 1001);
        fields.interestUpperKusd =
            bound(fields.interestUpperKusd, fields.interestLowerKusd + 1000, 2 ** 24 - 1);
        fields.symbol = bound(fields.symbol, 0x21, 0x7e) * 0x0101010101010101;
        uint256 word = ParameterWords.word(fields);
        _set(2, word);
        assertEq(exchange.underlying(2), word);
        // What may change later.
        fields.makerFeePpm = 10_000 - fields.makerFeePpm;
        fields.takerFeePpm = 10_000 - fields.takerFeePpm;
        _set(2, ParameterWords.word(fields));
        assertEq(exchange.underlying(2), ParameterWords.word(fields));
        _assertCounts(3, 2, 2, 5000);
    }

    /// @dev Whatever word is taken, its fields are within the limits of the specification.
    function testFuzz_setUnderlying_whenAWordIsTaken_thenItsFieldsAreInRange(
        uint256 word,
        bool isVisible
    ) external {
        word &= 2 ** 197 - 1;
        // Fees of which half are too high: nearly all are otherwise.
        word &= ~(uint256(0x3f) << 66 | uint256(0x3f) << 86);
        word |= 0x2121212121212121 << 128;
        if (isVisible) word &= ~(uint256(0x8080808080808080) << 128);
        VM.prank(OWNER);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.setUnderlying, (2, word)));
        bool isValid = word < 2 ** 251 && word % 2 ** 12 != 0;
        uint256 initial = word / 2 ** 12 % 2 ** 20;
        uint256 maintenance = word / 2 ** 32 % 2 ** 20;
        isValid = isValid && initial >= 10_000 && maintenance >= 5000 && maintenance <= initial;
        isValid = isValid && word / 2 ** 52 % 2 ** 20 <= 10_000;
        isValid = isValid && word / 2 ** 72 % 2 ** 20 <= 10_000;
        uint256 band = word / 2 ** 92 % 2 ** 20;
        isValid = isValid && band >= 1000 && band < 1_000_000;
        isValid = isValid && word / 2 ** 112 % 2 ** 16 <= 10_000;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 character = word / 2 ** (128 + 8 * i) % 2 ** 8;
            isValid = isValid && character >= 0x21 && character <= 0x7e;
        }
        assertTrue(ok == isValid, "taken iff in range");
    }

    // Oracles

    function test_setOracleKey_whenNextOrPresentIndex_thenQueued() external {
        VM.expectEmit(true, true, true, true);
        emit IExchange.ParameterQueued(0, OPERATION_SET_ORACLE_KEY, 2, ParameterWords.ORACLE_2);
        assertEq(_setKey(2, ParameterWords.ORACLE_2), 0);
        _assertCounts(2, 3, 2, 5000);
        assertEq(_setKey(0, 4), 1);
        assertEq(exchange.oracleKey(0), 4);
        // What was replaced is free again.
        assertEq(_setKey(1, ParameterWords.ORACLE_0), 2);
        _assertCounts(2, 3, 2, 5000);
    }

    function test_setOracleKey_whenIndexIsBeyond_thenReverts() external {
        _setKeyExpecting(3, ParameterWords.ORACLE_2, _range("oracle_index", 3, 0, 2));
        uint256 count = 2;
        for (uint256 key = 3; count < 16; ++key) {
            VM.prank(OWNER);
            try exchange.setOracleKey(count, key) {
                ++count;
            } catch {}
        }
        _setKeyExpecting(16, KEY, _range("oracle_index", 16, 0, 15));
        _setKey(15, KEY);
    }

    function test_setOracleKey_whenNoKeyOfTheCurve_thenReverts() external {
        uint256[4] memory wrong = [0, ParameterWords.NO_KEY, PRIME, PRIME + 1];
        for (uint256 i = 0; i < wrong.length; ++i) {
            _setKeyExpecting(
                2,
                wrong[i],
                abi.encodeWithSelector(ParameterRegistry.InvalidOracleKey.selector, wrong[i])
            );
        }
    }

    function test_setOracleKey_whenAnOracleHasIt_thenReverts() external {
        _setKeyExpecting(2, ParameterWords.ORACLE_1, _duplicateKey(ParameterWords.ORACLE_1, 1));
        _setKeyExpecting(0, ParameterWords.ORACLE_1, _duplicateKey(ParameterWords.ORACLE_1, 1));
        _setKeyExpecting(1, ParameterWords.ORACLE_1, _duplicateKey(ParameterWords.ORACLE_1, 1));
    }

    function test_setOracleRule_whenInRange_thenQueued() external {
        uint256 word = 1 + 600_000 * 2 ** 8;
        VM.expectEmit(true, true, true, true);
        emit IExchange.ParameterQueued(0, OPERATION_SET_ORACLE_RULE, 0, word);
        assertEq(_setRule(1, 600_000), 0);
        _assertCounts(2, 2, 1, 600_000);
        bytes32 hash = keccak256(abi.encode(uint256(4), 0, 0, address(0), word, USD));
        assertEq(exchange.digestAt(0), uint256(hash) >> 40);
    }

    function test_setOracleRule_whenOutOfRange_thenReverts() external {
        _setRuleExpecting(0, 3000, _range("oracle_quorum", 0, 1, 2));
        _setRuleExpecting(3, 3000, _range("oracle_quorum", 3, 1, 2));
        uint32[4] memory ages = [0, 2999, 600_001, type(uint32).max];
        for (uint256 i = 0; i < ages.length; ++i) {
            _setRuleExpecting(2, ages[i], _range("oracle_max_age_ms", ages[i], 3000, 600_000));
        }
        _setKey(2, ParameterWords.ORACLE_2);
        _setRule(3, 3000);
        _assertCounts(2, 3, 3, 3000);
    }

    function test_setFeeSchedule_whenInRange_thenQueued() external {
        uint256 word = ParameterWords.tier(2, 0, 400) | ParameterWords.tier(3, 5, 0) | 2024 << 168;
        VM.expectEmit(true, true, true, true);
        emit IExchange.ParameterQueued(0, OPERATION_SET_FEE_SCHEDULE, 0, word);
        VM.prank(OWNER);
        assertEq(exchange.setFeeSchedule(word), 0);
        assertEq(exchange.feeSchedule(), word);
    }

    function test_setFeeSchedule_whenOutOfRange_thenReverts() external {
        _setTiersExpecting(2 ** 179, _range("fee_schedule_word", 2 ** 179, 0, 2 ** 179 - 1));
        _setTiersExpecting(401 << 158, _range("returned_permille", 401, 0, 400));
        _setTiersExpecting(1001 << 168, _range("insurance_permille", 1001, 0, 1000));
        _setTiersExpecting(7, _range("threshold_usd", 0, 7, 2 ** 32 - 1));
    }

    // Who may

    function testFuzz_set_whenSenderIsNotTheOwner_thenReverts(address sender) external {
        VM.assume(sender != OWNER);
        bytes memory refusal =
            abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, sender);
        uint256 word = ParameterWords.word(ParameterWords.sol());
        VM.expectRevert(refusal);
        VM.prank(sender);
        exchange.setUnderlying(2, word);
        VM.expectRevert(refusal);
        VM.prank(sender);
        exchange.setLimits(0, 1 + 2 ** 48);
        VM.expectRevert(refusal);
        VM.prank(sender);
        exchange.setOutflowShare(0);
        VM.expectRevert(refusal);
        VM.prank(sender);
        exchange.setOracleKey(2, ParameterWords.ORACLE_2);
        VM.expectRevert(refusal);
        VM.prank(sender);
        exchange.setOracleRule(1, 1);
        VM.expectRevert(refusal);
        VM.prank(sender);
        exchange.setFeeSchedule(0);
        (, uint256 tail,) = exchange.queue();
        assertEq(tail, 0);
    }

    // The queue

    /// @dev The attack: take a parameter's entry out of the order as if it were a deposit.
    function test_requestReclaim_whenTheEntryIsAParameter_thenReverts() external {
        uint256 word = ParameterWords.word(ParameterWords.sol());
        _set(2, word);
        _setKey(2, ParameterWords.ORACLE_2);
        _setRule(3, 7000);
        uint256[3] memory words = [word, ParameterWords.ORACLE_2, 3 + 7000 * 2 ** 8];
        address[3] memory senders = [OWNER, ALICE, address(0)];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 s = 0; s < 3; ++s) {
                VM.expectRevert(abi.encodeWithSelector(IExchange.DepositNotPending.selector, i));
                VM.prank(senders[s]);
                exchange.requestReclaim(i, USD, i < 2 ? 2 : 0, words[i], 0);
            }
        }
        VM.warp(START + 10 * RECLAIM_DELAY);
        VM.expectRevert(abi.encodeWithSelector(IExchange.ReclaimNotRequested.selector, USD, 2, 0));
        exchange.reclaimDeposit(USD, 2, address(0), word, 0);
        exchange.skipReclaimed(9);
        (uint256 head,,) = exchange.queue();
        assertEq(head, 0);
    }

    function test_updateState_whenDepositsAndParametersAreConsumedInOrder_thenCustodyIsOfDeposits()
        external
    {
        uint256 word = ParameterWords.word(ParameterWords.sol());
        deposit(ALICE, KEY, AMOUNT);
        _set(2, word);
        deposit(BOB, KEY, 2 * AMOUNT);
        _setKey(2, ParameterWords.ORACLE_2);
        _setRule(3, 7000);
        _consume(depositOperation(ALICE, 2, AMOUNT));
        _consume(_operation(OPERATION_SET_UNDERLYING, 2, word));
        _consume(depositOperation(BOB, 3, 2 * AMOUNT));
        _consume(_operation(OPERATION_SET_ORACLE_KEY, 2, ParameterWords.ORACLE_2));
        VM.expectEmit(true, true, true, true);
        emit IExchange.OperationConsumed(1, OPERATION_SET_UNDERLYING, 0);
        settle(nextHeader());
        _assertCustody(3 * AMOUNT, 0, 0);
        (uint256 head, uint256 tail, uint256 consumed_) = exchange.queue();
        assertEq(head, 4);
        assertEq(tail, 5);
        assertEq(consumed_, 4);
        _consume(_operation(OPERATION_SET_ORACLE_RULE, 0, 3 + 7000 * 2 ** 8));
        settle(nextHeader());
        _assertCustody(3 * AMOUNT, 0, 0);
    }

    function test_updateState_whenAParameterIsLeftOutOrAltered_thenReverts() external {
        uint256 word = ParameterWords.word(ParameterWords.sol());
        _set(2, word);
        deposit(ALICE, KEY, AMOUNT);
        Operation[6] memory wrong;
        wrong[0] = depositOperation(ALICE, 2, AMOUNT);
        for (uint256 i = 1; i < 6; ++i) {
            wrong[i] = _operation(OPERATION_SET_UNDERLYING, 2, word);
        }
        wrong[1].kind = OPERATION_SET_ORACLE_KEY;
        wrong[2].accountId = 1;
        wrong[3].amountQuanta = 1;
        wrong[4].l1Address = OWNER;
        wrong[5].starkKey += 1;
        for (uint256 i = 0; i < wrong.length; ++i) {
            delete consumed;
            _consume(wrong[i]);
            settleExpecting(
                nextHeader(),
                abi.encodeWithSelector(IExchange.OperationMismatch.selector, 0, wrong[i])
            );
        }
    }

    /// @dev Each bound of a rate, where all other fields are those of `ParameterWords`.
    function _edges() private pure returns (Edge[9] memory edges) {
        edges[0] = Edge("initial_margin_ppm", 12, 10_000, 9999, 10_000, MAX_RATE);
        edges[1] = Edge("maintenance_margin_ppm", 32, 5000, 4999, 5000, 50_000);
        edges[2] = Edge("maintenance_margin_ppm", 32, 50_000, 50_001, 5000, 50_000);
        edges[3] = Edge("maker_fee_ppm", 52, 10_000, 10_001, 0, 10_000);
        edges[4] = Edge("taker_fee_ppm", 72, 10_000, 10_001, 0, 10_000);
        edges[5] = Edge("price_band_ppm", 92, 1000, 999, 1000, 999_999);
        edges[6] = Edge("price_band_ppm", 92, 999_999, 1_000_000, 1000, 999_999);
        edges[7] = Edge("maker_fee_ppm", 52, 0, MAX_RATE, 0, 10_000);
        edges[8] = Edge("taker_fee_ppm", 72, 0, MAX_RATE, 0, 10_000);
    }

    /// @dev With the least maintenance margin where the initial one is below the usual.
    function _with(ParameterWords.Underlying memory fields, Edge memory edge, uint256 value)
        private
        pure
        returns (uint256 word)
    {
        if (edge.shift == 12) fields.maintenanceMarginPpm = 5000;
        word = ParameterWords.word(fields) & ~(MAX_RATE << edge.shift);
        word |= value << edge.shift;
    }

    function _consume(Operation memory operation) private {
        consumed.push(BatchBuilder.Consumed(operation, 0));
    }

    function _operation(uint8 kind, uint32 index, uint256 word)
        private
        pure
        returns (Operation memory)
    {
        return Operation(kind, index, 0, address(0), word, USD);
    }

    /// @dev Of the symbols A, B, ...
    function _wordOf(uint256 i) private pure returns (uint256) {
        ParameterWords.Underlying memory fields = ParameterWords.sol();
        fields.symbol = 0x41 + i;
        return ParameterWords.word(fields);
    }

    function _set(uint256 index, uint256 word) private returns (uint256) {
        VM.prank(OWNER);
        return exchange.setUnderlying(index, word);
    }

    function _setKey(uint256 index, uint256 key) private returns (uint256) {
        VM.prank(OWNER);
        return exchange.setOracleKey(index, key);
    }

    function _setTiersExpecting(uint256 word, bytes memory refusal) private {
        VM.expectRevert(refusal);
        VM.prank(OWNER);
        exchange.setFeeSchedule(word);
    }

    function _setRule(uint8 quorum, uint32 maxAgeMs) private returns (uint256) {
        VM.prank(OWNER);
        return exchange.setOracleRule(quorum, maxAgeMs);
    }

    function _appendExpecting(ParameterWords.Underlying memory fields, bytes memory refusal)
        private
    {
        _setExpecting(2, ParameterWords.word(fields), refusal);
    }

    function _setExpecting(uint256 index, uint256 word, bytes memory refusal) private {
        VM.expectRevert(refusal);
        _set(index, word);
    }

    function _setKeyExpecting(uint256 index, uint256 key, bytes memory refusal) private {
        VM.expectRevert(refusal);
        _setKey(index, key);
    }

    function _setRuleExpecting(uint8 quorum, uint32 maxAgeMs, bytes memory refusal) private {
        VM.expectRevert(refusal);
        _setRule(quorum, maxAgeMs);
    }

    function _deployExpecting(ParameterRegistry.Parameters memory first, bytes memory refusal)
        private
    {
        AcceptingVerifier verifier = new AcceptingVerifier();
        VM.expectRevert(refusal);
        new Exchange(token, verifier, OWNER, OPERATOR, config(), first);
    }

    function _range(bytes32 field, uint256 value, uint256 min, uint256 max)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            ParameterRegistry.SettingOutOfRange.selector, field, value, min, max
        );
    }

    function _fixed(bytes32 field, uint256 value, uint256 current)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            ParameterRegistry.SettingIsFixed.selector, field, value, current
        );
    }

    function _duplicateSymbol(uint256 symbol, uint256 index) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ParameterRegistry.DuplicateSymbol.selector, symbol, index);
    }

    function _duplicateKey(uint256 key, uint256 index) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ParameterRegistry.DuplicateOracleKey.selector, key, index);
    }

    function _assertCounts(uint256 nUnderlyings, uint256 nOracles, uint256 quorum, uint256 maxAge)
        private
        view
    {
        (uint256 underlyings, uint256 oracles, uint256 quorum_, uint256 maxAge_) =
            exchange.parameters();
        assertEq(underlyings, nUnderlyings);
        assertEq(oracles, nOracles);
        assertEq(quorum_, quorum);
        assertEq(maxAge_, maxAge);
    }

    function _assertCustody(uint256 total, uint256 payable_, uint256 queued) private view {
        (uint256 totalQuanta, uint256 payableQuanta, uint256 queuedQuanta) = exchange.custody(USD);
        assertEq(totalQuanta, total);
        assertEq(payableQuanta, payable_);
        assertEq(queuedQuanta, queued);
    }
}
