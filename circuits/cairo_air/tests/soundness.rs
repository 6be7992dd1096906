//! Breaking a valid trace is noticed.

mod support;

use novation_air::{Air, TraceChecker};
use novation_cairo_air::TraceGenerator;
use novation_field::Fe;
use support::small::small;
use support::some_elements;

#[test]
fn test_small_trace_when_checked_then_no_failures() {
    let Some((air, run)) = small() else { return };
    let generator = TraceGenerator::new(&air, &run).unwrap();
    let mut columns = generator.first_phase().unwrap();
    columns.extend(generator.second_phase(&columns, &some_elements()).unwrap());
    let params = air.params(&some_elements()).unwrap();
    let start = std::time::Instant::now();
    let checker = TraceChecker::new(&air, &params).unwrap();
    let failures = checker.check(&columns).unwrap();
    eprintln!(
        "{:?} {} columns {} constraints",
        start.elapsed(),
        columns.len(),
        air.constraints().len()
    );
    let named: Vec<_> = failures.iter().map(|f| (&f.name, f.rows.len(), f.rows[0])).collect();
    assert_eq!(named, []);
    let _ = Fe::ONE;
}
