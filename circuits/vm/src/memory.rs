//! Write-once memory in segments.

use crate::error::{shown, Fault};
use crate::value::Value;

/// Cells by segment and offset.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    segments: Vec<Vec<Value>>,
    allocated: usize,
    limit: usize,
}

impl Memory {
    /// A memory of at most `limit` cells, gaps included.
    pub(crate) fn new(limit: usize) -> Self {
        Self { segments: Vec::new(), allocated: 0, limit }
    }

    /// Adds an empty segment.
    pub(crate) fn add_segment(&mut self) -> Result<u32, Fault> {
        // A segment is an allocation of its own: count it as some cells.
        self.allocate(1)?;
        self.segments.push(Vec::new());
        u32::try_from(self.segments.len() - 1).map_err(|_| self.limit_fault())
    }

    /// The value of a cell, unknown if it has none.
    #[inline]
    pub(crate) fn cell(&self, segment: u32, offset: u32) -> Value {
        let cells = self.segments.get(segment as usize);
        cells.and_then(|cells| cells.get(offset as usize)).copied().unwrap_or(Value::UNKNOWN)
    }

    /// Gives a cell its value; whether it has another is the caller's business.
    #[inline]
    pub(crate) fn fill(&mut self, segment: u32, offset: u32, value: Value) -> Result<(), Fault> {
        let position = offset as usize;
        let Some(cells) = self.segments.get_mut(segment as usize) else {
            return Err(Fault::NotAnAddress(shown(Value::pointer(segment, offset))));
        };
        if let Some(cell) = cells.get_mut(position) {
            *cell = value;
            return Ok(());
        }
        let added = position + 1 - cells.len();
        self.allocate(added)?;
        let cells = &mut self.segments[segment as usize];
        cells.resize(position, Value::UNKNOWN);
        cells.push(value);
        Ok(())
    }

    /// All cells of a segment, gaps as unknown values.
    pub(crate) fn segment(&self, segment: u32) -> &[Value] {
        self.segments.get(segment as usize).map_or(&[], Vec::as_slice)
    }

    /// All segments.
    pub(crate) fn segments(&self) -> &[Vec<Value>] {
        &self.segments
    }

    fn allocate(&mut self, cells: usize) -> Result<(), Fault> {
        self.allocated = self.allocated.saturating_add(cells);
        if self.allocated > self.limit {
            return Err(self.limit_fault());
        }
        Ok(())
    }

    fn limit_fault(&self) -> Fault {
        Fault::MemoryLimit { limit: self.limit }
    }
}
