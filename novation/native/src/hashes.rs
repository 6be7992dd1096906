//! Hash functions.

use novation_crypto::{
    hades_permutation as hades, keccak256 as keccak, pedersen_hash as pedersen,
    pedersen_hash_many as pedersen_many, poseidon_hash as poseidon,
    poseidon_hash_many as poseidon_many,
};
use novation_field::Fe;
use novation_pyint::Felt;
use pyo3::prelude::*;
use rayon::prelude::*;

/// Batches below this size are not worth waking other threads.
const PARALLEL_THRESHOLD: usize = 256;

/// The Poseidon hash of two field elements.
#[pyfunction]
fn poseidon_hash(a: Felt, b: Felt) -> Felt {
    Felt(poseidon(a.0, b.0))
}

/// The Poseidon hash of any number of field elements.
#[pyfunction]
fn poseidon_hash_many(values: Vec<Felt>) -> Felt {
    Felt(poseidon_many(&elements(values)))
}

/// The Poseidon hash of each pair.
#[pyfunction]
fn poseidon_hash_pairs(py: Python<'_>, pairs: Vec<(Felt, Felt)>) -> Vec<Felt> {
    let hash = |(a, b): &(Felt, Felt)| Felt(poseidon(a.0, b.0));
    py.detach(|| {
        if pairs.len() < PARALLEL_THRESHOLD {
            pairs.iter().map(hash).collect()
        } else {
            pairs.par_iter().map(hash).collect()
        }
    })
}

/// The Hades permutation of a state of three field elements.
#[pyfunction]
fn hades_permutation(a: Felt, b: Felt, c: Felt) -> (Felt, Felt, Felt) {
    let [a, b, c] = hades([a.0, b.0, c.0]);
    (Felt(a), Felt(b), Felt(c))
}

/// The Pedersen hash of two field elements.
#[pyfunction]
fn pedersen_hash(a: Felt, b: Felt) -> Felt {
    Felt(pedersen(a.0, b.0))
}

/// The Pedersen chain over the elements and their number.
#[pyfunction]
fn pedersen_hash_many(values: Vec<Felt>) -> Felt {
    Felt(pedersen_many(&elements(values)))
}

/// Keccak-256 of bytes.
#[pyfunction]
fn keccak256(data: &[u8]) -> [u8; 32] {
    keccak(data)
}

fn elements(felts: Vec<Felt>) -> Vec<Fe> {
    felts.into_iter().map(|felt| felt.0).collect()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(poseidon_hash, module)?)?;
    module.add_function(wrap_pyfunction!(poseidon_hash_many, module)?)?;
    module.add_function(wrap_pyfunction!(poseidon_hash_pairs, module)?)?;
    module.add_function(wrap_pyfunction!(hades_permutation, module)?)?;
    module.add_function(wrap_pyfunction!(pedersen_hash, module)?)?;
    module.add_function(wrap_pyfunction!(pedersen_hash_many, module)?)?;
    module.add_function(wrap_pyfunction!(keccak256, module)?)
}
