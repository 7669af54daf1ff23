//! Resident memory of the process, where the system tells.
//!
//! Beside the line: the run report and the progress show it. Linux has it in `/proc/self/status`.

/// Resident memory in bytes.
#[cfg(feature = "cli")]
pub fn resident_bytes() -> Option<u64> {
    status("VmRSS:")
}

/// The largest that it was.
pub fn peak_resident_bytes() -> Option<u64> {
    status("VmHWM:")
}

fn status(key: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
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
