//! Division of integers.

use crate::error::Fault;
use crate::expression::Expression;
use crate::machine::Machine;
use crate::value::{less, Value};

/// Quotient and remainder of a number by a number.
pub(super) fn divmod(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let mut number = |expression: &Expression| {
        let value = expression.value(machine)?;
        machine.number(value)?.limbs().ok_or_else(|| Fault::hint("not a number"))
    };
    let (value, divisor) = (number(&ids[2])?, number(&ids[3])?);
    let (quotient, remainder) = div_rem(&value, &divisor).ok_or(Fault::Division)?;
    for (target, limbs) in [(&ids[0], quotient), (&ids[1], remainder)] {
        let address = target.address(machine)?;
        // Neither exceeds the dividend, which is below the prime.
        let value = Value::from_limbs(limbs).ok_or(Fault::Division)?;
        machine.store(address, value)?;
    }
    Ok(())
}

/// Quotient and remainder, `None` for a zero divisor.
pub(super) fn div_rem(value: &[u64; 4], divisor: &[u64; 4]) -> Option<([u64; 4], [u64; 4])> {
    match *divisor {
        [0, 0, 0, 0] => None,
        [divisor, 0, 0, 0] => Some(div_rem_word(value, divisor)),
        _ => Some(div_rem_bits(value, divisor)),
    }
}

fn div_rem_word(value: &[u64; 4], divisor: u64) -> ([u64; 4], [u64; 4]) {
    let mut quotient = [0; 4];
    let mut remainder = 0_u128;
    for i in (0..4).rev() {
        let part = remainder << 64 | u128::from(value[i]);
        // The remainder is below the divisor, so that the quotient fits a word.
        quotient[i] = u64::try_from(part / u128::from(divisor)).expect("remainder < divisor");
        remainder = part % u128::from(divisor);
    }
    (quotient, [u64::try_from(remainder).expect("remainder < divisor"), 0, 0, 0])
}

/// Bit by bit: values are below 2^252, so that doubling a remainder cannot overflow.
fn div_rem_bits(value: &[u64; 4], divisor: &[u64; 4]) -> ([u64; 4], [u64; 4]) {
    let (mut quotient, mut remainder) = ([0; 4], [0; 4]);
    for position in (0..256).rev() {
        let (limb, bit) = (position / 64, position % 64);
        remainder = doubled(&remainder, value[limb] >> bit & 1);
        if !less(&remainder, divisor) {
            remainder = difference(&remainder, divisor);
            quotient[limb] |= 1 << bit;
        }
    }
    (quotient, remainder)
}

fn doubled(value: &[u64; 4], low_bit: u64) -> [u64; 4] {
    let mut result = [value[0] << 1 | low_bit, 0, 0, 0];
    for i in 1..4 {
        result[i] = value[i] << 1 | value[i - 1] >> 63;
    }
    result
}

fn difference(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let (mut result, mut borrow) = ([0; 4], false);
    for i in 0..4 {
        (result[i], borrow) = a[i].borrowing_sub(b[i], borrow);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{div_rem, div_rem_bits};

    #[test]
    fn test_div_rem_when_the_divisor_is_a_word_then_both_ways_agree() {
        let value = [0x0123_4567_89ab_cdef, u64::MAX, 7, 0x0800_0000_0000_0010];
        for divisor in [1, 3, 1_000_000, u64::MAX] {
            let divisor = [divisor, 0, 0, 0];
            assert_eq!(div_rem(&value, &divisor), Some(div_rem_bits(&value, &divisor)));
        }
    }

    #[test]
    fn test_div_rem_when_the_divisor_is_a_power_of_two_then_shifts() {
        let value = [1, 2, 3, 4];
        assert_eq!(div_rem(&value, &[0, 0, 1, 0]), Some(([3, 4, 0, 0], [1, 2, 0, 0])));
        assert_eq!(div_rem(&value, &[0; 4]), None);
    }
}
