//! Provers that cheat in FRI but keep every commitment and challenge consistent.
//!
//! On a domain smaller than the number of queries every position is opened, whatever the
//! challenges. So a cheat can be built from an honest proof, and only the check that it is aimed at
//! can notice.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

mod support;

use novation_field::Fe;
use novation_stark::{
    find_nonce, fold_coset, leaf_of_row, opening_plans, prove, verify, Challenges, Digest,
    MerkleTree, Opening, Progress, Proof, Resources, Shape, StarkParams, Subgroup, VerifyError,
};
use support::{params, SquaresAir, SquaresWitness, STATEMENT};

const LOG_ROWS: u32 = 4;
/// The first table that belongs to FRI: two phases and the composition stand before it.
const FIRST_FRI_TABLE: usize = 3;

struct Case {
    air: SquaresAir,
    params: StarkParams,
    proof: Proof,
}

/// An honest proof whose openings are whole tables.
fn honest() -> Case {
    let mut params = params("keccak256", "keccak256_masked160_msb", 0);
    params.fri.steps = vec![0, 1, 2];
    params.fri.log_last_layer = 1;
    params.fri.n_queries = 512;
    let start = Fe::from_u64(3);
    let air = SquaresAir::new(start, LOG_ROWS);
    let mut witness = SquaresWitness::new(start, LOG_ROWS);
    let proof = prove(
        &air,
        &mut witness,
        &params,
        &STATEMENT,
        Resources::default(),
        &mut Progress::silent(),
    )
    .unwrap();
    let case = Case { air, params, proof };
    assert_eq!(case.challenges().queries.len(), 1 << (LOG_ROWS + 2), "all positions are queried");
    case
}

impl Case {
    fn challenges(&self) -> Challenges {
        let shape = Shape::of(&self.air);
        Challenges::replay(&shape, &self.params, &STATEMENT, &self.proof.commitments)
    }

    fn verify(&self) -> Result<(), VerifyError> {
        verify(&self.air, &self.params, &STATEMENT, &self.proof).map(|_| ())
    }

    /// Values of the layers on their whole domains; the first of them is the DEEP polynomial.
    ///
    /// `distort` changes the values of layer k before they are committed.
    fn commit_layers(&mut self, deep: &[Fe], distort: impl Fn(usize, &mut [Fe])) -> Vec<Vec<Fe>> {
        let mut layers: Vec<Vec<Fe>> = Vec::new();
        let mut values = deep.to_vec();
        for (layer, step) in self.params.fri.steps.clone()[1..].iter().enumerate() {
            distort(layer, &mut values);
            self.proof.commitments.fri_roots[layer] = self.tree(&values, *step).root();
            let point = self.challenges().fri_points[layer];
            let domain = Subgroup::new(values.len().ilog2());
            let fold = |(row, coset): (usize, &[Fe])| {
                fold_coset(coset, &domain, (row << step) as u64, point)
            };
            let folded = values.chunks(1 << step).enumerate().map(fold).collect();
            layers.push(core::mem::replace(&mut values, folded));
        }
        layers.push(values);
        layers
    }

    fn tree(&self, values: &[Fe], step: u32) -> MerkleTree {
        let log_rows = values.len().ilog2() - step;
        let rows = values.chunks(1 << step);
        let leaves: Vec<Digest> =
            rows.map(|row| leaf_of_row(row, log_rows, &self.params.tree)).collect();
        MerkleTree::new(leaves, &self.params.tree)
    }

    /// Grinds again and opens the layers at all queries.
    fn finish(&mut self, layers: &[Vec<Fe>]) {
        let (hash, bits) = (self.params.pow, self.params.fri.pow_bits);
        let seed = self.challenges().grinding_seed;
        self.proof.commitments.nonce =
            find_nonce(hash, &seed, bits, |_| Ok::<_, ()>(())).unwrap().unwrap();
        let challenges = self.challenges();
        let plans = opening_plans(&Shape::of(&self.air), &self.params, &challenges.queries);
        for (layer, step) in self.params.fri.steps.clone()[1..].iter().enumerate() {
            let plan = &plans[FIRST_FRI_TABLE + layer];
            let tree = self.tree(&layers[layer], *step);
            let position =
                |(row, column): (u64, usize)| usize::try_from(row).unwrap() << step | column;
            self.proof.openings[FIRST_FRI_TABLE + layer] = Opening {
                values: plan.cells().map(|cell| layers[layer][position(cell)]).collect(),
                siblings: plan.sibling_nodes().iter().map(|node| tree.node(*node)).collect(),
            };
        }
    }

    /// The DEEP polynomial on the evaluation domain, from the rows that the honest proof opens.
    fn deep(&self) -> Vec<Fe> {
        let challenges = self.challenges();
        let commitments = &self.proof.commitments;
        let groups = novation_stark::deep_groups(
            &self.air,
            challenges.ood_point,
            &commitments.ood_values,
            challenges.deep_coefficient,
        );
        let tables = &self.proof.openings[..FIRST_FRI_TABLE];
        let rows = challenges.queries.len();
        let domain = Subgroup::new(rows.ilog2());
        let value = |position: usize| {
            let width = |opening: &Opening| opening.values.len() / rows;
            let cells = |opening: &Opening| {
                opening.values[position * width(opening)..][..width(opening)].to_vec()
            };
            let row: Vec<Fe> = tables.iter().flat_map(cells).collect();
            let point = novation_stark::EVALUATION_OFFSET * domain.element(position as u64);
            novation_stark::deep_value(&groups, point, &row).unwrap()
        };
        (0..rows).map(value).collect()
    }
}

#[test]
fn test_rebuilt_honest_proof_is_accepted() {
    let mut case = honest();
    let expected = case.proof.clone();
    let deep = case.deep();
    let layers = case.commit_layers(&deep, |_, _| ());
    case.finish(&layers);
    assert_eq!(case.verify(), Ok(()));
    assert_eq!(case.proof, expected);
}

#[test]
fn test_verify_when_the_nonce_proves_no_work_rejects() {
    let mut case = honest();
    let found = case.proof.commitments.nonce;
    assert!(found > 0, "a smaller nonce would be needed");
    case.proof.commitments.nonce = found - 1;
    assert_eq!(case.challenges().queries.len(), 1 << (LOG_ROWS + 2));
    assert_eq!(case.verify(), Err(VerifyError::ProofOfWork { nonce: found - 1, bits: 5 }));
}

#[test]
fn test_verify_when_the_last_layer_is_another_polynomial_rejects() {
    for coefficient in 0..2 {
        let mut case = honest();
        let deep = case.deep();
        let layers = case.commit_layers(&deep, |_, _| ());
        case.proof.commitments.last_layer[coefficient] += Fe::ONE;
        case.finish(&layers);
        assert!(matches!(case.verify(), Err(VerifyError::LastLayer { .. })));
    }
}

#[test]
fn test_verify_when_a_layer_is_not_the_fold_of_the_one_before_rejects() {
    for layer in 0..2 {
        for position in [0, 3, 7] {
            let mut case = honest();
            let deep = case.deep();
            let layers = case.commit_layers(&deep, |current, values| {
                if current == layer {
                    values[position] += Fe::ONE;
                }
            });
            case.finish(&layers);
            let result = case.verify().unwrap_err();
            let table = FIRST_FRI_TABLE + layer;
            assert!(
                matches!(result, VerifyError::Table { table: t, .. } if t == table),
                "{result}"
            );
        }
    }
}

/// The layers are folds of each other, but of a function that is not the DEEP polynomial.
#[test]
fn test_verify_when_the_first_layer_is_another_low_degree_polynomial_rejects() {
    let mut case = honest();
    let deep: Vec<Fe> = case.deep().into_iter().map(|value| value + Fe::ONE).collect();
    let layers = case.commit_layers(&deep, |_, _| ());
    case.finish(&layers);
    let result = case.verify();
    assert!(matches!(result, Err(VerifyError::Table { table: FIRST_FRI_TABLE, .. })));
}
