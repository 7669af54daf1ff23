//! The closed set of devices: backends opened and ready, chosen once per run.

use std::str::FromStr;

use crate::batch::PhotonBatch;
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::stat::{Job, Partials};

use super::cpu::Cpu;
use super::{Backend, StageTimes};

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    Auto,
    Cpu,
    /// `cuda` or `cuda:N`.
    Cuda(String),
    /// `wgpu` or `wgpu:NAME`.
    Wgpu(String),
}

/// An opened backend.
#[derive(Debug)]
pub enum Device {
    Cpu(Cpu),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split(':').next().unwrap_or_default() {
            "auto" if text == "auto" => Ok(Self::Auto),
            "cpu" if text == "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(text.to_owned())),
            "wgpu" => Ok(Self::Wgpu(text.to_owned())),
            _ => Err("there is no such device; use auto, cpu, cuda[:N] or wgpu[:NAME]".to_owned()),
        }
    }
}

impl Device {
    /// Opens the device; `threads` bounds the CPU's worker threads.
    pub fn open(choice: &DeviceChoice, threads: usize) -> Result<Self> {
        match choice {
            DeviceChoice::Auto | DeviceChoice::Cpu => Ok(Self::Cpu(Cpu::open(threads)?)),
            DeviceChoice::Cuda(name) | DeviceChoice::Wgpu(name) => Err(Error::Device {
                device: name.clone(),
                message: "this build has no such backend; use --device cpu, which gives the same \
                          bits"
                    .to_owned(),
            }),
        }
    }

    /// The name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cpu(_) => "cpu",
        }
    }

    /// Why this device serves a run that asked for `choice`.
    pub fn reason(&self, choice: &DeviceChoice) -> &'static str {
        match choice {
            DeviceChoice::Auto => "the only backend of this build",
            _ => "asked for",
        }
    }

    /// One batch through all stages.
    pub fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        match self {
            Self::Cpu(cpu) => cpu.fold(batch, grid, job, times),
        }
    }

    /// Takes back partials that are no longer needed: the next batch's are written in their memory.
    pub fn recycle(&self, partials: Partials, job: &Job) {
        match self {
            Self::Cpu(cpu) => cpu.recycle(partials, job),
        }
    }

    /// Runs work of the host on the threads that the device's own work shares.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self {
            Self::Cpu(cpu) => cpu.install(work),
        }
    }
}
