//! The quotients `numerators / denominators` of groups of constraints on a coset.

use std::ops::Range;

use novation_field::fft::bit_reverse_index;
use novation_field::packed::Packed;
use novation_field::{batch_inverse, Fe};

use crate::program::{Group, Program, Rows};
use crate::window::MAX_BLOCK;
use crate::zerofier::Powers;

/// Factors of all groups on one coset.
///
/// A zerofier in a higher power of x repeats on the coset and is tabulated. Zerofiers of single rows,
/// `x - g^k`, do not repeat: they are computed for every point, many of them inverted at once.
pub(crate) struct FactorTables {
    steady: Vec<Vec<Fe>>,
    blockwise: Vec<Vec<Fe>>,
    varying: Vec<GroupFactor>,
    /// `g^k` of the single-row zerofiers of numerators and of denominators.
    numerators: Vec<Fe>,
    denominators: Vec<Fe>,
    /// The point of row r is `offset * g^r`.
    offset: Fe,
    generator: Fe,
    /// `g^(k * n / block)` for the k of every position of a block.
    within_block: Vec<Fe>,
}

struct GroupFactor {
    /// Repeating part.
    table: Vec<Fe>,
    /// Positions among the single-row zerofiers.
    numerators: Vec<usize>,
    denominators: Vec<usize>,
}

impl FactorTables {
    pub(crate) fn new(program: &Program, offset: Fe, log_n: u32, block: usize) -> Self {
        let generator = Fe::root_of_unity(log_n);
        let block_generator = Fe::root_of_unity(block.ilog2());
        let exponent = |position| bit_reverse_index(position, block.ilog2()) as u64;
        let (mut numerators, mut denominators) = (Vec::new(), Vec::new());
        let repeating = |groups: &[Group]| {
            groups.iter().map(|group| repeating_part(&group.rows, offset, generator)).collect()
        };
        let varying = program.varying.iter().map(|Group { rows, .. }| GroupFactor {
            table: repeating_part(rows, offset, generator),
            numerators: single_positions(&rows.numerators, &mut numerators),
            denominators: single_positions(&rows.denominators, &mut denominators),
        });
        let varying = varying.collect();
        let powers =
            |exponents: Vec<u64>| exponents.into_iter().map(|k| generator.pow(k)).collect();
        Self {
            steady: repeating(&program.steady),
            blockwise: repeating(&program.blockwise),
            varying,
            numerators: powers(numerators),
            denominators: powers(denominators),
            offset,
            generator,
            within_block: (0..block).map(|k| block_generator.pow(exponent(k))).collect(),
        }
    }

    /// The factor of a steady group in the block that begins with row `first`.
    pub(crate) fn steady(&self, group: usize, first: usize) -> Fe {
        let table = &self.steady[group];
        table[first % table.len()]
    }

    /// That of a blockwise group.
    pub(crate) fn blockwise(&self, group: usize, first: usize) -> Fe {
        let table = &self.blockwise[group];
        table[first % table.len()]
    }

    /// The quotients of the varying groups in the block of the rows `first + k * stride`.
    #[inline(always)]
    pub(crate) fn fill<P: Packed, const N: usize>(
        &self,
        first: usize,
        stride: usize,
        singles: &Singles<P>,
        block: usize,
        quotients: &mut Vec<[P; N]>,
    ) {
        quotients.clear();
        for group in &self.varying {
            let mut quotient: [P; N] =
                load_repeating(&group.table, first, stride, self.within_block.len());
            for (v, quotient) in quotient.iter_mut().enumerate().take(singles.vectors_per_block) {
                for single in &group.numerators {
                    *quotient = quotient.mul(singles.difference(*single, block, v));
                }
                for single in &group.denominators {
                    *quotient = quotient.mul(singles.inverse(*single, block, v));
                }
            }
            quotients.push(quotient);
        }
    }
}

/// The `size` values at `first + k * stride`, k in bit-reversed order, of a table that repeats after
/// its length.
#[inline(always)]
pub(crate) fn load_repeating<P: Packed, const N: usize>(
    table: &[Fe],
    first: usize,
    stride: usize,
    size: usize,
) -> [P; N] {
    // Lengths are powers of two.
    let mask = table.len() - 1;
    let mut vectors = [P::broadcast(table[first & mask]); N];
    if stride & mask != 0 {
        let mut values = [Fe::ZERO; MAX_BLOCK];
        for (position, value) in values[..size].iter_mut().enumerate() {
            let k = bit_reverse_index(position, size.ilog2());
            *value = table[(first + stride * k) & mask];
        }
        for (vector, values) in vectors.iter_mut().zip(values[..size].chunks_exact(P::WIDTH)) {
            *vector = P::load(values);
        }
    }
    vectors
}

/// `x - g^k` of numerators and `1 / (x - g^k)` of denominators for all points of some blocks.
pub(crate) struct Singles<P> {
    differences: Vec<P>,
    inverses: Vec<P>,
    vectors_per_block: usize,
    vectors_per_single: usize,
}

impl<P: Packed> Singles<P> {
    /// `firsts` are the first rows of the blocks.
    #[inline(always)]
    pub(crate) fn new(tables: &FactorTables, firsts: Range<usize>) -> Self {
        let mut points = Vec::new();
        for first in firsts {
            let start = P::broadcast(tables.offset * tables.generator.pow(first as u64));
            for within in tables.within_block.chunks_exact(P::WIDTH) {
                points.push(start.mul(P::load(within)));
            }
        }
        let differences = differences(&points, &tables.numerators);
        let denominators = self::differences(&points, &tables.denominators);
        Self {
            differences,
            inverses: invert(&denominators),
            vectors_per_block: tables.within_block.len() / P::WIDTH,
            vectors_per_single: points.len(),
        }
    }

    #[inline(always)]
    fn difference(&self, single: usize, block: usize, vector: usize) -> P {
        self.differences[self.position(single, block, vector)]
    }

    #[inline(always)]
    fn inverse(&self, single: usize, block: usize, vector: usize) -> P {
        self.inverses[self.position(single, block, vector)]
    }

    fn position(&self, single: usize, block: usize, vector: usize) -> usize {
        single * self.vectors_per_single + block * self.vectors_per_block + vector
    }
}

/// All points less the first root, then less the next.
#[inline(always)]
fn differences<P: Packed>(points: &[P], roots: &[Fe]) -> Vec<P> {
    let mut differences = Vec::with_capacity(points.len() * roots.len());
    for root in roots {
        let root = P::broadcast(*root);
        for point in points {
            differences.push(point.sub(root));
        }
    }
    differences
}

/// The inverses of vectors without zeros, every place of the vectors as one batch.
#[inline(always)]
fn invert<P: Packed>(values: &[P]) -> Vec<P> {
    let mut prefix = Vec::with_capacity(values.len());
    let mut product = P::broadcast(Fe::ONE);
    for value in values {
        prefix.push(product);
        product = product.mul(*value);
    }
    let mut totals = [Fe::ZERO; MAX_BLOCK];
    product.store(&mut totals[..P::WIDTH]);
    batch_inverse(&mut totals[..P::WIDTH]);
    let mut suffix = P::load(&totals[..P::WIDTH]);
    for (value, before) in values.iter().zip(&mut prefix).rev() {
        *before = before.mul(suffix);
        suffix = suffix.mul(*value);
    }
    prefix
}

fn is_single(powers: &Powers) -> bool {
    powers.x == 1
}

fn single_positions(factors: &[Powers], exponents: &mut Vec<u64>) -> Vec<usize> {
    let position = |powers: &Powers| {
        exponents.iter().position(|k| *k == powers.g).unwrap_or_else(|| {
            exponents.push(powers.g);
            exponents.len() - 1
        })
    };
    factors.iter().filter(|powers| is_single(powers)).map(position).collect()
}

/// The product of the repeating factors over one period, denominators inverted.
fn repeating_part(rows: &Rows, offset: Fe, generator: Fe) -> Vec<Fe> {
    let repeating = |factors: &[Powers]| -> Vec<Powers> {
        factors.iter().copied().filter(|powers| !is_single(powers)).collect()
    };
    let (numerators, denominators) = (repeating(&rows.numerators), repeating(&rows.denominators));
    let periods = numerators.iter().chain(&denominators).map(|powers| powers.period);
    let length = usize::try_from(periods.max().unwrap_or(1)).expect("a trace fits memory");
    let product = |factors: &[Powers]| {
        let mut product = vec![Fe::ONE; length];
        for powers in factors {
            let (mut y, step) = (offset.pow(powers.x), generator.pow(powers.x));
            let root = generator.pow(powers.g);
            for value in &mut product {
                *value *= y - root;
                y *= step;
            }
        }
        product
    };
    let mut table = product(&denominators);
    batch_inverse(&mut table);
    for (value, numerator) in table.iter_mut().zip(product(&numerators)) {
        *value *= numerator;
    }
    table
}
