//! Proves a run from files, as Stone's `cpu_air_prover` does, and prints what each phase cost:
//!
//!     prove <public input> <private input> <parameters> <proof> [memory budget in MiB]
#![allow(clippy::cast_precision_loss)] // Figures to read.

use std::path::PathBuf;
use std::process::ExitCode;

use novation_cairo_prover::{prove_run, RunFiles};
use novation_field::Kernel;
use novation_stark::{PhaseReport, Primitives, Progress, Resources};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [public_input, private_input, params, out, budget @ ..] = arguments.as_slice() else {
        return Err("usage: prove <public input> <private input> <parameters> <proof> [MiB]".into());
    };
    let files = RunFiles {
        public_input: PathBuf::from(public_input),
        private_input: PathBuf::from(private_input),
        params: PathBuf::from(params),
    };
    let mib: Option<u64> = budget.first().map(|mib| mib.parse()).transpose()?;
    let resources = Resources { memory_budget: mib.map(|mib| mib << 20) };
    let mut progress = Progress::silent();
    let proof = prove_run(&files, resources, &mut progress)?;
    std::fs::write(out, proof.to_json())?;
    let primitives = Primitives::measure();
    println!(
        "{:>24} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}",
        "phase", "wall s", "CPU s", "floor s", "10^6 mul", "10^6 h", "GB", "MiB"
    );
    for phase in progress.phases() {
        let PhaseReport { name, seconds, cpu_seconds, peak_mib, work } = phase;
        println!(
            "{name:>24} {seconds:>8.3} {cpu_seconds:>8.2} {:>8.2} {:>8} {:>8.1} {:>6.1} {peak_mib:>6}",
            work.floor_seconds(&primitives),
            work.field_muls / 1_000_000,
            work.hashes() as f64 / 1e6,
            work.bytes as f64 / 1e9,
        );
    }
    println!("{}: {primitives:?}", Kernel::chosen()?.name());
    Ok(())
}
