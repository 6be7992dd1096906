//! The quotients `numerators / denominators` of groups of constraints on a coset.

use novation_field::fft::bit_reverse_index;
use novation_field::packed::Packed;
use novation_field::{batch_inverse, Fe};

use crate::coset::gather;
use crate::program::Rows;
use crate::zerofier::Powers;

/// Factors of all groups on one coset.
///
/// A zerofier in a higher power of x repeats on the coset and is tabulated. Zerofiers of single rows,
/// `x - g^k`, do not repeat: they are computed for every point, many of them inverted at once.
pub(crate) struct FactorTables {
    groups: Vec<GroupFactor>,
    /// `g^k` of all single-row zerofiers.
    singles: Vec<Fe>,
    /// The point of row r is `offset * g^r`.
    offset: Fe,
    generator: Fe,
    /// `g^(k * n / block)` for the k of every position of a block.
    within_block: Vec<Fe>,
}

struct GroupFactor {
    /// Repeating part.
    table: Vec<Fe>,
    /// Positions in `singles`.
    single_numerators: Vec<usize>,
    single_denominators: Vec<usize>,
}

impl FactorTables {
    pub(crate) fn new(groups: &[Rows], offset: Fe, log_n: u32, block: usize) -> Self {
        let generator = Fe::root_of_unity(log_n);
        let block_generator = Fe::root_of_unity(block.ilog2());
        let exponent = |position| bit_reverse_index(position, block.ilog2()) as u64;
        let mut exponents = Vec::new();
        let groups = groups.iter().map(|rows| GroupFactor {
            table: repeating_part(rows, offset, generator),
            single_numerators: single_positions(&rows.numerators, &mut exponents),
            single_denominators: single_positions(&rows.denominators, &mut exponents),
        });
        let groups = groups.collect();
        Self {
            groups,
            singles: exponents.into_iter().map(|k| generator.pow(k)).collect(),
            offset,
            generator,
            within_block: (0..block).map(|k| block_generator.pow(exponent(k))).collect(),
        }
    }

    /// The factors of all groups in the block of the rows `first + k * stride`: all vectors of the
    /// first group before those of the next.
    #[inline(always)]
    pub(crate) fn fill<P: Packed>(
        &self,
        first: usize,
        stride: usize,
        singles: &Singles<P>,
        block: usize,
        factors: &mut Vec<P>,
    ) {
        let rows = self.within_block.len();
        let mut values = [Fe::ZERO; MAX_BLOCK];
        factors.clear();
        for group in &self.groups {
            gather(&group.table, first, stride, &mut values[..rows]);
            for (vector, values) in values[..rows].chunks_exact(P::WIDTH).enumerate() {
                let mut factor = P::load(values);
                for single in &group.single_numerators {
                    factor = factor.mul(singles.difference(*single, block, vector));
                }
                for single in &group.single_denominators {
                    factor = factor.mul(singles.inverse(*single, block, vector));
                }
                factors.push(factor);
            }
        }
    }
}

/// Rows of a block at most.
pub(crate) const MAX_BLOCK: usize = 64;

/// `x - g^k` and its inverse for all single-row zerofiers and all points of some blocks.
pub(crate) struct Singles<P> {
    differences: Vec<P>,
    inverses: Vec<P>,
    vectors_per_block: usize,
    vectors_per_single: usize,
}

impl<P: Packed> Singles<P> {
    /// `firsts` are the first rows of the blocks.
    #[inline(always)]
    pub(crate) fn new(tables: &FactorTables, firsts: &[usize]) -> Self {
        let vectors_per_block = tables.within_block.len() / P::WIDTH;
        let mut differences = Vec::new();
        for root in &tables.singles {
            let root = P::broadcast(*root);
            for first in firsts {
                let start = P::broadcast(tables.offset * tables.generator.pow(*first as u64));
                for within in tables.within_block.chunks_exact(P::WIDTH) {
                    differences.push(start.mul(P::load(within)).sub(root));
                }
            }
        }
        let inverses = invert(&differences);
        let vectors_per_single = firsts.len() * vectors_per_block;
        Self { differences, inverses, vectors_per_block, vectors_per_single }
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
