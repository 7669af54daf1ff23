//! An NVIDIA device through its driver: memory, copies and launches.
//!
//! ```text
//!   uploads:                       copy stream, through the ring of `pinned.rs`
//!   kernels, fills and downloads:  compute stream, which waits for every upload before them
//! ```
//!
//! The driver keeps no order between the two streams but that one. Memory that uploads write is
//! therefore used again only when all that may read it is known to be done (`memory.rs`), and memory
//! is freed only when both streams are.

#![allow(
    unsafe_code,
    reason = "the driver is a C interface: addresses, streams and launches"
)]

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::{CudaContext, CudaFunction, CudaStream, DriverError, result, sys};
use rayon::ThreadPool;

use crate::error::{Error, Phrase, Result as IcefoldResult};

use super::choice::CudaChoice;
use super::devices::{find, said};
use super::kernels::{Argument, KERNELS, Kernel};
use super::machine::{Fault, Machine, Result};
use super::modules::functions;
use super::pinned::{BUFFER_BYTES, Landing, Ring};
use super::tile::WORKGROUP;
use super::timing::Timing;

/// An opened device.
#[derive(Debug)]
pub struct Driver {
    name: String,
    pub(super) compute: Arc<CudaStream>,
    copies: Arc<CudaStream>,
    functions: Vec<CudaFunction>,
    /// Bytes of the parameters of each.
    parameters: Vec<Vec<usize>>,
    memory: u64,
    ring: Ring,
    landing: Landing,
    /// Copies between arrays and page-locked memory.
    pub(super) threads: Arc<ThreadPool>,
    pub(super) timing: Mutex<Timing>,
    pub(super) context: Arc<CudaContext>,
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fault behind what the driver says; `action` is what was tried.
pub(super) fn fault(error: DriverError, action: &str) -> Fault {
    let what = format!("cannot {action}: {}", said(error));
    match error.0 {
        sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => Fault::Memory(what),
        _ => Fault::Failed(what),
    }
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
        driver.map_err(|fault| fault.into_error(&name))
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
        let functions = functions(&context)?;
        // What is left once the context and the kernels have theirs.
        let (free, _) = context.mem_get_info().map_err(refused)?;
        let default = free as u64 / 10 * 9;
        Ok(Self {
            name: format!("cuda:{index}"),
            parameters: KERNELS.iter().map(|kernel| kernel.parameters()).collect(),
            functions,
            compute,
            copies,
            memory: memory.map_or(default, |most| most.min(free as u64)),
            ring: Ring::default(),
            landing: Landing::default(),
            threads,
            timing: Mutex::default(),
            context,
        })
    }

    pub(super) fn bind(&self) -> Result<()> {
        let bound = self.context.bind_to_thread();
        bound.map_err(|e| fault(e, "use the device"))
    }

    /// Waits for both streams.
    fn settle(&self) -> Result<()> {
        let settled = self.copies.synchronize();
        settled
            .and_then(|()| self.compute.synchronize())
            .map_err(|e| fault(e, "finish the work on the device"))
    }
}

impl Drop for Driver {
    /// No copy may be under way when page-locked memory goes. After a failure none is.
    fn drop(&mut self) {
        let _ = self.settle();
    }
}

impl Machine for Driver {
    fn name(&self) -> &str {
        &self.name
    }

    fn memory(&self) -> u64 {
        self.memory
    }

    fn allocate(&self, bytes: u64) -> Result<u64> {
        self.bind()?;
        // SAFETY: any size may be asked for.
        let allocated = unsafe { result::malloc_sync(bytes as usize) };
        allocated.map_err(|e| fault(e, &format!("allocate {bytes} bytes")))
    }

    fn free(&self, address: u64) {
        // An error means that the device has failed, and gives its memory back when it is closed.
        if self.settle().is_ok() {
            // SAFETY: allocated by `allocate`, and nothing on the device uses it any more.
            let _ = unsafe { result::free_sync(address) };
        }
    }

    fn upload(&self, from: &[u8], to: u64) -> Result<()> {
        self.bind()?;
        for (i, piece) in from.chunks(BUFFER_BYTES).enumerate() {
            let to = to + (i * BUFFER_BYTES) as u64;
            self.ring
                .upload((&self.copies, &self.compute), piece, to, &self.threads)?;
        }
        Ok(())
    }

    fn fill(&self, at: u64, bytes: u64, byte: u8) -> Result<()> {
        self.bind()?;
        let (bytes, stream) = (bytes as usize, self.compute.cu_stream());
        // SAFETY: the lease at `at` is at least this long.
        let filled = unsafe { result::memset_d8_async(at, byte, bytes, stream) };
        filled.map_err(|e| fault(e, "fill"))
    }

    fn launch(&self, kernel: Kernel, blocks: u32, arguments: &[Argument]) -> Result<()> {
        self.bind()?;
        let takes = &self.parameters[kernel as usize];
        if !arguments
            .iter()
            .map(|a| a.bytes())
            .eq(takes.iter().copied())
        {
            return Err(Fault::Wrong(format!(
                "{} takes {takes:?} bytes and is given {arguments:?}",
                kernel.name()
            )));
        }
        let mut parameters: Vec<*mut c_void> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Word(word) => (&raw const *word).cast_mut().cast(),
                Argument::Address(address) => (&raw const *address).cast_mut().cast(),
            })
            .collect();
        let function = self.functions[kernel as usize].cu_function();
        let launch = || {
            // SAFETY: the function belongs to a module of this context; there are as many arguments,
            // of the sizes that the kernel declares, as was checked, and the driver copies them before
            // it returns; leases are as long as `stages.rs` makes them.
            let launched = unsafe {
                result::launch_kernel(
                    function,
                    (blocks, 1, 1),
                    (WORKGROUP, 1, 1),
                    0,
                    self.compute.cu_stream(),
                    &mut parameters,
                )
            };
            launched.map_err(|e| fault(e, &format!("launch {}", kernel.name())))
        };
        locked(&self.timing).around(kernel, &self.compute, launch)
    }

    fn download(&self, from: u64, to: &mut [u8]) -> Result<()> {
        self.bind()?;
        self.landing
            .download(&self.compute, from, to, &self.threads)
    }
}
