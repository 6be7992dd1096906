//! Values at the point outside the domain, and the DEEP polynomial, both from values on the trace
//! domain.
//!
//! Every point asked for is z * g^r with g the generator of the trace domain, so one table of
//! 1 / (g^k - z) serves all of them: 1 / (g^i - z g^r) = g^-r / (g^(i-r) - z). Nothing is inverted
//! per point, and no polynomial is evaluated term by term.

use std::collections::HashMap;

use novation_air::{Air, Mask};
use novation_field::{batch_inverse, Fe, WideSum};
use rayon::prelude::*;

use super::commit::{evaluate_columns_at, Table, TraceColumns};
use super::Prover;
use crate::deep::deep_groups;
use crate::proof::COMPOSITION_COLUMNS;

/// Rows of one parallel task.
const ROWS: usize = 1 << 11;
/// Rows summed before a reduction; below the capacity of a wide sum.
const LAZY_ROWS: usize = 1 << 9;

/// The out-of-domain point and its table of inverses.
pub(super) struct Frame {
    point: Fe,
    generator: Fe,
    /// `1 / (g^k - z)` for every row k.
    inverses: Vec<Fe>,
}

impl Frame {
    pub(super) fn new(point: Fe, log_trace: u32) -> Self {
        let generator = Fe::root_of_unity(log_trace);
        Self { point, generator, inverses: inverses(point, log_trace) }
    }

    fn rows(&self) -> usize {
        self.inverses.len()
    }

    /// Calls `f` for the slices of `table[i - shift]` that cover the rows `i` of a block, with their
    /// place in the block.
    fn shifted<'t>(
        table: &'t [Fe],
        first: usize,
        length: usize,
        shift: usize,
        mut f: impl FnMut(usize, &'t [Fe]),
    ) {
        let start = (first + table.len() - shift % table.len()) % table.len();
        let until_wrap = length.min(table.len() - start);
        f(0, &table[start..start + until_wrap]);
        if until_wrap < length {
            f(until_wrap, &table[..length - until_wrap]);
        }
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
        mask_values.chain(evaluate_columns_at(&columns, point)).collect()
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
        let composition_inverses = inverses(composition_point, self.shape.log_trace);

        // The value is the sum over columns f of f(x) * W_f(x), less the constants' quotients, where
        // W_f is the sum of coefficient / (x - point) over the terms of f.
        let mut weights: Vec<Vec<Weight<'_>>> = vec![Vec::new(); columns.len() + 1];
        let constants = columns.len();
        for group in &groups {
            let (table, shift) = match group.row {
                Some(row) => (&frame.inverses, row),
                None => (&composition_inverses, 0),
            };
            let scale = frame.generator.pow(shift).inverse().expect("a power is not zero");
            let shift = usize::try_from(shift % frame.rows() as u64).expect("a row number");
            for (column, coefficient) in &group.terms {
                weights[*column].push(Weight { table, shift, coefficient: *coefficient * scale });
            }
            let coefficient = -group.constant * scale;
            weights[constants].push(Weight { table, shift, coefficient });
        }
        let mut deep = vec![Fe::ZERO; frame.rows()];
        deep.par_chunks_mut(ROWS).enumerate().for_each(|(index, values)| {
            deep_block(&columns, &weights, index * ROWS, values);
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
    table: &'t [Fe],
    shift: usize,
    coefficient: Fe,
}

/// The DEEP polynomial at the rows that start at `first`; `values` enter as zero.
fn deep_block(columns: &[&[Fe]], weights: &[Vec<Weight<'_>>], first: usize, values: &mut [Fe]) {
    let mut sums = vec![WideSum::default(); values.len()];
    for (index, weights) in weights.iter().enumerate() {
        sums.fill(WideSum::default());
        for (used, weight) in weights.iter().enumerate() {
            if used % WideSum::CAPACITY == WideSum::CAPACITY - 1 {
                sums.iter_mut().for_each(WideSum::fold);
            }
            Frame::shifted(weight.table, first, values.len(), weight.shift, |place, inverses| {
                for (sum, inverse) in sums[place..].iter_mut().zip(inverses) {
                    sum.add_product(inverse, &weight.coefficient);
                }
            });
        }
        match columns.get(index) {
            Some(column) => {
                for ((value, sum), cell) in values.iter_mut().zip(&sums).zip(&column[first..]) {
                    *value += sum.reduce() * cell;
                }
            }
            None => {
                for (value, sum) in values.iter_mut().zip(&sums) {
                    *value += sum.reduce();
                }
            }
        }
    }
}

/// Column values at `z * g^row` for each mask entry, by the barycentric formula
/// `f(p) = (p^n - 1) / n * sum_i f(x_i) x_i / (p - x_i)`.
fn evaluate_masks(frame: &Frame, columns: &[&[Fe]], masks: &[Mask]) -> Vec<Fe> {
    let n = frame.rows();
    // x_i / (z g^r - x_i) is the entry i - r of this table.
    let mut table = frame.inverses.clone();
    table.par_chunks_mut(ROWS).enumerate().for_each(|(index, chunk)| {
        let mut minus_x = -frame.generator.pow((index * ROWS) as u64);
        for value in chunk {
            *value *= minus_x;
            minus_x *= frame.generator;
        }
    });
    let shifts: Vec<usize> = masks
        .iter()
        .map(|mask| usize::try_from(mask.row % n as u64).expect("a row number"))
        .collect();
    let block_sums = |first: usize| {
        let length = LAZY_ROWS.min(n);
        let mask_sum = |(mask, shift): (&Mask, &usize)| {
            let cells = &columns[mask.column][first..first + length];
            let mut sum = WideSum::default();
            Frame::shifted(&table, first, length, *shift, |place, factors| {
                for (cell, factor) in cells[place..].iter().zip(factors) {
                    sum.add_product(cell, factor);
                }
            });
            sum.reduce()
        };
        masks.iter().zip(&shifts).map(mask_sum).collect::<Vec<Fe>>()
    };
    let add = |mut total: Vec<Fe>, block: Vec<Fe>| {
        total.iter_mut().zip(block).for_each(|(total, value)| *total += value);
        total
    };
    let zero = || vec![Fe::ZERO; masks.len()];
    let blocks = (0..n).into_par_iter().step_by(LAZY_ROWS.min(n));
    let sums = blocks.map(block_sums).reduce(zero, add);
    let n_inverse = Fe::from_u64(n as u64).inverse().expect("a power of two is not zero");
    let scale = (frame.point.pow(n as u64) - Fe::ONE) * n_inverse;
    sums.into_iter().map(|sum| sum * scale).collect()
}
