// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "../interfaces/IExchange.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title The tokens that the exchange takes, and how much of each it holds for whom.
/// @notice Amounts are quanta, `10^-decimals` of a token; a token's own unit may be finer. An asset's
/// index is in deposits and withdrawals for good: its token never changes, and none is listed twice.
library AssetRegistry {
    using SafeERC20 for IERC20;
    using AssetRegistry for AssetRegistry.Asset;

    struct Asset {
        IERC20 token;
        uint8 decimals;
        uint64 unitsPerQuantum;
        // All that is held for users, and what of it no longer or not yet belongs to the exchange's
        // state.
        uint64 custodyQuanta;
        uint64 payableQuanta;
        uint64 queuedQuanta;
        uint64 minDepositQuanta;
        mapping(address owner => uint64 amountQuanta) pendingWithdrawals;
    }

    /// @dev The protocol's bounds: assets, and all of one asset together.
    uint256 internal constant MAX_ASSETS = 8;
    uint64 internal constant MAX_CUSTODY_QUANTA = 2 ** 62;

    /// @dev Units of a token in a quantum: up to 10^18.
    uint8 private constant MAX_SCALE_DECIMALS = 18;

    /// @notice Appends an asset whose quantum is `10^-decimals` of a token.
    function add(
        Asset[] storage self,
        IERC20Metadata token,
        uint8 decimals,
        uint64 minDepositQuanta
    ) internal returns (uint8 assetId) {
        uint256 count = self.length;
        if (count == MAX_ASSETS) revert IExchange.TooManyAssets(MAX_ASSETS);
        for (uint256 i = 0; i < count; ++i) {
            if (address(self[i].token) == address(token)) {
                revert IExchange.DuplicateAsset(uint8(i));
            }
        }
        uint8 tokenDecimals = token.decimals();
        if (tokenDecimals < decimals || tokenDecimals - decimals > MAX_SCALE_DECIMALS) {
            revert IExchange.WrongTokenDecimals(tokenDecimals);
        }
        assetId = uint8(count);
        Asset storage asset = self.push();
        asset.token = token;
        asset.decimals = decimals;
        asset.unitsPerQuantum = uint64(10 ** (tokenDecimals - decimals));
        asset.minDepositQuanta = minDepositQuanta == 0 ? 1 : minDepositQuanta;
        emit IExchange.AssetAdded(assetId, address(token), decimals);
    }

    /// @notice An asset that there is.
    function get(Asset[] storage self, uint8 assetId) internal view returns (Asset storage asset) {
        if (assetId >= self.length) revert IExchange.UnknownAsset(assetId);
        return self[assetId];
    }

    /// @notice Checks and counts an amount that goes into the queue; `receiveFrom` takes it.
    function queueDeposit(Asset storage self, uint64 amountQuanta) internal {
        uint256 room = MAX_CUSTODY_QUANTA - self.custodyQuanta;
        if (amountQuanta < self.minDepositQuanta || amountQuanta > room) {
            revert IExchange.AmountOutOfRange(amountQuanta, self.minDepositQuanta, room);
        }
        self.custodyQuanta += amountQuanta;
        self.queuedQuanta += amountQuanta;
    }

    /// @notice Takes an amount of the token: exactly this, or nothing.
    function receiveFrom(Asset storage self, address sender, uint64 amountQuanta) internal {
        IERC20 token = self.token;
        uint256 units = uint256(amountQuanta) * self.unitsPerQuantum;
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(sender, address(this), units);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != units) revert IExchange.WrongAmountReceived(units, received);
    }

    /// @notice Counts that an amount left the queue and returns to its depositor; `payTo` pays it.
    function reclaim(Asset storage self, uint64 amountQuanta) internal {
        self.custodyQuanta -= amountQuanta;
        self.queuedQuanta -= amountQuanta;
    }

    /// @notice Counts an amount that the state owes to an owner.
    function credit(Asset storage self, address owner, uint64 amountQuanta) internal {
        self.pendingWithdrawals[owner] += amountQuanta;
        self.payableQuanta += amountQuanta;
    }

    /// @notice Counts that all that is owed to an owner is paid; `payTo` pays it.
    function settle(Asset storage self, address owner) internal returns (uint64 amountQuanta) {
        amountQuanta = self.pendingWithdrawals[owner];
        if (amountQuanta == 0) return 0;
        self.pendingWithdrawals[owner] = 0;
        self.payableQuanta -= amountQuanta;
        self.custodyQuanta -= amountQuanta;
    }

    /// @notice Pays an amount of the token.
    function payTo(Asset storage self, address owner, uint64 amountQuanta) internal {
        self.token.safeTransfer(owner, uint256(amountQuanta) * self.unitsPerQuantum);
    }

    /// @notice Checks what a new state says is in custody of each asset.
    /// @dev The state counts credited deposits minus withdrawals, as this contract does: what is owed
    /// to owners and to depositors in the queue is none of it. Of what is no asset there is nothing.
    function checkCustody(Asset[] storage self, uint64[8] memory stateQuanta) internal view {
        uint256 count = self.length;
        for (uint256 i = 0; i < MAX_ASSETS; ++i) {
            uint256 owed = 0;
            uint256 total = 0;
            if (i < count) {
                Asset storage asset = self[i];
                owed = uint256(asset.payableQuanta) + asset.queuedQuanta;
                total = asset.custodyQuanta;
            }
            if (stateQuanta[i] + owed != total) {
                revert IExchange.CustodyMismatch(uint8(i), stateQuanta[i], owed, total);
            }
        }
    }
}
