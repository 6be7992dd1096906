// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Destroys whoever delegates to it.
contract Bomb {
    fallback() external {
        assembly {
            selfdestruct(caller())
        }
    }
}

/// @dev Creates contracts that are gone after the transaction although their code can be read in it,
/// and can come back at the same address with other code.
contract MetamorphicFactory {
    bytes public code;
    bool public isDoomed;
    address public immutable BOMB = address(new Bomb());

    function create(uint256 salt, bytes memory code_, bool isDoomed_) external returns (address) {
        code = code_;
        isDoomed = isDoomed_;
        return address(new Chameleon{salt: bytes32(salt)}());
    }
}

/// @dev Its address does not depend on its code, because the creation code asks for that.
contract Chameleon {
    constructor() {
        MetamorphicFactory factory = MetamorphicFactory(msg.sender);
        bytes memory code = factory.code();
        if (factory.isDoomed()) {
            (bool isDone,) = factory.BOMB().delegatecall("");
            require(isDone);
        }
        assembly {
            return(add(code, 0x20), mload(code))
        }
    }
}
