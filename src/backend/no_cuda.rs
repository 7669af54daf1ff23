//! The CUDA backend of a build without it: a device that cannot be opened, and says why.
//!
//! What is asked for is understood all the same, so that it is refused by name.

use std::convert::Infallible;
use std::sync::Arc;

use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::photon::stored::Source;
use crate::photon::stretch::{Stretch, StretchRoom};
use crate::photon::{ColumnMemory, PhotonBatch};
use crate::stat::{Job, JobColumn, Partials};

use super::StageTimes;
use super::stretches::Finished;

#[path = "cuda/choice.rs"]
mod choice;
#[path = "cuda/report.rs"]
mod report;

pub use choice::CudaChoice;
pub use report::{DeviceReport, Found};

/// No device.
#[derive(Debug)]
pub struct Cuda(Infallible);

/// No stretch on its way.
#[derive(Debug)]
pub struct Begun<B>(Infallible, std::marker::PhantomData<B>);

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

/// Why no device locates on a grid: there is no device.
pub fn why_not_located(_: &GridConfig) -> Option<String> {
    Some(Feature::Cuda.lacking())
}

/// Why a device leaves the photons of a job to the host: there is no device.
pub fn why_no_stretches(_: &Job) -> Option<String> {
    Some(Feature::Cuda.lacking())
}

impl Cuda {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn open(choice: &CudaChoice, _threads: usize) -> Result<Self> {
        Err(Error::device(choice.to_string(), Feature::Cuda.lacking()))
    }

    pub fn forgive(&mut self) {
        match self.0 {}
    }

    pub fn lost(&self) -> Option<&str> {
        match self.0 {}
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

    pub fn stretch_room(&self, _job: &Job) -> Result<StretchRoom, String> {
        match self.0 {}
    }

    pub fn begin<B: Source>(
        &self,
        _stretch: Stretch<B>,
        _memory: Option<&dyn ColumnMemory>,
    ) -> Result<Begun<B>> {
        match self.0 {}
    }

    pub fn finish<B: Source>(
        &self,
        _begun: Begun<B>,
        _question: (&GridConfig, &Job),
        _times: &mut StageTimes,
    ) -> Result<(Finished, Stretch<B>)> {
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
