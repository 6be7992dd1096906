//! Many layers of a transform on vectors that stay in the second-level cache.
//!
//! Elements are converted to vectors once, go through all layers of a tile as vectors, and are
//! converted back. Forward, a layer adds at most 2p to what was loaded below 3p; after
//! [`MAX_LAYERS`] layers the bound is 27p. Backward, sums double, so that every second layer reduces
//! the sums of sums and vectors are below 4p in between.
//!
//! Vectors whose bounds count normal elements take sums of seven, and settle for that: forward, a
//! layer adds one to the bound of `a` alone, so with the first quarter settled before each pair of
//! layers everything is below three after it, and below six after the last three layers. Backward,
//! every pair of layers begins and ends with bounds of one.

use super::coset::{Constants, Coset};
use super::kernels::{join_first_layers, join_in, split_in, split_last_layers, GROUP};
use super::Tile;
use crate::packed::{prefetch, Packed, Task};
use crate::Fe;

/// Layers of one tile at most.
pub(super) const MAX_LAYERS: u32 = 12;
/// The eight blocks whose elements stand in the lanes of a vector, see [`Packed::transpose`].
const EIGHT: usize = 8;
/// Vectors of the blocks that are scaled, see [`Coset`]; they are in the first-level cache.
const SCALED: usize = 16;

/// All layers of a transform of columns: element i of each is found in row i, or in `source`, which
/// has all columns of the block.
pub(super) struct SplitColumns<'v> {
    pub(super) rows: Vec<&'v mut [Fe]>,
    pub(super) source: Option<&'v [Fe]>,
    pub(super) tile: Tile,
    pub(super) coset: &'v Coset<'v>,
}

impl Task for SplitColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let Self { mut rows, source, tile, coset } = self;
        let length = rows[0].len();
        let width = length / P::WIDTH;
        let mut vectors: Vec<P> = Vec::with_capacity(rows.len() * width);
        for (i, row) in rows.iter().enumerate() {
            match source {
                Some(source) => {
                    // Until the results are stored, their place has come to the cache.
                    prefetch(row);
                    load(&source[i * tile.n_columns + tile.column..][..length], &mut vectors);
                }
                None => load(row, &mut vectors),
            }
        }
        split_layers(&mut vectors, width, tile.block, coset.constants(tile.log_unit(width)));
        for (row, vectors) in rows.iter_mut().zip(vectors.chunks_exact(width)) {
            store(vectors, row);
        }
    }
}

/// [`SplitColumns`] undone, up to a factor of the number of rows.
pub(super) struct JoinColumns<'v> {
    pub(super) rows: Vec<&'v mut [Fe]>,
    pub(super) tile: Tile,
    pub(super) coset: &'v Coset<'v>,
    /// Whether results are reduced.
    pub(super) is_last: bool,
}

impl Task for JoinColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let Self { mut rows, tile, coset, is_last } = self;
        let width = rows[0].len() / P::WIDTH;
        let mut vectors: Vec<P> = Vec::with_capacity(rows.len() * width);
        for row in &rows {
            load(row, &mut vectors);
        }
        join_layers(&mut vectors, width, tile.block, coset.constants(tile.log_unit(width)));
        for (row, vectors) in rows.iter_mut().zip(vectors.chunks_exact(width)) {
            if is_last {
                store_reduced(vectors, row);
            } else {
                store(vectors, row);
            }
        }
    }
}

impl Tile {
    /// How far apart the powers of x of neighbouring vectors of a column are, if `width` of them
    /// stood between two rows.
    fn log_unit(&self, width: usize) -> u32 {
        self.n_columns.ilog2() - width.ilog2()
    }
}

#[inline(always)]
fn load<P: Packed>(values: &[Fe], vectors: &mut Vec<P>) {
    for values in values.chunks_exact(P::WIDTH) {
        vectors.push(P::load_lazy(values, 1));
    }
}

#[inline(always)]
fn store<P: Packed>(vectors: &[P], values: &mut [Fe]) {
    for (values, vector) in values.chunks_exact_mut(P::WIDTH).zip(vectors) {
        vector.store_lazy(values, 1);
    }
}

#[inline(always)]
fn store_reduced<P: Packed>(vectors: &[P], values: &mut [Fe]) {
    for (values, vector) in values.chunks_exact_mut(P::WIDTH).zip(vectors) {
        vector.store_reduced(values, 1);
    }
}

/// All layers of the `index`-th block of its size, for vectors of eight.
#[inline(always)]
pub(super) fn split_block<P: Packed>(block: &mut [Fe], index: usize, coset: &Coset) {
    let mut vectors: Vec<P> = Vec::with_capacity(block.len() / P::WIDTH);
    load(block, &mut vectors);
    let scaled = SCALED.min(vectors.len());
    split_layers(&mut vectors, scaled, index, coset.constants(P::WIDTH.ilog2()));
    let scales = factors::<P>(coset, scaled);
    let first = index * (vectors.len() / scaled);
    for (part, k) in vectors.chunks_exact_mut(scaled).zip(first..) {
        scale(part, &scales);
        split_layers(part, 1, k, coset.unscaled());
    }
    let first = index * block.len() / EIGHT;
    let groups = block.chunks_exact_mut(GROUP).zip(vectors.as_chunks::<EIGHT>().0);
    for ((group, vectors), k) in groups.zip((first..).step_by(EIGHT)) {
        split_last_layers::<P>(P::transpose(*vectors), group, coset.roots, k);
    }
}

/// [`split_block`] undone, up to a factor of the block's size.
#[inline(always)]
pub(super) fn join_block<P: Packed>(block: &mut [Fe], index: usize, coset: &Coset, is_last: bool) {
    let mut vectors: Vec<P> = Vec::with_capacity(block.len() / P::WIDTH);
    let first = index * block.len() / EIGHT;
    for (group, k) in block.chunks_exact(GROUP).zip((first..).step_by(EIGHT)) {
        vectors.extend_from_slice(&P::transpose(join_first_layers::<P>(group, coset.roots, k)));
    }
    let scaled = SCALED.min(vectors.len());
    let scales = factors::<P>(coset, scaled);
    let first = index * (vectors.len() / scaled);
    for (part, k) in vectors.chunks_exact_mut(scaled).zip(first..) {
        join_layers(part, 1, k, coset.unscaled());
        scale(part, &scales);
    }
    join_layers(&mut vectors, scaled, index, coset.constants(P::WIDTH.ilog2()));
    if is_last {
        store_reduced(&vectors, block);
    } else {
        store(&vectors, block);
    }
}

/// The scales of the coset for blocks of so many vectors.
#[inline(always)]
fn factors<P: Packed>(coset: &Coset, vectors: usize) -> Vec<P::Factor> {
    let mut factors = Vec::with_capacity(vectors);
    for scales in coset.scales(vectors * P::WIDTH).chunks_exact(P::WIDTH) {
        factors.push(P::factors(scales, 1));
    }
    factors
}

#[inline(always)]
fn scale<P: Packed>(vectors: &mut [P], factors: &[P::Factor]) {
    for (vector, factor) in vectors.iter_mut().zip(factors) {
        P::twist(vector, factor);
    }
}

/// The layers that split blocks until they are `width` vectors, in pairs.
#[inline(always)]
fn split_layers<P: Packed>(vectors: &mut [P], width: usize, index: usize, constants: Constants) {
    let (mut size, mut first) = (vectors.len(), index);
    if (size / width).ilog2() % 2 == 1 {
        let c = P::factor(&constants.one(first, size));
        let (low, high) = vectors.split_at_mut(size / 2);
        for (low, high) in low.iter_mut().zip(high) {
            P::split(low, high, &c);
        }
        size /= 2;
        first *= 2;
    }
    while size > width {
        if size == 4 {
            split_neighbours(vectors, first, constants);
        } else {
            for (part, k) in vectors.chunks_exact_mut(size).zip(first..) {
                split_quarters(part, constants.three(k, size));
            }
        }
        size /= 4;
        first *= 4;
    }
}

/// Two layers of a block whose quarters are an even number of vectors.
#[inline(always)]
fn split_quarters<P: Packed>(block: &mut [P], constants: [Fe; 3]) {
    let [c, low, high] =
        [P::factor(&constants[0]), P::factor(&constants[1]), P::factor(&constants[2])];
    let [v0, v1, v2, v3] = quarters(block).map(|quarter| quarter.as_chunks_mut::<2>().0);
    for (((v0, v1), v2), v3) in v0.iter_mut().zip(v1).zip(v2).zip(v3) {
        // The second layer waits for the first: two columns at once hide that.
        for i in 0..2 {
            v0[i].settle();
            P::split(&mut v0[i], &mut v2[i], &c);
            P::split(&mut v1[i], &mut v3[i], &c);
        }
        for i in 0..2 {
            P::split(&mut v0[i], &mut v1[i], &low);
            P::split(&mut v2[i], &mut v3[i], &high);
        }
    }
}

/// Two layers of blocks of four vectors, from the `first`-th of their size; their number is even.
#[inline(always)]
fn split_neighbours<P: Packed>(vectors: &mut [P], first: usize, constants: Constants) {
    let blocks = vectors.as_chunks_mut::<4>().0;
    for (blocks, k) in blocks.as_chunks_mut::<2>().0.iter_mut().zip((first..).step_by(2)) {
        for (i, v) in blocks.iter_mut().enumerate() {
            let c = P::factor(&constants.one(k + i, 4));
            v[0].settle();
            split_in(v, 0, 2, &c);
            split_in(v, 1, 3, &c);
        }
        for (i, v) in blocks.iter_mut().enumerate() {
            let k = 2 * (k + i);
            split_in(v, 0, 1, &P::factor(&constants.one(k, 2)));
            split_in(v, 2, 3, &P::factor(&constants.one(k + 1, 2)));
        }
    }
}

/// The layers that join blocks of `width` vectors to one, in pairs.
#[inline(always)]
fn join_layers<P: Packed>(vectors: &mut [P], width: usize, index: usize, constants: Constants) {
    let (length, mut size) = (vectors.len(), width);
    while 4 * size <= length {
        size *= 4;
        let first = index * (length / size);
        if size == 4 {
            join_neighbours(vectors, first, constants);
        } else {
            for (part, k) in vectors.chunks_exact_mut(size).zip(first..) {
                join_quarters(part, constants.three(k, size));
            }
        }
    }
    if 2 * size == length {
        let c = P::factor(&constants.one(index, length));
        let (low, high) = vectors.split_at_mut(size);
        for (low, high) in low.iter_mut().zip(high) {
            P::join(low, high, &c);
        }
    }
}

/// Two layers of a block whose quarters are an even number of vectors, two columns at once.
#[inline(always)]
fn join_quarters<P: Packed>(block: &mut [P], constants: [Fe; 3]) {
    let [c, low, high] =
        [P::factor(&constants[0]), P::factor(&constants[1]), P::factor(&constants[2])];
    let [v0, v1, v2, v3] = quarters(block).map(|quarter| quarter.as_chunks_mut::<2>().0);
    for (((v0, v1), v2), v3) in v0.iter_mut().zip(v1).zip(v2).zip(v3) {
        for i in 0..2 {
            P::join(&mut v0[i], &mut v1[i], &low);
            P::join(&mut v2[i], &mut v3[i], &high);
        }
        for i in 0..2 {
            P::join(&mut v0[i], &mut v2[i], &c);
            v0[i] = v0[i].reduce();
            P::join(&mut v1[i], &mut v3[i], &c);
            v1[i].settle();
        }
    }
}

/// Two layers of blocks of four vectors, from the `first`-th of their size; their number is even.
#[inline(always)]
fn join_neighbours<P: Packed>(vectors: &mut [P], first: usize, constants: Constants) {
    let blocks = vectors.as_chunks_mut::<4>().0;
    for (blocks, k) in blocks.as_chunks_mut::<2>().0.iter_mut().zip((first..).step_by(2)) {
        for (i, v) in blocks.iter_mut().enumerate() {
            let k = 2 * (k + i);
            join_in(v, 0, 1, &P::factor(&constants.one(k, 2)));
            join_in(v, 2, 3, &P::factor(&constants.one(k + 1, 2)));
        }
        for (i, v) in blocks.iter_mut().enumerate() {
            let c = P::factor(&constants.one(k + i, 4));
            join_in(v, 0, 2, &c);
            v[0] = v[0].reduce();
            join_in(v, 1, 3, &c);
            v[1].settle();
        }
    }
}

/// The four quarters of a block.
fn quarters<T>(block: &mut [T]) -> [&mut [T]; 4] {
    let (low, high) = block.split_at_mut(block.len() / 2);
    let (a, b) = low.split_at_mut(low.len() / 2);
    let (c, d) = high.split_at_mut(high.len() / 2);
    [a, b, c, d]
}
