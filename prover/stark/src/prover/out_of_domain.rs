//! Values at the point outside the domain, from values on a coset of the trace domain.
//!
//! Every point asked for is z * g^r with g the generator of the trace domain, so one table of
//! 1 / (x - z) over the points x of the coset serves all of them: 1 / (x - z g^r) is g^-r times the
//! entry r rows above. Nothing is inverted per point, and no polynomial is evaluated term by term.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use std::collections::HashMap;

use novation_air::{Air, Mask};
use novation_field::packed::{Packed, Task};
use novation_field::{batch_inverse, Fe};
use rayon::prelude::*;

use super::polynomials::CosetColumns;
use super::subtrees::values_at;
use super::sums::{add_all, dot, load_block, run_on_rows, runs, total, Source, SUMMED_ROWS};
use super::Prover;
use crate::proof::COMPOSITION_COLUMNS;

/// Rows of one parallel task.
pub(super) const ROWS: usize = SUMMED_ROWS;

/// The out-of-domain point and its table of inverses on a coset of the trace domain.
pub(super) struct Frame {
    pub(super) point: Fe,
    pub(super) generator: Fe,
    pub(super) offset: Fe,
    rows: usize,
    /// `1 / (x_k - z)` for every row k. The start is repeated at the end, so that no block wraps.
    pub(super) inverses: Vec<Fe>,
}

impl Frame {
    pub(super) fn new(point: Fe, offset: Fe, log_trace: u32) -> Self {
        let generator = Fe::root_of_unity(log_trace);
        let rows = 1 << log_trace;
        let mut frame = Self { point, generator, offset, rows, inverses: Vec::new() };
        let mut inverses = Vec::with_capacity(rows + ROWS);
        inverses.resize(rows, Fe::ZERO);
        inverses.par_chunks_mut(ROWS).enumerate().for_each(|(index, chunk)| {
            frame.write_inverses(point, index * ROWS, chunk);
        });
        inverses.extend_from_within(..ROWS.min(rows));
        frame.inverses = inverses;
        frame
    }

    /// `1 / (x_k - point)` for the rows from `first`; the point is not on the coset.
    pub(super) fn write_inverses(&self, point: Fe, first: usize, inverses: &mut [Fe]) {
        let mut x = self.offset * self.generator.pow(first as u64);
        for inverse in inverses.iter_mut() {
            *inverse = x - point;
            x *= self.generator;
        }
        batch_inverse(inverses);
    }

    /// Where the inverses `shift` rows above those of the row `first` begin.
    pub(super) fn position(&self, first: usize, shift: usize) -> usize {
        (first + self.rows - shift) % self.rows
    }

    /// The row number modulo the length of the trace.
    pub(super) fn shift(&self, row: u64) -> usize {
        usize::try_from(row % self.rows as u64).expect("a row number")
    }
}

impl<'a, A: Air + ?Sized> Prover<'a, A> {
    /// The inverses for a point, on the coset where the trace is; its values are put in order.
    pub(super) fn frame(
        &self,
        point: Fe,
        mut trace: CosetColumns<'a>,
    ) -> (Frame, CosetColumns<'a>) {
        trace.order_by_row();
        (Frame::new(point, trace.offset(), self.shape.log_trace), trace)
    }

    /// The mask values, dead and repeated entries included, and those of the composition columns,
    /// which are given by their coefficients.
    pub(super) fn out_of_domain_values(
        &self,
        frame: &Frame,
        trace: &CosetColumns<'_>,
        composition: &[Vec<Fe>],
    ) -> Vec<Fe> {
        let mut index_of = HashMap::new();
        let mut distinct: Vec<Mask> = Vec::new();
        for mask in self.air.mask() {
            index_of.entry(*mask).or_insert_with(|| {
                distinct.push(*mask);
                distinct.len() - 1
            });
        }
        let values = evaluate_masks(frame, trace.values(), &distinct);
        let mask_values = self.air.mask().iter().map(|mask| values[index_of[mask]]);
        let columns: Vec<&[Fe]> = composition.iter().map(Vec::as_slice).collect();
        let point = frame.point.pow(COMPOSITION_COLUMNS as u64);
        mask_values.chain(values_at(&columns, point)).collect()
    }
}

/// Column values at `z * g^row` for each mask entry, by the barycentric formula on the coset of x,
/// `f(p) = ((p / offset)^n - 1) / n * sum f(x) x / (p - x)`, where `x / (p - x) = p / (p - x) - 1`.
fn evaluate_masks(frame: &Frame, columns: &[Vec<Fe>], masks: &[Mask]) -> Vec<Fe> {
    let n = frame.rows;
    let length = ROWS.min(n);
    let block_sums = |first: usize| {
        let task = MaskSums { frame, columns, masks, first, length };
        run_on_rows(length, task)
    };
    let zero = || vec![Fe::ZERO; masks.len() + columns.len()];
    let sums = (0..n).into_par_iter().step_by(length).map(block_sums).reduce(zero, add_all);
    let (quotients, totals) = sums.split_at(masks.len());
    let n_inverse = Fe::from_u64(n as u64).inverse().expect("a power of two is not zero");
    let offset_inverse = frame.offset.inverse().expect("a coset offset is not zero");
    let scale = ((frame.point * offset_inverse).pow(n as u64) - Fe::ONE) * n_inverse;
    // 1 / (p - x) with p = z g^r is -g^-r / (x g^-r - z), so p / (p - x) is -z times an entry.
    let value = |(mask, sum): (&Mask, &Fe)| -(totals[mask.column] + frame.point * sum) * scale;
    masks.iter().zip(quotients).map(value).collect()
}

/// For each mask entry the sum of cells times inverses over a block of rows, then for each column
/// the sum of its cells.
struct MaskSums<'v> {
    frame: &'v Frame,
    columns: &'v [Vec<Fe>],
    masks: &'v [Mask],
    first: usize,
    length: usize,
}

impl Task for MaskSums<'_> {
    type Output = Vec<Fe>;

    #[inline(always)]
    fn run<P: Packed>(self) -> Vec<Fe> {
        let per_column = self.length / P::WIDTH;
        let mut cells: Vec<P> = Vec::with_capacity(self.columns.len() * per_column);
        for column in self.columns {
            load_block(&column[self.first..self.first + self.length], &mut cells);
        }
        let mut positions = Vec::with_capacity(self.masks.len());
        for mask in self.masks {
            positions.push(self.frame.position(self.first, self.frame.shift(mask.row)));
        }
        let mut sums = vec![Fe::ZERO; self.masks.len()];
        let mut factors: Vec<P> = Vec::new();
        for run in runs(&positions, self.length, P::WIDTH) {
            let elements = &self.frame.inverses[run.elements];
            factors.clear();
            if P::KEEPS_LOADED {
                load_block(elements, &mut factors);
            }
            for (reader, start) in run.readers {
                let column = self.masks[reader].column;
                let cells = &cells[column * per_column..(column + 1) * per_column];
                let source = if P::KEEPS_LOADED {
                    Source::Vectors(&factors[start..])
                } else {
                    Source::Elements(&elements[start * P::WIDTH..])
                };
                sums[reader] = dot(cells, source);
            }
        }
        for cells in cells.chunks_exact(per_column) {
            sums.push(total(cells));
        }
        sums
    }
}
