// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Code of other contracts that must stay what it was at deployment.
/// @notice A contract created in the transaction that destroys it, or an account with a delegation,
/// can have other code at the same address later. Who relies on a contract keeps the hash of its code
/// and compares it at every use.
library PinnedCode {
    /// @notice The code at an address is not that of the deployment.
    error CodeReplaced(address account, bytes32 expected, bytes32 actual);

    /// @notice There is no code, or a delegation to code elsewhere.
    error NotAContract(address account);

    /// @notice The hash of a contract's code.
    function hashOf(address account) internal view returns (bytes32) {
        // No contract's code starts with this byte (EIP-3541): it marks a delegation (EIP-7702).
        if (account.code.length == 0 || account.code[0] == 0xef) revert NotAContract(account);
        return account.codehash;
    }

    /// @notice Reverts unless the code still has the hash.
    function require_(address account, bytes32 expected) internal view {
        bytes32 actual = account.codehash;
        if (actual != expected) revert CodeReplaced(account, expected, actual);
    }
}
