//! Proof that the arithmetic on limbs is exact for all normal operands, by interval arithmetic on
//! big integers. A limb, a column and a half stand for the largest size that they can have.

use num_bigint::BigUint;

use super::limbs::CENTRES;
use super::sums::CHAINS;

/// Where columns begin: those from 5 on lie 2^251 above the first ones.
const COLUMNS: [u32; 11] = [0, 51, 101, 151, 201, 251, 302, 352, 402, 452, 502];
/// Units that a normal limb may have beyond half of its width.
const SLACK: u32 = 32;

fn power(exponent: u32) -> BigUint {
    BigUint::from(1u8) << exponent
}

/// The largest normal limbs, times a number of percent.
fn normal(percent: u32) -> [BigUint; 5] {
    std::array::from_fn(|i| {
        let half = power(COLUMNS[i + 1] - 1) * percent / 100u32;
        half + (BigUint::from(SLACK) << COLUMNS[i])
    })
}

/// The products of limbs that column k gets.
fn products(a: &[BigUint; 5], b: &[BigUint; 5], k: usize) -> Vec<BigUint> {
    (0..5).filter(|i| (k.saturating_sub(4)..=k).contains(i)).map(|i| &a[i] * &b[k - i]).collect()
}

/// The high halves of a chain, each with its rounding, and the sum of the low halves. An error says
/// what is too large.
fn chain(k: usize, products: &[BigUint]) -> Result<(BigUint, BigUint), String> {
    let unit = power(COLUMNS[k + 1]);
    // Doubles between `binade` and twice that have this unit.
    let binade = &unit << 52u32;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A multiple of an eighth.
    let start = &unit * BigUint::from((CENTRES[k] * 8.0) as u32) * power(49);
    let high = products.iter().fold(BigUint::ZERO, |sum, product| sum + product + &unit);
    if start < &binade + &high {
        return Err(format!("the chain of column {k} may leave its binade downward"));
    }
    if &start + &high >= &binade << 2u32 {
        return Err(format!("the chain of column {k} may pass two binades"));
    }
    let (mut sum, mut low) = (start, BigUint::ZERO);
    for product in products {
        sum += product + &unit;
        // Above its binade the unit of a double is twice as large.
        low += if sum >= &binade << 1u32 { unit.clone() } else { &unit >> 1u32 };
    }
    Ok((high, low))
}

/// Checks all columns of a product and its carries.
fn check_product(a: &[BigUint; 5], b: &[BigUint; 5]) -> Result<(), String> {
    let mut columns: Vec<BigUint> = Vec::new();
    let mut from_below = BigUint::ZERO;
    for k in 0..10 {
        let mut terms = products(a, b, k);
        if (3..8).contains(&k) {
            terms.push((&columns[k - 3] * 17u32) << 192u32);
        }
        let (high, low) = if k < 9 { chain(k, &terms)? } else { Default::default() };
        let own = low + &from_below;
        let digit = if k < 5 { BigUint::ZERO } else { &columns[k - 5] << 251u32 };
        // Column 5 is kept without its digit.
        let in_double = if k == 5 { own.clone() } else { &own + &digit };
        if in_double > power(COLUMNS[k] + 53) {
            return Err(format!("column {k} may not be exact"));
        }
        columns.push(own + digit);
        from_below = high;
    }
    let from_top = carry(&columns[9], 9);
    columns[8] += (from_top << (192 + 251)) * 17u32;
    if columns[8] > power(COLUMNS[8] + 53) {
        return Err("column 8 may not be exact with what the top carries".to_owned());
    }
    for (k, column) in columns.iter().enumerate().skip(5) {
        if carry(column, k) > BigUint::from(SLACK) {
            return Err(format!("the carry of column {k} is no slack of a normal limb"));
        }
    }
    Ok(())
}

/// How many units of the next column are carried out of column k at most.
fn carry(column: &BigUint, k: usize) -> BigUint {
    (column >> COLUMNS[k + 1]) + 1u32
}

#[test]
fn test_products_of_normal_limbs_are_exact() {
    assert_eq!(check_product(&normal(100), &normal(100)), Ok(()));
    // There is little room: the proof notices limbs that are a tenth too large.
    assert!(check_product(&normal(110), &normal(100)).is_err());
}

#[test]
fn test_sums_of_seven_normal_limbs_are_exact_and_their_carries_normal() {
    for (i, limb) in normal(100).into_iter().enumerate() {
        let sum = limb * 7u32;
        // What the top carries comes in at the middle of p and at the bottom.
        let with_top = match i {
            0 => sum + SLACK,
            3 => sum + (BigUint::from(17 * SLACK) << 192u32),
            _ => sum,
        };
        assert!(with_top <= power(COLUMNS[i] + 53), "limb {i}");
        assert!(carry(&with_top, i) <= BigUint::from(SLACK), "limb {i}");
    }
}

/// The bits of doubles count units only within one binade.
#[test]
fn test_chains_of_summed_products_stay_in_their_binade() {
    let limbs = normal(100);
    for (k, chains) in CHAINS.iter().enumerate() {
        let mut products = products(&limbs, &limbs, k);
        products.sort_unstable();
        let longest = products.len().div_ceil(usize::try_from(*chains).expect("small"));
        let largest = products.iter().rev().take(longest);
        let high: BigUint = largest.map(|product| product + power(COLUMNS[k + 1])).sum();
        assert!(high <= power(COLUMNS[k + 1] + 51), "high halves of column {k}");
        let low = power(COLUMNS[k + 1] - 1) * longest;
        assert!(low <= power(COLUMNS[k] + 51), "low halves of column {k}");
    }
}
