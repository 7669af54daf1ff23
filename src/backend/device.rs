//! The closed set of devices: backends opened and ready, chosen once per run.

use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::config::GridConfig;
use crate::error::{Error, Phrase, Result, Setting, phrase};
use crate::photon::stored::Source;
use crate::photon::stretch::{Stretch, StretchRoom};
use crate::photon::{ColumnMemory, PhotonBatch};
use crate::stat::{Job, JobColumn, Partials, Unmade, any_may_wait};

use super::cpu::Cpu;
use super::cuda::{self, Begun, Cuda, CudaChoice};
use super::stretches::Finished;
use super::wgpu::{self, HostStages, Wgpu};
use super::{Backend, Places, StageTimes, add_hosts};

/// Names of stages, with commas between them, that run on the host whatever the device.
pub const HOST_STAGES: &str = "ICEFOLD_HOST_STAGES";

/// Why no device folds joint sums.
const JOINT: &str = "joint sums: they take 448 bits, or are of granules";

/// What the user asked for.
///
/// ```
/// use icefold::DeviceChoice;
///
/// assert_eq!("cpu".parse(), Ok(DeviceChoice::Cpu));
/// assert_eq!("wgpu:0".parse(), Ok(DeviceChoice::Wgpu(Some("0".to_owned()))));
/// assert!("gpu".parse::<DeviceChoice>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceChoice {
    Auto,
    Cpu,
    /// `cuda`, `cuda:N`, `cuda:N,M` or `cuda:all`.
    Cuda(CudaChoice),
    /// `wgpu` or `wgpu:NAME`: the name of an adapter, or its index.
    Wgpu(Option<String>),
}

/// An opened backend.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::DeviceChoice;
/// use icefold::devices::Device;
///
/// let device = Device::open(&DeviceChoice::Cpu, 2)?;
/// assert!(matches!(device, Device::Cpu(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum Device {
    Cpu(Box<Cpu>),
    Wgpu(Box<Wgpu>),
    Cuda(Box<Cuda>),
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
            ("cuda", name) => Ok(Self::Cuda(name.unwrap_or_default().parse()?)),
            ("wgpu", name) => Ok(Self::Wgpu(name.map(str::to_owned))),
            _ => Err(
                "there is no such device; use auto, cpu, cuda[:N|:N,M|:all] or wgpu[:NAME]"
                    .to_owned(),
            ),
        }
    }
}

/// The device that is always there, for what to do where another one fails.
pub(super) fn the_cpu() -> Phrase {
    phrase![Setting::Device.to("cpu"), ", which gives the same bits"]
}

impl Device {
    /// Opens the device; `threads` bounds the CPU's worker threads. Nothing is known of a job here, so auto is the CPU
    /// (`choose/` takes the device for a job).
    pub fn open(choice: &DeviceChoice, threads: usize) -> Result<Self> {
        match choice {
            DeviceChoice::Auto | DeviceChoice::Cpu => Ok(Self::Cpu(Box::new(Cpu::open(threads)?))),
            DeviceChoice::Wgpu(name) => {
                let stages = std::env::var(HOST_STAGES).unwrap_or_default();
                let stages = HostStages::parse(&stages)?;
                let wgpu = Wgpu::open(name.as_deref(), threads, stages)?;
                Ok(Self::Wgpu(Box::new(wgpu)))
            }
            DeviceChoice::Cuda(choice) => Ok(Self::Cuda(Box::new(Cuda::open(choice, threads)?))),
        }
    }

    /// The name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cpu(_) => "cpu",
            Self::Wgpu(_) => "wgpu",
            Self::Cuda(_) => "cuda",
        }
    }

    /// What a run report says of the device beyond its name: nothing for the CPU.
    pub fn details(&self, job: &Job) -> serde_json::Map<String, Value> {
        let on_host = |why_host: fn(&JobColumn) -> Option<&'static str>| {
            let columns = job.columns.iter();
            let reasons = columns.filter_map(|column| {
                let joint = (!column.needs.joints.is_empty()).then_some(JOINT);
                let why: Vec<&str> = why_host(column).into_iter().chain(joint).collect();
                (!why.is_empty()).then(|| (column.name.clone(), why.join("; ").into()))
            });
            Value::Object(reasons.collect())
        };
        let mut details = serde_json::Map::new();
        match self {
            Self::Cpu(_) => {}
            Self::Wgpu(wgpu) => {
                let stages = wgpu.host_stages();
                details.insert("adapter".to_owned(), json!(wgpu.adapter()));
                details.insert("host_columns".to_owned(), on_host(wgpu::why_host));
                details.insert("host_stages".to_owned(), json!(stages.names()));
                details.insert("lost".to_owned(), json!(wgpu.lost()));
            }
            Self::Cuda(cuda) => {
                let devices = cuda.names().into_iter().zip(cuda.memory());
                let devices: Vec<Value> = devices
                    .map(|(name, bytes)| json!({"name": name, "memory_bytes": bytes}))
                    .collect();
                details.insert("devices".to_owned(), json!(devices));
                details.insert("host_columns".to_owned(), on_host(cuda::why_host));
                details.insert("lost".to_owned(), json!(cuda.lost()));
            }
        }
        details
    }

    /// What a user should know of what the device did: that it was lost on the way.
    pub fn warning(&self) -> Option<String> {
        let (what, why) = match self {
            Self::Cpu(_) => return None,
            Self::Wgpu(wgpu) => {
                let name = &wgpu.adapter().name;
                (format!("device wgpu:{name} was lost"), wgpu.lost()?)
            }
            Self::Cuda(cuda) => {
                let failed = "the device that auto took failed".to_owned();
                (failed, cuda.lost()?.to_owned())
            }
        };
        Some(format!(
            "{what} ({why}); the CPU folded the rest of the run, with the same bits"
        ))
    }

    /// Memory for the columns of batches, as [`Backend::columns`].
    pub fn columns(&self, bytes: u64) -> Option<Arc<dyn ColumnMemory>> {
        match self {
            Self::Cpu(_) | Self::Wgpu(_) => None,
            Self::Cuda(cuda) => cuda.columns(bytes),
        }
    }

    /// Whether it is one that takes photons as they are stored, of some jobs.
    pub fn takes_stretches(&self) -> bool {
        matches!(self, Self::Cuda(_))
    }

    /// How much of a ground track the device takes as it is stored, where it folds this job without a batch; or why it
    /// does not.
    pub fn stretch_room(&self, job: &Job) -> Result<StretchRoom, String> {
        match self {
            Self::Cpu(_) | Self::Wgpu(_) => Err(format!("{} takes batches", self.name())),
            Self::Cuda(cuda) => cuda.stretch_room(job),
        }
    }

    /// Puts a stretch on its way, without waiting for the device; `memory` is for columns.
    ///
    /// # Errors
    /// The device failed, or is one that takes batches.
    pub fn begin<B: Source>(
        &self,
        stretch: Stretch<B>,
        memory: Option<&dyn ColumnMemory>,
    ) -> Result<Begun<B>> {
        match self {
            Self::Cpu(_) | Self::Wgpu(_) => Err(self.takes_batches()),
            Self::Cuda(cuda) => cuda.begin(stretch, memory),
        }
    }

    /// What comes of it, and what it was; remainders are added, joint sums are none.
    ///
    /// # Errors
    /// The device failed, or is one that takes batches.
    pub fn finish<B: Source>(
        &self,
        begun: Begun<B>,
        question: (&GridConfig, &Job),
        times: &mut StageTimes,
    ) -> Result<(Finished, Stretch<B>)> {
        match self {
            Self::Cpu(_) | Self::Wgpu(_) => Err(self.takes_batches()),
            Self::Cuda(cuda) => cuda.finish(begun, question, times),
        }
    }

    fn takes_batches(&self) -> Error {
        Error::device(
            self.name(),
            "a stretch was given to it, and it takes batches",
        )
    }

    /// Whether columns of a job may be left for [`fold_with`](Self::fold_with) to make.
    #[doc(hidden)]
    pub fn makes_values(&self, batch: &PhotonBatch, grid: &GridConfig, job: &Job) -> bool {
        match self {
            Self::Cpu(cpu) => any_may_wait(job) && cpu.folds_runs_at(batch, grid),
            Self::Wgpu(_) | Self::Cuda(_) => false,
        }
    }

    /// One batch through all stages, and what the stages leave to the host: remainders of values, and joint sums.
    pub fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        self.fold_with((batch, &Unmade::default()), grid, job, times)
    }

    /// As [`fold`](Self::fold), with values that are not made yet, where the device [makes
    /// them](Self::makes_values).
    #[doc(hidden)]
    pub fn fold_with(
        &self,
        (batch, unmade): (&PhotonBatch, &Unmade),
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let mut partials = match self {
            Self::Cpu(cpu) => cpu.fold_with((batch, unmade), grid, job, times),
            Self::Wgpu(wgpu) => wgpu.fold(batch, grid, job, times),
            Self::Cuda(cuda) => cuda.fold(batch, grid, job, times),
        }?;
        let (places, columns) = (Places::of(batch, grid), &batch.columns);
        let add = || add_hosts(places, columns, job, &mut partials);
        times.reduce.time(|| self.install(add))?;
        Ok(partials)
    }

    /// Takes back partials that are no longer needed: the next batch's are written in their memory.
    pub fn recycle(&self, partials: Partials, job: &Job) {
        match self {
            Self::Cpu(cpu) => cpu.recycle(partials, job),
            // Rows that come back from a device are not written in place.
            Self::Wgpu(_) | Self::Cuda(_) => drop(partials),
        }
    }

    /// Runs work of the host on the threads that the device's own work shares.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self {
            Self::Cpu(cpu) => cpu.install(work),
            Self::Wgpu(wgpu) => wgpu.install(work),
            Self::Cuda(cuda) => cuda.install(work),
        }
    }
}
