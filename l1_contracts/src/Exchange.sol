// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "./interfaces/IExchange.sol";
import {IStarkVerifier} from "./interfaces/IStarkVerifier.sol";
import {AssetRegistry} from "./libraries/AssetRegistry.sol";
import {BatchOutput} from "./libraries/BatchOutput.sol";
import {OperationQueue} from "./libraries/OperationQueue.sol";
import {ParameterRegistry} from "./libraries/ParameterRegistry.sol";
import {PinnedCode} from "./libraries/PinnedCode.sol";
import {StarkKey} from "./libraries/StarkKey.sol";
import {
    BatchHeader,
    OPERATION_DEPOSIT,
    OPERATION_END_MARKET,
    OPERATION_SET_FEE_SCHEDULE,
    OPERATION_SET_LIMITS,
    OPERATION_SET_ORACLE_KEY,
    OPERATION_SET_ORACLE_RULE,
    OPERATION_SET_OUTFLOW_SHARE,
    OPERATION_SET_UNDERLYING,
    Operation,
    RESULT_DONE
} from "./types/Batch.sol";
import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title The one stateful contract: custody, L1 queue, parameters, state root, withdrawals.
contract Exchange is IExchange, Ownable2Step, ReentrancyGuardTransient {
    using AssetRegistry for AssetRegistry.Asset[];
    using AssetRegistry for AssetRegistry.Asset;
    using OperationQueue for OperationQueue.Queue;
    using ParameterRegistry for ParameterRegistry.Parameters;

    struct Config {
        uint256 configHash;
        uint256 genesisRoot;
        uint256 operatorTimeoutSeconds;
        uint256 reclaimDelaySeconds;
        uint256 maxBatchAgeSeconds;
        uint256 maxClockSkewSeconds;
        uint64 minDepositQuanta;
    }

    uint8 private constant USD_DECIMALS = 6;

    /// @dev Accounts 0 (fees) and 1 (insurance) exist in the genesis state.
    uint32 private constant FIRST_ACCOUNT_ID = 2;

    IStarkVerifier public immutable VERIFIER;
    uint256 public immutable CONFIG_HASH;
    uint256 public immutable GENESIS_ROOT;
    uint256 public immutable OPERATOR_TIMEOUT_SECONDS;
    uint256 public immutable RECLAIM_DELAY_SECONDS;
    uint256 public immutable MAX_BATCH_AGE_SECONDS;
    uint256 public immutable MAX_CLOCK_SKEW_SECONDS;

    bytes32 private immutable _VERIFIER_CODE_HASH;

    uint256 private _stateRoot;
    uint48 private _batchNumber;
    uint48 private _lastTimeMs;
    uint48 private _updatedAt;
    uint32 private _nextAccountId = FIRST_ACCOUNT_ID;

    AssetRegistry.Asset[] private _assets;
    OperationQueue.Queue private _queue;
    ParameterRegistry.Parameters private _parameters;
    /// @dev By the index of an underlying; 0 if they were never set.
    mapping(uint256 index => uint256 word) private _limits;
    /// @dev When the market of an underlying is settled, by its index; 0 if no end is known.
    mapping(uint256 index => uint256 endsMs) private _marketEnds;
    uint32 private _outflowSharePpm;
    mapping(address l1Address => mapping(uint256 starkKey => uint32 accountId)) private _accountIds;
    mapping(address account => bool isOperator) private _operators;

    constructor(
        IERC20Metadata token,
        IStarkVerifier verifier,
        address owner,
        address firstOperator,
        Config memory config,
        ParameterRegistry.Parameters memory firstParameters
    ) Ownable(owner) {
        uint8 decimals = token.decimals();
        if (decimals != USD_DECIMALS) revert WrongTokenDecimals(decimals);
        _assets.add(token, USD_DECIMALS, config.minDepositQuanta);
        VERIFIER = verifier;
        _VERIFIER_CODE_HASH = PinnedCode.hashOf(address(verifier));
        CONFIG_HASH = config.configHash;
        GENESIS_ROOT = config.genesisRoot;
        OPERATOR_TIMEOUT_SECONDS = config.operatorTimeoutSeconds;
        RECLAIM_DELAY_SECONDS = config.reclaimDelaySeconds;
        MAX_BATCH_AGE_SECONDS = config.maxBatchAgeSeconds;
        MAX_CLOCK_SKEW_SECONDS = config.maxClockSkewSeconds;
        _stateRoot = config.genesisRoot;
        _updatedAt = uint48(block.timestamp);
        _operators[firstOperator] = true;
        _parameters.start(firstParameters);
        emit OperatorSet(firstOperator, true);
    }

    /// @inheritdoc IExchange
    function deposit(uint8 assetId, uint256 starkKey, uint64 amountQuanta)
        external
        nonReentrant
        returns (uint256 index)
    {
        AssetRegistry.Asset storage held = _assets.get(assetId);
        held.queueDeposit(amountQuanta);
        uint32 accountId = _accountIdFor(msg.sender, starkKey);
        index =
            _queue.push(_depositOperation(assetId, accountId, msg.sender, starkKey, amountQuanta));
        emit DepositQueued(index, accountId, msg.sender, starkKey, amountQuanta, assetId);
        held.receiveFrom(msg.sender, amountQuanta);
    }

    /// @inheritdoc IExchange
    function requestReclaim(
        uint256 index,
        uint8 assetId,
        uint32 accountId,
        uint256 starkKey,
        uint64 amountQuanta
    ) external nonReentrant {
        // With another sender as its address, the entry does not match.
        Operation memory operation =
            _depositOperation(assetId, accountId, msg.sender, starkKey, amountQuanta);
        if (_queue.timeOf(index) == 0 || !_queue.matches(index, operation)) {
            revert DepositNotPending(index);
        }
        _queue.putAside(index, operation);
        uint256 allowedFrom = block.timestamp + RECLAIM_DELAY_SECONDS;
        emit ReclaimRequested(index, accountId, msg.sender, amountQuanta, assetId, allowedFrom);
    }

    /// @inheritdoc IExchange
    function reclaimDeposit(
        uint8 assetId,
        uint32 accountId,
        address l1Address,
        uint256 starkKey,
        uint64 amountQuanta
    ) external nonReentrant {
        Operation memory operation = _depositOperation(
            assetId, accountId, l1Address, starkKey, amountQuanta
        );
        uint256 time = _queue.setAsideTime(operation);
        if (time == 0) revert ReclaimNotRequested(assetId, accountId, amountQuanta);
        uint256 allowedFrom = time + RECLAIM_DELAY_SECONDS;
        if (block.timestamp < allowedFrom) revert ReclaimTooEarly(allowedFrom);
        _queue.takeSetAside(operation);
        AssetRegistry.Asset storage held = _assets.get(assetId);
        held.reclaim(amountQuanta);
        emit DepositReclaimed(accountId, l1Address, amountQuanta, assetId);
        held.payTo(l1Address, amountQuanta);
    }

    /// @inheritdoc IExchange
    function skipReclaimed(uint256 limit) external {
        _queue.skipRemoved(limit);
    }

    /// @inheritdoc IExchange
    function updateState(bytes calldata publicInput, bytes calldata proof) external nonReentrant {
        uint256 openFrom = _updatedAt + OPERATOR_TIMEOUT_SECONDS;
        if (!_operators[msg.sender] && block.timestamp <= openFrom) {
            revert OperatorOnly(msg.sender, openFrom);
        }
        PinnedCode.require_(address(VERIFIER), _VERIFIER_CODE_HASH);
        uint256[] memory output = VERIFIER.verify(publicInput, proof);
        BatchHeader memory header = BatchOutput.readHeader(output);
        _checkHeader(header);

        _consumeQueue(output, header);
        _creditWithdrawals(output, header);
        _stateRoot = header.newRoot;
        _batchNumber = header.batchNumber;
        _lastTimeMs = header.lastTimeMs;
        _updatedAt = uint48(block.timestamp);
        _assets.checkCustody(header.custodyQuanta);
        emit BatchFinalised(
            header.batchNumber,
            header.oldRoot,
            header.newRoot,
            header.lastTimeMs,
            keccak256(publicInput)
        );
    }

    /// @inheritdoc IExchange
    function withdraw(uint8 assetId, address owner) external nonReentrant returns (uint256) {
        AssetRegistry.Asset storage held = _assets.get(assetId);
        uint64 amountQuanta = held.settle(owner);
        if (amountQuanta == 0) return 0;
        emit WithdrawalPaid(owner, assetId, amountQuanta);
        held.payTo(owner, amountQuanta);
        return amountQuanta;
    }

    /// @inheritdoc IExchange
    function addAsset(IERC20Metadata token, uint8 decimals, uint64 minDepositQuanta)
        external
        onlyOwner
        returns (uint8 assetId)
    {
        return _assets.add(token, decimals, minDepositQuanta);
    }

    /// @inheritdoc IExchange
    function setOperator(address operator, bool isOperator_) external onlyOwner {
        _operators[operator] = isOperator_;
        emit OperatorSet(operator, isOperator_);
    }

    /// @inheritdoc IExchange
    function setUnderlying(uint256 index, uint256 word)
        external
        onlyOwner
        returns (uint256 queueIndex)
    {
        if (_marketEnds[index] != 0) ParameterRegistry.checkEnding(word);
        _parameters.setUnderlying(index, word);
        return _queueParameter(OPERATION_SET_UNDERLYING, uint32(index), word);
    }

    /// @inheritdoc IExchange
    function setLimits(uint256 index, uint256 word)
        external
        onlyOwner
        returns (uint256 queueIndex)
    {
        _parameters.checkLimits(index, word);
        _limits[index] = word;
        return _queueParameter(OPERATION_SET_LIMITS, uint32(index), word);
    }

    /// @inheritdoc IExchange
    function endMarket(uint256 index, uint48 endsMs)
        external
        onlyOwner
        returns (uint256 queueIndex)
    {
        _parameters.endMarket(index, endsMs, _marketEnds[index]);
        _marketEnds[index] = endsMs;
        return _queueParameter(OPERATION_END_MARKET, uint32(index), endsMs);
    }

    /// @inheritdoc IExchange
    function setOracleKey(uint256 index, uint256 key)
        external
        onlyOwner
        returns (uint256 queueIndex)
    {
        _parameters.setOracleKey(index, key);
        return _queueParameter(OPERATION_SET_ORACLE_KEY, uint32(index), key);
    }

    /// @inheritdoc IExchange
    function setOracleRule(uint8 quorum, uint32 maxAgeMs)
        external
        onlyOwner
        returns (uint256 queueIndex)
    {
        _parameters.setOracleRule(quorum, maxAgeMs);
        uint256 word = uint256(quorum) | (uint256(maxAgeMs) << 8);
        return _queueParameter(OPERATION_SET_ORACLE_RULE, 0, word);
    }

    /// @inheritdoc IExchange
    function setFeeSchedule(uint256 word) external onlyOwner returns (uint256 queueIndex) {
        _parameters.setFeeSchedule(word);
        return _queueParameter(OPERATION_SET_FEE_SCHEDULE, 0, word);
    }

    /// @inheritdoc IExchange
    function state()
        external
        view
        returns (uint256 stateRoot, uint256 batchNumber, uint256 lastTimeMs, uint256 updatedAt)
    {
        return (_stateRoot, _batchNumber, _lastTimeMs, _updatedAt);
    }

    /// @inheritdoc IExchange
    function queue() external view returns (uint256 head, uint256 tail, uint256 consumed) {
        return (_queue.head, _queue.tail, _queue.consumed);
    }

    /// @inheritdoc IExchange
    function queuedAt(uint256 index) external view returns (uint256) {
        return _queue.timeOf(index);
    }

    /// @inheritdoc IExchange
    function digestAt(uint64 index) external view returns (uint216) {
        return _queue.entries[index].digest;
    }

    /// @inheritdoc IExchange
    function accountIdOf(address l1Address, uint256 starkKey) external view returns (uint32) {
        return _accountIds[l1Address][starkKey];
    }

    /// @inheritdoc IExchange
    function pendingWithdrawal(uint8 assetId, address owner) external view returns (uint256) {
        return _assets.get(assetId).pendingWithdrawals[owner];
    }

    /// @inheritdoc IExchange
    function nAssets() external view returns (uint256) {
        return _assets.length;
    }

    /// @inheritdoc IExchange
    function asset(uint8 assetId)
        external
        view
        returns (address token, uint8 decimals, uint64 unitsPerQuantum, uint64 minDepositQuanta)
    {
        AssetRegistry.Asset storage held = _assets.get(assetId);
        return (address(held.token), held.decimals, held.unitsPerQuantum, held.minDepositQuanta);
    }

    /// @inheritdoc IExchange
    function custody(uint8 assetId)
        external
        view
        returns (uint256 totalQuanta, uint256 payableQuanta, uint256 queuedQuanta)
    {
        AssetRegistry.Asset storage held = _assets.get(assetId);
        return (held.custodyQuanta, held.payableQuanta, held.queuedQuanta);
    }

    /// @inheritdoc IExchange
    function setOutflowShare(uint32 sharePpm) external onlyOwner returns (uint256 queueIndex) {
        ParameterRegistry.checkOutflowShare(sharePpm);
        _outflowSharePpm = sharePpm;
        return _queueParameter(OPERATION_SET_OUTFLOW_SHARE, 0, sharePpm);
    }

    /// @inheritdoc IExchange
    function isOperator(address account) external view returns (bool) {
        return _operators[account];
    }

    /// @inheritdoc IExchange
    function parameters()
        external
        view
        returns (
            uint256 nUnderlyings,
            uint256 nOracles,
            uint256 oracleQuorum,
            uint256 oracleMaxAgeMs
        )
    {
        return (
            _parameters.underlyings.length,
            _parameters.oracleKeys.length,
            _parameters.oracleQuorum,
            _parameters.oracleMaxAgeMs
        );
    }

    /// @inheritdoc IExchange
    function feeSchedule() external view returns (uint256) {
        return _parameters.feeSchedule;
    }

    /// @inheritdoc IExchange
    function underlying(uint256 index) external view returns (uint256) {
        return _parameters.underlyings[index];
    }

    /// @inheritdoc IExchange
    function limits(uint256 index) external view returns (uint256) {
        uint256 word = _limits[index];
        return word == 0 ? ParameterRegistry.NO_LIMITS : word;
    }

    /// @inheritdoc IExchange
    function marketEnd(uint256 index) external view returns (uint256) {
        return _marketEnds[index];
    }

    /// @inheritdoc IExchange
    function outflowShare() external view returns (uint256) {
        return _outflowSharePpm;
    }

    /// @inheritdoc IExchange
    function oracleKey(uint256 index) external view returns (uint256) {
        return _parameters.oracleKeys[index];
    }

    /// @dev No amount and no address: custody is not touched, and nobody can reclaim it.
    function _queueParameter(uint8 kind, uint32 index, uint256 word)
        private
        returns (uint256 queueIndex)
    {
        queueIndex = _queue.push(Operation(kind, index, 0, address(0), word, 0));
        emit ParameterQueued(queueIndex, kind, index, word);
    }

    function _depositOperation(
        uint8 assetId,
        uint32 accountId,
        address l1Address,
        uint256 starkKey,
        uint64 amountQuanta
    ) private pure returns (Operation memory) {
        return Operation(OPERATION_DEPOSIT, accountId, amountQuanta, l1Address, starkKey, assetId);
    }

    function _accountIdFor(address l1Address, uint256 starkKey) private returns (uint32 accountId) {
        accountId = _accountIds[l1Address][starkKey];
        if (accountId != 0) return accountId;
        if (!StarkKey.isValid(starkKey)) revert InvalidStarkKey(starkKey);
        accountId = _nextAccountId;
        if (accountId == type(uint32).max) revert AccountsExhausted();
        _nextAccountId = accountId + 1;
        _accountIds[l1Address][starkKey] = accountId;
        emit AccountAssigned(accountId, l1Address, starkKey);
    }

    function _checkHeader(BatchHeader memory header) private view {
        if (header.configHash != CONFIG_HASH) {
            revert WrongConfigHash(CONFIG_HASH, header.configHash);
        }
        if (header.oldRoot != _stateRoot) revert WrongOldRoot(_stateRoot, header.oldRoot);
        uint256 expected = uint256(_batchNumber) + 1;
        if (header.batchNumber != expected) revert WrongBatchNumber(expected, header.batchNumber);
        _checkTime(header.firstTimeMs, _lastTimeMs, header.lastTimeMs);
        uint256 maxMs = (block.timestamp + MAX_CLOCK_SKEW_SECONDS) * 1000;
        uint256 minMs = block.timestamp > MAX_BATCH_AGE_SECONDS
            ? (block.timestamp - MAX_BATCH_AGE_SECONDS) * 1000
            : 0;
        _checkTime(header.lastTimeMs, minMs, maxMs);
        if (header.firstQueuePosition != _queue.consumed) {
            revert WrongQueuePosition(_queue.consumed, header.firstQueuePosition);
        }
    }

    function _checkTime(uint256 timeMs, uint256 minMs, uint256 maxMs) private pure {
        if (timeMs < minMs || timeMs > maxMs) revert BatchTimeOutOfRange(timeMs, minMs, maxMs);
    }

    /// @dev Compares every consumed operation with the queue. A failed deposit becomes payable to
    /// its sender; parameters never fail.
    function _consumeQueue(uint256[] memory output, BatchHeader memory header) private {
        for (uint256 i = 0; i < header.nOperations; ++i) {
            (Operation memory operation, uint8 resultCode) = BatchOutput.readOperation(output, i);
            uint256 index = _queue.pop(operation);
            if (index == OperationQueue.NO_INDEX) {
                emit ReclaimOvertaken(
                    operation.accountId,
                    operation.l1Address,
                    operation.amountQuanta,
                    operation.assetId
                );
            } else {
                emit OperationConsumed(index, operation.kind, resultCode);
            }
            if (operation.kind != OPERATION_DEPOSIT) continue;
            // It was in the queue, so there is such an asset.
            AssetRegistry.Asset storage held = _assets.get(operation.assetId);
            held.queuedQuanta -= operation.amountQuanta;
            if (resultCode != RESULT_DONE) {
                _credit(
                    header.batchNumber,
                    operation.assetId,
                    operation.l1Address,
                    operation.amountQuanta
                );
            }
        }
    }

    function _creditWithdrawals(uint256[] memory output, BatchHeader memory header) private {
        for (uint256 i = 0; i < header.nWithdrawals; ++i) {
            (uint8 assetId, address owner, uint64 amountQuanta) =
                BatchOutput.readWithdrawal(output, header, i);
            _credit(header.batchNumber, assetId, owner, amountQuanta);
        }
    }

    function _credit(uint256 batchNumber, uint8 assetId, address owner, uint64 amountQuanta)
        private
    {
        _assets.get(assetId).credit(owner, amountQuanta);
        emit WithdrawalCredited(batchNumber, owner, assetId, amountQuanta);
    }
}
