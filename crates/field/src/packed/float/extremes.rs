//! Operations on limbs at their bounds against big integers.

use num_bigint::BigInt;

use super::lanes::{Lanes, Step};
use super::limbs::{pow2, Element, E};
use super::plain::Plain;
use super::sums::Columns;
use crate::packed::SUM_CAPACITY;
use crate::Fe;

const ROUNDS: usize = 4000;

/// A splitmix64 stream; the seed is the whole state.
struct Stream(u64);

impl Stream {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Normal limbs times `count`, in their units; most of them at the bound.
    fn limbs(&mut self, count: i64) -> [i64; 5] {
        let shape = self.word() % 8;
        std::array::from_fn(|i| {
            let bound = (1i64 << (E[i + 1] - E[i] - 1)) + 32;
            let size = match self.word() % 8 {
                0 => (self.word() >> 1).cast_signed() % (bound + 1),
                1 => bound - 1,
                2 => bound - 32,
                _ => bound,
            };
            // All of one sign make the largest columns.
            let negative = if shape < 4 { shape % 2 == 1 } else { self.word() % 2 == 1 };
            count * if negative { -size } else { size }
        })
    }
}

fn value(limbs: &[i64; 5]) -> BigInt {
    (0..5).map(|i| BigInt::from(limbs[i]) << E[i]).sum()
}

fn modulus() -> BigInt {
    (BigInt::from(1) << 251) + (BigInt::from(17) << 192) + 1
}

#[allow(clippy::cast_precision_loss)] // Limbs fit doubles: that is what is tested.
fn element<L: Lanes>(lanes: &[[i64; 5]]) -> Element<L> {
    let double = |limb: i64, i: usize| (limb as f64 * pow2(E[i])).to_bits();
    let (mut front, mut back) = (Vec::new(), Vec::new());
    for limbs in lanes {
        front.push(Fe(std::array::from_fn(|i| double(limbs[i], i))));
        back.push(Fe([double(limbs[4], 4), 0, 0, 0]));
    }
    let [x0, x1, x2, x3] = L::load_words(&front, 1);
    let [x4, ..] = L::load_words(&back, 1);
    Element([x0, x1, x2, x3, x4].map(L::from_bits))
}

/// The limbs of every lane in their units, which they must be multiples of.
fn limbs_of<L: Lanes>(element: &Element<L>) -> Vec<[i64; 5]> {
    let [x0, x1, x2, x3, x4] = element.0.map(L::bits);
    let mut front = vec![Fe::ZERO; L::COUNT];
    let mut back = front.clone();
    L::store_words([x0, x1, x2, x3], &mut front, 1);
    L::store_words([x4, x4, x4, x4], &mut back, 1);
    let unit = |bits: u64, i: usize| {
        let units = f64::from_bits(bits) * pow2(-E[i]);
        assert!(units.fract() == 0.0 && units.abs() <= pow2(53), "limb {i} is {units} units");
        #[allow(clippy::cast_possible_truncation)] // An integer, as just checked.
        let units = units as i64;
        units
    };
    let lane = |(front, back): (&Fe, &Fe)| {
        let bits = [front.0[0], front.0[1], front.0[2], front.0[3], back.0[0]];
        std::array::from_fn(|i| unit(bits[i], i))
    };
    front.iter().zip(&back).map(lane).collect()
}

/// Compares one operation in all lanes; `scale` is what the result was divided by.
fn check<L: Lanes>(name: &str, result: &Element<L>, scale: u32, expected: &[BigInt]) {
    for (limbs, expected) in limbs_of(result).iter().zip(expected) {
        assert_eq!(((value(limbs) << scale) - expected) % modulus(), BigInt::ZERO, "{name}");
        for (i, limb) in limbs.iter().enumerate() {
            let bound = (1i64 << (E[i + 1] - E[i] - 1)) + 32;
            assert!(limb.abs() <= bound, "{name}: limb {i} is {limb} units, above {bound}");
        }
    }
}

/// One round with all operations.
struct Round<'v> {
    a: &'v [[i64; 5]],
    b: &'v [[i64; 5]],
    seven: &'v [[i64; 5]],
}

impl Round<'_> {
    #[inline(always)]
    fn run<L: Lanes>(&self) {
        let (a, b) = (element::<L>(self.a), element::<L>(self.b));
        let seven = element::<L>(self.seven);
        let pairs = self.a.iter().zip(self.b);
        let products: Vec<BigInt> = pairs.map(|(a, b)| value(a) * value(b)).collect();
        check("product", &a.mul(&b), 251, &products);
        let squares: Vec<BigInt> = self.a.iter().map(|a| value(a) * value(a)).collect();
        check("square", &a.square(), 251, &squares);
        let sevens: Vec<BigInt> = self.seven.iter().map(value).collect();
        check("carry", &seven.carry(), 0, &sevens);
        let count = i64::try_from(SUM_CAPACITY).expect("small");
        let mut sum = Columns::<L>::empty();
        for _ in 0..SUM_CAPACITY {
            sum.add_product(&a, &b);
        }
        let sums: Vec<BigInt> = products.iter().map(|product| product * SUM_CAPACITY).collect();
        check("sum", &sum.reduce(count), 251, &sums);
        let mut stored = vec![Fe::ZERO; L::COUNT];
        seven.store(&mut stored, 1);
        for (stored, expected) in stored.iter().zip(&sevens) {
            let words: BigInt =
                stored.0.iter().rev().fold(BigInt::ZERO, |sum, word| (sum << 64) + *word);
            assert!(words < modulus());
            assert_eq!((words - expected) % modulus(), BigInt::ZERO, "store");
        }
        check("load", &Element::<L>::load(&stored, 1), 0, &sevens);
        check("load divided", &Element::<L>::load_divided(&stored, 1), 5, &sevens);
    }
}

struct RoundStep<'v, L>(Round<'v>, core::marker::PhantomData<L>);

impl<L: Lanes> Step for RoundStep<'_, L> {
    #[inline(always)]
    fn take(self) {
        self.0.run::<L>();
    }
}

fn check_rounds<L: Lanes>(rounds: usize) {
    let mut random = Stream(7);
    for _ in 0..rounds {
        let mut lanes =
            |count: i64| -> Vec<[i64; 5]> { (0..L::COUNT).map(|_| random.limbs(count)).collect() };
        let (a, b, seven) = (lanes(1), lanes(1), lanes(7));
        let round = Round { a: &a, b: &b, seven: &seven };
        L::outlined(RoundStep::<L>(round, core::marker::PhantomData));
    }
}

#[test]
fn test_operations_on_limbs_at_their_bounds_in_plain_doubles() {
    check_rounds::<Plain<1>>(ROUNDS / 4);
    check_rounds::<Plain<2>>(ROUNDS / 4);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn test_operations_on_limbs_at_their_bounds_with_avx2() {
    if !super::avx2::is_available() {
        eprintln!("SKIPPED: the processor has no AVX2 with FMA");
        return;
    }
    check_rounds::<super::avx2::Four>(ROUNDS);
}
