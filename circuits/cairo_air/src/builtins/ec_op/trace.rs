//! Cells of the curve-operation builtin.

use std::collections::BTreeMap;

use novation_crypto::curve::{GENERATOR, SHIFT_POINT};
use novation_field::Fe;
use rayon::prelude::*;

use super::columns::EcOpColumns;
use crate::builtins::ec_subset_sum::{
    doubling_chain, subset_sum, write_bit_unpacking, DoublingChain, SubsetSumTrace, HEIGHT,
};
use crate::layout::Builtin;
use crate::public_input::PublicInput;
use crate::trace::{EcOpInput, FirstPhase, TraceError};

/// The cells of one instance.
struct Instance {
    input: EcOpInput,
    chain: DoublingChain,
    sum: SubsetSumTrace,
}

impl Instance {
    fn new(input: EcOpInput) -> Result<Self, String> {
        if !input.p.is_on_curve() || !input.q.is_on_curve() {
            return Err("a point is not on the curve".to_owned());
        }
        let chain = doubling_chain(input.q);
        let sum = subset_sum(input.p, &chain.points, input.m).map_err(|error| error.to_string())?;
        Ok(Self { input, chain, sum })
    }

    fn write(&self, phase: &mut FirstPhase, c: &EcOpColumns, index: usize, begin: u64) {
        let EcOpInput { p, q, m } = self.input;
        let first = index * HEIGHT;
        for (index, point) in (first..).zip(&self.chain.points) {
            phase.columns.set(&c.doubled_x, index, point.x);
            phase.columns.set(&c.doubled_y, index, point.y);
        }
        phase.columns.write(&c.doubling_slope, first, &self.chain.slopes);
        self.sum.write(&mut phase.columns, &c.sum, index);
        write_bit_unpacking(&mut phase.columns, &c.unpacking, index, m);
        let r = self.sum.result();
        let addr = begin + 7 * index as u64;
        let values = [p.x, p.y, q.x, q.y, m, r.x, r.y];
        for ((addr, slot), value) in (addr..).zip(&c.memory).zip(values) {
            phase.memory.write(slot, index, addr, value);
        }
    }
}

/// Writes all instances; unused ones multiply with zero.
pub(crate) fn write_ec_op(
    phase: &mut FirstPhase,
    c: &EcOpColumns,
    input: &PublicInput,
    inputs: &BTreeMap<u64, EcOpInput>,
) -> Result<(), TraceError> {
    let instance = |index: u64, input: EcOpInput| {
        Instance::new(input).map_err(|reason| TraceError::BuiltinInput {
            builtin: Builtin::EcOp.name(),
            index,
            reason,
        })
    };
    let used: Vec<(&u64, &EcOpInput)> = inputs.iter().collect();
    let used: BTreeMap<u64, Instance> = used
        .into_par_iter()
        .map(|(index, input)| Ok((*index, instance(*index, *input)?)))
        .collect::<Result<_, TraceError>>()?;
    let begin = input.builtin(Builtin::EcOp).begin_addr;
    let unused = EcOpInput { p: *SHIFT_POINT, q: *GENERATOR, m: Fe::ZERO };
    let unused = instance(0, unused)?;
    for (index, number) in (0..input.n_instances(Builtin::EcOp)).enumerate() {
        used.get(&number).unwrap_or(&unused).write(phase, c, index, begin);
    }
    Ok(())
}
