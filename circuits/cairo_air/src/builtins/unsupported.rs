//! Places in the mask of the builtins that this crate does not implement.
//!
//! Their parameters are zero, so an own column is cell (0, 0) and a unit of a pool is the pool's
//! first cell. What remains to be known is the kind of every entry, in StarkWare's order.

use crate::cells::Cells;
use crate::layout::{Layout, VirtualColumn};

/// Runs of entries of the Keccak builtin: `o` own column, `a` address, `v` value, `d` diluted unit.
const KECCAK: &str = "a2 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 o1 v1 \
    o1 v1 o1 v1 o1 v1 o1 v1 o67 d1 o2 d1 o4 d1 o2 d1 o2 d39 o2 d1 o2 d1 o2 d1 o2 d1 o2 d6 o1 d6 o1 \
    d6 o1 d6 o1 d6 o1 d6 o1 d6 o1 d6 o1 d4 o1 d4 o1 d4 o1 d4 o1 d6 o1 d6 o1 d6 o1 d6 o1 d6 o1 d6 o1 \
    d4 o1 d4 o1 d4 o1 d4 o1 d6 o1 d4 o1 d4 o1 d4 o1 d4 o1 d6 o1 d6 o1 d6 o1 d6 o1 d6 o1 d6 o1 d4 o1 \
    d4 o1 d4 o1 d4 o1 d6 o1 d6 o1 d6 o1 d47";
/// The same for the 96-bit range check, modular addition and modular multiplication; `r` stands for
/// a unit of the pool of 16-bit values.
const RANGE_CHECK96_AND_MODULAR: &str =
    "v1 r6 a10 v14 a4 v1 a4 v1 a4 v1 a3 o7 v12 a8 v14 a4 v1 a4 \
    v1 a4 v1 a3 v12 r66";

/// Adds the entries of the Keccak builtin.
pub(crate) fn add_keccak_cells(cells: &Cells<'_>, layout: &Layout) {
    add_runs(cells, layout, KECCAK);
}

/// Adds the entries of the 96-bit range check and of the modular builtins.
pub(crate) fn add_range_check96_and_modular_cells(cells: &Cells<'_>, layout: &Layout) {
    add_runs(cells, layout, RANGE_CHECK96_AND_MODULAR);
}

fn add_runs(cells: &Cells<'_>, layout: &Layout, runs: &str) {
    let own = VirtualColumn { column: 0, step: 0, offset: 0 };
    for run in runs.split_ascii_whitespace() {
        let (kind, count) = run.split_at(1);
        let column = match kind {
            "a" => layout.column("mem_pool__addr"),
            "v" => layout.column("mem_pool__value"),
            "r" => layout.column("range_check16_pool"),
            "d" => layout.column("diluted_pool"),
            _ => own,
        };
        for _ in 0..count.parse().expect("a constant table of runs") {
            cells.at(&column, 0);
        }
    }
}
