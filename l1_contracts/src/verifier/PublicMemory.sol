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

    struct Page {
        uint256 start;
        uint256 nCells;
        // Where the cells of the output begin.
        uint256 output;
    }

    /// @notice Builds the page, and reads the output's values on the way.
    /// @param encoded The encoded statement, which ends with the output.
    function build(
        PublicInput.Statement memory statement,
        bytes calldata encoded,
        address program,
        uint256 programLength
    ) internal view returns (Page memory page) {
        page.nCells = programLength + 2 + 2 * AirLayout.N_PROGRAM_BUILTINS + statement.output.length;
        page.start = Memory.allocate(page.nCells * CELL_BYTES);
        page.output = _writeFrame(statement, loadProgram(program, programLength, page.start));
        PublicInput.readOutput(statement, encoded, page.output);
    }

    /// @notice Copies the program's cells, ready to be hashed, from the code of a data contract.
    /// @return next Address behind the last cell written.
    function loadProgram(address program, uint256 programLength, uint256 start)
        internal
        view
        returns (uint256 next)
    {
        next = start + programLength * CELL_BYTES;
        assembly ("memory-safe") {
            // The first byte is the STOP.
            extcodecopy(program, start, 1, sub(next, start))
        }
    }

    /// @notice The factor that the memory argument's product must have for the public cells:
    /// z^S / (prod(z - (a + alpha * v)) * (z - (a_0 + alpha * v_0))^(S - n)), where the n cells are
    /// padded with the first one to the S cells that the trace reserves.
    function productRatio(
        Page memory page,
        uint256 programLength,
        uint256 z,
        uint256 alpha,
        uint256 logTraceLength
    ) internal view returns (uint256) {
        uint256 nReserved =
            uint256(1) << (logTraceLength - AirLayout.LOG_ROWS_PER_PUBLIC_CELL);
        if (page.nCells > nReserved) {
            revert IStarkVerifier.ParameterOutOfRange("public_cells", page.nCells, 1, nReserved);
        }
        uint256 frame = page.start + programLength * CELL_BYTES;
        uint256 nFrame = (page.output - frame) / CELL_BYTES;
        uint256 nOutput = page.nCells - programLength - nFrame;
        uint256 denominator = mulmod(
            _productOfConsecutive(page.start, programLength, z, alpha),
            _product(frame, nFrame, z, alpha),
            PRIME
        );
        denominator =
            mulmod(denominator, _productOfConsecutive(page.output, nOutput, z, alpha), PRIME);
        uint256 padding = _product(page.start, 1, z, alpha);
        padding = Field.pow(padding, nReserved - page.nCells);
        denominator = mulmod(denominator, padding, PRIME);
        return mulmod(Field.pow(z, nReserved), Field.inverse(denominator), PRIME);
    }

    /// @dev [fp - 2] = fp makes call and return pairs safe, [fp - 1] = 0 is the return pc. Main's
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
            // z + 2 * PRIME - address - alpha * value: addresses are below 2^32 < PRIME.
            let base := add(z, shl(1, PRIME))
            for { let end := add(start, shl(6, nCells)) } lt(start, end) {
                start := add(start, 0x40)
            } {
                let hash := add(mload(start), mulmod(alpha, mload(add(start, 0x20)), PRIME))
                product := mulmod(product, sub(base, hash), PRIME)
            }
        }
    }

    /// @dev The same for cells with consecutive addresses.
    function _productOfConsecutive(uint256 start, uint256 nCells, uint256 z, uint256 alpha)
        private
        pure
        returns (uint256 product)
    {
        assembly ("memory-safe") {
            let p := PRIME
            product := 1
            let base := sub(add(z, shl(1, p)), mload(start))
            let end := add(start, shl(6, nCells))
            for { let bulk := add(start, shl(9, shr(3, nCells))) } lt(start, bulk) {} {
                product := mulmod(product, sub(base, mulmod(alpha, mload(add(start, 0x20)), p)), p)
                product := mulmod(
                    product,
                    sub(sub(base, 1), mulmod(alpha, mload(add(start, 0x60)), p)),
                    p
                )
                product := mulmod(
                    product,
                    sub(sub(base, 2), mulmod(alpha, mload(add(start, 0xa0)), p)),
                    p
                )
                product := mulmod(
                    product,
                    sub(sub(base, 3), mulmod(alpha, mload(add(start, 0xe0)), p)),
                    p
                )
                product := mulmod(
                    product,
                    sub(sub(base, 4), mulmod(alpha, mload(add(start, 0x120)), p)),
                    p
                )
                product := mulmod(
                    product,
                    sub(sub(base, 5), mulmod(alpha, mload(add(start, 0x160)), p)),
                    p
                )
                product := mulmod(
                    product,
                    sub(sub(base, 6), mulmod(alpha, mload(add(start, 0x1a0)), p)),
                    p
                )
                product := mulmod(
                    product,
                    sub(sub(base, 7), mulmod(alpha, mload(add(start, 0x1e0)), p)),
                    p
                )
                base := sub(base, 8)
                start := add(start, 0x200)
            }
            for {} lt(start, end) { start := add(start, 0x40) } {
                let v := mload(add(start, 0x20))
                product := mulmod(product, sub(base, mulmod(alpha, v, p)), p)
                base := sub(base, 1)
            }
        }
    }
}
