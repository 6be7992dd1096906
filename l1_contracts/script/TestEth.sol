// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A second worthless asset for local chains, of 18 decimals: anyone mints.
contract TestEth is ERC20 {
    constructor() ERC20("Test Ether", "TETH") {}

    /// @notice Creates `amount` out of nothing.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
