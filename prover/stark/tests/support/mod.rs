//! A small AIR with two phases, and parameters in the format of Stone.
#![allow(clippy::unwrap_used, unreachable_pub)] // A test may fail by unwrapping.
#![allow(dead_code)] // Not every test uses everything.

use std::error::Error;

use novation_air::{
    Air, AirError, Constraint, ExprBuilder, Graph, Mask, NodeId, Periodic, Zerofier,
};
use novation_field::Fe;
use novation_stark::{prove, Progress, Proof, Resources, StarkParams, Witness};
use serde_json::json;

pub const LOG_ROWS: u32 = 8;
pub const STATEMENT: [u8; 64] = [7; 64];

/// Column 0 squares and adds a periodic key, starting at `start`; column 1 is a permutation of it,
/// as column 2, a running product over the element z of the second phase, shows.
pub struct SquaresAir {
    mask: Vec<Mask>,
    graph: Graph,
    constraints: Vec<Constraint>,
    periodic: Vec<Periodic>,
    param_names: Vec<String>,
    log_rows: u32,
    pub start: Fe,
}

impl SquaresAir {
    pub fn new(start: Fe, log_rows: u32) -> Self {
        let cell = |column, row| Mask { column, row };
        // The entry (0, 0) is repeated and (1, 77) is dead, as happens in StarkWare's tables.
        let mask = vec![
            cell(0, 0),
            cell(0, 1),
            cell(1, 0),
            cell(1, 1),
            cell(2, 0),
            cell(2, 1),
            cell(0, 0),
            cell(1, 77),
        ];
        let b = ExprBuilder::default();
        let (a, a_next, p, p_next) = (b.mask(0), b.mask(1), b.mask(2), b.mask(3));
        let (product, product_next) = (b.mask(4), b.mask(5));
        let (z, start_param) = (b.param(0), b.param(1));
        let constraint = |index, name: &str, expr: NodeId, rows: Zerofier| Constraint {
            index,
            name: name.to_owned(),
            expr,
            numerators: Vec::new(),
            denominators: vec![rows],
        };
        let all_but_last = |mut constraint: Constraint| {
            constraint.numerators.push(Zerofier::from_end(1));
            constraint
        };
        let (first, last, every) =
            (Zerofier::first_row(), Zerofier::from_end(1), Zerofier::every(1));
        let square = a_next - (a * b.mask(6) + b.periodic(0));
        let step = product_next * (z - p_next) - product * (z - a_next);
        let constraints = vec![
            all_but_last(constraint(0, "square", square.id(), every)),
            constraint(1, "start", (a - start_param).id(), first),
            constraint(3, "product/first", (product * (z - p) - (z - a)).id(), first),
            all_but_last(constraint(4, "product/step", step.id(), every)),
            constraint(5, "product/last", (product - 1).id(), last),
        ];
        let key = Periodic {
            name: "key".to_owned(),
            period_rows: 4,
            step_rows: 1,
            values: (11..15).map(Fe::from_u64).collect(),
        };
        Self {
            mask,
            graph: b.into_graph(),
            constraints,
            periodic: vec![key],
            param_names: vec!["z".to_owned(), "start".to_owned()],
            log_rows,
            start,
        }
    }
}

impl Air for SquaresAir {
    fn log_trace_length(&self) -> u32 {
        self.log_rows
    }
    fn n_columns(&self) -> [usize; 2] {
        [2, 1]
    }
    fn n_interaction_elements(&self) -> usize {
        1
    }
    fn n_constraints(&self) -> usize {
        6
    }
    fn mask(&self) -> &[Mask] {
        &self.mask
    }
    fn graph(&self) -> &Graph {
        &self.graph
    }
    fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }
    fn periodic(&self) -> &[Periodic] {
        &self.periodic
    }
    fn param_names(&self) -> &[String] {
        &self.param_names
    }
    fn params(&self, interaction: &[Fe]) -> Result<Vec<Fe>, AirError> {
        let actual = interaction.len();
        let [z] = interaction else {
            return Err(AirError::InteractionCount { expected: 1, actual });
        };
        Ok(vec![*z, self.start])
    }
}

pub struct SquaresWitness {
    pub columns: Vec<Vec<Fe>>,
}

impl SquaresWitness {
    pub fn new(start: Fe, log_rows: u32) -> Self {
        let mut value = start;
        let squares: Vec<Fe> = (0..1u64 << log_rows)
            .map(|row| {
                let current = value;
                value = value.square() + Fe::from_u64(11 + row % 4);
                current
            })
            .collect();
        let reversed = squares.iter().rev().copied().collect();
        Self { columns: vec![squares, reversed] }
    }
}

impl Witness for SquaresWitness {
    fn first_phase(&mut self) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>> {
        Ok(self.columns.clone())
    }

    fn second_phase(
        &mut self,
        interaction: &[Fe],
    ) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>> {
        let z = interaction[0];
        let mut product = Fe::ONE;
        let pairs = self.columns[0].iter().zip(&self.columns[1]);
        let products = pairs.map(|(a, b)| {
            product *= (z - a) * (z - b).inverse().unwrap();
            product
        });
        Ok(vec![products.collect()])
    }
}

/// The two suites, with and without friendly layers, for a trace of `2^LOG_ROWS` rows.
pub fn all_params() -> Vec<StarkParams> {
    let suites = [
        ("keccak256", "keccak256_masked160_msb", 0),
        ("keccak256", "keccak256_masked192_msb", 0),
        ("poseidon3", "blake256_masked248_lsb", 0),
        ("poseidon3", "blake256_masked248_lsb", 4),
        ("poseidon3", "blake256_masked248_lsb", 99),
    ];
    suites
        .iter()
        .map(|(channel, commitment, layers)| params(channel, commitment, *layers))
        .collect()
}

pub fn params(channel: &str, commitment: &str, n_friendly_layers: u32) -> StarkParams {
    let is_poseidon = channel == "poseidon3";
    let text = json!({
        "field": "PrimeField0",
        "channel_hash": channel,
        "commitment_hash": commitment,
        "n_verifier_friendly_commitment_layers": n_friendly_layers,
        "pow_hash": if is_poseidon { "blake256" } else { "keccak256" },
        "statement": { "page_hash": if is_poseidon { "pedersen" } else { "keccak256" } },
        "verifier_friendly_channel_updates": is_poseidon,
        "verifier_friendly_commitment_hash": if is_poseidon { "poseidon3" } else { commitment },
        "stark": {
            "fri": {
                "fri_step_list": [0, 2, 1, 3],
                "last_layer_degree_bound": 4,
                "n_queries": 11,
                "proof_of_work_bits": 5,
            },
            "log_n_cosets": 2,
        },
        "use_extension_field": false,
    });
    StarkParams::from_json(&text.to_string()).unwrap()
}

pub fn squares_proof(params: &StarkParams) -> (SquaresAir, Proof) {
    let start = Fe::from_u64(3);
    let air = SquaresAir::new(start, LOG_ROWS);
    let mut witness = SquaresWitness::new(start, LOG_ROWS);
    let proof = prove(
        &air,
        &mut witness,
        params,
        &STATEMENT,
        Resources::default(),
        &mut Progress::silent(),
    )
    .unwrap();
    (air, proof)
}
