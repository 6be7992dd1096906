// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParameterRegistry} from "../../src/libraries/ParameterRegistry.sol";

/// @dev Parameters as docs/spec/protocol.md packs them, written apart from the library.
library ParameterWords {
    struct Underlying {
        uint256 multiplier;
        uint256 initialMarginPpm;
        uint256 maintenanceMarginPpm;
        uint256 makerFeePpm;
        uint256 takerFeePpm;
        uint256 priceBandPpm;
        uint256 minOrderUsd;
        uint256 symbol;
        uint256 tickDecimals;
        uint256 interestLowerKusd;
        uint256 interestUpperKusd;
    }

    // Keys below 17 that are on the curve, by Python's reference.
    uint256 internal constant ORACLE_0 = 1;
    uint256 internal constant ORACLE_1 = 2;
    uint256 internal constant ORACLE_2 = 3;
    uint256 internal constant NO_KEY = 5;

    function btc() internal pure returns (Underlying memory) {
        return Underlying({
            multiplier: 10,
            initialMarginPpm: 50_000,
            maintenanceMarginPpm: 30_000,
            makerFeePpm: 200,
            takerFeePpm: 500,
            priceBandPpm: 50_000,
            minOrderUsd: 100,
            symbol: uint56(bytes7("BTC-USD")),
            tickDecimals: 1,
            interestLowerKusd: 10_000,
            interestUpperKusd: 100_000
        });
    }

    function eth() internal pure returns (Underlying memory fields) {
        fields = btc();
        fields.symbol = uint56(bytes7("ETH-USD"));
        fields.tickDecimals = 2;
    }

    function sol() internal pure returns (Underlying memory fields) {
        fields = btc();
        fields.symbol = uint56(bytes7("SOL-USD"));
        fields.tickDecimals = 3;
    }

    function word(Underlying memory fields) internal pure returns (uint256 packed) {
        packed = fields.multiplier + fields.initialMarginPpm * 2 ** 12;
        packed += fields.maintenanceMarginPpm * 2 ** 32 + fields.makerFeePpm * 2 ** 52;
        packed += fields.takerFeePpm * 2 ** 72 + fields.priceBandPpm * 2 ** 92;
        packed += fields.minOrderUsd * 2 ** 112;
        packed += fields.symbol * 2 ** 128 + fields.tickDecimals * 2 ** 192;
        packed += fields.interestLowerKusd * 2 ** 196 + fields.interestUpperKusd * 2 ** 220;
    }

    /// @dev Two underlyings, two oracles of which both must agree, reports of 5 s.
    function first() internal pure returns (ParameterRegistry.Parameters memory parameters) {
        parameters.underlyings = new uint256[](2);
        parameters.underlyings[0] = word(btc());
        parameters.underlyings[1] = word(eth());
        parameters.oracleKeys = new uint256[](2);
        parameters.oracleKeys[0] = ORACLE_0;
        parameters.oracleKeys[1] = ORACLE_1;
        parameters.oracleQuorum = 2;
        parameters.oracleMaxAgeMs = 5000;
    }

    /// @dev What the i-th tier of fees adds to their word.
    function tier(uint256 i, uint256 thresholdUsd, uint256 returned)
        internal
        pure
        returns (uint256)
    {
        return (thresholdUsd | returned << 32) << (42 * i);
    }
}
