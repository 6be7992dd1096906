//! Runs all trace writers in order.

use novation_field::Fe;

use super::columns::TraceColumns;
use super::error::TraceError;
use super::inputs::TraceInputs;
use super::small_values::SmallValues;
use crate::air::CairoAir;
use crate::builtins::bitwise::{write_bitwise, BitwiseColumns};
use crate::builtins::ec_op::{write_ec_op, EcOpColumns};
use crate::builtins::ecdsa::{write_ecdsa, EcdsaColumns};
use crate::builtins::pedersen::{write_pedersen, PedersenColumns};
use crate::builtins::poseidon::{write_poseidon, PoseidonColumns};
use crate::builtins::range_check::{
    write_range_check_memory, write_range_check_parts, RangeCheckColumns,
};
use crate::cpu::{check_boundary, write_cpu, CpuColumns};
use crate::diluted::{
    write_diluted_products, DilutedColumns, DilutedInteractionColumns, DilutedPool,
};
use crate::layout::{check_disjoint, Builtin};
use crate::memory::{
    write_memory_product, write_public_memory, MemoryColumns, MemoryInteractionColumns, MemoryPool,
    MemoryUnits,
};
use crate::public_input::PublicInput;
use crate::range_check16::{
    write_range_check16_product, RangeCheck16Columns, RangeCheck16InteractionColumns,
    RangeCheck16Pool,
};
use crate::statement::{param_values, InteractionElements, Param};

/// The first phase under construction: columns, and pools whose unused units are filled at the end.
pub(crate) struct FirstPhase {
    pub(crate) columns: TraceColumns,
    pub(crate) memory: MemoryPool,
    pub(crate) range_check16: RangeCheck16Pool,
    pub(crate) diluted: DilutedPool,
}

/// Makes the trace of a run.
pub struct TraceGenerator<'a, 'r> {
    input: &'a PublicInput,
    run: &'r TraceInputs,
}

impl<'a, 'r> TraceGenerator<'a, 'r> {
    /// Prepares the trace of a run for the statement of `air`.
    ///
    /// # Errors
    /// [`TraceError`] if the run has another number of steps, the layout's columns overlap, or an
    /// input belongs to a builtin instance that does not exist.
    pub fn new(air: &'a CairoAir, run: &'r TraceInputs) -> Result<Self, TraceError> {
        let input = air.public_input();
        if run.trace.len() as u64 != input.n_steps() {
            let expected = input.n_steps();
            return Err(TraceError::StepCount { expected, actual: run.trace.len() });
        }
        check_disjoint(input.layout())?;
        let generator = Self { input, run };
        generator.check_instances()?;
        Ok(generator)
    }

    /// The columns committed before the interaction elements are drawn, and what it takes to make
    /// those after.
    ///
    /// # Errors
    /// [`TraceError`] if the run cannot be proven or does not fit the statement.
    pub fn first_phase(&self) -> Result<(Vec<Vec<Fe>>, SecondPhase<'a>), TraceError> {
        let layout = self.input.layout();
        let length = to_usize(self.input.trace_length());
        let params = layout.params();
        let units = |rows_per_unit: u64| length / to_usize(rows_per_unit);
        let mut phase = FirstPhase {
            columns: TraceColumns::new(0, layout.n_columns()[0], length),
            memory: MemoryPool::new(units(params.rows_per_memory_unit())),
            range_check16: RangeCheck16Pool::new(units(params.rows_per_range_check_unit())),
            diluted: DilutedPool::new(units(params.rows_per_diluted_unit())),
        };
        check_boundary(self.input, &self.run.trace)?;
        write_cpu(&mut phase, &CpuColumns::new(layout), self.run)?;
        let memory = MemoryColumns::new(layout);
        write_public_memory(&mut phase.memory, &memory, self.input);
        self.write_builtins(&mut phase)?;
        // The unused units of the 16-bit pool determine the values of unused range checks.
        let FirstPhase { mut columns, memory: mut memory_pool, range_check16, diluted } = phase;
        let bounds = self.input.range_check_bounds();
        let range_check16 =
            range_check16.finish(&mut columns, &RangeCheck16Columns::new(layout), bounds)?;
        if params.uses(Builtin::RangeCheck) {
            let range_check = RangeCheckColumns::new(layout);
            let units = range_check16.units();
            write_range_check_memory(&mut memory_pool, &range_check, self.input, units);
        }
        let diluted = diluted.finish(&mut columns, &DilutedColumns::new(layout))?;
        let memory = memory_pool.finish(&mut columns, &memory)?;
        let second = SecondPhase { input: self.input, memory, range_check16, diluted };
        Ok((columns.into_columns(), second))
    }

    fn check_instances(&self) -> Result<(), TraceError> {
        let inputs = &self.run.builtins;
        let last = [
            (Builtin::Pedersen, inputs.pedersen.keys().last()),
            (Builtin::RangeCheck, inputs.range_check.keys().last()),
            (Builtin::Ecdsa, inputs.ecdsa.keys().last()),
            (Builtin::Bitwise, inputs.bitwise.keys().last()),
            (Builtin::EcOp, inputs.ec_op.keys().last()),
            (Builtin::Poseidon, inputs.poseidon.keys().last()),
        ];
        for (builtin, index) in last {
            let instances = self.input.n_instances(builtin);
            if let Some(&index) = index.filter(|index| **index >= instances) {
                let builtin = builtin.name();
                return Err(TraceError::InstanceIndex { builtin, index, instances });
            }
        }
        Ok(())
    }

    fn write_builtins(&self, phase: &mut FirstPhase) -> Result<(), TraceError> {
        let (input, layout, inputs) = (self.input, self.input.layout(), &self.run.builtins);
        let uses = |builtin| layout.params().uses(builtin);
        if uses(Builtin::Pedersen) {
            write_pedersen(phase, &PedersenColumns::new(layout), input, &inputs.pedersen)?;
        }
        if uses(Builtin::RangeCheck) {
            write_range_check_parts(phase, &RangeCheckColumns::new(layout), &inputs.range_check);
        }
        if uses(Builtin::Ecdsa) {
            write_ecdsa(phase, &EcdsaColumns::new(layout), input, &inputs.ecdsa)?;
        }
        if uses(Builtin::Bitwise) {
            write_bitwise(phase, &BitwiseColumns::new(layout), input, &inputs.bitwise)?;
        }
        if uses(Builtin::EcOp) {
            write_ec_op(phase, &EcOpColumns::new(layout), input, &inputs.ec_op)?;
        }
        if uses(Builtin::Poseidon) {
            write_poseidon(phase, &PoseidonColumns::new(layout), input, &inputs.poseidon);
        }
        Ok(())
    }
}

/// What the columns of the second phase are made of. It is small: neither the run nor the columns of
/// the first phase are needed any more.
#[derive(Debug)]
pub struct SecondPhase<'a> {
    input: &'a PublicInput,
    memory: MemoryUnits,
    range_check16: SmallValues,
    diluted: SmallValues,
}

impl SecondPhase<'_> {
    /// The columns committed after the interaction elements are drawn.
    ///
    /// # Errors
    /// [`TraceError::Air`] for a wrong number of elements, [`TraceError::Permutation`] if the first
    /// phase contradicts the statement.
    pub fn columns(&self, interaction: &[Fe]) -> Result<Vec<Vec<Fe>>, TraceError> {
        let layout = self.input.layout();
        let elements = InteractionElements::from_slice(interaction)?;
        let params = param_values(self.input, interaction)?;
        let [n_first, n_second] = layout.n_columns();
        let length = to_usize(self.input.trace_length());
        let mut columns = TraceColumns::new(n_first, n_second, length);
        write_memory_product(
            &mut columns,
            &self.memory,
            &MemoryInteractionColumns::new(layout),
            &elements,
            params[Param::PublicMemoryProduct as usize],
        )?;
        write_range_check16_product(
            &mut columns,
            &self.range_check16,
            &RangeCheck16InteractionColumns::new(layout),
            &elements,
        )?;
        write_diluted_products(
            &mut columns,
            &self.diluted,
            &DilutedInteractionColumns::new(layout),
            &elements,
        )?;
        Ok(columns.into_columns())
    }
}

fn to_usize(value: u64) -> usize {
    usize::try_from(value).expect("a trace fits the address space")
}
