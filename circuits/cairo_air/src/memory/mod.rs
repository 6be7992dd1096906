//! The memory: all accesses in the order of use, and once more sorted by address.
//!
//! A permutation argument shows that both are the same set; in the sorted copy addresses rise by
//! zero or one and equal addresses have equal values (Cairo whitepaper, section 9.7). The public
//! memory enters as the product that the permutation must end with.

mod columns;
mod constraints;
mod public;
mod trace;

pub(crate) use columns::{MemoryColumns, MemoryInteractionColumns};
pub(crate) use constraints::{MemoryConstraints, MemoryInteraction};
pub(crate) use public::public_memory_product;
pub(crate) use trace::{write_memory_product, write_public_memory, MemoryPool, MemoryUnits};
