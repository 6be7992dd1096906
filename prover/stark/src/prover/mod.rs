//! The prover. Steps carry the numbers of the verifier.
//!
//! Memory is what limits the batch size: the extension of the trace is never held. Columns are kept
//! as values on the trace domain and as coefficients; each chunk of the evaluation domain is made,
//! hashed and dropped, and the few opened rows are evaluated again.

mod commit;
mod composition;
mod fri;
mod out_of_domain;
mod progress;
mod sums;

use std::error::Error;

use novation_air::{eval_composition, Air, AirError};
use novation_field::fft::{evaluate_at, Twiddles};
use novation_field::Fe;
use thiserror::Error;

pub use progress::{Cancelled, PhaseReport, Progress};

use crate::challenges::sorted_unique;
use crate::domain::EVALUATION_OFFSET;
use crate::params::{ParamsError, StarkParams};
use crate::pow::find_nonce;
use crate::proof::{opening_plans, Commitments, Proof, Shape, COMPOSITION_COLUMNS};
use crate::table::TablePlan;
use crate::transcript::Transcript;
use commit::{Table, TraceColumns};
use fri::FriLayers;

/// Who knows the trace.
pub trait Witness {
    /// The columns of the first phase, each with one value per row.
    ///
    /// # Errors
    /// Whatever makes the trace impossible.
    fn first_phase(&mut self) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>>;

    /// The columns of the second phase, from those of the first and the interaction elements.
    ///
    /// # Errors
    /// Whatever makes the trace impossible.
    fn second_phase(
        &mut self,
        first: &[Vec<Fe>],
        interaction: &[Fe],
    ) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>>;
}

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProveError {
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
    /// The caller stopped the prover.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Proves that the witness satisfies the AIR.
///
/// `statement` is what the transcript starts from: the public input as 32-byte words.
///
/// # Errors
/// [`ProveError`] if the trace is wrong or the caller cancels.
pub fn prove<A: Air + ?Sized>(
    air: &A,
    witness: &mut dyn Witness,
    params: &StarkParams,
    statement: &[u8],
    progress: &mut Progress<'_>,
) -> Result<Proof, ProveError> {
    let shape = Shape::of(air);
    params.check_trace_length(shape.log_trace)?;
    let twiddles = Twiddles::new(shape.log_trace);
    // 1 ----- statement ---------------------------------------------------------------------------
    let transcript = Transcript::new(params.channel, statement);
    let mut prover = Prover { air, params, shape, twiddles, transcript };
    // 2 ----- trace -------------------------------------------------------------------------------
    let (trace, interaction) = prover.commit_trace(witness, progress)?;
    let trace_roots = trace.iter().map(|phase| phase.table.root()).collect();
    // 3 ----- composition polynomial --------------------------------------------------------------
    let alpha = prover.transcript.draw_constraint_coefficient();
    let composition = prover.commit_composition(&trace, &interaction, alpha, progress)?;
    // 4 ----- values outside the domain -----------------------------------------------------------
    progress.enter("out-of-domain values")?;
    let point = prover.transcript.draw_ood_point();
    let frame = out_of_domain::Frame::new(point, prover.shape.log_trace);
    let ood_values = prover.out_of_domain_values(&frame, &trace, &composition);
    prover.check_constraints(&interaction, alpha, point, &ood_values)?;
    prover.transcript.absorb_ood_values(&ood_values);
    // 5 ----- DEEP polynomial ---------------------------------------------------------------------
    progress.enter("DEEP polynomial")?;
    let deep_coefficient = prover.transcript.draw_deep_coefficient();
    let deep = prover.deep_polynomial(&frame, &trace, &composition, &ood_values, deep_coefficient);
    drop(frame);
    // 6 ----- FRI commitments ---------------------------------------------------------------------
    progress.enter("FRI")?;
    let layers = FriLayers::commit(deep, params, &prover.twiddles, &mut prover.transcript);
    // 7 ----- grinding ----------------------------------------------------------------------------
    progress.enter("grinding")?;
    let nonce = prover.grind()?;
    // 8 ----- queries -----------------------------------------------------------------------------
    let log_domain = prover.shape.log_trace + params.log_blowup;
    let queries = prover.transcript.draw_queries(params.fri.n_queries, log_domain);
    // 9 ----- openings ----------------------------------------------------------------------------
    progress.enter("openings")?;
    let plans = opening_plans(&prover.shape, params, &sorted_unique(&queries));
    let tables: Vec<&Table> =
        trace.iter().map(|phase| &phase.table).chain([&composition]).collect();
    let (column_plans, fri_plans) = plans.split_at(tables.len());
    let mut openings = commit::open_tables(&tables, column_plans, params.log_blowup);
    openings.extend(layers.open(fri_plans));
    progress.finish()?;
    let commitments = Commitments {
        trace_roots,
        composition_root: composition.root(),
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
    twiddles: Twiddles,
    transcript: Transcript,
}

impl<A: Air + ?Sized> Prover<'_, A> {
    /// Commits to the phases of the trace; returns the interaction elements too.
    fn commit_trace(
        &mut self,
        witness: &mut dyn Witness,
        progress: &mut Progress<'_>,
    ) -> Result<(Vec<TraceColumns>, Vec<Fe>), ProveError> {
        let mut trace: Vec<TraceColumns> = Vec::new();
        let mut interaction = Vec::new();
        for (phase, columns) in self.shape.phases.clone().into_iter().enumerate() {
            let values = if let Some(first) = trace.first() {
                progress.enter("interaction trace")?;
                interaction = self.transcript.draw_interaction(self.shape.n_interaction);
                witness.second_phase(&first.values, &interaction)
            } else {
                progress.enter("trace")?;
                witness.first_phase()
            };
            let values = values.map_err(ProveError::Witness)?;
            self.check_columns(phase, columns, &values)?;
            progress.enter(if phase == 0 {
                "trace commitment"
            } else {
                "interaction commitment"
            })?;
            let committed =
                TraceColumns::commit(values, self.params, &self.twiddles, EVALUATION_OFFSET);
            self.transcript.absorb_root(&committed.table.root());
            trace.push(committed);
        }
        Ok((trace, interaction))
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

    fn grind(&mut self) -> Result<u64, ProveError> {
        let bits = self.params.fri.pow_bits;
        if bits == 0 {
            return Ok(0);
        }
        let seed = self.transcript.grinding_seed();
        let nonce = find_nonce(self.params.pow, &seed, bits).ok_or(ProveError::Grinding(bits))?;
        self.transcript.absorb_nonce(nonce);
        Ok(nonce)
    }
}

/// The evaluation domain positions of the rows that a plan opens.
fn opened_positions(plan: &TablePlan) -> Vec<u64> {
    plan.rows.keys().copied().collect()
}
