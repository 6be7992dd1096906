//! How much memory a proof takes, and what the prover does to need less.

use thiserror::Error;

use crate::process;
use crate::proof::{Shape, COMPOSITION_COLUMNS};

const ELEMENT_BYTES: u64 = 32;
/// Code, stacks of threads, buffers of tasks and tables of constants.
const FIXED_BYTES: u64 = 16 << 20;

/// A refusal names a budget that is larger by at least this, so that it will do the next time.
const SLACK_BYTES: u64 = 16 << 20;

/// What a proof may use of the machine. It changes no byte of the proof.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resources {
    /// Bytes that the process may have in use, those before the proof included. Without a budget the
    /// prover takes what is free, and never refuses.
    pub memory_budget: Option<u64>,
}

/// The proof does not fit the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the proof needs a memory budget of {} MiB, the budget is {} MiB",
    needed.div_ceil(1 << 20), budget >> 20
)]
pub struct BudgetError {
    /// The smallest budget that suffices, in bytes.
    pub needed: u64,
    /// The budget, in bytes.
    pub budget: u64,
}

/// What is made again instead of being kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MemoryPlan {
    /// Values on a coset take the place of the coefficients, which are interpolated again.
    pub(super) in_place: bool,
    /// Cosets are extended in `2^log_parts` parts.
    pub(super) log_parts: u32,
}

/// From the fastest to the smallest.
pub(super) const PLANS: [MemoryPlan; 4] = [
    MemoryPlan { in_place: false, log_parts: 0 },
    MemoryPlan { in_place: true, log_parts: 0 },
    MemoryPlan { in_place: true, log_parts: 1 },
    MemoryPlan { in_place: true, log_parts: 2 },
];

impl MemoryPlan {
    /// The fastest plan that fits the budget, or the memory that is free if there is none. `witness`
    /// is what the makers of the trace need beside its columns, in bytes.
    pub(super) fn choose(
        resources: Resources,
        shape: &Shape,
        log_blowup: u32,
        witness: u64,
    ) -> Result<Self, BudgetError> {
        let more = |plan: &Self| {
            FIXED_BYTES + witness + plan.peak_elements(shape, log_blowup) * ELEMENT_BYTES
        };
        let smallest = PLANS[PLANS.len() - 1];
        let Some(budget) = resources.memory_budget else {
            let Some(free) = process::available_bytes() else { return Ok(PLANS[0]) };
            // Nobody asked for a refusal: the system may have more to give than it says.
            return Ok(PLANS.into_iter().find(|plan| more(plan) <= free).unwrap_or(smallest));
        };
        let in_use = process::resident_bytes();
        let fits = |plan: &&Self| in_use + more(plan) <= budget;
        // What is in use differs a little from one attempt to the next.
        let needed = (in_use + more(&smallest) + SLACK_BYTES).next_multiple_of(SLACK_BYTES);
        let refusal = BudgetError { needed, budget };
        PLANS.iter().find(fits).copied().ok_or(refusal)
    }

    /// Elements held at once in the phase that holds most.
    fn peak_elements(self, shape: &Shape, log_blowup: u32) -> u64 {
        let n = 1u64 << shape.log_trace;
        let columns: u64 = shape.phases.iter().map(|columns| *columns as u64).sum();
        let composition = COMPOSITION_COLUMNS as u64;
        let coset = |columns: u64| if self.in_place { columns } else { 2 * columns };
        let chunk = |columns: u64| columns.div_ceil(1 << self.log_parts);
        let mut in_units_of_n = vec![
            // The interaction trace: the columns, numerators and denominators of its products.
            columns + 2,
            // The composition: two halves, and at the end its columns beside them.
            coset(columns) + 2 * composition,
            coset(columns) + composition + chunk(composition),
            // DEEP: inverses, the result and the composition on the same coset.
            coset(columns) + coset(composition) + 2,
            // FRI: its layers and a chunk; everything else waits as coefficients.
            columns + composition + 2 + chunk(1),
        ];
        let mut committed = 0;
        for phase in &shape.phases {
            // The commitment of a phase: all columns so far, and a chunk of the extension.
            committed += *phase as u64;
            in_units_of_n.push(committed + chunk(*phase as u64));
        }
        let most = in_units_of_n.into_iter().max().unwrap_or(0);
        // Twiddles take another unit, and kept trees two digests for 64 rows of each table.
        let tables = shape.phases.len() as u64 + 2;
        (most + 1) * n + ((tables * n) << log_blowup) / 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_plans_are_ordered_by_memory() {
        let shape = Shape {
            log_trace: 20,
            phases: vec![6, 1],
            n_interaction: 8,
            n_mask: 941,
            n_constraints: 419,
        };
        for log_blowup in [1, 2, 4] {
            let peaks = PLANS.map(|plan| plan.peak_elements(&shape, log_blowup));
            assert!(peaks.is_sorted_by(|a, b| a >= b), "{peaks:?}");
            assert!(peaks[3] < peaks[0]);
        }
    }
}
