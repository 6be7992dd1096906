//! What a memory cell holds: nothing, a number of the field, or a pointer.

use novation_field::Fe;

/// The field's prime in little-endian limbs.
pub const PRIME: [u64; 4] = [1, 0, 0, 0x0800_0000_0000_0011];
// Numbers are below 2^252: the top bits of the last limb tell what a value is.
const UNKNOWN_TAG: u64 = 1 << 63;
const POINTER_TAG: u64 = 1 << 62;
/// Bits of an offset in a segment; segments are limited to fewer cells.
const OFFSET_BITS: u32 = 32;

/// A number in canonical limbs, or a pointer as offset and segment.
///
/// Canonical form costs a multiplication more than Montgomery form where Cairo multiplies, which is
/// seldom, and saves one wherever it compares, packs or looks at bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value([u64; 4]);

impl Value {
    /// An empty cell.
    pub(crate) const UNKNOWN: Self = Self([0, 0, 0, UNKNOWN_TAG]);
    /// The number zero.
    pub const ZERO: Self = Self([0; 4]);

    /// A small number.
    pub const fn from_u64(value: u64) -> Self {
        Self([value, 0, 0, 0])
    }

    /// A number of 128 bits.
    pub const fn from_u128(value: u128) -> Self {
        // Truncation to the low word is meant.
        #[allow(clippy::cast_possible_truncation)]
        Self([value as u64, (value >> 64) as u64, 0, 0])
    }

    /// The residue of a signed number.
    pub const fn from_i64(value: i64) -> Self {
        let magnitude = Self::from_u64(value.unsigned_abs());
        if value < 0 {
            Self(sub_mod(&[0; 4], &magnitude.0))
        } else {
            magnitude
        }
    }

    /// A number given by limbs, `None` if it is not below the prime.
    pub fn from_limbs(limbs: [u64; 4]) -> Option<Self> {
        less(&limbs, &PRIME).then_some(Self(limbs))
    }

    /// A field element.
    pub fn from_fe(element: Fe) -> Self {
        Self(element.to_limbs())
    }

    /// The address of a cell.
    pub const fn pointer(segment: u32, offset: u32) -> Self {
        Self([offset as u64, segment as u64, 0, POINTER_TAG])
    }

    pub(crate) const fn is_unknown(self) -> bool {
        self.0[3] & UNKNOWN_TAG != 0
    }

    pub(crate) const fn known(self) -> Option<Self> {
        if self.is_unknown() {
            None
        } else {
            Some(self)
        }
    }

    /// The canonical limbs of a number, `None` for a pointer.
    pub const fn limbs(self) -> Option<[u64; 4]> {
        if self.0[3] & (POINTER_TAG | UNKNOWN_TAG) == 0 {
            Some(self.0)
        } else {
            None
        }
    }

    /// Segment and offset of a pointer.
    #[allow(clippy::cast_possible_truncation)] // made from u32
    pub const fn as_pointer(self) -> Option<(u32, u32)> {
        if self.0[3] & POINTER_TAG == 0 {
            None
        } else {
            Some((self.0[1] as u32, self.0[0] as u32))
        }
    }

    /// A number, as an element of the field.
    pub(crate) fn to_fe(self) -> Option<Fe> {
        self.limbs().and_then(Fe::from_limbs)
    }

    /// A number or, for a pointer, its address in an imagined memory whose segments are 2^32 apart.
    pub fn to_element(self) -> Fe {
        self.flattened().to_fe().unwrap_or(Fe::ZERO)
    }

    /// A number that fits 64 bits.
    pub const fn to_u64(self) -> Option<u64> {
        match self.0 {
            [value, 0, 0, 0] => Some(value),
            _ => None,
        }
    }

    /// A number that fits 128 bits.
    pub fn to_u128(self) -> Option<u128> {
        match self.0 {
            [low, high, 0, 0] => Some(u128::from(high) << 64 | u128::from(low)),
            _ => None,
        }
    }

    /// The pointer as a number: addresses of an imagined memory whose segments are 2^32 apart.
    pub(crate) fn flattened(self) -> Self {
        match self.as_pointer() {
            Some((segment, offset)) => {
                Self::from_u64((u64::from(segment) + 1) << OFFSET_BITS | u64::from(offset))
            }
            None => self,
        }
    }

    /// The inverse of [`Self::flattened`] for what looks like an address.
    pub(crate) fn unflattened(self) -> Option<(u32, u32)> {
        let address = self.to_u64()?;
        let segment = u32::try_from((address >> OFFSET_BITS).checked_sub(1)?).ok()?;
        Some((segment, u32::try_from(address & u64::from(u32::MAX)).ok()?))
    }

    /// The sum, `None` if it is neither a number nor a pointer.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        match (self.as_pointer(), other.as_pointer()) {
            (None, None) => Some(Self(add_mod(&self.0, &other.0))),
            (Some((segment, offset)), None) => moved(segment, offset, other.to_i64()?),
            (None, Some((segment, offset))) => moved(segment, offset, self.to_i64()?),
            (Some(_), Some(_)) => None,
        }
    }

    /// The difference, `None` if it is neither a number nor a pointer.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        match (self.as_pointer(), other.as_pointer()) {
            (None, None) => Some(Self(sub_mod(&self.0, &other.0))),
            (Some((segment, offset)), None) => {
                moved(segment, offset, other.to_i64()?.checked_neg()?)
            }
            (Some((segment, offset)), Some((other_segment, other_offset))) => (segment
                == other_segment)
                .then(|| Self::from_i64(i64::from(offset) - i64::from(other_offset))),
            (None, Some(_)) => None,
        }
    }

    /// The product of two numbers.
    pub(crate) fn times(self, other: Self) -> Option<Self> {
        if let (Some(a), Some(b)) = (self.to_u64(), other.to_u64()) {
            return Some(Self::from_u128(u128::from(a) * u128::from(b)));
        }
        // The product of a canonical and a Montgomery form is canonical.
        let product = Fe::from_montgomery_limbs(self.limbs()?)? * other.to_fe()?;
        Some(Self(product.to_montgomery_limbs()))
    }

    /// The quotient of two numbers, `None` if the divisor is zero.
    pub(crate) fn over(self, divisor: Self) -> Option<Self> {
        self.times(Self::from_fe(divisor.to_fe()?.inverse()?))
    }

    /// The number of which this is the residue, if it is near zero.
    pub(crate) fn to_i64(self) -> Option<i64> {
        if let Some(value) = self.to_u64() {
            return i64::try_from(value).ok();
        }
        let negated = Self(sub_mod(&[0; 4], &self.limbs()?));
        negated.to_u64().and_then(|value| i64::try_from(value).ok()).map(|value| -value)
    }
}

/// The order of numbers.
pub(crate) fn less(a: &[u64; 4], b: &[u64; 4]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

fn moved(segment: u32, offset: u32, by: i64) -> Option<Value> {
    let offset = i64::from(offset).checked_add(by)?;
    Some(Value::pointer(segment, u32::try_from(offset).ok()?))
}

fn add_mod(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    // Both are below 2^252: the sum does not overflow.
    let mut sum = [0; 4];
    let mut carry = false;
    for i in 0..4 {
        (sum[i], carry) = a[i].carrying_add(b[i], carry);
    }
    let (reduced, borrow) = sub(&sum, &PRIME);
    if borrow {
        sum
    } else {
        reduced
    }
}

const fn sub_mod(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let (difference, borrow) = sub(a, b);
    if borrow {
        add_prime(&difference)
    } else {
        difference
    }
}

const fn sub(a: &[u64; 4], b: &[u64; 4]) -> ([u64; 4], bool) {
    let mut difference = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (first, below) = a[i].overflowing_sub(b[i]);
        let (second, below_again) = first.overflowing_sub(borrow as u64);
        difference[i] = second;
        borrow = below | below_again;
        i += 1;
    }
    (difference, borrow)
}

const fn add_prime(a: &[u64; 4]) -> [u64; 4] {
    let mut sum = [0; 4];
    let mut carry = false;
    let mut i = 0;
    while i < 4 {
        let (first, over) = a[i].overflowing_add(PRIME[i]);
        let (second, over_again) = first.overflowing_add(carry as u64);
        sum[i] = second;
        carry = over | over_again;
        i += 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use novation_field::Fe;

    use super::Value;

    /// Numbers near both ends of the field, and some in between.
    fn numbers() -> Vec<Fe> {
        let mut numbers: Vec<Fe> = [0, 1, 2, -1, -2, i64::MAX].map(Fe::from_i64).to_vec();
        let mut seed = Fe::from_u64(20_251_121);
        for _ in 0..20 {
            seed = seed.square() + Fe::ONE;
            numbers.push(seed);
        }
        numbers
    }

    #[test]
    fn test_arithmetic_when_both_are_numbers_then_that_of_the_field() {
        for a in numbers() {
            for b in numbers() {
                let (x, y) = (Value::from_fe(a), Value::from_fe(b));
                assert_eq!(x.plus(y), Some(Value::from_fe(a + b)));
                assert_eq!(x.minus(y), Some(Value::from_fe(a - b)));
                assert_eq!(x.times(y), Some(Value::from_fe(a * b)));
                let quotient = b.inverse().map(|inverse| Value::from_fe(a * inverse));
                assert_eq!(x.over(y), quotient);
            }
        }
    }

    #[test]
    fn test_arithmetic_when_one_is_a_pointer_then_it_moves_or_fails() {
        let pointer = Value::pointer(3, 10);
        assert_eq!(pointer.plus(Value::from_i64(-10)), Some(Value::pointer(3, 0)));
        assert_eq!(Value::from_u64(5).plus(pointer), Some(Value::pointer(3, 15)));
        assert_eq!(pointer.minus(Value::pointer(3, 12)), Some(Value::from_i64(-2)));
        assert_eq!(pointer.plus(Value::from_i64(-11)), None);
        assert_eq!(pointer.plus(Value::from_u64(u32::MAX.into())), None);
        assert_eq!(pointer.minus(Value::pointer(4, 10)), None);
        assert_eq!(pointer.plus(pointer), None);
        assert_eq!(pointer.times(Value::from_u64(1)), None);
        assert_eq!(Value::from_u64(1).minus(pointer), None);
    }

    #[test]
    fn test_flattened_when_undone_then_the_pointer() {
        for (segment, offset) in [(0, 0), (13, 7), (u32::MAX - 1, u32::MAX)] {
            let flat = Value::pointer(segment, offset).flattened();
            assert_eq!(flat.unflattened(), Some((segment, offset)));
        }
        assert_eq!(Value::from_u64(u32::MAX.into()).unflattened(), None);
    }
}
