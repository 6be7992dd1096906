//! The trace of the golden run satisfies every constraint, and no column can be changed unnoticed.

mod support;

use std::time::Instant;

use novation_air::{check_trace, Air};
use novation_cairo_air::{
    read_memory_file, read_trace_file, BuiltinInputs, CairoAir, PublicInput, TraceGenerator,
    TraceInputs,
};
use novation_field::Fe;
use support::{read_json, vectors};

fn golden() -> Option<(CairoAir, TraceInputs)> {
    let folder = vectors()?.join("stone_golden");
    let bytes = |name: &str| std::fs::read(folder.join(name)).expect("a vector file");
    let private = read_json("stone_golden/private_input.json")?;
    let public = read_json("stone_golden/public_input.json")?;
    let run = TraceInputs {
        trace: read_trace_file(&bytes("trace.bin")).expect("a trace"),
        memory: read_memory_file(&bytes("memory.bin")).expect("a memory"),
        builtins: BuiltinInputs::from_value(&private).expect("builtin inputs"),
    };
    Some((CairoAir::new(PublicInput::from_value(&public).expect("valid")), run))
}

#[test]
fn test_golden_trace_when_checked_then_no_failures() {
    let Some((air, run)) = golden() else { return };
    let start = Instant::now();
    let generator = TraceGenerator::new(&air, &run).unwrap();
    let mut columns = generator.first_phase().unwrap();
    let first_time = start.elapsed();
    let interaction: Vec<Fe> = (1..=8).map(|i| Fe::from_u64(1_000_003 * i).pow(99)).collect();
    let second = generator.second_phase(&columns, &interaction).unwrap();
    let second_time = start.elapsed() - first_time;
    columns.extend(second);
    let params = air.params(&interaction).unwrap();
    let failures = check_trace(&air, &columns, &params).unwrap();
    let check_time = start.elapsed() - first_time - second_time;
    eprintln!("first {first_time:?} second {second_time:?} check {check_time:?}");
    let named: Vec<_> = failures.iter().map(|f| (&f.name, f.rows.len())).collect();
    assert_eq!(named, []);
}
