// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEvaluator} from "./IEvaluator.sol";

/// @title Evaluates the DEEP quotients of the AIR.
interface IDeep is IEvaluator {
    /// @notice For each query the sum of `coefficient * (cell - value) / (x - z * g^row)` over the
    /// distinct mask points, and of the composition's two columns over `x - z^2`.
    /// @dev Arguments and result of type `bytes` are packed 32-byte words. Linear in cells and
    /// values: the result has their (Montgomery or standard) form.
    /// @param coefficients One per distinct mask point, then two for the composition, reduced.
    /// @param oodsValues The claimed values, in the same order, reduced.
    /// @param points The query points x, reduced.
    /// @param rows The cells of all columns at the query points, reduced.
    /// @param oodsPoint z.
    /// @param logTraceLength Base-2 logarithm of the number of rows; g generates the trace domain.
    function evaluate(
        bytes calldata coefficients,
        bytes calldata oodsValues,
        bytes calldata points,
        bytes calldata rows,
        uint256 oodsPoint,
        uint256 logTraceLength
    ) external view returns (bytes memory quotients);
}
