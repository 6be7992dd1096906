// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "../interfaces/IExchange.sol";
import {Operation} from "../types/Batch.sol";

/// @title First-in first-out queue of L1 operations.
/// @notice An entry is stored as a digest and its time; whoever refers to it brings the content. An
/// entry set aside leaves a hole, over which the head moves: nothing can block the queue. Entries
/// set aside are counted by digest, not by index: equal operations are interchangeable, so that it
/// does not matter which of them a batch meant that was sealed before one of them was set aside.
library OperationQueue {
    struct Entry {
        // The first 216 bits of the operation's hash: 108 bits against collisions.
        uint216 digest;
        uint40 time;
    }

    struct SetAside {
        uint64 count;
        // Of the last one, or of the last equal one pushed since: all equal ones wait anew.
        uint40 time;
    }

    struct Queue {
        uint64 head;
        uint64 tail;
        uint64 consumed;
        mapping(uint256 index => Entry entry) entries;
        mapping(uint216 digest => SetAside setAside) setAside;
    }

    /// @dev Returned for an operation that was set aside.
    uint256 internal constant NO_INDEX = type(uint256).max;

    /// @notice Appends an operation; returns its index.
    function push(Queue storage self, Operation memory operation) internal returns (uint256 index) {
        index = self.tail;
        self.tail += 1;
        uint216 digest = digestOf(operation);
        self.entries[index] = Entry(digest, uint40(block.timestamp));
        // A batch may consume this entry for an equal one set aside; the batch that means this one
        // then needs the other, for as long.
        SetAside storage equal = self.setAside[digest];
        if (equal.count != 0) equal.time = uint40(block.timestamp);
    }

    /// @notice Consumes `operation`: the head, or else one that was set aside.
    /// @return index That of the head, or `NO_INDEX`.
    function pop(Queue storage self, Operation memory operation) internal returns (uint256 index) {
        skipRemoved(self, type(uint256).max);
        index = self.head;
        self.consumed += 1;
        if (matches(self, index, operation)) {
            delete self.entries[index];
            self.head += 1;
            return index;
        }
        if (takeSetAside(self, operation)) return NO_INDEX;
        if (index == self.tail) revert IExchange.QueueExhausted(index);
        revert IExchange.OperationMismatch(index, operation);
    }

    /// @notice Takes a pending entry, which is `operation`, out of the order.
    function putAside(Queue storage self, uint256 index, Operation memory operation) internal {
        delete self.entries[index];
        SetAside storage equal = self.setAside[digestOf(operation)];
        equal.count += 1;
        equal.time = uint40(block.timestamp);
    }

    /// @notice Takes away one of the operations set aside; returns false if there is none like it.
    function takeSetAside(Queue storage self, Operation memory operation) internal returns (bool) {
        SetAside storage equal = self.setAside[digestOf(operation)];
        if (equal.count == 0) return false;
        equal.count -= 1;
        return true;
    }

    /// @notice Block time of the last setting aside of such an operation; zero if none is left.
    function setAsideTime(Queue storage self, Operation memory operation)
        internal
        view
        returns (uint256)
    {
        SetAside storage equal = self.setAside[digestOf(operation)];
        return equal.count == 0 ? 0 : equal.time;
    }

    /// @notice Moves the head over at most `limit` holes.
    function skipRemoved(Queue storage self, uint256 limit) internal {
        uint64 head = self.head;
        uint64 tail = self.tail;
        uint64 first = head;
        while (head < tail && head - first < limit && self.entries[head].time == 0) {
            emit IExchange.OperationSkipped(head);
            ++head;
        }
        if (head != first) self.head = head;
    }

    /// @notice Block time at which a pending entry came; zero for all other indices.
    function timeOf(Queue storage self, uint256 index) internal view returns (uint256) {
        return self.entries[index].time;
    }

    /// @notice Whether a pending entry is this operation.
    function matches(Queue storage self, uint256 index, Operation memory operation)
        internal
        view
        returns (bool)
    {
        return self.entries[index].digest == digestOf(operation);
    }

    /// @notice What is stored of an operation.
    function digestOf(Operation memory operation) internal pure returns (uint216) {
        return uint216(uint256(keccak256(abi.encode(operation))) >> 40);
    }
}
