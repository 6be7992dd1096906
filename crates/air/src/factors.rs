//! The quotients `numerators / denominators` of groups of constraints on a coset.

use novation_field::fft::bit_reverse_index;
use novation_field::{batch_inverse, Fe};

use crate::coset::gather;
use crate::program::Rows;
use crate::zerofier::Powers;

/// Factors of all groups on one coset.
///
/// A zerofier in a higher power of x repeats on the coset and is tabulated. Zerofiers of single rows,
/// `x - g^k`, do not repeat: they are computed for every point, a block of them inverted at once.
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
        let mut tables = Self {
            groups: Vec::new(),
            singles: Vec::new(),
            offset,
            generator,
            within_block: (0..block).map(|k| block_generator.pow(exponent(k))).collect(),
        };
        let mut exponents = Vec::new();
        for rows in groups {
            let factor = GroupFactor {
                table: repeating_part(rows, offset, generator),
                single_numerators: single_positions(&rows.numerators, &mut exponents),
                single_denominators: single_positions(&rows.denominators, &mut exponents),
            };
            tables.groups.push(factor);
        }
        tables.singles = exponents.into_iter().map(|k| generator.pow(k)).collect();
        tables
    }

    /// Fills one block of every group for the rows `first + k * stride`.
    pub(crate) fn fill(
        &self,
        first: usize,
        stride: usize,
        inverses: &mut Vec<Fe>,
        factors: &mut [Vec<Fe>],
    ) {
        let start = self.offset * self.generator.pow(first as u64);
        let block = self.within_block.len();
        inverses.clear();
        for root in &self.singles {
            inverses.extend(self.within_block.iter().map(|w| start * *w - *root));
        }
        let differences = inverses.clone();
        batch_inverse(inverses);
        for (group, factor) in self.groups.iter().zip(factors) {
            gather(&group.table, first, stride, factor);
            for &single in &group.single_numerators {
                multiply(factor, &differences[single * block..][..block]);
            }
            for &single in &group.single_denominators {
                multiply(factor, &inverses[single * block..][..block]);
            }
        }
    }
}

fn multiply(factor: &mut [Fe], values: &[Fe]) {
    for (factor, value) in factor.iter_mut().zip(values) {
        *factor *= *value;
    }
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
    multiply(&mut table, &product(&numerators));
    table
}
