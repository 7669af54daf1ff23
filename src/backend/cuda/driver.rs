//! An NVIDIA device through its driver: memory, copies and launches.
//!
//! ```text
//!   host array --copied in parallel--> pinned ring, three buffers --copy stream--> device
//!   kernels, fills and downloads: compute stream, which waits for every upload before them
//! ```

#![allow(
    unsafe_code,
    reason = "the driver is a C interface: addresses, streams and launches"
)]

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::{CudaContext, CudaEvent, CudaFunction, CudaStream, DriverError, result, sys};
use cudarc::nvrtc::{CompileOptions, Ptx, compile_ptx_with_opts};
use rayon::prelude::*;

use crate::error::{Error, Result as IcefoldResult};

use super::choice::CudaChoice;
use super::devices::{find, said};
use super::kernels::{Argument, KERNELS, Kernel, PTX, sources};
use super::machine::{Fault, Machine, Result};
use super::tile::WORKGROUP;

/// Compiles the kernels' sources with NVRTC instead of taking the PTX of the build. For debugging.
pub const FROM_SOURCE: &str = "ICEFOLD_CUDA_FROM_SOURCE";

/// Bytes of one buffer of the ring, and how many there are.
const RING_BYTES: usize = 32 << 20;
const RING: usize = 3;
/// Bytes that one task copies into the ring.
const COPY_BYTES: usize = 1 << 20;

/// An opened device.
#[derive(Debug)]
pub struct Driver {
    name: String,
    pub(super) context: Arc<CudaContext>,
    pub(super) compute: Arc<CudaStream>,
    copies: Arc<CudaStream>,
    functions: Vec<CudaFunction>,
    memory: u64,
    ring: Mutex<Ring>,
    /// Where downloads land.
    landing: Mutex<Option<Pinned>>,
}

/// Page-locked memory of the host.
#[derive(Debug)]
pub(super) struct Pinned {
    address: *mut u8,
    bytes: usize,
}

// SAFETY: the memory belongs to this value alone, and any thread may touch page-locked memory.
unsafe impl Send for Pinned {}

/// Buffers for uploads, used in turn; the event says when the device has read one.
#[derive(Debug, Default)]
struct Ring {
    buffers: Vec<(Pinned, CudaEvent)>,
    next: usize,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pinned {
    /// `flags` are of `cuMemHostAlloc`; the context is current.
    pub(super) fn new(bytes: usize, flags: u32) -> Result<Self> {
        // SAFETY: any size may be asked for, and the memory is freed in `drop` alone.
        let address = unsafe { result::malloc_host(bytes, flags) }.map_err(|e| fault(e, "pin"))?;
        Ok(Self {
            address: address.cast(),
            bytes,
        })
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: allocated with this length, held by this value alone, and any byte is a u8.
        unsafe { std::slice::from_raw_parts_mut(self.address, self.bytes) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: allocated by `malloc_host`; the driver waits for copies before it unpins. An error
        // means that the context is gone and the memory with it.
        let _ = unsafe { result::free_host(self.address.cast()) };
    }
}

/// The fault behind what the driver says; `action` is what was tried.
pub(super) fn fault(error: DriverError, action: &str) -> Fault {
    let what = said(error);
    match error.0 {
        sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => Fault::Memory(what),
        _ => Fault::Failed(format!("cannot {action}: {what}")),
    }
}

/// Opens the devices of a choice, or says what is in the way.
pub fn open(choice: &CudaChoice) -> IcefoldResult<Vec<Driver>> {
    let found = find();
    let unavailable = |device: String, message: String| Error::Device { device, message };
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
                format!("there is no such device: {count} were found, numbered 0 to {last}"),
            ));
        };
        if let Some(why) = &report.unusable {
            return Err(unavailable(name, why.clone()));
        }
        let driver = Driver::open(index, choice.memory);
        driver.map_err(|fault| fault.into_error(&name))
    };
    wanted.into_iter().map(open_one).collect()
}

impl Driver {
    fn open(index: usize, memory: Option<u64>) -> Result<Self> {
        let context = CudaContext::new(index).map_err(|e| fault(e, "open the device"))?;
        // SAFETY: nothing here uses the slices that events would be tracked for; order is kept by
        // the streams and events below.
        unsafe { context.disable_event_tracking() };
        let stream = || context.new_stream().map_err(|e| fault(e, "make a stream"));
        let (compute, copies) = (stream()?, stream()?);
        let (free, _) = context
            .mem_get_info()
            .map_err(|e| fault(e, "ask for memory"))?;
        let default = free as u64 / 10 * 9;
        Ok(Self {
            name: format!("cuda:{index}"),
            functions: functions(&context)?,
            compute,
            copies,
            memory: memory.map_or(default, |most| most.min(free as u64)),
            ring: Mutex::default(),
            landing: Mutex::default(),
            context,
        })
    }

    fn bind(&self) -> Result<()> {
        let bound = self.context.bind_to_thread();
        bound.map_err(|e| fault(e, "use the device"))
    }

    /// One piece of an upload: through the next buffer of the ring.
    fn upload_piece(&self, ring: &mut Ring, from: &[u8], to: u64) -> Result<()> {
        if ring.buffers.len() < RING {
            // Write-combined: the host only writes here.
            let pinned = Pinned::new(RING_BYTES, sys::CU_MEMHOSTALLOC_WRITECOMBINED)?;
            let event = self.context.new_event(None);
            ring.buffers
                .push((pinned, event.map_err(|e| fault(e, "make an event"))?));
            ring.next = ring.buffers.len() - 1;
        }
        let (pinned, read) = &mut ring.buffers[ring.next];
        ring.next = (ring.next + 1) % RING;
        read.synchronize()
            .map_err(|e| fault(e, "wait for an upload"))?;
        let buffer = &mut pinned.bytes()[..from.len()];
        buffer
            .par_chunks_mut(COPY_BYTES)
            .zip(from.par_chunks(COPY_BYTES))
            .for_each(|(to, from)| to.copy_from_slice(from));
        // SAFETY: the lease at `to` is at least this long; the buffer is not written again before
        // the event that is recorded behind the copy.
        unsafe { result::memcpy_htod_async(to, buffer, self.copies.cu_stream()) }
            .map_err(|e| fault(e, "copy to the device"))?;
        read.record(&self.copies)
            .and_then(|()| self.compute.wait(read))
            .map_err(|e| fault(e, "order an upload"))
    }
}

/// Every kernel, in the order of `KERNELS`.
fn functions(context: &Arc<CudaContext>) -> Result<Vec<CudaFunction>> {
    let modules = if std::env::var_os(FROM_SOURCE).is_some_and(|value| !value.is_empty()) {
        compiled()?
    } else {
        PTX.map(|(stem, ptx)| (stem, Ptx::from_src(ptx))).to_vec()
    };
    let mut loaded = Vec::with_capacity(modules.len());
    for (stem, ptx) in modules {
        let module = context.load_module(ptx);
        loaded.push((
            stem,
            module.map_err(|e| fault(e, &format!("load the kernels of {stem}")))?,
        ));
    }
    let find = |kernel: &Kernel| {
        let module = loaded.iter().find(|(stem, _)| *stem == kernel.stem());
        let (_, module) = module.unwrap_or_else(|| unreachable!("every stem is a module"));
        let function = module.load_function(kernel.name());
        function.map_err(|e| fault(e, &format!("find the kernel {}", kernel.name())))
    };
    KERNELS.iter().map(find).collect()
}

/// The sources, compiled by the NVRTC of this machine as `scripts/ptx` does.
fn compiled() -> Result<Vec<(&'static str, Ptx)>> {
    // SAFETY: loads the library and looks no symbol up; initialising it has no conditions.
    if !unsafe { cudarc::nvrtc::sys::is_culib_present() } {
        return Err(Fault::Failed(format!(
            "{FROM_SOURCE} is set and the library libnvrtc was not found; unset it, or add the \
             toolkit's folder to LD_LIBRARY_PATH"
        )));
    }
    let compile = |(stem, source): (&'static str, String)| {
        let options = CompileOptions {
            fmad: Some(false),
            arch: Some("compute_75"),
            options: vec!["--std=c++17".to_owned(), "-diag-suppress=177".to_owned()],
            name: Some(format!("{stem}.cu")),
            ..CompileOptions::default()
        };
        let ptx = compile_ptx_with_opts(source, options);
        ptx.map(|ptx| (stem, ptx))
            .map_err(|error| Fault::Failed(format!("NVRTC refuses {stem}.cu: {error:?}")))
    };
    sources().into_iter().map(compile).collect()
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
        allocated.map_err(|e| fault(e, "allocate"))
    }

    fn free(&self, address: u64) {
        if self.bind().is_err() {
            return;
        }
        // SAFETY: allocated by `allocate`; the driver waits for kernels before it frees. An error
        // means that the context is gone and the memory with it.
        let _ = unsafe { result::free_sync(address) };
    }

    fn upload(&self, from: &[u8], to: u64) -> Result<()> {
        self.bind()?;
        let mut ring = locked(&self.ring);
        for (i, piece) in from.chunks(RING_BYTES).enumerate() {
            self.upload_piece(&mut ring, piece, to + (i * RING_BYTES) as u64)?;
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
        let mut parameters: Vec<*mut c_void> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Word(word) => (&raw const *word).cast_mut().cast(),
                Argument::Address(address) => (&raw const *address).cast_mut().cast(),
            })
            .collect();
        let function = self.functions[kernel as usize].cu_function();
        // SAFETY: the function belongs to a module of this context; there are as many arguments, of
        // the sizes that the kernel declares, as tests of `stages.rs` over the emulation show, and
        // the driver copies them before it returns; leases are as long as `stages.rs` makes them.
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
    }

    fn download(&self, from: u64, to: &mut [u8]) -> Result<()> {
        self.bind()?;
        let mut landing = locked(&self.landing);
        let pinned = match &mut *landing {
            Some(pinned) => pinned,
            // Not write-combined: the host reads here.
            none => none.insert(Pinned::new(RING_BYTES, 0)?),
        };
        for (i, piece) in to.chunks_mut(RING_BYTES).enumerate() {
            let buffer = &mut pinned.bytes()[..piece.len()];
            let from = from + (i * RING_BYTES) as u64;
            // SAFETY: the lease at `from` is at least this long, and the buffer is not touched
            // before the stream is done.
            unsafe { result::memcpy_dtoh_async(buffer, from, self.compute.cu_stream()) }
                .and_then(|()| self.compute.synchronize())
                .map_err(|e| fault(e, "finish the work before a download"))?;
            piece
                .par_chunks_mut(COPY_BYTES)
                .zip(buffer.par_chunks(COPY_BYTES))
                .for_each(|(to, from)| to.copy_from_slice(from));
        }
        Ok(())
    }
}
