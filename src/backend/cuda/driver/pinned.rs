//! Page-locked memory of the host, through which all copies go: the driver copies from it and to it
//! while the host does something else.
//!
//! ```text
//!   upload:    host array --copied by the host--> one of a few buffers --copy stream--> device
//!   download:  device --compute stream--> one buffer --copied by the host--> host array
//!   results:   kernels write to a buffer that is mapped into the device's addresses
//! ```
//!
//! The host copies on threads of its own: those that decode would otherwise wait for copies, and copies for them.

#![allow(unsafe_code, reason = "page-locked memory comes as an address")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use cudarc::driver::{CudaContext, CudaEvent, CudaStream, DriverError, result, sys};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result as IcefoldResult, Setting, phrase};

use super::block::{Block, Span};
use super::devices::said;
use super::{fault, locked};
use crate::backend::cuda::machine::{Fault, Result};

/// Bytes of one buffer, and how many uploads take turns in.
pub const BUFFER_BYTES: usize = 32 << 20;
const BUFFERS: usize = 3;
/// Bytes of a buffer for little, which most uploads and downloads are: page-locking takes half a millisecond a MiB.
const LITTLE_BUFFER: usize = 512 << 10;
/// Bytes that one task of the host copies.
const COPY_BYTES: usize = 1 << 20;
/// Bytes that are not worth a hand-off.
const LITTLE: usize = 256 << 10;

/// Threads that copy, at most: a few of them fill the wire.
const COPY_THREADS: usize = 8;

/// Threads that copy between arrays and page-locked memory, where the host may use so many.
pub fn copy_threads(threads: usize) -> IcefoldResult<Arc<ThreadPool>> {
    let threads = threads.clamp(1, COPY_THREADS);
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("icefold-copy-{i}"))
        .build();
    pool.map(Arc::new).map_err(|error| {
        let message = format!("cannot start {threads} threads: {error}");
        Error::device("cuda", message).with_remedy(phrase!["use fewer with ", Setting::Threads])
    })
}

/// Page-locked memory. What the driver still does with it is over when it is dropped: whoever starts a
/// copy waits for it, or the whole device does (`Driver::drop`).
#[derive(Debug)]
pub struct Pinned {
    address: *mut u8,
    bytes: usize,
    context: Arc<CudaContext>,
}

// SAFETY: the memory belongs to this value alone, and any thread may touch page-locked memory.
unsafe impl Send for Pinned {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// `flags` are of `cuMemHostAlloc`.
    pub fn new(context: &Arc<CudaContext>, bytes: usize, flags: u32) -> Result<Self> {
        // Its `OUT_OF_MEMORY` is of the host: smaller batches would not help.
        let refused = |why| {
            Fault::NotReady(format!(
                "{why}; free memory of the host, or raise what a container may lock"
            ))
        };
        Self::lock(context, bytes, flags).map_err(refused)
    }

    /// The same, or in words why the system gives no such memory.
    pub fn lock(context: &Arc<CudaContext>, bytes: usize, flags: u32) -> Result<Self, String> {
        let refused = |error: DriverError| {
            let why = said(error);
            format!("cannot page-lock {bytes} bytes of the host's memory: {why}")
        };
        context.bind_to_thread().map_err(refused)?;
        // SAFETY: any size may be asked for, and the memory is freed in `drop` alone.
        let address = unsafe { result::malloc_host(bytes, flags) }.map_err(refused)?;
        Ok(Self {
            address: address.cast(),
            bytes,
            context: Arc::clone(context),
        })
    }

    pub fn len(&self) -> usize {
        self.bytes
    }

    pub fn read(&self) -> &[u8] {
        // SAFETY: allocated with this length, and any byte is a u8; what writes to it has a unique reference.
        unsafe { std::slice::from_raw_parts(self.address, self.bytes) }
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: allocated with this length, held by this value alone, and any byte is a u8.
        unsafe { std::slice::from_raw_parts_mut(self.address, self.bytes) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The context is alive, because this holds it; that of another device may be current.
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: allocated by `malloc_host`, and no copy uses it any more. An error means that
            // the device has failed; the process then keeps the memory until it ends.
            let _ = unsafe { result::free_host(self.address.cast()) };
        }
    }
}

/// Buffers for uploads, used in turn; the event says when the device has read one.
///
/// Nothing is locked, and nobody waits for a buffer, while the host copies: the threads that copy may
/// meanwhile take up another fold, which wants a buffer too. There are then more than the usual number.
#[derive(Debug, Default)]
pub struct Ring {
    free: Mutex<Free>,
    little: Mutex<Free>,
}

#[derive(Debug, Default)]
struct Free {
    /// The one that waited longest comes first.
    buffers: VecDeque<(Pinned, CudaEvent)>,
    made: usize,
}

impl Ring {
    /// Copies a piece of at most `BUFFER_BYTES` into a buffer, and has the device take it from there.
    pub fn upload(
        &self,
        (copies, compute): (&CudaStream, &CudaStream),
        from: &[u8],
        to: Span,
        threads: &ThreadPool,
    ) -> Result<()> {
        let (buffers, bytes) = match from.len() {
            0..=LITTLE_BUFFER => (&self.little, LITTLE_BUFFER),
            _ => (&self.free, BUFFER_BYTES),
        };
        let (mut pinned, read) = Self::take(buffers, bytes, copies.context())?;
        let done = fill_and_send((&mut pinned, &read), (copies, compute), (from, to), threads);
        // After a failure too: the device may still read it.
        locked(buffers).buffers.push_back((pinned, read));
        done
    }

    fn take(
        buffers: &Mutex<Free>,
        bytes: usize,
        context: &Arc<CudaContext>,
    ) -> Result<(Pinned, CudaEvent)> {
        let mut free = locked(buffers);
        if free.made >= BUFFERS
            && let Some(longest) = free.buffers.pop_front()
        {
            return Ok(longest);
        }
        // Write-combined: the host only writes here.
        let flags = sys::CU_MEMHOSTALLOC_WRITECOMBINED;
        let pinned = Pinned::new(context, bytes, flags)?;
        let event = context.new_event(None);
        free.made += 1;
        Ok((pinned, event.map_err(|e| fault(e, "make an event"))?))
    }
}

fn fill_and_send(
    (pinned, read): (&mut Pinned, &CudaEvent),
    (copies, compute): (&CudaStream, &CudaStream),
    (from, to): (&[u8], Span),
    threads: &ThreadPool,
) -> Result<()> {
    read.synchronize()
        .map_err(|e| fault(e, "wait for an upload"))?;
    let buffer = &mut pinned.bytes()[..from.len()];
    copy(from, buffer, threads);
    // SAFETY: the buffer is page-locked, and not written again before the event.
    unsafe { send(buffer, to, read, (copies, compute)) }
}

/// Has the device copy page-locked memory, and what follows on `compute` wait for that. `behind` is reached when it is
/// over.
///
/// # Safety
/// The memory is page-locked, and neither written nor freed before the event is reached.
pub unsafe fn send(
    from: &[u8],
    to: Span,
    behind: &CudaEvent,
    (copies, compute): (&CudaStream, &CudaStream),
) -> Result<()> {
    let to = to.part(0, from.len() as u64)?;
    // SAFETY: memory is there for all of it; what is copied stays as it is until the event.
    unsafe { result::memcpy_htod_async(to.address(), from, copies.cu_stream()) }
        .map_err(|e| fault(e, "copy to the device"))?;
    let recorded = behind.record(copies);
    if recorded.is_err() {
        // Without the event nobody could tell when it is over.
        let _ = copies.synchronize();
    }
    recorded
        .and_then(|()| compute.wait(behind))
        .map_err(|e| fault(e, "order an upload"))
}

/// Buffers that downloads land in, as many as there are downloads at a time.
#[derive(Debug, Default)]
pub struct Landing {
    free: Mutex<Vec<Pinned>>,
    little: Mutex<Vec<Pinned>>,
}

impl Landing {
    /// Waits for all that is on the stream, and copies from the device.
    pub fn download(
        &self,
        stream: &CudaStream,
        from: Span,
        to: &mut [u8],
        threads: &ThreadPool,
    ) -> Result<()> {
        let (buffers, bytes) = match to.len() {
            0..=LITTLE_BUFFER => (&self.little, LITTLE_BUFFER),
            _ => (&self.free, BUFFER_BYTES),
        };
        let kept = locked(buffers).pop();
        let mut pinned = match kept {
            Some(pinned) => pinned,
            // Not write-combined: the host reads here.
            None => Pinned::new(stream.context(), bytes, 0)?,
        };
        for (i, piece) in to.chunks_mut(BUFFER_BYTES).enumerate() {
            let buffer = &mut pinned.bytes()[..piece.len()];
            let from = from.part((i * BUFFER_BYTES) as u64, buffer.len() as u64)?;
            // SAFETY: there is memory at `from` for all of it, and the buffer is not touched before the
            // stream is done.
            unsafe { result::memcpy_dtoh_async(buffer, from.address(), stream.cu_stream()) }
                .and_then(|()| stream.synchronize())
                .map_err(|e| fault(e, "finish the work before a download"))?;
            copy(buffer, piece, threads);
        }
        locked(buffers).push(pinned);
        Ok(())
    }
}

/// Memory that kernels write results to, by its address on the device.
#[derive(Debug, Default)]
pub struct Mapped(Mutex<Vec<(Block, Pinned)>>);

impl Mapped {
    /// Takes so many bytes.
    pub fn allocate(&self, context: &Arc<CudaContext>, bytes: u64) -> Result<Block> {
        let flags = sys::CU_MEMHOSTALLOC_DEVICEMAP;
        let pinned = Pinned::new(context, bytes as usize, flags)?;
        let mut address = 0;
        // SAFETY: the memory was allocated to be mapped, and the address is written before this returns.
        unsafe { sys::cuMemHostGetDevicePointer_v2(&raw mut address, pinned.address.cast(), 0) }
            .result()
            .map_err(|e| fault(e, "map memory of the host"))?;
        // SAFETY: the memory lives until it is given back; what is kept here only says where it is.
        let (given, kept) = unsafe { (Block::at(address, bytes), Block::at(address, bytes)) };
        locked(&self.0).push((kept, pinned));
        Ok(given)
    }

    /// Takes memory back that nothing on the device uses any more.
    pub fn free(&self, block: &Block) {
        locked(&self.0).retain(|(kept, _)| kept.address() != block.address());
    }

    /// Copies what kernels have written, all of which are done.
    pub fn look(&self, from: Span, to: &mut [u8]) -> Result<()> {
        let from = from.part(0, to.len() as u64)?;
        let mut all = locked(&self.0);
        for (block, pinned) in all.iter_mut() {
            let first = from.address().wrapping_sub(block.address());
            if first < block.bytes() {
                let first = first as usize;
                to.copy_from_slice(&pinned.bytes()[first..first + to.len()]);
                return Ok(());
            }
        }
        Err(Fault::Wrong(
            "results are read where none were written".to_owned(),
        ))
    }
}

/// Copies on the threads that copy; a little at once, sooner than other threads would take it up.
pub fn copy(from: &[u8], to: &mut [u8], threads: &ThreadPool) {
    if from.len() <= LITTLE {
        to.copy_from_slice(from);
        return;
    }
    threads.install(|| {
        to.par_chunks_mut(COPY_BYTES)
            .zip(from.par_chunks(COPY_BYTES))
            .for_each(|(to, from)| to.copy_from_slice(from));
    });
}
