//! What a device's copies reach: what kernels and transfers are measured against.

#![allow(unsafe_code, reason = "copies take addresses")]

use std::time::Instant;

use cudarc::driver::{result, sys};

use super::block::Block;
use super::pinned::{Pinned, copy};
use super::{Driver, fault};
use crate::backend::cuda::machine::{Machine, Result, Step};

/// Bytes of a copy where there is so much memory, and how many are made.
const HOST_BYTES: usize = 256 << 20;
const DEVICE_BYTES: usize = 2 << 30;
const REPEATS: usize = 7;

/// From where to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyKind {
    DeviceToDevice,
    PinnedToDevice,
    WriteCombinedToDevice,
    DeviceToPinned,
    PageableToDevice,
    DeviceToPageable,
    HostToPinned,
    HostToWriteCombined,
}

/// All of them. The driver copies, but for the last two, which the host's threads do.
pub const COPIES: [CopyKind; 8] = [
    CopyKind::DeviceToDevice,
    CopyKind::PinnedToDevice,
    CopyKind::WriteCombinedToDevice,
    CopyKind::DeviceToPinned,
    CopyKind::PageableToDevice,
    CopyKind::DeviceToPageable,
    CopyKind::HostToPinned,
    CopyKind::HostToWriteCombined,
];

impl CopyKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeviceToDevice => "device_to_device",
            Self::PinnedToDevice => "pinned_to_device",
            Self::WriteCombinedToDevice => "write_combined_to_device",
            Self::DeviceToPinned => "device_to_pinned",
            Self::PageableToDevice => "pageable_to_device",
            Self::DeviceToPageable => "device_to_pageable",
            Self::HostToPinned => "host_to_pinned",
            Self::HostToWriteCombined => "host_to_write_combined",
        }
    }

    /// What a byte that is copied counts: within the device it is read and written there.
    const fn counts(self) -> usize {
        match self {
            Self::DeviceToDevice => 2,
            _ => 1,
        }
    }
}

/// What copies of one kind took, one after the other with nothing else on the device.
#[derive(Debug, Clone)]
pub struct CopyTime {
    pub copy: CopyKind,
    /// Bytes that crossed in one.
    pub bytes: usize,
    pub seconds: Vec<f64>,
    /// What arrived is what was sent.
    pub same: bool,
}

/// Memory of all kinds, of the host as long as `host`.
struct Places {
    device: [Block; 2],
    device_bytes: usize,
    pinned: Pinned,
    combined: Pinned,
    pageable: Vec<u8>,
}

impl Driver {
    /// Times copies, each with nothing else on the device.
    pub fn ceilings(&self, of: &[CopyKind], each: &mut dyn FnMut(CopyTime)) -> Result<()> {
        self.bind()?;
        // Two of them beside what else is there.
        let device_bytes = DEVICE_BYTES.min(self.memory() as usize / 4);
        let host_bytes = HOST_BYTES.min(device_bytes);
        let combined = sys::CU_MEMHOSTALLOC_WRITECOMBINED;
        let pinned = Pinned::new(&self.context, host_bytes, 0)?;
        let combined = Pinned::new(&self.context, host_bytes, combined)?;
        let first = self.allocate(device_bytes as u64)?;
        let second = match self.allocate(device_bytes as u64) {
            Ok(second) => second,
            Err(fault) => {
                self.free(first);
                return Err(fault);
            }
        };
        let mut places = Places {
            device: [first, second],
            device_bytes,
            pinned,
            combined,
            pageable: vec![0; host_bytes],
        };
        let measured = of.iter().try_for_each(|&copy| {
            each(self.time(copy, &mut places)?);
            Ok(())
        });
        places.device.into_iter().for_each(|block| self.free(block));
        measured
    }

    fn time(&self, copy: CopyKind, places: &mut Places) -> Result<CopyTime> {
        let bytes = match copy {
            CopyKind::DeviceToDevice => places.device_bytes,
            _ => places.pageable.len(),
        };
        // What is sent differs from copy to copy, so that what was sent before is not taken for it.
        let mark = 1 + copy as u8;
        self.mark(copy, mark, places)?;
        let mut seconds = Vec::with_capacity(REPEATS);
        for _ in 0..REPEATS {
            let start = Instant::now();
            self.copy_once(copy, places)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        Ok(CopyTime {
            copy,
            bytes: bytes * copy.counts(),
            seconds,
            same: self.arrived(copy, mark, places)?,
        })
    }

    /// Copies once, and waits.
    fn copy_once(&self, kind: CopyKind, places: &mut Places) -> Result<()> {
        let stream = self.compute.cu_stream();
        let [a, b] = places.device.each_ref().map(Block::address);
        let copied = match kind {
            CopyKind::HostToPinned => {
                copy(&places.pageable, places.pinned.bytes(), &self.threads);
                return Ok(());
            }
            CopyKind::HostToWriteCombined => {
                copy(&places.pageable, places.combined.bytes(), &self.threads);
                return Ok(());
            }
            // SAFETY: both ends are as long as the copy, and it is waited for.
            CopyKind::DeviceToDevice => unsafe {
                result::memcpy_dtod_async(b, a, places.device_bytes, stream)
            },
            // SAFETY: as above.
            CopyKind::PinnedToDevice => unsafe {
                result::memcpy_htod_async(b, places.pinned.bytes(), stream)
            },
            // SAFETY: as above.
            CopyKind::WriteCombinedToDevice => unsafe {
                result::memcpy_htod_async(b, places.combined.bytes(), stream)
            },
            // SAFETY: as above.
            CopyKind::DeviceToPinned => unsafe {
                result::memcpy_dtoh_async(places.pinned.bytes(), a, stream)
            },
            // SAFETY: as above; the call waits by itself.
            CopyKind::PageableToDevice => unsafe { result::memcpy_htod_sync(b, &places.pageable) },
            // SAFETY: as above; the call waits by itself.
            CopyKind::DeviceToPageable => unsafe {
                result::memcpy_dtoh_sync(&mut places.pageable, a)
            },
        };
        copied
            .and_then(|()| self.compute.synchronize())
            .map_err(|e| fault(e, &format!("copy {}", kind.name())))
    }

    /// Fills what the copy reads, and waits.
    fn mark(&self, copy: CopyKind, mark: u8, places: &mut Places) -> Result<()> {
        match copy {
            CopyKind::PinnedToDevice => places.pinned.bytes().fill(mark),
            CopyKind::WriteCombinedToDevice => places.combined.bytes().fill(mark),
            CopyKind::PageableToDevice | CopyKind::HostToPinned | CopyKind::HostToWriteCombined => {
                places.pageable.fill(mark);
            }
            CopyKind::DeviceToDevice | CopyKind::DeviceToPinned | CopyKind::DeviceToPageable => {
                let at = places.device[0].span();
                self.run(&[Step::Fill { at, byte: mark }])?;
                let filled = self.compute.synchronize();
                filled.map_err(|e| fault(e, "fill"))?;
            }
        }
        Ok(())
    }

    /// Whether the last bytes of a copy are what was sent.
    fn arrived(&self, copy: CopyKind, mark: u8, places: &mut Places) -> Result<bool> {
        const LOOKED_AT: usize = 1 << 12;
        let from_device = |end: usize| -> Result<Vec<u8>> {
            let mut seen = vec![0; LOOKED_AT];
            let from = places.device[1].span();
            self.download(
                from.part((end - LOOKED_AT) as u64, LOOKED_AT as u64)?,
                &mut seen,
            )?;
            Ok(seen)
        };
        let host_bytes = places.pageable.len();
        let tail = |bytes: &[u8]| bytes[bytes.len() - LOOKED_AT..].to_vec();
        let seen = match copy {
            CopyKind::DeviceToDevice => from_device(places.device_bytes)?,
            CopyKind::PinnedToDevice
            | CopyKind::WriteCombinedToDevice
            | CopyKind::PageableToDevice => from_device(host_bytes)?,
            CopyKind::DeviceToPinned | CopyKind::HostToPinned => tail(places.pinned.bytes()),
            CopyKind::HostToWriteCombined => tail(places.combined.bytes()),
            CopyKind::DeviceToPageable => tail(&places.pageable),
        };
        Ok(seen.iter().all(|&byte| byte == mark))
    }
}
