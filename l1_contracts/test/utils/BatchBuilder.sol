// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchHeader, Operation} from "../../src/types/Batch.sol";

/// @dev Writes public outputs as docs/spec/output.md describes them.
library BatchBuilder {
    struct Consumed {
        Operation operation;
        uint8 resultCode;
    }

    struct Payment {
        address owner;
        uint64 amountQuanta;
        uint8 assetId;
    }

    function encode(
        BatchHeader memory header,
        Consumed[] memory consumed,
        Payment[] memory payments,
        uint256[] memory dataAvailability
    ) internal pure returns (bytes memory) {
        uint256[] memory output = new uint256[](
            7 + 3 * consumed.length + payments.length + dataAvailability.length
        );
        uint256 next = _writeHeader(output, header);
        for (uint256 i = 0; i < consumed.length; ++i) {
            Operation memory operation = consumed[i].operation;
            output[next] = uint256(operation.kind) | (uint256(consumed[i].resultCode) << 8)
                | (uint256(operation.accountId) << 16) | (uint256(operation.amountQuanta) << 48)
                | (uint256(operation.assetId) << 112);
            output[next + 1] = uint160(operation.l1Address);
            output[next + 2] = operation.starkKey;
            next += 3;
        }
        for (uint256 i = 0; i < payments.length; ++i) {
            output[next++] = uint256(payments[i].amountQuanta)
                | (uint256(uint160(payments[i].owner)) << 64)
                | (uint256(payments[i].assetId) << 224);
        }
        for (uint256 i = 0; i < dataAvailability.length; ++i) {
            output[next++] = dataAvailability[i];
        }
        output[next - 4] |= header.custodyQuanta[0];
        for (uint256 i = 0; i < 7; ++i) {
            output[next - 3 + i / 3] |= uint256(header.custodyQuanta[1 + i]) << (63 * (i % 3));
        }
        return abi.encode(output);
    }

    function _writeHeader(uint256[] memory output, BatchHeader memory header)
        private
        pure
        returns (uint256)
    {
        output[0] = 10;
        output[1] = header.configHash;
        output[2] = header.oldRoot;
        output[3] = header.newRoot;
        output[4] = uint256(header.batchNumber) | (uint256(header.firstTimeMs) << 48)
            | (uint256(header.lastTimeMs) << 96);
        output[5] = uint256(header.firstQueuePosition) | (uint256(header.nOperations) << 48)
            | (uint256(header.nWithdrawals) << 64) | (uint256(header.nAccounts) << 80)
            | (uint256(header.nOrders) << 104) | (uint256(header.nMarkets) << 128)
            | (uint256(header.nUnderlyings) << 144);
        output[6] = header.oracleHash;
        return 7;
    }
}
