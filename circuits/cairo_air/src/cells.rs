//! The mask under construction: the order in which components ask for cells is the transcript's.

use std::cell::RefCell;

use novation_air::{Expr, ExprBuilder, Mask};

use crate::layout::VirtualColumn;

/// Hands out cells relative to the current row and records them in the mask.
pub(crate) struct Cells<'b> {
    exprs: &'b ExprBuilder,
    mask: RefCell<Vec<Mask>>,
}

impl<'b> Cells<'b> {
    pub(crate) fn new(exprs: &'b ExprBuilder) -> Self {
        Self { exprs, mask: RefCell::default() }
    }

    /// Cell `index` of a column; every call is an entry of its own, even for the same cell.
    pub(crate) fn at(&self, column: &VirtualColumn, index: u64) -> Expr<'b> {
        let mut mask = self.mask.borrow_mut();
        mask.push(column.cell(index));
        self.exprs.mask(mask.len() - 1)
    }

    pub(crate) fn into_mask(self) -> Vec<Mask> {
        self.mask.into_inner()
    }
}

/// Bit `index` of a number whose cell i holds the number shifted right by i bits.
pub(crate) fn bit<'b>(cells: &Cells<'b>, shifted: &VirtualColumn, index: u64) -> Expr<'b> {
    let current = cells.at(shifted, index);
    current - 2 * cells.at(shifted, index + 1)
}
