//! Times trace generation and constraint evaluation of a run: `measure <folder>` with the files of
//! `cairo-run` (`public_input.json`, `private_input.json`, `trace.bin`, `memory.bin`).

use std::path::PathBuf;
use std::time::Instant;

use novation_air::{order_by_block, Air, CosetEvaluator};
use novation_cairo_air::{
    read_memory_file, read_trace_file, BuiltinInputs, CairoAir, PublicInput, TraceGenerator,
    TraceInputs,
};
use novation_field::fft::{bit_reverse, Twiddles};
use novation_field::Fe;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: measure <folder>")?);
    let read = |name: &str| std::fs::read(folder.join(name));
    let statement = PublicInput::from_json(&String::from_utf8(read("public_input.json")?)?)?;
    let private: serde_json::Value = serde_json::from_slice(&read("private_input.json")?)?;
    let run = TraceInputs {
        trace: read_trace_file(&read("trace.bin")?)?,
        memory: read_memory_file(&read("memory.bin")?, statement.memory_units())?,
        builtins: BuiltinInputs::from_value(&private)?,
    };
    let air = CairoAir::new(statement);
    let interaction: Vec<Fe> = (1..=8).map(|i| Fe::from_u64(1_000_003 * i).pow(99)).collect();

    let mut clock = Instant::now();
    let mut cpu_before = cpu_seconds();
    let mut lap = |what: &str| {
        let cpu = cpu_seconds();
        println!("{what}: {:?}, {:.2} CPU-seconds", clock.elapsed(), cpu - cpu_before);
        (clock, cpu_before) = (Instant::now(), cpu);
    };
    let generator = TraceGenerator::new(&air, &run)?;
    let (mut columns, second) = generator.first_phase()?;
    lap("first phase");
    columns.extend(second.columns(&interaction)?);
    lap("second phase");
    let twiddles = Twiddles::new(air.log_trace_length());
    for column in &mut columns {
        bit_reverse(column);
        twiddles.interpolate(column, Fe::ONE);
        twiddles.evaluate(column, Fe::GENERATOR);
        order_by_block(column);
    }
    lap("transforms to one coset");
    let params = air.params(&interaction)?;
    let evaluator = CosetEvaluator::new(&air, &params, Fe::from_u64(12_345).pow(77))?;
    lap("compilation");
    println!("per row: {:?}", evaluator.operation_counts());
    let values = evaluator.evaluate(Fe::GENERATOR, &columns)?;
    println!("checksum {}", values.into_iter().sum::<Fe>());
    lap("composition on one coset");
    Ok(())
}

/// User time of this process, in the hundredths of seconds that Linux counts; zero elsewhere.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_ascii_whitespace().nth(11).and_then(|ticks| ticks.parse().ok());
    ticks.unwrap_or(0.0) / 100.0
}
