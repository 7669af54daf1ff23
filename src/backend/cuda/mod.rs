//! The CUDA backend: all stages on NVIDIA devices, through the driver alone.
//!
//! | stage | where |
//! | --- | --- |
//! | locate | `kernels/locate.cu` |
//! | sort | `kernels/sweep.cu`, or `kernels/sort.cu` and `kernels/scan.cu` |
//! | segment | `kernels/segment.cu` |
//! | reduce | `kernels/reduce.cu`, `kernels/part.cu` |
//! | all of them, of photons in runs | `kernels/runs.cu`, `kernels/fold.cu` |
//!
//! `stages.rs` says what each launch is given, `fold.rs` in which order, `memory.rs` where data is,
//! `driver.rs` how it reaches a device. The tests run all but `driver.rs` and what it stands on over an
//! emulation of a device (`tests/kernels/`), and those over a stand-in for NVIDIA's driver.

mod ceilings;
mod choice;
mod devices;
mod driver;
mod fold;
mod fold_runs;
mod kernels;
mod libraries;
mod machine;
mod machine_code;
mod memory;
mod modules;
mod nvrtc;
mod pinned;
mod report;
mod resident;
mod rows;
mod runs;
mod shares;
mod sides;
mod staged;
mod stages;
mod sums;
mod sweep;
pub mod tile;
mod timing;
mod way;

pub use ceilings::{COPIES, CopyKind, CopyTime};
pub use choice::CudaChoice;
pub use devices::find;
pub use driver::Driver;
pub use kernels::{Argument, KERNELS, Kernel, PTX, sources};
pub use machine::{Fault, Machine};
pub use report::{DeviceReport, Found};
pub use resident::Folded;
pub use shares::why_host;
pub use staged::{Keys, Photons, Segments, Sorted};
pub use timing::KernelTime;
pub use way::{Sorting, Way};

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result, Setting, phrase};
use crate::stat::Partials;

use super::StageTimes;
use super::cpu::Cpu;
use super::wgpu::merged;
use fold::Work;
use memory::Gpu;

/// Opened devices, and the CPU backend for what they do not do.
#[derive(Debug)]
pub struct Cuda<M: Machine = Driver> {
    /// At least one.
    gpus: Vec<Gpu<M>>,
    cpu: Cpu,
    /// Photons for which it is worth to take one more device.
    share: usize,
    /// In which order batches are folded.
    way: Way,
    /// The device that the next batch begins with.
    next: AtomicUsize,
}

/// Photons that a device gets at least where several share a batch.
const SHARE: usize = 1 << 18;

impl Cuda<Driver> {
    /// Opens the devices asked for; `threads` bounds the host's part.
    pub fn open(choice: &CudaChoice, threads: usize) -> Result<Self> {
        let cpu = Cpu::open(threads)?;
        let (way, sorting) = (Way::of_environment()?, Sorting::of_environment()?);
        let drivers = driver::open(choice, &cpu.pool())?;
        let mut cuda = Self::with(drivers, cpu)?.with_way(way);
        cuda.set_sorting(sorting);
        Ok(cuda)
    }

    /// Times copies of the first device, and hands on each as it is known.
    pub fn ceilings(&self, of: &[CopyKind], each: &mut dyn FnMut(CopyTime)) -> Result<()> {
        self.settled(self.first().machine.ceilings(of, each))
    }

    /// What `work` gives, and what each kernel that it launched took, on all devices together.
    pub fn timed<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, Vec<KernelTime>)> {
        let drivers = || self.gpus.iter().map(|gpu| &gpu.machine);
        drivers().for_each(Driver::begin_timing);
        let done = work();
        let mut times = timing::no_times();
        for driver in drivers() {
            let ended = driver.end_timing(&mut times);
            ended.map_err(|fault| fault.into_error(driver.name()))?;
        }
        let launched = times.into_iter().filter(|time| time.launches > 0);
        Ok((done?, launched.collect()))
    }
}

impl<M: Machine> Cuda<M> {
    /// Over machines that are open.
    ///
    /// # Errors
    /// There is none, or the host's threads cannot be started.
    pub fn over(machines: Vec<M>, threads: usize) -> Result<Self> {
        Self::with(machines, Cpu::open(threads)?)
    }

    fn with(machines: Vec<M>, cpu: Cpu) -> Result<Self> {
        if machines.is_empty() {
            return Err(
                Error::device("cuda", "no device was named").with_remedy(phrase![
                    "use ",
                    Setting::Device.to("cuda:all"),
                    " for all of them"
                ]),
            );
        }
        Ok(Self {
            gpus: machines.into_iter().map(Gpu::new).collect(),
            cpu,
            share: SHARE,
            way: Way::Sampled,
            next: AtomicUsize::new(0),
        })
    }

    /// With another number of photons for which one more device is taken.
    pub fn with_share(self, share: usize) -> Self {
        Self { share, ..self }
    }

    /// With another way to fold batches.
    pub fn with_way(self, way: Way) -> Self {
        Self { way, ..self }
    }

    /// Folds batches in another way from now on.
    pub fn set_way(&mut self, way: Way) {
        self.way = way;
    }

    /// Sorts in another way from now on.
    pub fn set_sorting(&mut self, sorting: Sorting) {
        self.gpus.iter_mut().for_each(|gpu| gpu.sorting = sorting);
    }

    /// The names of the devices.
    pub fn names(&self) -> Vec<&str> {
        self.gpus.iter().map(|gpu| gpu.machine.name()).collect()
    }

    /// The devices' memory in bytes, of which a run may take this much.
    pub fn memory(&self) -> Vec<u64> {
        self.gpus.iter().map(|gpu| gpu.machine.memory()).collect()
    }

    /// Runs work of the host on the threads that serve the devices.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.cpu.install(work)
    }

    /// Waits for all that was launched on the first device.
    pub fn wait(&self) -> Result<()> {
        let gpu = self.first();
        let word = gpu.scratch::<u32>(1);
        self.settled(
            word.and_then(|word| gpu.download::<u32>(&word, 0, 1))
                .map(drop),
        )
    }

    fn first(&self) -> &Gpu<M> {
        &self.gpus[0]
    }

    fn settled<T>(&self, result: machine::Result<T>) -> Result<T> {
        result.map_err(|fault| fault.into_error(self.first().machine.name()))
    }

    /// Every device folds part of the batch; the parts merge exactly, whatever they are.
    fn fold_on_all(&self, work: Work, times: &mut StageTimes) -> Result<Partials> {
        let photons = work.batch.len();
        let parts = (photons / self.share.max(1)).clamp(1, self.gpus.len());
        let begin = self.next.fetch_add(parts, Ordering::Relaxed);
        let gpu = |part: usize| &self.gpus[(begin + part) % self.gpus.len()];
        if parts == 1 {
            return self.fold_on(gpu(0), work, 0..photons, times);
        }
        let range = |part: usize| photons * part / parts..photons * (part + 1) / parts;
        let folded = times.fused.time(|| {
            std::thread::scope(|scope| {
                let one = |part| {
                    scope.spawn(move || {
                        let mut times = StageTimes::default();
                        let partials = self.fold_on(gpu(part), work, range(part), &mut times)?;
                        Ok((partials, times))
                    })
                };
                let folding: Vec<_> = (0..parts).map(one).collect();
                let done = folding.into_iter().map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                });
                done.collect::<Result<Vec<_>>>()
            })
        })?;
        let mut whole = Partials::empty(work.job);
        for (partials, of_part) in folded {
            times.batches.sorted += of_part.batches.sorted;
            times.batches.runs += of_part.batches.runs;
            times.uploaded_bytes += of_part.uploaded_bytes;
            whole = merged(&whole, &partials, work.job);
        }
        Ok(whole)
    }

    fn fold_on(
        &self,
        gpu: &Gpu<M>,
        work: Work,
        photons: Range<usize>,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let before = gpu.uploaded.load(Ordering::Relaxed);
        let folded = fold::fold((gpu, &self.cpu), work, photons, times);
        times.uploaded_bytes += gpu.uploaded.load(Ordering::Relaxed) - before;
        folded.map_err(|fault| fault.into_error(gpu.machine.name()))
    }
}
