//! What errors are told apart by, and what they are about.

use std::fmt;
use std::path::PathBuf;

/// What a program decides by when something went wrong; the text is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A setting or a path cannot be used as it was given.
    Argument,
    /// The configuration cannot be used.
    Config,
    /// A shard map cannot be used, or not with this config.
    Map,
    /// A granule cannot be read, or holds what cannot be used.
    Granule,
    /// What is read of a granule at once does not fit the memory.
    TooLarge,
    /// None of the granules of a tolerant run can be used.
    NoGranule,
    /// A run report cannot be read, or its sums do not balance.
    Report,
    /// A store cannot be read or written.
    Store,
    /// Pieces of a store cannot be used, or not by this run.
    Pieces,
    /// The operating system refused an operation on a file.
    Io,
    /// Partials or values that wait on disk cannot be written or read back.
    Spilled,
    /// An invariant of the finalize gate does not hold.
    Gate,
    /// Two stores, or two backends, differ.
    Mismatch,
    /// The device asked for cannot be used.
    Device,
    /// The run was told to stop before anything was written.
    Interrupted,
    /// The run was told to stop and can go on later.
    Resumable,
}

/// What an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Object {
    /// A granule, by its name.
    Granule(String),
    /// A configuration, by its name.
    Config(String),
    /// A shard map.
    Map(PathBuf),
    /// A run report.
    Report(PathBuf),
    /// A store.
    Store(PathBuf),
    /// The folder of a store's pieces.
    Pieces(PathBuf),
    /// Any other file or folder.
    File(PathBuf),
    /// A sorted run of partials that waits on disk.
    SortedRun(PathBuf),
    /// Values of one cell that wait on disk.
    Pile(PathBuf),
    /// A device, as it was asked for.
    Device(String),
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granule(name) => write!(f, "granule {name}"),
            Self::Config(name) => write!(f, "config {name}"),
            Self::Map(path) => write!(f, "shard map {}", path.display()),
            Self::Report(path) => write!(f, "run report {}", path.display()),
            Self::Store(path) => write!(f, "store {}", path.display()),
            Self::Pieces(path) => write!(f, "pieces {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::SortedRun(path) => write!(f, "sorted run {}", path.display()),
            Self::Pile(path) => write!(f, "pile of values {}", path.display()),
            Self::Device(name) => write!(f, "device {name}"),
        }
    }
}
