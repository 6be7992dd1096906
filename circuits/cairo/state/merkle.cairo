from starkware.cairo.common.cairo_builtins import PoseidonBuiltin

// A leaf of a tree before and after the batch. `index` is its position plus 2^height: the path from
// the root as bits, behind a leading 1.
struct Leaf {
    index: felt,
    before: felt,
    after: felt,
}

// The node that a climb has reached.
struct Climb {
    poseidon_ptr: PoseidonBuiltin*,
    index: felt,
    before: felt,
    after: felt,
}

// The capacity that separates inner nodes from every other hash.
const NODE_CAPACITY = 2;

// Consumes the leaves below the node `index` (1 is the root), in order, and returns the node before
// and after.
//
// Guarantee: with the same siblings, the old leaves lead to `before` and the new ones to `after`.
// Every shape the prover may choose is sound: a leaf's index is the path bits from the root behind
// a 1, and equals position + 2^height, so a leaf with position < 2^height cannot be met above its
// level. Nor below it: the node at that level would have to be both a leaf's hash (or 0) and the
// hash of two children, but leaves are hashed with other capacities.
func update_subtree{poseidon_ptr: PoseidonBuiltin*, leaf: Leaf*}(index) -> (before: felt, after: felt) {
    alloc_locals;
    local capacity = NODE_CAPACITY;
    local next_leaf: Leaf*;
    %{ memory[ap] = next(witness) %}
    jmp fork if [ap] != 0, ap++;
    assert next_leaf = leaf + Leaf.SIZE;
    [ap] = poseidon_ptr, ap++;
    [ap] = leaf.index, ap++;
    [ap] = leaf.before, ap++;
    [ap] = leaf.after, ap++;
    %{ memory[ap] = next(witness) %}
    jmp climb if [ap] != 0, ap++;
    jmp arrived;

    fork:
    // The index of the fork is a guess: below, it climbs to `index`, which pins it.
    %{ memory[ap] = next(witness) %}
    tempvar guess;
    local fork_index = guess;
    let (local left_before, local left_after) = update_subtree(2 * fork_index);
    let (right_before, right_after) = update_subtree(2 * fork_index + 1);
    assert next_leaf = leaf;
    assert poseidon_ptr[0].input.s0 = left_before;
    assert poseidon_ptr[0].input.s1 = right_before;
    assert poseidon_ptr[0].input.s2 = capacity;
    assert poseidon_ptr[1].input.s0 = left_after;
    assert poseidon_ptr[1].input.s1 = right_after;
    assert poseidon_ptr[1].input.s2 = capacity;
    [ap] = poseidon_ptr + 2 * PoseidonBuiltin.SIZE, ap++;
    [ap] = fork_index, ap++;
    [ap] = poseidon_ptr[0].output.s0, ap++;
    [ap] = poseidon_ptr[1].output.s0, ap++;
    %{ memory[ap] = next(witness) %}
    jmp climb if [ap] != 0, ap++;
    jmp arrived;

    climb:
    // From a node to its parent. The four cells before the flag of the last jump are the node.
    let node = cast(ap - Climb.SIZE - 1, Climb*);
    let hashes = node.poseidon_ptr;
    %{ memory[ap] = next(witness) %}
    jmp right if [ap] != 0, ap++;
    assert hashes[0].input.s0 = node.before;
    assert hashes[1].input.s0 = node.after;
    // One guess for both hashes: the sibling is the same before and after.
    %{ memory[ap] = next(witness) %}
    [ap] = hashes[0].input.s1, ap++;
    assert hashes[1].input.s1 = [ap - 1];
    assert hashes[0].input.s2 = capacity;
    assert hashes[1].input.s2 = capacity;
    [ap] = hashes + 2 * PoseidonBuiltin.SIZE, ap++;
    [ap] = node.index / 2, ap++;
    [ap] = hashes[0].output.s0, ap++;
    [ap] = hashes[1].output.s0, ap++;
    %{ memory[ap] = next(witness) %}
    jmp climb if [ap] != 0, ap++;
    jmp arrived;

    right:
    assert hashes[0].input.s1 = node.before;
    assert hashes[1].input.s1 = node.after;
    %{ memory[ap] = next(witness) %}
    [ap] = hashes[0].input.s0, ap++;
    assert hashes[1].input.s0 = [ap - 1];
    assert hashes[0].input.s2 = capacity;
    assert hashes[1].input.s2 = capacity;
    tempvar even = node.index - 1;
    [ap] = hashes + 2 * PoseidonBuiltin.SIZE, ap++;
    [ap] = even / 2, ap++;
    [ap] = hashes[0].output.s0, ap++;
    [ap] = hashes[1].output.s0, ap++;
    %{ memory[ap] = next(witness) %}
    jmp climb if [ap] != 0, ap++;

    arrived:
    let node = cast(ap - Climb.SIZE - 1, Climb*);
    assert node.index = index;
    let poseidon_ptr = node.poseidon_ptr;
    let leaf = next_leaf;
    return (before=node.before, after=node.after);
}
