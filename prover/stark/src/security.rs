//! How many bits of security a proof has: four figures, because what is proven and what is believed
//! about the low-degree test differ by a third.
//!
//! A query costs a cheating prover the same number of bits whatever the proof's size, so figures
//! are counted in thousandths of a bit per query. The same tables stand in `prover/profiles.py`, in
//! `prover/reference/security.py` and in `ProofParameters.sol`; `tests/soundness/test_security.py`
//! compares them with each other and with the formulas. `docs/spec/proof_format.md`, section 7, says
//! where the formulas come from.

use thiserror::Error;

use crate::digest::CommitmentHash;
use crate::params::StarkParams;
use crate::proof::{Shape, COMPOSITION_COLUMNS};

/// Thousandths of a bit.
pub type Millibits = u32;

/// What one query is worth at one blowup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PerQuery {
    /// Conjectured: agreement of random words with a code, rho + rho log2(e / rho) / log2 |F|.
    random_words: Millibits,
    /// Proven beyond the Johnson bound, to first order: agreements for which certificates with at
    /// most 2^115 bad challenges were computed, for traces of up to `2^MAX_CERTIFIED_LOG_ROWS`.
    first_order: Millibits,
}

/// The smallest blowup for which security is counted, as a logarithm.
pub const MIN_COUNTED_LOG_BLOWUP: u32 = 2;
/// From that blowup on, each twice the one before.
const PER_QUERY: [PerQuery; 7] = [
    PerQuery { random_words: 1980, first_order: 1084 },
    PerQuery { random_words: 2975, first_order: 1639 },
    PerQuery { random_words: 3969, first_order: 2186 },
    PerQuery { random_words: 4963, first_order: 2728 },
    PerQuery { random_words: 5958, first_order: 3264 },
    PerQuery { random_words: 6952, first_order: 3789 },
    PerQuery { random_words: 7947, first_order: 4301 },
];
/// The largest blowup for which security is counted, as a logarithm.
pub const MAX_COUNTED_LOG_BLOWUP: u32 = 8;
/// Below the Johnson bound a query is worth half the logarithm of the blowup.
const JOHNSON_PER_LOG_BLOWUP: Millibits = 500;

const MILLIBITS_PER_BIT: u32 = 1000;
/// log2 of the field size.
const FIELD_BITS: f64 = 251.0;
/// What the commit phase is worth at least where the first-order figure is used.
const FIRST_ORDER_COMMIT: Millibits = 128_000;
const MAX_CERTIFIED_LOG_ROWS: u32 = 28;
/// Largest logarithm of the multiplicity m of Theorem 5.12; beyond, a query gains nothing.
const MAX_LOG_MULTIPLICITY: i32 = 20;

/// The security of a proof, in thousandths of a bit to the nearest. None exceeds `collision`; all
/// but that are zero for a blowup without a row in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// Proven, up to the Johnson bound (Theorem 5.12 of ePrint 2026/2056).
    pub proven: Millibits,
    /// Proven beyond the Johnson bound, to first order (Theorem 5.8 of the same).
    pub proven_beyond_johnson: Millibits,
    /// Conjectured: no word agrees with the code better than random ones (ePrint 2025/2010).
    pub conjectured: Millibits,
    /// What a collision of the commitment hash costs.
    pub collision: Millibits,
}

/// Parameters that are sound but too weak for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TooWeak {
    /// Fewer bits than required.
    #[error("{} bits of conjectured security, {required} are required", format_bits(*actual))]
    Bits {
        /// What the caller requires.
        required: u32,
        /// What the parameters give.
        actual: Millibits,
    },
    /// Something is required, and nothing is known about this blowup.
    #[error(
        "log_n_cosets is {log_blowup}, security is counted for {MIN_COUNTED_LOG_BLOWUP} to \
         {MAX_COUNTED_LOG_BLOWUP} only, and {required} bits are required"
    )]
    Uncounted {
        /// What the caller requires.
        required: u32,
        /// Logarithm of the blowup.
        log_blowup: u32,
    },
}

/// Thousandths of a bit as a decimal number of bits.
pub fn format_bits(millibits: Millibits) -> String {
    format!("{}.{:03}", millibits / MILLIBITS_PER_BIT, millibits % MILLIBITS_PER_BIT)
}

impl StarkParams {
    /// Checks that a proof of this shape has so many bits of conjectured security.
    ///
    /// # Errors
    /// [`TooWeak`] says how many it has.
    pub fn require_security(&self, shape: &Shape, required: u32) -> Result<Security, TooWeak> {
        let security = self.security(shape);
        let (log_blowup, actual) = (self.log_blowup, security.conjectured);
        let is_counted = (MIN_COUNTED_LOG_BLOWUP..=MAX_COUNTED_LOG_BLOWUP).contains(&log_blowup);
        if required > 0 && !is_counted {
            return Err(TooWeak::Uncounted { required, log_blowup });
        }
        if u64::from(actual) < u64::from(required) * u64::from(MILLIBITS_PER_BIT) {
            return Err(TooWeak::Bits { required, actual });
        }
        Ok(security)
    }

    /// The security of a proof of this shape.
    pub fn security(&self, shape: &Shape) -> Security {
        let collision = MILLIBITS_PER_BIT * self.collision_bits();
        let row = self.log_blowup.checked_sub(MIN_COUNTED_LOG_BLOWUP);
        let Some(row) = row.and_then(|row| PER_QUERY.get(row as usize)) else {
            let [proven, proven_beyond_johnson, conjectured] = [0; 3];
            return Security { proven, proven_beyond_johnson, conjectured, collision };
        };
        let proven = self.proven(shape).min(collision);
        let first_order = self.query_phase(row.first_order).min(FIRST_ORDER_COMMIT).min(collision);
        let is_certified = shape.log_trace <= MAX_CERTIFIED_LOG_ROWS;
        Security {
            proven,
            proven_beyond_johnson: if is_certified { first_order.max(proven) } else { proven },
            conjectured: self.query_phase(row.random_words).min(collision),
            collision,
        }
    }

    /// What queries and grinding are worth together.
    fn query_phase(&self, per_query: Millibits) -> Millibits {
        let n_queries = u32::try_from(self.fri.n_queries).unwrap_or(u32::MAX);
        let grinding = MILLIBITS_PER_BIT.saturating_mul(self.fri.pow_bits);
        n_queries.saturating_mul(per_query).saturating_add(grinding)
    }

    fn collision_bits(&self) -> u32 {
        let bottom = self.tree.bottom.collision_bits();
        if self.tree.n_friendly_layers == 0 {
            return bottom;
        }
        bottom.min(CommitmentHash::collision_bits(self.tree.friendly))
    }

    /// The best over the multiplicity m. All errors are added up, so that the figure is not that of
    /// the weakest round but of the whole proof.
    fn proven(&self, shape: &Shape) -> Millibits {
        let bits = (2..=MAX_LOG_MULTIPLICITY).map(|log_m| {
            let log_errors = self.log_errors(shape, f64::from(log_m).exp2());
            -log_errors.iter().map(|log_error| log_error.exp2()).sum::<f64>().log2()
        });
        let best = bits.fold(0.0, f64::max).min(FIELD_BITS);
        // At most 251,000.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let millibits = (best * f64::from(MILLIBITS_PER_BIT)).round() as Millibits;
        // With the largest m a query loses less than a millionth of a bit.
        let limit = self.query_phase(JOHNSON_PER_LOG_BLOWUP * self.log_blowup);
        millibits.min(limit)
    }

    /// Base-2 logarithms of the probabilities with which each round lets a false proof pass, for
    /// agreement sqrt(rho) (1 + 1/2m).
    fn log_errors(&self, shape: &Shape, m: f64) -> Vec<f64> {
        let log_rho = -f64::from(self.log_blowup);
        let log_rows = f64::from(shape.log_trace);
        let log_list = (m + 0.5).log2() - 0.5 * log_rho;
        let n_values = shape.n_mask + COMPOSITION_COLUMNS;
        // Bad challenges of a line of words on a domain of 2^log_domain points.
        let log_line = |log_domain: f64| {
            3.0 + log_domain + 3.0 * (m + 0.5).log2()
                - 3f64.log2()
                - (log_rho.exp2() - (-log_domain).exp2()).log2()
        };
        let rows = log_rows.exp2();
        let mut log_domain = log_rows - log_rho;
        let mut log_errors = vec![
            // ALI: powers of one challenge add up the constraints.
            log_list + log2(shape.n_constraints) - FIELD_BITS,
            // Permutations: each challenge is a root of a polynomial of at most so many factors.
            log_list + log2(shape.n_interaction.max(1)) + log_rows - FIELD_BITS,
            // DEEP: the point is a root of a polynomial of the degree of the composition.
            log_list + (3.0 * rows + 2.0 * as_f64(shape.n_mask)).log2() - FIELD_BITS,
            // Batching by powers of one challenge.
            log_line(log_domain) + log2(n_values - 1) - FIELD_BITS,
        ];
        for step in &self.fri.steps[1..] {
            log_domain -= f64::from(*step);
            log_errors.push(log_line(log_domain) + log2((1 << step) - 1) - FIELD_BITS);
        }
        let per_query = 0.5 * log_rho + (1.0 + 0.5 / m).log2();
        let n_queries = as_f64(self.fri.n_queries);
        log_errors.push(n_queries * per_query - f64::from(self.fri.pow_bits));
        log_errors
    }
}

fn log2(count: usize) -> f64 {
    as_f64(count).log2()
}

/// Counts here are far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn as_f64(count: usize) -> f64 {
    count as f64
}
