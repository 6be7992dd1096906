// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchOutput} from "../src/libraries/BatchOutput.sol";
import {BatchHeader, Operation} from "../src/types/Batch.sol";
import {BatchBuilder} from "./utils/BatchBuilder.sol";
import {TestBase} from "./utils/TestBase.sol";

contract BatchOutputTest is TestBase {
    uint256 private constant N_KEYS_SHIFT = 132;
    uint256 private constant N_POSITIONS_SHIFT = 136;
    uint256 private constant N_HOLDING_WORDS_SHIFT = 144;
    uint256 private constant HAS_KEYS_SHIFT = 200;
    uint256 private constant HAS_HOLDINGS_SHIFT = 201;
    uint256 private constant PRESENT_SHIFT = 24;

    function test_readHeader_whenEncoded_thenSameFields(BatchHeader calldata fields) external pure {
        (BatchHeader memory header, uint256[] memory tail) = _withTail(fields);
        BatchHeader memory read = BatchOutput.readHeader(_encode(header, tail));
        assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(header)));
    }

    function test_readOperation_whenEncoded_thenSameFields(
        Operation calldata operation,
        uint8 resultCode,
        uint64 amount,
        address owner,
        uint8 assetId
    ) external pure {
        BatchHeader memory header;
        header.nOperations = 2;
        header.nWithdrawals = 1;
        BatchBuilder.Consumed[] memory consumed = new BatchBuilder.Consumed[](2);
        consumed[1] = BatchBuilder.Consumed(operation, resultCode);
        BatchBuilder.Payment[] memory payments = new BatchBuilder.Payment[](1);
        payments[0] = BatchBuilder.Payment(owner, amount, assetId);
        bytes memory encoded = BatchBuilder.encode(header, consumed, payments, new uint256[](5));
        uint256[] memory output = abi.decode(encoded, (uint256[]));
        BatchOutput.readHeader(output);
        (Operation memory read, uint8 code) = BatchOutput.readOperation(output, 1);
        assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(operation)));
        assertEq(code, resultCode);
        (uint8 asset, address paid, uint64 quanta) = BatchOutput.readWithdrawal(output, header, 0);
        assertEq(asset, assetId);
        assertEq(paid, owner);
        assertEq(quanta, amount);
    }

    function test_readHeader_whenOneWordIsMissingOrTooMany_thenReverts(BatchHeader calldata fields)
        external
    {
        (BatchHeader memory header, uint256[] memory tail) = _withTail(fields);
        uint256[] memory output = _encode(header, tail);
        uint256 length = output.length;
        uint256[] memory longer = new uint256[](length + 1);
        for (uint256 i = 0; i < length; ++i) {
            longer[i] = output[i];
        }
        VM.expectPartialRevert(BatchOutput.WrongOutputLength.selector);
        this.readHeader(longer);
        assembly {
            mstore(output, sub(length, 1))
        }
        VM.expectPartialRevert(BatchOutput.WrongOutputLength.selector);
        this.readHeader(output);
    }

    function test_readHeader_whenVersionIsUnknown_thenReverts(uint256 version) external {
        uint256[] memory output = new uint256[](8);
        output[0] = version == 10 ? 3 : version;
        VM.expectRevert(
            abi.encodeWithSelector(BatchOutput.UnknownOutputVersion.selector, output[0])
        );
        this.readHeader(output);
    }

    function test_readHeader_whenPackedWordIsOversized_thenReverts() external {
        uint256[] memory output = new uint256[](8);
        output[0] = 10;
        _expectOversized(output, 4, 144);
        output[4] = 0;
        _expectOversized(output, 5, 152);
    }

    function test_readHeader_whenAWordOfCustodyIsOversized_thenReverts() external {
        uint256[] memory output = new uint256[](12);
        output[0] = 10;
        _expectOversized(output, 8, 228);
        output[8] = 0;
        _expectOversized(output, 9, 189);
        output[9] = 0;
        _expectOversized(output, 10, 189);
        output[10] = 0;
        // The last one has the seventh asset only.
        _expectOversized(output, 11, 63);
    }

    function test_readHeader_whenWordsAreRandom_thenReverts(uint256[] calldata words) external {
        VM.expectRevert();
        this.readHeader(words);
    }

    /// @dev Sets the lowest bit that a word must not have.
    function _expectOversized(uint256[] memory output, uint256 index, uint256 bits) private {
        output[index] = 1 << bits;
        VM.expectRevert(
            abi.encodeWithSelector(BatchOutput.OversizedWord.selector, index, output[index], bits)
        );
        this.readHeader(output);
    }

    function readHeader(uint256[] memory output) external pure returns (BatchHeader memory) {
        return BatchOutput.readHeader(output);
    }

    /// @dev Few records with positions and second words as their counts say.
    function _withTail(BatchHeader memory header)
        private
        pure
        returns (BatchHeader memory, uint256[] memory tail)
    {
        header.nOperations = 0;
        header.nWithdrawals = 0;
        header.nAccounts %= 9;
        header.nOrders %= 5;
        // More than eight bits hold.
        header.nMarkets %= 300;
        header.nUnderlyings %= 17;
        for (uint256 i = 0; i < 8; ++i) {
            header.custodyQuanta[i] %= 2 ** 63;
        }
        uint256 length = 5 + 4 * uint256(header.nMarkets) + 3 * uint256(header.nUnderlyings);
        for (uint256 i = 0; i < header.nAccounts; ++i) {
            length += 1 + _keyWords(i) + _holdingWords(i) + _positions(i);
        }
        for (uint256 i = 0; i < header.nOrders; ++i) {
            length += 1 + (i % 2);
        }
        tail = new uint256[](length);
        uint256 next = 0;
        for (uint256 i = 0; i < header.nAccounts; ++i) {
            // The neighbours' bits must not be read as the counts.
            tail[next] = ((1 << N_KEYS_SHIFT) - 1) | (_keys(i) << N_KEYS_SHIFT)
                | (_positions(i) << N_POSITIONS_SHIFT) | ((i % 4) << N_HOLDING_WORDS_SHIFT)
                | (0x3f << (N_HOLDING_WORDS_SHIFT + 2)) | ((i % 2) << HAS_KEYS_SHIFT)
                | (_hasHoldings(i) << HAS_HOLDINGS_SHIFT) | (0xff << (HAS_HOLDINGS_SHIFT + 1));
            next += 1 + _keyWords(i) + _holdingWords(i) + _positions(i);
        }
        for (uint256 i = 0; i < header.nOrders; ++i) {
            tail[next] = ((i % 2) << PRESENT_SHIFT) | (0xff << (PRESENT_SHIFT + 1)) | 0xffffff;
            next += 1 + (i % 2);
        }
        // The neighbours' bits must not be read as custody.
        tail[length - 4] = ((1 << 49) - 1) << 63;
        return (header, tail);
    }

    /// @dev One to eight.
    function _keys(uint256 i) private pure returns (uint256) {
        return (5 * i) % 8 + 1;
    }

    /// @dev Words of fees and windows, and of keys if there are any.
    function _keyWords(uint256 i) private pure returns (uint256) {
        uint256 feesWords = _keys(i) == 1 ? 0 : 1;
        return feesWords + (_keys(i) + 1) / 2 + (i % 2) * 2 * _keys(i);
    }

    /// @dev Zero to three, if there are any in the record.
    function _holdingWords(uint256 i) private pure returns (uint256) {
        return _hasHoldings(i) * (i % 4);
    }

    function _hasHoldings(uint256 i) private pure returns (uint256) {
        return (i / 4) % 2;
    }

    /// @dev More than four bits hold, from the third on.
    function _positions(uint256 i) private pure returns (uint256) {
        return 9 * i;
    }

    function _encode(BatchHeader memory header, uint256[] memory tail)
        private
        pure
        returns (uint256[] memory)
    {
        bytes memory encoded = BatchBuilder.encode(
            header, new BatchBuilder.Consumed[](0), new BatchBuilder.Payment[](0), tail
        );
        return abi.decode(encoded, (uint256[]));
    }
}
