//! How many bits of security a set of parameters has.

use crate::digest::CommitmentHash;
use crate::params::StarkParams;

/// Bits of security, by what is conjectured and by what is proven.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecurityBits {
    /// The ethSTARK conjecture: every query gains the logarithm of the blowup.
    pub conjectured: u32,
    /// Up to the Johnson bound (Ben-Sasson et al., ePrint 2020/654): a query gains half of that,
    /// and the commit phase can fail with a probability that depends on field and domain size.
    pub proven: f64,
    /// What a collision of the commitment hash costs; both figures are limited by it.
    pub collision: u32,
}

/// log2 of the field size.
const FIELD_BITS: f64 = 251.0;

impl StarkParams {
    /// The security of a proof about a trace of length `2^log_trace`.
    pub fn security_bits(&self, log_trace: u32) -> SecurityBits {
        let n_queries = u32::try_from(self.fri.n_queries).unwrap_or(u32::MAX);
        let queries = n_queries.saturating_mul(self.log_blowup);
        let collision = self.collision_bits();
        SecurityBits {
            conjectured: queries.saturating_add(self.fri.pow_bits).min(collision),
            proven: self.proven_bits(log_trace, n_queries.into()).min(f64::from(collision)),
            collision,
        }
    }

    fn collision_bits(&self) -> u32 {
        let bottom = self.tree.bottom.collision_bits();
        if self.tree.n_friendly_layers == 0 {
            return bottom;
        }
        bottom.min(CommitmentHash::collision_bits(self.tree.friendly))
    }

    /// The best over the proximity parameter m >= 3 of Theorem 8.3 in ePrint 2020/654: a query
    /// fails to notice with probability sqrt(rho) (1 + 1/2m), and the commit phase fails with
    /// probability at most (m + 1/2)^7 n^2 / (3 rho^(3/2) |F|) plus a linear term for the folds.
    fn proven_bits(&self, log_trace: u32, n_queries: f64) -> f64 {
        let log_rho = -f64::from(self.log_blowup);
        let log_domain = f64::from(log_trace + self.log_blowup);
        let folds: f64 = self.fri.steps.iter().map(|step| f64::from(1u32 << step)).sum();
        let bits = (3..=100).map(|m| {
            let m = f64::from(m);
            let per_query = -(0.5 * log_rho + (1.0 + 0.5 / m).log2());
            let query_bits = n_queries * per_query + f64::from(self.fri.pow_bits);
            let batching = 7.0 * (m + 0.5).log2() + 2.0 * log_domain
                - 3f64.log2()
                - 1.5 * log_rho
                - FIELD_BITS;
            let folding =
                ((2.0 * m + 1.0) * folds).log2() + log_domain - 0.5 * log_rho - FIELD_BITS;
            let commit_bits = -(batching.exp2() + folding.exp2()).log2();
            // The two phases fail independently; the sum of probabilities costs at most one bit.
            -((-query_bits).exp2() + (-commit_bits).exp2()).log2()
        });
        bits.fold(0.0, f64::max)
    }
}
