//! Runs a compiled program on blocks of rows, several rows per vector.
//!
//! Functions that handle vectors are inlined into the task and contain no closures: only then are
//! they compiled for the vectors of the processor.

use novation_field::packed::Packed;
use novation_field::Fe;

use crate::program::{Op, Program};

/// What a program reads on one block.
pub(crate) struct Inputs<'c> {
    /// The cells in use.
    pub(crate) masks: &'c [&'c [Fe]],
    /// The periodic columns in use.
    pub(crate) periodic: &'c [Vec<Fe>],
}

/// The registers of a program in execution: `vectors` vectors each.
pub(crate) struct Machine<P> {
    vectors: usize,
    registers: Vec<P>,
    constants: Vec<P>,
    sums: Vec<P>,
    totals: Vec<P>,
}

impl<P: Packed> Machine<P> {
    /// Prepares for blocks of `rows` rows, a multiple of the vector's width.
    #[inline(always)]
    pub(crate) fn new(program: &Program, rows: usize) -> Self {
        let vectors = rows / P::WIDTH;
        let zero = P::broadcast(Fe::ZERO);
        let mut constants = Vec::with_capacity(program.constants.len());
        for value in &program.constants {
            constants.push(P::broadcast(*value));
        }
        Self {
            vectors,
            registers: vec![zero; program.n_registers * vectors],
            constants,
            sums: vec![zero; vectors],
            totals: vec![zero; vectors],
        }
    }

    /// Runs the program on one block. `factors` are the values of `numerators / denominators`, all
    /// vectors of the first group before those of the next.
    #[inline(always)]
    pub(crate) fn run(
        &mut self,
        program: &Program,
        inputs: &Inputs,
        factors: &[P],
        result: &mut [Fe],
    ) {
        let zero = P::broadcast(Fe::ZERO);
        self.totals.fill(zero);
        for op in &program.ops {
            match *op {
                Op::LoadMask { to, position } => self.load(to, inputs.masks[position]),
                Op::LoadPeriodic { to, position } => self.load(to, &inputs.periodic[position]),
                Op::LoadConstant { to, c } => self.load_constant(to, c),
                Op::Add { to, a, b } => self.add(to, a, b),
                Op::Sub { to, a, b } => self.sub(to, a, b),
                Op::Mul { to, a, b } => self.mul(to, a, b),
                Op::AddConstant { to, a, c } => self.add_constant(to, a, c),
                Op::SubFromConstant { to, a, c } => self.sub_from_constant(to, a, c),
                Op::MulConstant { to, a, c } => self.mul_constant(to, a, c),
                Op::Accumulate { a, c } => self.accumulate(a, c),
                Op::Finish { group } => self.finish(&factors[group * self.vectors..], zero),
            }
        }
        for (total, values) in self.totals.iter().zip(result.chunks_exact_mut(P::WIDTH)) {
            total.store(values);
        }
    }

    #[inline(always)]
    fn load(&mut self, to: usize, values: &[Fe]) {
        let to = &mut self.registers[to * self.vectors..][..self.vectors];
        for (register, values) in to.iter_mut().zip(values.chunks_exact(P::WIDTH)) {
            *register = P::load(values);
        }
    }

    #[inline(always)]
    fn load_constant(&mut self, to: usize, c: usize) {
        for v in 0..self.vectors {
            self.registers[to * self.vectors + v] = self.constants[c];
        }
    }

    #[inline(always)]
    fn add(&mut self, to: usize, a: usize, b: usize) {
        let n = self.vectors;
        for v in 0..n {
            self.registers[to * n + v] = self.registers[a * n + v].add(self.registers[b * n + v]);
        }
    }

    #[inline(always)]
    fn sub(&mut self, to: usize, a: usize, b: usize) {
        let n = self.vectors;
        for v in 0..n {
            self.registers[to * n + v] = self.registers[a * n + v].sub(self.registers[b * n + v]);
        }
    }

    #[inline(always)]
    fn mul(&mut self, to: usize, a: usize, b: usize) {
        let n = self.vectors;
        for v in 0..n {
            self.registers[to * n + v] = self.registers[a * n + v].mul(self.registers[b * n + v]);
        }
    }

    #[inline(always)]
    fn add_constant(&mut self, to: usize, a: usize, c: usize) {
        let (n, c) = (self.vectors, self.constants[c]);
        for v in 0..n {
            self.registers[to * n + v] = self.registers[a * n + v].add(c);
        }
    }

    #[inline(always)]
    fn sub_from_constant(&mut self, to: usize, a: usize, c: usize) {
        let (n, c) = (self.vectors, self.constants[c]);
        for v in 0..n {
            self.registers[to * n + v] = c.sub(self.registers[a * n + v]);
        }
    }

    #[inline(always)]
    fn mul_constant(&mut self, to: usize, a: usize, c: usize) {
        let (n, c) = (self.vectors, self.constants[c]);
        for v in 0..n {
            self.registers[to * n + v] = self.registers[a * n + v].mul(c);
        }
    }

    #[inline(always)]
    fn accumulate(&mut self, a: usize, c: usize) {
        let (n, c) = (self.vectors, self.constants[c]);
        for v in 0..n {
            self.sums[v] = self.sums[v].add(self.registers[a * n + v].mul(c));
        }
    }

    #[inline(always)]
    fn finish(&mut self, factors: &[P], zero: P) {
        for (v, factor) in factors.iter().enumerate().take(self.vectors) {
            self.totals[v] = self.totals[v].add(self.sums[v].mul(*factor));
            self.sums[v] = zero;
        }
    }
}
