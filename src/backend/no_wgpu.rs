//! The wgpu backend of a build without it: an adapter that cannot be opened, and says why.
//!
//! What is asked for is understood all the same, so that it is refused by name.

use std::convert::Infallible;

use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::features::Feature;
use crate::photon::PhotonBatch;
use crate::stat::{Job, JobColumn, Partials};

use super::StageTimes;

#[path = "wgpu/report.rs"]
mod report;

pub use report::AdapterReport;

/// No adapter.
#[derive(Debug)]
pub struct Wgpu(Infallible);

/// Stages of an adapter that run on the host: there is no adapter.
#[derive(Debug, Clone, Copy)]
pub struct HostStages;

/// What was found: nothing, as nothing was looked for.
pub fn reports() -> Vec<AdapterReport> {
    Vec::new()
}

/// Columns that an adapter leaves to the host: there is no adapter.
pub fn why_host(_: &JobColumn) -> Option<&'static str> {
    None
}

impl HostStages {
    /// Names are not looked at: no adapter opens.
    ///
    /// # Errors
    /// None.
    pub fn parse(_text: &str) -> Result<Self> {
        Ok(Self)
    }

    pub fn names(self) -> Vec<&'static str> {
        Vec::new()
    }
}

impl Wgpu {
    /// Refuses.
    ///
    /// # Errors
    /// Always: the feature was left out.
    pub fn open(name: Option<&str>, _threads: usize, _stages: HostStages) -> Result<Self> {
        let device = name.map_or_else(|| "wgpu".to_owned(), |name| format!("wgpu:{name}"));
        Err(Error::device(device, Feature::Wgpu.lacking()))
    }

    pub fn adapter(&self) -> &AdapterReport {
        match self.0 {}
    }

    pub fn host_stages(&self) -> HostStages {
        match self.0 {}
    }

    pub fn lost(&self) -> Option<String> {
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
