// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../../src/interfaces/IStarkVerifier.sol";
import {PRIME} from "../../src/verifier/Field.sol";

/// @dev The reader of output values as a reader of the specification would write it: value by value,
/// the first fault ends it.
contract PlainOutputReader {
    uint256 private constant OUTPUT_OFFSET = 97;

    function read(bytes calldata encoded, uint256 nValues)
        external
        pure
        returns (uint256[] memory output)
    {
        if (encoded.length < OUTPUT_OFFSET + nValues) {
            revert IStarkVerifier.WrongByteLength(OUTPUT_OFFSET + nValues, encoded.length);
        }
        output = new uint256[](nValues);
        uint256 end = OUTPUT_OFFSET;
        for (uint256 i = 0; i < nValues; ++i) {
            (output[i], end) = _readValue(encoded, end);
        }
        if (end != encoded.length) revert IStarkVerifier.WrongByteLength(end, encoded.length);
    }

    function _readValue(bytes calldata encoded, uint256 offset)
        private
        pure
        returns (uint256 value, uint256 end)
    {
        if (offset >= encoded.length) {
            revert IStarkVerifier.WrongByteLength(offset + 1, encoded.length);
        }
        uint256 nBytes = uint8(encoded[offset]);
        end = offset + 1 + nBytes;
        if (end > encoded.length) revert IStarkVerifier.WrongByteLength(end, encoded.length);
        if (nBytes == 0) return (0, end);
        if (nBytes > 32 || encoded[offset + 1] == 0) {
            revert IStarkVerifier.NonCanonicalValue(offset);
        }
        value = uint256(bytes32(encoded[offset + 1:end])) >> (8 * (32 - nBytes));
        if (value >= PRIME) revert IStarkVerifier.NotAFieldElement(value);
    }
}
