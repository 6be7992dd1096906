//! Security figures: their table against the formulas, and where the other rounds matter.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use novation_stark::{Security, Shape, StarkParams, TooWeak};
use serde_json::json;

/// Of the Cairo AIR, for a trace of 2^`log_trace` rows.
fn shape(log_trace: u32) -> Shape {
    Shape { log_trace, phases: vec![6, 1], n_interaction: 8, n_mask: 941, n_constraints: 419 }
}

fn params(log_blowup: u32, n_queries: u64, grinding: u64, hash: &str) -> StarkParams {
    let text = json!({
        "field": "PrimeField0",
        "use_extension_field": false,
        "commitment_hash": hash,
        "stark": {
            "log_n_cosets": log_blowup,
            "fri": {
                "fri_step_list": [0, 3, 3, 3, 3, 3],
                "last_layer_degree_bound": 64,
                "n_queries": n_queries,
                "proof_of_work_bits": grinding,
            },
        },
    });
    StarkParams::from_json(&text.to_string()).unwrap()
}

const NODES_192: &str = "keccak256_masked192_msb";

fn figures(security: Security) -> [u32; 4] {
    let Security { proven, proven_beyond_johnson, conjectured, collision } = security;
    [proven, proven_beyond_johnson, conjectured, collision]
}

#[test]
fn test_security_of_the_profiles() {
    for (log_blowup, n_queries, grinding, expected) in [
        (2, 36, 25, [61_000, 64_024, 96_000, 96_000]),
        (3, 24, 25, [61_000, 64_336, 96_000, 96_000]),
        (5, 14, 27, [62_000, 65_192, 96_000, 96_000]),
    ] {
        let params = params(log_blowup, n_queries, grinding, NODES_192);
        assert_eq!(figures(params.security(&shape(21))), expected, "blowup 2^{log_blowup}");
    }
    // Nodes of 160 bits.
    let narrow = params(3, 24, 25, "keccak256_masked160_msb");
    assert_eq!(figures(narrow.security(&shape(21))), [61_000, 64_336, 80_000, 80_000]);
}

#[test]
fn test_required_security_at_the_edge() {
    let balanced = |n_queries, grinding| params(3, n_queries, grinding, NODES_192);
    balanced(24, 25).require_security(&shape(21), 96).unwrap();
    // One bit of grinding less, as it was: 95.4 bits.
    let weak = balanced(24, 24).require_security(&shape(21), 96).unwrap_err();
    assert_eq!(weak, TooWeak::Bits { required: 96, actual: 95_400 });
    assert_eq!(weak.to_string(), "95.400 bits of conjectured security, 96 are required");
    // Collisions bound everything.
    let narrow = params(3, 60, 40, "keccak256_masked160_msb");
    let weak = narrow.require_security(&shape(21), 81).unwrap_err();
    assert_eq!(weak, TooWeak::Bits { required: 81, actual: 80_000 });
}

#[test]
fn test_blowup_without_a_count_has_no_security() {
    let huge = params(1, 256, 60, NODES_192);
    assert_eq!(figures(huge.security(&shape(21))), [0, 0, 0, 96_000]);
    let error = huge.require_security(&shape(21), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "log_n_cosets is 1, security is counted for 2 to 8 only, and 1 bits are required"
    );
    huge.require_security(&shape(21), 0).unwrap();
}

/// Bits per query of the formula that the table is rounded from.
fn random_words(log_blowup: u32) -> f64 {
    let rho = (-f64::from(log_blowup)).exp2();
    let agreement = rho + rho * (core::f64::consts::E / rho).log2() / 251.0;
    -agreement.log2()
}

#[test]
fn test_table_is_the_formula_to_the_nearest_thousandth() {
    // Large enough to see one query, small enough for no collision to hide it.
    for log_blowup in 2..=8 {
        let one = params(log_blowup, 1, 0, NODES_192).security(&shape(21));
        let exact = 1000.0 * random_words(log_blowup);
        assert!((f64::from(one.conjectured) - exact).abs() <= 0.5, "{log_blowup}: {exact}");
        assert_eq!(one.proven, 500 * log_blowup, "{log_blowup}");
        // What is proven beyond the bound lies between it and what is conjectured.
        let beyond = one.proven_beyond_johnson;
        assert!(one.proven < beyond && beyond < one.conjectured, "{log_blowup}: {beyond}");
    }
}

#[test]
fn test_proven_security_is_bounded_by_the_other_rounds() {
    // 256 queries alone would give 1,024 bits at 248-bit nodes.
    let text = json!({
        "field": "PrimeField0",
        "use_extension_field": false,
        "channel_hash": "poseidon3",
        "commitment_hash": "blake256_masked248_lsb",
        "verifier_friendly_commitment_hash": "poseidon3",
        "verifier_friendly_channel_updates": true,
        "statement": { "page_hash": "pedersen" },
        "stark": {
            "log_n_cosets": 8,
            "fri": {
                "fri_step_list": [0, 4, 4, 4, 4, 4, 4],
                "last_layer_degree_bound": 64,
                "n_queries": 256,
                "proof_of_work_bits": 0,
            },
        },
    });
    let strong = StarkParams::from_json(&text.to_string()).unwrap();
    assert_eq!(strong.security(&shape(30)).proven, 124_000);
    // Each factor comes from the AIR: doubling the values that are batched costs a bit, once
    // batching is the weakest round.
    let batched = |n_mask: usize| strong.security(&Shape { n_mask, ..shape(60) }).proven;
    let (once, twice) = (batched(1 << 60), batched(1 << 61));
    assert!(once < 124_000 && once - twice == 1000, "{once} {twice}");
    // Certificates end at traces of 2^28 rows.
    let weak = params(3, 24, 25, NODES_192);
    assert_eq!(weak.security(&shape(28)).proven_beyond_johnson, 64_336);
    assert_eq!(weak.security(&shape(29)).proven_beyond_johnson, 61_000);
}
