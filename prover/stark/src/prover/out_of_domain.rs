//! Values at the point outside the domain, and the DEEP polynomial, both from values on the trace
//! domain.
//!
//! Every point asked for is z * g^r with g the generator of the trace domain, so one table of
//! 1 / (g^k - z) serves all of them: 1 / (g^i - z g^r) = g^-r / (g^(i-r) - z). Nothing is inverted
//! per point, and no polynomial is evaluated term by term.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use std::collections::HashMap;

use novation_air::{Air, Mask};
use novation_field::packed::{Packed, Task};
use novation_field::{batch_inverse, Fe};
use rayon::prelude::*;

use super::commit::{evaluate_at_points, Table, TraceColumns};
use super::sums::{add_all, combine, dot, load_block, run_on_rows, SUMMED_ROWS};
use super::Prover;
use crate::deep::deep_groups;
use crate::proof::COMPOSITION_COLUMNS;

/// Rows of one parallel task.
const ROWS: usize = SUMMED_ROWS;

/// The out-of-domain point and its table of inverses.
pub(super) struct Frame {
    point: Fe,
    generator: Fe,
    /// `1 / (g^k - z)` for every row k.
    inverses: CyclicTable,
}

impl Frame {
    pub(super) fn new(point: Fe, log_trace: u32) -> Self {
        let generator = Fe::root_of_unity(log_trace);
        Self { point, generator, inverses: CyclicTable::new(inverses(point, log_trace)) }
    }
}

/// One value per row, read cyclically. Its start is repeated at its end, so that no block wraps.
struct CyclicTable {
    rows: usize,
    values: Vec<Fe>,
}

impl CyclicTable {
    fn new(mut values: Vec<Fe>) -> Self {
        let rows = values.len();
        values.extend_from_within(..ROWS.min(rows));
        Self { rows, values }
    }

    /// The values `shift` rows above the block of `length` rows that starts at `first`.
    fn block(&self, first: usize, length: usize, shift: usize) -> &[Fe] {
        let start = (first + self.rows - shift) % self.rows;
        &self.values[start..start + length]
    }

    fn row(&self, row: u64) -> usize {
        usize::try_from(row % self.rows as u64).expect("a row number")
    }
}

/// `1 / (g^k - point)` for every row k; the point is not on the trace domain.
fn inverses(point: Fe, log_trace: u32) -> Vec<Fe> {
    let generator = Fe::root_of_unity(log_trace);
    let mut table = vec![Fe::ZERO; 1 << log_trace];
    table.par_chunks_mut(ROWS).enumerate().for_each(|(index, chunk)| {
        let mut x = generator.pow((index * ROWS) as u64);
        for value in chunk.iter_mut() {
            *value = x - point;
            x *= generator;
        }
        batch_inverse(chunk);
    });
    table
}

impl<A: Air + ?Sized> Prover<'_, A> {
    /// The mask values, dead and repeated entries included, and those of the composition columns.
    pub(super) fn out_of_domain_values(
        &self,
        frame: &Frame,
        trace: &[TraceColumns],
        composition: &Table,
    ) -> Vec<Fe> {
        let columns: Vec<&[Fe]> =
            trace.iter().flat_map(|phase| phase.values.iter().map(Vec::as_slice)).collect();
        let mut index_of = HashMap::new();
        let mut distinct: Vec<Mask> = Vec::new();
        for mask in self.air.mask() {
            index_of.entry(*mask).or_insert_with(|| {
                distinct.push(*mask);
                distinct.len() - 1
            });
        }
        let values = evaluate_masks(frame, &columns, &distinct);
        let mask_values = self.air.mask().iter().map(|mask| values[index_of[mask]]);
        let columns: Vec<&[Fe]> = composition.coefficients().collect();
        let point = frame.point.pow(COMPOSITION_COLUMNS as u64);
        mask_values.chain(evaluate_at_points(&columns, &[point]).concat()).collect()
    }

    /// Coefficients of the DEEP polynomial.
    pub(super) fn deep_polynomial(
        &self,
        frame: &Frame,
        trace: &[TraceColumns],
        composition: &Table,
        ood_values: &[Fe],
        coefficient: Fe,
    ) -> Vec<Fe> {
        let groups = deep_groups(self.air, frame.point, ood_values, coefficient);
        let mut columns: Vec<&[Fe]> =
            trace.iter().flat_map(|phase| phase.values.iter().map(Vec::as_slice)).collect();
        let composition_values: Vec<Vec<Fe>> =
            composition.coefficients().map(|column| self.values_by_row(column)).collect();
        columns.extend(composition_values.iter().map(Vec::as_slice));
        let composition_point = frame.point.pow(COMPOSITION_COLUMNS as u64);
        let composition_inverses =
            CyclicTable::new(inverses(composition_point, self.shape.log_trace));

        // The value is the sum over columns f of f(x) * W_f(x), less the constants' quotients,
        // where W_f is the sum of coefficient / (x - point) over the terms of f.
        let mut weights: Vec<Vec<Weight<'_>>> = vec![Vec::new(); columns.len() + 1];
        let constants = columns.len();
        for group in &groups {
            let (table, row) = match group.row {
                Some(row) => (&frame.inverses, row),
                None => (&composition_inverses, 0),
            };
            let scale = frame.generator.pow(row).inverse().expect("a power is not zero");
            let shift = table.row(row);
            for (column, coefficient) in &group.terms {
                weights[*column].push(Weight { table, shift, coefficient: *coefficient * scale });
            }
            let coefficient = -group.constant * scale;
            weights[constants].push(Weight { table, shift, coefficient });
        }
        let mut deep = vec![Fe::ZERO; frame.inverses.rows];
        deep.par_chunks_mut(ROWS).enumerate().for_each(|(index, values)| {
            let task =
                DeepBlock { columns: &columns, weights: &weights, first: index * ROWS, values };
            run_on_rows(task.values.len(), task);
        });
        novation_field::fft::bit_reverse(&mut deep);
        self.twiddles.interpolate(&mut deep, Fe::ONE);
        deep
    }

    fn values_by_row(&self, coefficients: &[Fe]) -> Vec<Fe> {
        let mut values = coefficients.to_vec();
        self.twiddles.evaluate(&mut values, Fe::ONE);
        novation_field::fft::bit_reverse(&mut values);
        values
    }
}

/// `coefficient / (x - point)`, where the inverse at row i is `table[i - shift]`.
#[derive(Clone)]
struct Weight<'t> {
    table: &'t CyclicTable,
    shift: usize,
    coefficient: Fe,
}

/// The DEEP polynomial at the rows that start at `first`. The weights after those of the columns
/// belong to the constant.
struct DeepBlock<'v> {
    columns: &'v [&'v [Fe]],
    weights: &'v [Vec<Weight<'v>>],
    first: usize,
    values: &'v mut [Fe],
}

impl Task for DeepBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let length = self.values.len();
        let mut totals = vec![P::broadcast(Fe::ZERO); length / P::WIDTH];
        for (index, weights) in self.weights.iter().enumerate() {
            let mut terms = Vec::with_capacity(weights.len());
            for weight in weights {
                let inverses = weight.table.block(self.first, length, weight.shift);
                terms.push((inverses, P::broadcast(weight.coefficient)));
            }
            let cells = self.columns.get(index).map(|column| &column[self.first..]);
            for (vector, total) in totals.iter_mut().enumerate() {
                let start = vector * P::WIDTH;
                let sum = combine(&terms, start);
                *total = match cells {
                    Some(cells) => total.add(sum.mul(P::load(&cells[start..]))),
                    None => total.add(sum),
                };
            }
        }
        for (total, values) in totals.into_iter().zip(self.values.chunks_exact_mut(P::WIDTH)) {
            total.store(values);
        }
    }
}

/// Column values at `z * g^row` for each mask entry, by the barycentric formula
/// `f(p) = (p^n - 1) / n * sum_i f(x_i) x_i / (p - x_i)`.
fn evaluate_masks(frame: &Frame, columns: &[&[Fe]], masks: &[Mask]) -> Vec<Fe> {
    // x_i / (z g^r - x_i) is the entry i - r of this table.
    let n = frame.inverses.rows;
    let mut table = frame.inverses.values[..n].to_vec();
    table.par_chunks_mut(ROWS).enumerate().for_each(|(index, chunk)| {
        let mut minus_x = -frame.generator.pow((index * ROWS) as u64);
        for value in chunk {
            *value *= minus_x;
            minus_x *= frame.generator;
        }
    });
    let table = CyclicTable::new(table);
    let length = ROWS.min(n);
    let block_sums = |first: usize| {
        let task = MaskSums { table: &table, columns, masks, first, length };
        run_on_rows(length, task)
    };
    let zero = || vec![Fe::ZERO; masks.len()];
    let sums = (0..n).into_par_iter().step_by(length).map(block_sums).reduce(zero, add_all);
    let n_inverse = Fe::from_u64(n as u64).inverse().expect("a power of two is not zero");
    let scale = (frame.point.pow(n as u64) - Fe::ONE) * n_inverse;
    sums.into_iter().map(|sum| sum * scale).collect()
}

/// For each mask entry the sum of cells times table values over a block of rows.
struct MaskSums<'v> {
    table: &'v CyclicTable,
    columns: &'v [&'v [Fe]],
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
        let mut sums = Vec::with_capacity(self.masks.len());
        for mask in self.masks {
            let factors = self.table.block(self.first, self.length, self.table.row(mask.row));
            let cells = &cells[mask.column * per_column..(mask.column + 1) * per_column];
            sums.push(dot(cells, factors));
        }
        sums
    }
}
