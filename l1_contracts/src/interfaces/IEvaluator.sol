// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Errors of the generated evaluators.
interface IEvaluator {
    /// @notice An array does not have the length that the frozen layout gives it.
    error WrongLength(uint256 expected, uint256 actual);

    /// @notice The layout's longest period does not fit into the trace.
    error TraceTooShort(uint256 minLogLength, uint256 logLength);
}
