//! Breaking a valid trace is noticed, and no constraint is superfluous.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use novation_air::{Air, Constraint, Node, TraceChecker};
use novation_cairo_air::layout::{Builtin, Owner, COLUMNS};
use novation_cairo_air::{CairoAir, TraceGenerator};
use novation_field::Fe;
use support::small::small;
use support::some_elements;

/// A column and a row.
type Cell = (usize, u64);

struct Trace {
    air: CairoAir,
    columns: Vec<Vec<Fe>>,
    params: Vec<Fe>,
}

fn small_trace() -> Option<Trace> {
    let (air, run) = small()?;
    let generator = TraceGenerator::new(&air, &run).expect("a run of the statement");
    let (mut columns, second) = generator.first_phase().expect("a provable run");
    columns.extend(second.columns(&some_elements()).expect("elements"));
    let params = air.params(&some_elements()).expect("elements");
    Some(Trace { air, columns, params })
}

/// Deterministic pseudo-random numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        usize::try_from((self.0 >> 33) % bound as u64).expect("below a usize")
    }
}

#[test]
fn test_small_trace_when_checked_then_no_failures() {
    let Some(Trace { air, columns, params }) = small_trace() else { return };
    let failures = TraceChecker::new(&air, &params).unwrap().check(&columns).unwrap();
    let named: Vec<_> = failures.iter().map(|f| (&f.name, f.rows.len(), f.rows[0])).collect();
    assert_eq!(named, []);
    assert_eq!(air.constraints().len(), 198);
}

/// Cells of a period that the constraints leave free: the last cell of a chain has no next, and the
/// second column of partial rounds is longer than the rounds.
fn free_cells(column: &str) -> Vec<u64> {
    let is_chain =
        ["__slope", "doubling_slope", "x_diff_inv"].iter().any(|end| column.ends_with(end));
    match column {
        _ if column.contains("exponentiate_generator") && is_chain => vec![255],
        _ if column.starts_with("ec_op") && is_chain => vec![255],
        _ if is_chain => vec![255, 511],
        _ if column.contains("partial_rounds_state1") => (22..32).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn test_builtin_cells_when_any_is_changed_then_noticed() {
    let Some(Trace { air, mut columns, params }) = small_trace() else { return };
    let checker = TraceChecker::new(&air, &params).unwrap();
    let layout = air.public_input().layout();
    for spec in COLUMNS.iter().filter(|spec| matches!(spec.owner, Owner::Builtin(_))) {
        let column = layout.column(spec.name);
        let Owner::Builtin(builtin) = spec.owner else { continue };
        let unused_instance = air.public_input().n_instances(builtin).saturating_sub(1);
        for instance in [0, unused_instance] {
            let mut free = Vec::new();
            for cell in (0..spec.cells).filter(|_| layout.params().uses(builtin)) {
                let mask = column.cell(instance * spec.cells + cell);
                let row = usize::try_from(mask.row).unwrap();
                columns[mask.column][row] += Fe::from_u64(1 + cell);
                let failures = checker.check_cells(&columns, &[(mask.column, mask.row)]).unwrap();
                columns[mask.column][row] -= Fe::from_u64(1 + cell);
                if failures.is_empty() {
                    free.push(cell);
                }
            }
            let expected =
                if layout.params().uses(builtin) { free_cells(spec.name) } else { vec![] };
            assert_eq!(free, expected, "{} of instance {instance}", spec.name);
        }
    }
    assert!(layout.params().uses(Builtin::EcOp));
}

#[test]
fn test_shared_columns_when_random_cell_is_changed_then_noticed() {
    let Some(Trace { air, mut columns, params }) = small_trace() else { return };
    let checker = TraceChecker::new(&air, &params).unwrap();
    let layout = air.public_input().layout();
    // The result of a conditional jump that is not taken is free: it would be 1/0. So are the
    // auxiliary values of the last step, which has no next program counter.
    let flags = layout.column("cpu__decode__opcode_range_check__column");
    let jumps_not = |columns: &[Vec<Fe>], step: usize| {
        let flag = columns[flags.column][flags.row(16 * step + 9, columns[0].len())];
        flag.to_u64().is_some_and(|rest| rest % 2 == 1)
    };
    let mut random = Random(2_021);
    for spec in COLUMNS.iter().filter(|spec| !matches!(spec.owner, Owner::Builtin(_))) {
        let column = layout.column(spec.name);
        let n_cells = usize::try_from(air.trace_length() / column.step).unwrap();
        let cells = (0..300).map(|_| random.below(n_cells)).chain([0, n_cells - 1]);
        for cell in cells.collect::<Vec<_>>() {
            let row = column.row(cell, columns[0].len());
            columns[column.column][row] += Fe::ONE;
            let changed = [(column.column, row as u64)];
            let failures = checker.check_cells(&columns, &changed).unwrap();
            columns[column.column][row] -= Fe::ONE;
            let is_free = match spec.name {
                "cpu__operands__res" => jumps_not(&columns, cell),
                name => name.contains("update_pc__tmp") && cell == n_cells - 1,
            };
            assert!(!failures.is_empty() || is_free, "cell {cell} of {}", spec.name);
        }
    }
}

/// The cells that a constraint reads on a row.
fn cells_of(air: &CairoAir, constraint: &Constraint, row: u64) -> Vec<Cell> {
    let live = air.graph().reachable([constraint.expr]);
    let nodes = air.graph().nodes.iter().zip(live).filter(|(_, live)| *live);
    let cells: BTreeSet<Cell> = nodes
        .filter_map(|(node, _)| match node {
            Node::Mask(position) => {
                let mask = air.mask()[*position as usize];
                Some((mask.column, (row + mask.row) % air.trace_length()))
            }
            _ => None,
        })
        .collect();
    cells.into_iter().collect()
}

/// Searches values for the cells of one row with which a single constraint fails there.
///
/// One cell of the constraint is changed; whatever else fails is repaired by changing another cell,
/// in which the failing constraint is linear, and so on.
struct Search<'t> {
    trace: &'t mut Trace,
    row: u64,
    target: usize,
    changed: BTreeMap<Cell, Fe>,
}

impl Search<'_> {
    fn run(&mut self, seed: Cell, delta: Fe, random: &mut Random) -> bool {
        let params = self.trace.params.clone();
        let air = self.trace.air.clone();
        let checker = TraceChecker::new(&air, &params).expect("parameters");
        self.change(seed, delta);
        let found = (0..14).any(|_| self.repair_one(&checker, random));
        for (cell, value) in std::mem::take(&mut self.changed) {
            *self.cell(cell) = value;
        }
        found
    }

    /// Whether only the target fails; otherwise repairs some other failure as well as possible.
    fn repair_one(&mut self, checker: &TraceChecker<CairoAir>, random: &mut Random) -> bool {
        let failing = checker.check_row(&self.trace.columns, self.row).expect("columns");
        let others: Vec<usize> =
            failing.iter().copied().filter(|index| *index != self.target).collect();
        if others.is_empty() {
            return failing.len() == 1;
        }
        let index = others[random.below(others.len())];
        let constraints = self.trace.air.constraints().iter();
        let constraint = constraints.clone().find(|c| c.index == index).expect("live").clone();
        let mut best: Option<(usize, Cell, Fe)> = None;
        for cell in cells_of(&self.trace.air, &constraint, self.row) {
            if self.changed.contains_key(&cell) {
                continue;
            }
            let Some(delta) = self.solve(checker, &constraint, cell, random) else { continue };
            *self.cell(cell) += delta;
            let left = checker.check_row(&self.trace.columns, self.row).expect("columns");
            *self.cell(cell) -= delta;
            if !left.contains(&self.target) {
                continue;
            }
            let score = 4 * left.len() + random.below(4);
            if best.is_none_or(|(known, ..)| score < known) {
                best = Some((score, cell, delta));
            }
        }
        if let Some((_, cell, delta)) = best {
            self.change(cell, delta);
        }
        false
    }

    /// What must be added to a cell so that a constraint holds, if it is linear in the cell or holds
    /// after a simple multiple of an earlier change.
    fn solve(
        &mut self,
        checker: &TraceChecker<CairoAir>,
        c: &Constraint,
        cell: Cell,
        random: &mut Random,
    ) -> Option<Fe> {
        let [v0, v1, v2] =
            [0, 1, 2].map(|step| self.value_after(checker, c, cell, Fe::from_u64(step)));
        let slope = v1 - v0;
        if v2 - v1 == slope {
            return Some(-v0 * slope.inverse()?);
        }
        let earlier: Vec<(Cell, Fe)> =
            self.changed.iter().map(|(cell, old)| (*cell, *old)).collect();
        let (changed, old) = earlier[random.below(earlier.len())];
        let delta = *self.cell(changed) - old;
        let multiples = [delta, -delta, delta.double(), -delta.double()];
        multiples.into_iter().find(|delta| self.value_after(checker, c, cell, *delta).is_zero())
    }

    fn value_after(
        &mut self,
        checker: &TraceChecker<CairoAir>,
        c: &Constraint,
        cell: Cell,
        delta: Fe,
    ) -> Fe {
        *self.cell(cell) += delta;
        let value = checker.value(&self.trace.columns, c.index, self.row).expect("a constraint");
        *self.cell(cell) -= delta;
        value
    }

    fn change(&mut self, cell: Cell, delta: Fe) {
        let old = *self.cell(cell);
        self.changed.entry(cell).or_insert(old);
        *self.cell(cell) = old + delta;
    }

    fn cell(&mut self, (column, row): Cell) -> &mut Fe {
        &mut self.trace.columns[column][usize::try_from(row).expect("a row")]
    }
}

impl Trace {
    /// A row and a change of one cell by which a constraint fails there.
    fn seed(&mut self, constraint: &Constraint, random: &mut Random) -> Option<(u64, Cell, Fe)> {
        let params = self.params.clone();
        let air = self.air.clone();
        let checker = TraceChecker::new(&air, &params).expect("parameters");
        let rows = checker.rows_of(constraint.index);
        (0..1000).find_map(|_| {
            let row = rows[random.below(rows.len())];
            let cells = cells_of(&air, constraint, row);
            let (column, cell_row) = cells[random.below(cells.len())];
            let delta = Fe::from_u64(1 + random.below(1 << 20) as u64);
            let position = usize::try_from(cell_row).expect("a row");
            self.columns[column][position] += delta;
            let value = checker.value(&self.columns, constraint.index, row);
            self.columns[column][position] -= delta;
            value.is_some_and(|value| !value.is_zero()).then_some((row, (column, cell_row), delta))
        })
    }

    /// Values of one step of a subset sum with a bit that is none: the point (x, 0) "plus" the
    /// point (a, b) is (x, 0) again if the bit is (2x + a) (x - a)^2 / b^2.
    fn is_booleanity_needed(&mut self, index: usize, sum: &str, point: [Fe; 2], step: u64) -> bool {
        let layout = self.air.public_input().layout();
        let at = |name: &str, cell| layout.column(&format!("{sum}__{name}")).cell(cell);
        let row = at("slope", step).row - at("slope", 0).row;
        let (selector, rest) = (at("selector", step), at("selector", step + 1));
        let (x, y) = (at("partial_sum__x", step), at("partial_sum__y", step));
        let next = [at("partial_sum__x", step + 1), at("partial_sum__y", step + 1)];
        let slope_cell = at("slope", step);
        let value = |columns: &[Vec<Fe>], mask: novation_air::Mask| {
            columns[mask.column][usize::try_from(mask.row).expect("a row")]
        };
        let saved = self.columns.clone();
        let [a, b] = point;
        let (sum_x, rest) = (value(&saved, x), value(&saved, rest));
        let b_inverse = b.inverse().expect("no point of order two");
        let bit = (sum_x.double() + a) * (sum_x - a).square() * b_inverse.square();
        let slope = -(bit * b) * (sum_x - a).inverse().expect("an honest sum");
        for (mask, value) in [
            (selector, rest.double() + bit),
            (y, Fe::ZERO),
            (next[0], sum_x),
            (next[1], Fe::ZERO),
            (slope_cell, slope),
        ] {
            self.columns[mask.column][usize::try_from(mask.row).expect("a row")] = value;
        }
        let checker = TraceChecker::new(&self.air, &self.params).expect("parameters");
        let failing = checker.check_row(&self.columns, row).expect("columns");
        self.columns = saved;
        failing == [index]
    }
}

#[test]
fn test_constraints_when_one_is_dropped_then_some_row_is_no_longer_rejected() {
    let Some(mut trace) = small_trace() else { return };
    let mut random = Random(7);
    let mut superfluous = Vec::new();
    for constraint in trace.air.clone().constraints() {
        let found = (0..60).any(|_| {
            let Some((row, cell, delta)) = trace.seed(constraint, &mut random) else {
                return false;
            };
            let (target, changed) = (constraint.index, BTreeMap::new());
            let mut search = Search { trace: &mut trace, row, target, changed };
            search.run(cell, delta, &mut random)
        });
        if !found {
            superfluous.push(constraint.name.as_str().to_owned());
        }
    }
    // The bits of scalars are quadratic in everything; the next test has a solution for them.
    superfluous.retain(|name| !name.ends_with("/booleanity_test"));
    assert_eq!(superfluous, Vec::<String>::new());
}

#[test]
fn test_booleanity_of_scalar_bits_when_dropped_then_some_row_is_no_longer_rejected() {
    const STEP: u64 = 3;
    let Some(mut trace) = small_trace() else { return };
    let position = usize::try_from(STEP).unwrap();
    let periodic = |trace: &Trace, name: &str| {
        let column = trace.air.periodic().iter().find(|column| column.name == name).unwrap();
        column.values[position]
    };
    let cell = |trace: &Trace, name: &str| {
        let mask = trace.air.public_input().layout().column(name).cell(STEP);
        trace.columns[mask.column][usize::try_from(mask.row).unwrap()]
    };
    for (index, sum, point) in [
        (60, "pedersen__hash0__ec_subset_sum", ["pedersen/points/x", "pedersen/points/y"]),
        (
            85,
            "ecdsa__signature0__exponentiate_generator",
            ["ecdsa/generator_points/x", "ecdsa/generator_points/y"],
        ),
    ] {
        let point = point.map(|name| periodic(&trace, name));
        assert!(trace.is_booleanity_needed(index, sum, point, STEP), "{sum}");
    }
    for (index, sum, point) in [
        (
            94,
            "ecdsa__signature0__exponentiate_key",
            ["ecdsa__signature0__key_points__x", "ecdsa__signature0__key_points__y"],
        ),
        (153, "ec_op__ec_subset_sum", ["ec_op__doubled_points__x", "ec_op__doubled_points__y"]),
    ] {
        let point = point.map(|name| cell(&trace, name));
        assert!(trace.is_booleanity_needed(index, sum, point, STEP), "{sum}");
    }
}
