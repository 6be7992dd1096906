//! The columns of the trace: coefficients, and for a while values on a coset of the trace domain.

use novation_air::order_by_block;
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
    order: Order,
}

/// How the values of a column stand.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// As transforms leave them.
    BitReversed,
    /// As constraints read them, see [`order_by_block`].
    ByBlock,
    /// Position i has the value at `offset * g^i`.
    ByRow,
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
            Self {
                twiddles,
                offset,
                values: coefficients,
                kept_coefficients: None,
                order: Order::BitReversed,
            }
        } else {
            let n = coefficients[0].len();
            let values = vec![vec![Fe::ZERO; n]; coefficients.len()];
            let kept_coefficients = Some(coefficients);
            Self { twiddles, offset, values, kept_coefficients, order: Order::BitReversed }
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

    /// Puts the values in the order that the constraints read.
    pub(super) fn order_by_block(&mut self) {
        self.order_as_transforms();
        self.values.par_iter_mut().for_each(|values| order_by_block(values));
        self.order = Order::ByBlock;
    }

    /// Puts the value at `offset * g^i` at position i.
    pub(super) fn order_by_row(&mut self) {
        self.order_as_transforms();
        self.values.par_iter_mut().for_each(|values| bit_reverse(values));
        self.order = Order::ByRow;
    }

    fn order_as_transforms(&mut self) {
        let order = self.order;
        self.values.par_iter_mut().for_each(|values| match order {
            Order::BitReversed => (),
            Order::ByBlock => order_by_block(values),
            Order::ByRow => bit_reverse(values),
        });
        self.order = Order::BitReversed;
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
        self.order = Order::BitReversed;
    }

    /// Makes coefficients of `values` if they are kept nowhere else.
    fn interpolate(&mut self) {
        if self.kept_coefficients.is_none() {
            self.order_as_transforms();
            let (twiddles, offset) = (self.twiddles, self.offset);
            self.values.par_iter_mut().for_each(|values| twiddles.interpolate(values, offset));
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
