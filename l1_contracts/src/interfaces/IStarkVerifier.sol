// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Verifies STARK proofs that one fixed Cairo program ran and wrote a given output.
/// @notice The program in the statement is a small loader, which proves what it loads and calls.
interface IStarkVerifier {
    /// @notice A byte string ends too early, or has bytes left behind its last field.
    error WrongByteLength(uint256 expected, uint256 actual);

    /// @notice A parameter of the proof or statement is outside its limits.
    error ParameterOutOfRange(bytes32 name, uint256 value, uint256 min, uint256 max);

    /// @notice Queries and proof of work give too few thousandths of a bit; `kind` says of which
    /// security, "conjectured" or "proven".
    error SecurityTooLow(bytes32 kind, uint256 millibits, uint256 minMillibits);

    /// @notice The FRI steps and the last layer do not add up to the trace length.
    error FriDegreeMismatch(uint256 logTraceLength, uint256 logDegreeBound);

    /// @notice A builtin's segment holds no whole number of instances, or more than the trace has.
    error InvalidSegment(uint256 segment, uint256 begin, uint256 stop);

    /// @notice A word that must be a field element is not below the prime.
    error NotAFieldElement(uint256 value);

    /// @notice An output value is longer than needed, or than a word.
    error NonCanonicalValue(uint256 offset);

    /// @notice The constraints do not hold at the out-of-domain point.
    error OutOfDomainMismatch(uint256 composition, uint256 claimed);

    /// @notice The opening of a trace table does not hash to its commitment.
    error TraceRootMismatch(uint256 table, uint256 expected, uint256 computed);

    /// @notice The program's contract can run: its code does not start with a STOP.
    error NotADataContract(address account);

    /// @notice The program does not begin with the start section of proof mode.
    error NotAProofModeProgram(uint256 position, uint256 word);

    /// @notice Reverts unless `proof` shows that the program ran with this public input.
    /// @dev Formats: docs/spec/l1_proof.md. Never writes; usable by eth_call.
    /// @param publicInput Trace length, range-check bounds, segments, output values.
    /// @param proof The proof of the keccak suite in its compact form.
    /// @return output The values that the program wrote to its output segment.
    function verify(bytes calldata publicInput, bytes calldata proof)
        external
        view
        returns (uint256[] memory output);

    /// @notice Hash of the batch program (`circuits.loader.words_hash`), which the loader compares.
    function programHash() external view returns (uint256);

    /// @notice keccak256 of the loader's words, 32 bytes each.
    function loaderKeccak() external view returns (bytes32);

    /// @notice The least accepted security under the conjecture about random words.
    function minSecurityBits() external view returns (uint256);

    /// @notice The least accepted security that is proven.
    function minProvenBits() external view returns (uint256);
}
