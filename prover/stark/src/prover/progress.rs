//! What the prover tells its caller while it works.

use std::time::Instant;

use thiserror::Error;

/// The caller asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("cancelled by the caller")]
pub struct Cancelled;

/// Time and memory of one phase.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseReport {
    /// Name of the phase.
    pub name: &'static str,
    /// Wall time.
    pub seconds: f64,
    /// Peak memory of the process so far in MiB; zero where the system does not tell.
    pub peak_mib: u64,
}

/// Called at the start of each phase with its name and the share of work done before it; `false`
/// stops the prover.
type Callback<'c> = dyn FnMut(&str, f64) -> bool + 'c;

/// Phases with their share of the time of a typical proof.
const WEIGHTS: [(&str, f64); 11] = [
    ("trace", 0.10),
    ("trace commitment", 0.22),
    ("interaction trace", 0.05),
    ("interaction commitment", 0.05),
    ("composition evaluation", 0.30),
    ("composition commitment", 0.10),
    ("out-of-domain values", 0.04),
    ("DEEP polynomial", 0.05),
    ("FRI", 0.04),
    ("grinding", 0.03),
    ("openings", 0.02),
];

/// Follows the phases of a proof.
pub struct Progress<'c> {
    callback: Box<Callback<'c>>,
    current: Option<(&'static str, Instant)>,
    phases: Vec<PhaseReport>,
}

impl<'c> Progress<'c> {
    /// Reports to a callback.
    pub fn new(callback: impl FnMut(&str, f64) -> bool + 'c) -> Self {
        Self { callback: Box::new(callback), current: None, phases: Vec::new() }
    }

    /// Reports to nobody, but still measures.
    pub fn silent() -> Self {
        Self::new(|_, _| true)
    }

    /// The finished phases in their order.
    pub fn phases(&self) -> &[PhaseReport] {
        &self.phases
    }

    /// Ends the current phase and begins another.
    ///
    /// # Errors
    /// [`Cancelled`] if the callback asks to stop.
    pub fn enter(&mut self, name: &'static str) -> Result<(), Cancelled> {
        self.close();
        self.current = Some((name, Instant::now()));
        let before = WEIGHTS.iter().take_while(|(known, _)| *known != name);
        let fraction = before.fold(0.0, |sum, (_, weight)| sum + weight);
        (self.callback)(name, fraction).then_some(()).ok_or(Cancelled)
    }

    /// Ends the last phase.
    ///
    /// # Errors
    /// [`Cancelled`] if the callback asks to stop.
    pub fn finish(&mut self) -> Result<(), Cancelled> {
        self.close();
        (self.callback)("done", 1.0).then_some(()).ok_or(Cancelled)
    }

    fn close(&mut self) {
        if let Some((name, start)) = self.current.take() {
            let seconds = start.elapsed().as_secs_f64();
            self.phases.push(PhaseReport { name, seconds, peak_mib: peak_mib() });
        }
    }
}

/// The high-water mark of resident memory, from Linux's process table.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
