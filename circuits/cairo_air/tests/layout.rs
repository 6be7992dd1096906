//! Layout tables: packing, the frozen table, and the rules.

mod support;

use std::collections::BTreeMap;

use novation_cairo_air::layout::{
    check_disjoint, frozen_params, pack, validate_layout, Builtin, DynamicParams, LayoutError,
    PackError, Ratios, PARAM_NAMES,
};
use support::read_json;

const TRACE_LENGTH: u64 = 1 << 24;

fn with_builtins(steps: &[(Builtin, u64)]) -> Ratios {
    Ratios { steps_per_instance: steps.iter().copied().collect(), ..Ratios::frozen() }
}

fn n_columns(ratios: &Ratios) -> [usize; 2] {
    let params = pack(ratios).expect("possible ratios");
    let layout = validate_layout(params, TRACE_LENGTH).expect("a packed layout is valid");
    check_disjoint(&layout).expect("a packed layout has no overlap");
    layout.n_columns()
}

#[test]
fn test_param_names_when_compared_with_stone_then_same() {
    assert_eq!(PARAM_NAMES.len(), 340);
    let Some(statement) = read_json("stone_golden/public_input.json") else { return };
    let names: Vec<&String> = statement["dynamic_params"].as_object().unwrap().keys().collect();
    let mut expected: Vec<&String> = PARAM_NAMES.iter().collect();
    expected.sort_unstable();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn test_frozen_layout_when_packed_again_then_same() {
    let packed = pack(&Ratios::frozen()).unwrap();
    assert_eq!(
        packed,
        frozen_params(),
        "regenerate: cargo run -p novation-cairo-air --example pack_layout > layout.json"
    );
    assert_eq!(n_columns(&Ratios::frozen()), [6, 1]);
}

#[test]
fn test_pack_when_ratios_of_the_research_then_its_column_counts() {
    let (rc, ecdsa, poseidon) = (Builtin::RangeCheck, Builtin::Ecdsa, Builtin::Poseidon);
    let a = [(rc, 8), (ecdsa, 512), (poseidon, 16)];
    let b = [(rc, 8), (ecdsa, 512), (poseidon, 8)];
    let c = [(rc, 8), (ecdsa, 256), (poseidon, 16)];
    let d = [(rc, 8), (ecdsa, 256), (poseidon, 8)];
    assert_eq!(n_columns(&with_builtins(&a)), [6, 1]);
    assert_eq!(n_columns(&with_builtins(&b)), [7, 1]);
    assert_eq!(n_columns(&with_builtins(&c)), [7, 1]);
    assert_eq!(n_columns(&with_builtins(&d)), [8, 1]);
    let mut with_hashes = with_builtins(&a);
    with_hashes.steps_per_instance.extend([(Builtin::Pedersen, 1024), (Builtin::Bitwise, 256)]);
    with_hashes.diluted_units_row_ratio = 32;
    assert_eq!(n_columns(&with_hashes), [6, 1]);
    let more_units =
        Ratios { range_check_units_per_step: 8, diluted_units_row_ratio: 256, ..Ratios::frozen() };
    assert_eq!(n_columns(&more_units), [6, 2]);
}

#[test]
fn test_pack_when_ratios_impossible_then_typed_errors() {
    let ratio = |ratios: Ratios| pack(&ratios).unwrap_err();
    let odd = with_builtins(&[(Builtin::Ecdsa, 100)]);
    assert_eq!(ratio(odd), PackError::Ratio { name: "ecdsa", actual: 100 });
    let dense = with_builtins(&[(Builtin::Ecdsa, 16)]);
    let (builtin, rows, min) = ("ecdsa", 256, 512);
    assert_eq!(ratio(dense), PackError::InstanceRows { builtin, rows, min });
    let starved = Ratios { memory_units_per_step: 4, ..Ratios::frozen() };
    assert!(matches!(ratio(starved), PackError::PoolFull { .. }));
    let starved = Ratios { range_check_units_per_step: 2, ..Ratios::frozen() };
    assert!(matches!(ratio(starved), PackError::PoolFull { .. }));
    let too_many = Ratios { memory_units_per_step: 32, ..Ratios::frozen() };
    let name = "memory_units_per_step";
    assert_eq!(ratio(too_many), PackError::Ratio { name, actual: 32 });
}

#[test]
fn test_validate_when_any_param_is_extreme_then_error_and_no_panic() {
    let frozen = frozen_params().to_map();
    let mut rejected = 0;
    for name in frozen.keys() {
        for value in [0, 1, 3, 6, 1 << 23, 1 << 40, u64::MAX] {
            let mut map = frozen.clone();
            map.insert(name.clone(), value);
            let params = DynamicParams::from_map(&map).unwrap();
            if let Ok(layout) = validate_layout(params, TRACE_LENGTH) {
                // What is left are other places for a column, which may or may not be free.
                let _ = check_disjoint(&layout);
            } else {
                rejected += 1;
            }
        }
    }
    assert!(rejected > 1500, "{rejected} tables rejected");
}

#[test]
fn test_validate_when_rule_is_violated_then_names_the_parameter() {
    let error = |name: &str, value: u64| {
        let mut map = frozen_params().to_map();
        map.insert(name.to_owned(), value);
        validate_layout(DynamicParams::from_map(&map).unwrap(), TRACE_LENGTH).unwrap_err()
    };
    let name = |name: &str| name.to_owned();
    assert_eq!(
        error("uses_keccak_builtin", 1),
        LayoutError::UnsupportedBuiltin { builtin: "keccak" }
    );
    let switch = "uses_ecdsa_builtin";
    assert_eq!(error(switch, 2), LayoutError::NotABoolean { name: name(switch), actual: 2 });
    let offset = "pedersen__input0_suboffset";
    assert_eq!(error(offset, 5), LayoutError::NotZero { name: name(offset), actual: 5 });
    let column = "range_check16__perm__cum_prod0_column";
    assert_eq!(
        error(column, 3),
        LayoutError::OutOfRange { name: name(column), actual: 3, min: 6, max: 6 }
    );
    let slot = "cpu__decode__off0_suboffset";
    assert_eq!(
        error(slot, 4),
        LayoutError::OutOfRange { name: name(slot), actual: 4, min: 0, max: 3 }
    );
    let ratio = "poseidon__row_ratio";
    assert_eq!(
        error(ratio, 32),
        LayoutError::Period { name: name(ratio), actual: 32, min: 64, max: TRACE_LENGTH }
    );
}

#[test]
fn test_check_disjoint_when_columns_share_cells_then_overlap() {
    let mut map: BTreeMap<String, u64> = frozen_params().to_map();
    for part in ["column", "offset"] {
        let taken = map[&format!("cpu__registers__ap_{part}")];
        map.insert(format!("cpu__registers__fp_{part}"), taken);
    }
    let params = DynamicParams::from_map(&map).unwrap();
    let layout = validate_layout(params, TRACE_LENGTH).unwrap();
    assert!(matches!(check_disjoint(&layout), Err(LayoutError::Overlap { .. })));
}
