//! A proof on a thread of its own, while the caller's thread hears of its progress and of Ctrl-C.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use novation_cairo_prover::{Demands, RunError};
use novation_stark::{PhaseReport, Primitives, Progress, Resources};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::ThreadPoolBuilder;

use crate::errors::{run_error, ProvingFailed};
use crate::kernels::kernel;

/// How often the caller looks for Ctrl-C while nothing is reported.
const POLL: Duration = Duration::from_millis(50);
/// As the main thread of a Linux process has.
const STACK_BYTES: usize = 8 << 20;
const MAX_THREADS: usize = 1024;

/// How the caller wants a proof to be made.
pub(crate) struct ProofOptions {
    pub(crate) progress: Option<Py<PyAny>>,
    pub(crate) memory_budget: Option<u64>,
    pub(crate) threads: Option<usize>,
    pub(crate) min_security_bits: u32,
}

impl ProofOptions {
    pub(crate) fn demands(&self) -> Demands {
        let resources = Resources { memory_budget: self.memory_budget };
        Demands { resources, min_security_bits: self.min_security_bits }
    }
}

/// What one phase of a proof cost, and what it had to compute.
#[pyclass(frozen, get_all, module = "prover._native")]
pub(crate) struct ProofPhase {
    name: &'static str,
    seconds: f64,
    cpu_seconds: f64,
    peak_mb: u64,
    field_muls: u64,
    hashes: u64,
    bytes: u64,
    floor_seconds: f64,
}

impl ProofPhase {
    fn of(report: &PhaseReport) -> Self {
        Self {
            name: report.name,
            seconds: report.seconds,
            cpu_seconds: report.cpu_seconds,
            peak_mb: report.peak_mib,
            field_muls: report.work.field_muls,
            hashes: report.work.hashes(),
            bytes: report.work.bytes,
            floor_seconds: report.work.floor_seconds(machine()),
        }
    }
}

/// What this machine's primitives take, measured when first asked for.
fn machine() -> &'static Primitives {
    static MACHINE: OnceLock<Primitives> = OnceLock::new();
    MACHINE.get_or_init(Primitives::measure)
}

/// Nanoseconds that one core of this machine needs for each primitive.
#[pyfunction]
fn primitives(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    kernel()?;
    let measured = py.detach(machine);
    let figures = PyDict::new(py);
    figures.set_item("field_mul_ns", measured.field_mul_ns)?;
    figures.set_item("keccak_ns", measured.keccak_ns)?;
    figures.set_item("blake2s_ns", measured.blake2s_ns)?;
    Ok(figures)
}

/// Proves with the interpreter lock released; an exception of the callback or a signal ends it.
pub(crate) fn tracked<T: Send>(
    py: Python<'_>,
    options: &ProofOptions,
    prove: impl FnOnce(&mut Progress<'_>) -> Result<T, RunError> + Send,
) -> PyResult<(T, Vec<ProofPhase>)> {
    let pool = options.threads.map(pool).transpose()?;
    py.detach(|| {
        let cancelled = &AtomicBool::new(false);
        let (sender, receiver) = channel();
        let work = move || {
            let make = || follow(sender, cancelled, prove);
            match pool {
                Some(pool) => pool.install(make),
                None => make(),
            }
        };
        thread::scope(|scope| {
            let builder = thread::Builder::new().name("prover".into()).stack_size(STACK_BYTES);
            let prover = builder.spawn_scoped(scope, work)?;
            let interruption = listen(&receiver, options.progress.as_ref(), cancelled);
            let outcome = prover.join().map_err(|panic| fault(panic.as_ref()))?;
            if let Some(interruption) = interruption {
                return Err(interruption);
            }
            let (result, reports) = outcome;
            Ok((result.map_err(run_error)?, reports.iter().map(ProofPhase::of).collect()))
        })
    })
}

fn pool(threads: usize) -> PyResult<rayon::ThreadPool> {
    if !(1..=MAX_THREADS).contains(&threads) {
        let message = format!("threads is {threads}, allowed are 1 to {MAX_THREADS}");
        return Err(PyValueError::new_err(message));
    }
    let pool = ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK_BYTES).build();
    pool.map_err(|error| PyOSError::new_err(format!("{threads} threads: {error}")))
}

/// A phase and the share of the work that is done.
type Message = (String, f64);

fn follow<T>(
    sender: Sender<Message>,
    cancelled: &AtomicBool,
    prove: impl FnOnce(&mut Progress<'_>) -> Result<T, RunError>,
) -> (Result<T, RunError>, Vec<PhaseReport>) {
    let mut progress = Progress::new(|phase, fraction| {
        // The listener listens until this sender is dropped.
        let _ = sender.send((phase.to_owned(), fraction));
        !cancelled.load(Ordering::Relaxed)
    });
    let result = prove(&mut progress);
    (result, progress.phases().to_vec())
}

/// Tells Python of the progress until the prover is done; returns why it was told to stop.
fn listen(
    receiver: &Receiver<Message>,
    progress: Option<&Py<PyAny>>,
    cancelled: &AtomicBool,
) -> Option<PyErr> {
    let mut interruption = None;
    loop {
        let message = match receiver.recv_timeout(POLL) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if interruption.is_none() {
            interruption = Python::attach(|py| report(py, progress, message)).err();
            cancelled.store(interruption.is_some(), Ordering::Relaxed);
        }
    }
    interruption.or_else(|| Python::attach(|py| report(py, None, None)).err())
}

fn report(py: Python<'_>, progress: Option<&Py<PyAny>>, message: Option<Message>) -> PyResult<()> {
    py.check_signals()?;
    if let (Some(progress), Some(message)) = (progress, message) {
        progress.call1(py, message)?;
    }
    Ok(())
}

/// A panic is a fault of the prover; it ends here, as an exception like any other failure.
fn fault(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic");
    ProvingFailed::new_err(format!("fault of the prover: {text}"))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ProofPhase>()?;
    module.add_function(wrap_pyfunction!(primitives, module)?)
}
