//! Trace columns under construction.

use novation_field::Fe;

use crate::layout::VirtualColumn;

/// Real columns, written through virtual ones. Cells that nobody writes are zero.
#[derive(Debug)]
pub(crate) struct TraceColumns {
    columns: Vec<Vec<Fe>>,
    first_column: usize,
    length: usize,
}

impl TraceColumns {
    /// Zero columns; `first_column` is the number of columns in earlier phases.
    pub(crate) fn new(first_column: usize, count: usize, length: usize) -> Self {
        Self { columns: vec![vec![Fe::ZERO; length]; count], first_column, length }
    }

    /// Writes cell `index` of a column.
    #[inline]
    pub(crate) fn set(&mut self, column: &VirtualColumn, index: usize, value: Fe) {
        let row = column.row(index, self.length);
        self.columns[column.column - self.first_column][row] = value;
    }

    /// Writes all cells of a column from the first one on.
    pub(crate) fn fill(&mut self, column: &VirtualColumn, values: impl IntoIterator<Item = Fe>) {
        for (index, value) in values.into_iter().enumerate() {
            self.set(column, index, value);
        }
    }

    /// Writes consecutive cells of a column from cell `first` on.
    pub(crate) fn write(&mut self, column: &VirtualColumn, first: usize, values: &[Fe]) {
        for (index, value) in (first..).zip(values) {
            self.set(column, index, *value);
        }
    }

    pub(crate) fn into_columns(self) -> Vec<Vec<Fe>> {
        self.columns
    }
}
