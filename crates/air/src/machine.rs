//! Runs a compiled program on blocks of rows, several rows per vector.
//!
//! Functions that handle vectors are inlined into the task and contain no closures: only then are
//! they compiled for the vectors of the processor.

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
    slots: Vec<[P; N]>,
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
        let mut slots = vec![[zero; N]; windows.n_slots + program.n_registers];
        Self {
            slot_of,
            rings: Rings::new(windows, blocks, first, &mut slots),
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
        self.rings.advance(blocks, first, &mut self.slots, cells);
        self.totals = [P::broadcast(Fe::ZERO); N];
        for op in &program.ops {
            match *op {
                Op::LoadPeriodic { to, position } => {
                    *self.register_mut(to) = inputs.periodic[position];
                }
                Op::LoadConstant { to, c } => {
                    *self.register_mut(to) = [P::spread(&self.constants[c]); N];
                }
                Op::Compute { to, formula } => self.compute::<Carried>(to, formula),
                Op::ComputeLoose { to, formula } => self.compute::<Loose>(to, formula),
                Op::Reduce { a } => self.reduce(a),
                Op::Accumulate { a, term } => self.accumulate(a, &inputs.weights[term]),
                Op::Flush => self.flush(),
                Op::Finish { varying } => self.finish(&inputs.quotients[varying]),
            }
        }
        for (total, values) in self.totals.iter().zip(result.chunks_exact_mut(P::WIDTH)) {
            total.store(values);
        }
    }

    #[inline(always)]
    fn register(&self, register: usize) -> &[P; N] {
        &self.slots[self.slot_of[register]]
    }

    #[inline(always)]
    fn register_mut(&mut self, register: usize) -> &mut [P; N] {
        &mut self.slots[self.slot_of[register]]
    }

    #[inline(always)]
    fn compute<R: Representation>(&mut self, to: usize, formula: Formula) {
        match formula {
            Formula::Add(a, b) => {
                for v in 0..N {
                    let sum = self.register(a)[v].add_loose(self.register(b)[v]);
                    self.register_mut(to)[v] = R::of(sum);
                }
            }
            Formula::Sub(a, b, bound) => {
                for v in 0..N {
                    let difference = self.register(a)[v].sub_loose(self.register(b)[v], bound);
                    self.register_mut(to)[v] = R::of(difference);
                }
            }
            Formula::Mul(a, b) => {
                for v in 0..N {
                    let product = self.register(a)[v].mul_loose(self.register(b)[v]);
                    self.register_mut(to)[v] = R::of(product);
                }
            }
            Formula::Square(a) => {
                for v in 0..N {
                    self.register_mut(to)[v] = R::of(self.register(a)[v].square_loose());
                }
            }
            Formula::AddConstant(a, c) => {
                let c = P::spread(&self.constants[c]);
                for v in 0..N {
                    self.register_mut(to)[v] = R::of(self.register(a)[v].add_loose(c));
                }
            }
            Formula::SubFromConstant(a, c, bound) => {
                let c = P::spread(&self.constants[c]);
                for v in 0..N {
                    self.register_mut(to)[v] = R::of(c.sub_loose(self.register(a)[v], bound));
                }
            }
            Formula::MulConstant(a, c) => {
                let c = P::spread(&self.constants[c]);
                for v in 0..N {
                    self.register_mut(to)[v] = R::of(self.register(a)[v].mul_loose(c));
                }
            }
        }
    }

    #[inline(always)]
    fn reduce(&mut self, a: usize) {
        for v in 0..N {
            self.register_mut(a)[v] = self.register(a)[v].reduce();
        }
    }

    #[inline(always)]
    fn accumulate(&mut self, a: usize, weight: &P::Uniform) {
        let weight = P::spread(weight);
        for v in 0..N {
            self.sums[v] = P::add_product(self.sums[v], self.register(a)[v], weight);
        }
    }

    #[inline(always)]
    fn flush(&mut self) {
        for v in 0..N {
            self.totals[v] = self.totals[v].add(P::reduce_sum(self.sums[v]));
            self.sums[v] = P::no_sum();
        }
    }

    #[inline(always)]
    fn finish(&mut self, quotients: &[P; N]) {
        for (v, quotient) in quotients.iter().enumerate() {
            self.totals[v] = self.totals[v].add(P::reduce_sum(self.sums[v]).mul(*quotient));
        }
        self.sums = [P::no_sum(); N];
    }
}

/// What becomes of a loose result.
trait Representation {
    fn of<P: Packed>(loose: P) -> P;
}

/// Only sums and differences use it.
struct Loose;
/// Products use it.
struct Carried;

impl Representation for Loose {
    #[inline(always)]
    fn of<P: Packed>(loose: P) -> P {
        loose
    }
}

impl Representation for Carried {
    #[inline(always)]
    fn of<P: Packed>(loose: P) -> P {
        loose.carry()
    }
}
