//! Constraints under construction.

use novation_air::{Constraint, Expr, Zerofier};

/// The rows on which a constraint holds.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    denominators: Vec<Zerofier>,
    numerators: Vec<Zerofier>,
}

impl Rows {
    /// Exactly these rows.
    pub(crate) fn at(zerofier: Zerofier) -> Self {
        Self { denominators: vec![zerofier], numerators: Vec::new() }
    }

    /// Every multiple of `period`.
    pub(crate) fn every(period: u64) -> Self {
        Self::at(Zerofier::every(period))
    }

    /// The first row.
    pub(crate) fn first() -> Self {
        Self::at(Zerofier::first_row())
    }

    /// The first row of the last `period` rows.
    pub(crate) fn last(period: u64) -> Self {
        let distance = i64::try_from(period).expect("a trace has at most 2^62 rows");
        Self::at(Zerofier::from_end(distance))
    }

    /// The rows at these fractions `num/den` of every `period` rows.
    pub(crate) fn fractions(period: u64, nums: impl IntoIterator<Item = u64>, den: u64) -> Self {
        let row = |num| Zerofier::at_fraction(period, num, den);
        Self { denominators: nums.into_iter().map(row).collect(), numerators: Vec::new() }
    }

    /// These rows less some others.
    pub(crate) fn except(mut self, other: Self) -> Self {
        self.numerators.extend(other.denominators);
        self
    }
}

/// Collects constraints with consecutive coefficient indices.
#[derive(Debug, Default)]
pub(crate) struct ConstraintSet {
    constraints: Vec<Constraint>,
    next_index: usize,
    prefix: &'static str,
}

impl ConstraintSet {
    /// Starts a component: the index of its first constraint and the prefix of its names.
    pub(crate) fn component(&mut self, first_index: usize, prefix: &'static str) {
        self.next_index = first_index;
        self.prefix = prefix;
    }

    /// The expression vanishes on the rows.
    pub(crate) fn add(&mut self, name: &str, expr: Expr<'_>, rows: &Rows) {
        self.constraints.push(Constraint {
            index: self.next_index,
            name: format!("{}{name}", self.prefix),
            expr: expr.id(),
            numerators: rows.numerators.clone(),
            denominators: rows.denominators.clone(),
        });
        self.next_index += 1;
    }

    pub(crate) fn into_constraints(self) -> Vec<Constraint> {
        self.constraints
    }
}
