//! Multiples of a fixed point, so that a product with a scalar is a sum of table entries.

use std::sync::LazyLock;

use crate::curve::{doublings, normalise, Affine, Jacobian, GENERATOR};

/// Bits of a scalar: the order of the curve is below 2^252, and a carry may come on top.
const SCALAR_BITS: usize = 253;

/// Multiples of the generator: 4,096 points, 256 KiB.
pub static GENERATOR_TABLE: LazyLock<WindowTable> =
    LazyLock::new(|| WindowTable::new(*GENERATOR, 8));

/// Multiples of a point by windows with signed digits.
///
/// The entry of window `w` and digit `d` is `d * 2^(bits * w) * point`, for d from 1 to
/// `2^(bits - 1)`; a negative digit takes the mirrored point.
pub struct WindowTable {
    bits: usize,
    digits: usize,
    entries: Vec<Affine>,
}

impl WindowTable {
    /// The table of a point; `bits`, from 2 to 16, is the width of a window.
    pub fn new(point: Affine, bits: usize) -> Self {
        let digits = 1 << (bits - 1);
        let n_windows = SCALAR_BITS.div_ceil(bits);
        let bases = doublings(point, bits * n_windows);
        let mut multiples: Vec<Jacobian> = Vec::with_capacity(digits * n_windows);
        for base in bases.chunks_exact(bits) {
            let mut multiple = Jacobian::from(base[0]);
            multiples.push(multiple);
            multiple = base[1].into();
            for _ in 1..digits {
                multiples.push(multiple);
                multiple = multiple.add_affine(&base[0]);
            }
        }
        Self { bits, digits, entries: normalise(&multiples) }
    }

    /// The entries whose sum is `scalar * point`, for a scalar below the order of the curve.
    pub fn summands<'a>(&'a self, scalar: &'a [u64; 4]) -> impl Iterator<Item = Affine> + 'a {
        let mut carry = 0;
        self.entries.chunks_exact(self.digits).enumerate().filter_map(move |(window, multiples)| {
            let digit = bits_at(scalar, window * self.bits, self.bits) + carry;
            // From half a window on, the digit counts down from the next window's one.
            carry = usize::from(digit > self.digits);
            match (digit, carry) {
                (0, _) => None,
                (_, 0) => Some(multiples[digit - 1]),
                _ => match (1 << self.bits) - digit {
                    0 => None,
                    rest => Some(multiples[rest - 1].negated()),
                },
            }
        })
    }

    /// `scalar * point`, for a scalar below the order of the curve.
    pub fn multiply(&self, scalar: &[u64; 4]) -> Jacobian {
        let add = |sum: Jacobian, summand| sum.add_affine(&summand);
        self.summands(scalar).fold(Jacobian::INFINITY, add)
    }
}

/// `scalar * point` for a point that no table is worth: from the top, four doublings a window.
pub fn multiply_once(point: Affine, scalar: &[u64; 4]) -> Jacobian {
    const BITS: usize = 4;
    let mut multiples = vec![Jacobian::from(point), Jacobian::from(point).double()];
    for last in 1..(1 << BITS) - 2 {
        multiples.push(multiples[last].add_affine(&point));
    }
    let multiples = normalise(&multiples);
    (0..SCALAR_BITS.div_ceil(BITS)).rev().fold(Jacobian::INFINITY, |sum, window| {
        let sum = (0..BITS).fold(sum, |sum, _| sum.double());
        match bits_at(scalar, BITS * window, BITS) {
            0 => sum,
            digit => sum.add_affine(&multiples[digit - 1]),
        }
    })
}

/// `count` bits from `position` on of a little-endian number; beyond its end there are zeros.
fn bits_at(limbs: &[u64; 4], position: usize, count: usize) -> usize {
    let (index, shift) = (position / 64, position % 64);
    let low = limbs.get(index).map_or(0, |limb| limb >> shift);
    let is_split = shift + count > 64;
    let high = limbs.get(index + 1).filter(|_| is_split).map_or(0, |limb| limb << (64 - shift));
    usize::try_from((low | high) & ((1 << count) - 1)).expect("a window has at most 16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::{multiply_generator, ORDER, SHIFT_POINT};

    fn scalars() -> Vec<[u64; 4]> {
        let minus_one = [ORDER[0] - 1, ORDER[1], ORDER[2], ORDER[3]];
        let mut all = vec![[0; 4], [1, 0, 0, 0], [0x8888_8888_8888_8888; 4], minus_one];
        all.push([0x8080_8080_8080_8080; 4]);
        all.extend((0..252).map(|i| {
            let mut power = [0; 4];
            power[i / 64] = 1 << (i % 64);
            power
        }));
        for limbs in &mut all {
            limbs[3] &= (1 << 60) - 1;
        }
        all[2][3] &= (1 << 59) - 1;
        all[4][3] &= (1 << 59) - 1;
        all
    }

    #[test]
    fn test_products_with_windows_of_every_width_agree_with_doubling_and_adding() {
        for bits in [2, 3, 4, 5, 8] {
            let table = WindowTable::new(*GENERATOR, bits);
            for scalar in scalars() {
                let expected = multiply_generator(&scalar).to_affine();
                assert_eq!(table.multiply(&scalar).to_affine(), expected, "{bits} {scalar:x?}");
            }
        }
    }

    #[test]
    fn test_products_without_a_table_agree_with_doubling_and_adding() {
        for scalar in scalars() {
            let expected = multiply_generator(&scalar).to_affine();
            let found = multiply_once(*GENERATOR, &scalar).to_affine();
            assert_eq!(found, expected, "{scalar:x?}");
        }
    }

    #[test]
    fn test_product_with_another_point_is_on_the_curve_and_of_the_right_order() {
        let table = WindowTable::new(*SHIFT_POINT, 4);
        let minus_one = [ORDER[0] - 1, ORDER[1], ORDER[2], ORDER[3]];
        assert_eq!(table.multiply(&minus_one).to_affine(), Some(SHIFT_POINT.negated()));
        assert!(table.multiply(&[12345, 6789, 1, 2]).to_affine().is_some_and(|p| p.is_on_curve()));
    }
}
