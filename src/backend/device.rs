//! The closed set of devices: backends opened and ready, chosen once per run.

use std::str::FromStr;

use serde_json::{Value, json};

use crate::batch::PhotonBatch;
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::stat::{Job, Partials};

use super::cpu::Cpu;
use super::wgpu::{HostStages, Wgpu, why_host};
use super::{Backend, StageTimes};

/// Names of stages, with commas between them, that run on the host whatever the device.
pub const HOST_STAGES: &str = "ICEFOLD_HOST_STAGES";

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    Auto,
    Cpu,
    /// `cuda` or `cuda:N`.
    Cuda(String),
    /// `wgpu` or `wgpu:NAME`: the name of an adapter, or its index.
    Wgpu(Option<String>),
}

/// An opened backend.
#[derive(Debug)]
pub enum Device {
    Cpu(Cpu),
    Wgpu(Box<Wgpu>),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once(':') {
            Some((kind, name)) if !name.is_empty() => (kind, Some(name)),
            Some(_) => ("", None),
            None => (text, None),
        };
        match (kind, name) {
            ("auto", None) => Ok(Self::Auto),
            ("cpu", None) => Ok(Self::Cpu),
            ("cuda", _) => Ok(Self::Cuda(text.to_owned())),
            ("wgpu", name) => Ok(Self::Wgpu(name.map(str::to_owned))),
            _ => Err("there is no such device; use auto, cpu, cuda[:N] or wgpu[:NAME]".to_owned()),
        }
    }
}

/// Why there is no CUDA.
pub const NO_CUDA: &str = "this build has no CUDA backend";

/// What `auto` does: photons are located on the host whatever the device, so no adapter has been
/// measured to be faster from end to end, and a software adapter is the CPU with a detour.
pub const AUTO: &str = "auto is the CPU backend: no adapter has been measured to be faster from end \
                        to end, because photons are located on the host";

impl Device {
    /// Opens the device; `threads` bounds the CPU's worker threads.
    pub fn open(choice: &DeviceChoice, threads: usize) -> Result<Self> {
        match choice {
            DeviceChoice::Auto | DeviceChoice::Cpu => Ok(Self::Cpu(Cpu::open(threads)?)),
            DeviceChoice::Wgpu(name) => {
                let stages = std::env::var(HOST_STAGES).unwrap_or_default();
                let stages = HostStages::parse(&stages)?;
                let wgpu = Wgpu::open(name.as_deref(), threads, stages)?;
                Ok(Self::Wgpu(Box::new(wgpu)))
            }
            DeviceChoice::Cuda(name) => Err(Error::Device {
                device: name.clone(),
                message: format!("{NO_CUDA}; use --device cpu, which gives the same bits"),
            }),
        }
    }

    /// The name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cpu(_) => "cpu",
            Self::Wgpu(_) => "wgpu",
        }
    }

    /// Why this device serves a run that asked for `choice`.
    pub fn reason(&self, choice: &DeviceChoice) -> &'static str {
        match choice {
            DeviceChoice::Auto => AUTO,
            _ => "asked for",
        }
    }

    /// What a run report says of the device beyond its name: nothing for the CPU.
    pub fn details(&self, job: &Job) -> serde_json::Map<String, Value> {
        let mut details = serde_json::Map::new();
        let Self::Wgpu(wgpu) = self else {
            return details;
        };
        let on_host: serde_json::Map<String, Value> = job
            .columns
            .iter()
            .filter_map(|column| Some((column.name.clone(), why_host(column)?.into())))
            .collect();
        let stages = wgpu.host_stages();
        details.insert("adapter".to_owned(), json!(wgpu.adapter()));
        details.insert("host_columns".to_owned(), Value::Object(on_host));
        details.insert("host_stages".to_owned(), json!(stages.names()));
        details.insert("lost".to_owned(), json!(wgpu.lost()));
        details
    }

    /// What a user should know of what the device did: that it was lost on the way.
    pub fn warning(&self) -> Option<String> {
        let Self::Wgpu(wgpu) = self else {
            return None;
        };
        let why = wgpu.lost()?;
        Some(format!(
            "device wgpu:{} was lost ({why}); the CPU folded the rest of the run, with the same bits",
            wgpu.adapter().name
        ))
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
            Self::Wgpu(wgpu) => wgpu.fold(batch, grid, job, times),
        }
    }

    /// Takes back partials that are no longer needed: the next batch's are written in their memory.
    pub fn recycle(&self, partials: Partials, job: &Job) {
        match self {
            Self::Cpu(cpu) => cpu.recycle(partials, job),
            Self::Wgpu(_) => {}
        }
    }
}
