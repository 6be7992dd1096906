// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestUsd} from "../../script/TestUsd.sol";
import {Exchange} from "../../src/Exchange.sol";
import {BatchHeader, OPERATION_DEPOSIT, Operation, RESULT_DONE} from "../../src/types/Batch.sol";
import {AcceptingVerifier} from "./AcceptingVerifier.sol";
import {BatchBuilder} from "./BatchBuilder.sol";
import {ParameterWords} from "./ParameterWords.sol";
import {TestBase} from "./TestBase.sol";

/// @dev An exchange with two users, and batches for it.
abstract contract ExchangeBase is TestBase {
    uint8 internal constant USD = 0;
    uint8 internal constant ETH = 1;
    uint256 internal constant CONFIG_HASH = 0xc0ffee;
    uint256 internal constant GENESIS_ROOT = 0x6e;
    uint256 internal constant NEW_ROOT = 0x7e;
    // KEY and KEY + 1 are on the curve.
    uint256 internal constant KEY = 0x1241;
    uint64 internal constant AMOUNT = 5_000_000;
    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant OPERATOR_TIMEOUT = 1 days;
    uint256 internal constant RECLAIM_DELAY = 7 days;
    uint256 internal constant MAX_BATCH_AGE = 7 days;
    uint256 internal constant MAX_CLOCK_SKEW = 15 minutes;

    address internal constant OWNER = address(0xa0);
    address internal constant OPERATOR = address(0xa1);
    address internal constant ALICE = address(0xa2);
    address internal constant BOB = address(0xa3);

    TestUsd internal token;
    Exchange internal exchange;
    BatchBuilder.Consumed[] internal consumed;
    BatchBuilder.Payment[] internal payments;

    function setUp() public virtual {
        VM.warp(START);
        token = new TestUsd();
        exchange = new Exchange(
            token, new AcceptingVerifier(), OWNER, OPERATOR, config(), ParameterWords.first()
        );
        for (uint160 i = 0; i < 2; ++i) {
            address user = address(uint160(ALICE) + i);
            token.mint(user, 1000 * uint256(AMOUNT));
            VM.prank(user);
            token.approve(address(exchange), type(uint256).max);
        }
    }

    function config() internal pure returns (Exchange.Config memory) {
        return Exchange.Config({
            configHash: CONFIG_HASH,
            genesisRoot: GENESIS_ROOT,
            operatorTimeoutSeconds: OPERATOR_TIMEOUT,
            reclaimDelaySeconds: RECLAIM_DELAY,
            maxBatchAgeSeconds: MAX_BATCH_AGE,
            maxClockSkewSeconds: MAX_CLOCK_SKEW,
            minDepositQuanta: 1000
        });
    }

    function deposit(address user, uint256 key, uint64 amount) internal returns (uint256) {
        return depositAsset(USD, user, key, amount);
    }

    function depositAsset(uint8 assetId, address user, uint256 key, uint64 amount)
        internal
        returns (uint256)
    {
        VM.prank(user);
        return exchange.deposit(assetId, key, amount);
    }

    function depositOperation(address user, uint32 accountId, uint64 amount)
        internal
        pure
        returns (Operation memory)
    {
        return Operation(OPERATION_DEPOSIT, accountId, amount, user, KEY, USD);
    }

    /// @dev The header of a valid next batch with the operations and payments collected so far.
    function nextHeader() internal view returns (BatchHeader memory header) {
        (uint256 root, uint256 batchNumber, uint256 lastTimeMs,) = exchange.state();
        (,, uint256 position) = exchange.queue();
        header.configHash = CONFIG_HASH;
        header.oldRoot = root;
        header.newRoot = NEW_ROOT + batchNumber;
        header.batchNumber = uint48(batchNumber + 1);
        uint256 nowMs = block.timestamp * 1000;
        header.firstTimeMs = uint48(nowMs > lastTimeMs + 1 ? nowMs - 1 : lastTimeMs);
        header.lastTimeMs = uint48(nowMs > lastTimeMs ? nowMs : lastTimeMs);
        header.firstQueuePosition = uint48(position);
        header.nOperations = uint16(consumed.length);
        header.nWithdrawals = uint16(payments.length);
        header.nMarkets = 1;
        header.nUnderlyings = 2;
        for (uint8 i = 0; i < exchange.nAssets(); ++i) {
            header.custodyQuanta[i] = _custodyAfter(i);
        }
    }

    /// @dev What the state has in custody after such a batch; 0 if it paid more than it had.
    function _custodyAfter(uint8 assetId) private view returns (uint64) {
        (uint256 total, uint256 payable_, uint256 queued) = exchange.custody(assetId);
        int256 sum = int256(total - payable_ - queued);
        for (uint256 i = 0; i < consumed.length; ++i) {
            Operation storage operation = consumed[i].operation;
            if (operation.assetId != assetId) continue;
            if (consumed[i].resultCode == RESULT_DONE) {
                sum += int256(uint256(operation.amountQuanta));
            }
        }
        for (uint256 i = 0; i < payments.length; ++i) {
            if (payments[i].assetId != assetId) continue;
            sum -= int256(uint256(payments[i].amountQuanta));
        }
        return sum < 0 ? 0 : uint64(uint256(sum));
    }

    /// @dev One market's four words, three of each underlying and five of globals.
    function encode(BatchHeader memory header) internal view returns (bytes memory) {
        uint256[] memory tail = new uint256[](15);
        return BatchBuilder.encode(header, consumed, payments, tail);
    }

    function settle(BatchHeader memory header) internal {
        bytes memory publicInput = encode(header);
        VM.prank(OPERATOR);
        exchange.updateState(publicInput, hex"01");
        delete consumed;
        delete payments;
    }

    function settleExpecting(BatchHeader memory header, bytes memory revertData) internal {
        bytes memory publicInput = encode(header);
        VM.expectRevert(revertData);
        VM.prank(OPERATOR);
        exchange.updateState(publicInput, hex"01");
    }
}
