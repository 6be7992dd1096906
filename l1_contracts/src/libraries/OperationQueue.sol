// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IExchange} from "../interfaces/IExchange.sol";
import {Operation} from "../types/Batch.sol";

/// @title First-in first-out queue of L1 operations.
/// @notice An entry is stored as a digest and its time; whoever refers to it brings the content. A
/// removed entry leaves a hole, over which the head moves: nothing can block the queue.
library OperationQueue {
    struct Entry {
        // The first 216 bits of the operation's hash: 108 bits against collisions.
        uint216 digest;
        uint40 time;
    }

    struct Queue {
        uint64 head;
        uint64 tail;
        uint64 consumed;
        mapping(uint256 index => Entry entry) entries;
    }

    /// @notice Appends an operation; returns its index.
    function push(Queue storage self, Operation memory operation) internal returns (uint256 index) {
        index = self.tail;
        self.tail += 1;
        self.entries[index] = Entry(digestOf(operation), uint40(block.timestamp));
    }

    /// @notice Consumes the head, which must be `operation`; returns its index.
    function pop(Queue storage self, Operation memory operation) internal returns (uint256 index) {
        skipRemoved(self, type(uint256).max);
        index = self.head;
        if (index == self.tail) revert IExchange.QueueExhausted(index);
        if (!matches(self, index, operation)) revert IExchange.OperationMismatch(index, operation);
        delete self.entries[index];
        self.head += 1;
        self.consumed += 1;
    }

    /// @notice Takes out a pending entry.
    function remove(Queue storage self, uint256 index) internal {
        delete self.entries[index];
    }

    /// @notice Moves the head over at most `limit` removed entries.
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
