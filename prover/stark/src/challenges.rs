//! The challenges that a list of commitments leads to.

use novation_field::Fe;

use crate::digest::Digest;
use crate::params::StarkParams;
use crate::proof::{Commitments, Shape};
use crate::transcript::Transcript;

/// Everything the verifier draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenges {
    /// Elements drawn after the first phase of the trace.
    pub interaction: Vec<Fe>,
    /// The coefficient whose powers combine the constraints.
    pub constraint_coefficient: Fe,
    /// The point outside the domain.
    pub ood_point: Fe,
    /// The coefficient whose powers combine the DEEP quotients.
    pub deep_coefficient: Fe,
    /// The point at which each committed FRI layer is folded.
    pub fri_points: Vec<Fe>,
    /// The digest that grinding starts from.
    pub grinding_seed: Digest,
    /// The queries in the order drawn, with duplicates.
    pub queries_drawn: Vec<u64>,
    /// The queries in increasing order, without duplicates.
    pub queries: Vec<u64>,
}

impl Challenges {
    /// Plays the verifier's part of the protocol; steps are numbered as in prover and verifier.
    pub fn replay(
        shape: &Shape,
        params: &StarkParams,
        statement: &[u8],
        commitments: &Commitments,
    ) -> Self {
        // 1 ----- statement -----------------------------------------------------------------------
        let mut transcript = Transcript::new(params.channel, statement);
        // 2 ----- trace ---------------------------------------------------------------------------
        let mut interaction = Vec::new();
        for (phase, root) in commitments.trace_roots.iter().enumerate() {
            if phase == 1 {
                interaction = transcript.draw_interaction(shape.n_interaction);
            }
            transcript.absorb_root(root);
        }
        // 3 ----- composition polynomial ----------------------------------------------------------
        let constraint_coefficient = transcript.draw_constraint_coefficient();
        transcript.absorb_root(&commitments.composition_root);
        // 4 ----- values outside the domain -------------------------------------------------------
        let ood_point = transcript.draw_ood_point();
        transcript.absorb_ood_values(&commitments.ood_values);
        // 5 ----- DEEP polynomial -----------------------------------------------------------------
        let deep_coefficient = transcript.draw_deep_coefficient();
        // 6 ----- FRI commitments -----------------------------------------------------------------
        let mut fri_points = Vec::with_capacity(commitments.fri_roots.len());
        for root in &commitments.fri_roots {
            transcript.absorb_root(root);
            fri_points.push(transcript.draw_fri_point());
        }
        transcript.absorb_last_layer(&commitments.last_layer);
        // 7 ----- grinding ------------------------------------------------------------------------
        let grinding_seed = transcript.grinding_seed();
        if params.fri.pow_bits > 0 {
            transcript.absorb_nonce(commitments.nonce);
        }
        // 8 ----- queries -------------------------------------------------------------------------
        let log_domain = shape.log_trace + params.log_blowup;
        let queries_drawn = transcript.draw_queries(params.fri.n_queries, log_domain);
        let queries = sorted_unique(&queries_drawn);
        Self {
            interaction,
            constraint_coefficient,
            ood_point,
            deep_coefficient,
            fri_points,
            grinding_seed,
            queries_drawn,
            queries,
        }
    }
}

/// The queries in increasing order, each once.
pub(crate) fn sorted_unique(queries: &[u64]) -> Vec<u64> {
    let mut queries = queries.to_vec();
    queries.sort_unstable();
    queries.dedup();
    queries
}
