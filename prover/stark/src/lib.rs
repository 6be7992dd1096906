//! A Stone-compatible STARK prover and verifier.
