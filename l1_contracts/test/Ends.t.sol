// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "../src/interfaces/IExchange.sol";
import {ParameterRegistry} from "../src/libraries/ParameterRegistry.sol";
import {OPERATION_END_MARKET} from "../src/types/Batch.sol";
import {ExchangeBase} from "./utils/ExchangeBase.sol";
import {ParameterWords} from "./utils/ParameterWords.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @dev What the owner may announce as the end of a market, and what reaches the queue.
contract EndsTest is ExchangeBase {
    uint256 private constant REDUCE_ONLY = 2 ** 245;
    uint48 private constant WEEK_MS = 604_800_000;

    function test_endMarket_whenInRange_thenShownQueuedAndReduceOnly() external {
        assertEq(exchange.marketEnd(1), 0);
        uint48 endsMs = _fullMinute(WEEK_MS);
        VM.expectEmit(true, true, true, true);
        emit IExchange.ParameterQueued(0, OPERATION_END_MARKET, 1, endsMs);
        VM.prank(OWNER);
        assertEq(exchange.endMarket(1, endsMs), 0);
        assertEq(exchange.marketEnd(1), endsMs);
        assertEq(exchange.marketEnd(0), 0);
        uint256 terms = ParameterWords.word(ParameterWords.eth());
        assertEq(exchange.underlying(1), terms | REDUCE_ONLY);
        // It stays so, whatever the other terms become.
        VM.expectRevert(_range("reduce_only", 0, 1, 1));
        VM.prank(OWNER);
        exchange.setUnderlying(1, terms & ~REDUCE_ONLY);
        VM.prank(OWNER);
        exchange.setUnderlying(1, terms | REDUCE_ONLY);
    }

    function test_endMarket_whenAnEndIsKnown_thenReverts() external {
        uint48 endsMs = _fullMinute(WEEK_MS);
        VM.prank(OWNER);
        exchange.endMarket(0, endsMs);
        VM.expectRevert(
            abi.encodeWithSelector(
                ParameterRegistry.SettingIsFixed.selector,
                bytes32("ends_ms"),
                endsMs + 60_000,
                endsMs
            )
        );
        VM.prank(OWNER);
        exchange.endMarket(0, endsMs + 60_000);
    }

    function test_endMarket_whenOutOfRange_thenReverts() external {
        uint256 nowMs = block.timestamp * 1000;
        uint256 least = nowMs + WEEK_MS;
        uint256 most = nowMs + 31_536_000_000;
        _endExpecting(2, uint48(least), _range("underlying_index", 2, 0, 1));
        _endExpecting(0, 0, _range("ends_ms", 0, least, most));
        _endExpecting(0, uint48(least - 1), _range("ends_ms", least - 1, least, most));
        _endExpecting(0, uint48(most + 1), _range("ends_ms", most + 1, least, most));
        uint48 uneven = _fullMinute(WEEK_MS) + 1;
        _endExpecting(
            0, uneven, abi.encodeWithSelector(ParameterRegistry.EndIsNoFullMinute.selector, uneven)
        );
    }

    function test_endMarket_whenSenderIsNotOwner_thenReverts() external {
        address sender = address(0xbad);
        VM.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, sender));
        VM.prank(sender);
        exchange.endMarket(0, 0);
    }

    function _endExpecting(uint256 index, uint48 endsMs, bytes memory refusal) private {
        VM.expectRevert(refusal);
        VM.prank(OWNER);
        exchange.endMarket(index, endsMs);
    }

    /// @dev The first full minute that is not before so long from now.
    function _fullMinute(uint48 fromNowMs) private view returns (uint48) {
        uint256 nowMs = block.timestamp * 1000 + fromNowMs;
        return uint48((nowMs + 59_999) / 60_000 * 60_000);
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
