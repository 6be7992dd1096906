//! Square roots, in a group whose order is divisible by 2^192.
//!
//! Tonelli and Shanks' method needs up to 192^2 / 2 squarings here. Reading the discrete logarithm
//! in digits of eight bits from a table (Sarkar, ePrint 2020/1407) needs about 500 products.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{Fe, TWO_ADICITY};

const DIGIT_BITS: u32 = 8;
const DIGITS: usize = (TWO_ADICITY / DIGIT_BITS) as usize;

struct Tables {
    /// `powers[k][d] = g^(-d * 2^(8k))` with g of order 2^192.
    powers: Vec<Vec<Fe>>,
    /// The digit d of each `(g^(2^184))^d`.
    digits: HashMap<Fe, usize>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut base = Fe::root_of_unity(TWO_ADICITY).pow_big(&[u64::MAX; 3]);
    let mut powers = Vec::with_capacity(DIGITS);
    for _ in 0..DIGITS {
        let mut row = vec![Fe::ONE];
        for d in 1..1 << DIGIT_BITS {
            row.push(row[d - 1] * base);
        }
        powers.push(row);
        base = base.square_times(DIGIT_BITS);
    }
    let generator = Fe::root_of_unity(DIGIT_BITS);
    let digits = (0..1usize << DIGIT_BITS).map(|d| (generator.pow(d as u64), d)).collect();
    Tables { powers, digits }
});

impl Fe {
    /// A square root, or `None` for a non-square. Which of the two roots is unspecified.
    pub fn sqrt(self) -> Option<Self> {
        if self.is_zero() {
            return Some(self);
        }
        // p - 1 = 2^192 * q with q = 2^59 + 17; half = self^((q - 1) / 2).
        let half = self.pow((1 << 58) + 8);
        let candidate = self * half;
        let mut shifted = vec![candidate * half];
        for _ in 1..DIGITS {
            let last = shifted[shifted.len() - 1];
            shifted.push(last.square_times(DIGIT_BITS));
        }
        // shifted[k] = b^(2^(8k)) for b = self^q; digits of log_g(b), lowest first.
        let mut digits: Vec<usize> = Vec::with_capacity(DIGITS);
        for i in 0..DIGITS {
            let mut value = shifted[DIGITS - 1 - i];
            for (j, digit) in digits.iter().enumerate() {
                value *= TABLES.powers[j + DIGITS - 1 - i][*digit];
            }
            digits.push(*TABLES.digits.get(&value)?);
        }
        if digits[0] % 2 == 1 {
            return None;
        }
        // candidate^2 = self * b, so the root is candidate * g^(-log/2).
        let mut root = candidate;
        for (k, digit) in digits.iter().enumerate() {
            let carried = digits.get(k + 1).map_or(0, |next| (next & 1) << (DIGIT_BITS - 1));
            root *= TABLES.powers[k][(digit >> 1) | carried];
        }
        Some(root)
    }
}
