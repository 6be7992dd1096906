//! Layouts for runs that come without one.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

mod support;

use novation_cairo_air::layout::{check_disjoint, fit, Builtin, FitError};
use novation_cairo_air::{PublicInput, RawPublicInput};
use serde_json::{json, Value};
use support::read_json;

/// The statement of the golden run as `cairo-run` writes it.
fn without_layout() -> Option<Value> {
    let mut statement = read_json("stone_golden/public_input.json")?;
    statement["dynamic_params"] = Value::Null;
    Some(statement)
}

fn fitted(statement: &Value) -> Result<PublicInput, String> {
    let raw = RawPublicInput::read(statement).unwrap();
    let params = fit(&raw.0).map_err(|error| error.to_string())?;
    PublicInput::new(raw.0.with_params(params)).map_err(|error| error.to_string())
}

#[test]
fn test_fit_when_the_run_left_room_then_its_ratios() {
    let Some(statement) = without_layout() else { return };
    let input = fitted(&statement).unwrap();
    check_disjoint(input.layout()).unwrap();
    let params = input.layout().params();
    let ratio = |builtin| (params.uses(builtin), params.row_ratio(builtin));
    // 8,192 range checks, 128 signatures and 4,096 permutations in 2^20 rows.
    assert_eq!(ratio(Builtin::RangeCheck), (true, 1 << 7));
    assert_eq!(ratio(Builtin::Ecdsa), (true, 1 << 13));
    assert_eq!(ratio(Builtin::Poseidon), (true, 1 << 8));
    assert_eq!(ratio(Builtin::Pedersen), (false, 0));
    assert_eq!(input.log_trace_length(), 20);
}

#[test]
fn test_fit_when_the_run_is_short_then_steps_are_taller() {
    let Some(mut statement) = without_layout() else { return };
    statement["n_steps"] = json!(512);
    let segments = statement["memory_segments"].as_object_mut().unwrap();
    for (name, segment) in segments {
        if !["program", "execution", "output"].contains(&name.as_str()) {
            *segment = json!({"begin_addr": 2000, "stop_ptr": 2000});
        }
    }
    let kept = statement["public_memory"].as_array().unwrap()[..3].to_vec();
    statement["public_memory"] = json!(kept);
    let input = fitted(&statement).unwrap();
    // The diluted pool alone needs 2^16 rows, and the 16-bit values between the bounds as many.
    assert_eq!(input.log_trace_length(), 16);
    statement["n_steps"] = json!(8);
    assert!(fitted(&statement).unwrap_err().contains("no layout has room"));
}

#[test]
fn test_fit_when_it_is_impossible_then_says_why() {
    let Some(statement) = without_layout() else { return };
    let error = |path: &str, value: Value| {
        let mut changed = statement.clone();
        *changed.pointer_mut(path).unwrap() = value;
        fit(&RawPublicInput::read(&changed).unwrap().0).unwrap_err()
    };
    assert_eq!(error("/n_steps", json!(65_535)), FitError::Steps { actual: 65_535 });
    assert_eq!(error("/n_steps", json!(1_u64 << 63)), FitError::Steps { actual: 1 << 63 });
    let keccak = json!({"begin_addr": 10_222, "stop_ptr": 10_238});
    assert_eq!(error("/memory_segments/keccak", keccak), FitError::Builtin { builtin: "keccak" });
    let extremes = [json!(0), json!(u64::MAX), json!(1_u64 << 62)];
    for name in ["output", "ecdsa", "poseidon", "mul_mod"] {
        for end in ["begin_addr", "stop_ptr"] {
            for value in &extremes {
                let mut changed = statement.clone();
                changed["memory_segments"][name][end] = value.clone();
                // Whatever it is, it is no panic.
                let _ = fitted(&changed);
            }
        }
    }
}
