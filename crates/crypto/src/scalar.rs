//! Arithmetic modulo the order of the Stark curve, in Montgomery form with R = 2^256.

use std::sync::LazyLock;

use crate::curve::ORDER;

/// `-1 / ORDER` modulo 2^64, by Newton's iteration: each step doubles the correct bits.
const NEGATED_INVERSE: u64 = {
    let mut inverse = 1u64;
    let mut correct_bits = 1;
    while correct_bits < 64 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(ORDER[0].wrapping_mul(inverse)));
        correct_bits *= 2;
    }
    inverse.wrapping_neg()
};

/// `R^2` modulo the order, by doubling one 512 times.
static R_SQUARED: LazyLock<[u64; 4]> =
    LazyLock::new(|| (0..512).fold([1, 0, 0, 0], |value, _| add(&value, &value)));

static ONE: LazyLock<Scalar> = LazyLock::new(|| Scalar::from_limbs(&[1, 0, 0, 0]));

/// A residue modulo the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scalar([u64; 4]);

impl Scalar {
    /// The residue of a 256-bit number in little-endian limbs.
    pub fn from_limbs(limbs: &[u64; 4]) -> Self {
        Self(multiply(limbs, &R_SQUARED))
    }

    /// The number below the order.
    pub fn to_limbs(self) -> [u64; 4] {
        multiply(&self.0, &[1, 0, 0, 0])
    }

    /// Whether this is zero.
    pub fn is_zero(self) -> bool {
        self.0 == [0; 4]
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(add(&self.0, &other.0))
    }

    /// The product.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self(multiply(&self.0, &other.0))
    }

    /// The inverse, zero of zero: the power `ORDER - 2` in windows of four bits.
    #[must_use]
    pub fn inverse(self) -> Self {
        let mut powers = [*ONE; 16];
        for i in 1..16 {
            powers[i] = powers[i - 1].times(self);
        }
        let exponent = [ORDER[0] - 2, ORDER[1], ORDER[2], ORDER[3]];
        let mut result = *ONE;
        for position in (0..64).rev() {
            for _ in 0..4 {
                result = result.times(result);
            }
            let digit = (exponent[position / 16] >> (4 * (position % 16))) & 15;
            result = result.times(powers[usize::from(digit.to_le_bytes()[0])]);
        }
        result
    }
}

/// Inverts every element with one inversion; zero stays zero.
pub fn invert_all(values: &mut [Scalar]) {
    let mut product = *ONE;
    let mut before = Vec::with_capacity(values.len());
    for value in values.iter() {
        before.push(product);
        if !value.is_zero() {
            product = product.times(*value);
        }
    }
    let mut inverse = product.inverse();
    for (value, before) in values.iter_mut().zip(before).rev() {
        if !value.is_zero() {
            let inverted = inverse.times(before);
            inverse = inverse.times(*value);
            *value = inverted;
        }
    }
}

/// Whether a number is below the order.
pub fn is_below_order(limbs: &[u64; 4]) -> bool {
    subtract(limbs, &ORDER).1
}

/// `a * b / R` for any `a` below 2^256 and `b` below the order: the product is below twice the
/// order before the last step.
fn multiply(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut sum = [0u64; 5];
    for digit in a {
        let mut carry = 0;
        for j in 0..4 {
            (sum[j], carry) = multiply_add(sum[j], *digit, b[j], carry);
        }
        // Below 2^320: the sum is below 2 ORDER before, and digit * b below 2^64 ORDER.
        sum[4] += carry;
        let factor = sum[0].wrapping_mul(NEGATED_INVERSE);
        let (_, mut carry) = multiply_add(sum[0], factor, ORDER[0], 0);
        for j in 1..4 {
            (sum[j - 1], carry) = multiply_add(sum[j], factor, ORDER[j], carry);
        }
        let (low, overflows) = sum[4].overflowing_add(carry);
        sum[3] = low;
        sum[4] = u64::from(overflows);
    }
    reduce_once(&[sum[0], sum[1], sum[2], sum[3]])
}

/// The sum of two residues.
fn add(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut sum = [0; 4];
    let mut carry = 0;
    for i in 0..4 {
        // Two residues have less than 253 bits: the last carry is zero.
        (sum[i], carry) = multiply_add(a[i], b[i], 1, carry);
    }
    reduce_once(&sum)
}

fn reduce_once(value: &[u64; 4]) -> [u64; 4] {
    let (difference, borrows) = subtract(value, &ORDER);
    if borrows {
        *value
    } else {
        difference
    }
}

/// `a - b` modulo 2^256, and whether `a < b`.
fn subtract(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut difference = [0; 4];
    let mut borrow = false;
    for i in 0..4 {
        let (once, first) = a[i].overflowing_sub(b[i]);
        let (twice, second) = once.overflowing_sub(u64::from(borrow));
        difference[i] = twice;
        borrow = first | second;
    }
    (difference, borrow)
}

/// The low and high halves of `sum + a * b + carry`, which is below 2^128.
fn multiply_add(sum: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(sum) + u128::from(a) * u128::from(b) + u128::from(carry);
    let bytes = wide.to_le_bytes();
    let half = |from: usize| {
        let mut limb = [0; 8];
        limb.copy_from_slice(&bytes[from..from + 8]);
        u64::from_le_bytes(limb)
    };
    (half(0), half(8))
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;

    fn big(limbs: &[u64; 4]) -> BigUint {
        BigUint::from_bytes_le(&limbs.map(u64::to_le_bytes).concat())
    }

    /// Numbers at the ends of the ranges, and many of no pattern.
    fn numbers() -> Vec<[u64; 4]> {
        let minus_one = [ORDER[0] - 1, ORDER[1], ORDER[2], ORDER[3]];
        let plus_one = [ORDER[0] + 1, ORDER[1], ORDER[2], ORDER[3]];
        let mut all = vec![[0; 4], [1, 0, 0, 0], [2, 0, 0, 0], minus_one, ORDER, plus_one];
        all.extend([[u64::MAX; 4], [0, 0, 0, 1 << 63], [0, 0, 0, 1 << 59]]);
        let mut limb = 7u64;
        let mut next = || {
            limb = limb.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            limb ^ (limb >> 29)
        };
        all.extend((0..200).map(|_| [next(), next(), next(), next()]));
        all
    }

    #[test]
    fn test_arithmetic_agrees_with_big_integers() {
        let (order, numbers) = (big(&ORDER), numbers());
        for (a, b) in numbers.iter().zip(numbers.iter().cycle().skip(3)) {
            let (x, y) = (Scalar::from_limbs(a), Scalar::from_limbs(b));
            assert_eq!(big(&x.to_limbs()), big(a) % &order);
            assert_eq!(big(&x.plus(y).to_limbs()), (big(a) + big(b)) % &order);
            assert_eq!(big(&x.times(y).to_limbs()), (big(a) * big(b)) % &order);
            assert_eq!(is_below_order(a), big(a) < order);
            let expected = big(a).modinv(&order).unwrap_or_default();
            assert_eq!(big(&x.inverse().to_limbs()), expected);
        }
    }

    #[test]
    fn test_inverting_many_agrees_with_inverting_each() {
        let scalars: Vec<Scalar> = numbers().iter().map(Scalar::from_limbs).collect();
        let mut inverted = scalars.clone();
        invert_all(&mut inverted);
        for (scalar, inverse) in scalars.iter().zip(inverted) {
            assert_eq!(scalar.inverse(), inverse);
        }
    }
}
