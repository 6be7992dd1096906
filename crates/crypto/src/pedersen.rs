//! The Pedersen hash on the Stark curve.

use novation_field::Fe;
use starknet_crypto::Felt;

/// The Pedersen hash of two elements.
///
/// # Panics
/// Never: the hash is an abscissa of the curve, hence a field element.
pub fn pedersen_hash(a: Fe, b: Fe) -> Fe {
    from_felt(&starknet_crypto::pedersen_hash(&to_felt(a), &to_felt(b)))
}

/// `h(h(..h(h(0, x0), x1)..), n)`: the chain that Cairo calls `compute_hash_on_elements`.
pub fn pedersen_hash_many(elements: &[Fe]) -> Fe {
    let chain = elements.iter().fold(Fe::ZERO, |hash, element| pedersen_hash(hash, *element));
    pedersen_hash(chain, Fe::from_u64(elements.len() as u64))
}

pub(crate) fn to_felt(value: Fe) -> Felt {
    Felt::from_bytes_be(&value.to_bytes_be())
}

pub(crate) fn from_felt(value: &Felt) -> Fe {
    Fe::from_bytes_be_reduced(&value.to_bytes_be())
}
