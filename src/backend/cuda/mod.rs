//! The CUDA backend: all stages on NVIDIA devices, through the driver alone.
//!
//! | stage | where |
//! | --- | --- |
//! | locate | `kernels/locate.cu` |
//! | sort | `kernels/sweep.cu`, or `kernels/sort.cu` and `kernels/scan.cu` |
//! | segment | `kernels/segment.cu` |
//! | reduce | `kernels/reduce.cu`, `kernels/part.cu` |
//! | all of them, of photons in runs | `kernels/runs.cu`, `kernels/fold.cu` |
//! | decoding storage chunks | `kernels/inflate.cu`, `kernels/unfilter.cu` |
//! | selecting photons | `kernels/select.cu` |
//!
//! `stages.rs` says what each launch is given, `fold.rs` in which order, `memory.rs` where data is,
//! `driver/` how it reaches a device. The tests run all but `driver/` over an emulation of a device
//! (`tests/kernels/`), and that over a stand-in for NVIDIA's driver.

mod belong;
mod choice;
mod decode;
mod driver;
mod extents;
mod fold;
mod fold_runs;
mod grids;
mod kernels;
mod lost;
mod machine;
mod machine_code;
mod memory;
mod picked;
mod report;
mod resident;
mod rows;
mod runs;
mod select;
mod shares;
mod shelf;
mod sides;
mod slabs;
mod staged;
mod stages;
mod stretch;
mod stretch_fold;
mod sums;
mod sweep;
mod tickets;
pub mod tile;
mod way;

pub use choice::CudaChoice;
pub use decode::{Decoded, NotDecoded, Streams};
pub use driver::{
    COPIES, CopyKind, CopyTime, Driver, KernelTime, LoadedModules, RefusedModule, find,
};
pub use grids::why_not_located;
pub use kernels::{Argument, KERNELS, Kernel, PTX, sources};
pub use machine::{Block, Fault, Machine, Span, Step};
pub use report::{DeviceReport, Found};
pub use resident::Folded;
pub use shares::why_host;
pub use staged::{Keys, Photons, Segments, Sorted};
pub use stretch::Begun;
pub use stretch_fold::why_not as why_no_stretches;
pub use way::{Bringing, Launching, Results, Sorting, Stretching, Uploads, Way};

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Phrase, Result, Setting, phrase};
use crate::stat::Partials;

use super::StageTimes;
use super::cpu::Cpu;
use super::gpu::spread;
use fold::Work;
use lost::Forgiving;
use memory::Gpu;
use tickets::Tickets;

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
    /// Who decodes and selects photons.
    stretching: Stretching,
    /// Of stretches.
    tickets: Arc<Tickets>,
    forgiving: Forgiving,
}

/// What gives a device more memory (`Fault::into_error`).
fn for_memory() -> Phrase {
    phrase![
        "free the device's memory, raise ",
        Setting::DeviceMemory,
        ", "
    ]
}

/// Photons that a device gets at least where several share a batch.
const SHARE: usize = 1 << 18;

impl Cuda<Driver> {
    /// Opens the devices asked for; `threads` bounds the host's part.
    pub fn open(choice: &CudaChoice, threads: usize) -> Result<Self> {
        let cpu = Cpu::open(threads)?;
        let (way, sorting) = (Way::of_environment()?, Sorting::of_environment()?);
        let drivers = driver::open(choice, &driver::copy_threads(threads)?)?;
        let mut cuda = Self::with(drivers, cpu)?.with_way(way);
        cuda.set_sorting(sorting);
        cuda.set_results(Results::of_environment()?);
        cuda.set_uploads(Uploads::of_environment()?);
        cuda.set_launching(Launching::of_environment()?);
        cuda.set_stretching(Stretching::of_environment()?);
        cuda.set_bringing(Bringing::of_environment()?);
        Ok(cuda)
    }

    /// Launches in another way from now on.
    pub fn set_launching(&mut self, launching: Launching) {
        let gpus = self.gpus.iter_mut();
        gpus.for_each(|gpu| gpu.machine.set_launching(launching));
    }

    /// How the modules of each device came to be.
    pub fn modules(&self) -> Vec<&LoadedModules> {
        self.gpus.iter().map(|gpu| gpu.machine.modules()).collect()
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
        let mut times = driver::no_times();
        for driver in drivers() {
            let ended = driver.end_timing(&mut times);
            ended.map_err(|fault| fault.into_error(driver.name(), for_memory()))?;
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
            tickets: Tickets::of(machines.len()),
            stretching: Stretching::Device,
            gpus: machines.into_iter().map(Gpu::new).collect(),
            cpu,
            share: SHARE,
            way: Way::Sampled,
            next: AtomicUsize::new(0),
            forgiving: Forgiving::default(),
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

    /// Brings rows of runs back in another way from now on.
    pub fn set_results(&mut self, results: Results) {
        self.gpus.iter_mut().for_each(|gpu| gpu.results = results);
    }

    /// Uploads columns in another way from now on.
    pub fn set_uploads(&mut self, uploads: Uploads) {
        self.gpus.iter_mut().for_each(|gpu| gpu.uploads = uploads);
    }

    /// Brings the bytes of stretches in another way from now on.
    pub fn set_bringing(&mut self, bringing: Bringing) {
        let gpus = self.gpus.iter_mut();
        gpus.for_each(|gpu| gpu.bringing = bringing);
    }

    /// Has photons decoded and selected by someone else from now on.
    pub fn set_stretching(&mut self, stretching: Stretching) {
        self.stretching = stretching;
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
        self.settled(self.first().wait())
    }

    fn first(&self) -> &Gpu<M> {
        &self.gpus[0]
    }

    fn settled<T>(&self, result: machine::Result<T>) -> Result<T> {
        result.map_err(|fault| fault.into_error(self.first().machine.name(), for_memory()))
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
        let one = |part, photons: Range<usize>, times: &mut StageTimes| {
            self.fold_on(gpu(part), work, photons, times)
        };
        spread((photons, parts), work.job, times, one)
    }

    fn fold_on(
        &self,
        gpu: &Gpu<M>,
        work: Work,
        photons: Range<usize>,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        let sent = || [&gpu.uploaded, &gpu.in_place].map(|bytes| bytes.load(Ordering::Relaxed));
        let before = sent();
        let folded = fold::fold((gpu, &self.cpu), work, photons, times);
        let after = sent();
        times.uploaded_bytes += after[0] - before[0];
        times.in_place_bytes += after[1] - before[1];
        folded.map_err(|fault| fault.into_error(gpu.machine.name(), for_memory()))
    }
}
