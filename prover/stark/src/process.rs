//! What Linux says about this process and its machine. Elsewhere all figures are zero or `None`.

use std::fs;

/// Memory in use now.
pub(crate) fn resident_bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// The high-water mark of memory in use.
pub(crate) fn peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

/// Memory that can be had without making others wait.
pub(crate) fn available_bytes() -> Option<u64> {
    kib_of("/proc/meminfo", "MemAvailable:").map(|kib| kib << 10)
}

fn status_bytes(key: &str) -> u64 {
    kib_of("/proc/self/status", key).unwrap_or(0) << 10
}

fn kib_of(file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    value.trim().split(' ').next()?.parse().ok()
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
