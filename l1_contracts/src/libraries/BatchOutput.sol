// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchHeader, Operation} from "../types/Batch.sol";

/// @title Decoder of the program's output (docs/spec/output.md).
/// @notice Words are packed with the first field in the lowest bits. Bits above the last field and
/// words behind the last record are errors.
library BatchOutput {
    uint256 internal constant VERSION = 10;

    uint256 private constant HEADER_WORDS = 7;
    uint256 private constant OPERATION_WORDS = 3;
    uint256 private constant MARKET_WORDS = 4;
    uint256 private constant UNDERLYING_WORDS = 3;

    /// @dev Five words of globals end the output. The second one begins with the custody of USD,
    /// behind it come post_only_until_ms:49, next_tick_ms:49, tick_underlying:4 and what is missing
    /// of USD:63; the last three have the custody of the other assets, three in a word.
    uint256 private constant GLOBALS_WORDS = 5;
    uint256 private constant CUSTODY_WORDS = 3;
    uint256 private constant AMOUNTS_PER_WORD = 3;
    uint256 private constant AMOUNT_BITS = 63;
    uint256 private constant USD_WORD_BITS = 228;
    uint256 private constant MAX_OTHER_ASSETS = 7;

    /// @dev Positions in the head of an account record: account_id:32, collateral:100,
    /// n_keys:4, n_positions:8, n_holding_words:2, flags:6, time before the last one:48,
    /// has_keys:1, has_holdings:1.
    uint256 private constant N_KEYS_SHIFT = 132;
    uint256 private constant N_POSITIONS_SHIFT = 136;
    uint256 private constant N_HOLDING_WORDS_SHIFT = 144;
    uint256 private constant HAS_KEYS_SHIFT = 200;
    uint256 private constant HAS_HOLDINGS_SHIFT = 201;
    uint256 private constant WINDOWS_PER_WORD = 2;
    uint256 private constant KEY_WORDS = 2;

    /// @dev Position of `present` in an order record: behind slot:24.
    uint256 private constant PRESENT_SHIFT = 24;

    error UnknownOutputVersion(uint256 version);

    /// @notice The output does not have the length that its own counts give it.
    error WrongOutputLength(uint256 expected, uint256 actual);

    /// @notice A packed word has bits above its last field.
    error OversizedWord(uint256 index, uint256 word, uint256 nBits);

    /// @notice Decodes the header and checks that the whole output has the length it implies.
    function readHeader(uint256[] memory output) internal pure returns (BatchHeader memory header) {
        if (output.length < HEADER_WORDS) revert WrongOutputLength(HEADER_WORDS, output.length);
        if (output[0] != VERSION) revert UnknownOutputVersion(output[0]);
        header.configHash = output[1];
        header.oldRoot = output[2];
        header.newRoot = output[3];
        uint256 word = _wordOfBits(output, 4, 144);
        header.batchNumber = uint48(word);
        header.firstTimeMs = uint48(word >> 48);
        header.lastTimeMs = uint48(word >> 96);
        word = _wordOfBits(output, 5, 152);
        header.firstQueuePosition = uint48(word);
        header.nOperations = uint16(word >> 48);
        header.nWithdrawals = uint16(word >> 64);
        header.nAccounts = uint24(word >> 80);
        header.nOrders = uint24(word >> 104);
        header.nMarkets = uint16(word >> 128);
        header.nUnderlyings = uint8(word >> 144);
        header.oracleHash = output[6];
        _checkLength(output, header);
        _readCustody(output, header.custodyQuanta);
    }

    /// @notice The `i`-th consumed operation and its result code; `i < nOperations`.
    function readOperation(uint256[] memory output, uint256 i)
        internal
        pure
        returns (Operation memory operation, uint8 resultCode)
    {
        uint256 index = HEADER_WORDS + OPERATION_WORDS * i;
        uint256 word = _wordOfBits(output, index, 120);
        operation.kind = uint8(word);
        resultCode = uint8(word >> 8);
        operation.accountId = uint32(word >> 16);
        operation.amountQuanta = uint64(word >> 48);
        operation.assetId = uint8(word >> 112);
        operation.l1Address = address(uint160(_wordOfBits(output, index + 1, 160)));
        operation.starkKey = output[index + 2];
    }

    /// @notice The `i`-th withdrawal; `i < nWithdrawals`.
    function readWithdrawal(uint256[] memory output, BatchHeader memory header, uint256 i)
        internal
        pure
        returns (uint8 assetId, address l1Address, uint64 amountQuanta)
    {
        uint256 index = HEADER_WORDS + OPERATION_WORDS * header.nOperations + i;
        uint256 word = _wordOfBits(output, index, 232);
        assetId = uint8(word >> 224);
        amountQuanta = uint64(word);
        l1Address = address(uint160(word >> 64));
    }

    /// @dev Reads what is in custody of each asset from the words of globals.
    function _readCustody(uint256[] memory output, uint64[8] memory custodyQuanta) private pure {
        uint256 index = output.length - CUSTODY_WORDS;
        uint256 mask = (1 << AMOUNT_BITS) - 1;
        custodyQuanta[0] = uint64(_wordOfBits(output, index - 1, USD_WORD_BITS) & mask);
        for (uint256 first = 1; first <= MAX_OTHER_ASSETS; first += AMOUNTS_PER_WORD) {
            uint256 count = MAX_OTHER_ASSETS + 1 - first;
            if (count > AMOUNTS_PER_WORD) count = AMOUNTS_PER_WORD;
            uint256 word = _wordOfBits(output, index++, count * AMOUNT_BITS);
            for (uint256 i = 0; i < count; ++i) {
                custodyQuanta[first + i] = uint64((word >> (i * AMOUNT_BITS)) & mask);
            }
        }
    }

    /// @dev Walks over the records of the data-availability section: an account's head is followed by
    /// windows of nonces, keys and holdings if they changed, positions; an order in a slot by its second word;
    /// behind the markets each underlying has two.
    function _checkLength(uint256[] memory output, BatchHeader memory header) private pure {
        uint256 index =
            HEADER_WORDS + OPERATION_WORDS * uint256(header.nOperations) + header.nWithdrawals;
        for (uint256 i = 0; i < header.nAccounts; ++i) {
            if (index >= output.length) revert WrongOutputLength(index + 1, output.length);
            index += _accountWords(output[index]);
        }
        for (uint256 i = 0; i < header.nOrders; ++i) {
            if (index >= output.length) revert WrongOutputLength(index + 1, output.length);
            index += 1 + ((output[index] >> PRESENT_SHIFT) & 1);
        }
        index += MARKET_WORDS * uint256(header.nMarkets);
        index += UNDERLYING_WORDS * uint256(header.nUnderlyings) + GLOBALS_WORDS;
        if (index != output.length) revert WrongOutputLength(index, output.length);
    }

    /// @dev Words of an account's record: its head, with several keys that of its fees, two windows of
    /// nonces in each, two for each key that it has, up to three of holdings, one for each position.
    function _accountWords(uint256 head) private pure returns (uint256) {
        unchecked {
            uint256 nKeys = (head >> N_KEYS_SHIFT) & 0xf;
            uint256 nKeyWords = ((head >> HAS_KEYS_SHIFT) & 1) * nKeys * KEY_WORDS;
            uint256 nWindowWords = (nKeys + WINDOWS_PER_WORD - 1) / WINDOWS_PER_WORD;
            uint256 nHoldingWords =
                ((head >> HAS_HOLDINGS_SHIFT) & 1) * ((head >> N_HOLDING_WORDS_SHIFT) & 3);
            // A single key's window shares its word with the fees.
            uint256 nFeesWords = nKeys == 1 ? 0 : 1;
            uint256 nPositions = (head >> N_POSITIONS_SHIFT) & 0xff;
            return 1 + nFeesWords + nWindowWords + nKeyWords + nHoldingWords + nPositions;
        }
    }

    function _wordOfBits(uint256[] memory output, uint256 index, uint256 nBits)
        private
        pure
        returns (uint256 word)
    {
        word = output[index];
        if (word >> nBits != 0) revert OversizedWord(index, word, nBits);
    }
}
