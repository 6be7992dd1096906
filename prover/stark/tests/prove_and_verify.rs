//! Proofs of a small AIR verify, and nothing that differs from them does.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

mod support;

use novation_field::Fe;
use novation_stark::{
    prove, verify, verify_bytes, Progress, Proof, ProveError, Resources, Shape, StarkParams,
    VerifyError,
};
use support::{all_params, params, squares_proof, SquaresAir, SquaresWitness, LOG_ROWS, STATEMENT};

fn suite_k() -> StarkParams {
    params("keccak256", "keccak256_masked160_msb", 0)
}

fn suite_p() -> StarkParams {
    params("poseidon3", "blake256_masked248_lsb", 3)
}

#[test]
fn test_proof_of_every_suite_verifies_as_value_and_as_bytes() {
    for params in all_params() {
        let (air, proof) = squares_proof(&params);
        let bits = verify(&air, &params, &STATEMENT, &proof).unwrap();
        // Eleven queries at blowup 4 and 5 bits of grinding.
        assert_eq!(bits.conjectured, 11 * 1980 + 5000);
        let bytes = proof.to_bytes(&params);
        verify_bytes(&air, &params, &STATEMENT, &bytes).unwrap();
        let read = Proof::from_bytes(&bytes, &Shape::of(&air), &params, &STATEMENT).unwrap();
        assert_eq!(read, proof);
    }
}

#[test]
fn test_proof_is_the_same_on_one_thread() {
    let params = suite_k();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let serial = pool.install(|| squares_proof(&params).1);
    assert_eq!(serial, squares_proof(&params).1);
}

#[test]
fn test_verify_when_any_byte_changes_rejects() {
    // Replaying suite P is slow, so not all of its bytes are tried.
    for (params, stride) in [(suite_k(), 1), (suite_p(), 7)] {
        let (air, proof) = squares_proof(&params);
        let bytes = proof.to_bytes(&params);
        for position in (0..bytes.len()).step_by(stride) {
            let mut mutated = bytes.clone();
            mutated[position] ^= 1 << (position % 8);
            let result = verify_bytes(&air, &params, &STATEMENT, &mutated);
            // A different nonce may prove the work too, but then it moves the queries.
            assert!(result.is_err(), "byte {position} of {}", bytes.len());
        }
    }
}

#[test]
fn test_verify_when_bytes_are_missing_or_left_over_rejects() {
    for params in [suite_k(), suite_p()] {
        let (air, proof) = squares_proof(&params);
        let bytes = proof.to_bytes(&params);
        for length in (0..bytes.len()).step_by(13) {
            let result = verify_bytes(&air, &params, &STATEMENT, &bytes[..length]);
            assert!(matches!(result, Err(VerifyError::Bytes(_))), "length {length}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        let result = verify_bytes(&air, &params, &STATEMENT, &longer);
        assert!(matches!(result, Err(VerifyError::Bytes(_))));
    }
}

#[test]
fn test_verify_when_bytes_are_random_rejects() {
    let (air, params) = (SquaresAir::new(Fe::ONE, LOG_ROWS), suite_k());
    let mut state = 0x5eed_u64;
    println!("SEED={state}");
    for length in (0..6000).step_by(13) {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                // Words that start with zeros pass as field elements.
                (state >> 56).to_le_bytes()[0] & 7
            })
            .collect();
        assert!(verify_bytes(&air, &params, &STATEMENT, &bytes).is_err());
    }
}

#[test]
fn test_verify_when_messages_are_added_or_removed_rejects() {
    let params = suite_p();
    let (air, proof) = squares_proof(&params);
    let changes: [fn(&mut Proof); 12] = [
        |p| p.commitments.trace_roots.truncate(1),
        |p| p.commitments.trace_roots.push([0; 32]),
        |p| {
            let _ = p.commitments.ood_values.pop();
        },
        |p| p.commitments.ood_values.clear(),
        |p| {
            let _ = p.commitments.fri_roots.pop();
        },
        |p| p.commitments.last_layer.push(Fe::ZERO),
        |p| {
            let _ = p.openings.pop();
        },
        |p| p.openings.push(p.openings[0].clone()),
        |p| {
            let _ = p.openings[0].values.pop();
        },
        |p| {
            let _ = p.openings[1].siblings.pop();
        },
        |p| p.openings[3].values.push(Fe::ONE),
        |p| p.openings[4].siblings.push([0; 32]),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut mutated = proof.clone();
        change(&mut mutated);
        let result = verify(&air, &params, &STATEMENT, &mutated);
        assert_eq!(result.unwrap_err(), VerifyError::Shape, "change {index}");
    }
}

#[test]
fn test_verify_when_statement_or_parameters_differ_rejects() {
    let params = suite_k();
    let (air, proof) = squares_proof(&params);
    let mut statement = STATEMENT;
    statement[63] ^= 1;
    assert!(verify(&air, &params, &statement, &proof).is_err());
    let other_start = SquaresAir::new(air.start + Fe::ONE, LOG_ROWS);
    let result = verify(&other_start, &params, &STATEMENT, &proof);
    assert!(matches!(result, Err(VerifyError::OutOfDomain { .. })));
    let changes: [fn(&mut StarkParams); 8] = [
        |p| p.log_blowup = 3,
        |p| p.fri.n_queries = 10,
        |p| p.fri.n_queries = 12,
        |p| p.fri.pow_bits = 6,
        |p| p.fri.pow_bits = 0,
        |p| p.fri.steps = vec![0, 1, 2, 3],
        |p| p.fri.log_last_layer = 3,
        |p| p.tree = suite_p().tree,
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut changed = params.clone();
        change(&mut changed);
        assert!(verify(&air, &changed, &STATEMENT, &proof).is_err(), "change {index}");
    }
}

#[test]
fn test_prove_when_the_trace_is_wrong_fails() {
    let (params, start) = (suite_k(), Fe::from_u64(3));
    let air = SquaresAir::new(start, LOG_ROWS);
    for (column, row) in [(0, 0), (0, 100), (1, 255)] {
        let mut witness = SquaresWitness::new(start, LOG_ROWS);
        witness.columns[column][row] += Fe::ONE;
        let result = prove(
            &air,
            &mut witness,
            &params,
            &STATEMENT,
            Resources::default(),
            &mut Progress::silent(),
        );
        assert!(matches!(result, Err(ProveError::Unsatisfied)), "cell {column}, {row}");
    }
    let mut witness = SquaresWitness::new(start, LOG_ROWS);
    witness.columns.pop();
    let result = prove(
        &air,
        &mut witness,
        &params,
        &STATEMENT,
        Resources::default(),
        &mut Progress::silent(),
    );
    assert!(matches!(result, Err(ProveError::TraceShape { phase: 0, columns: 2, .. })));
}

#[test]
fn test_prove_reports_phases_and_stops_when_asked() {
    let (params, start) = (suite_k(), Fe::from_u64(3));
    let air = SquaresAir::new(start, LOG_ROWS);
    let mut fractions = Vec::new();
    let mut witness = SquaresWitness::new(start, LOG_ROWS);
    let mut progress = Progress::new(|_, fraction| {
        fractions.push(fraction);
        true
    });
    prove(&air, &mut witness, &params, &STATEMENT, Resources::default(), &mut progress).unwrap();
    assert_eq!(progress.phases().len(), 11);
    drop(progress);
    assert!(fractions.is_sorted());
    assert!((fractions[fractions.len() - 1] - 1.0).abs() < 1e-9);
    let mut calls = 0;
    let mut progress = Progress::new(|_, _| {
        calls += 1;
        calls < 4
    });
    let result =
        prove(&air, &mut witness, &params, &STATEMENT, Resources::default(), &mut progress);
    assert!(matches!(result, Err(ProveError::Cancelled(_))));
}
