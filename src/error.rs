//! The one error type: what went wrong, where, and what to do about it.
//!
//! Messages are lower case, without a full stop, and name the object, both values and the remedy. Each kind
//! has its own exit code.

use std::path::{Path, PathBuf};

/// The result of anything in icefold that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong, by the exit code that it leads to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or an option's value cannot be used; exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The configuration cannot be used; exit code 2.
    #[error("config {name}: {message}")]
    Config { name: String, message: String },
    /// A granule cannot be read, or holds what cannot be used; exit code 1.
    #[error("granule {granule}: {message}")]
    Granule { granule: String, message: String },
    /// What is read of a granule at once does not fit the memory; exit code 1.
    #[error("granule {granule}: {message}")]
    TooLarge { granule: String, message: String },
    /// None of the granules of a tolerant run can be used; exit code 1.
    #[error("none of the {granules} granules can be used; the first says: {first}")]
    NoGranule { granules: usize, first: String },
    /// A shard map cannot be used, or not with this config; exit code 2.
    #[error("shard map {path}: {message}")]
    Map { path: PathBuf, message: String },
    /// A run report cannot be read, or its sums do not balance; exit code 1.
    #[error("run report {path}: {message}")]
    Report { path: PathBuf, message: String },
    /// A store cannot be read or written; exit code 1.
    #[error("store {path}: {message}")]
    Store { path: PathBuf, message: String },
    /// Pieces of a store cannot be used, or not by this run; exit code 1.
    #[error("pieces {path}: {message}")]
    Pieces { path: PathBuf, message: String },
    /// The operating system refused an operation on a file; exit code 1.
    #[error("cannot {action} {path}: {source}")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    /// Partials that wait on disk cannot be written or read back; exit code 1.
    #[error("sorted run {path}: {message}")]
    SortedRun { path: PathBuf, message: String },
    /// Values of one cell that wait on disk cannot be written or read back; exit code 1.
    #[error("pile of values {path}: {message}")]
    Pile { path: PathBuf, message: String },
    /// An invariant of the finalize gate does not hold; exit code 1.
    #[error("finalize gate: {0}")]
    Gate(String),
    /// Two stores differ; exit code 4.
    #[error("{0}")]
    Mismatch(String),
    /// The device asked for cannot be used; exit code 5.
    #[error("device {device}: {message}")]
    Device { device: String, message: String },
    /// The run was interrupted by a signal before anything was written; exit code 130.
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// The run was interrupted by a signal and can go on later; exit code 130.
    #[error("interrupted; {0}")]
    Resumable(String),
}

impl Error {
    /// An error about one granule.
    pub fn granule(granule: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Granule {
            granule: granule.into(),
            message: message.into(),
        }
    }

    /// An error about the configuration called `name`.
    pub fn config(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config {
            name: name.into(),
            message: message.into(),
        }
    }

    /// An error about the shard map at `path`.
    pub fn map(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::Map {
            path: path.as_ref().to_path_buf(),
            message: message.into(),
        }
    }

    /// An error about the run report at `path`.
    pub fn report(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::Report {
            path: path.as_ref().to_path_buf(),
            message: message.into(),
        }
    }

    /// An error about the store at `path`.
    pub fn store(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::Store {
            path: path.as_ref().to_path_buf(),
            message: message.into(),
        }
    }

    /// An operating system error; `action` reads after "cannot", e.g. `"create"`.
    pub fn io(action: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.as_ref().to_path_buf(),
            source,
        }
    }

    /// The exit code of a program that stops with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Config { .. } | Self::Map { .. } => 2,
            Self::Granule { .. }
            | Self::TooLarge { .. }
            | Self::NoGranule { .. }
            | Self::Report { .. }
            | Self::Store { .. }
            | Self::Pieces { .. }
            | Self::Io { .. }
            | Self::SortedRun { .. }
            | Self::Pile { .. }
            | Self::Gate(_) => 1,
            Self::Mismatch(_) => 4,
            Self::Device { .. } => 5,
            Self::Interrupted | Self::Resumable(_) => 130,
        }
    }
}
