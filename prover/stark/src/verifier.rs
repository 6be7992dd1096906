//! The verifier. Steps carry the numbers of the prover and of [`Challenges::replay`].

use std::collections::BTreeMap;

use novation_air::{eval_composition, Air, AirError};
use novation_field::fft::evaluate_at;
use novation_field::Fe;
use thiserror::Error;

use crate::challenges::Challenges;
use crate::deep::{deep_groups, deep_value};
use crate::digest::Digest;
use crate::domain::{Subgroup, EVALUATION_OFFSET};
use crate::fri::fold_coset;
use crate::merkle::MerkleError;
use crate::params::{ParamsError, StarkParams};
use crate::pow::verify_nonce;
use crate::proof::{opening_plans, Proof, ProofBytesError, Shape, COMPOSITION_COLUMNS};
use crate::security::Security;
use crate::table::{Opening, TablePlan};

/// Why a proof is rejected.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum VerifyError {
    /// The parameters do not fit the statement.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The bytes are not a proof of the expected shape.
    #[error(transparent)]
    Bytes(#[from] ProofBytesError),
    /// The proof has the wrong number of messages of some kind.
    #[error("the proof does not have the messages that parameters and statement ask for")]
    Shape,
    /// The constraints cannot be evaluated at the point outside the domain.
    #[error("step 4: {0}")]
    Constraints(#[from] AirError),
    /// The values outside the domain do not satisfy the constraints.
    #[error("step 4: constraints give {expected} outside the domain, the proof claims {claimed}")]
    OutOfDomain {
        /// The composition polynomial computed from the mask values.
        expected: Fe,
        /// The value that the composition columns give.
        claimed: Fe,
    },
    /// The nonce does not prove the work.
    #[error("step 7: nonce {nonce} does not prove {bits} bits of work")]
    ProofOfWork {
        /// The nonce.
        nonce: u64,
        /// Leading zero bits asked for.
        bits: u32,
    },
    /// A query hits the root of a DEEP denominator.
    #[error("step 9: query {query} lies on an out-of-domain point")]
    DeepDenominator {
        /// The query.
        query: u64,
    },
    /// Opened rows do not belong to the commitment.
    #[error("step 9: table {table}: {error}")]
    Table {
        /// The table: trace phases, then the composition, then FRI layers.
        table: usize,
        /// What is wrong.
        error: MerkleError,
    },
    /// A folded value is not on the last layer's polynomial.
    #[error("step 10: position {position} of the last layer is {folded}, not {expected}")]
    LastLayer {
        /// Position in the domain of the last layer.
        position: u64,
        /// The value that folding leads to.
        folded: Fe,
        /// The value of the polynomial that was sent.
        expected: Fe,
    },
}

/// Verifies the bytes of a proof.
///
/// `statement` is what the transcript starts from: the public input as 32-byte words.
///
/// # Errors
/// [`VerifyError`] says in which step the proof fails. No input panics.
pub fn verify_bytes<A: Air + ?Sized>(
    air: &A,
    params: &StarkParams,
    statement: &[u8],
    bytes: &[u8],
) -> Result<Security, VerifyError> {
    let shape = Shape::of(air);
    params.check_trace_length(shape.log_trace)?;
    let proof = Proof::from_bytes(bytes, &shape, params, statement)?;
    verify(air, params, statement, &proof)
}

/// Verifies a proof.
///
/// # Errors
/// As [`verify_bytes`].
pub fn verify<A: Air + ?Sized>(
    air: &A,
    params: &StarkParams,
    statement: &[u8],
    proof: &Proof,
) -> Result<Security, VerifyError> {
    let shape = Shape::of(air);
    params.check_trace_length(shape.log_trace)?;
    if !proof.commitments.matches(&shape, params) {
        return Err(VerifyError::Shape);
    }
    // 1 to 3, 5, 6 and 8 ----- challenges ---------------------------------------------------------
    let challenges = Challenges::replay(&shape, params, statement, &proof.commitments);
    // 4 ----- values outside the domain -----------------------------------------------------------
    check_out_of_domain(air, &challenges, &proof.commitments.ood_values)?;
    // 7 ----- grinding ----------------------------------------------------------------------------
    let (nonce, bits) = (proof.commitments.nonce, params.fri.pow_bits);
    if bits > 0 && !verify_nonce(params.pow, &challenges.grinding_seed, bits, nonce) {
        return Err(VerifyError::ProofOfWork { nonce, bits });
    }
    // 9 ----- openings ----------------------------------------------------------------------------
    let plans = opening_plans(&shape, params, &challenges.queries);
    let all_match = plans.iter().zip(&proof.openings).all(|(plan, opening)| plan.matches(opening));
    if plans.len() != proof.openings.len() || !all_match {
        return Err(VerifyError::Shape);
    }
    let columns = open_columns(&shape, params, &plans, proof)?;
    let deep_values = deep_values(air, params, &challenges, proof, &columns)?;
    // 10 ----- folding ----------------------------------------------------------------------------
    check_folding(&shape, params, &challenges, proof, &plans, deep_values)?;
    Ok(params.security(&shape))
}

/// The mask values must satisfy the constraints: the composition polynomial that they give is the
/// one that was committed.
fn check_out_of_domain<A: Air + ?Sized>(
    air: &A,
    challenges: &Challenges,
    ood_values: &[Fe],
) -> Result<(), VerifyError> {
    let (mask, composition) = ood_values.split_at(ood_values.len() - COMPOSITION_COLUMNS);
    let point = challenges.ood_point;
    let alpha = challenges.constraint_coefficient;
    let air_params = air.params(&challenges.interaction)?;
    let expected = eval_composition(air, mask, alpha, point, &air_params)?;
    let claimed = evaluate_at(composition, point);
    if expected != claimed {
        return Err(VerifyError::OutOfDomain { expected, claimed });
    }
    Ok(())
}

/// Rows of trace and composition at each query, checked against their roots.
fn open_columns(
    shape: &Shape,
    params: &StarkParams,
    plans: &[TablePlan],
    proof: &Proof,
) -> Result<Vec<Vec<Fe>>, VerifyError> {
    let roots = proof.commitments.trace_roots.iter().chain([&proof.commitments.composition_root]);
    let tables = roots.zip(plans).zip(&proof.openings).enumerate().take(shape.phases.len() + 1);
    let mut columns: Vec<Vec<Fe>> = vec![Vec::new(); plans[0].rows.len()];
    for (table, ((root, plan), opening)) in tables {
        let rows: Vec<Vec<Fe>> =
            opening.values.chunks_exact(plan.n_columns).map(<[Fe]>::to_vec).collect();
        check_table(table, plan, &rows, opening, params, root)?;
        for (all, row) in columns.iter_mut().zip(rows) {
            all.extend(row);
        }
    }
    Ok(columns)
}

fn check_table(
    table: usize,
    plan: &TablePlan,
    rows: &[Vec<Fe>],
    opening: &Opening,
    params: &StarkParams,
    root: &Digest,
) -> Result<(), VerifyError> {
    plan.verify(rows, &opening.siblings, &params.tree, root)
        .map_err(|error| VerifyError::Table { table, error })
}

/// The DEEP polynomial at each query.
fn deep_values<A: Air + ?Sized>(
    air: &A,
    params: &StarkParams,
    challenges: &Challenges,
    proof: &Proof,
    columns: &[Vec<Fe>],
) -> Result<BTreeMap<u64, Fe>, VerifyError> {
    let groups = deep_groups(
        air,
        challenges.ood_point,
        &proof.commitments.ood_values,
        challenges.deep_coefficient,
    );
    let domain = Subgroup::new(air.log_trace_length() + params.log_blowup);
    let value = |(query, row): (&u64, &Vec<Fe>)| {
        let point = EVALUATION_OFFSET * domain.element(*query);
        let value = deep_value(&groups, point, row);
        Ok((*query, value.ok_or(VerifyError::DeepDenominator { query: *query })?))
    };
    challenges.queries.iter().zip(columns).map(value).collect()
}

/// Every FRI layer must contain the values folded from the layer before; the last one must be the
/// polynomial that was sent.
fn check_folding(
    shape: &Shape,
    params: &StarkParams,
    challenges: &Challenges,
    proof: &Proof,
    plans: &[TablePlan],
    mut values: BTreeMap<u64, Fe>,
) -> Result<(), VerifyError> {
    let first_table = shape.phases.len() + 1;
    let mut domain = Subgroup::new(shape.log_trace + params.log_blowup);
    for (layer, root) in proof.commitments.fri_roots.iter().enumerate() {
        let table = first_table + layer;
        let (plan, opening) = (&plans[table], &proof.openings[table]);
        let step = params.fri.steps[layer + 1];
        let rows = complete_rows(plan, opening, &values, step);
        check_table(table, plan, &rows, opening, params, root)?;
        let point = challenges.fri_points[layer];
        let fold =
            |(row, cells): (&u64, &Vec<Fe>)| (*row, fold_coset(cells, &domain, row << step, point));
        values = plan.rows.keys().zip(&rows).map(fold).collect();
        domain = Subgroup::new(domain.log_size() - step);
    }
    for (position, folded) in values {
        let expected = evaluate_at(&proof.commitments.last_layer, domain.element(position));
        if folded != expected {
            return Err(VerifyError::LastLayer { position, folded, expected });
        }
    }
    Ok(())
}

/// Cosets made of the values that folding produced and of those that the proof supplies.
fn complete_rows(
    plan: &TablePlan,
    opening: &Opening,
    folded: &BTreeMap<u64, Fe>,
    step: u32,
) -> Vec<Vec<Fe>> {
    let mut rows: BTreeMap<u64, Vec<Fe>> =
        plan.rows.keys().map(|row| (*row, vec![Fe::ZERO; plan.n_columns])).collect();
    let mask = (1u64 << step) - 1;
    let known = folded.iter().map(|(position, value)| {
        let column = usize::try_from(position & mask).unwrap_or(usize::MAX);
        ((position >> step, column), *value)
    });
    for ((row, column), value) in known.chain(plan.cells().zip(opening.values.iter().copied())) {
        if let Some(cell) = rows.get_mut(&row).and_then(|cells| cells.get_mut(column)) {
            *cell = value;
        }
    }
    rows.into_values().collect()
}
