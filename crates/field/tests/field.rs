//! The field against big integers, and the transforms against their definition.

#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use novation_field::fft::{bit_reverse, bit_reverse_index, evaluate_at, Twiddles};
use novation_field::{batch_inverse, Fe, ParseFeError, WideSum};
use num_bigint::BigUint;

/// A splitmix64 stream; the seed is the whole state.
struct Stream(u64);

impl Stream {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn element(&mut self) -> Fe {
        Fe::from_limbs_reduced([self.word(), self.word(), self.word(), self.word()])
    }
}

fn modulus() -> BigUint {
    (BigUint::from(1u8) << 251u32) + (BigUint::from(17u8) << 192u32) + 1u8
}

fn big(value: Fe) -> BigUint {
    BigUint::from_bytes_be(&value.to_bytes_be())
}

fn from_big(value: &BigUint) -> Fe {
    Fe::from_hex(&(value % modulus()).to_str_radix(16)).unwrap()
}

/// Values at the edges of the limbs and of the modulus, and random ones.
fn samples() -> Vec<Fe> {
    let mut stream = Stream(1);
    let mut values: Vec<Fe> = (0..40).map(|_| stream.element()).collect();
    for small in 0..3u64 {
        values.push(Fe::from_u64(small));
        values.push(-Fe::from_u64(small));
    }
    for bit in [63, 64, 127, 128, 191, 192, 250] {
        let power = from_big(&(BigUint::from(1u8) << bit));
        values.extend([power, power - Fe::ONE, -power]);
    }
    // Montgomery forms made of zeros and ones stress the carries of the reduction.
    for limbs in [[1, 0, 0, 0], [u64::MAX, 0, 0, 0], [0, u64::MAX, u64::MAX, 0x0800_0000_0000_0010]]
    {
        values.push(Fe::from_montgomery_limbs(limbs).unwrap());
    }
    values
}

#[test]
fn test_arithmetic_on_edge_values_agrees_with_big_integers() {
    let p = modulus();
    for a in samples() {
        for b in samples() {
            assert_eq!(big(a * b), big(a) * big(b) % &p, "{a} * {b}");
            assert_eq!(big(a + b), (big(a) + big(b)) % &p, "{a} + {b}");
            assert_eq!(big(a - b), (&p + big(a) - big(b)) % &p, "{a} - {b}");
            assert_eq!(a.cmp(&b), big(a).cmp(&big(b)));
        }
        assert_eq!(a.square(), a * a);
        assert_eq!(a.double() - a, a);
        assert_eq!(-a + a, Fe::ZERO);
        assert_eq!(big(a.pow(77)), big(a).modpow(&77u8.into(), &p));
        let inverse = if a.is_zero() { None } else { Some(big(a).modpow(&(&p - 2u8), &p)) };
        assert_eq!(a.inverse().map(big), inverse);
    }
}

#[test]
fn test_wide_sum_at_capacity_agrees_with_plain_sum() {
    let top = -Fe::ONE;
    let largest = Fe::from_montgomery_limbs([0, 0, 0, 0x0800_0000_0000_0011]).unwrap();
    for value in [top, largest] {
        let mut wide = WideSum::default();
        for _ in 0..WideSum::CAPACITY {
            wide.add_product(&value, &value);
        }
        let count = Fe::from_u64(WideSum::CAPACITY as u64);
        assert_eq!(wide.reduce(), value * value * count);
    }
}

#[test]
fn test_conversions_when_round_tripped_keep_the_value() {
    for a in samples() {
        assert_eq!(Fe::from_bytes_be(&a.to_bytes_be()), Some(a));
        assert_eq!(Fe::from_montgomery_bytes_be(&a.to_montgomery_bytes_be()), Some(a));
        assert_eq!(Fe::from_hex(&a.to_hex()), Ok(a));
        let montgomery = (big(a) << 256u32) % modulus();
        assert_eq!(BigUint::from_bytes_be(&a.to_montgomery_bytes_be()), montgomery);
    }
    assert_eq!(Fe::from_i64(-5) + Fe::from_u64(5), Fe::ZERO);
    assert_eq!(big(Fe::from_u128(u128::MAX)), BigUint::from(u128::MAX));
    assert_eq!(format!("{}", Fe::from_u64(255)), "0xff");
    assert_eq!(Fe::from_u64(9).to_u64(), Some(9));
    assert_eq!((-Fe::ONE).to_u64(), None);
}

#[test]
fn test_decoding_when_not_below_the_modulus_fails() {
    let p: [u8; 32] = modulus().to_bytes_be().try_into().unwrap();
    assert_eq!(Fe::from_bytes_be(&p), None);
    assert_eq!(Fe::from_montgomery_bytes_be(&p), None);
    assert_eq!(Fe::from_bytes_be(&[255; 32]), None);
    assert_eq!(Fe::from_bytes_be_reduced(&p), Fe::ZERO);
    let all_ones = BigUint::from_bytes_be(&[255; 32]) % modulus();
    assert_eq!(big(Fe::from_bytes_be_reduced(&[255; 32])), all_ones);
    assert_eq!(Fe::from_hex(&modulus().to_str_radix(16)), Err(ParseFeError::NotReduced));
    assert_eq!(Fe::from_hex("0x"), Err(ParseFeError::Length { length: 0 }));
    assert_eq!(Fe::from_hex("0x1g"), Err(ParseFeError::Digit { character: 'g' }));
}

#[test]
fn test_batch_inverse_with_zeros_inverts_the_rest() {
    let mut values = samples();
    let expected: Vec<Fe> = values.iter().map(|v| v.inverse().unwrap_or(Fe::ZERO)).collect();
    batch_inverse(&mut values);
    assert_eq!(values, expected);
}

#[test]
fn test_root_of_unity_has_exact_order() {
    for log_order in [0, 1, 5, 20, 192] {
        let root = Fe::root_of_unity(log_order);
        assert_eq!(root.square_times(log_order), Fe::ONE);
        if log_order > 0 {
            assert_eq!(root.square_times(log_order - 1), -Fe::ONE);
        }
    }
}

#[test]
fn test_transform_on_cosets_agrees_with_definition() {
    let twiddles = Twiddles::new(9);
    let mut stream = Stream(2);
    for log_n in [0u32, 1, 2, 5, 9] {
        let n = 1usize << log_n;
        let offset = stream.element();
        let root = Fe::root_of_unity(log_n);
        let coefficients: Vec<Fe> = (0..n).map(|_| stream.element()).collect();
        let mut values = coefficients.clone();
        twiddles.evaluate(&mut values, offset);
        for (i, value) in values.iter().enumerate() {
            let point = offset * root.pow(bit_reverse_index(i, log_n) as u64);
            assert_eq!(*value, evaluate_at(&coefficients, point), "size 2^{log_n}, index {i}");
        }
        twiddles.interpolate(&mut values, offset);
        assert_eq!(values, coefficients);
    }
}

/// A size with several uncached layers, where a lazy sum that overflowed would show.
#[test]
fn test_transform_of_large_size_when_inverted_returns_input() {
    let log_n = 17;
    let twiddles = Twiddles::new(log_n);
    let mut stream = Stream(3);
    let root = Fe::root_of_unity(log_n);
    let mut coefficients = vec![-Fe::ONE; 1 << log_n];
    coefficients[12345] = stream.element();
    let mut values = coefficients.clone();
    twiddles.evaluate(&mut values, Fe::GENERATOR);
    for i in [0usize, 1, 77_777, (1 << log_n) - 1] {
        let point = Fe::GENERATOR * root.pow(bit_reverse_index(i, log_n) as u64);
        assert_eq!(values[i], evaluate_at(&coefficients, point));
    }
    twiddles.interpolate(&mut values, Fe::GENERATOR);
    assert!(values == coefficients);
}

#[test]
fn test_bit_reverse_applied_twice_is_identity() {
    let mut values: Vec<usize> = (0..64).collect();
    bit_reverse(&mut values);
    assert_eq!(values[1], 32);
    bit_reverse(&mut values);
    assert_eq!(values, (0..64).collect::<Vec<_>>());
}

#[test]
fn test_sqrt_when_squared_returns_the_square_and_rejects_non_squares() {
    for a in samples() {
        let root = a.square().sqrt().unwrap();
        assert!(root == a || root == -a, "{a}");
        // 3 generates the group, so it is not a square.
        if !a.is_zero() {
            assert_eq!((a.square() * Fe::GENERATOR).sqrt(), None);
        }
    }
}
