//! Arithmetic in the prime field of p = 2^251 + 17*2^192 + 1, and transforms over its cosets.
//!
//! [`Fe`] is a field element in Montgomery form. [`fft`] evaluates and interpolates polynomials
//! over multiplicative cosets whose size is a power of two.

// The prover's inner loops are these functions; not inlining one costs a third of its speed.
#![allow(clippy::inline_always)]

pub mod calibrate;
mod convert;
mod element;
pub mod fft;
pub mod kernel;
mod lazy;
mod limbs;
mod ops;
pub mod packed;
mod sqrt;
mod wide;

pub use convert::ParseFeError;
pub use element::{batch_inverse, Fe};
pub use kernel::{Kernel, KernelError};
pub use lazy::LazyFe;
pub use wide::WideSum;

/// The largest k such that 2^k divides p - 1: no coset is larger than this.
pub const TWO_ADICITY: u32 = 192;
