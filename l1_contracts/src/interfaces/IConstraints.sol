// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEvaluator} from "./IEvaluator.sol";

/// @title Evaluates the composition polynomial of the AIR at one point.
interface IConstraints is IEvaluator {
    /// @notice The sum of `alpha^i` times the quotient of constraint i, at `point`.
    /// @dev Arguments of type `bytes` are packed 32-byte words.
    /// @param mask Values at the distinct mask points, in standard form, reduced.
    /// @param params Parameters of the statement, by the positions in `AirLayout`, reduced.
    /// @param alpha The challenge of the composition.
    /// @param point The out-of-domain point.
    /// @param logTraceLength Base-2 logarithm of the number of rows.
    function evaluate(
        bytes calldata mask,
        bytes calldata params,
        uint256 alpha,
        uint256 point,
        uint256 logTraceLength
    ) external view returns (uint256);
}
