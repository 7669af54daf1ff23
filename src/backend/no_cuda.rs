//! The CUDA backend of a build without it: a device that cannot be opened, and says why.
//!
//! What is asked for is understood all the same, so that it is refused by name.

use std::convert::Infallible;
use std::sync::Arc;

use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::photon::{ColumnMemory, PhotonBatch};
use crate::stat::{Job, JobColumn, Partials};

use super::StageTimes;

#[path = "cuda/choice.rs"]
mod choice;
#[path = "cuda/report.rs"]
mod report;

pub use choice::CudaChoice;
pub use report::{DeviceReport, Found};

/// No device.
#[derive(Debug)]
pub struct Cuda(Infallible);

/// What was found: nothing, as nothing was looked for.
pub fn find() -> &'static Found {
    static FOUND: std::sync::OnceLock<Found> = std::sync::OnceLock::new();
    FOUND.get_or_init(|| Found {
        why_not: Some(Feature::Cuda.lacking().into()),
        ..Found::default()
    })
}

/// Columns that a device leaves to the host: there is no device.
pub fn why_host(_: &JobColumn) -> Option<&'static str> {
    None
}

impl Cuda {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn open(choice: &CudaChoice, _threads: usize) -> Result<Self> {
        Err(Error::device(choice.to_string(), Feature::Cuda.lacking()))
    }

    pub fn names(&self) -> Vec<&str> {
        match self.0 {}
    }

    pub fn memory(&self) -> Vec<u64> {
        match self.0 {}
    }

    pub fn columns(&self, _bytes: u64) -> Option<Arc<dyn ColumnMemory>> {
        match self.0 {}
    }

    pub fn install<T: Send>(&self, _work: impl FnOnce() -> T + Send) -> T {
        match self.0 {}
    }

    pub fn fold(
        &self,
        _batch: &PhotonBatch,
        _grid: &GridConfig,
        _job: &Job,
        _times: &mut StageTimes,
    ) -> Result<Partials> {
        match self.0 {}
    }
}
