// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Kinds of entries in the L1 queue; forced requests will follow.
uint8 constant OPERATION_DEPOSIT = 1;

/// @dev Parameters: `accountId` is the index of the underlying or oracle, `starkKey` the new value,
/// the rest zero.
uint8 constant OPERATION_SET_UNDERLYING = 2;
uint8 constant OPERATION_SET_ORACLE_KEY = 3;
uint8 constant OPERATION_SET_ORACLE_RULE = 4;
uint8 constant OPERATION_SET_LIMITS = 5;
uint8 constant OPERATION_SET_OUTFLOW_SHARE = 6;
uint8 constant OPERATION_SET_FEE_SCHEDULE = 7;
uint8 constant OPERATION_END_MARKET = 9;

/// @dev Result code of an operation that was carried out.
uint8 constant RESULT_DONE = 0;

/// @notice The fixed part of a batch's public output, and what the new state has in custody of each
/// asset.
struct BatchHeader {
    uint256 configHash;
    uint256 oldRoot;
    uint256 newRoot;
    uint48 batchNumber;
    uint48 firstTimeMs;
    uint48 lastTimeMs;
    uint48 firstQueuePosition;
    uint16 nOperations;
    uint16 nWithdrawals;
    uint24 nAccounts;
    uint24 nOrders;
    uint16 nMarkets;
    uint8 nUnderlyings;
    uint256 oracleHash;
    uint64[8] custodyQuanta;
}

/// @notice An entry of the L1 queue: what a user, or the owner, asked for; in quanta of the asset.
struct Operation {
    uint8 kind;
    uint32 accountId;
    uint64 amountQuanta;
    address l1Address;
    uint256 starkKey;
    uint8 assetId;
}
