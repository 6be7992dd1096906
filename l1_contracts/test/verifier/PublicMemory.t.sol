// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "../../src/verifier/Field.sol";
import {PublicInput} from "../../src/verifier/PublicInput.sol";
import {PublicMemory} from "../../src/verifier/PublicMemory.sol";
import {StatementSeed} from "../../src/verifier/StatementSeed.sol";
import {AirLayout} from "../../src/verifier/generated/AirLayout.sol";
import {DataContract} from "../utils/DataContract.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev The library's functions on bytes of calldata.
contract PublicInputHarness {
    /// @return statement What was read.
    /// @return page The cells, word by word.
    /// @return ratio The factor of the memory argument at (z, alpha).
    /// @return seed The first digest.
    function read(bytes calldata encoded, address program, uint256 length, uint256[2] memory point)
        external
        view
        returns (
            PublicInput.Statement memory statement,
            uint256[] memory page,
            uint256 ratio,
            bytes32 seed
        )
    {
        statement = PublicInput.read(encoded, length, 16, 20);
        PublicMemory.Page memory built = PublicMemory.build(statement, encoded, program, length);
        page = new uint256[](2 * built.nCells);
        for (uint256 i = 0; i < page.length; ++i) {
            uint256 location = built.start + 32 * i;
            uint256 word;
            assembly {
                word := mload(location)
            }
            page[i] = word;
        }
        ratio =
            PublicMemory.productRatio(built, length, point[0], point[1], statement.logTraceLength);
        seed = StatementSeed.digest(statement, built);
    }
}

/// @dev Page, product and seed recomputed word by word.
contract PublicMemoryTest is TestBase {
    uint256 private constant PROGRAM_LENGTH = 21;
    uint256 private constant OUTPUT_BEGIN = 900;

    PublicInputHarness private immutable _HARNESS = new PublicInputHarness();

    function test_read_whenEncoded_thenSameFields(uint256[4] calldata output, uint256 seed)
        external
    {
        PublicInput.Statement memory statement = _statement(output);
        uint256[] memory cells = _expectedPage(statement, seed);
        (PublicInput.Statement memory read,,,) = _read(statement, cells, 1, 1);
        assertEq(keccak256(abi.encode(read)), keccak256(abi.encode(statement)));
    }

    function test_build_whenComparedWithTheSpecification_thenEqual(
        uint256[4] calldata output,
        uint256 seed
    ) external {
        PublicInput.Statement memory statement = _statement(output);
        uint256[] memory expected = _expectedPage(statement, seed);
        (, uint256[] memory page,,) = _read(statement, expected, 1, 1);
        assertEq(keccak256(abi.encode(page)), keccak256(abi.encode(expected)));
    }

    function test_productRatio_whenComparedWithTheFormula_thenEqual(
        uint256[4] calldata output,
        uint256 seed,
        uint256 z,
        uint256 alpha
    ) external {
        z = bound(z, 1, PRIME - 1);
        alpha = bound(alpha, 1, PRIME - 1);
        PublicInput.Statement memory statement = _statement(output);
        uint256[] memory cells = _expectedPage(statement, seed);
        uint256 nReserved = 1 << (statement.logTraceLength - AirLayout.LOG_ROWS_PER_PUBLIC_CELL);
        uint256 denominator = Field.pow(_factor(cells, 0, z, alpha), nReserved - cells.length / 2);
        for (uint256 i = 0; i < cells.length; i += 2) {
            denominator = mulmod(denominator, _factor(cells, i, z, alpha), PRIME);
        }
        VM.assume(denominator != 0);
        (,, uint256 ratio,) = _read(statement, cells, z, alpha);
        assertEq(mulmod(ratio, denominator, PRIME), Field.pow(z, nReserved));
    }

    function test_digest_whenComparedWithPlainEncoding_thenEqual(
        uint256[4] calldata output,
        uint256 seed
    ) external {
        PublicInput.Statement memory statement = _statement(output);
        uint256[] memory cells = _expectedPage(statement, seed);
        (,,, bytes32 digest) = _read(statement, cells, 1, 1);
        bytes memory words = abi.encode(0, statement.logSteps, statement.rangeCheckMin);
        words = bytes.concat(
            words, abi.encode(statement.rangeCheckMax, uint256(uint56(bytes7("dynamic"))))
        );
        bytes memory params = AirLayout.DYNAMIC_PARAMS;
        assertEq(params.length, 4 * 340);
        for (uint256 i = 0; i < params.length; i += 4) {
            uint256 value = 0;
            for (uint256 j = 0; j < 4; ++j) {
                value = (value << 8) | uint8(params[i + j]);
            }
            words = bytes.concat(words, bytes32(value));
        }
        for (uint256 i = 0; i < 13; ++i) {
            words = bytes.concat(words, abi.encode(statement.begins[i], statement.stops[i]));
        }
        bytes32 pageHash = keccak256(abi.encodePacked(cells));
        words = bytes.concat(words, abi.encode(cells[0], cells[1], 1, cells.length / 2, pageHash));
        assertEq(digest, keccak256(words));
    }

    function _statement(uint256[4] memory output)
        private
        pure
        returns (PublicInput.Statement memory statement)
    {
        statement.logSteps = 17;
        statement.logTraceLength = 17 + AirLayout.LOG_ROWS_PER_STEP;
        statement.rangeCheckMin = 3;
        statement.rangeCheckMax = 65_530;
        statement.begins = new uint256[](13);
        statement.stops = new uint256[](13);
        (statement.begins[0], statement.stops[0]) = (1, 5);
        (statement.begins[1], statement.stops[1]) = (PROGRAM_LENGTH + 3, 800);
        (statement.begins[2], statement.stops[2]) = (OUTPUT_BEGIN, OUTPUT_BEGIN + 4);
        for (uint256 i = 3; i < 13; ++i) {
            (statement.begins[i], statement.stops[i]) = (1000 * i, 1000 * i);
        }
        statement.stops[4] += 17;
        statement.stops[5] += 2 * 5;
        statement.stops[9] += 6 * 7;
        statement.output = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            // Values of all lengths, zero among them.
            statement.output[i] = (output[i] % PRIME) >> (64 * i);
        }
    }

    function _encode(PublicInput.Statement memory statement)
        private
        pure
        returns (bytes memory encoded)
    {
        encoded = abi.encodePacked(
            uint8(statement.logSteps),
            uint16(statement.rangeCheckMin),
            uint16(statement.rangeCheckMax),
            uint32(statement.stops[1])
        );
        for (uint256 i = 2; i < 13; ++i) {
            encoded =
                abi.encodePacked(encoded, uint32(statement.begins[i]), uint32(statement.stops[i]));
        }
        for (uint256 i = 0; i < statement.output.length; ++i) {
            uint256 value = statement.output[i];
            uint256 nBytes = 0;
            while (value >> (8 * nBytes) != 0) ++nBytes;
            encoded = abi.encodePacked(encoded, uint8(nBytes));
            for (uint256 j = nBytes; j > 0; --j) {
                encoded = abi.encodePacked(encoded, uint8(value >> (8 * (j - 1))));
            }
        }
    }

    /// @dev Program, frame, arguments, return values, output; builtins output, range_check, ecdsa,
    /// poseidon.
    function _expectedPage(PublicInput.Statement memory statement, uint256 seed)
        private
        pure
        returns (uint256[] memory cells)
    {
        cells = new uint256[](2 * (PROGRAM_LENGTH + 2 + 8 + 4));
        uint256 next = 0;
        for (uint256 i = 0; i < PROGRAM_LENGTH; ++i) {
            next = _put(cells, next, 1 + i, uint256(keccak256(abi.encode(seed, i))) % PRIME);
        }
        uint256 initialAp = statement.begins[1];
        next = _put(cells, next, initialAp - 2, initialAp);
        next = _put(cells, next, initialAp - 1, 0);
        uint8[4] memory builtins = [2, 4, 5, 9];
        for (uint256 i = 0; i < 4; ++i) {
            next = _put(cells, next, initialAp + i, statement.begins[builtins[i]]);
        }
        for (uint256 i = 0; i < 4; ++i) {
            next = _put(cells, next, statement.stops[1] - 4 + i, statement.stops[builtins[i]]);
        }
        for (uint256 i = 0; i < 4; ++i) {
            next = _put(cells, next, OUTPUT_BEGIN + i, statement.output[i]);
        }
    }

    function _put(uint256[] memory cells, uint256 next, uint256 location, uint256 value)
        private
        pure
        returns (uint256)
    {
        (cells[next], cells[next + 1]) = (location, value);
        return next + 2;
    }

    function _read(
        PublicInput.Statement memory statement,
        uint256[] memory cells,
        uint256 z,
        uint256 alpha
    ) private returns (PublicInput.Statement memory, uint256[] memory, uint256, bytes32) {
        bytes memory payload;
        for (uint256 i = 0; i < 2 * PROGRAM_LENGTH; ++i) {
            payload = bytes.concat(payload, bytes32(cells[i]));
        }
        address program = address(new DataContract(payload));
        return _HARNESS.read(_encode(statement), program, PROGRAM_LENGTH, [z, alpha]);
    }

    function _factor(uint256[] memory cells, uint256 i, uint256 z, uint256 alpha)
        private
        pure
        returns (uint256)
    {
        uint256 hash = addmod(cells[i], mulmod(alpha, cells[i + 1], PRIME), PRIME);
        return addmod(z, PRIME - hash, PRIME);
    }
}
