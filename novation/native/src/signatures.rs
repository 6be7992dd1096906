//! ECDSA on the Stark curve.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use novation_crypto::ecdsa::{self, EcdsaError, Signature};
use novation_crypto::known_keys::{Claim, KnownKeys, GROUP_SIZE};
use novation_crypto::signing;
use novation_pyint::{Felt, Uint256};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rayon::prelude::*;

/// Tables of 32 KiB: 128 MiB for the keys that signed last.
const MAX_TABLES: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

static KNOWN_KEYS: LazyLock<KnownKeys> = LazyLock::new(|| KnownKeys::new(MAX_TABLES));

fn value_error(error: EcdsaError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn claim((key, message, r, s): (Felt, Felt, Felt, Uint256)) -> Claim {
    Claim { public_key: key.0, message_hash: message.0, signature: Signature { r: r.0, s: s.0 } }
}

/// The public key (an abscissa) of a private key.
#[pyfunction]
fn ecdsa_public_key(private_key: Uint256) -> PyResult<Felt> {
    ecdsa::public_key(&private_key.0).map(Felt).map_err(value_error)
}

/// Signs a message hash with the deterministic nonce of RFC 6979; returns (r, s).
#[pyfunction]
fn ecdsa_sign(private_key: Uint256, message_hash: Felt) -> PyResult<(Felt, Uint256)> {
    let signature = signing::sign(&private_key.0, message_hash.0).map_err(value_error)?;
    Ok((Felt(signature.r), Uint256(signature.s)))
}

/// Whether the Cairo builtin can prove the signature.
#[pyfunction]
fn ecdsa_verify(py: Python<'_>, public_key: Felt, message_hash: Felt, r: Felt, s: Uint256) -> bool {
    let claim = claim((public_key, message_hash, r, s));
    py.detach(|| claim.is_provable())
}

/// `ecdsa_verify` of many (public key, message hash, r, s), on all cores; keys that sign often are
/// remembered and checked faster.
#[pyfunction]
fn ecdsa_verify_many(py: Python<'_>, items: Vec<(Felt, Felt, Felt, Uint256)>) -> Vec<bool> {
    let claims: Vec<Claim> = items.into_iter().map(claim).collect();
    py.detach(|| {
        claims.par_chunks(GROUP_SIZE).flat_map_iter(|group| KNOWN_KEYS.verify_many(group)).collect()
    })
}

/// Whether the abscissa belongs to a point of the curve.
#[pyfunction]
fn ecdsa_is_public_key(public_key: Felt) -> bool {
    novation_crypto::curve::Affine::from_x(public_key.0).is_some()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(ecdsa_public_key, module)?)?;
    module.add_function(wrap_pyfunction!(ecdsa_sign, module)?)?;
    module.add_function(wrap_pyfunction!(ecdsa_verify, module)?)?;
    module.add_function(wrap_pyfunction!(ecdsa_verify_many, module)?)?;
    module.add_function(wrap_pyfunction!(ecdsa_is_public_key, module)?)
}
