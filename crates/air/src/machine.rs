//! Runs a compiled program on blocks of rows, several rows per vector.
//!
//! Functions that handle vectors are inlined into the task and contain no closures: only then are
//! they compiled for the vectors of the processor.

use std::cell::Cell;

use novation_field::packed::Packed;
use novation_field::Fe;

use crate::program::{Formula, Op, Program};
use crate::window::{Blocks, Rings, Windows};

/// What a program reads on one block, beside the cells.
pub(crate) struct Inputs<'c, P: Packed, const N: usize> {
    /// The periodic columns in use.
    pub(crate) periodic: &'c [[P; N]],
    /// The coefficients of the terms.
    pub(crate) weights: &'c [P::Uniform],
    /// The quotients of the groups that vary.
    pub(crate) quotients: &'c [[P; N]],
}

/// The registers of a program in execution: `N` vectors each, those of a block or more.
pub(crate) struct Machine<'w, P: Packed, const N: usize> {
    /// Where the registers stand among the slots, those of cells first.
    slot_of: Vec<usize>,
    /// The rings of the cells, and one slot for every computed value.
    slots: Vec<[Cell<P>; N]>,
    rings: Rings<'w>,
    constants: Vec<P::Uniform>,
    sums: [P::Sum; N],
    totals: [P; N],
}

impl<'w, P: Packed, const N: usize> Machine<'w, P, N> {
    /// Prepares for the block `first` and those that follow it.
    #[inline(always)]
    pub(crate) fn new(
        program: &Program,
        windows: &'w Windows,
        blocks: &Blocks,
        first: usize,
    ) -> Self {
        let zero = P::broadcast(Fe::ZERO);
        let mut constants = Vec::with_capacity(program.constants.len());
        for value in &program.constants {
            constants.push(P::uniform(*value));
        }
        let mut slot_of = vec![0; program.mask_used.len()];
        slot_of.extend(windows.n_slots..windows.n_slots + program.n_registers);
        let slot: [Cell<P>; N] = std::array::from_fn(|_| Cell::new(zero));
        let slots = vec![slot; windows.n_slots + program.n_registers];
        Self {
            slot_of,
            rings: Rings::new(windows, blocks, first, &slots),
            slots,
            constants,
            sums: [P::no_sum(); N],
            totals: [zero; N],
        }
    }

    /// Runs the program on the next block, which is `first`; its rows are a multiple of the vector's
    /// width.
    #[inline(always)]
    pub(crate) fn run(
        &mut self,
        program: &Program,
        blocks: &Blocks,
        first: usize,
        inputs: &Inputs<P, N>,
        result: &mut [Fe],
    ) {
        let cells = &mut self.slot_of[..program.mask_used.len()];
        self.rings.advance(blocks, first, &self.slots, cells);
        self.totals = [P::broadcast(Fe::ZERO); N];
        for op in &program.ops {
            match *op {
                Op::LoadPeriodic { to, position } => {
                    for (to, value) in self.register(to).iter().zip(&inputs.periodic[position]) {
                        to.set(*value);
                    }
                }
                Op::LoadConstant { to, c } => {
                    let value = P::spread(&self.constants[c]);
                    for to in self.register(to) {
                        to.set(value);
                    }
                }
                Op::Compute { to, formula } => self.compute(to, formula, true),
                Op::ComputeLoose { to, formula } => self.compute(to, formula, false),
                Op::Reduce { a } => {
                    for a in self.register(a) {
                        a.set(a.get().reduce());
                    }
                }
                Op::Accumulate { a, term } => {
                    let a = &self.slots[self.slot_of[a]];
                    P::add_products(&mut self.sums, a, &inputs.weights[term]);
                }
                Op::Flush => self.flush(),
                Op::Finish { varying } => self.finish(&inputs.quotients[varying]),
            }
        }
        for (total, values) in self.totals.iter().zip(result.chunks_exact_mut(P::WIDTH)) {
            total.store(values);
        }
    }

    #[inline(always)]
    fn register(&self, register: usize) -> &[Cell<P>; N] {
        &self.slots[self.slot_of[register]]
    }

    /// Sums and differences are carried where products use them; so are products.
    #[inline(always)]
    fn compute(&self, to: usize, formula: Formula, carried: bool) {
        let to = self.register(to);
        match formula {
            Formula::Mul(a, b) => P::multiply(to, self.register(a), self.register(b), carried),
            Formula::Square(a) => P::square_all(to, self.register(a), carried),
            Formula::MulConstant(a, c) => {
                P::scale(to, self.register(a), &self.constants[c], carried);
            }
            Formula::Add(a, b) => {
                for ((to, a), b) in to.iter().zip(self.register(a)).zip(self.register(b)) {
                    to.set(finished(a.get().add_loose(b.get()), carried));
                }
            }
            Formula::Sub(a, b, bound) => {
                for ((to, a), b) in to.iter().zip(self.register(a)).zip(self.register(b)) {
                    to.set(finished(a.get().sub_loose(b.get(), bound), carried));
                }
            }
            Formula::AddConstant(a, c) => {
                let c = P::spread(&self.constants[c]);
                for (to, a) in to.iter().zip(self.register(a)) {
                    to.set(finished(a.get().add_loose(c), carried));
                }
            }
            Formula::SubFromConstant(a, c, bound) => {
                let c = P::spread(&self.constants[c]);
                for (to, a) in to.iter().zip(self.register(a)) {
                    to.set(finished(c.sub_loose(a.get(), bound), carried));
                }
            }
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        for v in 0..N {
            self.totals[v] = self.totals[v].add(P::reduce_sum(&self.sums[v]));
            self.sums[v] = P::no_sum();
        }
    }

    #[inline(always)]
    fn finish(&mut self, quotients: &[P; N]) {
        for (v, quotient) in quotients.iter().enumerate() {
            self.totals[v] = self.totals[v].add(P::reduce_sum(&self.sums[v]).mul(*quotient));
        }
        self.sums = [P::no_sum(); N];
    }
}

/// What becomes of a sum.
#[inline(always)]
fn finished<P: Packed>(loose: P, carried: bool) -> P {
    if carried {
        loose.carry()
    } else {
        loose
    }
}
