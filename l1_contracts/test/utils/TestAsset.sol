// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev A token of any decimals. Where it is told to, it takes a unit out of every transfer, or does
/// nothing and returns false.
contract TestAsset is ERC20("Asset", "AST") {
    uint8 private immutable _DECIMALS;
    bool private immutable _TAKES_FEE;
    bool private _isDead;

    constructor(uint8 decimals_, bool takesFee) {
        _DECIMALS = decimals_;
        _TAKES_FEE = takesFee;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function die() external {
        _isDead = true;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return !_isDead && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return !_isDead && super.transferFrom(from, to, value);
    }

    function decimals() public view override returns (uint8) {
        return _DECIMALS;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_TAKES_FEE && from != address(0) && to != address(0)) super._update(to, address(0), 1);
    }
}
