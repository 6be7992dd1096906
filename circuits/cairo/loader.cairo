%builtins output range_check ecdsa poseidon

from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin

from circuits.cairo.loaded_program import (
    CHUNK_WORDS,
    CORE_CHUNKS,
    CORE_HASH,
    ENTRY,
    N_CHUNKS,
    N_WORDS,
    PROGRAM_HASH,
)

// Cells from the caller's frame pointer to main's: arguments, saved frame pointer, return pc.
const FRAME_DISTANCE = 4 + 2;
// What stands on the stack before the first word is hashed: PROGRAM_HASH; `core_only`, and what it
// adds to the hash and to the number of chunks; the cells of their permutations, and with that of
// the last block; the pointer to permutations when the batch program starts, and how much further
// it brings that one; then pointer, 0, counter, hash.
const N_LOCALS = 12;
// A permutation for two words.
const PERMUTATION_CELLS = 6;
const CHUNK_CELLS = PERMUTATION_CELLS * CHUNK_WORDS / 2;

// Runs the batch program, whose words the prover places on the stack: proves that they are the
// words of which PROGRAM_HASH is the hash, then calls main among them with the builtins' pointers.
// A prover who chooses `core_only` places its first chunks, the core, of which CORE_HASH is the
// hash, and nothing behind them; main is told so.
// The argument why nothing else can run is in docs/spec/circuit.md.
//
// The hash is a Poseidon sponge in overwrite mode: each permutation takes two words as they are and
// keeps the third element of the state. A word ahead of ap is compared with the builtin's input in
// one step, and ap moves on with the words.
func main{
    output_ptr: felt*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*
}() {
    // The last cell used before them is fp + N_LOCALS + N_WORDS - 1.
    let words = cast(fp + N_LOCALS + N_WORDS, felt*);
    let n_words = [fp + 10] * CHUNK_WORDS;
    [fp] = PROGRAM_HASH, ap++;
    %{ memory[ap] = next(witness) %}
    [fp + 1] = [fp + 1] * [fp + 1], ap++;
    [fp + 2] = [fp + 1] * (CORE_HASH - PROGRAM_HASH), ap++;
    [fp + 11] = [fp + 2] + [fp], ap++;
    [fp + 3] = [fp + 1] * (CORE_CHUNKS - N_CHUNKS), ap++;
    [fp + 10] = [fp + 3] + N_CHUNKS, ap++;
    %{ load_program(ids.words, ids.n_words) %}
    [fp + 4] = [fp + 10] * CHUNK_CELLS, ap++;
    [fp + 5] = [fp + 4] + PERMUTATION_CELLS, ap++;
    [fp + 6] = [fp - 3] + [fp + 5], ap++;
    [fp + 9] = 0, ap++;
    [fp + 8] = [fp - 3], ap++;
    [fp + 9] = [[fp - 3] + 2], ap++;

    // Of each chunk, ap is at its beginning: [ap - 4] is the permutation of its first words,
    // [ap - 2] the number of chunks left, word i is [ap + N_WORDS + i].
    chunk:
    [ap + N_WORDS] = [[ap - 4]];
    [ap + N_WORDS + 1] = [[ap - 4] + 1], ap++;
    [ap] = [[ap - 5] + 5], ap++;
    [ap - 1] = [[ap - 6] + 8];
    [ap + N_WORDS] = [[ap - 6] + 6];
    [ap + N_WORDS + 1] = [[ap - 6] + 7], ap++;
    [ap] = [[ap - 7] + 11], ap++;
    [ap - 1] = [[ap - 8] + 14];
    [ap + N_WORDS] = [[ap - 8] + 12];
    [ap + N_WORDS + 1] = [[ap - 8] + 13], ap++;
    [ap] = [[ap - 9] + 17], ap++;
    [ap - 1] = [[ap - 10] + 20];
    [ap + N_WORDS] = [[ap - 10] + 18];
    [ap + N_WORDS + 1] = [[ap - 10] + 19], ap++;
    [ap] = [[ap - 11] + 23], ap++;
    [ap - 1] = [[ap - 12] + 26];
    [ap + N_WORDS] = [[ap - 12] + 24];
    [ap + N_WORDS + 1] = [[ap - 12] + 25], ap++;
    [ap] = [[ap - 13] + 29], ap++;
    [ap - 1] = [[ap - 14] + 32];
    [ap + N_WORDS] = [[ap - 14] + 30];
    [ap + N_WORDS + 1] = [[ap - 14] + 31], ap++;
    [ap] = [[ap - 15] + 35], ap++;
    [ap - 1] = [[ap - 16] + 38];
    [ap + N_WORDS] = [[ap - 16] + 36];
    [ap + N_WORDS + 1] = [[ap - 16] + 37], ap++;
    [ap] = [[ap - 17] + 41], ap++;
    [ap - 1] = [[ap - 18] + 44];
    [ap + N_WORDS] = [[ap - 18] + 42];
    [ap + N_WORDS + 1] = [[ap - 18] + 43], ap++;
    [ap] = [[ap - 19] + 47], ap++;
    [ap - 1] = [[ap - 20] + 50];
    [ap - 4] = [ap - 20] + 48;
    [ap - 2] = [ap - 18] - 1;
    jmp chunk if [ap - 2] != 0;

    // A last block with the number of chunks; the permutation of it is used up.
    [fp + 10] = [[ap - 4]];
    [fp + 9] = [[ap - 4] + 1];
    [fp + 11] = [[ap - 4] + 3];

    // The words end where the frame of the batch program begins.
    ap += N_WORDS;
    [ap] = [fp - 2] + (FRAME_DISTANCE + N_LOCALS + N_WORDS + ENTRY), ap++;
    [ap] = [fp + 1], ap++;
    [ap] = [fp - 6], ap++;
    [ap] = [fp - 5] + 1, ap++;
    [ap] = [fp - 4], ap++;
    [ap] = [fp + 6], ap++;
    call abs [ap - 6];

    // The permutations used above lie before the end that is returned: a verifier compares only
    // that with the number of permutations in the trace, beyond which cells are free. The first
    // range check is there in any trace.
    [ap - 1] = [fp + 7] + [fp + 6];
    [fp + 7] = [[fp - 5]];
    ret;
}
