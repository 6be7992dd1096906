//! The composition polynomial on a coset of the trace domain, as the prover needs it.

use novation_field::fft::bit_reverse_index;
use novation_field::packed::{self, Packed, Task, MAX_WIDTH};
use novation_field::Fe;
use rayon::prelude::*;

use crate::air::Air;
use crate::error::AirError;
use crate::factors::{FactorTables, Singles};
use crate::machine::{Inputs, Machine};
use crate::periodic::periodic_on_coset;
use crate::program::Program;

/// Rows of one block: measured to be best between 8 and 64, the registers staying in the cache.
const BLOCK: usize = 64;
/// Blocks of one parallel task, which share what is computed once per task.
const TASK_BLOCKS: usize = 16;

/// Evaluates the composition polynomial on cosets `offset * <g>`, g generating the trace domain.
///
/// Columns and results are in bit-reversed order: position i belongs to `offset * g^bitrev(i)`, as
/// the transforms of the field crate leave them. A low-degree extension of blowup b in that order is
/// b such cosets one after another: its chunk j has the offset `offset * w^bitrev(j)`, w generating
/// the extended domain.
pub struct CosetEvaluator<'a, A: ?Sized> {
    air: &'a A,
    program: Program,
    n: usize,
    block: usize,
}

impl<'a, A: Air + ?Sized> CosetEvaluator<'a, A> {
    /// Compiles the constraints for given parameter values and composition coefficient.
    ///
    /// # Errors
    /// [`AirError::ParamCount`] for a wrong number of parameters, [`AirError::Rows`] if a set of
    /// rows does not fit the trace length.
    pub fn new(air: &'a A, params: &[Fe], alpha: Fe) -> Result<Self, AirError> {
        let expected = air.param_names().len();
        if params.len() != expected {
            return Err(AirError::ParamCount { expected, actual: params.len() });
        }
        let n = 1 << air.log_trace_length();
        Ok(Self { air, program: Program::new(air, params, alpha)?, n, block: BLOCK.min(n) })
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
        self.check_shape(columns)?;
        if offset.is_zero() || offset.pow(self.n as u64) == Fe::ONE {
            return Err(AirError::CosetMeetsTraceDomain);
        }
        let tables = self.tables(offset);
        let mut result = vec![Fe::ZERO; self.n];
        let blocks = result.par_chunks_mut(self.block * TASK_BLOCKS).enumerate();
        blocks.for_each(|(index, result)| {
            let first_block = index * TASK_BLOCKS;
            let task =
                BlocksTask { evaluator: self, tables: &tables, columns, first_block, result };
            if self.block < MAX_WIDTH {
                packed::run_scalar(task);
            } else {
                packed::run(task);
            }
        });
        Ok(result)
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
            factors: FactorTables::new(&self.program.groups, offset, log_n, self.block),
        }
    }

    /// The first rows of `count` neighbouring blocks: a block at position `index` has the rows
    /// `bitrev(index) + k * (n / block)`, k in bit-reversed order.
    fn first_rows(&self, first_block: usize, count: usize) -> Vec<usize> {
        let log_stride = (self.n / self.block).ilog2();
        let blocks = first_block..first_block + count;
        blocks.map(|index| bit_reverse_index(index, log_stride)).collect()
    }

    fn gather_periodic(&self, tables: &Tables, first: usize, blocks: &mut [Vec<Fe>]) {
        for (table, block) in tables.periodic.iter().zip(blocks) {
            gather(table, first, self.n / self.block, block);
        }
    }

    /// The cells in use of the block that begins with row `first`.
    fn mask_blocks<'c, C: AsRef<[Fe]>>(
        &self,
        columns: &'c [C],
        first: usize,
        buffers: &'c mut [Fe],
    ) -> Vec<&'c [Fe]> {
        let masks = self.program.mask_used.iter().zip(buffers.chunks_exact_mut(self.block));
        let masks = masks.map(|(&position, buffer)| {
            let mask = self.air.mask()[position];
            self.cell_block(columns[mask.column].as_ref(), first, mask.row, buffer)
        });
        masks.collect()
    }

    /// The cells `row` rows below those of a block.
    ///
    /// They are a block of the column as well, unless adding `row` carries into the part of the row
    /// number that counts within blocks; then they are collected in `cells`.
    fn cell_block<'c>(
        &self,
        column: &'c [Fe],
        first: usize,
        row: u64,
        cells: &'c mut [Fe],
    ) -> &'c [Fe] {
        let stride = self.n / self.block;
        let shifted = first + usize::try_from(row % self.n as u64).expect("below a usize");
        let start = bit_reverse_index(shifted % stride, stride.ilog2()) * self.block;
        let block = &column[start..start + self.block];
        let carry = shifted / stride % self.block;
        if carry == 0 {
            return block;
        }
        let log_block = self.block.ilog2();
        for (position, cell) in cells.iter_mut().enumerate() {
            let k = (bit_reverse_index(position, log_block) + carry) % self.block;
            *cell = block[bit_reverse_index(k, log_block)];
        }
        cells
    }
}

/// Fills a block with the values of a table that repeats after its length.
pub(crate) fn gather(table: &[Fe], first: usize, stride: usize, block: &mut [Fe]) {
    if stride.is_multiple_of(table.len()) {
        block.fill(table[first % table.len()]);
        return;
    }
    let log_block = block.len().ilog2();
    for (position, value) in block.iter_mut().enumerate() {
        *value = table[(first + stride * bit_reverse_index(position, log_block)) % table.len()];
    }
}

/// Values shared by all blocks of a coset.
struct Tables {
    periodic: Vec<Vec<Fe>>,
    factors: FactorTables,
}

/// The evaluation of neighbouring blocks.
struct BlocksTask<'t, 'a, A: ?Sized, C> {
    evaluator: &'t CosetEvaluator<'a, A>,
    tables: &'t Tables,
    columns: &'t [C],
    first_block: usize,
    result: &'t mut [Fe],
}

impl<A: Air + ?Sized, C: AsRef<[Fe]>> Task for BlocksTask<'_, '_, A, C> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let Self { evaluator, tables, columns, first_block, result } = self;
        let (program, block) = (&evaluator.program, evaluator.block);
        let firsts = evaluator.first_rows(first_block, result.len() / block);
        let singles = Singles::<P>::new(&tables.factors, &firsts);
        let mut machine = Machine::<P>::new(program, block);
        let mut factors = Vec::new();
        let mut buffers = vec![Fe::ZERO; program.mask_used.len() * block];
        let mut periodic = vec![vec![Fe::ZERO; block]; program.periodic_used.len()];
        for (index, result) in result.chunks_exact_mut(block).enumerate() {
            let stride = evaluator.n / block;
            tables.factors.fill(firsts[index], stride, &singles, index, &mut factors);
            evaluator.gather_periodic(tables, firsts[index], &mut periodic);
            let masks = evaluator.mask_blocks(columns, firsts[index], &mut buffers);
            let inputs = Inputs { masks: &masks, periodic: &periodic };
            machine.run(program, &inputs, &factors, result);
        }
    }
}
