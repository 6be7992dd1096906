//! The inner loops of the transforms, as tasks for vectors.
//!
//! Two layers are done for each pass over memory, and the last three, whose partners stand closer
//! than a vector is wide, on vectors of every eighth element. Elements wait in memory below 31p:
//! each kernel loads them below 3p and its layers add at most 2p each (forward) or double them
//! (inverse). Vectors with less headroom store what is reduced and settle in between; see
//! [`super::tiles`].

use super::coset::Coset;
use super::tiles::{join_block, split_block};
use crate::packed::{Packed, Task, MAX_WIDTH, SUM_CAPACITY};
use crate::Fe;

/// Elements that the last three layers are done on at once.
pub(super) const GROUP: usize = 64;
/// Vectors of powers that are computed side by side.
const INTERLEAVED: usize = 4;
/// Elements of the blocks that are scaled without vectors, see [`Coset`].
const SCALED: usize = 64;

/// [`crate::packed::Lazy::split`] of two vectors of a slice, `j` being the later one.
#[inline(always)]
pub(super) fn split_in<P: Packed>(v: &mut [P], i: usize, j: usize, c: &P::Factor) {
    let (front, back) = v.split_at_mut(j);
    P::split(&mut front[i], &mut back[0], c);
}

/// [`crate::packed::Lazy::join`] of two vectors of a slice, `j` being the later one.
#[inline(always)]
pub(super) fn join_in<P: Packed>(v: &mut [P], i: usize, j: usize, c: &P::Factor) {
    let (front, back) = v.split_at_mut(j);
    P::join(&mut front[i], &mut back[0], c);
}

/// [`crate::packed::Lazy::split`] by value.
#[inline(always)]
fn split<P: Packed>(mut a: P, mut b: P, c: P::Factor) -> (P, P) {
    P::split(&mut a, &mut b, &c);
    (a, b)
}

/// [`crate::packed::Lazy::join`] by value.
#[inline(always)]
fn join<P: Packed>(mut a: P, mut b: P, c: P::Factor) -> (P, P) {
    P::join(&mut a, &mut b, &c);
    (a, b)
}

/// Two layers of a forward transform on the quarters of a block.
#[inline(always)]
fn split4<P: Packed>(quarters: [&mut [Fe]; 4], constants: &[Fe; 3]) {
    let (c, low, high) =
        (P::factor(&constants[0]), P::factor(&constants[1]), P::factor(&constants[2]));
    let [v0, v1, v2, v3] = quarters.map(|quarter| quarter.chunks_exact_mut(P::WIDTH));
    for (((v0, v1), v2), v3) in v0.zip(v1).zip(v2).zip(v3) {
        let (a0, a2) = split(P::load_lazy(v0, 1), P::load_lazy(v2, 1), c);
        let (a1, a3) = split(P::load_lazy(v1, 1), P::load_lazy(v3, 1), c);
        let (a0, a1) = split(a0, a1, low);
        let (a2, a3) = split(a2, a3, high);
        a0.store_lazy(v0, 1);
        a1.store_lazy(v1, 1);
        a2.store_lazy(v2, 1);
        a3.store_lazy(v3, 1);
    }
}

/// One layer of a forward transform on the halves of a block.
#[inline(always)]
fn split2<P: Packed>(block: &mut [Fe], constant: &Fe) {
    let c = P::factor(constant);
    let (low, high) = block.split_at_mut(block.len() / 2);
    for (low, high) in low.chunks_exact_mut(P::WIDTH).zip(high.chunks_exact_mut(P::WIDTH)) {
        let (a, b) = split(P::load_lazy(low, 1), P::load_lazy(high, 1), c);
        a.store_lazy(low, 1);
        b.store_lazy(high, 1);
    }
}

/// All layers of a block that fits the cache; it is the `index`-th of its size.
pub(super) struct EvaluateBlock<'v> {
    pub(super) block: &'v mut [Fe],
    pub(super) index: usize,
    pub(super) coset: &'v Coset<'v>,
}

impl Task for EvaluateBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let Self { block, index, coset } = self;
        if P::WIDTH > 1 {
            return split_block::<P>(block, index, coset);
        }
        let (mut size, mut first) = (block.len(), index);
        let mut constants = coset.constants(0);
        if size <= SCALED {
            scale::<P>(block, coset.scales(size));
            constants = coset.unscaled();
        }
        if size.ilog2() % 2 == 1 {
            split2::<P>(block, &constants.one(first, size));
            size /= 2;
            first *= 2;
        }
        while size > 1 {
            if size == SCALED && block.len() > SCALED {
                scale::<P>(block, coset.scales(size));
                constants = coset.unscaled();
            }
            for (part, k) in block.chunks_exact_mut(size).zip(first..) {
                split4::<P>(quarters(part), &constants.three(k, size));
            }
            size /= 4;
            first *= 4;
        }
        for value in block {
            let value = core::slice::from_mut(value);
            P::load_lazy(value, 1).store_reduced(value, 1);
        }
    }
}

/// Multiplies the elements of every part of a block, one at a time.
#[inline(always)]
fn scale<P: Packed>(block: &mut [Fe], scales: &[Fe]) {
    for part in block.chunks_exact_mut(scales.len()) {
        for (value, scale) in part.iter_mut().zip(scales) {
            let value = core::slice::from_mut(value);
            P::load_lazy(value, 1).mul_factor(P::factor(scale)).store_lazy(value, 1);
        }
    }
}

/// The last three layers of eight blocks of eight elements, from the `first`-th of their size:
/// vector j holds element j of every block, so constants of neighbouring blocks form a vector.
#[inline(always)]
pub(super) fn split_last_layers<P: Packed>(
    mut v: [P; 8],
    group: &mut [Fe],
    constants: &[Fe],
    first: usize,
) {
    let c = P::factors(&constants[first..], 1);
    for j in 0..4 {
        split_in(&mut v, j, j + 4, &c);
    }
    for half in 0..2 {
        let c = P::factors(&constants[2 * first + half..], 2);
        for j in [4 * half, 4 * half + 1] {
            split_in(&mut v, j, j + 2, &c);
        }
    }
    for pair in 0..4 {
        let c = P::factors(&constants[4 * first + pair..], 4);
        split_in(&mut v, 2 * pair, 2 * pair + 1, &c);
        v[2 * pair].store_reduced(&mut group[2 * pair..], 8);
        v[2 * pair + 1].store_reduced(&mut group[2 * pair + 1..], 8);
    }
}

/// Two layers of an inverse transform on the quarters of a block.
#[inline(always)]
fn join4<P: Packed>(quarters: [&mut [Fe]; 4], constants: &[Fe; 3]) {
    let (c, low, high) =
        (P::factor(&constants[0]), P::factor(&constants[1]), P::factor(&constants[2]));
    let [v0, v1, v2, v3] = quarters.map(|quarter| quarter.chunks_exact_mut(P::WIDTH));
    for (((v0, v1), v2), v3) in v0.zip(v1).zip(v2).zip(v3) {
        let (a0, a1) = join(P::load_lazy(v0, 1), P::load_lazy(v1, 1), low);
        let (a2, a3) = join(P::load_lazy(v2, 1), P::load_lazy(v3, 1), high);
        let (a0, a2) = join(a0, a2, c);
        let (a1, a3) = join(a1, a3, c);
        a0.store_lazy(v0, 1);
        a1.store_lazy(v1, 1);
        a2.store_lazy(v2, 1);
        a3.store_lazy(v3, 1);
    }
}

#[inline(always)]
fn join2<P: Packed>(block: &mut [Fe], constant: &Fe) {
    let c = P::factor(constant);
    let (low, high) = block.split_at_mut(block.len() / 2);
    for (low, high) in low.chunks_exact_mut(P::WIDTH).zip(high.chunks_exact_mut(P::WIDTH)) {
        let (a, b) = join(P::load_lazy(low, 1), P::load_lazy(high, 1), c);
        a.store_lazy(low, 1);
        b.store_lazy(high, 1);
    }
}

/// [`EvaluateBlock`] undone, up to a factor of the block's size.
pub(super) struct InterpolateBlock<'v> {
    pub(super) block: &'v mut [Fe],
    pub(super) index: usize,
    pub(super) coset: &'v Coset<'v>,
    /// Whether results are reduced.
    pub(super) is_last: bool,
}

impl Task for InterpolateBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let Self { block, index, coset, is_last } = self;
        if P::WIDTH > 1 {
            return join_block::<P>(block, index, coset, is_last);
        }
        let (length, mut size) = (block.len(), 1);
        let mut constants = coset.unscaled();
        while 4 * size <= length {
            size *= 4;
            let first = index * (length / size);
            for (part, k) in block.chunks_exact_mut(size).zip(first..) {
                join4::<P>(quarters(part), &constants.three(k, size));
            }
            if size == SCALED {
                scale::<P>(block, coset.scales(size));
                constants = coset.constants(0);
            }
        }
        if 2 * size == length {
            join2::<P>(block, &constants.one(index, length));
        }
        if length < SCALED {
            scale::<P>(block, coset.scales(length));
        }
        for value in block.iter_mut().take(if is_last { length } else { 0 }) {
            let value = core::slice::from_mut(value);
            P::load_lazy(value, 1).store_reduced(value, 1);
        }
    }
}

/// The first three layers of eight blocks of eight elements, from the `first`-th of their size, as
/// in [`split_last_layers`]; below 3p.
#[inline(always)]
pub(super) fn join_first_layers<P: Packed>(group: &[Fe], constants: &[Fe], first: usize) -> [P; 8] {
    let mut v = [P::load_lazy(group, 8); 8];
    for j in 1..8 {
        v[j] = P::load_lazy(&group[j..], 8);
    }
    for pair in 0..4 {
        let c = P::factors(&constants[4 * first + pair..], 4);
        join_in(&mut v, 2 * pair, 2 * pair + 1, &c);
    }
    for half in 0..2 {
        let c = P::factors(&constants[2 * first + half..], 2);
        for j in [4 * half, 4 * half + 1] {
            join_in(&mut v, j, j + 2, &c);
        }
        v[4 * half].settle();
    }
    let c = P::factors(&constants[first..], 1);
    for j in 0..4 {
        join_in(&mut v, j, j + 4, &c);
        v[j] = v[j].reduce();
    }
    v
}

/// Multiplies element i, lazy or not, by `first * base^i` and reduces it.
pub(super) struct ScaleByPowers<'v> {
    pub(super) values: &'v mut [Fe],
    pub(super) base: Fe,
    pub(super) first: Fe,
}

impl Task for ScaleByPowers<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let (mut vectors, stride) = interleaved_powers::<P>(self.base, self.first);
        let mut chunks = self.values.chunks_exact_mut(INTERLEAVED * P::WIDTH);
        for chunk in &mut chunks {
            for (values, power) in chunk.chunks_exact_mut(P::WIDTH).zip(&mut vectors) {
                P::load_lazy(values, 1).mul_factor(power.to_factor()).store_reduced(values, 1);
                *power = power.mul(stride);
            }
        }
        let mut powers = [Fe::ZERO; INTERLEAVED * MAX_WIDTH];
        for (i, vector) in vectors.into_iter().enumerate() {
            vector.store(&mut powers[i * P::WIDTH..]);
        }
        for (value, power) in chunks.into_remainder().iter_mut().zip(powers) {
            *value *= power;
        }
    }
}

/// Powers `first * base^i` for i below `INTERLEAVED * WIDTH`, and the factor from them to the next.
/// Several vectors hide the latency of their products.
#[inline(always)]
fn interleaved_powers<P: Packed>(base: Fe, first: Fe) -> ([P; INTERLEAVED], P) {
    let mut powers = [first; INTERLEAVED * MAX_WIDTH];
    for i in 1..INTERLEAVED * P::WIDTH {
        powers[i] = powers[i - 1] * base;
    }
    let mut vectors = [P::load(&powers); INTERLEAVED];
    for (i, vector) in vectors.iter_mut().enumerate() {
        *vector = P::load(&powers[i * P::WIDTH..]);
    }
    (vectors, P::broadcast(base.pow((INTERLEAVED * P::WIDTH) as u64)))
}

/// Output i becomes the sum of the coefficients i, i + stride, ... with their weights. The number of
/// outputs is a multiple of the vector's width.
pub(super) struct Fold<'v> {
    pub(super) out: &'v mut [Fe],
    pub(super) coefficients: &'v [Fe],
    pub(super) stride: usize,
    pub(super) weights: &'v [Fe],
}

impl Task for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        for (i, out) in self.out.chunks_exact_mut(P::WIDTH).enumerate() {
            let coefficients = &self.coefficients[i * P::WIDTH..];
            fold::<P>(coefficients, self.stride, self.weights).store_lazy(out, 1);
        }
    }
}

/// The weighted sum of the vectors at the multiples of `stride`, below 3p.
#[inline(always)]
fn fold<P: Packed>(coefficients: &[Fe], stride: usize, weights: &[Fe]) -> P {
    let mut total = P::reduce_sum(&P::no_sum());
    for (part, weights) in weights.chunks(SUM_CAPACITY).enumerate() {
        let mut sum = P::no_sum();
        for (j, weight) in weights.iter().enumerate() {
            let position = (part * SUM_CAPACITY + j) * stride;
            let coefficients = P::load_lazy(&coefficients[position..], 1);
            P::add_product(&mut sum, &coefficients, &P::broadcast(*weight));
        }
        total = total.add_lazy(P::reduce_sum(&sum)).reduce();
    }
    total
}

/// The four quarters of a block.
fn quarters(block: &mut [Fe]) -> [&mut [Fe]; 4] {
    let (low, high) = block.split_at_mut(block.len() / 2);
    let (a, b) = low.split_at_mut(low.len() / 2);
    let (c, d) = high.split_at_mut(high.len() / 2);
    [a, b, c, d]
}
