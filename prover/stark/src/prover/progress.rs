//! What the prover tells its caller while it works.

use std::time::Instant;

use thiserror::Error;

use super::work::Work;
use crate::process;

/// The caller asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("cancelled by the caller")]
pub struct Cancelled;

/// What one phase cost.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseReport {
    /// Name of the phase.
    pub name: &'static str,
    /// Wall time.
    pub seconds: f64,
    /// Processor time of all threads; zero where the system does not tell.
    pub cpu_seconds: f64,
    /// Peak memory of the process so far in MiB; zero where the system does not tell.
    pub peak_mib: u64,
    /// What the phase had to compute.
    pub work: Work,
}

/// Called with the phase and the share of the work that is done; `false` stops the prover.
type Callback<'c> = dyn FnMut(&str, f64) -> bool + 'c;

/// Phases with their share of the time of a typical proof: 2^17 steps at blow-up 8, on two cores.
const WEIGHTS: [(&str, f64); 11] = [
    ("trace", 0.03),
    ("trace commitment", 0.29),
    ("interaction trace", 0.01),
    ("interaction commitment", 0.065),
    ("composition evaluation", 0.26),
    ("composition commitment", 0.125),
    ("out-of-domain values", 0.03),
    ("DEEP polynomial", 0.08),
    ("FRI", 0.05),
    ("grinding", 0.02),
    ("openings", 0.04),
];

/// Follows the phases of a proof.
pub struct Progress<'c> {
    callback: Box<Callback<'c>>,
    current: Option<Phase>,
    phases: Vec<PhaseReport>,
    /// The share reported last: it never falls, also where a phase has several parts.
    reported: f64,
}

/// The phase that is going on.
struct Phase {
    name: &'static str,
    start: Instant,
    cpu_start: f64,
    work: Work,
    /// Share of the proof done before this phase, and the share of this phase.
    before: f64,
    weight: f64,
}

impl<'c> Progress<'c> {
    /// Reports to a callback.
    pub fn new(callback: impl FnMut(&str, f64) -> bool + 'c) -> Self {
        Self { callback: Box::new(callback), current: None, phases: Vec::new(), reported: 0.0 }
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
        let before = WEIGHTS.iter().take_while(|(known, _)| *known != name);
        let before = before.fold(0.0, |sum, (_, weight)| sum + weight);
        let weight = WEIGHTS.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, w)| *w);
        let (start, cpu_start) = (Instant::now(), process::cpu_seconds());
        let work = Work::default();
        self.current = Some(Phase { name, start, cpu_start, work, before, weight });
        self.advance(0.0)
    }

    /// Says that `done` of `total` equal parts of the current phase are done.
    ///
    /// # Errors
    /// [`Cancelled`] if the callback asks to stop.
    #[allow(clippy::cast_precision_loss)] // Counts of parts are small.
    pub fn tick(&mut self, done: usize, total: usize) -> Result<(), Cancelled> {
        self.advance(done as f64 / total as f64)
    }

    /// Says that this share of the current phase is done.
    ///
    /// # Errors
    /// [`Cancelled`] if the callback asks to stop.
    pub fn advance(&mut self, share: f64) -> Result<(), Cancelled> {
        let Some(phase) = &self.current else { return Ok(()) };
        self.reported = self.reported.max(phase.before + share * phase.weight);
        (self.callback)(phase.name, self.reported).then_some(()).ok_or(Cancelled)
    }

    /// Adds to the work of the current phase.
    pub fn count(&mut self, work: Work) {
        if let Some(phase) = &mut self.current {
            phase.work = phase.work + work;
        }
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
        if let Some(phase) = self.current.take() {
            self.phases.push(PhaseReport {
                name: phase.name,
                seconds: phase.start.elapsed().as_secs_f64(),
                cpu_seconds: process::cpu_seconds() - phase.cpu_start,
                peak_mib: process::peak_bytes() >> 20,
                work: phase.work,
            });
        }
    }
}
