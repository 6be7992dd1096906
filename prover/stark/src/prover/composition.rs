//! The composition polynomial: values on twice the trace domain, then its two columns.

use novation_air::{Air, CosetEvaluator};
use novation_field::fft::Twiddles;
use novation_field::Fe;
use rayon::prelude::*;

use super::polynomials::CosetColumns;
use super::work::Work;
use super::{Progress, ProveError, Prover};
use crate::domain::{chunk_offset, EVALUATION_OFFSET};

impl<'a, A: Air + ?Sized> Prover<'a, A> {
    /// The coefficients of the columns of the composition polynomial h, of degree below twice the
    /// trace length: h(x) = `h_0(x^2) + x * h_1(x^2)`.
    ///
    /// Leaves the trace on the second of the two cosets that determine h.
    pub(super) fn composition(
        &self,
        trace: Vec<Vec<Fe>>,
        (interaction, alpha): (&[Fe], Fe),
        progress: &mut Progress<'_>,
    ) -> Result<(CosetColumns<'a>, Vec<Vec<Fe>>), ProveError> {
        let params = self.air.params(interaction)?;
        let evaluator = CosetEvaluator::new(self.air, &params, alpha)?;
        let offsets =
            [0, 1].map(|index| chunk_offset(EVALUATION_OFFSET, self.shape.log_trace, 1, index));
        let in_place = self.plan.in_place;
        let n_columns = trace.len();
        let mut trace = CosetColumns::new(trace, self.twiddles, offsets[0], in_place);
        let mut evaluate = |index: usize, values: &[Vec<Fe>]| {
            evaluator.evaluate_in_parts(offsets[index], values, |done, parts| {
                progress.tick(index * parts + done, 2 * parts).map_err(ProveError::from)
            })
        };
        trace.order_by_block();
        let first = evaluate(0, trace.values())?;
        trace.move_to(offsets[1]);
        trace.order_by_block();
        let second = evaluate(1, trace.values())?;
        let columns = split_even_odd(&join_remainders([first, second], offsets, self.twiddles));
        progress.count(
            Work::transforms(2 * n_columns + 2, self.shape.log_trace)
                + Work::rows(2 << self.shape.log_trace, self.constraint_muls(), 0),
        );
        Ok((trace, columns))
    }
}

/// Coefficients of the polynomial h of degree below 2n from its values on the two cosets of the
/// domain of size 2n, as two halves.
///
/// With h = a + x^n b the remainders on the cosets are a + s b and a - s b, where s is the n-th
/// power of the first coset's offset.
fn join_remainders(
    [mut first, mut second]: [Vec<Fe>; 2],
    offsets: [Fe; 2],
    twiddles: &Twiddles,
) -> [Vec<Fe>; 2] {
    twiddles.interpolate(&mut first, offsets[0]);
    twiddles.interpolate(&mut second, offsets[1]);
    let scale = EVALUATION_OFFSET.pow(first.len() as u64).double();
    let scale = scale.inverse().expect("the offset is not zero");
    let half = Fe::from_u64(2).inverse().expect("two is not zero");
    first.par_iter_mut().zip(&mut second).for_each(|(first, second)| {
        let (sum, difference) = (*first + *second, *first - *second);
        *first = sum * half;
        *second = difference * scale;
    });
    [first, second]
}

/// The coefficients of even and of odd powers.
fn split_even_odd(halves: &[Vec<Fe>; 2]) -> Vec<Vec<Fe>> {
    let part = |parity: usize| {
        let of_half = |half: &Vec<Fe>| half.par_iter().skip(parity).step_by(2).copied().collect();
        let parts: [Vec<Fe>; 2] = [of_half(&halves[0]), of_half(&halves[1])];
        parts.concat()
    };
    vec![part(0), part(1)]
}
