//! The DEEP polynomial, from values on one coset of the trace domain: the smallest that
//! determines it.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use novation_air::Air;
use novation_field::fft::bit_reverse;
use novation_field::packed::{Packed, Task};
use novation_field::Fe;
use rayon::prelude::*;

use super::out_of_domain::Frame;
use super::polynomials::CosetColumns;
use super::sums::{combine, load_block, run_on_rows, runs, Source, SUMMED_ROWS};
use super::Prover;
use crate::deep::deep_groups;
use crate::domain::EVALUATION_OFFSET;
use crate::proof::COMPOSITION_COLUMNS;

/// Rows of one block: the vectors of their inverses stay in the second-level cache.
const ROWS: usize = 256;

/// What the verifier knows of the terms.
pub(super) struct DeepTerms<'v> {
    pub(super) ood_values: &'v [Fe],
    pub(super) coefficient: Fe,
}

impl<A: Air + ?Sized> Prover<'_, A> {
    /// Coefficients of the DEEP polynomial at 3x, which FRI works on, and those of the columns of
    /// trace and composition.
    ///
    /// The trace is given by row on the coset of the frame, the composition by its coefficients.
    pub(super) fn deep_polynomial(
        &self,
        frame: Frame,
        trace: CosetColumns<'_>,
        composition: Vec<Vec<Fe>>,
        terms: &DeepTerms<'_>,
    ) -> (Vec<Fe>, Vec<Vec<Fe>>) {
        let mut composition =
            CosetColumns::new(composition, self.twiddles, frame.offset, self.plan.in_place);
        composition.order_by_row();
        let mut deep = self.deep_values(&frame, [trace.values(), composition.values()], terms);
        bit_reverse(&mut deep);
        let offset = EVALUATION_OFFSET.inverse().expect("the offset is not zero") * frame.offset;
        drop(frame);
        self.twiddles.interpolate(&mut deep, offset);
        let mut columns = trace.into_coefficients();
        columns.extend(composition.into_coefficients());
        (deep, columns)
    }

    /// Values of the DEEP polynomial by row.
    fn deep_values(
        &self,
        frame: &Frame,
        columns: [&[Vec<Fe>]; 2],
        terms: &DeepTerms<'_>,
    ) -> Vec<Fe> {
        let weights = self.weights(frame, terms.ood_values, terms.coefficient);
        let columns: Vec<&[Fe]> = columns.into_iter().flatten().map(Vec::as_slice).collect();
        let mut deep = vec![Fe::ZERO; 1 << self.shape.log_trace];
        deep.par_chunks_mut(SUMMED_ROWS).enumerate().for_each(|(index, values)| {
            let first = index * SUMMED_ROWS;
            let mut inverses = vec![Fe::ZERO; values.len()];
            let composition_point = frame.point.pow(COMPOSITION_COLUMNS as u64);
            frame.write_inverses(composition_point, first, &mut inverses);
            let task = DeepRows {
                frame,
                columns: &columns,
                weights: &weights,
                composition_inverses: &inverses,
                first,
                values,
            };
            run_on_rows(task.values.len(), task);
        });
        deep
    }

    /// The weights of each column, and then those of the constant.
    ///
    /// The value of the polynomial is the sum over columns f of f(x) times the weight of f, less the
    /// constants' quotients; a weight is the sum of coefficient / (x - point) over the terms of f.
    fn weights(&self, frame: &Frame, ood_values: &[Fe], coefficient: Fe) -> Vec<Vec<Weight>> {
        let constants = self.shape.phases.iter().sum::<usize>() + COMPOSITION_COLUMNS;
        let mut weights: Vec<Vec<Weight>> = vec![Vec::new(); constants + 1];
        for group in deep_groups(self.air, frame.point, ood_values, coefficient) {
            let row = group.row.unwrap_or(0);
            let scale = frame.generator.pow(row).inverse().expect("a power is not zero");
            let shift = group.row.map(|row| frame.shift(row));
            for (column, coefficient) in &group.terms {
                weights[*column].push(Weight { shift, coefficient: *coefficient * scale });
            }
            weights[constants].push(Weight { shift, coefficient: -group.constant * scale });
        }
        weights
    }
}

/// `coefficient / (x - point)`: the inverse stands `shift` rows above in the frame's table, or in
/// that of the composition.
#[derive(Clone)]
struct Weight {
    shift: Option<usize>,
    coefficient: Fe,
}

/// The DEEP polynomial at the rows that start at `first`.
struct DeepRows<'v> {
    frame: &'v Frame,
    columns: &'v [&'v [Fe]],
    weights: &'v [Vec<Weight>],
    composition_inverses: &'v [Fe],
    first: usize,
    values: &'v mut [Fe],
}

impl Task for DeepRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let shifts: Vec<Option<usize>> =
            self.weights.iter().flatten().map(|weight| weight.shift).collect();
        let mut coefficients: Vec<P> = Vec::with_capacity(shifts.len());
        for weight in self.weights.iter().flatten() {
            coefficients.push(P::broadcast(weight.coefficient));
        }
        let mut inverses = Inverses::new(shifts);
        let blocks = self.values.chunks_mut(ROWS).zip(self.composition_inverses.chunks(ROWS));
        for (block, (values, composition_inverses)) in blocks.enumerate() {
            let first = self.first + block * ROWS;
            if P::KEEPS_LOADED {
                inverses.load(self.frame, composition_inverses, first);
            }
            let mut totals = vec![P::broadcast(Fe::ZERO); values.len() / P::WIDTH];
            let mut terms = coefficients.iter().enumerate();
            let mut of_column = Vec::new();
            for (index, weights) in self.weights.iter().enumerate() {
                of_column.clear();
                for (term, coefficient) in terms.by_ref().take(weights.len()) {
                    let source = if P::KEEPS_LOADED {
                        Source::Vectors(&inverses.vectors[inverses.places[term]..])
                    } else {
                        Source::Elements(match inverses.shifts[term] {
                            Some(shift) => {
                                &self.frame.inverses[self.frame.position(first, shift)..]
                            }
                            None => composition_inverses,
                        })
                    };
                    of_column.push((source, *coefficient));
                }
                let cells = self.columns.get(index).map(|column| &column[first..]);
                for (vector, total) in totals.iter_mut().enumerate() {
                    let sum = combine(&of_column, vector);
                    *total = match cells {
                        Some(cells) => total.add(sum.mul(P::load(&cells[vector * P::WIDTH..]))),
                        None => total.add(sum),
                    };
                }
            }
            for (total, values) in totals.into_iter().zip(values.chunks_exact_mut(P::WIDTH)) {
                total.store(values);
            }
        }
    }
}

/// The inverses of all weights at the rows of a block, one column's after another's. Neighbouring
/// rows of a column share most of them: those are converted once.
struct Inverses<P> {
    shifts: Vec<Option<usize>>,
    vectors: Vec<P>,
    /// The first vector of each weight.
    places: Vec<usize>,
}

impl<P: Packed> Inverses<P> {
    fn new(shifts: Vec<Option<usize>>) -> Self {
        Self { places: vec![0; shifts.len()], vectors: Vec::new(), shifts }
    }

    /// For the block that starts at `first`.
    #[inline(always)]
    fn load(&mut self, frame: &Frame, composition_inverses: &[Fe], first: usize) {
        let mut readers = Vec::with_capacity(self.shifts.len());
        let mut positions = Vec::with_capacity(self.shifts.len());
        for (index, shift) in self.shifts.iter().enumerate() {
            if let Some(shift) = shift {
                readers.push(index);
                positions.push(frame.position(first, *shift));
            }
        }
        self.vectors.clear();
        load_block(composition_inverses, &mut self.vectors);
        for run in runs(&positions, composition_inverses.len(), P::WIDTH) {
            for (reader, start) in run.readers {
                self.places[readers[reader]] = self.vectors.len() + start;
            }
            load_block(&frame.inverses[run.elements], &mut self.vectors);
            // Runs are often a multiple of 4 KiB long, and would share few sets of the cache.
            self.vectors.push(P::broadcast(Fe::ZERO));
        }
    }
}
