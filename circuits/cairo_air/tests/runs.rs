//! Runs that no trace can prove are refused with the reason, and so are signatures.

mod support;

use novation_air::{Air, TraceChecker};
use novation_cairo_air::{
    read_memory_file, read_trace_file, FileError, SignatureError, SignatureInput, TraceError,
    TraceGenerator, TraceInputs,
};
use novation_crypto::ecdsa::inverse_mod_order;
use novation_field::Fe;
use serde_json::Value;
use support::small::small;
use support::some_elements;

/// The error of a changed run.
fn error_of(change: impl FnOnce(&mut TraceInputs)) -> Option<TraceError> {
    let (air, mut run) = small()?;
    change(&mut run);
    let generator = TraceGenerator::new(&air, &run);
    let result = generator.and_then(|generator| generator.first_phase());
    Some(result.map(|_| ()).expect_err("a broken run"))
}

#[test]
fn test_trace_when_run_is_broken_then_typed_error() {
    type Case = (fn(&mut TraceInputs), fn(&TraceError) -> bool);
    let cases: [Case; 14] = [
        (|run| run.trace.truncate(100), |e| matches!(e, TraceError::StepCount { .. })),
        (|run| run.memory[3] = None, |e| matches!(e, TraceError::MissingMemory { address: 3, .. })),
        (
            |run| run.memory[1] = Some(-Fe::ONE),
            |e| matches!(e, TraceError::Instruction { pc: 1, .. }),
        ),
        (
            |run| run.memory[2] = Some(Fe::from_u64(99)),
            |e| matches!(e, TraceError::Registers { step: 1, register: "ap", .. }),
        ),
        (
            |run| *run.builtins.range_check.get_mut(&0).unwrap() += 1,
            |e| matches!(e, TraceError::MemoryConflict { .. }),
        ),
        (
            |run| run.trace[0].pc += 1,
            |e| matches!(e, TraceError::Registers { step: 0, register: "pc", .. }),
        ),
        (
            |run| run.trace[7].fp += 1,
            |e| matches!(e, TraceError::Registers { step: 7, register: "fp", .. }),
        ),
        (
            |run| run.trace.last_mut().unwrap().ap += 1,
            |e| matches!(e, TraceError::Registers { register: "ap", .. }),
        ),
        (
            |run| {
                // The frame that the first call saves.
                let frame = run.trace.windows(2).find(|step| step[0].fp != step[1].fp).unwrap();
                let cell = usize::try_from(frame[0].ap).unwrap();
                run.memory[cell] = run.memory[cell].map(|fp| fp + Fe::ONE);
            },
            |e| matches!(e, TraceError::Call { .. }),
        ),
        (
            |run| {
                run.builtins.ecdsa = run.builtins.ecdsa.values().map(|input| (8, *input)).collect();
            },
            |e| matches!(e, TraceError::InstanceIndex { builtin: "ecdsa", index: 8, .. }),
        ),
        (
            |run| run.builtins.ecdsa.get_mut(&0).unwrap().r += Fe::ONE,
            |e| matches!(e, TraceError::Signature { error: SignatureError::Invalid, .. }),
        ),
        (
            |run| run.builtins.bitwise.get_mut(&0).unwrap()[0] = -Fe::ONE,
            |e| matches!(e, TraceError::BuiltinInput { builtin: "bitwise", .. }),
        ),
        (
            |run| run.builtins.ec_op.get_mut(&0).unwrap().q.x += Fe::ONE,
            |e| matches!(e, TraceError::BuiltinInput { builtin: "ec_op", .. }),
        ),
        (
            |run| run.trace[5].ap = u64::MAX,
            |e| matches!(e, TraceError::Registers { step: 5, register: "ap", .. }),
        ),
    ];
    for (position, (change, is_expected)) in cases.into_iter().enumerate() {
        let Some(error) = error_of(change) else { return };
        assert!(is_expected(&error), "case {position}: {error}");
    }
}

/// Every cell that is read at all is checked before the trace is committed, so that what is left to
/// the constraints is only to agree.
#[test]
fn test_trace_when_a_cell_of_memory_changes_then_refused_or_satisfying() {
    let Some((air, honest)) = small() else { return };
    let params = air.params(&some_elements()).unwrap();
    let checker = TraceChecker::new(&air, &params).unwrap();
    let mut accepted = 0;
    // Program and stack lie below, builtins that few instructions read above.
    for address in (1..1_800).step_by(61).chain((1_800..honest.memory.len()).step_by(3_001)) {
        let mut run = honest.clone();
        run.memory[address] = run.memory[address].map(|value| value + Fe::ONE);
        let first = TraceGenerator::new(&air, &run).unwrap().first_phase();
        let Ok((mut columns, second)) = first else { continue };
        columns.extend(second.columns(&some_elements()).unwrap());
        assert_eq!(checker.check(&columns).unwrap().len(), 0, "address {address}");
        accepted += 1;
    }
    println!("{accepted} cells are read by nobody");
}

#[test]
fn test_second_phase_when_an_element_meets_a_cell_then_permutation_error() {
    let Some((air, run)) = small() else { return };
    let generator = TraceGenerator::new(&air, &run).unwrap();
    let (_, second) = generator.first_phase().unwrap();
    let mut elements: Vec<Fe> = (3..11).map(Fe::from_u64).collect();
    let error = second.columns(&elements[1..]).unwrap_err();
    assert!(matches!(error, TraceError::Air(_)), "{error}");
    // z = address + alpha * value makes one denominator of the product zero. A public cell would
    // show in the parameters of the AIR already.
    let public = air.public_input().public_memory();
    let is_private = |address: &u64| public.iter().all(|cell| cell.address != *address);
    let cells = (1..).zip(run.memory[1..].iter().flatten());
    let (address, value) = cells.into_iter().find(|(address, _)| is_private(address)).unwrap();
    elements[0] = Fe::from_u64(address) + elements[1] * value;
    let error = second.columns(&elements).unwrap_err();
    assert_eq!(error, TraceError::Permutation { argument: "memory" });
}

#[test]
fn test_files_when_malformed_then_typed_errors() {
    let size = FileError::Size { actual: 25, record: 24 };
    assert_eq!(read_trace_file(&[0; 25]), Err(size));
    assert_eq!(read_memory_file(&[0; 39], 9), Err(FileError::Size { actual: 39, record: 40 }));
    assert_eq!(
        read_memory_file(&[0xff; 40], u64::MAX).map(|_| ()),
        Err(FileError::Value { address: u64::MAX })
    );
    let mut cells = [0; 80];
    cells[0] = 9;
    assert_eq!(
        read_memory_file(&cells, 8),
        Err(FileError::Address { address: 9, max: 8 }),
        "no memory is taken for an address that cannot be proven"
    );
    cells[40] = 9;
    assert_eq!(read_memory_file(&cells, 9).map(|memory| memory.len()), Ok(10));
    cells[48] = 1;
    assert_eq!(read_memory_file(&cells, 9), Err(FileError::Conflict { address: 9 }));
    assert_eq!(read_memory_file(&[0; 40], 9), Ok(vec![Some(Fe::ZERO)]));
}

/// Keys made for their message, with which only one of the key's two points works.
#[test]
fn test_signature_when_one_point_cannot_prove_it_then_the_other_satisfies_all() {
    let Some((air, honest)) = small() else { return };
    let text = include_str!("../../../tests/vectors/made_signatures.json");
    let vectors: Vec<Value> = serde_json::from_str(text).unwrap();
    let mirrored = |vector: &&Value| vector["kind"].as_str().unwrap().contains("mirrored");
    let inputs: Vec<SignatureInput> = vectors.iter().filter(mirrored).map(signature).collect();
    assert_eq!(inputs.len(), 29);
    let params = air.params(&some_elements()).unwrap();
    let checker = TraceChecker::new(&air, &params).unwrap();
    // The golden run leaves the last instances unused.
    for group in inputs.chunks(4).step_by(2) {
        let mut run = honest.clone();
        run.builtins.ecdsa.extend((4..).zip(group.iter().copied()));
        let (mut columns, second) = TraceGenerator::new(&air, &run).unwrap().first_phase().unwrap();
        columns.extend(second.columns(&some_elements()).unwrap());
        assert_eq!(checker.check(&columns).unwrap(), Vec::new());
    }
}

/// A signature of the vectors as the builtin takes it.
fn signature(vector: &Value) -> SignatureInput {
    let element = |name: &str| {
        let text = vector[name].as_str().expect("a string");
        Fe::from_hex(&text[2..]).expect("an element")
    };
    let w = inverse_mod_order(&element("s").to_limbs()).expect("not zero");
    SignatureInput {
        public_key: element("public_key"),
        message: element("message_hash"),
        r: element("r"),
        w: Fe::from_limbs(w).expect("below p"),
    }
}

#[test]
fn test_signature_when_sum_meets_a_point_then_unprovable() {
    // z = 1 and Q = G: the sums z*G - S and r*Q + S meet if r = -1 modulo the order would fit, so use
    // a key equal to the shift point instead: r*Q + S starts at Q itself.
    let Some((air, mut run)) = small() else { return };
    let shift_point_x = novation_crypto::curve::SHIFT_POINT.x;
    let input = SignatureInput {
        public_key: shift_point_x,
        message: Fe::ONE,
        r: Fe::from_u64(3),
        w: Fe::from_u64(5),
    };
    run.builtins.ecdsa.insert(0, input);
    let generator = TraceGenerator::new(&air, &run).unwrap();
    let error = generator.first_phase().map(|_| ()).unwrap_err();
    let unprovable = SignatureError::EqualAbscissas { name: "r" };
    assert_eq!(error, TraceError::Signature { index: 0, error: unprovable });
}
