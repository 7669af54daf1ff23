//! In which order a batch is folded on a device, and how it is sorted.
//!
//! There are two ways of each, which give the same bits, until a measurement shows which is faster.

use crate::error::{Error, Result};

/// Chooses a way, for tests and measurements: `runs`, `stages`, or nothing.
pub const FOLD: &str = "ICEFOLD_CUDA_FOLD";

/// Chooses how pairs are sorted, likewise: `look-back`, `scan`, or nothing.
pub const SORT: &str = "ICEFOLD_CUDA_SORT";

/// What a variable of the environment asks for, by the names of choices; the first stands for nothing.
fn of_environment<T: Copy>(variable: &str, choices: &[(&str, T)]) -> Result<T> {
    let asked = std::env::var(variable).unwrap_or_default();
    let found = choices.iter().find(|(name, _)| *name == asked);
    found.map(|&(_, choice)| choice).ok_or_else(|| {
        let names: Vec<&str> = choices[1..].iter().map(|&(name, _)| name).collect();
        Error::Device {
            device: "cuda".to_owned(),
            message: format!(
                "{variable} is {asked:?}, which it does not know; unset it, or set it to {}",
                names.join(" or ")
            ),
        }
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
