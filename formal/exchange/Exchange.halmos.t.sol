// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Exchange} from "../src/Exchange.sol";
import {IStarkVerifier} from "../src/interfaces/IStarkVerifier.sol";
import {BatchOutput} from "../src/libraries/BatchOutput.sol";
import {ParameterRegistry} from "../src/libraries/ParameterRegistry.sol";
import {StarkKey} from "../src/libraries/StarkKey.sol";
import {Field, PRIME} from "../src/verifier/Field.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

interface Cheats {
    function assume(bool condition) external;
    function etch(address account, bytes calldata code) external;
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
}

contract Token is ERC20 {
    constructor() ERC20("t", "t") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

/// @notice Returns whatever the test says: the proof system is taken as broken on purpose.
contract ForgedVerifier {
    uint256[] private _output;

    function set(uint256[] memory output) external {
        _output = output;
    }

    function verify(bytes calldata, bytes calldata) external view returns (uint256[] memory) {
        return _output;
    }
}

/// @notice Other code that says the same, as if it had come to the verifier's address later.
contract ReplacedVerifier is ForgedVerifier {
    function isReplaced() external pure returns (bool) {
        return true;
    }
}

/// @notice What holds for every argument, and for every output that a batch may claim.
/// @dev A way that reverts is not looked at: what must succeed is called so that it is asserted.
contract ExchangeProperties {
    Cheats private constant VM = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant OWNER = address(0x99);
    address private constant OPERATOR = address(0x0b);
    address private constant ALICE = address(0xA11CE);
    address private constant BOB = address(0xB0B);
    uint256 private constant KEY = 8;
    uint256 private constant BETA =
        0x6f21413efbe40de150e596d72f7a8c5609ad26c15c915c1f4cdfcb99cee9e89;
    uint256 private constant CONFIG_HASH = 7;
    uint256 private constant GENESIS_ROOT = 5;
    uint256 private constant NOW = 1_800_000_000;
    uint256 private constant RECLAIM_DELAY = 1 days;
    uint256 private constant MAX_SKEW = 3600;
    uint256 private constant MAX_AGE = 7 days;
    uint8 private constant USD = 0;
    uint64 private constant MIN_DEPOSIT = 3;
    uint32 private constant ALICE_ID = 2;
    uint8 private constant SET_ORACLE_RULE = 4;
    /// @dev Multiplier 1, no fees, the least of all else, symbol "A".
    uint256 private constant UNDERLYING =
        1 | 10_000 << 12 | 5000 << 32 | 1000 << 92 | 0x41 << 128;
    uint32 private constant MIN_AGE_MS = 3000;
    uint32 private constant MAX_AGE_MS = 600_000;

    Exchange private exchange;
    Token private token;
    ForgedVerifier private verifier;

    function setUp() public {
        token = new Token();
        verifier = new ForgedVerifier();
        // The checker knows no powers in the field: that this is a key is what it is told.
        VM.assume(StarkKey.isValid(KEY));
        VM.warp(NOW);
        Exchange.Config memory config;
        config.configHash = CONFIG_HASH;
        config.genesisRoot = GENESIS_ROOT;
        config.operatorTimeoutSeconds = 7 days;
        config.reclaimDelaySeconds = RECLAIM_DELAY;
        config.maxBatchAgeSeconds = MAX_AGE;
        config.maxClockSkewSeconds = MAX_SKEW;
        config.minDepositQuanta = MIN_DEPOSIT;
        exchange = new Exchange(
            IERC20Metadata(address(token)),
            IStarkVerifier(address(verifier)),
            OWNER,
            OPERATOR,
            config,
            _parameters()
        );
        _fund(ALICE);
        _fund(BOB);
    }

    // Custody

    function check_forged_batch_keeps_solvency(
        uint64 amount,
        uint8 kind,
        uint8 result,
        uint64 operationAmount,
        uint64 withdrawn,
        address owner,
        uint64 stateQuanta
    ) public {
        _deposit(amount);
        uint256[] memory output = _empty(1, 1);
        output[output.length - 4] = stateQuanta;
        output[7] =
            kind | uint256(result) << 8 | uint256(ALICE_ID) << 16 | uint256(operationAmount) << 48;
        output[8] = uint160(ALICE);
        output[9] = KEY;
        output[10] = withdrawn | uint256(uint160(owner)) << 64;
        verifier.set(output);
        VM.prank(OPERATOR);
        try exchange.updateState("", "") {} catch {}
        (uint256 total, uint256 due, uint256 queued) = exchange.custody(USD);
        assert(due + queued <= total);
        assert(token.balanceOf(address(exchange)) == total);
    }

    function check_batch_agrees_about_custody(uint64 amount, uint64 withdrawn, uint64 stateQuanta)
        public
    {
        _deposit(amount);
        VM.assume(withdrawn <= amount && stateQuanta < 2 ** 63);
        uint256[] memory output = _empty(1, 1);
        _setDeposit(output, amount);
        output[10] = withdrawn | uint256(uint160(ALICE)) << 64;
        output[output.length - 4] = stateQuanta;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(ok == (stateQuanta == amount - withdrawn));
    }

    function check_withdrawal_pays_once(uint64 amount, uint64 withdrawn, address owner) public {
        _settleWithdrawal(amount, withdrawn, owner);
        uint256 before = token.balanceOf(address(exchange));
        uint256 due = exchange.pendingWithdrawal(USD, owner);
        uint256 first = _withdraw(owner);
        uint256 second = _withdraw(owner);
        assert(due == withdrawn && first == due && second == 0);
        assert(token.balanceOf(address(exchange)) == before - first);
    }

    function check_withdrawal_goes_to_its_owner(
        uint64 amount,
        uint64 withdrawn,
        address owner,
        address caller
    ) public {
        _settleWithdrawal(amount, withdrawn, owner);
        VM.assume(caller != owner);
        uint256 before = token.balanceOf(owner);
        VM.assume(caller != BOB);
        VM.prank(caller);
        _withdraw(owner);
        assert(exchange.pendingWithdrawal(USD, caller) == 0);
        assert(token.balanceOf(owner) == before + withdrawn);
    }

    function check_deposit_keeps_its_bounds(uint256 key, uint64 amount) public {
        VM.prank(ALICE);
        try exchange.deposit(USD, key, amount) {
            assert(amount >= MIN_DEPOSIT && amount <= 2 ** 62);
            assert(key != 0 && key < 2 ** 251 + 17 * 2 ** 192 + 1);
            assert(token.balanceOf(address(exchange)) == amount);
        } catch {
            assert(token.balanceOf(address(exchange)) == 0);
        }
    }

    function check_deposit_is_for_keys_of_the_curve(uint256 key, uint64 amount) public {
        VM.assume(amount >= MIN_DEPOSIT && amount < 2 ** 50);
        VM.prank(ALICE);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.deposit, (USD, key, amount)));
        assert(ok == _isOnCurve(key));
    }

    // Accounts

    function check_deposits_for_one_key_are_of_one_account(uint64 first, uint64 second) public {
        _deposit(first);
        assert(exchange.accountIdOf(ALICE, KEY) == ALICE_ID);
        _deposit(second);
        assert(exchange.accountIdOf(ALICE, KEY) == ALICE_ID);
    }

    function check_other_depositors_and_keys_have_other_accounts(uint256 key, bool isBob) public {
        VM.assume(_isOnCurve(key) && (isBob || key != KEY));
        _deposit(MIN_DEPOSIT);
        address depositor = isBob ? BOB : ALICE;
        VM.prank(depositor);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.deposit, (USD, key, MIN_DEPOSIT)));
        assert(ok && exchange.accountIdOf(ALICE, KEY) == ALICE_ID);
        assert(exchange.accountIdOf(depositor, key) == ALICE_ID + 1);
    }

    // The root

    function check_root_moves_only_from_the_old_root(uint256 oldRoot, uint256 newRoot) public {
        uint256[] memory output = _empty(0, 0);
        output[2] = oldRoot;
        output[3] = newRoot;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        (uint256 root,,,) = exchange.state();
        assert(ok ? oldRoot == GENESIS_ROOT && root == newRoot : root == GENESIS_ROOT);
    }

    function check_batch_numbers_rise_by_one(uint48 number) public {
        uint256[] memory output = _empty(0, 0);
        output[4] = number | (NOW * 1000) << 48 | (NOW * 1000) << 96;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        (, uint256 reached,,) = exchange.state();
        assert(ok == (number == 1) && reached == (ok ? 1 : 0));
    }

    function check_batch_is_of_this_deployment(uint256 configHash) public {
        uint256[] memory output = _empty(0, 0);
        output[1] = configHash;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(ok == (configHash == CONFIG_HASH));
    }

    function check_batch_time_is_near_block_time(uint48 firstMs, uint48 lastMs) public {
        uint256[] memory output = _empty(0, 0);
        output[4] = 1 | uint256(firstMs) << 48 | uint256(lastMs) << 96;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(!ok || (firstMs <= lastMs && lastMs <= (NOW + MAX_SKEW) * 1000));
        assert(!ok || lastMs >= (NOW - MAX_AGE) * 1000);
    }

    // Who may

    function check_only_operators_settle(address sender, uint32 waited) public {
        VM.assume(sender != OPERATOR);
        verifier.set(_empty(0, 0));
        VM.warp(NOW + waited);
        VM.assume(waited <= 7 days);
        VM.prank(sender);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(!ok);
    }

    function check_batch_needs_the_verifier_of_the_deployment() public {
        verifier.set(_empty(0, 0));
        VM.etch(address(verifier), type(ReplacedVerifier).runtimeCode);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(!ok);
    }

    function check_only_the_owner_names_operators(address sender, address operator) public {
        VM.assume(sender != OWNER && operator != OPERATOR);
        VM.prank(sender);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.setOperator, (operator, true)));
        assert(!ok && !exchange.isOperator(operator));
    }

    // The queue

    function check_queue_is_consumed_in_order(uint64 first, uint64 second, uint64 claimed) public {
        VM.assume(first != second);
        _deposit(first);
        _deposit(second);
        uint256[] memory output = _empty(1, 0);
        _setDeposit(output, claimed);
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        (uint256 head,, uint256 consumed) = exchange.queue();
        assert(ok == (claimed == first) && head == (ok ? 1 : 0) && consumed == head);
    }

    function check_batch_continues_at_the_queue_position(uint48 position) public {
        uint256[] memory output = _empty(0, 0);
        output[5] = position;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(ok == (position == 0));
    }

    function check_no_deposit_is_consumed_twice(uint64 amount, uint64 other) public {
        VM.assume(amount < other);
        _deposit(amount);
        _deposit(other);
        uint256[] memory output = _empty(2, 0);
        _setDeposit(output, amount);
        (output[10], output[11], output[12]) = (output[7], output[8], output[9]);
        output[output.length - 4] = 2 * uint256(amount);
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(!ok);
    }

    // Reclaiming

    function check_reclaim_needs_a_request(uint64 amount, uint64 claimed, uint32 waited) public {
        _deposit(amount);
        VM.warp(NOW + waited);
        (bool ok,) = _reclaim(claimed);
        assert(!ok);
    }

    function check_reclaim_needs_the_delay(uint64 amount, uint32 waited) public {
        _deposit(amount);
        _requestReclaim(amount);
        VM.warp(NOW + waited);
        (bool ok,) = _reclaim(amount);
        assert(ok == (waited >= RECLAIM_DELAY));
    }

    function check_reclaim_pays_once(uint64 amount, uint64 other) public {
        VM.assume(amount < other);
        _deposit(amount);
        _deposit(other);
        uint256 before = token.balanceOf(ALICE);
        _requestReclaim(amount);
        VM.warp(NOW + RECLAIM_DELAY);
        (bool first,) = _reclaim(amount);
        (bool second,) = _reclaim(amount);
        assert(first && !second && token.balanceOf(ALICE) == before + amount);
    }

    function check_only_the_depositor_requests(address sender, uint64 amount) public {
        VM.assume(sender != ALICE);
        _deposit(amount);
        VM.prank(sender);
        (bool ok,) = address(exchange)
            .call(abi.encodeCall(exchange.requestReclaim, (0, USD, ALICE_ID, KEY, amount)));
        assert(!ok);
    }

    // Parameters

    function check_only_the_owner_sets_parameters(
        address sender,
        uint256 index,
        uint256 word,
        uint8 quorum,
        uint32 maxAgeMs
    ) public {
        VM.assume(sender != OWNER);
        VM.prank(sender);
        (bool first,) =
            address(exchange).call(abi.encodeCall(exchange.setUnderlying, (index, word)));
        VM.prank(sender);
        (bool second,) =
            address(exchange).call(abi.encodeCall(exchange.setOracleKey, (index, word)));
        VM.prank(sender);
        (bool third,) =
            address(exchange).call(abi.encodeCall(exchange.setOracleRule, (quorum, maxAgeMs)));
        VM.prank(sender);
        (bool fourth,) = address(exchange).call(abi.encodeCall(exchange.setLimits, (index, word)));
        VM.prank(sender);
        (bool fifth,) =
            address(exchange).call(abi.encodeCall(exchange.setOutflowShare, (maxAgeMs)));
        VM.prank(sender);
        (bool sixth,) = address(exchange).call(abi.encodeCall(exchange.setFeeSchedule, (word)));
        VM.prank(sender);
        (bool seventh,) =
            address(exchange).call(abi.encodeCall(exchange.endMarket, (index, uint48(maxAgeMs))));
        (, uint256 tail,) = exchange.queue();
        assert(!first && !second && !third && !fourth && !fifth && !sixth && !seventh
            && tail == 0);
    }

    function check_oracle_rule_keeps_its_bounds(uint8 quorum, uint32 maxAgeMs) public {
        bool ok = _setOracleRule(quorum, maxAgeMs);
        (,, uint256 quorum_, uint256 maxAgeMs_) = exchange.parameters();
        // There is one oracle.
        assert(ok == (quorum == 1 && _isAge(maxAgeMs)));
        assert(quorum_ == 1 && maxAgeMs_ == (ok ? maxAgeMs : MIN_AGE_MS));
    }

    function check_rates_keep_their_bounds(
        uint256 initial,
        uint256 maintenance,
        uint256 makerFee,
        uint256 takerFee,
        uint256 band,
        uint256 minOrder
    ) public {
        VM.assume(initial < 2 ** 20 && maintenance < 2 ** 20 && band < 2 ** 20);
        VM.assume(minOrder < 2 ** 16);
        VM.assume(makerFee < 2 ** 20 && takerFee < 2 ** 20);
        uint256 word = 1 | initial << 12 | maintenance << 32 | makerFee << 52 | takerFee << 72;
        word |= band << 92 | minOrder << 112 | 0x41 << 128;
        VM.prank(OWNER);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.setUnderlying, (0, word)));
        bool isValid = initial >= 10_000 && maintenance >= 5000 && maintenance <= initial;
        isValid = isValid && makerFee <= 10_000 && takerFee <= 10_000;
        isValid = isValid && minOrder <= 10_000;
        assert(ok == (isValid && band >= 1000 && band < 1_000_000));
        assert(exchange.underlying(0) == (ok ? word : UNDERLYING));
    }

    function check_parameters_are_consumed_as_they_were_set(
        uint32 maxAgeMs,
        uint8 kind,
        uint32 index,
        uint64 amount,
        uint256 word
    ) public {
        VM.assume(_isAge(maxAgeMs));
        assert(_setOracleRule(1, maxAgeMs));
        uint256[] memory output = _empty(1, 0);
        output[7] = kind | uint256(index) << 16 | uint256(amount) << 48;
        output[9] = word;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        bool isSame = kind == SET_ORACLE_RULE && index == 0 && amount == 0;
        assert(ok == (isSame && word == (1 | uint256(maxAgeMs) << 8)));
        (uint256 total, uint256 due, uint256 queued) = exchange.custody(USD);
        assert(total == 0 && due == 0 && queued == 0);
    }

    function check_parameters_cannot_be_reclaimed(
        address sender,
        uint32 maxAgeMs,
        uint32 index,
        uint256 word,
        uint64 amount
    ) public {
        VM.assume(_isAge(maxAgeMs));
        assert(_setOracleRule(1, maxAgeMs));
        VM.prank(sender);
        (bool ok,) = address(exchange)
            .call(abi.encodeCall(exchange.requestReclaim, (0, USD, index, word, amount)));
        assert(!ok);
    }

    // Helpers

    function _parameters() private pure returns (ParameterRegistry.Parameters memory first) {
        first.underlyings = new uint256[](1);
        first.underlyings[0] = UNDERLYING;
        first.oracleKeys = new uint256[](1);
        first.oracleKeys[0] = KEY;
        first.oracleQuorum = 1;
        first.oracleMaxAgeMs = MIN_AGE_MS;
    }

    function _isAge(uint32 maxAgeMs) private pure returns (bool) {
        return MIN_AGE_MS <= maxAgeMs && maxAgeMs <= MAX_AGE_MS;
    }

    function _setOracleRule(uint8 quorum, uint32 maxAgeMs) private returns (bool ok) {
        VM.prank(OWNER);
        (ok,) = address(exchange).call(abi.encodeCall(exchange.setOracleRule, (quorum, maxAgeMs)));
    }

    function _fund(address depositor) private {
        token.mint(depositor, 2 ** 100);
        VM.prank(depositor);
        token.approve(address(exchange), type(uint256).max);
    }

    /// @dev y^2 = x^3 + x + BETA has a solution other than zero.
    function _isOnCurve(uint256 x) private view returns (bool) {
        if (x == 0 || x >= PRIME) return false;
        uint256 cube = mulmod(mulmod(x, x, PRIME), x, PRIME);
        uint256 square = addmod(addmod(cube, x, PRIME), BETA, PRIME);
        return Field.pow(square, (PRIME - 1) / 2) == 1;
    }

    function _deposit(uint64 amount) private {
        VM.assume(amount >= MIN_DEPOSIT && amount < 2 ** 50);
        VM.prank(ALICE);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.deposit, (USD, KEY, amount)));
        assert(ok);
    }

    function _withdraw(address owner) private returns (uint256 paid) {
        (bool ok, bytes memory data) =
            address(exchange).call(abi.encodeCall(exchange.withdraw, (USD, owner)));
        assert(ok);
        return abi.decode(data, (uint256));
    }

    function _requestReclaim(uint64 amount) private {
        VM.prank(ALICE);
        (bool ok,) = address(exchange)
            .call(abi.encodeCall(exchange.requestReclaim, (0, USD, ALICE_ID, KEY, amount)));
        assert(ok);
    }

    function _reclaim(uint64 amount) private returns (bool ok, bytes memory data) {
        return address(exchange)
            .call(abi.encodeCall(exchange.reclaimDeposit, (USD, ALICE_ID, ALICE, KEY, amount)));
    }

    /// @dev Bob has the rest, of which a second payment could be made.
    function _settleWithdrawal(uint64 amount, uint64 withdrawn, address owner) private {
        VM.assume(withdrawn > 0 && withdrawn <= amount);
        VM.assume(owner != address(exchange) && owner != address(0) && owner != BOB);
        _deposit(amount);
        uint256[] memory output = _empty(1, 2);
        _setDeposit(output, amount);
        output[10] = withdrawn | uint256(uint160(owner)) << 64;
        output[11] = (amount - withdrawn) | uint256(uint160(BOB)) << 64;
        output[output.length - 4] = 0;
        verifier.set(output);
        VM.prank(OPERATOR);
        (bool ok,) = address(exchange).call(abi.encodeCall(exchange.updateState, ("", "")));
        assert(ok);
    }

    /// @dev A batch that changes no account; its last words are those of the globals, with nothing
    /// in custody.
    function _empty(uint256 nOperations, uint256 nWithdrawals)
        private
        pure
        returns (uint256[] memory output)
    {
        output = new uint256[](7 + 3 * nOperations + nWithdrawals + 5);
        output[0] = BatchOutput.VERSION;
        output[1] = CONFIG_HASH;
        output[2] = GENESIS_ROOT;
        output[3] = 6;
        output[4] = 1 | (NOW * 1000) << 48 | (NOW * 1000) << 96;
        output[5] = nOperations << 48 | nWithdrawals << 64;
    }

    function _setDeposit(uint256[] memory output, uint64 amount) private pure {
        output[7] = 1 | uint256(ALICE_ID) << 16 | uint256(amount) << 48;
        output[8] = uint160(ALICE);
        output[9] = KEY;
        output[output.length - 4] = amount;
    }
}
