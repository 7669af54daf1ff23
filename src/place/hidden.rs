//! Names of files and folders that grow or wait beside a target: hidden, and of this process alone.
//!
//! `.NAME.PURPOSE-HOST-PROCESS-START-NUMBER`. Process numbers come round again, and in a container they are
//! always the same; with the host and the time at which the process began, no two processes share a name.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What hidden things are for.
pub(super) const PURPOSES: [&str; 6] =
    ["partial", "replaced", "spill", "spool", "cleared", "probe"];
/// The longest file name that systems take.
const LONGEST: usize = 255;

/// What a hidden name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hidden {
    /// Of the target; its beginning where it is too long.
    pub name: String,
    pub purpose: &'static str,
    pub host: String,
    pub process: u32,
    /// Nanoseconds since 1970.
    pub started: u64,
}

/// A new hidden name in the folder of `target`, for one of the purposes that there are.
pub fn hidden(target: &Path, purpose: &str) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let (host, process, started) = (short_host(), std::process::id(), started());
    let end = format!(".{purpose}-{host}-{process}-{started:x}-{number}");
    let name = beginning(&name, LONGEST - 1 - end.len());
    target.with_file_name(format!(".{name}{end}"))
}

impl Hidden {
    /// What a name says; `None` where it is none that [`hidden`] gives.
    pub fn parse(name: &OsStr) -> Option<Self> {
        let rest = name.to_str()?.strip_prefix('.')?;
        let mut parts = rest.rsplitn(4, '-');
        let _number: u64 = parts.next()?.parse().ok()?;
        let started = u64::from_str_radix(parts.next()?, 16).ok()?;
        let process = parts.next()?.parse().ok()?;
        let rest = parts.next()?;
        let found = PURPOSES.into_iter().filter_map(|purpose| {
            let at = rest.rfind(&format!(".{purpose}-"))?;
            Some((at, purpose))
        });
        let (at, purpose) = found.max()?;
        Some(Self {
            name: rest[..at].to_owned(),
            purpose,
            host: rest[at + purpose.len() + 2..].to_owned(),
            process,
            started,
        })
    }

    /// Whether it belongs to a target of this name.
    pub fn is_of(&self, target: &str) -> bool {
        self.name == target || (self.name.len() > LONGEST / 3 && target.starts_with(&self.name))
    }

    /// Whether this process made it.
    pub fn is_mine(&self) -> bool {
        self.process == std::process::id() && self.started == started() && self.is_of_this_host()
    }

    /// Whether a process of this machine made it.
    pub fn is_of_this_host(&self) -> bool {
        self.host == short_host()
    }
}

/// The name of this machine.
pub fn host() -> String {
    let named = |path: &str| fs::read_to_string(path).ok();
    let name = named("/proc/sys/kernel/hostname").or_else(|| named("/etc/hostname"));
    let name = name.or_else(|| std::env::var("HOSTNAME").ok());
    let name = name.as_deref().map(str::trim);
    let name = name.filter(|name| !name.is_empty());
    // It becomes part of a file's name.
    name.unwrap_or("this-machine").replace(['/', '\\'], "_")
}

/// As much of the host's name as tells machines of one network apart.
fn short_host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| beginning(&host(), 48).to_owned())
}

/// When this process began to write, near enough to its beginning.
fn started() -> u64 {
    static STARTED: OnceLock<u64> = OnceLock::new();
    *STARTED.get_or_init(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_nanos() as u64)
    })
}

/// The beginning of a text, at most so many bytes of it.
fn beginning(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_name_says_whose_it_is_and_no_other_does() {
        for name in ["a.zarr", "a.partial-b-1-2-3.zarr", "höhen 2.zarr"] {
            let path = hidden(Path::new(name), "spill");
            let found = Hidden::parse(path.file_name().unwrap()).unwrap();
            assert!(found.is_mine() && found.is_of(name), "{found:?}");
            assert_eq!(found.purpose, "spill");
            assert_ne!(path, hidden(Path::new(name), "spill"));
        }
        for other in [
            "a.zarr",
            ".a.zarr",
            ".a.zarr.partial-7",
            ".bashrc",
            ".a-1-2-3",
        ] {
            assert_eq!(Hidden::parse(OsStr::new(other)), None, "{other}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_still_known() {
        let name = "é".repeat(120) + ".zarr";
        let path = hidden(Path::new(&name), "partial");
        let file = path.file_name().unwrap();
        assert!(file.len() <= LONGEST);
        assert!(Hidden::parse(file).unwrap().is_of(&name));
    }
}
