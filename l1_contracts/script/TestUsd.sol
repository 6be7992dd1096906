// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Worthless collateral for local chains: anyone mints.
contract TestUsd is ERC20 {
    constructor() ERC20("Test USD", "tUSD") {}

    /// @notice Creates `amount` out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice One unit is one quantum of the exchange.
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
