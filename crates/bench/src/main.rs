//! Prints nanoseconds of each primitive on one core: `primitives [--json]`.
//!
//! Every figure is the minimum over repetitions, which is what the processor can do when nothing
//! else runs. The keys of the JSON object are stable.

mod arithmetic;
mod lambdaworks;
mod memory;
mod transforms;

use std::process::ExitCode;
use std::time::Instant;

use novation_crypto::calibrate::{blake2s_ns, keccak_ns};
use novation_field::calibrate::field_mul_ns;
use novation_field::Kernel;
use serde_json::{Map, Value};

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
    let kernel = Kernel::chosen()?.name();
    // One core: the figures are costs, not throughputs.
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let mut figures = vec![
        ("field_mul_ns", field_mul_ns()),
        ("field_mul_scalar_ns", arithmetic::scalar_mul_ns()),
        ("field_mul_lambdaworks_ns", lambdaworks::mul_ns()),
        ("field_add_ns", arithmetic::add_ns()),
        ("field_add_product_ns", arithmetic::add_product_ns()),
        ("field_load_ns", arithmetic::load_ns()),
        ("batch_inverse_ns", arithmetic::batch_inverse_ns()),
        ("keccak_ns", keccak_ns()),
        ("blake2s_ns", blake2s_ns()),
        ("fft_butterfly_ns_2_12", transforms::butterfly_ns(12)),
        ("fft_butterfly_ns_2_16", transforms::butterfly_ns(16)),
        ("fft_butterfly_lambdaworks_ns_2_16", lambdaworks::butterfly_ns(16)),
    ];
    figures.extend([
        ("fft_butterfly_ns_2_20", transforms::butterfly_ns(20)),
        ("fft_butterfly_ns_2_22", transforms::butterfly_ns(22)),
        ("interpolate_butterfly_ns_2_20", transforms::inverse_butterfly_ns(20)),
        ("bit_reverse_ns_2_20", transforms::bit_reverse_ns(20)),
        ("evaluate_into_ns_2_20", transforms::evaluate_into_ns(20)),
        ("read_gb_per_s", memory::read_gb_per_s()),
        ("copy_gb_per_s", memory::copy_gb_per_s()),
    ]);
    if std::env::args().any(|argument| argument == "--json") {
        let mut object: Map<String, Value> =
            figures.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
        object.insert("kernel".to_owned(), kernel.into());
        println!("{}", serde_json::to_string_pretty(&object)?);
    } else {
        println!("{:36} {kernel:>9}", "kernel");
        for (key, value) in figures {
            println!("{key:36} {value:9.3}");
        }
    }
    Ok(())
}

/// Nanoseconds per unit of the fastest of several runs of `work`, which does `units` of them.
fn fastest_ns(repetitions: usize, units: usize, mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..repetitions {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    #[allow(clippy::cast_precision_loss)] // Counts far below 2^53.
    let units = units as f64;
    best * 1e9 / units
}
