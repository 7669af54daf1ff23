//! In which order a batch is folded on a device: two ways with the same bits, until one is known to be faster.

use crate::error::{Error, Result};

/// Chooses a way, for tests and measurements: `runs`, `stages`, or nothing.
pub const FOLD: &str = "ICEFOLD_CUDA_FOLD";

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
        match std::env::var(FOLD).as_deref().unwrap_or_default() {
            "" => Ok(Self::Sampled),
            "runs" => Ok(Self::Runs),
            "stages" => Ok(Self::Stages),
            other => Err(Error::Device {
                device: "cuda".to_owned(),
                message: format!(
                    "{FOLD} is {other:?}, which is no way to fold; unset it, or set it to runs or stages"
                ),
            }),
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::Runs => "runs",
            Self::Stages => "stages",
        }
    }
}
