// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../interfaces/IConstraints.sol";
import {IDeep} from "../interfaces/IDeep.sol";
import {IStarkVerifier} from "../interfaces/IStarkVerifier.sol";
import {PinnedCode} from "../libraries/PinnedCode.sol";
import {Channel} from "./Channel.sol";
import {Diluted} from "./Diluted.sol";
import {Domain} from "./Domain.sol";
import {Field, MONTGOMERY_R_INVERSE, PRIME} from "./Field.sol";
import {Fri} from "./Fri.sol";
import {LastLayer} from "./LastLayer.sol";
import {Memory} from "./Memory.sol";
import {Merkle} from "./Merkle.sol";
import {Program} from "./Program.sol";
import {ProofParameters} from "./ProofParameters.sol";
import {PublicInput} from "./PublicInput.sol";
import {PublicMemory} from "./PublicMemory.sol";
import {StatementSeed} from "./StatementSeed.sol";
import {AirLayout} from "./generated/AirLayout.sol";

/// @title Verifier of one Cairo program in the frozen layout, keccak suite of Stone.
/// @notice The steps of `verify` carry the numbers that the prover's steps have.
contract StarkVerifier is IStarkVerifier {
    using Channel for Channel.State;

    struct Config {
        uint256 nodeBytes;
        uint256 minSecurityBits;
        uint256 minProvenBits;
        uint256 minProofOfWorkBits;
        uint256 minLogSteps;
        uint256 maxLogSteps;
    }

    /// @dev What the steps hand to each other. `cursor` is the calldata offset of the next field.
    struct Run {
        Channel.State channel;
        ProofParameters.Values parameters;
        uint256 logTraceLength;
        uint256 cursor;
        uint256[3] roots;
        uint256 oodsPoint;
        uint256[] oodsValues;
        uint256 oodsAlpha;
        uint256[] friRoots;
        uint256[] evalPoints;
        uint256 lastLayer;
        uint256[] queries;
        uint256[] rows;
        Fri.Scratch scratch;
    }

    uint256 private constant N_OODS_VALUES =
        AirLayout.N_MASK_VALUES + AirLayout.N_COLUMNS_COMPOSITION;
    uint256 private constant N_COLUMNS =
        AirLayout.N_COLUMNS_FIRST + AirLayout.N_COLUMNS_SECOND + AirLayout.N_COLUMNS_COMPOSITION;
    uint256 private constant NONCE_BYTES = 8;

    /// @dev What a user compares to know what this contract accepts.
    IConstraints public immutable CONSTRAINTS;
    IDeep public immutable DEEP;
    address public immutable LOADER;
    uint256 public immutable NODE_BYTES;
    uint256 public immutable MIN_PROOF_OF_WORK_BITS;
    uint256 public immutable MIN_LOG_STEPS;
    uint256 public immutable MAX_LOG_STEPS;

    /// @inheritdoc IStarkVerifier
    uint256 public immutable minSecurityBits;
    /// @inheritdoc IStarkVerifier
    uint256 public immutable minProvenBits;
    /// @inheritdoc IStarkVerifier
    uint256 public immutable programHash;
    /// @inheritdoc IStarkVerifier
    bytes32 public immutable loaderKeccak;

    bytes32 private immutable _CONSTRAINTS_CODE_HASH;
    bytes32 private immutable _DEEP_CODE_HASH;
    bytes32 private immutable _LOADER_CODE_HASH;
    uint256 private immutable _LOADER_LENGTH;

    constructor(IConstraints constraints, IDeep deep, address loader, Config memory config) {
        ProofParameters.checkRange("node_bytes", config.nodeBytes, 20, 32);
        // Queries promise nothing beyond what a collision of two nodes costs: half of their bits.
        ProofParameters.checkRange(
            "min_security_bits", config.minSecurityBits, 1, 4 * config.nodeBytes
        );
        ProofParameters.checkRange(
            "min_proven_bits", config.minProvenBits, 1, config.minSecurityBits
        );
        ProofParameters.checkRange(
            "min_proof_of_work_bits", config.minProofOfWorkBits, 1, config.minProvenBits
        );
        ProofParameters.checkRange(
            "min_log_steps",
            config.minLogSteps,
            AirLayout.MIN_LOG_TRACE_LENGTH - AirLayout.LOG_ROWS_PER_STEP,
            config.maxLogSteps
        );
        // Larger traces could overflow the 32-bit addresses of the public input.
        ProofParameters.checkRange("max_log_steps", config.maxLogSteps, config.minLogSteps, 24);
        CONSTRAINTS = constraints;
        DEEP = deep;
        LOADER = loader;
        NODE_BYTES = config.nodeBytes;
        minSecurityBits = config.minSecurityBits;
        minProvenBits = config.minProvenBits;
        MIN_PROOF_OF_WORK_BITS = config.minProofOfWorkBits;
        MIN_LOG_STEPS = config.minLogSteps;
        MAX_LOG_STEPS = config.maxLogSteps;
        _CONSTRAINTS_CODE_HASH = PinnedCode.hashOf(address(constraints));
        _DEEP_CODE_HASH = PinnedCode.hashOf(address(deep));
        _LOADER_CODE_HASH = PinnedCode.hashOf(loader);
        Program.Facts memory facts = Program.inspect(loader);
        _LOADER_LENGTH = facts.length;
        loaderKeccak = facts.wordsKeccak;
        programHash = facts.programHash;
    }

    /// @inheritdoc IStarkVerifier
    function verify(bytes calldata publicInput, bytes calldata proof)
        external
        view
        returns (uint256[] memory output)
    {
        PinnedCode.require_(address(CONSTRAINTS), _CONSTRAINTS_CODE_HASH);
        PinnedCode.require_(address(DEEP), _DEEP_CODE_HASH);
        PinnedCode.require_(LOADER, _LOADER_CODE_HASH);
        PublicInput.Statement memory statement =
            PublicInput.read(publicInput, _LOADER_LENGTH, MIN_LOG_STEPS, MAX_LOG_STEPS);
        Run memory run;
        run.logTraceLength = statement.logTraceLength;
        _readParameters(run, proof);
        // 1-3. Trace commitments, with the interaction elements between them.
        uint256[] memory params = _commitTraces(run, statement, publicInput);
        // 4-5. Composition commitment, out-of-domain values and their consistency.
        _checkOutOfDomain(run, params);
        // 6. FRI commitments.
        _commitFri(run);
        // 7-8. Proof of work and queries.
        _drawQueries(run);
        // 9. Openings of the traces and FRI.
        _openTraces(run);
        _checkFri(run);
        uint256 end = _offsetOf(proof) + proof.length;
        if (run.cursor != end) {
            revert WrongByteLength(proof.length + run.cursor - end, proof.length);
        }
        return statement.output;
    }

    function _readParameters(Run memory run, bytes calldata proof) private view {
        uint256 length;
        (run.parameters, length) = ProofParameters.read(
            proof,
            run.logTraceLength,
            ProofParameters.Floor({
                minConjectured: minSecurityBits * ProofParameters.MILLIBITS_PER_BIT,
                minProven: minProvenBits * ProofParameters.MILLIBITS_PER_BIT,
                minProofOfWorkBits: MIN_PROOF_OF_WORK_BITS
            })
        );
        run.cursor = _offsetOf(proof) + length;
    }

    /// @dev Returns the parameters of the constraints.
    function _commitTraces(
        Run memory run,
        PublicInput.Statement memory statement,
        bytes calldata publicInput
    ) private view returns (uint256[] memory params) {
        params = new uint256[](AirLayout.N_PARAMS);
        // The page is large and needed only until its product is known.
        uint256 mark = Memory.mark();
        PublicMemory.Page memory page =
            PublicMemory.build(statement, publicInput, LOADER, _LOADER_LENGTH);
        run.channel.digest = StatementSeed.digest(statement, page);
        run.roots[0] = _absorbRoot(run);
        uint256 memoryZ = run.channel.drawFelt();
        uint256 memoryAlpha = run.channel.drawFelt();
        params[AirLayout.PARAM_MEMORY_Z] = memoryZ;
        params[AirLayout.PARAM_MEMORY_ALPHA] = memoryAlpha;
        params[AirLayout.PARAM_PUBLIC_MEMORY_PRODUCT] = PublicMemory.productRatio(
            page, _LOADER_LENGTH, memoryZ, memoryAlpha, run.logTraceLength
        );
        Memory.release(mark);
        params[AirLayout.PARAM_RANGE_CHECK_Z] = run.channel.drawFelt();
        params[AirLayout.PARAM_DILUTED_PERMUTATION_Z] = run.channel.drawFelt();
        uint256 dilutedZ = run.channel.drawFelt();
        uint256 dilutedAlpha = run.channel.drawFelt();
        params[AirLayout.PARAM_DILUTED_Z] = dilutedZ;
        params[AirLayout.PARAM_DILUTED_ALPHA] = dilutedAlpha;
        params[AirLayout.PARAM_DILUTED_FINAL_VALUE] = Diluted.finalValue(dilutedZ, dilutedAlpha);
        // The elements of the modular builtins, drawn next, are not used by this layout.
        run.roots[1] = _absorbRoot(run);
        _writeBoundaries(params, statement);
    }

    function _writeBoundaries(uint256[] memory params, PublicInput.Statement memory statement)
        private
        pure
    {
        params[AirLayout.PARAM_INITIAL_PC] = statement.begins[PublicInput.PROGRAM_SEGMENT];
        params[AirLayout.PARAM_FINAL_PC] = statement.stops[PublicInput.PROGRAM_SEGMENT];
        params[AirLayout.PARAM_INITIAL_AP] = statement.begins[PublicInput.EXECUTION_SEGMENT];
        params[AirLayout.PARAM_FINAL_AP] = statement.stops[PublicInput.EXECUTION_SEGMENT];
        params[AirLayout.PARAM_RANGE_CHECK_MIN] = statement.rangeCheckMin;
        params[AirLayout.PARAM_RANGE_CHECK_MAX] = statement.rangeCheckMax;
        bytes memory segments = AirLayout.BUILTIN_BEGIN_PARAMS;
        for (uint256 i = 0; i < segments.length; i += 2) {
            params[uint8(segments[i + 1])] = statement.begins[uint8(segments[i])];
        }
    }

    /// @dev The out-of-domain values stay in Montgomery form, as they are hashed.
    function _checkOutOfDomain(Run memory run, uint256[] memory params) private view {
        uint256 alpha = run.channel.drawFelt();
        run.roots[2] = _absorbRoot(run);
        uint256 z = run.channel.drawFelt();
        run.oodsPoint = z;
        uint256[] memory values = _readFelts(run, N_OODS_VALUES);
        run.oodsValues = values;
        run.channel.absorbRuns(values, AirLayout.MASK_VALUE_RUNS);
        uint256 even = values[AirLayout.N_MASK_VALUES];
        uint256 odd = values[AirLayout.N_MASK_VALUES + 1];
        run.channel.absorb(bytes32(even));
        run.channel.absorb(bytes32(odd));
        run.oodsAlpha = run.channel.drawFelt();

        uint256[] memory mask = _toStandardForm(values, AirLayout.N_MASK_VALUES);
        uint256 composition = CONSTRAINTS.evaluate(
            Memory.toBytes(mask), Memory.toBytes(params), alpha, z, run.logTraceLength
        );
        // h(x) = h_0(x^2) + x * h_1(x^2)
        uint256 claimed = addmod(even, mulmod(z, odd, PRIME), PRIME);
        claimed = mulmod(claimed, MONTGOMERY_R_INVERSE, PRIME);
        if (composition != claimed) revert OutOfDomainMismatch(composition, claimed);
    }

    function _commitFri(Run memory run) private view {
        uint256 nLayers = run.parameters.friSteps.length;
        run.friRoots = new uint256[](nLayers);
        run.evalPoints = new uint256[](nLayers);
        for (uint256 i = 0; i < nLayers; ++i) {
            run.friRoots[i] = _absorbRoot(run);
            run.evalPoints[i] = run.channel.drawFelt();
        }
        run.lastLayer = run.cursor;
        uint256 nCoefficients = 1 << run.parameters.logLastLayerBound;
        run.channel.absorbCalldata(run.lastLayer, 32 * nCoefficients);
        _readFelts(run, nCoefficients);
    }

    function _drawQueries(Run memory run) private pure {
        uint256 cursor = run.cursor;
        uint64 nonce;
        assembly ("memory-safe") {
            nonce := shr(192, calldataload(cursor))
        }
        run.channel.absorbProofOfWork(run.parameters.proofOfWorkBits, nonce);
        run.cursor = cursor + NONCE_BYTES;
        run.queries = run.channel
            .drawQueries(run.parameters.nQueries, run.logTraceLength + run.parameters.logBlowup);
    }

    function _openTraces(Run memory run) private view {
        uint256 logDomain = run.logTraceLength + run.parameters.logBlowup;
        run.scratch = Fri.allocate(run.queries.length, logDomain);
        run.rows = new uint256[](run.queries.length * N_COLUMNS);
        _openTable(run, 0, 0, AirLayout.N_COLUMNS_FIRST);
        _openTable(run, 1, AirLayout.N_COLUMNS_FIRST, AirLayout.N_COLUMNS_SECOND);
        _openTable(
            run,
            2,
            AirLayout.N_COLUMNS_FIRST + AirLayout.N_COLUMNS_SECOND,
            AirLayout.N_COLUMNS_COMPOSITION
        );
        _requireReduced(run.rows);
    }

    /// @dev Copies the queried rows of one table to their place in `rows` and checks them against
    /// the table's root.
    function _openTable(Run memory run, uint256 table, uint256 firstColumn, uint256 nColumns)
        private
        view
    {
        uint256 count = run.queries.length;
        uint256 queue = run.scratch.merkleQueue;
        _readRows(run, firstColumn, nColumns);
        uint256 height = run.logTraceLength + run.parameters.logBlowup;
        uint256 cursor = run.cursor;
        if (nColumns == 1) {
            (count, cursor) = Merkle.foldRawLeaves(queue, count, cursor, NODE_BYTES);
            --height;
        }
        bytes32 root;
        (root, run.cursor) = Merkle.computeRoot(queue, count, height, cursor, NODE_BYTES);
        if (uint256(root) != run.roots[table]) {
            revert TraceRootMismatch(table, run.roots[table], uint256(root));
        }
    }

    /// @dev Copies the rows and fills the Merkle queue with their hashes; a single cell stays as it
    /// is.
    function _readRows(Run memory run, uint256 firstColumn, uint256 nColumns) private view {
        uint256[] memory queries = run.queries;
        uint256[] memory rows = run.rows;
        uint256 entry = run.scratch.merkleQueue;
        uint256 cursor = run.cursor;
        uint256 stride = N_COLUMNS * 32;
        uint256 mask = Merkle.nodeMask(NODE_BYTES);
        assembly ("memory-safe") {
            let length := shl(5, nColumns)
            let row := add(add(rows, 0x20), shl(5, firstColumn))
            let query := add(queries, 0x20)
            for { let end := add(query, shl(5, mload(queries))) } lt(query, end) {
                query := add(query, 0x20)
            } {
                calldatacopy(row, cursor, length)
                mstore(entry, mload(query))
                entry := add(entry, 0x20)
                switch nColumns
                case 1 { mstore(entry, mload(row)) }
                default { mstore(entry, and(keccak256(row, length), mask)) }
                entry := add(entry, 0x20)
                row := add(row, stride)
                cursor := add(cursor, length)
            }
        }
        run.cursor = cursor;
    }

    function _checkFri(Run memory run) private view {
        (uint256 queries, uint256[] memory points) = _queryPoints(run);
        bytes memory quotients = DEEP.evaluate(
            Memory.toBytes(_oodsCoefficients(run.oodsAlpha)),
            Memory.toBytes(run.oodsValues),
            Memory.toBytes(points),
            Memory.toBytes(run.rows),
            run.oodsPoint,
            run.logTraceLength
        );
        uint256 count = run.queries.length;
        for (uint256 i = 0; i < count; ++i) {
            assembly ("memory-safe") {
                let slot := add(add(queries, mul(i, 0x60)), 0x20)
                mstore(slot, mload(add(add(quotients, 0x20), shl(5, i))))
            }
        }
        uint256 logDomain = run.logTraceLength + run.parameters.logBlowup;
        uint256 last = run.friRoots.length - 1;
        for (uint256 i = 0; i < last; ++i) {
            logDomain -= run.parameters.friSteps[i];
            Fri.Layer memory layer = _layer(run, i, logDomain);
            (count, run.cursor) = Fri.foldLayer(layer, run.scratch, queries, count, run.cursor);
        }
        logDomain -= run.parameters.friSteps[last];
        run.cursor = LastLayer.check(
            _layer(run, last, logDomain),
            run.scratch,
            queries,
            count,
            run.cursor,
            LastLayer.Polynomial(run.lastLayer, run.parameters.logLastLayerBound)
        );
    }

    function _layer(Run memory run, uint256 i, uint256 logRows)
        private
        view
        returns (Fri.Layer memory)
    {
        return Fri.Layer(
            run.parameters.friSteps[i], logRows, run.evalPoints[i], run.friRoots[i], NODE_BYTES
        );
    }

    /// @dev FRI's domain is the subgroup y = g^reverse(i); the evaluation domain is x = 3 * y.
    function _queryPoints(Run memory run)
        private
        pure
        returns (uint256 queries, uint256[] memory points)
    {
        uint256 count = run.queries.length;
        uint256 logDomain = run.logTraceLength + run.parameters.logBlowup;
        queries = Memory.allocate(count * Fri.QUERY_BYTES);
        points = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 position = run.queries[i];
            (uint256 point, uint256 inverse) =
                Domain.pointAt(run.scratch.roots, logDomain, position);
            points[i] = mulmod(Field.GENERATOR, point, PRIME);
            uint256 slot = queries + i * Fri.QUERY_BYTES;
            assembly ("memory-safe") {
                mstore(slot, position)
                mstore(add(slot, 0x40), inverse)
            }
        }
    }

    /// @dev The DEEP polynomial takes one power of alpha per mask entry; those of entries with the
    /// same point are summed.
    function _oodsCoefficients(uint256 alpha) private pure returns (uint256[] memory coefficients) {
        coefficients = new uint256[](N_OODS_VALUES);
        bytes memory runs = AirLayout.MASK_VALUE_RUNS;
        uint256 power = 1;
        assembly ("memory-safe") {
            let base := add(coefficients, 0x20)
            let end := add(runs, mload(runs))
            // The last two bytes of the word at `ptr` are a pair (value, repetitions).
            for { let ptr := runs } lt(ptr, end) {} {
                ptr := add(ptr, 2)
                let pair := mload(ptr)
                let slot := add(base, and(shr(3, pair), 0x1fe0))
                let sum := add(mload(slot), power)
                power := mulmod(power, alpha, PRIME)
                let more := sub(and(pair, 0xff), 1)
                for {} gt(more, 3) { more := sub(more, 4) } {
                    sum := add(sum, power)
                    power := mulmod(power, alpha, PRIME)
                    sum := add(sum, power)
                    power := mulmod(power, alpha, PRIME)
                    sum := add(sum, power)
                    power := mulmod(power, alpha, PRIME)
                    // Below 6 primes.
                    sum := mod(add(sum, power), PRIME)
                    power := mulmod(power, alpha, PRIME)
                }
                for {} more { more := sub(more, 1) } {
                    sum := addmod(sum, power, PRIME)
                    power := mulmod(power, alpha, PRIME)
                }
                mstore(slot, mod(sum, PRIME))
            }
        }
        coefficients[AirLayout.N_MASK_VALUES] = power;
        coefficients[AirLayout.N_MASK_VALUES + 1] = mulmod(power, alpha, PRIME);
    }

    function _readFelts(Run memory run, uint256 count)
        private
        pure
        returns (uint256[] memory values)
    {
        values = new uint256[](count);
        uint256 cursor = run.cursor;
        run.cursor = cursor + 32 * count;
        assembly ("memory-safe") {
            calldatacopy(add(values, 0x20), cursor, shl(5, count))
        }
        _requireReduced(values);
    }

    function _requireReduced(uint256[] memory values) private pure {
        uint256 start;
        assembly ("memory-safe") {
            start := add(values, 0x20)
        }
        Field.requireReduced(start, values.length);
    }

    function _toStandardForm(uint256[] memory values, uint256 count)
        private
        pure
        returns (uint256[] memory standard)
    {
        standard = new uint256[](count);
        assembly ("memory-safe") {
            let source := add(values, 0x20)
            let target := add(standard, 0x20)
            for { let end := add(target, shl(5, count)) } lt(target, end) {
                target := add(target, 0x20)
            } {
                mstore(target, mulmod(mload(source), MONTGOMERY_R_INVERSE, PRIME))
                source := add(source, 0x20)
            }
        }
    }

    function _absorbRoot(Run memory run) private view returns (uint256 root) {
        uint256 cursor = run.cursor;
        assembly ("memory-safe") {
            root := calldataload(cursor)
        }
        root &= Merkle.nodeMask(NODE_BYTES);
        run.channel.absorb(bytes32(root));
        run.cursor = cursor + NODE_BYTES;
    }

    function _offsetOf(bytes calldata data) private pure returns (uint256 offset) {
        assembly ("memory-safe") {
            offset := data.offset
        }
    }
}
