//! The protocol log that Stone appends to a proof and that StarkWare's Cairo verifier reads.
//!
//! Two proofs can be compared message by message with it.

use core::fmt::Write;

use novation_field::Fe;

use crate::challenges::Challenges;
use crate::digest::{CommitmentHash, Digest};
use crate::params::{ChannelHash, StarkParams};
use crate::proof::{nonce_length, opening_plans, Proof, Shape};
use crate::table::{Opening, TablePlan};

/// The lines of the log; `name` is the name of the statement, which is the root of all scopes.
pub fn annotate(
    name: &str,
    shape: &Shape,
    params: &StarkParams,
    statement: &[u8],
    proof: &Proof,
) -> Vec<String> {
    let challenges = Challenges::replay(shape, params, statement, &proof.commitments);
    let mut log = Log { name, params, lines: Vec::new(), counts: Counts::default() };
    log.lines.push(format!("title {name} Proof Protocol"));
    log.lines.push(String::new());
    log.commitment_phase(&challenges, proof);
    log.query_phase(shape, &challenges, proof);
    log.statistics();
    log.lines
}

#[derive(Default)]
struct Counts {
    bytes: usize,
    hashes: usize,
    commitments: usize,
    felts: usize,
    data: usize,
}

struct Log<'a> {
    name: &'a str,
    params: &'a StarkParams,
    lines: Vec<String>,
    counts: Counts,
}

impl Log<'_> {
    fn commitment_phase(&mut self, challenges: &Challenges, proof: &Proof) {
        let commitments = &proof.commitments;
        for (phase, root) in commitments.trace_roots.iter().enumerate() {
            let scope = if phase == 0 { "Original" } else { "Interaction" };
            if phase == 1 {
                for (index, element) in challenges.interaction.iter().enumerate() {
                    self.drawn(scope, &format!("Interaction element #{index}"), *element);
                }
            }
            self.root(&format!("{scope}/Commit on Trace"), root);
        }
        let random_element = "Constraint polynomial random element";
        self.drawn("Original", random_element, challenges.constraint_coefficient);
        let scope = "Out Of Domain Sampling";
        self.root(&format!("{scope}/Commit on Trace"), &commitments.composition_root);
        self.ood_values(challenges.ood_point, &commitments.ood_values);
        self.drawn(scope, random_element, challenges.deep_coefficient);
        for (layer, root) in commitments.fri_roots.iter().enumerate() {
            self.root(&format!("FRI/Commitment/Layer {}", layer + 1), root);
            let scope = format!("FRI/Commitment/Layer {}", layer + 2);
            self.drawn(&scope, "Evaluation point", challenges.fri_points[layer]);
        }
        self.felts("FRI/Commitment/Last Layer", "Coefficients", &commitments.last_layer);
    }

    fn ood_values(&mut self, point: Fe, values: &[Fe]) {
        let scope = "Out Of Domain Sampling/OODS values";
        self.drawn(scope, "Evaluation point", point);
        match self.params.channel {
            ChannelHash::Keccak => {
                for (index, value) in values.iter().enumerate() {
                    self.felt(scope, &index.to_string(), *value);
                }
            }
            ChannelHash::Poseidon => self.felts(scope, "", values),
        }
    }

    fn query_phase(&mut self, shape: &Shape, challenges: &Challenges, proof: &Proof) {
        if self.params.fri.pow_bits > 0 {
            self.counts.data += 1;
            let length = nonce_length(self.params.channel);
            let nonce = trimmed_hex(&proof.commitments.nonce.to_be_bytes());
            self.sent(length, "FRI/Proof of Work", &format!("POW: Data({nonce})"));
        }
        for (index, query) in challenges.queries_drawn.iter().enumerate() {
            let text = format!("{index}: Number({query})");
            self.received("FRI/QueryIndices", &text);
        }
        let plans = opening_plans(shape, self.params, &challenges.queries);
        let n_columns_tables = shape.phases.len() + 1;
        for (table, (plan, opening)) in plans.iter().zip(&proof.openings).enumerate() {
            let scope = match table.checked_sub(n_columns_tables) {
                None => format!("FRI/Decommitment/Layer 0/Virtual Oracle/Trace {table}"),
                Some(layer) => format!("FRI/Decommitment/Layer {}", layer + 1),
            };
            self.opening(&scope, plan, opening);
        }
    }

    fn opening(&mut self, scope: &str, plan: &TablePlan, opening: &Opening) {
        for ((row, column), value) in plan.cells().zip(&opening.values) {
            self.felt(scope, &format!("Row {row}, Column {column}"), *value);
        }
        for (node, digest) in plan.sibling_nodes().into_iter().zip(&opening.siblings) {
            if plan.is_bare_leaf(node) {
                self.counts.data += 1;
                let element = node - (1 << plan.log_rows);
                let value = trimmed_hex(digest);
                let text = format!("To complete packages, element #{element}: Data({value})");
                self.sent(32, scope, &text);
            } else {
                self.counts.hashes += 1;
                // Stone prints a node as the hash that consumes it would.
                let hash = self.params.tree.at_depth(node.ilog2().saturating_sub(1));
                let text = format!("For node {node}: Hash({})", digest_hex(hash, digest));
                self.sent(32, scope, &text);
            }
        }
    }

    fn root(&mut self, scope: &str, root: &Digest) {
        self.counts.hashes += 1;
        self.counts.commitments += 1;
        let hash = self.params.tree.at_depth(0);
        self.sent(32, scope, &format!("Commitment: Hash({})", digest_hex(hash, root)));
    }

    fn felt(&mut self, scope: &str, what: &str, value: Fe) {
        self.counts.felts += 1;
        self.sent(32, scope, &format!("{what}: Field Element({value})"));
    }

    fn felts(&mut self, scope: &str, what: &str, values: &[Fe]) {
        self.counts.felts += values.len();
        let list: Vec<String> = values.iter().map(Fe::to_string).collect();
        let text = format!("{what}: Field Elements({})", list.join(", "));
        self.sent(32 * values.len(), scope, &text);
    }

    fn drawn(&mut self, scope: &str, what: &str, value: Fe) {
        self.received(scope, &format!("{what}: Field Element({value})"));
    }

    fn sent(&mut self, length: usize, scope: &str, text: &str) {
        let (name, start) = (self.name, self.counts.bytes);
        self.counts.bytes += length;
        let end = self.counts.bytes;
        self.lines.push(format!("P->V[{start}:{end}]: /{name}/STARK/{scope}: {text}"));
    }

    fn received(&mut self, scope: &str, text: &str) {
        self.lines.push(format!("V->P: /{}/STARK/{scope}: {text}", self.name));
    }

    fn statistics(&mut self) {
        let counts = &self.counts;
        self.lines.extend([
            String::new(),
            "Proof Statistics:".to_owned(),
            String::new(),
            format!("Byte count: {}", counts.bytes),
            format!("Hash count: {}", counts.hashes),
            format!("Commitment count: {}", counts.commitments),
            format!("Field element count: {}", counts.felts),
            format!("Data count: {}", counts.data),
        ]);
    }
}

fn digest_hex(hash: CommitmentHash, digest: &Digest) -> String {
    if hash.keeps_leading_zeros() {
        format!("0x{}", hex(digest))
    } else {
        trimmed_hex(digest)
    }
}

/// Hexadecimal digits of big-endian bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // Writing to a string cannot fail.
        text
    })
}

fn trimmed_hex(bytes: &[u8]) -> String {
    let digits = hex(bytes);
    let digits = digits.trim_start_matches('0');
    format!("0x{}", if digits.is_empty() { "0" } else { digits })
}
