//! How a batch is folded on a device, how it sorts, how columns get there, how results come back, how launches are
//! handed over and who decodes photons at all: two ways of each with the same bits, until a device has shown which is faster.

use crate::error::{Error, Result};

/// Chooses a way, for tests and measurements: `runs`, `stages`, or nothing.
pub const FOLD: &str = "ICEFOLD_CUDA_FOLD";

/// Chooses how pairs are sorted, likewise: `look-back`, `scan`, or nothing.
pub const SORT: &str = "ICEFOLD_CUDA_SORT";

/// Chooses how rows of runs come back, likewise: `mapped`, `copied`, or nothing.
pub const RESULTS: &str = "ICEFOLD_CUDA_RESULTS";

/// Chooses how launches of a fold of runs are handed over, likewise: `single`, `graph`, or nothing.
pub const LAUNCH: &str = "ICEFOLD_CUDA_LAUNCH";

/// Chooses how columns reach the device, likewise: `pinned`, `staged`, or nothing.
pub const COLUMNS: &str = "ICEFOLD_CUDA_COLUMNS";

/// Chooses who decodes and selects the photons of a run, likewise: `device`, `host`, or nothing.
pub const STRETCHES: &str = "ICEFOLD_CUDA_STRETCHES";

/// Chooses how the bytes of stretches are brought, likewise: `alone`, `together`, or nothing.
pub const BRING: &str = "ICEFOLD_CUDA_BRING";

/// What a variable of the environment asks for, by the names of choices; the first stands for nothing.
fn of_environment<T: Copy>(variable: &str, choices: &[(&str, T)]) -> Result<T> {
    let asked = std::env::var(variable).unwrap_or_default();
    let found = choices.iter().find(|(name, _)| *name == asked);
    found.map(|&(_, choice)| choice).ok_or_else(|| {
        let names: Vec<&str> = choices[1..].iter().map(|&(name, _)| name).collect();
        Error::device(
            "cuda",
            format!(
                "{variable} is {asked:?}, which it does not know; unset it, or set it to {}",
                names.join(" or ")
            ),
        )
    })
}

/// How pairs are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sorting {
    /// Tiles learn from each other where their pairs go (`sweep.rs`).
    LookBack,
    /// Tiles are counted beforehand (`stages.rs`), as where a tile cannot wait for another.
    Scan,
}

impl Sorting {
    /// What [`SORT`] asks for.
    ///
    /// # Errors
    /// It asks for something else.
    pub fn of_environment() -> Result<Self> {
        let choices = [
            ("", Self::LookBack),
            ("look-back", Self::LookBack),
            ("scan", Self::Scan),
        ];
        of_environment(SORT, &choices)
    }
}

/// How rows of runs come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Results {
    /// A kernel writes them to memory of the host, and the host waits once.
    Mapped,
    /// The host copies their number, then them.
    Copied,
}

impl Results {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Copied => "copied",
        }
    }

    /// What [`RESULTS`] asks for.
    ///
    /// # Errors
    /// It asks for something else.
    pub fn of_environment() -> Result<Self> {
        let choices = [
            ("", Self::Mapped),
            ("mapped", Self::Mapped),
            ("copied", Self::Copied),
        ];
        of_environment(RESULTS, &choices)
    }
}

/// How columns reach the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploads {
    /// They are decoded into page-locked memory as far as there is some, and the device reads them there.
    Pinned,
    /// The host copies them to page-locked buffers first.
    Staged,
}

impl Uploads {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Staged => "staged",
        }
    }

    /// What [`COLUMNS`] asks for.
    ///
    /// # Errors
    /// It asks for something else.
    pub fn of_environment() -> Result<Self> {
        let choices = [
            ("", Self::Pinned),
            ("pinned", Self::Pinned),
            ("staged", Self::Staged),
        ];
        of_environment(COLUMNS, &choices)
    }
}

/// How launches that are known together are handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launching {
    /// One by one.
    Single,
    /// As a graph.
    Graph,
}

impl Launching {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Graph => "graph",
        }
    }

    /// What [`LAUNCH`] asks for.
    ///
    /// # Errors
    /// It asks for something else.
    pub fn of_environment() -> Result<Self> {
        let choices = [
            ("", Self::Single),
            ("single", Self::Single),
            ("graph", Self::Graph),
        ];
        of_environment(LAUNCH, &choices)
    }
}

/// Who decodes and selects photons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretching {
    /// The device, as far as it can.
    Device,
    /// The host, which sends batches.
    Host,
}

impl Stretching {
    /// What [`STRETCHES`] asks for.
    ///
    /// # Errors
    /// It asks for something else.
    pub fn of_environment() -> Result<Self> {
        let choices = [
            ("", Self::Device),
            ("device", Self::Device),
            ("host", Self::Host),
        ];
        of_environment(STRETCHES, &choices)
    }
}

/// How threads of the host bring the bytes of a stretch to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bringing {
    /// Each with slabs of its own.
    Alone,
    /// All of them one slab after the other.
    Together,
}

impl Bringing {
    /// What [`BRING`] asks for.
    ///
    /// # Errors
    /// It asks for something else.
    pub fn of_environment() -> Result<Self> {
        let choices = [
            ("", Self::Alone),
            ("alone", Self::Alone),
            ("together", Self::Together),
        ];
        of_environment(BRING, &choices)
    }
}

/// A way to fold a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Runs where a sample of the batch lies in runs, else the stages.
    Sampled,
    /// Runs where there is room for them (`runs.rs`), else the stages.
    Runs,
    /// Keys, then sort, segment and reduce (`fold.rs`).
    Stages,
}

impl Way {
    /// What [`FOLD`] asks for.
    ///
    /// # Errors
    /// It asks for something else.
    pub fn of_environment() -> Result<Self> {
        let choices = [
            ("", Self::Sampled),
            ("runs", Self::Runs),
            ("stages", Self::Stages),
        ];
        of_environment(FOLD, &choices)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::Runs => "runs",
            Self::Stages => "stages",
        }
    }
}
