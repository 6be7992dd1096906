// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {OutputGas} from "../../script/OutputGas.sol";
import {PRIME} from "../../src/verifier/Field.sol";
import {PublicInput} from "../../src/verifier/PublicInput.sol";
import {PublicMemory} from "../../src/verifier/PublicMemory.sol";
import {PlainOutputReader} from "../utils/PlainOutputReader.sol";
import {TestBase} from "../utils/TestBase.sol";

/// @dev The reader under test, as a call of its own.
contract OutputReaderHarness {
    function read(bytes calldata encoded) external view returns (uint256[] memory) {
        PublicInput.Statement memory statement = PublicInput.read(encoded, 0, 16, 20);
        PublicMemory.build(statement, encoded, address(0), 0);
        return statement.output;
    }
}

contract OutputReaderTest is TestBase {
    uint256 private constant GAS_PER_FELT = 450;
    uint256 private constant OUTPUT_OFFSET = 97;
    uint32 private constant BEGIN = 900;

    OutputReaderHarness private immutable _READER = new OutputReaderHarness();
    PlainOutputReader private immutable _PLAIN = new PlainOutputReader();

    function test_readOutput_whenValuesAreManyBytesLong_thenGasPerFeltIsBounded() external {
        uint256 gasPerFelt = new OutputGas().perFelt(500, 1000);
        VM.snapshotValue("StarkVerifier", "public output, per felt", gasPerFelt);
        assertTrue(gasPerFelt <= GAS_PER_FELT, "gas per felt");
    }

    function test_readOutput_whenEncoded_thenSameValues(uint256[] calldata values) external view {
        _compare(_encode(values), values.length);
    }

    /// @dev A changed byte may lengthen or shorten a value, make it larger than the prime, or begin it
    /// with a zero.
    function test_readOutput_whenAnyByteIsChanged_thenAsThePlainReader(
        uint256[] calldata values,
        uint256 position,
        bytes1 value
    ) external view {
        VM.assume(values.length != 0);
        bytes memory encoded = _encode(values);
        encoded[bound(position, OUTPUT_OFFSET, encoded.length - 1)] = value;
        _compare(encoded, values.length);
    }

    function test_readOutput_whenBytesAreMissing_thenAsThePlainReader(
        uint256[] calldata values,
        uint256 length
    ) external view {
        bytes memory encoded = _encode(values);
        length = bound(length, OUTPUT_OFFSET, encoded.length);
        assembly {
            mstore(encoded, length)
        }
        _compare(encoded, values.length);
    }

    function test_readOutput_whenBytesAreRandom_thenAsThePlainReader(
        bytes calldata random,
        uint8 nValues
    ) external view {
        _compare(bytes.concat(_header(nValues), random), nValues);
    }

    /// @dev Each kind of fault at the edge between right and wrong, behind a good value.
    function test_readOutput_whenValuesAreAtTheEdge_thenAsThePlainReader() external view {
        bytes[11] memory edges = [
            bytes(hex"00"),
            hex"0100",
            hex"0101",
            hex"020001",
            bytes.concat(hex"20", bytes32(PRIME - 1)),
            bytes.concat(hex"20", bytes32(PRIME)),
            bytes.concat(hex"20", bytes32(PRIME >> 8)),
            bytes.concat(hex"21", hex"01", bytes32(0)),
            bytes.concat(hex"21", hex"00", bytes32(uint256(7))),
            hex"ff",
            hex"02ff"
        ];
        for (uint256 i = 0; i < edges.length; ++i) {
            _compare(bytes.concat(_header(1), edges[i]), 1);
            _compare(bytes.concat(_header(2), edges[i], hex"0107"), 2);
            _compare(bytes.concat(_header(2), hex"0107", edges[i]), 2);
            _compare(bytes.concat(_header(2), hex"0107", edges[i], hex"00"), 2);
            _compare(bytes.concat(_header(3), hex"0107", edges[i]), 3);
        }
    }

    /// @dev Both accept with the same values, or refuse with the same error.
    function _compare(bytes memory encoded, uint256 nValues) private view {
        (bool isRead, bytes memory result) =
            address(_READER).staticcall(abi.encodeCall(OutputReaderHarness.read, (encoded)));
        (bool isExpected, bytes memory expected) =
            address(_PLAIN).staticcall(abi.encodeCall(PlainOutputReader.read, (encoded, nValues)));
        assertTrue(isRead == isExpected, "accepted by one only");
        assertEq(keccak256(result), keccak256(expected));
    }

    function _encode(uint256[] calldata values) private pure returns (bytes memory encoded) {
        encoded = _header(values.length);
        for (uint256 i = 0; i < values.length; ++i) {
            // All lengths, zero among them, from the small ones that fuzzing prefers.
            uint256 value = uint256(keccak256(abi.encode(values[i]))) % PRIME;
            value >>= 8 * (values[i] % 33);
            uint256 nBytes = 0;
            while (value >> (8 * nBytes) != 0) ++nBytes;
            encoded = abi.encodePacked(encoded, uint8(nBytes));
            for (uint256 j = nBytes; j > 0; --j) {
                encoded = abi.encodePacked(encoded, uint8(value >> (8 * (j - 1))));
            }
        }
    }

    function _header(uint256 nValues) private pure returns (bytes memory header) {
        header = abi.encodePacked(uint8(16), uint16(0), uint16(1), uint32(100));
        header = abi.encodePacked(header, BEGIN, BEGIN + uint32(nValues));
        for (uint256 i = 1; i < 11; ++i) {
            header = abi.encodePacked(header, BEGIN, BEGIN);
        }
    }
}
