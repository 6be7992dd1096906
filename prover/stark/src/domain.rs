//! The domains of evaluation: multiplicative cosets in bit-reversed order.

use novation_field::fft::bit_reverse_index;
use novation_field::Fe;

/// The trace is evaluated at `3 * w^bitrev(i)`, which never meets the trace domain.
pub const EVALUATION_OFFSET: Fe = Fe::GENERATOR;

/// A subgroup of size `2^log_size` in bit-reversed order.
#[derive(Clone, Copy, Debug)]
pub struct Subgroup {
    log_size: u32,
    generator: Fe,
}

impl Subgroup {
    /// The subgroup of this size.
    pub fn new(log_size: u32) -> Self {
        Self { log_size, generator: Fe::root_of_unity(log_size) }
    }

    /// The logarithm of the size.
    pub fn log_size(&self) -> u32 {
        self.log_size
    }

    /// The element at a position.
    ///
    /// # Panics
    /// If the position does not fit the address space.
    pub fn element(&self, position: u64) -> Fe {
        let position = usize::try_from(position).expect("a domain fits the address space");
        self.generator.pow(bit_reverse_index(position, self.log_size) as u64)
    }
}

/// The offset of chunk `index` of an evaluation domain that is cut into `2^log_blowup` chunks: in
/// bit-reversed order each chunk is a coset of the subgroup of size `2^log_chunk`.
pub fn chunk_offset(offset: Fe, log_chunk: u32, log_blowup: u32, index: usize) -> Fe {
    let generator = Fe::root_of_unity(log_chunk + log_blowup);
    offset * generator.pow(bit_reverse_index(index, log_blowup) as u64)
}
