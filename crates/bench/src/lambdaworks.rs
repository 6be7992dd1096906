//! The same operations of a well-known general library.

use std::hint::black_box;

use lambdaworks_math::fft::cpu::fft::in_place_nr_2radix_fft;
use lambdaworks_math::fft::cpu::roots_of_unity::get_twiddles;
use lambdaworks_math::field::element::FieldElement;
use lambdaworks_math::field::fields::fft_friendly::stark_252_prime_field::Stark252PrimeField;
use lambdaworks_math::field::traits::RootsConfig;

use crate::fastest_ns;

type Element = FieldElement<Stark252PrimeField>;

const CHAINS: usize = 16;
const LENGTH: usize = 1 << 12;

/// Products, several chains at once.
pub(crate) fn mul_ns() -> f64 {
    let factor = black_box(Element::from(3u64));
    fastest_ns(50, CHAINS * LENGTH, || {
        let mut values = [factor; CHAINS];
        for _ in 0..LENGTH {
            for value in &mut values {
                *value *= factor;
            }
        }
        black_box(values);
    })
}

/// One butterfly of its in-place transform of 2 to this power elements, twiddles prepared.
pub(crate) fn butterfly_ns(log_size: u32) -> f64 {
    let Ok(twiddles) = get_twiddles(u64::from(log_size), RootsConfig::BitReverse) else {
        return f64::NAN; // Unreachable: the field has roots of all orders up to 2^192.
    };
    let mut values: Vec<Element> = (0..1u64 << log_size).map(Element::from).collect();
    let butterflies = (values.len() / 2) * log_size as usize;
    fastest_ns(5, butterflies, || {
        in_place_nr_2radix_fft::<Stark252PrimeField, Stark252PrimeField>(
            black_box(&mut values),
            &twiddles,
        );
    })
}
