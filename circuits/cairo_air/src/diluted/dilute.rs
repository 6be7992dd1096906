//! Diluted numbers.

use novation_field::Fe;

/// Distance of the bits.
pub(crate) const SPACING: u32 = 4;
/// Number of bits.
pub(crate) const N_BITS: u32 = 16;
/// All bits of a diluted number.
pub(crate) const DILUTED_MASK: u64 = 0x1111_1111_1111_1111;

/// Moves bit i to bit 4i.
pub(crate) fn dilute(value: u16) -> u64 {
    (0..N_BITS).map(|i| u64::from(value >> i & 1) << (SPACING * i)).sum()
}

/// Moves bit 4i to bit i; other bits are ignored.
pub(crate) fn undilute(value: u64) -> u16 {
    (0..N_BITS).map(|i| u16::from(value >> (SPACING * i) & 1 == 1) << i).sum()
}

/// The cumulative value r after the full list of diluted numbers: r starts at 1, and a step u of the
/// list changes it to `r * (1 + z*u) + alpha * u^2`.
///
/// The step before the number 2^i occurs once in the first 2^(i+1) - 1 steps, between two equal
/// halves. A run of steps maps r to `p*r + alpha*q`, so the run twice as long follows from the
/// composition of three such maps; `q` of a single step u is u^2, `p` is 1 + z*u.
pub(crate) fn final_cumulative_value(z: Fe, alpha: Fe) -> Fe {
    let (mut p, mut q) = (Fe::ONE, Fe::ZERO);
    for bit in 0..N_BITS {
        let below = dilute((1 << bit) - 1);
        let u = Fe::from_u64((1 << (SPACING * bit)) - below);
        let (p_step, q_step) = (Fe::ONE + z * u, u.square());
        q = (q * p_step + q_step) * p + q;
        p = p * p_step * p;
    }
    p + alpha * q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_dilute_when_inverted_then_same() {
        for value in [0, 1, 2, 0x8000, 0xffff, 0x1234] {
            assert_eq!(undilute(dilute(value)), value);
            assert_eq!(dilute(value) & !DILUTED_MASK, 0);
        }
        assert_eq!(dilute(0b1011), 0x1011);
    }

    #[test]
    fn test_final_cumulative_value_when_compared_with_recursion_then_equal() {
        let (z, alpha) = (Fe::from_u64(0x1234_5678_9abc), Fe::from_u64(987_654_321).square());
        let mut r = Fe::ONE;
        for value in 1..=u16::MAX {
            let u = Fe::from_u64(dilute(value) - dilute(value - 1));
            r = r * (Fe::ONE + z * u) + alpha * u.square();
        }
        assert_eq!(final_cumulative_value(z, alpha), r);
    }
}
