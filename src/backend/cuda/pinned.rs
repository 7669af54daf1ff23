//! Page-locked memory of the host, through which all copies go: the driver copies from it and to it
//! while the host does something else. Under `driver.rs`.
//!
//! ```text
//!   upload:    host array --copied by the host--> one of three buffers --copy stream--> device
//!   download:  device --compute stream--> one buffer --copied by the host--> host array
//! ```

#![allow(unsafe_code, reason = "page-locked memory comes as an address")]

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaEvent, CudaStream, DriverError, result, sys};
use rayon::ThreadPool;
use rayon::prelude::*;

use super::devices::said;
use super::driver::fault;
use super::machine::{Fault, Result};

/// Bytes of one buffer, and how many uploads take turns in.
pub const BUFFER_BYTES: usize = 32 << 20;
const BUFFERS: usize = 3;
/// Bytes that one task of the host copies.
const COPY_BYTES: usize = 1 << 20;

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

impl Pinned {
    /// `flags` are of `cuMemHostAlloc`.
    pub fn new(context: &Arc<CudaContext>, bytes: usize, flags: u32) -> Result<Self> {
        // Its `OUT_OF_MEMORY` is of the host: smaller batches would not help.
        let refused = |error: DriverError| {
            Fault::NotReady(format!(
                "cannot page-lock {bytes} bytes of the host's memory: {}; free memory of the host, \
                 or raise what a container may lock",
                said(error)
            ))
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
#[derive(Debug, Default)]
pub struct Ring {
    buffers: Vec<(Pinned, CudaEvent)>,
    next: usize,
}

impl Ring {
    /// Copies at most a buffer to the device at `to`, on the stream `copies`; `compute` waits for it.
    pub fn upload(
        &mut self,
        (copies, compute): (&CudaStream, &CudaStream),
        from: &[u8],
        to: u64,
        threads: &ThreadPool,
    ) -> Result<()> {
        let (pinned, read) = self.next(copies.context())?;
        read.synchronize()
            .map_err(|e| fault(e, "wait for an upload"))?;
        let buffer = &mut pinned.bytes()[..from.len()];
        copy(from, buffer, threads);
        // SAFETY: the lease at `to` is at least this long; the buffer is not written again before
        // the event that is recorded behind the copy.
        unsafe { result::memcpy_htod_async(to, buffer, copies.cu_stream()) }
            .map_err(|e| fault(e, "copy to the device"))?;
        read.record(copies)
            .and_then(|()| compute.wait(read))
            .map_err(|e| fault(e, "order an upload"))
    }

    fn next(&mut self, context: &Arc<CudaContext>) -> Result<&mut (Pinned, CudaEvent)> {
        let place = self.next;
        if place == self.buffers.len() {
            // Write-combined: the host only writes here.
            let flags = sys::CU_MEMHOSTALLOC_WRITECOMBINED;
            let pinned = Pinned::new(context, BUFFER_BYTES, flags)?;
            let event = context.new_event(None);
            self.buffers
                .push((pinned, event.map_err(|e| fault(e, "make an event"))?));
        }
        self.next = (place + 1) % BUFFERS;
        Ok(&mut self.buffers[place])
    }
}

/// Copies on the threads of the host's part.
pub fn copy(from: &[u8], to: &mut [u8], threads: &ThreadPool) {
    threads.install(|| {
        to.par_chunks_mut(COPY_BYTES)
            .zip(from.par_chunks(COPY_BYTES))
            .for_each(|(to, from)| to.copy_from_slice(from));
    });
}
