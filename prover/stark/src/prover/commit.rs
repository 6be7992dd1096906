//! Tables of polynomials on the evaluation domain, committed chunk by chunk.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use novation_field::fft::Twiddles;
use novation_field::packed::{Packed, Task};
use novation_field::Fe;
use rayon::prelude::*;

use super::opened_positions;
use super::sums::{add_all, dot, load_block, run_on_rows, SUMMED_ROWS};
use crate::digest::{Digest, TreeHashes};
use crate::domain::{chunk_offset, Subgroup, EVALUATION_OFFSET};
use crate::merkle::MerkleTree;
use crate::params::StarkParams;
use crate::table::{Opening, TablePlan};

/// Rows hashed by one parallel task.
const ROWS_PER_TASK: usize = 256;

/// Polynomials of one table and the tree over their values.
pub(super) struct Table {
    /// Coefficients of each column, lowest first.
    coefficients: Vec<Vec<Fe>>,
    tree: MerkleTree,
}

/// A phase of the trace.
pub(super) struct TraceColumns {
    /// Values on the trace domain, by row.
    pub(super) values: Vec<Vec<Fe>>,
    pub(super) table: Table,
}

impl TraceColumns {
    pub(super) fn commit(
        values: Vec<Vec<Fe>>,
        params: &StarkParams,
        twiddles: &Twiddles,
        offset: Fe,
    ) -> Self {
        let interpolate = |column: &Vec<Fe>| {
            let mut coefficients = column.clone();
            novation_field::fft::bit_reverse(&mut coefficients);
            twiddles.interpolate(&mut coefficients, Fe::ONE);
            coefficients
        };
        let coefficients = values.par_iter().map(interpolate).collect();
        Self { values, table: Table::commit(coefficients, params, twiddles, offset) }
    }

    /// Coefficients of each column, lowest first.
    pub(super) fn coefficients(&self) -> impl Iterator<Item = &[Fe]> {
        self.table.coefficients()
    }
}

impl Table {
    pub(super) fn commit(
        coefficients: Vec<Vec<Fe>>,
        params: &StarkParams,
        twiddles: &Twiddles,
        offset: Fe,
    ) -> Self {
        let n = coefficients[0].len();
        let log_rows = n.ilog2() + params.log_blowup;
        let mut leaves = Vec::with_capacity(n << params.log_blowup);
        let mut chunk = Vec::new();
        for index in 0..1usize << params.log_blowup {
            let offset = chunk_offset(offset, n.ilog2(), params.log_blowup, index);
            let columns: Vec<&[Fe]> = coefficients.iter().map(Vec::as_slice).collect();
            evaluate_columns(&columns, twiddles, offset, &mut chunk);
            push_leaves(&chunk, log_rows, &params.tree, &mut leaves);
        }
        drop(chunk);
        Self { coefficients, tree: MerkleTree::new(leaves, &params.tree) }
    }

    /// Coefficients of each column, lowest first.
    pub(super) fn coefficients(&self) -> impl Iterator<Item = &[Fe]> {
        self.coefficients.iter().map(Vec::as_slice)
    }

    pub(super) fn root(&self) -> Digest {
        self.tree.root()
    }
}

/// Values of all columns on a coset, in bit-reversed order, into reused buffers.
pub(super) fn evaluate_columns(
    coefficients: &[&[Fe]],
    twiddles: &Twiddles,
    offset: Fe,
    values: &mut Vec<Vec<Fe>>,
) {
    values.resize(coefficients.len(), Vec::new());
    values.par_iter_mut().zip(coefficients).for_each(|(values, coefficients)| {
        values.clear();
        values.extend_from_slice(coefficients);
        twiddles.evaluate(values, offset);
    });
}

/// Appends the leaves of consecutive rows of a table with `2^log_rows` rows.
fn push_leaves(columns: &[Vec<Fe>], log_rows: u32, hashes: &TreeHashes, leaves: &mut Vec<Digest>) {
    let first = leaves.len();
    leaves.resize(first + columns[0].len(), [0; 32]);
    let hash = hashes.at_depth(log_rows);
    let length = 32 * columns.len();
    let tasks = leaves[first..].par_chunks_mut(ROWS_PER_TASK).enumerate();
    tasks.for_each_init(Vec::new, |words: &mut Vec<u8>, (task, leaves)| {
        let rows = task * ROWS_PER_TASK..task * ROWS_PER_TASK + leaves.len();
        if let [single] = columns {
            for (leaf, value) in leaves.iter_mut().zip(&single[rows]) {
                *leaf = value.to_montgomery_bytes_be();
            }
            return;
        }
        words.clear();
        for row in rows {
            for column in columns {
                words.extend_from_slice(&column[row].to_montgomery_bytes_be());
            }
        }
        hash.hash_rows(words, length, leaves);
    });
}

/// Opens the same rows of several tables of polynomials.
pub(super) fn open_tables(tables: &[&Table], plans: &[TablePlan], log_blowup: u32) -> Vec<Opening> {
    let positions = opened_positions(&plans[0]);
    let columns: Vec<&[Fe]> =
        tables.iter().flat_map(|table| table.coefficients.iter().map(Vec::as_slice)).collect();
    let domain = Subgroup::new(columns[0].len().ilog2() + log_blowup);
    let points: Vec<Fe> =
        positions.iter().map(|position| EVALUATION_OFFSET * domain.element(*position)).collect();
    let rows = evaluate_at_points(&columns, &points);
    let mut first = 0;
    let open = |(table, plan): (&&Table, &TablePlan)| {
        let range = first..first + table.coefficients.len();
        first = range.end;
        let values = rows.iter().flat_map(|row| row[range.clone()].iter().copied()).collect();
        let siblings = plan.sibling_nodes().into_iter().map(|node| table.tree.node(node)).collect();
        Opening { values, siblings }
    };
    tables.iter().zip(plans).map(open).collect()
}

/// The values of several polynomials of equal length at several points, by point.
pub(super) fn evaluate_at_points(columns: &[&[Fe]], points: &[Fe]) -> Vec<Vec<Fe>> {
    let length = columns[0].len();
    let block = SUMMED_ROWS.min(length);
    let powers: Vec<Vec<Fe>> = points.iter().map(|point| powers(*point, block)).collect();
    let block_values = |index: usize| {
        let task = BlockValues { columns, powers: &powers, first: index * block, length: block };
        let mut values = run_on_rows(block, task);
        for (values, point) in values.chunks_exact_mut(columns.len()).zip(points) {
            let scale = point.pow((index * block) as u64);
            for value in values {
                *value *= scale;
            }
        }
        values
    };
    let zero = || vec![Fe::ZERO; columns.len() * points.len()];
    let blocks = (0..length / block).into_par_iter();
    let values = blocks.map(block_values).reduce(zero, add_all);
    values.chunks_exact(columns.len()).map(<[Fe]>::to_vec).collect()
}

fn powers(base: Fe, count: usize) -> Vec<Fe> {
    core::iter::successors(Some(Fe::ONE), |power| Some(*power * base)).take(count).collect()
}

/// The sums of coefficient times power over one block, for each point and column.
struct BlockValues<'v> {
    columns: &'v [&'v [Fe]],
    powers: &'v [Vec<Fe>],
    first: usize,
    length: usize,
}

impl Task for BlockValues<'_> {
    type Output = Vec<Fe>;

    #[inline(always)]
    fn run<P: Packed>(self) -> Vec<Fe> {
        let n_columns = self.columns.len();
        let mut values = vec![Fe::ZERO; n_columns * self.powers.len()];
        let mut coefficients: Vec<P> = Vec::with_capacity(self.length / P::WIDTH);
        for (index, column) in self.columns.iter().enumerate() {
            coefficients.clear();
            load_block(&column[self.first..self.first + self.length], &mut coefficients);
            for (point, powers) in self.powers.iter().enumerate() {
                values[point * n_columns + index] = dot(&coefficients, powers);
            }
        }
        values
    }
}
