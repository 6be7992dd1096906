//! The dynamic layout: where every component keeps its cells.
//!
//! Components know virtual columns only. The layout maps them to real columns by 340 parameters,
//! which are part of the statement.

mod columns;
mod fit;
mod packer;
mod params;
mod spec;
mod validate;

pub use columns::{Layout, MemorySlot, UnitSlot, VirtualColumn};
pub use fit::{fit, FitError};
pub use packer::{pack, PackError, Ratios};
pub use params::{DynamicParams, ParamsError};
pub use spec::{
    Builtin, ColumnSpec, Owner, Phase, Pool, SlotSpec, COLUMNS, CPU_HEIGHT, PARAM_NAMES,
    PUBLIC_MEMORY_FRACTION, SLOTS,
};
pub use validate::{check_disjoint, check_supported, validate_layout, LayoutError};

/// The frozen table of this product, made by [`pack`] from [`Ratios::frozen`].
pub const FROZEN_LAYOUT_JSON: &str = include_str!("../../layout.json");

/// Reads the frozen table.
///
/// # Panics
/// Never: a test reads the file.
pub fn frozen_params() -> DynamicParams {
    let map = serde_json::from_str(FROZEN_LAYOUT_JSON).expect("a JSON object of integers");
    DynamicParams::from_map(&map).expect("exactly the parameters of a layout")
}
