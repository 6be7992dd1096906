//! What one row of the composition polynomial costs.

use crate::program::{Formula, Op, Program};

/// Field operations of one row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OperationCounts {
    /// Products of different elements, each with its reduction.
    pub products: usize,
    /// Squares, each with its reduction.
    pub squares: usize,
    /// Products added to a sum that is not reduced yet.
    pub lazy_products: usize,
    /// Reductions of such sums.
    pub reductions: usize,
    /// Sums and differences.
    pub additions: usize,
    /// Different cells of the trace that are read.
    pub cells: usize,
}

impl OperationCounts {
    pub(crate) fn new(program: &Program) -> Self {
        let mut counts = Self { cells: program.mask_used.len(), ..Self::default() };
        for op in &program.ops {
            match op {
                Op::LoadPeriodic { .. } | Op::LoadConstant { .. } | Op::Reduce { .. } => (),
                Op::Compute { formula, .. } | Op::ComputeLoose { formula, .. } => match formula {
                    Formula::Mul(..) | Formula::MulConstant(..) => counts.products += 1,
                    Formula::Square(_) => counts.squares += 1,
                    _ => counts.additions += 1,
                },
                Op::Accumulate { .. } => counts.lazy_products += 1,
                Op::Flush => counts.reductions += 1,
                Op::Finish { .. } => {
                    counts.reductions += 1;
                    counts.products += 1;
                }
            }
        }
        counts
    }
}
