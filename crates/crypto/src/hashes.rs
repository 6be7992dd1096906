//! Byte hashes of 32 bytes.

use blake2::Blake2s256;
use sha3::digest::Digest;
use sha3::Keccak256;

/// Keccak-256 with the padding used by Ethereum.
pub fn keccak256(data: &[u8]) -> [u8; 32] {
    Keccak256::digest(data).into()
}

/// Blake2s with 32 bytes of output (RFC 7693), which Stone calls `blake256`.
pub fn blake2s256(data: &[u8]) -> [u8; 32] {
    Blake2s256::digest(data).into()
}
