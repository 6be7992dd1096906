// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStarkVerifier} from "../interfaces/IStarkVerifier.sol";
import {Field, PRIME} from "./Field.sol";
import {Memory} from "./Memory.sol";
import {PublicInput} from "./PublicInput.sol";
import {AirLayout} from "./generated/AirLayout.sol";

/// @title The memory cells that both parties know.
/// @notice Program, frame of main, output. The verifier builds all of them as (address, value)
/// pairs, in ascending order of addresses as the runner lists them; only the values of the output
/// come from the prover.
library PublicMemory {
    /// @dev Bytes of a cell: address, value.
    uint256 internal constant CELL_BYTES = 0x40;

    /// @dev The top bits of four 8-byte words.
    uint256 private constant TOP_BITS =
        0x8000000000000000800000000000000080000000000000008000000000000000;

    struct Page {
        uint256 start;
        uint256 nCells;
    }

    /// @notice Builds the page.
    function build(
        PublicInput.Statement memory statement,
        address[] memory program,
        uint256 programLength
    ) internal view returns (Page memory page) {
        page.nCells = programLength + 2 + 2 * AirLayout.N_PROGRAM_BUILTINS + statement.output.length;
        page.start = Memory.allocate(page.nCells * CELL_BYTES);
        uint256 next = loadProgram(program, page.start);
        next = _writeFrame(statement, next);
        _writeOutput(statement, next);
    }

    /// @notice Decodes the program's data contracts into cells from address 1 on.
    /// @dev Uses the free memory as scratch: the cells lie below the free pointer.
    /// @return next Address behind the last cell written.
    function loadProgram(address[] memory chunks, uint256 start)
        internal
        view
        returns (uint256 next)
    {
        next = start;
        uint256 scratch = Memory.mark();
        uint256 location = PublicInput.INITIAL_PC;
        for (uint256 i = 0; i < chunks.length; ++i) {
            (next, location) = _decodeChunk(chunks[i], next, scratch, location);
        }
    }

    /// @notice The factor that the memory argument's product must have for the public cells:
    /// z^S / (prod(z - (a + alpha * v)) * (z - (a_0 + alpha * v_0))^(S - n)), where the n cells are
    /// padded with the first one to the S cells that the trace reserves.
    function productRatio(Page memory page, uint256 z, uint256 alpha, uint256 logTraceLength)
        internal
        view
        returns (uint256)
    {
        uint256 nReserved = uint256(1) << (logTraceLength - AirLayout.LOG_ROWS_PER_PUBLIC_CELL);
        if (page.nCells > nReserved) {
            revert IStarkVerifier.ParameterOutOfRange("public_cells", page.nCells, 1, nReserved);
        }
        uint256 product = _product(page.start, page.nCells, z, alpha);
        uint256 padding = _product(page.start, 1, z, alpha);
        uint256 denominator = mulmod(product, Field.pow(padding, nReserved - page.nCells), PRIME);
        return mulmod(Field.pow(z, nReserved), Field.inverse(denominator), PRIME);
    }

    /// @dev A word below 2^63 is itself; with the top bit set it is negated; the mark 2^64 - 1 is
    /// followed by a whole word. The first byte of the code is a STOP.
    function _decodeChunk(address chunk, uint256 next, uint256 scratch, uint256 location)
        private
        view
        returns (uint256 nextCell, uint256 nextLocation)
    {
        assembly ("memory-safe") {
            let size := sub(extcodesize(chunk), 1)
            extcodecopy(chunk, scratch, 1, size)
            let end := add(scratch, size)
            let ptr := scratch
            for {} lt(ptr, end) {} {
                let value := mload(ptr)
                // Four small words at once, as most are.
                if and(gt(sub(end, ptr), 0x1f), iszero(and(value, TOP_BITS))) {
                    mstore(next, location)
                    mstore(add(next, 0x20), shr(192, value))
                    mstore(add(next, 0x40), add(location, 1))
                    mstore(add(next, 0x60), and(shr(128, value), 0x7fffffffffffffff))
                    mstore(add(next, 0x80), add(location, 2))
                    mstore(add(next, 0xa0), and(shr(64, value), 0x7fffffffffffffff))
                    mstore(add(next, 0xc0), add(location, 3))
                    mstore(add(next, 0xe0), and(value, 0x7fffffffffffffff))
                    next := add(next, 0x100)
                    location := add(location, 4)
                    ptr := add(ptr, 0x20)
                    continue
                }
                value := shr(192, value)
                ptr := add(ptr, 8)
                if shr(63, value) {
                    switch value
                    case 0xffffffffffffffff {
                        value := mload(ptr)
                        ptr := add(ptr, 0x20)
                    }
                    default { value := sub(PRIME, and(value, 0x7fffffffffffffff)) }
                }
                mstore(next, location)
                mstore(add(next, 0x20), value)
                next := add(next, 0x40)
                location := add(location, 1)
            }
        }
        return (next, location);
    }

    /// @dev [fp - 2] = fp makes call and return pairs safe, [fp - 1] = 0 is the return pcmain's
    /// arguments are the builtins' begin addresses, its return values their stop addresses.
    function _writeFrame(PublicInput.Statement memory statement, uint256 next)
        private
        pure
        returns (uint256)
    {
        uint256 initialAp = statement.begins[PublicInput.EXECUTION_SEGMENT];
        uint256 returns_ =
            statement.stops[PublicInput.EXECUTION_SEGMENT] - AirLayout.N_PROGRAM_BUILTINS;
        next = _writeCell(next, initialAp - 2, initialAp);
        next = _writeCell(next, initialAp - 1, 0);
        bytes memory builtins = AirLayout.PROGRAM_BUILTINS;
        for (uint256 i = 0; i < builtins.length; ++i) {
            next = _writeCell(next, initialAp + i, statement.begins[uint8(builtins[i])]);
        }
        for (uint256 i = 0; i < builtins.length; ++i) {
            next = _writeCell(next, returns_ + i, statement.stops[uint8(builtins[i])]);
        }
        return next;
    }

    function _writeOutput(PublicInput.Statement memory statement, uint256 next) private pure {
        uint256 location = statement.begins[PublicInput.OUTPUT_SEGMENT];
        uint256[] memory output = statement.output;
        for (uint256 i = 0; i < output.length; ++i) {
            next = _writeCell(next, location + i, output[i]);
        }
    }

    function _writeCell(uint256 cell, uint256 location, uint256 value)
        private
        pure
        returns (uint256)
    {
        assembly ("memory-safe") {
            mstore(cell, location)
            mstore(add(cell, 0x20), value)
        }
        return cell + CELL_BYTES;
    }

    function _product(uint256 start, uint256 nCells, uint256 z, uint256 alpha)
        private
        pure
        returns (uint256 product)
    {
        assembly ("memory-safe") {
            product := 1
            let end := add(start, shl(6, nCells))
            // z + 2 * PRIME - address - alpha * value: addresses are below 2^32 < PRIME.
            let base := add(z, shl(1, PRIME))
            for { let bulk := add(start, shl(8, shr(2, nCells))) } lt(start, bulk) {
                start := add(start, 0x100)
            } {
                let hash := add(mload(start), mulmod(alpha, mload(add(start, 0x20)), PRIME))
                product := mulmod(product, sub(base, hash), PRIME)
                hash := add(mload(add(start, 0x40)), mulmod(alpha, mload(add(start, 0x60)), PRIME))
                product := mulmod(product, sub(base, hash), PRIME)
                hash := add(mload(add(start, 0x80)), mulmod(alpha, mload(add(start, 0xa0)), PRIME))
                product := mulmod(product, sub(base, hash), PRIME)
                hash := add(mload(add(start, 0xc0)), mulmod(alpha, mload(add(start, 0xe0)), PRIME))
                product := mulmod(product, sub(base, hash), PRIME)
            }
            for {} lt(start, end) { start := add(start, 0x40) } {
                let hash := add(mload(start), mulmod(alpha, mload(add(start, 0x20)), PRIME))
                product := mulmod(product, sub(base, hash), PRIME)
            }
        }
    }
}
