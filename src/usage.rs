//! What this process has used of the machine: processor time and resident memory.
//!
//! Beside the line: run reports and progress show it, `src/arrays/timed.rs` and the engine of
//! `benches/head_to_head/` ask before and after. Linux has resident memory in `/proc/self/status`.

use std::time::Duration;

/// Processor time of all threads of this process so far, where the system tells.
pub fn cpu_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let (seconds, nanoseconds) = (time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?);
        Some(Duration::new(seconds, nanoseconds))
    }
    #[cfg(not(unix))]
    None
}

/// Seconds of processor time since `start`.
pub fn cpu_seconds_since(start: Option<Duration>) -> Option<f64> {
    Some(cpu_time()?.saturating_sub(start?).as_secs_f64())
}

/// The most memory that was resident since the start, or since [`forget_peak`]; Linux tells.
pub fn peak_resident_bytes() -> Option<u64> {
    status("VmHWM:")
}

/// Memory that is resident now; Linux tells.
pub fn resident_bytes() -> Option<u64> {
    status("VmRSS:")
}

/// Lets the peak start again from what is resident now, where Linux allows it.
pub fn forget_peak() {
    // 5 is "reset the peak" in proc(5); without it the peak has the reading of the input inside.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_and_the_peak_is_not_below_the_rest() {
        let now = resident_bytes().unwrap();
        assert!(now > 100_000);
        assert!(peak_resident_bytes().unwrap() >= now);
    }
}
