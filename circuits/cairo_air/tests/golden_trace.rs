//! The trace of the golden run satisfies every constraint, and no column can be changed unnoticed.

mod support;

use novation_air::{check_trace, Air};
use novation_cairo_air::{CairoAir, TraceGenerator, TraceInputs};
use novation_crypto::blake2s256;
use novation_field::fft::{bit_reverse, Twiddles};
use novation_field::Fe;
use rayon::prelude::*;
use support::{exchange, golden, some_elements};

/// Both phases of the golden trace in one list of columns.
fn golden_columns(air: &CairoAir, run: &TraceInputs, interaction: &[Fe]) -> Vec<Vec<Fe>> {
    let generator = TraceGenerator::new(air, run).expect("a run of the statement");
    let (mut columns, second) = generator.first_phase().expect("a provable run");
    columns.extend(second.columns(interaction).expect("a closing permutation"));
    columns
}

#[test]
fn test_golden_trace_when_checked_then_no_failures() {
    let Some((air, run)) = golden() else { return };
    let columns = golden_columns(&air, &run, &some_elements());
    let params = air.params(&some_elements()).unwrap();
    let failures = check_trace(&air, &columns, &params).unwrap();
    let named: Vec<_> = failures.iter().map(|f| (&f.name, f.rows.len())).collect();
    assert_eq!(named, []);
}

#[test]
fn test_golden_trace_when_committed_then_same_roots_as_stone() {
    let Some((air, run)) = golden() else { return };
    let exchange = exchange("stone_golden/proof_suite_p.json").unwrap();
    let columns = golden_columns(&air, &run, &exchange.interaction);
    let (first, second) = columns.split_at(air.n_columns()[0]);
    assert_eq!([first, second].map(|phase| commit(phase, 1)), exchange.roots);
}

/// The root of a tree of masked BLAKE2s over the rows of the low-degree extension.
fn commit(columns: &[Vec<Fe>], log_blowup: u32) -> String {
    let log_n = columns[0].len().ilog2();
    let twiddles = Twiddles::new(log_n + log_blowup);
    let extend = |column: &Vec<Fe>| {
        let mut values = column.clone();
        bit_reverse(&mut values);
        twiddles.interpolate(&mut values, Fe::ONE);
        values.resize(values.len() << log_blowup, Fe::ZERO);
        twiddles.evaluate(&mut values, Fe::GENERATOR);
        values
    };
    let extended: Vec<Vec<Fe>> = columns.iter().map(extend).collect();
    let leaf = |row: usize| {
        let bytes: Vec<[u8; 32]> =
            extended.iter().map(|column| column[row].to_montgomery_bytes_be()).collect();
        // The leaf of a table of one column is its value.
        if let [value] = bytes[..] {
            value
        } else {
            masked(&bytes.concat())
        }
    };
    let mut layer: Vec<[u8; 32]> = (0..extended[0].len()).into_par_iter().map(leaf).collect();
    while layer.len() > 1 {
        layer = layer.par_chunks(2).map(|pair| masked(&pair.concat())).collect();
    }
    layer[0].iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn masked(bytes: &[u8]) -> [u8; 32] {
    let mut hash = blake2s256(bytes);
    hash[0] = 0;
    hash
}
