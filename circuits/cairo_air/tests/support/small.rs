//! A run of 4096 steps in which every supported builtin has instances: the beginning of the golden
//! run, on a layout of its own and with inputs for the builtins that its program does not use.

use std::collections::BTreeMap;

use novation_cairo_air::layout::{pack, Builtin, Ratios};
use novation_cairo_air::{CairoAir, EcOpInput, PublicInput, TraceInputs};
use novation_crypto::curve::{doublings, GENERATOR, SHIFT_POINT};
use novation_field::Fe;
use serde_json::{json, Value};

use super::golden;

const N_STEPS: u64 = 1 << 12;

/// All builtins on; 2^17 rows, so that bitwise instances leave 2^16 diluted units to be filled.
pub(crate) fn ratios() -> Ratios {
    Ratios {
        cpu_component_step: 2,
        memory_units_per_step: 16,
        range_check_units_per_step: 16,
        diluted_units_row_ratio: 1,
        steps_per_instance: BTreeMap::from([
            (Builtin::Pedersen, 64),
            (Builtin::RangeCheck, 8),
            (Builtin::Ecdsa, 512),
            (Builtin::Bitwise, 64),
            (Builtin::EcOp, 256),
            (Builtin::Poseidon, 16),
        ]),
    }
}

/// The statement as JSON.
pub(crate) fn statement() -> Option<Value> {
    let (air, _) = golden()?;
    let mut statement = air.public_input().to_value();
    statement["n_steps"] = json!(N_STEPS);
    statement["dynamic_params"] = json!(pack(&ratios()).expect("a layout").to_map());
    // Behind the Poseidon segment of the golden run there is nothing.
    let mut begin = air.public_input().builtin(Builtin::Poseidon).begin_addr;
    begin += 6 * N_STEPS / ratios().steps_per_instance[&Builtin::Poseidon];
    for builtin in [Builtin::Pedersen, Builtin::Bitwise, Builtin::EcOp] {
        statement["memory_segments"][builtin.name()] =
            json!({"begin_addr": begin, "stop_ptr": begin});
        let instances = N_STEPS / ratios().steps_per_instance[&builtin];
        begin += builtin.cells_per_instance() * instances;
    }
    Some(statement)
}

/// The run.
pub(crate) fn small() -> Option<(CairoAir, TraceInputs)> {
    let (_, mut run) = golden()?;
    run.trace.truncate(usize::try_from(N_STEPS).expect("small"));
    let last = -Fe::ONE; // 2^251 + 17 * 2^192: all bits of the modulus but the lowest.
    let wide = Fe::from_u64(2).pow(251) - Fe::from_u64(12_345);
    run.builtins.pedersen = BTreeMap::from([(0, [last, wide]), (2, [wide, Fe::from_u64(7)])]);
    run.builtins.bitwise = BTreeMap::from([(0, [wide, Fe::from_u64(0xff00)]), (1, [wide, wide])]);
    let q = doublings(*GENERATOR, 9)[8];
    let input = |m| EcOpInput { p: SHIFT_POINT.negated(), q, m };
    run.builtins.ec_op = BTreeMap::from([(0, input(last)), (3, input(wide))]);
    let statement = PublicInput::from_value(&statement()?).expect("a valid statement");
    Some((CairoAir::new(statement), run))
}
