//! Constraints 123 to 133.

use novation_air::{Expr, ExprBuilder, Zerofier};
use novation_field::Fe;

use super::columns::BitwiseColumns;
use super::{part_shift, PARTS};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// What the trimmed parts are multiplied with: by 16 the top bit of parts 192 to 194, bit 252 to 254
/// of the word, has no diluted form; part 195 would reach bits 251 and 255 and is moved twice.
const TRIM_FACTORS: [u64; 4] = [16, 16, 16, 256];

/// The cells of one instance.
pub(crate) struct BitwiseConstraints<'b> {
    addr: Expr<'b>,
    next_addr: Expr<'b>,
    or_addr: Expr<'b>,
    xor_addr: Expr<'b>,
    next_instance_addr: Expr<'b>,
    word: Expr<'b>,
    parts: Vec<Expr<'b>>,
    or_value: Expr<'b>,
    and_value: Expr<'b>,
    xor_value: Expr<'b>,
    and_part: Expr<'b>,
    y_part: Expr<'b>,
    xor_part: Expr<'b>,
    /// Trimmed part, and the parts of `and` and `xor` that it stands for.
    trimmed: Vec<[Expr<'b>; 3]>,
    period: u64,
}

impl<'b> BitwiseConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &BitwiseColumns) -> Self {
        let part = |index| cells.at(&c.parts.cells, index);
        let (and, xor) = (2 * PARTS, 3 * PARTS);
        Self {
            addr: cells.at(&c.words.addr, 0),
            next_addr: cells.at(&c.words.addr, 1),
            or_addr: cells.at(&c.x_or_y.addr, 0),
            xor_addr: cells.at(&c.words.addr, 3),
            next_instance_addr: cells.at(&c.words.addr, 4),
            word: cells.at(&c.words.value, 0),
            parts: (0..PARTS).map(part).collect(),
            or_value: cells.at(&c.x_or_y.value, 0),
            and_value: cells.at(&c.words.value, 2),
            xor_value: cells.at(&c.words.value, 3),
            and_part: part(and),
            y_part: part(PARTS),
            xor_part: part(xor),
            trimmed: (12..PARTS)
                .zip(&c.trimmed)
                .map(|(index, trim)| {
                    [cells.at(&trim.cells, 0), part(and + index), part(xor + index)]
                })
                .collect(),
            period: c.period,
        }
    }

    pub(crate) fn add_to(&self, set: &mut ConstraintSet, exprs: &'b ExprBuilder) {
        set.component(123, "bitwise/");
        let (instances, words) = (Rows::every(self.period), Rows::every(self.period / 4));
        let initial = Param::InitialBitwise.expr(exprs);
        set.add("init_var_pool_addr", self.addr - initial, &Rows::first());
        let xor_words = Rows::at(Zerofier::at_fraction(self.period, 3, 4));
        let not_xor = words.clone().except(xor_words);
        set.add("step_var_pool_addr", self.next_addr - (self.addr + 1), &not_xor);
        set.add("x_or_y_addr", self.or_addr - (self.xor_addr + 1), &instances);
        let last = Rows::last(self.period);
        let not_last = instances.clone().except(last);
        set.add("next_var_pool_addr", self.next_instance_addr - (self.or_addr + 1), &not_last);
        set.add("partition", self.sum_of_parts() - self.word, &words);
        let or = self.or_value - (self.and_value + self.xor_value);
        set.add("or_is_and_plus_xor", or, &instances);
        // The parts of x; those of y, and, xor are 16, 32 and 48 parts further on.
        let x_parts = Rows::fractions(self.period, 0..PARTS, 64);
        let addition =
            self.parts[0] + self.y_part - (self.xor_part + self.and_part + self.and_part);
        set.add("addition_is_xor_with_and", addition, &x_parts);
        for ((shift, factor), [trimmed, and, xor]) in (192..).zip(TRIM_FACTORS).zip(&self.trimmed) {
            let unpacked = (*and + *xor) * factor - *trimmed;
            set.add(&format!("unique_unpacking{shift}"), unpacked, &instances);
        }
    }

    fn sum_of_parts(&self) -> Expr<'b> {
        let two = Fe::from_u64(2);
        let shifted = (0..).zip(&self.parts);
        let shifted = shifted.map(|(index, part)| *part * two.pow(u64::from(part_shift(index))));
        shifted.reduce(|sum, part| sum + part).expect("sixteen parts")
    }
}
