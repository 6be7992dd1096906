%builtins output range_check ecdsa poseidon

from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState

// About as many hashes and range checks per step as a batch has. The prover's time does not depend on
// what a run computes, only on how many rows its trace has.
func main{
    output_ptr: felt*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
}() {
    let (result) = repeat(state=1, rounds=3000);
    assert [output_ptr] = result;
    let output_ptr = output_ptr + 1;
    return ();
}

// Guarantee: rounds is in [0, 2^128), which the range check of each round proves.
func repeat{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(state: felt, rounds: felt) -> (
    result: felt
) {
    if (rounds == 0) {
        return (result=state);
    }
    assert [range_check_ptr] = rounds;
    let range_check_ptr = range_check_ptr + 1;
    assert poseidon_ptr.input = PoseidonBuiltinState(s0=state, s1=rounds, s2=2);
    let hashed = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let square = hashed * hashed;
    let cube = square * hashed;
    return repeat(state=cube + square, rounds=rounds - 1);
}
