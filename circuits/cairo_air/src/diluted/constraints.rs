//! Constraints 47 to 53: the values are a permutation of the list of all diluted numbers.

use novation_air::{Expr, ExprBuilder};

use super::columns::{DilutedColumns, DilutedInteractionColumns};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// The cells of one unit and of the next.
pub(crate) struct DilutedConstraints<'b> {
    sorted: Expr<'b>,
    original: Expr<'b>,
    next_sorted: Expr<'b>,
    next_original: Expr<'b>,
    period: u64,
}

impl<'b> DilutedConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &DilutedColumns) -> Self {
        Self {
            sorted: cells.at(&c.sorted, 0),
            original: cells.at(&c.pool, 0),
            next_sorted: cells.at(&c.sorted, 1),
            next_original: cells.at(&c.pool, 1),
            period: c.pool.step,
        }
    }

    pub(crate) fn add_to(
        &self,
        set: &mut ConstraintSet,
        exprs: &'b ExprBuilder,
        interaction: &DilutedInteraction<'b>,
    ) {
        set.component(47, "diluted_check/");
        let last = Rows::last(self.period);
        let steps = Rows::every(self.period).except(last.clone());
        let permutation_z = Param::DilutedPermutationZ.expr(exprs);
        let DilutedInteraction { product, next_product, cumulative, next_cumulative } =
            *interaction;
        let init = (permutation_z - self.sorted) * product + self.original - permutation_z;
        set.add("permutation/init0", init, &Rows::first());
        let step = (permutation_z - self.next_sorted) * next_product
            - (permutation_z - self.next_original) * product;
        set.add("permutation/step0", step, &steps);
        set.add("permutation/last", product - 1, &last);
        set.add("init", cumulative - 1, &Rows::first());
        set.add("first_element", self.sorted, &Rows::first());
        let (z, alpha) = (Param::DilutedZ.expr(exprs), Param::DilutedAlpha.expr(exprs));
        let rise = self.next_sorted - self.sorted;
        let expected = cumulative * (1 + z * rise) + alpha * rise * rise;
        set.add("step", next_cumulative - expected, &steps);
        set.add("last", cumulative - Param::DilutedFinalValue.expr(exprs), &last);
    }
}

/// Cumulative product and value of one unit and of the next.
#[derive(Clone, Copy)]
pub(crate) struct DilutedInteraction<'b> {
    product: Expr<'b>,
    next_product: Expr<'b>,
    cumulative: Expr<'b>,
    next_cumulative: Expr<'b>,
}

impl<'b> DilutedInteraction<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &DilutedInteractionColumns) -> Self {
        Self {
            product: cells.at(&c.product, 0),
            next_product: cells.at(&c.product, 1),
            cumulative: cells.at(&c.cumulative, 0),
            next_cumulative: cells.at(&c.cumulative, 1),
        }
    }
}
