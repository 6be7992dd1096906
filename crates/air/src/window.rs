//! The cells that a program reads, kept as vectors while rows go by.
//!
//! In bit-reversed order the cells of following rows lie far apart, each block on a page of its own.
//! [`order_by_block`] therefore puts blocks in the order of their first rows, so that all windows
//! read on where they were, and every cell is converted to vectors once, when the first constraint
//! needs it, and kept in a ring until the last one does.

use std::cell::Cell;
use std::collections::BTreeMap;

use novation_field::fft::bit_reverse_index;
use novation_field::packed::{prefetch, Packed};
use novation_field::Fe;

/// Cells of a column that are further apart are converted again rather than kept.
const MAX_GAP: usize = 16;
/// Blocks that are fetched ahead.
const AHEAD: usize = 2;

/// Where a program finds its cells.
#[derive(Debug)]
pub(crate) struct Windows {
    all: Vec<Window>,
    /// For every cell, its window and the row within.
    cells: Vec<(usize, usize)>,
    /// Slots of all rings.
    pub(crate) n_slots: usize,
}

/// Neighbouring rows of a column.
#[derive(Debug)]
struct Window {
    column: usize,
    /// The first, relative to the row worked on, and how many there are.
    row: usize,
    length: usize,
    /// The first slot of the ring.
    slot: usize,
}

impl Windows {
    /// `cells` are columns and rows relative to the row worked on.
    pub(crate) fn new(cells: &[(usize, usize)]) -> Self {
        let mut columns: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &(column, row) in cells {
            columns.entry(column).or_default().push(row);
        }
        let (mut windows, mut n_slots): (Vec<Window>, usize) = (Vec::new(), 0);
        for (column, mut rows) in columns {
            rows.sort_unstable();
            for part in rows.chunk_by(|row, next| next - row <= MAX_GAP) {
                let length = part[part.len() - 1] - part[0] + 1;
                windows.push(Window { column, row: part[0], length, slot: n_slots });
                n_slots += length;
            }
        }
        let find = |&(column, row): &(usize, usize)| {
            let holds = |window: &Window| {
                window.column == column && (window.row..window.row + window.length).contains(&row)
            };
            let position = windows.iter().position(holds).expect("made for all cells");
            (position, row - windows[position].row)
        };
        let cells = cells.iter().map(find).collect();
        Self { all: windows, cells, n_slots }
    }
}

/// Changes the order of a column from the bit-reversed one to the one that
/// [`CosetEvaluator`](crate::CosetEvaluator) reads, or back.
///
/// # Panics
/// If the length is not a power of two.
pub fn order_by_block(values: &mut [Fe]) {
    let size = MAX_BLOCK.min(values.len());
    let n_blocks = values.len() / size;
    for block in 0..n_blocks {
        let partner = bit_reverse_index(block, n_blocks.ilog2());
        if block < partner {
            let (front, back) = values.split_at_mut(partner * size);
            front[block * size..][..size].swap_with_slice(&mut back[..size]);
        }
    }
}

/// Columns as blocks: the block `first` has the rows `first + k * stride`, k in bit-reversed order.
pub(crate) struct Blocks<'c> {
    pub(crate) columns: &'c [&'c [Fe]],
    pub(crate) size: usize,
    pub(crate) stride: usize,
}

impl<'c> Blocks<'c> {
    /// The stored block that contains the cells `row`, ...
    fn stored(&self, column: usize, row: usize) -> &'c [Fe] {
        let start = (row & (self.stride - 1)) * self.size;
        &self.columns[column][start..start + self.size]
    }

    /// Loads the cells `row + k * stride`. They are a block, or, if `row` carries into the part of
    /// the row number that counts within blocks, a block in another order.
    #[inline(always)]
    fn load<P: Packed, const N: usize>(&self, column: usize, row: usize, to: &[Cell<P>; N]) {
        let block = self.stored(column, row);
        let carry = (row / self.stride) & (self.size - 1);
        let mut buffer = [Fe::ZERO; MAX_BLOCK];
        let cells = if carry == 0 {
            block
        } else {
            let log_size = self.size.ilog2();
            for (position, cell) in buffer[..self.size].iter_mut().enumerate() {
                let k = (bit_reverse_index(position, log_size) + carry) & (self.size - 1);
                *cell = block[bit_reverse_index(k, log_size)];
            }
            &buffer[..self.size]
        };
        for (to, cells) in to.iter().zip(cells.chunks_exact(P::WIDTH)) {
            to.set(P::load(cells));
        }
    }
}

/// Rows of a block at most.
pub(crate) const MAX_BLOCK: usize = 32;

/// The rings of the windows at some row.
pub(crate) struct Rings<'w> {
    windows: &'w Windows,
    /// The place of the current row's cell in each ring.
    heads: Vec<usize>,
}

impl<'w> Rings<'w> {
    /// Fills the rings for the block `first`, except for what [`Rings::advance`] adds.
    #[inline(always)]
    pub(crate) fn new<P: Packed, const N: usize>(
        windows: &'w Windows,
        blocks: &Blocks,
        first: usize,
        slots: &[[Cell<P>; N]],
    ) -> Self {
        for window in &windows.all {
            for ahead in 0..window.length - 1 {
                let to = &slots[window.slot + ahead];
                blocks.load(window.column, first + window.row + ahead, to);
            }
        }
        Self { windows, heads: vec![0; windows.all.len()] }
    }

    /// Loads the cells that are new in the block `first`, and writes the slots of all cells.
    #[inline(always)]
    pub(crate) fn advance<P: Packed, const N: usize>(
        &mut self,
        blocks: &Blocks,
        first: usize,
        slots: &[[Cell<P>; N]],
        cells: &mut [usize],
    ) {
        for (window, head) in self.windows.all.iter().zip(&self.heads) {
            let last = first + window.row + window.length - 1;
            prefetch(blocks.stored(window.column, last + AHEAD));
            let place = (head + window.length - 1) % window.length;
            blocks.load(window.column, last, &slots[window.slot + place]);
        }
        for (cell, &(position, row)) in cells.iter_mut().zip(&self.windows.cells) {
            let window = &self.windows.all[position];
            let place = self.heads[position] + row;
            let wrapped = if place < window.length { place } else { place - window.length };
            *cell = window.slot + wrapped;
        }
        for (window, head) in self.windows.all.iter().zip(&mut self.heads) {
            *head = if *head + 1 == window.length { 0 } else { *head + 1 };
        }
    }
}
