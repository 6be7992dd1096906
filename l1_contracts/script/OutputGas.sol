// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PublicInput} from "../src/verifier/PublicInput.sol";
import {PublicMemory} from "../src/verifier/PublicMemory.sol";
import {StatementSeed} from "../src/verifier/StatementSeed.sol";

/// @title Measures what the verifier's work on a public output costs.
contract OutputGas {
    uint256 private constant N_SEGMENTS = 11;
    uint256 private constant VALUE_BYTES = 21;

    /// @notice Gas per output value: the slope of reading, hashing and multiplying out outputs of
    /// `nFewer` and of `nMore` values of 21 bytes, such as orders have.
    function perFelt(uint256 nFewer, uint256 nMore) external view returns (uint256) {
        return (_gasOf(nMore) - _gasOf(nFewer)) / (nMore - nFewer);
    }

    /// @notice What `verify` does with a statement, but for the proof.
    function work(bytes calldata encoded) external view returns (uint256 gasUsed) {
        gasUsed = gasleft();
        PublicInput.Statement memory statement = PublicInput.read(encoded, 0, 16, 24);
        PublicMemory.Page memory page = PublicMemory.build(statement, encoded, address(0), 0);
        uint256 seed = uint256(StatementSeed.digest(statement, page));
        uint256 ratio = PublicMemory.productRatio(page, 0, 12_345, 6789, 24);
        gasUsed -= gasleft();
        assert(seed != ratio);
    }

    function _gasOf(uint256 nValues) private view returns (uint256) {
        return this.work(_encode(nValues));
    }

    /// @dev A statement of 2^20 steps whose output has distinct values of 21 bytes.
    function _encode(uint256 nValues) private pure returns (bytes memory encoded) {
        uint32 begin = 1 << 21;
        encoded = abi.encodePacked(uint8(20), uint16(0), uint16(65_535), uint32(1 << 20));
        encoded = abi.encodePacked(encoded, begin, begin + uint32(nValues));
        for (uint256 i = 1; i < N_SEGMENTS; ++i) {
            encoded = abi.encodePacked(encoded, 2 * begin, 2 * begin);
        }
        uint256 length = encoded.length;
        encoded = bytes.concat(encoded, new bytes(nValues * (1 + VALUE_BYTES)));
        for (uint256 i = 0; i < nValues; ++i) {
            uint256 offset = 32 + length + i * (1 + VALUE_BYTES);
            // The first byte of a value is not zero.
            uint256 value = (uint256(keccak256(abi.encode(i))) >> 1) | (1 << 255);
            assembly ("memory-safe") {
                let record := or(shl(248, VALUE_BYTES), shr(8, value))
                let unused := shl(3, sub(31, VALUE_BYTES))
                // The last record must not write behind the array.
                let slot := sub(add(encoded, offset), sub(31, VALUE_BYTES))
                let before := shr(sub(256, unused), mload(slot))
                mstore(slot, or(shl(sub(256, unused), before), shr(unused, record)))
            }
        }
    }
}
