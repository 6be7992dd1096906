//! Hints that compare numbers. The program proves both answers.

use crate::error::{shown, Fault};
use crate::expression::Expression;
use crate::hints::division::div_rem;
use crate::machine::{Machine, EXECUTION};
use crate::value::{less, Value};

/// (p - 1) / 3 and (p - 1) / 2, which is what Python's floor division of p gives.
const PRIME_OVER_3: [u64; 4] =
    [0x5555_5555_5555_5555, 0x5555_5555_5555_5555, 0x5555_5555_5555_5555, 0x02aa_aaaa_aaaa_aab0];
const PRIME_OVER_2: [u64; 4] = [0, 0, 0x8000_0000_0000_0000, 0x0400_0000_0000_0008];

fn answer(machine: &mut Machine, value: bool) -> Result<(), Fault> {
    machine.assign(EXECUTION, machine.ap, Value::from_u64(value.into()))
}

fn limbs(machine: &mut Machine, expression: &Expression) -> Result<[u64; 4], Fault> {
    let value = expression.value(machine)?;
    let number = machine.number(value)?;
    number.limbs().ok_or_else(|| Fault::hint("not a number"))
}

/// Zero if the number is below 2^128.
pub(super) fn is_range_checkable(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let [_, _, c, d] = limbs(machine, &ids[0])?;
    answer(machine, (c, d) != (0, 0))
}

/// Zero if the number is below 2^248.
pub(super) fn is_248_bits(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let [.., top] = limbs(machine, &ids[0])?;
    answer(machine, top >> 56 != 0)
}

/// Whether so many elements are left.
pub(super) fn at_least<const COUNT: i64>(
    machine: &mut Machine,
    ids: &[Expression],
) -> Result<(), Fault> {
    let (end, elements) = (ids[0].value(machine)?, ids[1].value(machine)?);
    let left = machine.minus(end, elements)?;
    let left = left.to_i64().ok_or_else(|| Fault::hint("too many elements"))?;
    answer(machine, left >= COUNT)
}

pub(super) fn assert_less(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let (a, b) = (limbs(machine, &ids[0])?, limbs(machine, &ids[1])?);
    if less(&a, &b) {
        return Ok(());
    }
    let text = |limbs| Value::from_limbs(limbs).map(shown).unwrap_or_default();
    Err(Fault::Hint(format!("a = {} is not less than b = {}", text(a), text(b))))
}

/// Finds the two shorter of the arcs 0 to a, a to b and b to p - 1, and remembers the third.
pub(super) fn assert_le_arcs(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let (a, b) = (limbs(machine, &ids[0])?, limbs(machine, &ids[1])?);
    if less(&b, &a) {
        return Err(Fault::hint("a is not less than or equal to b"));
    }
    let number = |limbs| Value::from_limbs(limbs).ok_or_else(|| Fault::hint("not a number"));
    let difference = |x: Value, y: Value| {
        x.minus(y).and_then(Value::limbs).ok_or_else(|| Fault::hint("not a number"))
    };
    let (a_value, b_value) = (number(a)?, number(b)?);
    let mut arcs = [
        (a, 0),
        (difference(b_value, a_value)?, 1),
        (difference(Value::from_i64(-1), b_value)?, 2),
    ];
    arcs.sort_by(|(x, i), (y, j)| x.iter().rev().cmp(y.iter().rev()).then(i.cmp(j)));
    if less(&PRIME_OVER_3, &arcs[0].0) || less(&PRIME_OVER_2, &arcs[1].0) {
        return Err(Fault::hint("the arcs are too long"));
    }
    let pointer = ids[2].value(machine)?;
    for (arc, (divisor, place)) in arcs.iter().zip([(3, 0), (4, 2)]) {
        let divisor = limbs(machine, &ids[divisor])?;
        let (quotient, remainder) = div_rem(&arc.0, &divisor).ok_or(Fault::Division)?;
        let low = machine.plus(pointer, Value::from_u64(place))?;
        let high = machine.plus(pointer, Value::from_u64(place + 1))?;
        machine.store(low, number(remainder)?)?;
        machine.store(high, number(quotient)?)?;
    }
    machine.scope().excluded = Some(arcs[2].1);
    Ok(())
}

fn excluded(machine: &mut Machine) -> Result<u8, Fault> {
    machine.scope().excluded.ok_or_else(|| Fault::hint("name 'excluded' is not defined"))
}

/// One if the arc that was left out is not this one.
pub(super) fn excluded_is_not<const ARC: u8>(
    machine: &mut Machine,
    _: &[Expression],
) -> Result<(), Fault> {
    let excluded = excluded(machine)?;
    answer(machine, excluded != ARC)
}

pub(super) fn excluded_is_2(machine: &mut Machine, _: &[Expression]) -> Result<(), Fault> {
    match excluded(machine)? {
        2 => Ok(()),
        other => Err(Fault::Hint(format!("excluded arc {other}, expected 2"))),
    }
}
