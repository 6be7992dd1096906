//! FRI layers: folded as coefficients, committed as values.

use novation_field::fft::Twiddles;
use novation_field::Fe;

use super::progress::{Cancelled, Progress};
use super::table::{Committer, Table};
use super::work::Work;
use crate::digest::Digest;
use crate::fri::fold_coefficients;
use crate::table::{Opening, TablePlan};
use crate::transcript::Transcript;

/// The committed layers and the polynomial sent instead of the last one.
pub(super) struct FriLayers {
    layers: Vec<Layer>,
    pub(super) last_layer: Vec<Fe>,
}

struct Layer {
    coefficients: Vec<Fe>,
    table: Table,
}

impl FriLayers {
    /// Commits to the layers. They live on subgroups: layer 0, given by its coefficients, is the
    /// DEEP polynomial at 3x.
    ///
    /// # Errors
    /// [`Cancelled`] if the caller asks to stop.
    pub(super) fn commit(
        mut coefficients: Vec<Fe>,
        committer: &Committer<'_>,
        transcript: &mut Transcript,
        progress: &mut Progress<'_>,
    ) -> Result<Self, Cancelled> {
        let mut layers = Vec::new();
        for step in &committer.params.fri.steps[1..] {
            let table = committer.commit(&[&coefficients], Fe::ONE, *step, progress)?;
            transcript.absorb_root(&table.root());
            progress.count(Work::rows(coefficients.len() as u64, 1, 2));
            let folded = fold_coefficients(&coefficients, *step, transcript.draw_fri_point());
            layers.push(Layer { coefficients, table });
            coefficients = folded;
        }
        transcript.absorb_last_layer(&coefficients);
        Ok(Self { layers, last_layer: coefficients })
    }

    pub(super) fn roots(&self) -> Vec<Digest> {
        self.layers.iter().map(|layer| layer.table.root()).collect()
    }

    pub(super) fn open(&self, plans: &[TablePlan], twiddles: &Twiddles) -> Vec<Opening> {
        let open = |(layer, plan): (&Layer, &TablePlan)| {
            layer.table.open(&[&layer.coefficients], plan, twiddles)
        };
        self.layers.iter().zip(plans).map(open).collect()
    }
}
