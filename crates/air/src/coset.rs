//! The composition polynomial on a coset of the trace domain, as the prover needs it.

use novation_field::fft::bit_reverse;
use novation_field::packed::{self, Packed, Task, MAX_WIDTH};
use novation_field::{Fe, Kernel};
use rayon::prelude::*;

use crate::air::Air;
use crate::counts::OperationCounts;
use crate::error::AirError;
use crate::factors::{load_repeating, FactorTables, Singles};
use crate::machine::{Inputs, Machine};
use crate::periodic::periodic_on_coset;
use crate::program::Program;
use crate::window::{Blocks, Windows, MAX_BLOCK};

/// Vectors of a block go through the program together: two hide each other's latency, while the
/// registers stay in the first-level cache and the cells of a window of rows in the second.
const VECTORS: usize = BLOCK / MAX_WIDTH;
/// Rows of one block.
const BLOCK: usize = MAX_BLOCK;
/// Blocks of one parallel task, which share what is computed once per task.
const TASK_BLOCKS: usize = 512;
/// Parts of a coset between which the caller is heard.
const PARTS: usize = 8;
/// Blocks whose points are inverted together.
const BATCH_BLOCKS: usize = 32;

/// Evaluates the composition polynomial on cosets `offset * <g>`, g generating the trace domain.
///
/// Results are in bit-reversed order: position i belongs to `offset * g^bitrev(i)`, as in the
/// transforms of the field crate. Columns are in that order, too, but for
/// [`order_by_block`](crate::order_by_block). A low-degree extension of blowup b in bit-reversed order
/// is b such cosets one after another: its chunk j has the offset `offset * w^bitrev(j)`, w
/// generating the extended domain.
pub struct CosetEvaluator<'a, A: ?Sized> {
    air: &'a A,
    program: Program,
    windows: Windows,
    /// The program is compiled for the bounds of its vectors.
    kernel: Kernel,
    n: usize,
    block: usize,
}

impl<'a, A: Air + ?Sized> CosetEvaluator<'a, A> {
    /// Compiles the constraints for given parameter values and composition coefficient.
    ///
    /// # Errors
    /// [`AirError::ParamCount`] for a wrong number of parameters, [`AirError::Rows`] if a set of
    /// rows does not fit the trace length.
    ///
    /// # Panics
    /// If the trace does not fit the address space.
    pub fn new(air: &'a A, params: &[Fe], alpha: Fe) -> Result<Self, AirError> {
        Self::with_kernel(air, params, alpha, Kernel::current())
    }

    /// [`CosetEvaluator::new`] for a kernel that this processor has.
    ///
    /// # Errors
    /// The same.
    ///
    /// # Panics
    /// If the trace does not fit the address space.
    pub fn with_kernel(
        air: &'a A,
        params: &[Fe],
        alpha: Fe,
        kernel: Kernel,
    ) -> Result<Self, AirError> {
        let expected = air.param_names().len();
        if params.len() != expected {
            return Err(AirError::ParamCount { expected, actual: params.len() });
        }
        let n = 1 << air.log_trace_length();
        let block = BLOCK.min(n);
        let program = Program::new(air, params, alpha, n / block, packed::bounds_of(kernel))?;
        let cells = program.mask_used.iter().map(|position| {
            let mask = air.mask()[*position];
            (mask.column, usize::try_from(mask.row % n as u64).expect("a trace fits memory"))
        });
        let windows = Windows::new(&cells.collect::<Vec<_>>());
        Ok(Self { air, program, windows, kernel, n, block })
    }

    /// What one row costs.
    pub fn operation_counts(&self) -> OperationCounts {
        OperationCounts::new(&self.program)
    }

    /// The composition polynomial at all points of `offset * <g>`.
    ///
    /// # Errors
    /// [`AirError::ColumnCount`] or [`AirError::ColumnLength`] for columns of the wrong shape,
    /// [`AirError::CosetMeetsTraceDomain`] if the offset lies in the trace domain.
    pub fn evaluate<C: AsRef<[Fe]> + Sync>(
        &self,
        offset: Fe,
        columns: &[C],
    ) -> Result<Vec<Fe>, AirError> {
        self.evaluate_in_parts(offset, columns, |_, _| Ok(()))
    }

    /// [`CosetEvaluator::evaluate`] that says before each of a few equal parts how many of how many
    /// are done, and stops when told to.
    ///
    /// # Errors
    /// The same, and what `on_part` returns.
    pub fn evaluate_in_parts<C: AsRef<[Fe]> + Sync, E: From<AirError>>(
        &self,
        offset: Fe,
        columns: &[C],
        mut on_part: impl FnMut(usize, usize) -> Result<(), E>,
    ) -> Result<Vec<Fe>, E> {
        self.check_shape(columns)?;
        if offset.is_zero() || offset.pow(self.n as u64) == Fe::ONE {
            return Err(AirError::CosetMeetsTraceDomain.into());
        }
        let mut values = vec![Fe::ZERO; self.n];
        let columns: Vec<&[Fe]> = columns.iter().map(AsRef::as_ref).collect();
        let tables = self.tables(offset);
        let blocks = &Blocks { columns: &columns, size: self.block, stride: self.n / self.block };
        // Blocks are worked on in the order of their first rows: what one reads, the next ones read
        // again a few rows further up, while it is still in the cache.
        let mut results: Vec<&mut [Fe]> = values.chunks_exact_mut(self.block).collect();
        bit_reverse(&mut results);
        let part_tasks = results.len().div_ceil(TASK_BLOCKS * PARTS);
        for (part, results) in results.chunks_mut(part_tasks * TASK_BLOCKS).enumerate() {
            on_part(part, PARTS)?;
            results.par_chunks_mut(TASK_BLOCKS).enumerate().for_each(|(index, results)| {
                let first = (part * part_tasks + index) * TASK_BLOCKS;
                let task = BlocksTask { evaluator: self, tables: &tables, blocks, first, results };
                if self.block < MAX_WIDTH {
                    packed::run_scalar(task);
                } else {
                    packed::run_with(self.kernel, task);
                }
            });
        }
        drop(results);
        Ok(values)
    }

    fn check_shape<C: AsRef<[Fe]>>(&self, columns: &[C]) -> Result<(), AirError> {
        let expected = self.air.n_columns().iter().sum();
        if columns.len() != expected {
            return Err(AirError::ColumnCount { expected, actual: columns.len() });
        }
        for (column, values) in columns.iter().enumerate() {
            let (expected, actual) = (self.n, values.as_ref().len());
            if actual != expected {
                return Err(AirError::ColumnLength { column, expected, actual });
            }
        }
        Ok(())
    }

    fn tables(&self, offset: Fe) -> Tables {
        let log_n = self.air.log_trace_length();
        let column = |&position| periodic_on_coset(&self.air.periodic()[position], offset, log_n);
        Tables {
            periodic: self.program.periodic_used.iter().map(column).collect(),
            factors: FactorTables::new(&self.program, offset, log_n, self.block),
        }
    }
}

/// Values shared by all blocks of a coset.
struct Tables {
    periodic: Vec<Vec<Fe>>,
    factors: FactorTables,
}

/// The evaluation of blocks whose first rows follow each other.
struct BlocksTask<'t, 'r, 'a, A: ?Sized> {
    evaluator: &'t CosetEvaluator<'a, A>,
    tables: &'t Tables,
    blocks: &'t Blocks<'t>,
    first: usize,
    results: &'t mut [&'r mut [Fe]],
}

impl<A: Air + ?Sized> Task for BlocksTask<'_, '_, '_, A> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        if P::WIDTH == 1 {
            self.run_in::<P, BLOCK>();
        } else {
            self.run_in::<P, VECTORS>();
        }
    }
}

impl<A: Air + ?Sized> BlocksTask<'_, '_, '_, A> {
    #[inline(always)]
    fn run_in<P: Packed, const N: usize>(self) {
        let Self { evaluator, tables, blocks, first, results } = self;
        let program = &evaluator.program;
        let mut machine = Machine::<P, N>::new(program, &evaluator.windows, blocks, first);
        let mut weights = Weights::<P>::new(program, &tables.factors);
        let (mut quotients, mut periodic) = (Vec::new(), Vec::new());
        for (batch, results) in results.chunks_mut(BATCH_BLOCKS).enumerate() {
            let first = first + batch * BATCH_BLOCKS;
            let rows = first..first + results.len();
            let singles = Singles::<P>::new(&tables.factors, rows.clone());
            for (index, (result, first)) in results.iter_mut().zip(rows).enumerate() {
                tables.factors.fill(first, blocks.stride, &singles, index, &mut quotients);
                periodic.clear();
                for table in &tables.periodic {
                    periodic.push(load_repeating(table, first, blocks.stride, blocks.size));
                }
                let inputs = Inputs {
                    periodic: &periodic,
                    weights: weights.of_block(program, &tables.factors, first),
                    quotients: &quotients,
                };
                machine.run(program, blocks, first, &inputs, result);
            }
        }
    }
}

/// The coefficients of the constraints, those of steady groups times their quotients, for every
/// remainder of first rows modulo the program's period.
struct Weights<P: Packed> {
    values: Vec<P::Uniform>,
    terms: usize,
    period: usize,
}

impl<P: Packed> Weights<P> {
    #[inline(always)]
    fn new(program: &Program, tables: &FactorTables) -> Self {
        let (terms, period) = (program.coefficients.len(), program.steady_period);
        let mut values = Vec::with_capacity(terms * period);
        for first in 0..period {
            let mut weights = program.coefficients.clone();
            for (index, group) in program.steady.iter().enumerate() {
                let quotient = tables.steady(index, first);
                for weight in &mut weights[group.terms.clone()] {
                    *weight *= quotient;
                }
            }
            for weight in weights {
                values.push(P::uniform(weight));
            }
        }
        Self { values, terms, period }
    }

    #[inline(always)]
    fn of_block(
        &mut self,
        program: &Program,
        tables: &FactorTables,
        first: usize,
    ) -> &[P::Uniform] {
        let weights = &mut self.values[first % self.period * self.terms..][..self.terms];
        for (index, group) in program.blockwise.iter().enumerate() {
            let quotient = tables.blockwise(index, first);
            for term in group.terms.clone() {
                weights[term] = P::uniform(program.coefficients[term] * quotient);
            }
        }
        weights
    }
}
