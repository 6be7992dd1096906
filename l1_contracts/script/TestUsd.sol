// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Collateral of local chains: six decimals, and anybody may mint.
contract TestUsd is ERC20("Test USD", "tUSD") {
    /// @notice Creates `amount` units for `to`.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure virtual override returns (uint8) {
        return 6;
    }
}
