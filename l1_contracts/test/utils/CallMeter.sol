// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Makes a call and counts its gas: execution alone, without what a transaction pays for its
/// bytes, of which the floor of EIP-7623 can hide the execution.
contract CallMeter {
    event Spent(uint256 gasUsed);

    error CallFailed(bytes reason);

    function measure(address target, bytes calldata data) external {
        bytes memory copied = data;
        uint256 gasUsed = gasleft();
        (bool isDone, bytes memory reason) = target.call(copied);
        gasUsed -= gasleft();
        if (!isDone) revert CallFailed(reason);
        emit Spent(gasUsed);
    }
}
