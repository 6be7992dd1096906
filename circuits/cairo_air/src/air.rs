//! The whole AIR: mask, constraints and periodic columns in StarkWare's order.

use novation_air::{Air, AirError, Constraint, ExprBuilder, Graph, Mask, Periodic};
use novation_field::Fe;

use crate::builtins::bitwise::{BitwiseColumns, BitwiseConstraints};
use crate::builtins::ec_op::{EcOpColumns, EcOpConstraints};
use crate::builtins::ec_subset_sum::CurvePoint;
use crate::builtins::ecdsa::{self, EcdsaColumns, EcdsaConstraints};
use crate::builtins::pedersen::{self, PedersenColumns, PedersenConstraints};
use crate::builtins::poseidon::{self, PoseidonColumns, PoseidonConstraints, RoundKeyColumns};
use crate::builtins::range_check::{RangeCheckColumns, RangeCheckConstraints};
use crate::builtins::unsupported::{add_keccak_cells, add_range_check96_and_modular_cells};
use crate::cells::Cells;
use crate::constraint_set::ConstraintSet;
use crate::cpu::{BoundaryConstraints, CpuColumns, CpuConstraints};
use crate::diluted::{
    DilutedColumns, DilutedConstraints, DilutedInteraction, DilutedInteractionColumns,
};
use crate::layout::{Builtin, Layout};
use crate::memory::{
    MemoryColumns, MemoryConstraints, MemoryInteraction, MemoryInteractionColumns,
};
use crate::public_input::PublicInput;
use crate::range_check16::{
    RangeCheck16Columns, RangeCheck16Constraints, RangeCheck16Interaction,
    RangeCheck16InteractionColumns,
};
use crate::statement::{param_values, Param, N_INTERACTION_ELEMENTS};

/// Coefficient slots of the dynamic layout.
const N_CONSTRAINTS: usize = 419;
/// Mask entries of the dynamic layout.
const MASK_SIZE: usize = 941;

/// The AIR of a Cairo run on the dynamic layout.
#[derive(Debug, Clone)]
pub struct CairoAir {
    input: PublicInput,
    mask: Vec<Mask>,
    graph: Graph,
    constraints: Vec<Constraint>,
    periodic: Vec<Periodic>,
    param_names: Vec<String>,
}

impl CairoAir {
    /// The AIR of a statement.
    ///
    /// # Panics
    /// Never: the mask has the size of the dynamic layout for every layout that was accepted.
    pub fn new(input: PublicInput) -> Self {
        let exprs = ExprBuilder::default();
        let periodic = PeriodicColumns::new(input.layout());
        let (mask, constraints) = build(&exprs, input.layout(), &periodic);
        assert_eq!(mask.len(), MASK_SIZE, "the mask of the dynamic layout");
        Self {
            input,
            mask,
            graph: exprs.into_graph(),
            constraints,
            periodic: periodic.columns,
            param_names: Param::ALL.iter().map(|param| param.name().to_owned()).collect(),
        }
    }

    /// The statement.
    pub fn public_input(&self) -> &PublicInput {
        &self.input
    }
}

impl Air for CairoAir {
    fn log_trace_length(&self) -> u32 {
        self.input.log_trace_length()
    }

    fn n_columns(&self) -> [usize; 2] {
        self.input.layout().n_columns()
    }

    fn n_interaction_elements(&self) -> usize {
        N_INTERACTION_ELEMENTS
    }

    fn n_constraints(&self) -> usize {
        N_CONSTRAINTS
    }

    fn mask(&self) -> &[Mask] {
        &self.mask
    }

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    fn periodic(&self) -> &[Periodic] {
        &self.periodic
    }

    fn param_names(&self) -> &[String] {
        &self.param_names
    }

    fn params(&self, interaction: &[Fe]) -> Result<Vec<Fe>, AirError> {
        param_values(&self.input, interaction)
    }
}

/// The periodic columns of the builtins that are switched on, and where each builtin's begin.
#[derive(Default)]
struct PeriodicColumns {
    columns: Vec<Periodic>,
    pedersen: usize,
    ecdsa: usize,
    poseidon: usize,
}

impl PeriodicColumns {
    fn new(layout: &Layout) -> Self {
        let params = layout.params();
        let mut all = Self::default();
        if params.uses(Builtin::Pedersen) {
            all.columns.extend(pedersen::periodic_points(params.row_ratio(Builtin::Pedersen)));
        }
        all.ecdsa = all.columns.len();
        if params.uses(Builtin::Ecdsa) {
            all.columns.extend(ecdsa::periodic_points(params.row_ratio(Builtin::Ecdsa)));
        }
        all.poseidon = all.columns.len();
        if params.uses(Builtin::Poseidon) {
            all.columns.extend(poseidon::periodic_keys(params.row_ratio(Builtin::Poseidon)));
        }
        all
    }
}

/// Asks for all cells in the order of the mask, then adds the constraints of what is switched on.
fn build(
    exprs: &ExprBuilder,
    layout: &Layout,
    periodic: &PeriodicColumns,
) -> (Vec<Mask>, Vec<Constraint>) {
    let cells = Cells::new(exprs);
    let cpu = CpuConstraints::new(&cells, &CpuColumns::new(layout));
    let memory = MemoryConstraints::new(&cells, &MemoryColumns::new(layout));
    let range_check16 = RangeCheck16Constraints::new(&cells, &RangeCheck16Columns::new(layout));
    let diluted = DilutedConstraints::new(&cells, &DilutedColumns::new(layout));
    let builtins = BuiltinConstraints::new(&cells, layout);
    let memory_interaction = MemoryInteraction::new(&cells, &MemoryInteractionColumns::new(layout));
    let range_check16_interaction =
        RangeCheck16Interaction::new(&cells, &RangeCheck16InteractionColumns::new(layout));
    let diluted_interaction =
        DilutedInteraction::new(&cells, &DilutedInteractionColumns::new(layout));

    let mut set = ConstraintSet::default();
    cpu.add_to(&mut set);
    BoundaryConstraints { cpu: &cpu, exprs }.add_to(&mut set);
    memory.add_to(&mut set, exprs, &memory_interaction);
    range_check16.add_to(&mut set, exprs, &range_check16_interaction);
    diluted.add_to(&mut set, exprs, &diluted_interaction);
    builtins.add_to(&mut set, exprs, layout, periodic);
    (cells.into_mask(), set.into_constraints())
}

/// The cells of all builtins; those of builtins that are switched off keep their places in the mask.
struct BuiltinConstraints<'b> {
    pedersen: PedersenConstraints<'b>,
    range_check: RangeCheckConstraints<'b>,
    ecdsa: EcdsaConstraints<'b>,
    bitwise: BitwiseConstraints<'b>,
    ec_op: EcOpConstraints<'b>,
    poseidon: PoseidonConstraints<'b>,
}

impl<'b> BuiltinConstraints<'b> {
    fn new(cells: &Cells<'b>, layout: &Layout) -> Self {
        let pedersen = PedersenConstraints::new(cells, &PedersenColumns::new(layout));
        let range_check = RangeCheckConstraints::new(cells, &RangeCheckColumns::new(layout));
        let ecdsa = EcdsaConstraints::new(cells, &EcdsaColumns::new(layout));
        let bitwise = BitwiseConstraints::new(cells, &BitwiseColumns::new(layout));
        let ec_op = EcOpConstraints::new(cells, &EcOpColumns::new(layout));
        add_keccak_cells(cells, layout);
        let poseidon = PoseidonConstraints::new(cells, &PoseidonColumns::new(layout));
        add_range_check96_and_modular_cells(cells, layout);
        Self { pedersen, range_check, ecdsa, bitwise, ec_op, poseidon }
    }

    fn add_to(
        &self,
        set: &mut ConstraintSet,
        exprs: &'b ExprBuilder,
        layout: &Layout,
        periodic: &PeriodicColumns,
    ) {
        let uses = |builtin| layout.params().uses(builtin);
        let point = |first| CurvePoint { x: exprs.periodic(first), y: exprs.periodic(first + 1) };
        if uses(Builtin::Pedersen) {
            self.pedersen.add_to(set, exprs, point(periodic.pedersen));
        }
        if uses(Builtin::RangeCheck) {
            self.range_check.add_to(set, exprs);
        }
        if uses(Builtin::Ecdsa) {
            self.ecdsa.add_to(set, exprs, point(periodic.ecdsa));
        }
        if uses(Builtin::Bitwise) {
            self.bitwise.add_to(set, exprs);
        }
        if uses(Builtin::EcOp) {
            self.ec_op.add_to(set, exprs);
        }
        if uses(Builtin::Poseidon) {
            let key = |index| exprs.periodic(periodic.poseidon + index);
            let full = [key(0), key(1), key(2)];
            let keys = RoundKeyColumns { full, partial0: key(3), partial1: key(4) };
            self.poseidon.add_to(set, exprs, &keys);
        }
    }
}
