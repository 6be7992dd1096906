//! What one core moves between memory and processor.

use std::hint::black_box;

use crate::fastest_ns;

/// Words of a buffer that no cache holds: 256 MiB.
const WORDS: usize = 1 << 25;

/// Gigabytes read per second.
pub(crate) fn read_gb_per_s() -> f64 {
    let words = vec![1u64; WORDS];
    let ns = fastest_ns(5, 8 * WORDS, || {
        let mut sums = [0u64; 32];
        for chunk in black_box(&words).as_chunks::<32>().0 {
            for (sum, word) in sums.iter_mut().zip(chunk) {
                *sum = sum.wrapping_add(*word);
            }
        }
        black_box(sums);
    });
    1.0 / ns
}

/// Gigabytes copied per second; each is read once and written once.
pub(crate) fn copy_gb_per_s() -> f64 {
    let source = vec![1u64; WORDS];
    let mut target = vec![2u64; WORDS];
    let ns = fastest_ns(5, 8 * WORDS, || {
        black_box(&mut target).copy_from_slice(black_box(&source));
    });
    1.0 / ns
}
