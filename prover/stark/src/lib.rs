//! A STARK prover and verifier that speak the protocol of StarkWare's Stone, generic over the AIR.
//!
//! Start reading at [`verify`]: prover, verifier and [`Challenges::replay`] carry the same numbered
//! steps. Two transcript suites share everything else: K (Keccak) for L1 and P (Poseidon) for
//! verifiers written in Cairo.

// The toy AIR of the integration tests serves unit tests too.
#[cfg(test)]
extern crate self as novation_stark;

mod annotations;
mod challenges;
mod deep;
mod digest;
mod domain;
mod fri;
mod merkle;
mod params;
mod params_json;
mod pow;
mod process;
mod proof;
mod prover;
mod security;
mod table;
mod transcript;
mod verifier;

pub use annotations::annotate;
pub use challenges::Challenges;
pub use deep::{deep_groups, deep_value, DeepGroup};
pub use digest::{CommitmentHash, Digest, DigestMask, TreeHashes};
pub use domain::{chunk_offset, Subgroup, EVALUATION_OFFSET};
pub use fri::{fold_coefficients, fold_coset};
pub use merkle::{MerkleError, MerkleTree};
pub use params::{
    ByteHash, ChannelHash, FriParams, PageHash, ParamsError, StarkParams, MAX_LOG_DOMAIN,
};
pub use params_json::RawParams;
pub use pow::{find_nonce, verify_nonce};
pub use proof::{opening_plans, Commitments, Proof, ProofBytesError, Shape, COMPOSITION_COLUMNS};
pub use prover::{
    prove, BudgetError, Cancelled, PhaseReport, Primitives, Progress, ProveError, Resources,
    Witness, Work,
};
pub use security::{
    format_bits, Millibits, Security, TooWeak, MAX_COUNTED_LOG_BLOWUP, MIN_COUNTED_LOG_BLOWUP,
};
pub use table::{leaf_of_row, Opening, TablePlan};
pub use transcript::Transcript;
pub use verifier::{verify, verify_bytes, VerifyError};
