//! The composition polynomial: values on twice the trace domain, then its two columns.

use novation_air::{Air, CosetEvaluator};
use novation_field::Fe;
use rayon::prelude::*;

use super::commit::{evaluate_columns, Table, TraceColumns};
use super::{Progress, ProveError, Prover};
use crate::domain::{chunk_offset, EVALUATION_OFFSET};

impl<A: Air + ?Sized> Prover<'_, A> {
    /// Evaluates the composition polynomial h, of degree below twice the trace length, and commits
    /// to the columns of h(x) = `h_0(x^2) + x * h_1(x^2)`.
    pub(super) fn commit_composition(
        &mut self,
        trace: &[TraceColumns],
        interaction: &[Fe],
        alpha: Fe,
        progress: &mut Progress<'_>,
    ) -> Result<Table, ProveError> {
        progress.enter("composition evaluation")?;
        let params = self.air.params(interaction)?;
        let evaluator = CosetEvaluator::new(self.air, &params, alpha)?;
        let columns: Vec<&[Fe]> = trace.iter().flat_map(TraceColumns::coefficients).collect();
        let mut values = Vec::new();
        let [first, second] = [0, 1].map(|index| {
            let offset = chunk_offset(EVALUATION_OFFSET, self.shape.log_trace, 1, index);
            evaluate_columns(&columns, &self.twiddles, offset, &mut values);
            let mut remainder = evaluator.evaluate(offset, &values)?;
            self.twiddles.interpolate(&mut remainder, offset);
            Ok::<_, ProveError>(remainder)
        });
        drop(values);
        let coefficients = join_remainders(first?, &second?);
        progress.enter("composition commitment")?;
        let columns = split_even_odd(&coefficients);
        let table = Table::commit(columns, self.params, &self.twiddles, EVALUATION_OFFSET);
        self.transcript.absorb_root(&table.root());
        Ok(table)
    }
}

/// Coefficients of the polynomial h of degree below 2n from its remainders on the two cosets of the
/// domain of size 2n.
///
/// With h = a + x^n b the remainders are a + s b and a - s b, where s is the n-th power of the
/// first coset's offset.
fn join_remainders(mut first: Vec<Fe>, second: &[Fe]) -> Vec<Fe> {
    let scale = EVALUATION_OFFSET.pow(first.len() as u64).double();
    let scale = scale.inverse().expect("the offset is not zero");
    let half = Fe::from_u64(2).inverse().expect("two is not zero");
    let mut high = vec![Fe::ZERO; first.len()];
    let pairs = first.par_iter_mut().zip(second).zip(high.par_iter_mut());
    pairs.for_each(|((low, second), high)| {
        *high = (*low - second) * scale;
        *low = (*low + second) * half;
    });
    first.extend(high);
    first
}

/// The coefficients of even and of odd powers.
fn split_even_odd(coefficients: &[Fe]) -> Vec<Vec<Fe>> {
    let part = |parity: usize| coefficients.iter().skip(parity).step_by(2).copied().collect();
    vec![part(0), part(1)]
}
