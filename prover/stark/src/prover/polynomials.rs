//! The columns of the trace: coefficients, and for a while values on a coset of the trace domain.

use novation_field::fft::{bit_reverse, Twiddles};
use novation_field::Fe;
use rayon::prelude::*;

/// Columns on a coset `offset * <g>` of the trace domain.
///
/// The values take the place of the coefficients, which come back by interpolation, unless there is
/// memory to keep both.
pub(super) struct CosetColumns<'t> {
    twiddles: &'t Twiddles,
    offset: Fe,
    values: Vec<Vec<Fe>>,
    kept_coefficients: Option<Vec<Vec<Fe>>>,
    by_row: bool,
}

impl<'t> CosetColumns<'t> {
    /// Evaluates polynomials given by their coefficients.
    pub(super) fn new(
        coefficients: Vec<Vec<Fe>>,
        twiddles: &'t Twiddles,
        offset: Fe,
        in_place: bool,
    ) -> Self {
        let mut columns = if in_place {
            Self { twiddles, offset, values: coefficients, kept_coefficients: None, by_row: false }
        } else {
            let n = coefficients[0].len();
            let values = vec![vec![Fe::ZERO; n]; coefficients.len()];
            let kept_coefficients = Some(coefficients);
            Self { twiddles, offset, values, kept_coefficients, by_row: false }
        };
        columns.evaluate();
        columns
    }

    /// Goes on to another coset.
    pub(super) fn move_to(&mut self, offset: Fe) {
        self.interpolate();
        self.offset = offset;
        self.evaluate();
    }

    /// Puts the value at `offset * g^i` at position i; before, the order is bit-reversed.
    pub(super) fn order_by_row(&mut self) {
        self.values.par_iter_mut().for_each(|values| bit_reverse(values));
        self.by_row = true;
    }

    /// The coset's offset.
    pub(super) fn offset(&self) -> Fe {
        self.offset
    }

    /// Values of each column.
    pub(super) fn values(&self) -> &[Vec<Fe>] {
        &self.values
    }

    /// Gives up the values.
    pub(super) fn into_coefficients(mut self) -> Vec<Vec<Fe>> {
        self.interpolate();
        self.kept_coefficients.unwrap_or(self.values)
    }

    /// Fills `values`.
    fn evaluate(&mut self) {
        let (twiddles, offset) = (self.twiddles, self.offset);
        match &self.kept_coefficients {
            Some(coefficients) => {
                self.values.par_iter_mut().zip(coefficients).for_each(|(values, coefficients)| {
                    twiddles.evaluate_into(coefficients, offset, values);
                });
            }
            None => {
                self.values.par_iter_mut().for_each(|values| twiddles.evaluate(values, offset));
            }
        }
        self.by_row = false;
    }

    /// Makes coefficients of `values` if they are kept nowhere else.
    fn interpolate(&mut self) {
        let (twiddles, offset, by_row) = (self.twiddles, self.offset, self.by_row);
        if self.kept_coefficients.is_none() {
            self.values.par_iter_mut().for_each(|values| {
                if by_row {
                    bit_reverse(values);
                }
                twiddles.interpolate(values, offset);
            });
        }
    }
}

/// Coefficients of the columns with these values by row of the trace domain.
pub(super) fn interpolate_rows(mut columns: Vec<Vec<Fe>>, twiddles: &Twiddles) -> Vec<Vec<Fe>> {
    columns.par_iter_mut().for_each(|column| {
        bit_reverse(column);
        twiddles.interpolate(column, Fe::ONE);
    });
    columns
}
