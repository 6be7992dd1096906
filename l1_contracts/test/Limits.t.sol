// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "../src/interfaces/IExchange.sol";
import {ParameterRegistry} from "../src/libraries/ParameterRegistry.sol";
import {OPERATION_SET_LIMITS, OPERATION_SET_OUTFLOW_SHARE} from "../src/types/Batch.sol";
import {ExchangeBase} from "./utils/ExchangeBase.sol";
import {ParameterWords} from "./utils/ParameterWords.sol";

/// @dev What the owner may set as limits of a market, and what reaches the queue.
contract LimitsTest is ExchangeBase {
    function test_setLimits_whenInRange_thenShownAndQueued() external {
        assertEq(exchange.limits(0), 2 ** 84 - 1);
        uint256[3] memory words = [_limits(1, 1), _limits(2 ** 48 - 1, 2 ** 36 - 1), _limits(9, 5)];
        for (uint256 i = 0; i < words.length; ++i) {
            VM.expectEmit(true, true, true, true);
            emit IExchange.ParameterQueued(i, OPERATION_SET_LIMITS, 1, words[i]);
            assertEq(_setLimits(1, words[i]), i);
            assertEq(exchange.limits(1), words[i]);
        }
        // Other terms leave them alone.
        uint256 terms = ParameterWords.word(ParameterWords.eth());
        VM.prank(OWNER);
        exchange.setUnderlying(1, terms);
        assertEq(exchange.limits(1), words[2]);
    }

    function test_setLimits_whenOutOfRange_thenReverts() external {
        _setLimitsExpecting(2, _limits(1, 1), _range("underlying_index", 2, 0, 1));
        _setLimitsExpecting(0, 2 ** 132, _range("limits_word", 2 ** 132, 0, 2 ** 132 - 1));
        uint256 dear = _limits(9, 5) + 1_000_001 * 2 ** 84;
        _setLimitsExpecting(0, dear, _range("least_lot_quanta", 1_000_001, 0, 1_000_000));
        _setLimits(0, dear - 2 ** 84);
        assertEq(exchange.limits(0), dear - 2 ** 84);
        _setLimitsExpecting(0, 0, _range("interest_cap_lots", 0, 1, 2 ** 48 - 1));
        _setLimitsExpecting(0, _limits(9, 0), _range("position_limit_lots", 0, 1, 9));
        _setLimitsExpecting(0, _limits(9, 10), _range("position_limit_lots", 10, 1, 9));
    }

    function test_setLimits_whenGapIsInRange_thenShown() external {
        uint256[4] memory words =
            [_gap(300_000, 1), _gap(1, 255), _gap(1_000_000, 4), _limits(9, 5)];
        for (uint256 i = 0; i < words.length; ++i) {
            _setLimits(0, words[i]);
            assertEq(exchange.limits(0), words[i]);
        }
    }

    function test_setLimits_whenGapIsOutOfRange_thenReverts() external {
        _setLimitsExpecting(0, _gap(1_000_001, 1), _range("gap_ppm", 1_000_001, 0, 1_000_000));
        _setLimitsExpecting(0, _gap(0, 1), _range("gap_budgets", 1, 0, 0));
        _setLimitsExpecting(0, _gap(300_000, 0), _range("gap_budgets", 0, 1, 255));
    }

    function test_setOutflowShare_whenInRange_thenShownAndQueued() external {
        assertEq(exchange.outflowShare(), 0);
        uint32[3] memory shares = [uint32(50_000), 1_000_000, 0];
        for (uint256 i = 0; i < shares.length; ++i) {
            VM.expectEmit(true, true, true, true);
            emit IExchange.ParameterQueued(i, OPERATION_SET_OUTFLOW_SHARE, 0, shares[i]);
            VM.prank(OWNER);
            assertEq(exchange.setOutflowShare(shares[i]), i);
            assertEq(exchange.outflowShare(), shares[i]);
        }
    }

    function test_setOutflowShare_whenOutOfRange_thenReverts() external {
        uint32[3] memory shares = [uint32(1), 49_999, 1_000_001];
        for (uint256 i = 0; i < shares.length; ++i) {
            VM.expectRevert(_range("outflow_share_ppm", shares[i], 50_000, 1_000_000));
            VM.prank(OWNER);
            exchange.setOutflowShare(shares[i]);
        }
    }

    function _setLimits(uint256 index, uint256 word) private returns (uint256) {
        VM.prank(OWNER);
        return exchange.setLimits(index, word);
    }

    function _limits(uint256 cap, uint256 position) private pure returns (uint256) {
        return cap + position * 2 ** 48;
    }

    function _gap(uint256 gapPpm, uint256 budgets) private pure returns (uint256) {
        return _limits(9, 5) + gapPpm * 2 ** 104 + budgets * 2 ** 124;
    }

    function _setLimitsExpecting(uint256 index, uint256 word, bytes memory refusal) private {
        VM.expectRevert(refusal);
        _setLimits(index, word);
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
}
