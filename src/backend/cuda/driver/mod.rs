//! An NVIDIA device through its driver: memory, copies and launches. All `unsafe` of the backend is in this folder.
//!
//! ```text
//!   uploads:                       copy stream, from memory of `columns.rs` or through the ring of `pinned.rs`
//!   kernels, fills and downloads:  compute stream, which waits for every upload before them
//!   what decodes stretches:        streams beside it, which wait for uploads and for the compute stream
//! ```
//!
//! The driver keeps no order between streams but these (`run_in`, `upload_behind`, `pinned.rs`). Memory that uploads write is
//! therefore used again only when all that may read it is known to be done (`memory.rs`), and memory
//! is freed only when all streams are.

#![allow(
    unsafe_code,
    reason = "the driver is a C interface: addresses, streams and launches"
)]

pub mod block;
mod ceilings;
mod columns;
mod devices;
mod graph;
mod libraries;
mod modules;
mod nvrtc;
mod pinned;
mod timing;

pub use ceilings::{COPIES, CopyKind, CopyTime};
pub use devices::find;
pub use modules::{LoadedModules, RefusedModule};
pub use pinned::copy_threads;
pub use timing::{KernelTime, no_times};

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::{CudaContext, CudaFunction, CudaStream, DriverError, result, sys};
use rayon::ThreadPool;

use crate::error::{Error, Phrase, Result as IcefoldResult};
use crate::photon::{ColumnBlock, ColumnMemory};

use super::choice::CudaChoice;
use super::for_memory;
use super::kernels::{Argument, KERNELS, Kernel};
use super::machine::{Block, Fault, Machine, QUEUES, Queue, Result, Span, Step};
use super::tile::WORKGROUP;
use super::way::Launching;
use columns::{Column, Columns};
use devices::said;
use graph::Graphs;
use modules::functions;
use pinned::{BUFFER_BYTES, Landing, Mapped, Ring};
use timing::Timing;

/// An opened device.
#[derive(Debug)]
pub struct Driver {
    name: String,
    compute: Arc<CudaStream>,
    copies: Arc<CudaStream>,
    /// Queues beside `compute`.
    beside: Vec<Arc<CudaStream>>,
    functions: Vec<CudaFunction>,
    /// Bytes of the parameters of each.
    parameters: Vec<Vec<usize>>,
    memory: u64,
    ring: Ring,
    landing: Landing,
    mapped: Mapped,
    /// Copies between arrays and page-locked memory.
    threads: Arc<ThreadPool>,
    timing: Mutex<Timing>,
    /// How steps that are known together are launched.
    launching: Launching,
    graphs: Mutex<Graphs>,
    modules: LoadedModules,
    context: Arc<CudaContext>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fault behind what the driver says; `action` is what was tried.
fn fault(error: DriverError, action: &str) -> Fault {
    let what = format!("cannot {action}: {}", said(error));
    match error.0 {
        sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => Fault::Memory(what),
        _ => Fault::Failed(what),
    }
}

/// Where the driver finds each argument of a launch: the lower bytes of a word, as devices and their hosts have the
/// lowest first.
fn pointers(words: &[u64]) -> Vec<*mut c_void> {
    let pointer = |word: &u64| (&raw const *word).cast_mut().cast();
    words.iter().map(pointer).collect()
}

/// Opens the devices of a choice, or says what is in the way. `threads` copies for them.
pub fn open(choice: &CudaChoice, threads: &Arc<ThreadPool>) -> IcefoldResult<Vec<Driver>> {
    let found = find();
    let unavailable = |device: String, message: Phrase| Error::device(device, message);
    if let Some(why) = &found.why_not {
        return Err(unavailable(choice.to_string(), why.clone()));
    }
    let usable = found
        .devices
        .iter()
        .filter(|device| device.unusable.is_none());
    let wanted = match &choice.devices {
        Some(devices) => devices.clone(),
        None => usable.map(|device| device.index).collect(),
    };
    let open_one = |index: usize| {
        let name = format!("cuda:{index}");
        let Some(report) = found.devices.get(index) else {
            let (count, last) = (found.devices.len(), found.devices.len() - 1);
            return Err(unavailable(
                name,
                format!("there is no such device: {count} were found, numbered 0 to {last}").into(),
            ));
        };
        if let Some(why) = &report.unusable {
            return Err(unavailable(name, why.into()));
        }
        let driver = Driver::open(index, choice.memory, Arc::clone(threads));
        driver.map_err(|fault| fault.into_error(&name, for_memory()))
    };
    wanted.into_iter().map(open_one).collect()
}

/// Why a device does not open.
fn refused(error: DriverError) -> Fault {
    let remedy = match error.0 {
        sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => "end the programs that fill its memory",
        sys::CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE => {
            "another program has it for itself (nvidia-smi shows its compute mode): wait for that, \
             or name another device"
        }
        _ => "see whether nvidia-smi runs",
    };
    Fault::NotReady(format!("cannot open the device: {}; {remedy}", said(error)))
}

impl Driver {
    fn open(index: usize, memory: Option<u64>, threads: Arc<ThreadPool>) -> Result<Self> {
        let context = CudaContext::new(index).map_err(refused)?;
        // SAFETY: nothing here uses the slices that events would be tracked for; order is kept by
        // the streams and events below.
        unsafe { context.disable_event_tracking() };
        let stream = || context.new_stream().map_err(refused);
        let (compute, copies) = (stream()?, stream()?);
        let beside: Result<_> = (0..QUEUES).map(|_| stream()).collect();
        let (functions, modules) = functions(&context)?;
        // What is left once the context and the kernels have theirs.
        let (free, _) = context.mem_get_info().map_err(refused)?;
        let default = free as u64 / 10 * 9;
        Ok(Self {
            name: format!("cuda:{index}"),
            parameters: KERNELS.iter().map(|kernel| kernel.parameters()).collect(),
            functions,
            compute,
            copies,
            beside: beside?,
            memory: memory.map_or(default, |most| most.min(free as u64)),
            ring: Ring::default(),
            landing: Landing::default(),
            mapped: Mapped::default(),
            threads,
            timing: Mutex::default(),
            launching: Launching::Single,
            graphs: Mutex::default(),
            modules,
            context,
        })
    }

    fn bind(&self) -> Result<()> {
        let bound = self.context.bind_to_thread();
        bound.map_err(|e| fault(e, "use the device"))
    }

    /// Launches steps that are known together in another way from now on.
    pub fn set_launching(&mut self, launching: Launching) {
        self.launching = launching;
    }

    /// How its modules came to be.
    pub fn modules(&self) -> &LoadedModules {
        &self.modules
    }

    /// The words that a kernel is given, once they are known to be what it takes.
    fn words(&self, kernel: Kernel, arguments: &[Argument]) -> Result<Vec<u64>> {
        let takes = &self.parameters[kernel as usize];
        let given = arguments.iter().map(|argument| argument.bytes());
        if !given.eq(takes.iter().copied()) {
            return Err(Fault::Wrong(format!(
                "{} takes {takes:?} bytes and is given {arguments:?}",
                kernel.name()
            )));
        }
        kernel.check(arguments)?;
        Ok(arguments.iter().map(|argument| argument.word()).collect())
    }

    fn queue(&self, queue: Queue) -> &Arc<CudaStream> {
        match queue {
            Queue::Main => &self.compute,
            Queue::Beside(number) => &self.beside[number % QUEUES],
        }
    }

    fn fill(stream: &CudaStream, at: Span, byte: u8) -> Result<()> {
        let (bytes, stream) = (at.bytes() as usize, stream.cu_stream());
        // SAFETY: a span is of memory that is there.
        let filled = unsafe { result::memset_d8_async(at.address(), byte, bytes, stream) };
        filled.map_err(|e| fault(e, "fill"))
    }

    fn launch(
        &self,
        stream: &CudaStream,
        (kernel, blocks): (Kernel, u32),
        arguments: &[Argument],
    ) -> Result<()> {
        let words = self.words(kernel, arguments)?;
        let mut parameters = pointers(&words);
        let function = self.functions[kernel as usize].cu_function();
        let launch = || {
            // SAFETY: the function belongs to a module of this context; there are as many arguments,
            // of the sizes that the kernel declares, and memory is as long as it asks for, as was checked. The
            // driver copies them before it returns.
            let launched = unsafe {
                result::launch_kernel(
                    function,
                    (blocks, 1, 1),
                    (WORKGROUP, 1, 1),
                    0,
                    stream.cu_stream(),
                    &mut parameters,
                )
            };
            launched.map_err(|e| fault(e, &format!("launch {}", kernel.name())))
        };
        locked(&self.timing).around(kernel, stream, launch)
    }

    /// Does steps one by one.
    fn run_each(&self, stream: &CudaStream, steps: &[Step]) -> Result<()> {
        steps.iter().try_for_each(|step| match step {
            Step::Fill { at, byte } => Self::fill(stream, *at, *byte),
            Step::Launch {
                kernel,
                blocks,
                arguments,
            } => self.launch(stream, (*kernel, *blocks), arguments),
        })
    }

    /// Waits for all streams.
    fn settle(&self) -> Result<()> {
        let mut all = [&self.copies, &self.compute]
            .into_iter()
            .chain(&self.beside);
        all.try_for_each(|stream| stream.synchronize())
            .map_err(|e| fault(e, "finish the work on the device"))
    }
}

impl Drop for Driver {
    /// No copy may be under way when page-locked memory goes. After a failure none is.
    fn drop(&mut self) {
        let _ = self.settle();
        if self.bind().is_ok() {
            locked(&self.graphs).clear();
        }
    }
}

impl Machine for Driver {
    fn name(&self) -> &str {
        &self.name
    }

    fn memory(&self) -> u64 {
        self.memory
    }

    fn allocate(&self, bytes: u64) -> Result<Block> {
        self.bind()?;
        // SAFETY: any size may be asked for.
        let address = unsafe { result::malloc_sync(bytes as usize) };
        let address = address.map_err(|e| fault(e, &format!("allocate {bytes} bytes")))?;
        // SAFETY: the driver gave so much just now, and frees it in `free` alone.
        Ok(unsafe { Block::at(address, bytes) })
    }

    fn free(&self, block: Block) {
        // An error means that the device has failed, and gives its memory back when it is closed.
        if self.settle().is_ok() {
            // SAFETY: allocated by `allocate`, and nothing on the device uses it any more.
            let _ = unsafe { result::free_sync(block.address()) };
        }
    }

    fn allocate_mapped(&self, bytes: u64) -> Result<Block> {
        self.bind()?;
        self.mapped.allocate(&self.context, bytes)
    }

    fn free_mapped(&self, block: Block) {
        // After a failure nothing is copied any more.
        let _ = self.settle();
        self.mapped.free(&block);
    }

    fn upload(&self, from: &[u8], to: Span) -> Result<()> {
        self.bind()?;
        for (i, piece) in from.chunks(BUFFER_BYTES).enumerate() {
            let to = to.part((i * BUFFER_BYTES) as u64, piece.len() as u64)?;
            self.ring
                .upload((&self.copies, &self.compute), piece, to, &self.threads)?;
        }
        Ok(())
    }

    fn columns(&self, bytes: u64) -> Option<Arc<dyn ColumnMemory>> {
        Some(Arc::new(Columns::new(&self.context, bytes)))
    }

    fn upload_column(&self, from: &dyn ColumnBlock, bytes: usize, to: Span) -> Result<bool> {
        let Some(column) = Column::of(from) else {
            return Ok(false);
        };
        self.bind()?;
        column.upload(bytes, to, (&self.copies, &self.compute))?;
        Ok(true)
    }

    fn run(&self, steps: &[Step]) -> Result<()> {
        self.bind()?;
        let together = self.launching == Launching::Graph && steps.len() > 1;
        // Within a graph no time is taken.
        if together && !locked(&self.timing).is_on() {
            return self.run_graph(steps);
        }
        self.run_each(&self.compute, steps)
    }

    fn run_in(&self, queue: Queue, steps: &[Step]) -> Result<()> {
        if queue == Queue::Main {
            return self.run(steps);
        }
        self.bind()?;
        let stream = self.queue(queue);
        stream
            .join(&self.copies)
            .and_then(|()| stream.join(&self.compute))
            .map_err(|e| fault(e, "order the work on the device"))?;
        self.run_each(stream, steps)
    }

    fn upload_behind(&self, queue: Queue) -> Result<()> {
        self.bind()?;
        let joined = self.copies.join(self.queue(queue));
        // What a queue wrote, the main one reads.
        joined
            .and_then(|()| self.copies.join(&self.compute))
            .map_err(|e| fault(e, "order an upload"))
    }

    fn download_in(&self, queue: Queue, from: Span, to: &mut [u8]) -> Result<()> {
        self.bind()?;
        self.landing
            .download(self.queue(queue), from, to, &self.threads)
    }

    fn download(&self, from: Span, to: &mut [u8]) -> Result<()> {
        self.bind()?;
        self.landing
            .download(&self.compute, from, to, &self.threads)
    }

    fn wait(&self) -> Result<()> {
        self.bind()?;
        let waited = self.compute.synchronize();
        waited.map_err(|e| fault(e, "finish the work on the device"))
    }

    fn look(&self, from: Span, to: &mut [u8]) -> Result<()> {
        self.mapped.look(from, to)
    }
}
