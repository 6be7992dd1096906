//! Where in memory the code of a program and of its loader is.

use crate::machine::{EXECUTION, PROGRAM, PROGRAM_BASE};
use crate::value::Value;

/// Turns positions in the code of a [`crate::Program`] into cells and addresses, and back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CodePlaces {
    /// Position of the main program's first word.
    main: u32,
    /// Words of the loaded program, as far as it is loaded.
    n_loaded: u32,
    /// Where on the stack the loader placed them.
    loaded_at: Option<u32>,
    /// Final address of the stack's first cell.
    pub(crate) execution_base: u64,
}

impl CodePlaces {
    /// The main program in its segment, and nothing loaded yet.
    pub(crate) fn new(main: u32, n_words: u32) -> Self {
        let execution_base = PROGRAM_BASE + u64::from(n_words - main);
        Self { main, n_loaded: main.saturating_sub(1), loaded_at: None, execution_base }
    }

    /// Notes where on the stack the loaded program begins, and how many of its words are there.
    pub(crate) fn load_at(&mut self, offset: u32, n_words: u32) {
        self.loaded_at = Some(offset);
        self.n_loaded = self.n_loaded.min(n_words);
    }

    /// How many words of the loaded program are on the stack.
    pub(crate) fn n_loaded(&self) -> usize {
        self.n_loaded as usize
    }

    /// The cell of a word.
    #[inline]
    pub(crate) fn cell(&self, position: u32) -> (u32, u32) {
        match position.checked_sub(self.main) {
            Some(offset) => (PROGRAM, offset),
            None => (EXECUTION, self.loaded_at.unwrap_or(0) + position),
        }
    }

    /// A pointer to a word.
    #[inline]
    pub(crate) fn pointer(&self, position: u32) -> Value {
        let (segment, offset) = self.cell(position);
        Value::pointer(segment, offset)
    }

    /// The word in a cell, `None` if there can be none.
    pub(crate) fn position(&self, segment: u32, offset: u32) -> Option<u32> {
        match segment {
            // Positions stay far from the end of numbers, so that small changes cannot overflow.
            PROGRAM if offset < 1 << 31 => self.main.checked_add(offset),
            EXECUTION => {
                let position = offset.checked_sub(self.loaded_at?)?;
                (position < self.n_loaded).then_some(position)
            }
            _ => None,
        }
    }

    /// The final address of a word.
    #[inline]
    pub(crate) fn address(&self, position: u32) -> u64 {
        let (segment, offset) = self.cell(position);
        let base = if segment == PROGRAM { PROGRAM_BASE } else { self.execution_base };
        base + u64::from(offset)
    }

    /// The word at a final address of code.
    pub(crate) fn position_of_address(&self, address: u64) -> Option<usize> {
        let loaded_base = self.execution_base + u64::from(self.loaded_at.unwrap_or(0));
        let position = match address.checked_sub(loaded_base) {
            Some(offset) if self.loaded_at.is_some() => offset,
            _ => address.checked_sub(PROGRAM_BASE)? + u64::from(self.main),
        };
        usize::try_from(position).ok()
    }
}
