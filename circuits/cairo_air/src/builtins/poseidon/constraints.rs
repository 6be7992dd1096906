//! Constraints 316 to 346.

use novation_air::{Expr, ExprBuilder, Zerofier};

use super::columns::{PoseidonColumns, SquaredColumn};
use super::keys::ROUND_KEYS;
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// A stored value and its stored square.
#[derive(Clone, Copy)]
struct Squared<'b> {
    value: Expr<'b>,
    square: Expr<'b>,
}

impl<'b> Squared<'b> {
    fn value_first(cells: &Cells<'b>, c: &SquaredColumn, index: u64) -> Self {
        let value = cells.at(&c.value, index);
        Self { value, square: cells.at(&c.square, index) }
    }

    fn square_first(cells: &Cells<'b>, c: &SquaredColumn, index: u64) -> Self {
        let square = cells.at(&c.square, index);
        Self { value: cells.at(&c.value, index), square }
    }

    fn cube(self) -> Expr<'b> {
        self.value * self.square
    }
}

/// The periodic columns of round keys.
pub(crate) struct RoundKeyColumns<'b> {
    pub(crate) full: [Expr<'b>; 3],
    pub(crate) partial0: Expr<'b>,
    pub(crate) partial1: Expr<'b>,
}

/// The cells of one instance.
pub(crate) struct PoseidonConstraints<'b> {
    addrs: [[Expr<'b>; 2]; 3],
    full: [Squared<'b>; 3],
    partial0: Squared<'b>,
    partial1: Squared<'b>,
    inputs: [Expr<'b>; 3],
    next_full: [Expr<'b>; 3],
    outputs: [Expr<'b>; 3],
    last_full: [Squared<'b>; 3],
    /// Rounds 61 to 63 of the first column with rounds 0 to 2 of the second.
    shared: [[Expr<'b>; 2]; 3],
    /// Round 3, the last full one before the partial rounds.
    middle_full: [Squared<'b>; 3],
    /// Rounds 1 and 2 of the first column, and the value of round 3.
    partial0_next: [Squared<'b>; 2],
    partial0_after: Expr<'b>,
    /// The same of the second column.
    partial1_next: [Squared<'b>; 2],
    partial1_after: Expr<'b>,
    /// Rounds 19 to 21 of the second column.
    partial1_end: [Squared<'b>; 3],
    /// The first full round after the partial rounds.
    second_half: [Expr<'b>; 3],
    period: u64,
}

impl<'b> PoseidonConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &PoseidonColumns) -> Self {
        let io = &c.input_output;
        let addrs = [0, 1, 2].map(|i| [0, 1].map(|index| cells.at(&io[i].addr, index)));
        let full = [0, 1, 2].map(|i| Squared::square_first(cells, &c.full[i], 0));
        let partial0 = Squared::square_first(cells, &c.partial0, 0);
        let partial1 = Squared::square_first(cells, &c.partial1, 0);
        let inputs = [0, 1, 2].map(|i| cells.at(&io[i].value, 0));
        let next_full = [0, 1, 2].map(|i| cells.at(&c.full[i].value, 1));
        let output0 = cells.at(&io[0].value, 1);
        let last_full = [0, 1, 2].map(|i| Squared::value_first(cells, &c.full[i], 7));
        let outputs = [output0, cells.at(&io[1].value, 1), cells.at(&io[2].value, 1)];
        let copied61 = cells.at(&c.partial0.value, 61);
        let second1 = cells.at(&c.partial1.value, 1);
        let copied62 = cells.at(&c.partial0.value, 62);
        let second2 = cells.at(&c.partial1.value, 2);
        let copied63 = cells.at(&c.partial0.value, 63);
        let middle_full = [0, 1, 2].map(|i| Squared::value_first(cells, &c.full[i], 3));
        let (first1, first2) = (cells.at(&c.partial0.value, 1), cells.at(&c.partial0.value, 2));
        let first1 = Squared { value: first1, square: cells.at(&c.partial0.square, 1) };
        let partial0_after = cells.at(&c.partial0.value, 3);
        let first2 = Squared { value: first2, square: cells.at(&c.partial0.square, 2) };
        let partial1_after = cells.at(&c.partial1.value, 3);
        let partial1_next = [(second1, 1), (second2, 2)]
            .map(|(value, index)| Squared { value, square: cells.at(&c.partial1.square, index) });
        let second_half0 = cells.at(&c.full[0].value, 4);
        let partial1_end =
            [19, 20, 21].map(|index| Squared::value_first(cells, &c.partial1, index));
        let second_half =
            [second_half0, cells.at(&c.full[1].value, 4), cells.at(&c.full[2].value, 4)];
        Self {
            addrs,
            full,
            partial0,
            partial1,
            inputs,
            next_full,
            outputs,
            last_full,
            shared: [[copied61, partial1.value], [copied62, second1], [copied63, second2]],
            middle_full,
            partial0_next: [first1, first2],
            partial0_after,
            partial1_next,
            partial1_after,
            partial1_end,
            second_half,
            period: c.period,
        }
    }

    pub(crate) fn add_to(
        &self,
        set: &mut ConstraintSet,
        exprs: &'b ExprBuilder,
        keys: &RoundKeyColumns<'b>,
    ) {
        set.component(316, "poseidon/");
        self.addresses(set, exprs);
        self.squares(set);
        self.full_rounds(set, keys);
        self.copies(set);
        self.margin_full_to_partial(set);
        self.partial_rounds(set, keys);
        self.margin_partial_to_full(set);
    }

    fn instances(&self) -> Rows {
        Rows::every(self.period)
    }

    fn addresses(&self, set: &mut ConstraintSet, exprs: &'b ExprBuilder) {
        let half = self.period / 2;
        let last = Rows::last(half);
        let halves = Rows::every(half).except(last);
        for (index, [addr, next]) in (0u64..).zip(self.addrs) {
            let initial = Param::InitialPoseidon.expr(exprs) + index;
            let name = format!("param_{index}");
            set.add(&format!("{name}/init_input_output_addr"), addr - initial, &Rows::first());
            let step = next - (addr + 3);
            set.add(&format!("{name}/addr_input_output_step"), step, &halves);
        }
    }

    fn squares(&self, set: &mut ConstraintSet) {
        let mut add = |name: &str, cell: Squared<'b>, rows: &Rows| {
            let name = format!("poseidon/{name}_squaring");
            set.add(&name, cell.value.square() - cell.square, rows);
        };
        let full = Rows::every(self.period / 8);
        add("full_rounds_state0", self.full[0], &full);
        add("full_rounds_state1", self.full[1], &full);
        add("full_rounds_state2", self.full[2], &full);
        add("partial_rounds_state0", self.partial0, &Rows::every(self.period / 64));
        let unused = Rows::fractions(self.period, 22..32, 32);
        let used = Rows::every(self.period / 32).except(unused);
        add("partial_rounds_state1", self.partial1, &used);
    }

    fn full_rounds(&self, set: &mut ConstraintSet, keys: &RoundKeyColumns<'b>) {
        let keyed = self.inputs.into_iter().zip(ROUND_KEYS.first).zip(self.full).enumerate();
        for (i, ((input, key), state)) in keyed {
            let name = format!("poseidon/add_first_round_key{i}");
            set.add(&name, input + key - state.value, &self.instances());
        }
        // Rounds 3 and 7 end a half.
        let half_end = Rows::at(Zerofier::at_fraction(self.period / 2, 3, 4));
        let rounds = Rows::every(self.period / 8).except(half_end);
        let mixed = mix(self.full.map(Squared::cube)).into_iter().zip(keys.full);
        for (i, (next, (mixed, key))) in self.next_full.into_iter().zip(mixed).enumerate() {
            set.add(&format!("poseidon/full_round{i}"), next - (mixed + key), &rounds);
        }
        let mixed = mix(self.last_full.map(Squared::cube));
        for (i, (output, mixed)) in self.outputs.into_iter().zip(mixed).enumerate() {
            let name = format!("poseidon/last_full_round{i}");
            set.add(&name, output - mixed, &self.instances());
        }
    }

    fn copies(&self, set: &mut ConstraintSet) {
        for (index, [first, second]) in self.shared.into_iter().enumerate() {
            let name = format!("poseidon/copy_partial_rounds0_i{index}");
            set.add(&name, first - second, &self.instances());
        }
    }

    /// The first three partial rounds from the last full round: elements that do not pass the S-box
    /// are eliminated with the inverse of the matrix.
    fn margin_full_to_partial(&self, set: &mut ConstraintSet) {
        let [x, y, z] = self.middle_full.map(Squared::cube);
        let [s1, s2] = self.partial0_next;
        let s0 = self.partial0;
        let [key0, key1, key2] = ROUND_KEYS.full_to_partial;
        let rounds = [
            s0.value - (x + y - 2 * z + key0),
            s1.value - (10 * z + 4 * s0.value - 4 * y - 2 * s0.cube() + key1),
            s2.value - (8 * z + 4 * s0.value + 6 * s0.cube() + 2 * s1.value - 2 * s1.cube() + key2),
        ];
        for (index, round) in rounds.into_iter().enumerate() {
            let name = format!("poseidon/margin_full_to_partial{index}");
            set.add(&name, round, &self.instances());
        }
    }

    fn partial_rounds(&self, set: &mut ConstraintSet, keys: &RoundKeyColumns<'b>) {
        let [s1, s2] = self.partial0_next;
        let round = self.partial0_after - (next_partial([self.partial0, s1, s2]) + keys.partial0);
        let end = Rows::fractions(self.period, 61..64, 64);
        let rows = Rows::every(self.period / 64).except(end);
        set.add("poseidon/partial_round0", round, &rows);
        let [s1, s2] = self.partial1_next;
        let round = self.partial1_after - (next_partial([self.partial1, s1, s2]) + keys.partial1);
        let end = Rows::fractions(self.period, 19..32, 32);
        let rows = Rows::every(self.period / 32).except(end);
        set.add("poseidon/partial_round1", round, &rows);
    }

    /// The first full round of the second half from the last three partial rounds.
    fn margin_partial_to_full(&self, set: &mut ConstraintSet) {
        let [a, b, c] = self.partial1_end;
        let [key0, key1, key2] = ROUND_KEYS.partial_to_full;
        let [x, y, z] = self.second_half;
        let rounds = [
            x - (16 * a.cube() + 8 * b.value + 16 * b.cube() + 6 * c.value + c.cube() + key0),
            y - (4 * b.cube() + 2 * c.value + c.cube() + key1),
            z - (8 * a.cube() + 4 * b.value + 6 * b.cube() + 2 * c.value - 2 * c.cube() + key2),
        ];
        for (index, round) in rounds.into_iter().enumerate() {
            let name = format!("poseidon/margin_partial_to_full{index}");
            set.add(&name, round, &self.instances());
        }
    }
}

/// The matrix ((3, 1, 1), (1, -1, 1), (1, 1, -2)).
fn mix([x, y, z]: [Expr<'_>; 3]) -> [Expr<'_>; 3] {
    [x + x + x + y + z, x - y + z, x + y - (z + z)]
}

/// See [`super::keys::next_partial`].
fn next_partial(rounds: [Squared<'_>; 3]) -> Expr<'_> {
    let [r0, r1, r2] = rounds;
    8 * r0.cube() + 4 * r1.value + 6 * r1.cube() + 2 * r2.value - 2 * r2.cube()
}

#[cfg(test)]
mod tests {
    use novation_field::Fe;

    use super::*;

    #[test]
    fn test_round_keys_when_compared_with_published_then_equal() {
        // The constants of StarkWare's verifier for the first and the last margin.
        let published = |text: &str| {
            text.bytes().fold(Fe::ZERO, |value, digit| {
                value * Fe::from_u64(10) + Fe::from_u64(u64::from(digit - b'0'))
            })
        };
        assert_eq!(
            ROUND_KEYS.full_to_partial[2],
            published(
                "427751140904099001132521606468025610873158555767197326325930641757709538586"
            )
        );
        assert_eq!(
            ROUND_KEYS.partial_to_full[0],
            published(
                "560279373700919169769089400651532183647886248799764942664266404650165812023"
            )
        );
    }
}
