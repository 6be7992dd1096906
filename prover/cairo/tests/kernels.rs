//! Every kernel of this processor makes the same proofs. The kernel is chosen once in a process, so
//! each has its own.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

use novation_field::kernel::VARIABLE;
use novation_field::Kernel;

/// A program that was built with this test.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}

fn run(kernel: &str, program: &Path, arguments: &[&Path]) -> Output {
    Command::new(program).args(arguments).env(VARIABLE, kernel).output().unwrap()
}

/// Runs a program that writes a proof to the last of its arguments, and returns the proof.
fn prove(kernel: Kernel, program: &Path, arguments: &[&Path]) -> String {
    let name = kernel.name();
    let file = env::temp_dir().join(format!("novation-kernels-{}-{name}", std::process::id()));
    let output = run(name, program, &[arguments, &[file.as_path()]].concat());
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let proof = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    proof
}

#[test]
fn test_small_proofs_of_all_kernels_are_equal() {
    let program = example("small_proof");
    let first = prove(Kernel::Scalar, &program, &[]);
    for kernel in Kernel::available() {
        assert!(prove(kernel, &program, &[]) == first, "{}", kernel.name());
    }
}

#[test]
fn test_kernel_that_cannot_be_had_is_refused_and_the_available_ones_are_named() {
    let unavailable = Kernel::ALL.into_iter().filter(|kernel| !kernel.is_available());
    for name in unavailable.map(Kernel::name).chain(["none", ""]) {
        let output = run(name, &example("small_proof"), &[]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(&format!("{name:?}")) && !text.contains("panicked"), "{text}");
        for kernel in Kernel::available() {
            assert!(text.contains(kernel.name()), "{text}");
        }
    }
}

fn prove_golden(suite: &str) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let golden = shared.join("stone_golden");
    if !golden.is_dir() {
        eprintln!("SKIPPED: no Stone vectors at {}", golden.display());
        return;
    }
    let proof_hex = |text: &str| {
        let proof: serde_json::Value = serde_json::from_str(text).unwrap();
        proof["proof_hex"].as_str().unwrap().to_owned()
    };
    let files = [
        "public_input.json".into(),
        "private_input.json".into(),
        format!("params_suite_{suite}.json"),
    ];
    let files = files.map(|file: String| golden.join(file));
    let stone =
        proof_hex(&fs::read_to_string(golden.join(format!("proof_suite_{suite}.json"))).unwrap());
    // The fastest is compared in `stone_proofs.rs`.
    for kernel in Kernel::available().into_iter().skip(1) {
        let ours = prove(kernel, &example("prove"), &files.each_ref().map(PathBuf::as_path));
        assert!(proof_hex(&ours) == stone, "{}", kernel.name());
    }
}

#[test]
fn test_golden_run_in_suite_k_equals_that_of_stone_with_every_kernel() {
    prove_golden("k");
}

#[test]
fn test_golden_run_in_suite_p_equals_that_of_stone_with_every_kernel() {
    prove_golden("p");
}
