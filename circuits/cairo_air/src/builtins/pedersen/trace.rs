//! Cells of the Pedersen builtin.

use std::collections::BTreeMap;

use novation_crypto::curve::SHIFT_POINT;
use novation_field::Fe;
use rayon::prelude::*;

use super::columns::PedersenColumns;
use super::points::POINTS;
use crate::builtins::ec_subset_sum::{subset_sum, write_bit_unpacking, SubsetSumTrace, SumError};
use crate::layout::Builtin;
use crate::public_input::PublicInput;
use crate::trace::{FirstPhase, TraceError};

/// The cells of one instance.
#[derive(Clone)]
struct Instance {
    inputs: [Fe; 2],
    sums: [SubsetSumTrace; 2],
}

impl Instance {
    fn new(inputs: [Fe; 2]) -> Result<Self, SumError> {
        let first = subset_sum(*SHIFT_POINT, &POINTS[0], inputs[0])?;
        let second = subset_sum(first.result(), &POINTS[1], inputs[1])?;
        Ok(Self { inputs, sums: [first, second] })
    }

    fn write(&self, phase: &mut FirstPhase, c: &PedersenColumns, index: usize, begin: u64) {
        for (input, sum) in self.sums.iter().enumerate() {
            let scalar = 2 * index + input;
            sum.write(&mut phase.columns, &c.sum, scalar);
            write_bit_unpacking(&mut phase.columns, &c.unpacking, scalar, self.inputs[input]);
        }
        let addr = begin + 3 * index as u64;
        let output = self.sums[1].result().x;
        phase.memory.write(&c.input0, index, addr, self.inputs[0]);
        phase.memory.write(&c.input1, index, addr + 1, self.inputs[1]);
        phase.memory.write(&c.output, index, addr + 2, output);
    }
}

/// Writes all instances; unused ones hash two zeros.
pub(crate) fn write_pedersen(
    phase: &mut FirstPhase,
    c: &PedersenColumns,
    input: &PublicInput,
    inputs: &BTreeMap<u64, [Fe; 2]>,
) -> Result<(), TraceError> {
    let instance = |index: u64, inputs: [Fe; 2]| {
        Instance::new(inputs).map_err(|error| TraceError::BuiltinInput {
            builtin: Builtin::Pedersen.name(),
            index,
            reason: error.to_string(),
        })
    };
    let used: Vec<(&u64, &[Fe; 2])> = inputs.iter().collect();
    let used: BTreeMap<u64, Instance> = used
        .into_par_iter()
        .map(|(index, inputs)| Ok((*index, instance(*index, *inputs)?)))
        .collect::<Result<_, TraceError>>()?;
    let begin = input.builtin(Builtin::Pedersen).begin_addr;
    let unused = instance(0, [Fe::ZERO; 2])?;
    for (index, number) in (0..input.n_instances(Builtin::Pedersen)).enumerate() {
        used.get(&number).unwrap_or(&unused).write(phase, c, index, begin);
    }
    Ok(())
}
