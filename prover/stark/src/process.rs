//! What Linux says about this process. Elsewhere all figures are zero.

use std::fs;

/// Memory in use now.
pub(crate) fn resident_bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// The high-water mark of memory in use.
pub(crate) fn peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

fn status_bytes(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

/// User and system time of all threads, in the hundredths of seconds that Linux counts.
#[allow(clippy::cast_precision_loss)] // A double counts hundredths for longer than a proof takes.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, in parentheses, may contain anything.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}
