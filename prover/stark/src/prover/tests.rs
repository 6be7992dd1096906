//! The resources of a proof do not change it.

use rayon::ThreadPoolBuilder;

use super::resources::PLANS;
use super::*;
use support::{all_params, SquaresAir, SquaresWitness, LOG_ROWS, STATEMENT};

#[path = "../../tests/support/mod.rs"]
mod support;

#[test]
fn test_proof_is_the_same_for_every_plan_and_number_of_threads() {
    let start = Fe::from_u64(3);
    let air = SquaresAir::new(start, LOG_ROWS);
    for params in all_params() {
        let prove = |plan, threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut witness = SquaresWitness::new(start, LOG_ROWS);
            pool.install(|| {
                let mut progress = Progress::silent();
                prove_as_planned(&air, &mut witness, &params, &STATEMENT, plan, &mut progress)
                    .unwrap()
            })
        };
        let expected = prove(PLANS[0], 1);
        for plan in PLANS {
            for threads in [1, 2, 5] {
                assert!(prove(plan, threads) == expected, "{plan:?}, {threads} threads");
            }
        }
    }
}

#[test]
fn test_prove_when_budget_is_too_small_then_error_names_the_budget_that_suffices() {
    let start = Fe::from_u64(3);
    let air = SquaresAir::new(start, LOG_ROWS);
    let mut witness = SquaresWitness::new(start, LOG_ROWS);
    let mut prove = |budget| {
        let resources = Resources { memory_budget: Some(budget) };
        let mut progress = Progress::silent();
        prove(&air, &mut witness, &all_params()[0], &STATEMENT, resources, &mut progress)
    };
    let Err(ProveError::Budget(BudgetError { needed, budget: 1 })) = prove(1) else {
        panic!("a budget of one byte was accepted")
    };
    // Other tests of this process may take memory in between.
    prove(2 * needed).unwrap();
}
