//! FRI layers: folded as coefficients, committed as values.

use novation_field::fft::Twiddles;
use novation_field::Fe;
use rayon::prelude::*;

use crate::digest::Digest;
use crate::domain::{chunk_offset, EVALUATION_OFFSET};
use crate::fri::fold_coefficients;
use crate::merkle::MerkleTree;
use crate::params::StarkParams;
use crate::table::{Opening, TablePlan};
use crate::transcript::Transcript;

/// Rows hashed by one parallel task.
const ROWS_PER_TASK: usize = 256;

/// The committed layers and the polynomial sent instead of the last one.
pub(super) struct FriLayers {
    layers: Vec<Layer>,
    pub(super) last_layer: Vec<Fe>,
}

struct Layer {
    /// Values on the domain of the layer, in bit-reversed order.
    values: Vec<Fe>,
    tree: MerkleTree,
}

impl FriLayers {
    /// Commits to the layers of a polynomial given by its coefficients in x.
    pub(super) fn commit(
        mut coefficients: Vec<Fe>,
        params: &StarkParams,
        twiddles: &Twiddles,
        transcript: &mut Transcript,
    ) -> Self {
        // Layers live on subgroups: layer 0 is the polynomial at 3x.
        let mut power = Fe::ONE;
        for coefficient in &mut coefficients {
            *coefficient *= power;
            power *= EVALUATION_OFFSET;
        }
        let mut layers = Vec::new();
        for step in &params.fri.steps[1..] {
            let layer = Layer::commit(&coefficients, *step, params, twiddles);
            transcript.absorb_root(&layer.tree.root());
            layers.push(layer);
            coefficients = fold_coefficients(coefficients, *step, transcript.draw_fri_point());
        }
        transcript.absorb_last_layer(&coefficients);
        Self { layers, last_layer: coefficients }
    }

    pub(super) fn roots(&self) -> Vec<Digest> {
        self.layers.iter().map(|layer| layer.tree.root()).collect()
    }

    pub(super) fn open(&self, plans: &[TablePlan]) -> Vec<Opening> {
        self.layers.iter().zip(plans).map(|(layer, plan)| layer.open(plan)).collect()
    }
}

impl Layer {
    fn commit(coefficients: &[Fe], step: u32, params: &StarkParams, twiddles: &Twiddles) -> Self {
        let n = coefficients.len();
        let log_size = n.ilog2() + params.log_blowup;
        let mut values = Vec::with_capacity(n << params.log_blowup);
        for _ in 0..1 << params.log_blowup {
            values.extend_from_slice(coefficients);
        }
        for (index, chunk) in values.chunks_exact_mut(n).enumerate() {
            let offset = chunk_offset(Fe::ONE, n.ilog2(), params.log_blowup, index);
            twiddles.evaluate(chunk, offset);
        }
        let mut leaves = vec![[0; 32]; values.len() >> step];
        let hash = params.tree.at_depth(log_size - step);
        let tasks =
            leaves.par_chunks_mut(ROWS_PER_TASK).zip(values.par_chunks(ROWS_PER_TASK << step));
        tasks.for_each(|(leaves, values)| {
            let words: Vec<[u8; 32]> =
                values.iter().map(|value| value.to_montgomery_bytes_be()).collect();
            hash.hash_rows(words.as_flattened(), 32 << step, leaves);
        });
        let tree = MerkleTree::new(leaves, &params.tree);
        Self { values, tree }
    }

    fn open(&self, plan: &TablePlan) -> Opening {
        let value = |(row, column): (u64, usize)| {
            let row = usize::try_from(row).expect("a row fits the address space");
            self.values[row * plan.n_columns + column]
        };
        let siblings = plan.sibling_nodes().into_iter().map(|node| self.tree.node(node)).collect();
        Opening { values: plan.cells().map(value).collect(), siblings }
    }
}
