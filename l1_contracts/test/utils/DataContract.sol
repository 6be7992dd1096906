// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Becomes a contract whose code is a STOP and the payload.
contract DataContract {
    constructor(bytes memory payload) {
        bytes memory code = bytes.concat(hex"00", payload);
        assembly ("memory-safe") {
            return(add(code, 0x20), mload(code))
        }
    }
}
