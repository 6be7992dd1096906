//! Statements: parsing, checks, and the words of the transcript.

mod support;

use novation_cairo_air::PublicInputError as E;
use novation_cairo_air::{PageHash, PublicInput, PublicInputError};
use novation_field::Fe;
use serde_json::{json, Value};
use support::{read_json, PROOFS};

fn golden() -> Option<Value> {
    read_json("stone_golden/public_input.json")
}

#[test]
fn test_statement_when_written_and_read_then_same() {
    for name in PROOFS {
        let Some(proof) = read_json(name) else { return };
        let input = PublicInput::from_value(&proof["public_input"]).unwrap();
        assert_eq!(PublicInput::from_json(&input.to_value().to_string()).unwrap(), input);
    }
}

#[test]
fn test_statement_when_field_is_wrong_then_typed_error() {
    let Some(golden) = golden() else { return };
    let error = |path: &str, value: Value| {
        let mut changed = golden.clone();
        *changed.pointer_mut(path).unwrap() = value;
        PublicInput::from_value(&changed).unwrap_err()
    };
    assert!(matches!(error("/layout", json!("starknet")), E::Layout { .. }));
    assert!(matches!(error("/n_steps", json!(65_535)), E::Steps { actual: 65_535, .. }));
    assert!(matches!(error("/n_steps", json!(0)), E::Steps { .. }));
    assert!(matches!(error("/n_steps", json!(u64::MAX)), E::TooManySteps { .. }));
    assert!(matches!(error("/n_steps", json!(-1)), E::Malformed(_)));
    assert!(matches!(error("/n_steps", json!(16)), E::Rules { .. }));
    assert!(matches!(error("/rc_max", json!(65_536)), E::RangeCheckBounds { .. }));
    assert!(matches!(error("/rc_min", json!(40_000)), E::RangeCheckBounds { .. }));
    assert!(matches!(error("/dynamic_params", Value::Null), E::Malformed(_)));
    let keccak = "/dynamic_params/uses_keccak_builtin";
    assert!(matches!(error(keccak, json!(1)), E::Rules { .. }));
    let ecdsa = "/memory_segments/ecdsa/stop_ptr";
    let name = "ecdsa";
    assert_eq!(error(ecdsa, json!(9_967)), E::SegmentPart { name, size: 1, cells: 2 });
    let (begin_addr, stop_ptr) = (9_966, 9_964);
    assert_eq!(error(ecdsa, json!(stop_ptr)), E::SegmentReversed { name, begin_addr, stop_ptr });
    let too_many = E::SegmentSize { name, actual: 129, max: 128 };
    assert_eq!(error(ecdsa, json!(9_966 + 2 * 129)), too_many);
    assert!(matches!(error("/public_memory", json!([])), E::PublicMemorySize { .. }));
    let value = "/public_memory/0/value";
    let modulus = "0x800000000000011000000000000000000000000000000000000000000000001";
    assert!(matches!(error(value, json!(modulus)), E::Malformed(_)));
    assert!(matches!(error("/public_memory/1/page", json!(2)), E::Page { page: 2, .. }));
    let units = "/dynamic_params/range_check_builtin_row_ratio";
    assert!(matches!(error(units, json!(64)), E::Units { pool: "range-check", .. } | E::Rules(_)));
}

#[test]
fn test_statement_when_part_is_missing_or_unknown_then_typed_error() {
    let Some(golden) = golden() else { return };
    let keys: Vec<String> = golden.as_object().unwrap().keys().cloned().collect();
    for key in keys {
        let mut changed = golden.clone();
        changed.as_object_mut().unwrap().remove(&key);
        assert!(PublicInput::from_value(&changed).is_err(), "{key}");
    }
    let mut changed = golden.clone();
    changed["memory_segments"].as_object_mut().unwrap().remove("add_mod");
    let missing = PublicInputError::Segment { name: "add_mod".to_owned(), fault: "missing" };
    assert_eq!(PublicInput::from_value(&changed), Err(missing));
    let mut changed = golden.clone();
    changed["memory_segments"]["foo"] = json!({"begin_addr": 1, "stop_ptr": 1});
    let unknown = PublicInputError::Segment { name: "foo".to_owned(), fault: "unknown" };
    assert_eq!(PublicInput::from_value(&changed), Err(unknown));
    let mut changed = golden;
    changed["dynamic_params"]["foo"] = json!(1);
    assert!(matches!(PublicInput::from_value(&changed), Err(PublicInputError::Params(_))));
}

#[test]
fn test_statement_when_any_number_is_replaced_then_no_panic() {
    let Some(mut golden) = golden() else { return };
    let kept = golden["public_memory"].as_array().unwrap()[..3].to_vec();
    golden["public_memory"] = json!(kept);
    let mut paths = Vec::new();
    numbers(&golden, "", &mut paths);
    assert!(paths.len() > 360);
    for path in paths {
        for value in [json!(0), json!(u64::MAX), json!(1_u64 << 62), json!(-5), json!("x")] {
            let mut changed = golden.clone();
            *changed.pointer_mut(&path).unwrap() = value;
            let _ = PublicInput::from_value(&changed);
        }
    }
}

fn numbers(value: &Value, path: &str, paths: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| numbers(value, &format!("{path}/{key}"), paths));
        }
        Value::Array(list) => {
            let items = list.iter().enumerate();
            items.for_each(|(key, value)| numbers(value, &format!("{path}/{key}"), paths));
        }
        _ => paths.push(path.to_owned()),
    }
}

#[test]
fn test_seed_words_when_statement_changes_then_differ() {
    let Some(golden) = golden() else { return };
    let input = PublicInput::from_value(&golden).unwrap();
    let keccak = input.seed_words(PageHash::Keccak256, 0);
    let pedersen = input.seed_words(PageHash::Pedersen, 0);
    assert_eq!(keccak.len(), 5 + 340 + 2 * 13 + 2 + 1 + 2);
    assert_eq!(keccak[..keccak.len() - 1], pedersen[..keccak.len() - 1]);
    assert_ne!(keccak.last(), pedersen.last());
    let elements = input.seed_elements(7);
    assert_eq!(elements[0], Fe::from_u64(7));
    assert_eq!(elements[1], Fe::from_u64(16));
    let mut changed = golden;
    changed["public_memory"][50]["value"] = json!("0x1234");
    let changed = PublicInput::from_value(&changed).unwrap();
    assert_ne!(changed.seed_elements(7).last(), elements.last());
}

#[test]
fn test_seed_words_when_memory_has_pages_then_page_headers_follow() {
    let Some(mut golden) = golden() else { return };
    let cells = golden["public_memory"].as_array_mut().unwrap();
    let start = cells.len();
    for address in 50_000..50_004 {
        cells.push(json!({"address": address, "value": "0x5", "page": 1}));
    }
    let input = PublicInput::from_value(&golden).unwrap();
    let words = input.seed_elements(0);
    let [.., n_pages, first_size, _, page_start, page_size, _] = words[..] else { panic!() };
    let header = [n_pages, first_size, page_start, page_size].map(|word| word.to_u64().unwrap());
    assert_eq!(header, [2, start as u64, 50_000, 4]);
    golden["public_memory"][start + 2]["address"] = json!(50_009);
    let gap = PublicInputError::Page { page: 1, address: 50_009 };
    assert_eq!(PublicInput::from_value(&golden), Err(gap));
}
