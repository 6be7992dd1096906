//! Hashes and signatures over the Stark field: Poseidon, Pedersen, ECDSA, and byte hashes.
//!
//! Poseidon and the curve are written on [`Fe`](novation_field::Fe) because they are hot; tests
//! hold them against `starknet-crypto`, which also supplies Pedersen and the deterministic nonce.

mod batch;
pub mod calibrate;
pub mod curve;
pub mod ecdsa;
mod hashes;
pub mod known_keys;
mod pedersen;
pub mod poseidon;
pub mod scalar;
pub mod signing;
pub mod windows;

pub use batch::{blake2s256_batch, keccak256_batch};
pub use hashes::{blake2s256, keccak256};
pub use pedersen::{pedersen_hash, pedersen_hash_many};
pub use poseidon::{hades_permutation, poseidon_hash, poseidon_hash_many};
