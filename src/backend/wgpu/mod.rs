//! The wgpu backend: sort, segment and reduce in WGSL, for Vulkan, Metal and DX12.
//!
//! | stage | where |
//! | --- | --- |
//! | locate | host: WGSL has no f64 |
//! | sort | `shaders/sort.wgsl` |
//! | segment | `shaders/segment.wgsl` |
//! | reduce | `shaders/reduce.wgsl` |
//! | inflating storage chunks, which no run does yet | `shaders/inflate.wgsl` |
//!
//! `stages.rs` says what each dispatch is given, `fold.rs` in which order, `commands.rs` and `gpu.rs`
//! how it reaches the device and what happens when that fails.

mod adapter;
mod commands;
mod decode;
mod fold;
pub(in crate::backend) mod gpu;
mod host;
mod kernels;
mod report;
mod rows;
mod seam;
mod staged;
mod stages;
mod timer;

pub use adapter::reports;
pub use host::{HostStages, why_host};
pub use kernels::{entry_points, shaders};
pub use report::AdapterReport;
pub use staged::{Keys, Photons, Segments, Sorted};

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Phrase, Result};

use super::cpu::Cpu;

use gpu::{Fault, Gpu};

/// An opened adapter, and the CPU backend for what the adapter does not do.
#[derive(Debug)]
pub struct Wgpu {
    gpu: Gpu,
    adapter: AdapterReport,
    cpu: Cpu,
    host_stages: HostStages,
    /// Who asks the device. Buffers are used again as soon as commands that use them are recorded, so commands are
    /// recorded and submitted by one at a time; the host's part of a fold needs no turn.
    turn: Mutex<()>,
    /// Why the CPU took over, once the device was lost.
    lost: Mutex<Option<String>>,
}

impl Wgpu {
    /// Opens the adapter of this name or index, or the best one; `threads` bounds the host's part.
    pub fn open(name: Option<&str>, threads: usize, host_stages: HostStages) -> Result<Self> {
        let (adapter, report) = adapter::choose(name)?;
        let gpu =
            Gpu::open(&adapter).map_err(|fault| fault.into_error("wgpu", Phrase::default()))?;
        Ok(Self {
            gpu,
            adapter: report,
            cpu: Cpu::open(threads)?,
            host_stages,
            turn: Mutex::default(),
            lost: Mutex::default(),
        })
    }

    pub fn adapter(&self) -> &AdapterReport {
        &self.adapter
    }

    /// Runs work of the host on the threads that locate photons.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.cpu.install(work)
    }

    /// Stages that run on the host because the user wants them there.
    pub fn host_stages(&self) -> HostStages {
        self.host_stages
    }

    /// Why the CPU folds what is left of the run, if it does.
    pub fn lost(&self) -> Option<String> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.clone()
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_over(&self, why: String) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.get_or_insert(why);
    }

    /// Loses the device, as a driver that crashes does. For tests.
    #[doc(hidden)]
    pub fn destroy_device(&self) {
        self.gpu.device.destroy();
    }

    pub(in crate::backend) fn settled<T>(&self, result: gpu::Result<T>) -> Result<T> {
        result.map_err(|fault: Fault| {
            fault.into_error(&format!("wgpu:{}", self.adapter.name), Phrase::default())
        })
    }
}
