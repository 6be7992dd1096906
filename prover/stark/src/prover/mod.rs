//! The prover. Steps carry the numbers of the verifier.
//!
//! Memory is what limits the batch size: neither the extension of the trace nor the lower layers of
//! a tree are held. Columns are kept as coefficients; each chunk of the evaluation domain is made,
//! hashed and dropped, and what a query opens is made again. [`Resources`] decides what else is.

mod composition;
mod deep_polynomial;
mod fri;
mod out_of_domain;
mod polynomials;
mod progress;
mod resources;
mod subtrees;
mod sums;
mod table;
#[cfg(test)]
mod tests;
mod work;

use std::error::Error;

use novation_air::{eval_composition, Air, AirError, Node};
use novation_field::fft::{evaluate_at, Twiddles};
use novation_field::{Fe, Kernel, KernelError};
use thiserror::Error;

pub use progress::{Cancelled, PhaseReport, Progress};
pub use resources::{BudgetError, Resources};
pub use work::{Primitives, Work};

use crate::challenges::sorted_unique;
use crate::domain::EVALUATION_OFFSET;
use crate::params::{ParamsError, StarkParams};
use crate::pow::find_nonce;
use crate::proof::{opening_plans, Commitments, Proof, Shape, COMPOSITION_COLUMNS};
use crate::table::Opening;
use crate::transcript::Transcript;
use deep_polynomial::DeepTerms;
use fri::FriLayers;
use polynomials::interpolate_rows;
use resources::MemoryPlan;
use table::{Committer, Table};

/// Who knows the trace.
pub trait Witness {
    /// The columns of the first phase, each with one value per row.
    ///
    /// # Errors
    /// Whatever makes the trace impossible.
    fn first_phase(&mut self) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>>;

    /// The columns of the second phase, from the interaction elements.
    ///
    /// # Errors
    /// Whatever makes the trace impossible.
    fn second_phase(
        &mut self,
        interaction: &[Fe],
    ) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>>;

    /// Bytes that making the trace takes beside the columns.
    fn extra_bytes(&self) -> u64 {
        0
    }
}

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProveError {
    /// The kernel asked for cannot be had.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The parameters do not fit the statement.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The trace could not be made.
    #[error("trace: {0}")]
    Witness(Box<dyn Error + Send + Sync>),
    /// The trace has the wrong shape.
    #[error("phase {phase} has columns of lengths {actual:?}, expected {columns} of {rows}")]
    TraceShape {
        /// The phase, from zero.
        phase: usize,
        /// Number of columns expected.
        columns: usize,
        /// Number of rows expected.
        rows: usize,
        /// Lengths of the columns given.
        actual: Vec<usize>,
    },
    /// The AIR could not be evaluated.
    #[error(transparent)]
    Air(#[from] AirError),
    /// The trace violates a constraint. The checker of the AIR says which.
    #[error("the trace does not satisfy the constraints")]
    Unsatisfied,
    /// No nonce was found.
    #[error("no nonce proves {0} bits of work")]
    Grinding(u32),
    /// The memory does not suffice.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// The caller stopped the prover.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Proves that the witness satisfies the AIR.
///
/// `statement` is what the transcript starts from: the public input as 32-byte words. The proof is
/// the same whatever the resources, the kernel and the number of threads.
///
/// # Errors
/// [`ProveError`] if the trace is wrong, the memory does not suffice or the caller cancels.
pub fn prove<A: Air + ?Sized>(
    air: &A,
    witness: &mut dyn Witness,
    params: &StarkParams,
    statement: &[u8],
    resources: Resources,
    progress: &mut Progress<'_>,
) -> Result<Proof, ProveError> {
    Kernel::chosen()?;
    let shape = Shape::of(air);
    params.check_trace_length(shape.log_trace)?;
    let plan = MemoryPlan::choose(resources, &shape, params.log_blowup, witness.extra_bytes())?;
    prove_as_planned(air, witness, params, statement, plan, progress)
}

fn prove_as_planned<A: Air + ?Sized>(
    air: &A,
    witness: &mut dyn Witness,
    params: &StarkParams,
    statement: &[u8],
    plan: MemoryPlan,
    progress: &mut Progress<'_>,
) -> Result<Proof, ProveError> {
    let shape = Shape::of(air);
    let twiddles = &Twiddles::new(shape.log_trace);
    let committer = &Committer { params, twiddles, log_parts: plan.log_parts };
    // 1 ----- statement ---------------------------------------------------------------------------
    let transcript = Transcript::new(params.channel, statement);
    let mut prover = Prover { air, params, shape, plan, twiddles, transcript };
    // 2 ----- trace -------------------------------------------------------------------------------
    let (trace, mut tables, interaction) = prover.commit_trace(witness, committer, progress)?;
    let trace_roots = tables.iter().map(Table::root).collect();
    // 3 ----- composition polynomial --------------------------------------------------------------
    progress.enter("composition evaluation")?;
    let alpha = prover.transcript.draw_constraint_coefficient();
    let (trace, composition) = prover.composition(trace, (&interaction, alpha), progress)?;
    progress.enter("composition commitment")?;
    let table = committer.commit(&composition, EVALUATION_OFFSET, 0, progress)?;
    prover.transcript.absorb_root(&table.root());
    let composition_root = table.root();
    tables.push(table);
    // 4 ----- values outside the domain -----------------------------------------------------------
    progress.enter("out-of-domain values")?;
    let point = prover.transcript.draw_ood_point();
    let (frame, trace) = prover.frame(point, trace);
    let ood_values = prover.out_of_domain_values(&frame, &trace, &composition);
    prover.check_constraints(&interaction, alpha, point, &ood_values)?;
    prover.transcript.absorb_ood_values(&ood_values);
    progress.count(prover.out_of_domain_work());
    // 5 ----- DEEP polynomial ---------------------------------------------------------------------
    progress.enter("DEEP polynomial")?;
    let coefficient = prover.transcript.draw_deep_coefficient();
    let terms = DeepTerms { ood_values: &ood_values, coefficient };
    let (deep, columns) = prover.deep_polynomial(frame, trace, composition, &terms);
    progress.count(prover.deep_work());
    // 6 ----- FRI commitments ---------------------------------------------------------------------
    progress.enter("FRI")?;
    let layers = FriLayers::commit(deep, committer, &mut prover.transcript, progress)?;
    // 7 ----- grinding ----------------------------------------------------------------------------
    progress.enter("grinding")?;
    let nonce = prover.grind(progress)?;
    // 8 ----- queries -----------------------------------------------------------------------------
    let log_domain = prover.shape.log_trace + params.log_blowup;
    let queries = prover.transcript.draw_queries(params.fri.n_queries, log_domain);
    // 9 ----- openings ----------------------------------------------------------------------------
    progress.enter("openings")?;
    let openings = prover.open(&queries, &tables, &columns, &layers);
    progress.count(prover.opening_work(queries.len()));
    progress.finish()?;
    let commitments = Commitments {
        trace_roots,
        composition_root,
        ood_values,
        fri_roots: layers.roots(),
        last_layer: layers.last_layer,
        nonce,
    };
    Ok(Proof { commitments, openings })
}

/// What all steps share.
struct Prover<'a, A: ?Sized> {
    air: &'a A,
    params: &'a StarkParams,
    shape: Shape,
    plan: MemoryPlan,
    twiddles: &'a Twiddles,
    transcript: Transcript,
}

/// Coefficients of all columns, the table of each phase, and the interaction elements.
type CommittedTrace = (Vec<Vec<Fe>>, Vec<Table>, Vec<Fe>);

impl<A: Air + ?Sized> Prover<'_, A> {
    fn commit_trace(
        &mut self,
        witness: &mut dyn Witness,
        committer: &Committer<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<CommittedTrace, ProveError> {
        let mut coefficients: Vec<Vec<Fe>> = Vec::new();
        let mut tables = Vec::new();
        let mut interaction = Vec::new();
        for (phase, columns) in self.shape.phases.clone().into_iter().enumerate() {
            let values = if phase == 0 {
                progress.enter("trace")?;
                witness.first_phase()
            } else {
                progress.enter("interaction trace")?;
                interaction = self.transcript.draw_interaction(self.shape.n_interaction);
                witness.second_phase(&interaction)
            };
            let values = values.map_err(ProveError::Witness)?;
            self.check_columns(phase, columns, &values)?;
            progress.enter(if phase == 0 {
                "trace commitment"
            } else {
                "interaction commitment"
            })?;
            let of_phase = interpolate_rows(values, self.twiddles);
            progress.count(Work::transforms(columns, self.shape.log_trace));
            let table = committer.commit(&of_phase, EVALUATION_OFFSET, 0, progress)?;
            self.transcript.absorb_root(&table.root());
            coefficients.extend(of_phase);
            tables.push(table);
        }
        Ok((coefficients, tables, interaction))
    }

    fn check_columns(
        &self,
        phase: usize,
        columns: usize,
        values: &[Vec<Fe>],
    ) -> Result<(), ProveError> {
        let rows = 1usize << self.shape.log_trace;
        let actual: Vec<usize> = values.iter().map(Vec::len).collect();
        if actual.len() != columns || actual.iter().any(|length| *length != rows) {
            return Err(ProveError::TraceShape { phase, columns, rows, actual });
        }
        Ok(())
    }

    /// The verifier's check of step 4, so that a wrong trace is noticed here and not by others.
    fn check_constraints(
        &self,
        interaction: &[Fe],
        alpha: Fe,
        point: Fe,
        ood_values: &[Fe],
    ) -> Result<(), ProveError> {
        let (mask, composition) = ood_values.split_at(ood_values.len() - COMPOSITION_COLUMNS);
        let params = self.air.params(interaction)?;
        let expected = eval_composition(self.air, mask, alpha, point, &params)?;
        let satisfied = expected == evaluate_at(composition, point);
        satisfied.then_some(()).ok_or(ProveError::Unsatisfied)
    }

    /// Opens the rows of all tables that the queries ask for; `columns` are those of the trace and
    /// of the composition.
    fn open(
        &self,
        queries: &[u64],
        tables: &[Table],
        columns: &[Vec<Fe>],
        layers: &FriLayers,
    ) -> Vec<Opening> {
        let plans = opening_plans(&self.shape, self.params, &sorted_unique(queries));
        let (column_plans, fri_plans) = plans.split_at(tables.len());
        let mut rest = columns;
        let mut openings = Vec::with_capacity(plans.len());
        for (table, plan) in tables.iter().zip(column_plans) {
            let (columns, others) = rest.split_at(plan.n_columns);
            openings.push(table.open(columns, plan, self.twiddles));
            rest = others;
        }
        openings.extend(layers.open(fri_plans, self.twiddles));
        openings
    }

    #[allow(clippy::cast_precision_loss)] // Shares of progress are rough.
    fn grind(&mut self, progress: &mut Progress<'_>) -> Result<u64, ProveError> {
        let bits = self.params.fri.pow_bits;
        if bits == 0 {
            return Ok(0);
        }
        let seed = self.transcript.grinding_seed();
        // The number of trials until success is geometric.
        let mean_trials = (1u64 << bits) as f64;
        let nonce = find_nonce(self.params.pow, &seed, bits, |tried| {
            progress.advance(1.0 - (-(tried as f64) / mean_trials).exp())
        })?;
        let nonce = nonce.ok_or(ProveError::Grinding(bits))?;
        progress.count(Work::short_hashes(nonce + 1, self.params.pow));
        self.transcript.absorb_nonce(nonce);
        Ok(nonce)
    }

    /// One product for each distinct entry of the mask and row, and three for each inverse.
    fn out_of_domain_work(&self) -> Work {
        let terms = self.distinct_masks() + COMPOSITION_COLUMNS as u64 + 3;
        Work::rows(1 << self.shape.log_trace, terms, self.n_columns() + 1)
    }

    /// One product for each term, two for each column, and the transforms of the composition and of
    /// the result.
    fn deep_work(&self) -> Work {
        let composition = COMPOSITION_COLUMNS as u64;
        let terms = self.distinct_masks() + 2 * composition + self.n_columns() + 3;
        Work::rows(1 << self.shape.log_trace, terms, self.n_columns() + composition + 2)
            + Work::transforms(COMPOSITION_COLUMNS + 1, self.shape.log_trace)
    }

    /// One product for each query and coefficient of a column, or of a layer.
    fn opening_work(&self, n_queries: usize) -> Work {
        let polynomials = self.n_columns() + COMPOSITION_COLUMNS as u64 + 1;
        Work::rows(1 << self.shape.log_trace, n_queries as u64 * polynomials, polynomials)
    }

    /// The products of the constraint expressions, and one with each constraint's coefficient.
    fn constraint_muls(&self) -> u64 {
        let is_product = |node: &&Node| matches!(node, Node::Mul(..));
        let products = self.air.graph().nodes.iter().filter(is_product).count();
        (products + self.air.constraints().len()) as u64
    }

    fn distinct_masks(&self) -> u64 {
        self.air.mask().iter().collect::<std::collections::HashSet<_>>().len() as u64
    }

    fn n_columns(&self) -> u64 {
        self.shape.phases.iter().sum::<usize>() as u64
    }
}
