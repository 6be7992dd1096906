//! Sets of trace rows as roots of sparse polynomials.

use novation_field::Fe;

/// The factor `x^(n/period) - g^(n*num/den + shift)`, n being the trace length and g the generator
/// of the trace domain. It vanishes on the rows congruent to `period*(num/den) + shift*period/n`
/// modulo `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zerofier {
    /// Distance of the rows, or `None` for a single row (the power of x is then 1).
    pub period: Option<u64>,
    /// Numerator of the fraction of the trace length in the exponent of g.
    pub num: u64,
    /// Denominator of that fraction.
    pub den: u64,
    /// Added to the exponent of g.
    pub shift: i64,
}

impl Zerofier {
    /// The rows that are multiples of `period`.
    pub const fn every(period: u64) -> Self {
        Self { period: Some(period), num: 0, den: 1, shift: 0 }
    }

    /// The row `num/den` of the way through every `period` rows.
    pub const fn at_fraction(period: u64, num: u64, den: u64) -> Self {
        Self { period: Some(period), num, den, shift: 0 }
    }

    /// The first row.
    pub const fn first_row() -> Self {
        Self { period: None, num: 0, den: 1, shift: 0 }
    }

    /// The row that stands `distance` rows before the end of the trace.
    pub const fn from_end(distance: i64) -> Self {
        Self { period: None, num: 1, den: 1, shift: -distance }
    }

    /// The powers of x and g, or `None` if the fractions do not divide the trace length.
    pub(crate) fn resolve(&self, trace_length: u64) -> Option<Powers> {
        let period = self.period.unwrap_or(trace_length);
        let scaled = u128::from(trace_length) * u128::from(self.num);
        if period == 0
            || !trace_length.is_multiple_of(period)
            || self.den == 0
            || !scaled.is_multiple_of(u128::from(self.den))
        {
            return None;
        }
        let n = i128::from(trace_length);
        let fraction = i128::try_from(scaled / u128::from(self.den)).ok()?;
        let exponent = (fraction + i128::from(self.shift)).rem_euclid(n);
        Some(Powers {
            x: trace_length / period,
            g: u64::try_from(exponent).expect("reduced modulo a word"),
            period,
        })
    }

    /// The value at a point, or `None` if the fractions do not divide the trace length.
    pub fn eval(&self, point: Fe, log_trace_length: u32) -> Option<Fe> {
        let powers = self.resolve(1 << log_trace_length)?;
        Some(point.pow(powers.x) - Fe::root_of_unity(log_trace_length).pow(powers.g))
    }
}

/// A zerofier of a given trace: `X^x - G^g`, with `period = n / x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Powers {
    pub(crate) x: u64,
    pub(crate) g: u64,
    pub(crate) period: u64,
}

impl Powers {
    /// Whether the factor vanishes on this row.
    pub(crate) fn contains(&self, row: u64, trace_length: u64) -> bool {
        // Both factors are below 2^64 and the product is only needed modulo a power of two.
        row.wrapping_mul(self.x) & (trace_length - 1) == self.g
    }

    /// The smallest row of the set, if it is not empty.
    pub(crate) fn first_row(&self) -> Option<u64> {
        self.g.is_multiple_of(self.x).then_some(self.g / self.x)
    }
}
