// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Field, PRIME} from "../../src/verifier/Field.sol";
import {Fri} from "../../src/verifier/Fri.sol";
import {Memory} from "../../src/verifier/Memory.sol";
import {BitReversal} from "./BitReversal.sol";

/// @title Folding by the formula for two points, and what a proof has of a coset.
library PlainFri {
    function writeQueries(uint256 logDomain, uint256[] memory positions, uint256[] memory values)
        internal
        view
        returns (uint256 queries)
    {
        queries = Memory.allocate(positions.length * Fri.QUERY_BYTES);
        uint256 generator = Field.rootOfUnity(logDomain);
        for (uint256 i = 0; i < positions.length; ++i) {
            uint256 point = Field.pow(generator, BitReversal.reverse(positions[i], logDomain));
            uint256 inverse = Field.inverse(point);
            uint256 slot = queries + i * Fri.QUERY_BYTES;
            uint256 position = positions[i];
            uint256 value = values[i];
            assembly ("memory-safe") {
                mstore(slot, position)
                mstore(add(slot, 0x20), value)
                mstore(add(slot, 0x40), inverse)
            }
        }
    }

    /// @dev Overwrites the values.
    function fold(uint256[] memory values, uint256 position, uint256 beta, uint256 logDomain)
        internal
        view
        returns (uint256)
    {
        uint256 size = values.length;
        while (size > 1) {
            uint256 generator = Field.rootOfUnity(logDomain);
            for (uint256 i = 0; i < size; i += 2) {
                uint256 exponent = BitReversal.reverse(position + i, logDomain);
                uint256 inverse = Field.inverse(Field.pow(generator, exponent));
                uint256 sum = addmod(values[i], values[i + 1], PRIME);
                uint256 difference = addmod(values[i], PRIME - values[i + 1], PRIME);
                uint256 odd = mulmod(mulmod(beta, inverse, PRIME), difference, PRIME);
                values[i / 2] = addmod(sum, odd, PRIME);
            }
            beta = mulmod(beta, beta, PRIME);
            position /= 2;
            size /= 2;
            --logDomain;
        }
        return values[0];
    }

    function split(uint256[] memory coset, uint256 first, uint16 set)
        internal
        pure
        returns (uint256[] memory positions, uint256[] memory values, bytes memory siblings)
    {
        uint256 count = 0;
        for (uint256 i = 0; i < coset.length; ++i) {
            count += (set >> i) & 1;
        }
        positions = new uint256[](count);
        values = new uint256[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < coset.length; ++i) {
            if ((set >> i) & 1 == 0) {
                siblings = bytes.concat(siblings, bytes32(coset[i]));
            } else {
                positions[next] = first + i;
                values[next++] = coset[i];
            }
        }
    }
}
