//! The evaluators agree with each other on a small AIR, and the checker finds what is broken.

use novation_air::{
    check_degrees, check_trace, constraint_degrees, eval_composition, order_by_block, Air,
    AirError, Constraint, CosetEvaluator, ExprBuilder, Graph, Mask, NodeId, Periodic, TraceChecker,
    Zerofier,
};
use novation_field::fft::{bit_reverse, evaluate_at, Twiddles};
use novation_field::Fe;

const LOG_N: u32 = 7;
const N: usize = 1 << LOG_N;
const KEY_PERIOD: u64 = 16;
const KEY_STEP: u64 = 4;

/// a' = a*a + key on rows that are multiples of 4 except the last such row; b' = a + b + p; a = 5 at
/// first; b = `p_last` at last; a^2 = c on odd multiples of 8; two mask entries are the same cell.
struct ToyAir {
    mask: Vec<Mask>,
    graph: Graph,
    constraints: Vec<Constraint>,
    periodic: Vec<Periodic>,
    param_names: Vec<String>,
    last_b: Fe,
}

impl ToyAir {
    fn new(last_b: Fe) -> Self {
        let cell = |column, row| Mask { column, row };
        let mask = vec![cell(0, 0), cell(0, 4), cell(1, 0), cell(1, 1), cell(2, 3), cell(0, 0)];
        let b = ExprBuilder::default();
        let (a, a_next, sum, sum_next, c) = (b.mask(0), b.mask(1), b.mask(2), b.mask(3), b.mask(4));
        let constraint = |index, name: &str, expr: NodeId| Constraint {
            index,
            name: name.to_owned(),
            expr,
            numerators: Vec::new(),
            denominators: Vec::new(),
        };
        let constraints = vec![
            Constraint {
                denominators: vec![Zerofier::every(4)],
                numerators: vec![Zerofier::from_end(4)],
                ..constraint(0, "step", (a_next - (a.square() + b.periodic(0))).id())
            },
            Constraint {
                denominators: vec![Zerofier::every(1)],
                numerators: vec![Zerofier::from_end(1)],
                ..constraint(2, "sum", (sum_next - (b.mask(5) + sum + b.param(0) * 2)).id())
            },
            Constraint {
                denominators: vec![Zerofier::first_row()],
                ..constraint(3, "init", (a - 5).id())
            },
            Constraint {
                denominators: vec![Zerofier::from_end(1)],
                ..constraint(5, "last", (sum - b.param(1)).id())
            },
            Constraint {
                denominators: vec![Zerofier::every(8)],
                numerators: vec![Zerofier::at_fraction(16, 1, 2), Zerofier::at_fraction(32, 0, 1)],
                ..constraint(6, "square", (-(3 - a * a + c) * 7 + 21).id())
            },
        ];
        let key = Periodic {
            name: "key".to_owned(),
            period_rows: KEY_PERIOD,
            step_rows: KEY_STEP,
            values: (1..=KEY_PERIOD / KEY_STEP).map(Fe::from_u64).collect(),
        };
        Self {
            mask,
            graph: b.into_graph(),
            constraints,
            periodic: vec![key],
            param_names: vec!["increment".to_owned(), "last".to_owned()],
            last_b,
        }
    }

    /// A trace that satisfies everything, and the value that the last sum must have.
    fn trace() -> (Vec<Vec<Fe>>, Fe) {
        let (mut a, mut sum, mut c) = (vec![Fe::ZERO; N], vec![Fe::ZERO; N], vec![Fe::ZERO; N]);
        a[0] = Fe::from_u64(5);
        for row in 0..N {
            if row % 4 == 0 && row + 4 < N {
                a[row + 4] = a[row].square() + Fe::from_u64((row as u64 / KEY_STEP) % 4 + 1);
            } else if row % 4 != 0 {
                a[row] = Fe::from_u64(row as u64 * 77);
            }
            if row + 1 < N {
                sum[row + 1] = a[row] + sum[row] + Fe::from_u64(18);
            }
            c[(row + 3) % N] = a[row].square();
        }
        let last = sum[N - 1];
        (vec![a, sum, c], last)
    }
}

impl Air for ToyAir {
    fn log_trace_length(&self) -> u32 {
        LOG_N
    }
    fn n_columns(&self) -> [usize; 2] {
        [2, 1]
    }
    fn n_interaction_elements(&self) -> usize {
        1
    }
    fn n_constraints(&self) -> usize {
        7
    }
    fn mask(&self) -> &[Mask] {
        &self.mask
    }
    fn graph(&self) -> &Graph {
        &self.graph
    }
    fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }
    fn periodic(&self) -> &[Periodic] {
        &self.periodic
    }
    fn param_names(&self) -> &[String] {
        &self.param_names
    }
    fn params(&self, interaction: &[Fe]) -> Result<Vec<Fe>, AirError> {
        Ok(vec![interaction[0], self.last_b])
    }
}

fn toy() -> (ToyAir, Vec<Vec<Fe>>, Vec<Fe>) {
    let (columns, last) = ToyAir::trace();
    let air = ToyAir::new(last);
    let params = air.params(&[Fe::from_u64(9)]).expect("one element");
    (air, columns, params)
}

fn interpolate(columns: &[Vec<Fe>]) -> Vec<Vec<Fe>> {
    let twiddles = Twiddles::new(LOG_N);
    let polynomial = |column: &Vec<Fe>| {
        let mut values = column.clone();
        bit_reverse(&mut values);
        twiddles.interpolate(&mut values, Fe::ONE);
        values
    };
    columns.iter().map(polynomial).collect()
}

fn mask_at(air: &ToyAir, polynomials: &[Vec<Fe>], point: Fe) -> Vec<Fe> {
    let g = Fe::root_of_unity(LOG_N);
    let value = |cell: &Mask| evaluate_at(&polynomials[cell.column], point * g.pow(cell.row));
    air.mask().iter().map(value).collect()
}

#[test]
fn test_check_trace_when_valid_then_no_failures() {
    let (air, columns, params) = toy();
    assert_eq!(check_trace(&air, &columns, &params).unwrap(), vec![]);
}

#[test]
fn test_check_trace_when_cell_flipped_then_names_constraint_and_row() {
    let (air, mut columns, params) = toy();
    columns[0][20] += Fe::ONE;
    let failures = check_trace(&air, &columns, &params).unwrap();
    let named: Vec<_> = failures.iter().map(|f| (f.name.as_str(), f.rows.clone())).collect();
    assert_eq!(named, [("step", vec![16, 20]), ("sum", vec![20])]);
    columns[0][20] -= Fe::ONE;
    columns[2][19] += Fe::ONE; // Belongs to row 16, which both numerators leave constrained.
    let failures = check_trace(&air, &columns, &params).unwrap();
    let named: Vec<_> = failures.iter().map(|f| (f.name.as_str(), f.rows.clone())).collect();
    assert_eq!(named, [("square", vec![16])]);
    columns[2][19] -= Fe::ONE;
    for exempt in [11, 35] {
        columns[2][exempt] += Fe::ONE; // Rows 8 and 32 are exempt.
    }
    assert_eq!(check_trace(&air, &columns, &params).unwrap(), vec![]);
}

#[test]
fn test_check_cells_when_cells_changed_then_same_failures_as_whole_check() {
    let (air, mut columns, params) = toy();
    let checker = TraceChecker::new(&air, &params).unwrap();
    for (column, row) in [(0, 20), (0, 127), (1, 0), (1, 127), (2, 2), (2, 19), (0, 3)] {
        columns[column][row] += Fe::ONE;
        let local = checker.check_cells(&columns, &[(column, row as u64)]).unwrap();
        assert_eq!(local, check_trace(&air, &columns, &params).unwrap(), "cell {column}, {row}");
        columns[column][row] -= Fe::ONE;
    }
}

#[test]
fn test_coset_evaluator_when_compared_with_point_then_equal_on_all_cosets() {
    let (air, columns, params) = toy();
    let (alpha, polynomials) = (Fe::from_u64(1_234_567), interpolate(&columns));
    let evaluator = CosetEvaluator::new(&air, &params, alpha).unwrap();
    let twiddles = Twiddles::new(LOG_N);
    for offset in [Fe::GENERATOR, Fe::GENERATOR * Fe::root_of_unity(LOG_N + 1)] {
        let mut extended = polynomials.clone();
        for values in &mut extended {
            twiddles.evaluate(values, offset);
            order_by_block(values);
        }
        let values = evaluator.evaluate(offset, &extended).unwrap();
        for (position, value) in values.iter().enumerate() {
            let row = position.reverse_bits() >> (usize::BITS - LOG_N);
            let point = offset * Fe::root_of_unity(LOG_N).pow(row as u64);
            let mask = mask_at(&air, &polynomials, point);
            let expected = eval_composition(&air, &mask, alpha, point, &params).unwrap();
            assert_eq!(*value, expected, "position {position}");
        }
    }
}

#[test]
fn test_coset_evaluation_when_told_to_stop_then_stops() {
    let (air, columns, params) = toy();
    let evaluator = CosetEvaluator::new(&air, &params, Fe::from_u64(5)).unwrap();
    let mut calls = 0;
    let stopped = evaluator.evaluate_in_parts(Fe::GENERATOR, &columns, |done, parts| {
        calls += 1;
        assert!(done < parts);
        Err(AirError::CosetMeetsTraceDomain)
    });
    assert_eq!((stopped, calls), (Err(AirError::CosetMeetsTraceDomain), 1));
}

#[test]
fn test_composition_when_trace_valid_then_degree_below_twice_length() {
    let (air, columns, params) = toy();
    check_degrees(&air).unwrap();
    assert_eq!(constraint_degrees(&air).unwrap().len(), 5);
    let evaluator = CosetEvaluator::new(&air, &params, Fe::from_u64(3)).unwrap();
    let twiddles = Twiddles::new(LOG_N + 2);
    let root = Fe::root_of_unity(LOG_N + 2);
    let high_degree_terms = |columns: &[Vec<Fe>]| {
        let polynomials = interpolate(columns);
        let mut composition = Vec::new();
        for chunk in [0, 2, 1, 3] {
            let offset = Fe::GENERATOR * root.pow(chunk);
            let mut extended = polynomials.clone();
            for values in &mut extended {
                twiddles.evaluate(values, offset);
                order_by_block(values);
            }
            composition.extend(evaluator.evaluate(offset, &extended).unwrap());
        }
        twiddles.interpolate(&mut composition, Fe::GENERATOR);
        composition[2 * N..].iter().filter(|value| !value.is_zero()).count()
    };
    assert_eq!(high_degree_terms(&columns), 0);
    let mut broken = columns;
    broken[1][5] += Fe::ONE;
    assert_ne!(high_degree_terms(&broken), 0);
}

#[test]
fn test_eval_composition_when_inputs_misshapen_then_typed_errors() {
    let (air, columns, params) = toy();
    let mask = vec![Fe::ONE; 6];
    let at =
        |mask: &[Fe], point, params: &[Fe]| eval_composition(&air, mask, Fe::ONE, point, params);
    let point = Fe::from_u64(99);
    assert_eq!(at(&mask[..5], point, &params), Err(AirError::MaskCount { expected: 6, actual: 5 }));
    assert_eq!(
        at(&mask, point, &params[..1]),
        Err(AirError::ParamCount { expected: 2, actual: 1 })
    );
    assert_eq!(
        at(&mask, Fe::ONE, &params),
        Err(AirError::ZeroDenominator { constraint: "step".to_owned() })
    );
    assert_eq!(
        check_trace(&air, &columns[..2], &params),
        Err(AirError::ColumnCount { expected: 3, actual: 2 })
    );
    let evaluator = CosetEvaluator::new(&air, &params, Fe::ONE).unwrap();
    let on_trace = evaluator.evaluate(Fe::root_of_unity(3), &columns);
    assert_eq!(on_trace, Err(AirError::CosetMeetsTraceDomain));
}

#[test]
fn test_degrees_when_product_of_three_cells_then_rejected() {
    let (mut air, ..) = toy();
    let b = ExprBuilder::default();
    let expr = b.mask(0) * b.mask(1) * b.mask(2) * b.mask(3);
    air.constraints = vec![Constraint {
        index: 0,
        name: "quartic".to_owned(),
        expr: expr.id(),
        numerators: Vec::new(),
        denominators: vec![Zerofier::every(1)],
    }];
    air.graph = b.into_graph();
    let (n, name) = (N as u64, "quartic".to_owned());
    let (degree, limit) = (4 * (n - 1) - n, 2 * n - 1);
    assert_eq!(check_degrees(&air), Err(AirError::Degree { constraint: name, degree, limit }));
}
