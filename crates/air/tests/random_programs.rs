//! The compiled evaluator against the plain one on random expressions and random columns.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use novation_air::{
    eval_composition, order_by_block, Air, AirError, Constraint, CosetEvaluator, Graph,
    GraphBuilder, Mask, Node, NodeId, Periodic, Zerofier,
};
use novation_field::fft::bit_reverse;
use novation_field::{Fe, Kernel};

const COLUMNS: usize = 3;

/// Reproducible numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % bound
    }

    /// Extremes are frequent.
    fn element(&mut self) -> Fe {
        match self.below(8) {
            0 => Fe::ZERO,
            1 => -Fe::ONE,
            2 => Fe::from_montgomery_limbs([0, 0, 0, 0x0800_0000_0000_0011]).unwrap(),
            _ => Fe::from_u64(self.0).pow(97),
        }
    }
}

struct RandomAir {
    log_n: u32,
    mask: Vec<Mask>,
    graph: Graph,
    constraints: Vec<Constraint>,
    periodic: Vec<Periodic>,
}

impl RandomAir {
    fn new(log_n: u32, random: &mut Random) -> Self {
        let n = 1usize << log_n;
        let mut mask = Vec::new();
        for _ in 0..40 {
            let row = if random.below(2) == 0 { random.below(20) } else { random.below(n) };
            mask.push(Mask { column: random.below(COLUMNS), row: row as u64 });
        }
        let mut builder = GraphBuilder::default();
        let mut nodes: Vec<NodeId> = (0..40).map(|i| builder.leaf(Node::Mask(i))).collect();
        nodes.push(builder.leaf(Node::Periodic(0)));
        nodes.push(builder.leaf(Node::Param(0)));
        nodes.extend((0..5).map(|_| builder.leaf(Node::Const(random.element()))));
        for _ in 0..400 {
            let (a, b) = (nodes[random.below(nodes.len())], nodes[random.below(nodes.len())]);
            nodes.push(match random.below(8) {
                0..3 => builder.add(a, b),
                3..5 => builder.sub(a, b),
                5..7 => builder.mul(a, b),
                _ => builder.neg(a),
            });
        }
        let constraints = (0..200).map(|index| {
            let period = 1 << random.below(log_n as usize);
            let (numerators, denominators) = match random.below(4) {
                0 => (vec![Zerofier::from_end(3)], vec![Zerofier::every(period)]),
                1 => (vec![], vec![Zerofier::from_end(3)]),
                2 => (vec![Zerofier::every(2 * period)], vec![Zerofier::every(period)]),
                _ => (vec![], vec![Zerofier::every(period)]),
            };
            let expr = nodes[nodes.len() - 1 - random.below(300)];
            Constraint { index, name: index.to_string(), expr, numerators, denominators }
        });
        let constraints = constraints.collect();
        let period_rows = 8.min(n as u64);
        let values = (0..period_rows / 2).map(|_| random.element()).collect();
        let periodic = vec![Periodic { name: "key".to_owned(), period_rows, step_rows: 2, values }];
        Self { log_n, mask, graph: builder.into_graph(), constraints, periodic }
    }
}

impl Air for RandomAir {
    fn log_trace_length(&self) -> u32 {
        self.log_n
    }
    fn n_columns(&self) -> [usize; 2] {
        [COLUMNS, 0]
    }
    fn n_interaction_elements(&self) -> usize {
        0
    }
    fn n_constraints(&self) -> usize {
        self.constraints.len()
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
        static NAMES: [String; 1] = [String::new()];
        &NAMES
    }
    fn params(&self, _interaction: &[Fe]) -> Result<Vec<Fe>, AirError> {
        Ok(vec![Fe::GENERATOR])
    }
}

#[test]
fn test_compiled_program_when_random_then_equals_plain_evaluation() {
    for seed in 1..=40 {
        eprintln!("seed {seed}");
        let mut random = Random(seed * 0x9e37_79b9_7f4a_7c15);
        let log_n = [2, 3, 4, 5, 6, 7, 10][random.below(7)];
        let n = 1usize << log_n;
        let air = RandomAir::new(log_n, &mut random);
        let columns: Vec<Vec<Fe>> =
            (0..COLUMNS).map(|_| (0..n).map(|_| random.element()).collect()).collect();
        let mut ordered = columns.clone();
        for column in &mut ordered {
            bit_reverse(column);
            order_by_block(column);
        }
        let (alpha, params) = (random.element() + Fe::from_u64(7), [random.element()]);
        let mut point = Fe::GENERATOR;
        let mut expected = Vec::new();
        for row in 0..n {
            let cell =
                |cell: &Mask| columns[cell.column][(row + usize::try_from(cell.row).unwrap()) % n];
            let mask: Vec<Fe> = air.mask.iter().map(cell).collect();
            expected.push(eval_composition(&air, &mask, alpha, point, &params).unwrap());
            point *= Fe::root_of_unity(log_n);
        }
        for kernel in Kernel::available() {
            let evaluator = CosetEvaluator::with_kernel(&air, &params, alpha, kernel).unwrap();
            let mut values = evaluator.evaluate(Fe::GENERATOR, &ordered).unwrap();
            bit_reverse(&mut values);
            assert_eq!(values, expected, "2^{log_n} rows, {}", kernel.name());
        }
    }
}
