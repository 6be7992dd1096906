// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Operation} from "../types/Batch.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title Custody and settlement of the exchange.
/// @notice Amounts are quanta of an asset: 1e-6 of USD, asset 0, which is its token's own unit; of
/// another asset the power of ten that it was added with.
interface IExchange {
    /// @notice The token of USD must have six decimals, so that one unit is one quantum; that of another
    /// asset at least as many as its quantum has, and at most 18 more.
    error WrongTokenDecimals(uint8 decimals);

    /// @notice There are as many assets as there can be.
    error TooManyAssets(uint256 max);

    /// @notice The token is that of an asset already.
    error DuplicateAsset(uint8 assetId);

    /// @notice There is no such asset.
    error UnknownAsset(uint8 assetId);

    /// @notice The amount is zero, below the minimum, or above what custody may hold.
    error AmountOutOfRange(uint256 amountQuanta, uint256 min, uint256 max);

    /// @notice The token moved another amount than asked for, in its own units.
    error WrongAmountReceived(uint256 expected, uint256 received);

    /// @notice The key is zero, no field element, or not the x coordinate of a point of the curve:
    /// nobody could sign for it, and what was deposited for it would be lost.
    error InvalidStarkKey(uint256 starkKey);

    /// @notice All account ids are given out.
    error AccountsExhausted();

    /// @notice Only an operator may settle before the timeout ends.
    error OperatorOnly(address sender, uint256 openFrom);

    /// @notice The proof is for another deployment.
    error WrongConfigHash(uint256 expected, uint256 actual);

    /// @notice The proof starts from another state.
    error WrongOldRoot(uint256 expected, uint256 actual);

    /// @notice The proof is for another batch.
    error WrongBatchNumber(uint256 expected, uint256 actual);

    /// @notice The batch's times run backwards, or lie outside the accepted window.
    error BatchTimeOutOfRange(uint256 timeMs, uint256 minMs, uint256 maxMs);

    /// @notice The batch does not consume the queue from its head.
    error WrongQueuePosition(uint256 expected, uint256 actual);

    /// @notice The batch consumes more operations than there are.
    error QueueExhausted(uint256 index);

    /// @notice The operation that the batch consumed is not the one in the queue.
    error OperationMismatch(uint256 index, Operation consumed);

    /// @notice There is no such deposit of the sender in the queue at this index: it was consumed, or
    /// its reclaim was requested already.
    error DepositNotPending(uint256 index);

    /// @notice No reclaim of such a deposit was requested, or a batch consumed it nevertheless.
    error ReclaimNotRequested(uint8 assetId, uint32 accountId, uint64 amountQuanta);

    /// @notice Batches that were sealed before the request have time to settle.
    error ReclaimTooEarly(uint256 allowedFrom);

    /// @notice What the new state says is in custody of an asset, and what is owed to others than the
    /// state, must be all that the contract holds of it.
    error CustodyMismatch(
        uint8 assetId, uint256 stateQuanta, uint256 owedQuanta, uint256 custodyQuanta
    );

    /// @notice An asset can be deposited from now on.
    event AssetAdded(uint8 indexed assetId, address indexed token, uint8 decimals);

    /// @notice A deposit entered the queue.
    /// @param index Position in the queue, counting reclaimed deposits.
    event DepositQueued(
        uint256 indexed index,
        uint32 indexed accountId,
        address indexed l1Address,
        uint256 starkKey,
        uint64 amountQuanta,
        uint8 assetId
    );

    /// @notice A new pair of address and key received its account id.
    event AccountAssigned(
        uint32 indexed accountId, address indexed l1Address, uint256 indexed starkKey
    );

    /// @notice A batch consumed a queue entry. A deposit with another result than 0 is refunded.
    event OperationConsumed(uint256 indexed index, uint8 kind, uint8 resultCode);

    /// @notice The head of the queue moved over a deposit whose reclaim was requested.
    event OperationSkipped(uint256 indexed index);

    /// @notice A deposit left the queue's order; batches sealed from now on must not consume it.
    event ReclaimRequested(
        uint256 indexed index,
        uint32 indexed accountId,
        address indexed l1Address,
        uint64 amountQuanta,
        uint8 assetId,
        uint256 allowedFrom
    );

    /// @notice A batch consumed a deposit whose reclaim was requested: it was sealed before.
    event ReclaimOvertaken(
        uint32 indexed accountId, address indexed l1Address, uint64 amountQuanta, uint8 assetId
    );

    /// @notice A deposit went back.
    event DepositReclaimed(
        uint32 indexed accountId, address indexed l1Address, uint64 amountQuanta, uint8 assetId
    );

    /// @notice A batch was proven; its data are the bytes whose hash is told.
    /// @param outputHash keccak256 of the argument `publicInput`: whoever finds such bytes, in a
    /// transaction's input or anywhere else, has the batch's data.
    event BatchFinalised(
        uint256 indexed batchNumber,
        uint256 oldRoot,
        uint256 newRoot,
        uint256 lastTimeMs,
        bytes32 outputHash
    );

    /// @notice An amount became payable.
    event WithdrawalCredited(
        uint256 indexed batchNumber,
        address indexed owner,
        uint8 indexed assetId,
        uint256 amountQuanta
    );

    /// @notice An amount was paid.
    event WithdrawalPaid(address indexed owner, uint8 indexed assetId, uint256 amountQuanta);

    /// @notice The owner changed a parameter; the exchange does so when a batch consumes the entry.
    /// @param queueIndex Position in the queue.
    /// @param kind Of the operation: an underlying, an oracle's key, the rule for oracles.
    /// @param index Of the underlying or oracle.
    /// @param word The new value.
    event ParameterQueued(
        uint256 indexed queueIndex, uint8 indexed kind, uint32 index, uint256 word
    );

    /// @notice The right to settle without waiting changed.
    event OperatorSet(address indexed operator, bool isOperator);

    /// @notice Takes an amount of an asset and queues its credit to the account of (sender, key).
    /// @return index Position in the queue.
    function deposit(uint8 assetId, uint256 starkKey, uint64 amountQuanta)
        external
        returns (uint256 index);

    /// @notice Announces that the sender wants a pending deposit back; it cannot be taken back.
    /// The deposit leaves the queue's order at once. A batch that was sealed before may still
    /// consume it; `reclaimDeposit` pays it back if none has done so after the delay.
    /// @param index Its position; the other arguments are those of its event.
    function requestReclaim(
        uint256 index,
        uint8 assetId,
        uint32 accountId,
        uint256 starkKey,
        uint64 amountQuanta
    ) external;

    /// @notice Returns a deposit whose reclaim was requested, after a delay in which batches that
    /// were sealed before the request can settle; anyone may call. Equal deposits are
    /// interchangeable, and the delay counts from the last request for one of them, or from an
    /// equal deposit after that.
    function reclaimDeposit(
        uint8 assetId,
        uint32 accountId,
        address l1Address,
        uint256 starkKey,
        uint64 amountQuanta
    ) external;

    /// @notice Moves the head over at most `limit` deposits taken out of the order; settling does so by itself,
    /// unless there are too many for one transaction.
    function skipReclaimed(uint256 limit) external;

    /// @notice Settles the next batch.
    /// @param publicInput Statement of the proof, with the batch's public output.
    /// @param proof Proof that the exchange's program wrote this output.
    function updateState(bytes calldata publicInput, bytes calldata proof) external;

    /// @notice Pays what batches credited to `owner` of an asset; anyone may call.
    /// @return amountQuanta The amount, zero if there was nothing.
    function withdraw(uint8 assetId, address owner) external returns (uint256 amountQuanta);

    /// @notice Lets users deposit another asset. Only the owner may, and nobody can take it back: the
    /// index, and the token, are the asset's for good. What the token does is its issuer's; one that
    /// moves another amount than it is asked for cannot be deposited.
    /// @param token No other asset's.
    /// @param decimals A quantum is `10^-decimals` of the token, which may be finer.
    /// @param minDepositQuanta The least deposit.
    /// @return assetId The next index.
    function addAsset(IERC20Metadata token, uint8 decimals, uint64 minDepositQuanta)
        external
        returns (uint8 assetId);

    /// @notice Gives or takes the right to settle before the timeout ends.
    function setOperator(address operator, bool isOperator_) external;

    /// @notice Queues an underlying's parameters. Only the owner may, and nobody can take the entry
    /// out of the queue again.
    /// @param index That of an underlying, or the next one, which is appended. Symbol, multiplier
    /// and tick of an underlying stay.
    /// @param word Its packed word (docs/spec/protocol.md).
    /// @return queueIndex Position in the queue.
    function setUnderlying(uint256 index, uint256 word) external returns (uint256 queueIndex);

    /// @notice Queues the limits of an underlying's markets. Only the owner may.
    /// @param index Of an underlying that there is.
    /// @param word Their packed word (docs/spec/protocol.md).
    /// @return queueIndex Position in the queue.
    function setLimits(uint256 index, uint256 word) external returns (uint256 queueIndex);

    /// @notice Queues when the market of an underlying is settled, for good. Only the owner may. From
    /// this entry on it is reduce-only.
    /// @param index Of an underlying that there is, and of which no end is known.
    /// @param endsMs A full minute, at least 7 days from now and at most 365.
    /// @return queueIndex Position in the queue.
    function endMarket(uint256 index, uint48 endsMs) external returns (uint256 queueIndex);

    /// @notice Queues an oracle's public key. Only the owner may.
    /// @param index That of an oracle, or the next one, which is appended.
    /// @param key On the curve, and no other oracle's.
    /// @return queueIndex Position in the queue.
    function setOracleKey(uint256 index, uint256 key) external returns (uint256 queueIndex);

    /// @notice Queues how many oracles must agree and how old their reports may be. Only the owner
    /// may.
    /// @return queueIndex Position in the queue.
    function setOracleRule(uint8 quorum, uint32 maxAgeMs) external returns (uint256 queueIndex);

    /// @notice Queues what part of an asset's custody may leave in an hour. Only the owner may.
    /// @param sharePpm 0 if all of it may.
    /// @return queueIndex Position in the queue.
    function setOutflowShare(uint32 sharePpm) external returns (uint256 queueIndex);

    /// @notice Queues what comes back to who has paid much of fees, and insurance's share. Only the owner may.
    /// @param word Four tiers by ascending threshold, then that share (docs/spec/protocol.md).
    /// @return queueIndex Position in the queue.
    function setFeeSchedule(uint256 word) external returns (uint256 queueIndex);

    /// @notice The last proven state.
    function state()
        external
        view
        returns (uint256 stateRoot, uint256 batchNumber, uint256 lastTimeMs, uint256 updatedAt);

    /// @notice The queue: index of the next entry to consume, index of the next entry to come,
    /// number of operations consumed so far (the position that batches count).
    function queue() external view returns (uint256 head, uint256 tail, uint256 consumed);

    /// @notice Block time of a pending entry, zero if it is not pending.
    function queuedAt(uint256 index) external view returns (uint256);

    /// @notice The digest of a pending entry, zero if it is not pending: the first 216 bits of
    /// `keccak256(abi.encode(kind, accountId, amountQuanta, l1Address, starkKey, assetId))`.
    function digestAt(uint64 index) external view returns (uint216);

    /// @notice The account of an address and key, zero if they have none.
    function accountIdOf(address l1Address, uint256 starkKey) external view returns (uint32);

    /// @notice What `withdraw` would pay.
    function pendingWithdrawal(uint8 assetId, address owner) external view returns (uint256);

    /// @notice What is held of an asset for users: all of it, the part waiting to be withdrawn, the
    /// part in the queue. The rest is in the exchange's state.
    function custody(uint8 assetId)
        external
        view
        returns (uint256 totalQuanta, uint256 payableQuanta, uint256 queuedQuanta);

    /// @notice How many assets there are, USD among them; their indices are dense.
    function nAssets() external view returns (uint256);

    /// @notice The token of an asset; its quantum, `10^-decimals` of the token and so many of the
    /// token's own units; the least deposit.
    function asset(uint8 assetId)
        external
        view
        returns (address token, uint8 decimals, uint64 unitsPerQuantum, uint64 minDepositQuanta);

    /// @notice Whether an address may settle at any time.
    function isOperator(address account) external view returns (bool);

    /// @notice The parameters that the exchange has when it has consumed the whole queue: how many
    /// underlyings and oracles, and the rule for oracles.
    function parameters()
        external
        view
        returns (
            uint256 nUnderlyings,
            uint256 nOracles,
            uint256 oracleQuorum,
            uint256 oracleMaxAgeMs
        );

    /// @notice The packed word of the tiers of fees, and of insurance's share.
    function feeSchedule() external view returns (uint256);

    /// @notice The packed word of an underlying; there must be one of this index.
    function underlying(uint256 index) external view returns (uint256);

    /// @notice The packed word of an underlying's limits.
    function limits(uint256 index) external view returns (uint256);

    /// @notice When the market of an underlying is settled, in milliseconds; 0 if no end is known.
    function marketEnd(uint256 index) external view returns (uint256);

    /// @notice What part of an asset's custody may leave in an hour, in millionths; 0 if all of it may.
    function outflowShare() external view returns (uint256);

    /// @notice The public key of an oracle; there must be one of this index.
    function oracleKey(uint256 index) external view returns (uint256);
}
