//! What a device's copies reach: what kernels and transfers are measured against.

#![allow(unsafe_code, reason = "copies take addresses")]

use std::time::Instant;

use cudarc::driver::result;
use serde::Serialize;

use super::driver::{Driver, fault};
use super::machine::{Machine, Result};
use super::pinned::Pinned;

/// Bytes of a copy where there is so much memory, and how many are made; the fastest counts.
const HOST_BYTES: usize = 256 << 20;
const DEVICE_BYTES: usize = 1 << 30;
const REPEATS: usize = 7;

/// The fastest of several copies, in 10^9 bytes a second.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ceilings {
    /// From page-locked memory of the host.
    pub pinned_to_device: f64,
    /// To page-locked memory of the host.
    pub device_to_pinned: f64,
    /// Bytes read and bytes written together, as a kernel's traffic is counted.
    pub device_to_device: f64,
}

impl Driver {
    /// Times copies, each with nothing else on the device.
    pub fn ceilings(&self) -> Result<Ceilings> {
        self.bind()?;
        // Two of them beside what else is there.
        let device_bytes = DEVICE_BYTES.min(self.memory() as usize / 4);
        let host_bytes = HOST_BYTES.min(device_bytes);
        let mut pinned = Pinned::new(&self.context, host_bytes, 0)?;
        pinned.bytes().fill(1);
        let a = self.allocate(device_bytes as u64)?;
        let measured = self.allocate(device_bytes as u64).and_then(|b| {
            let measured = self.copies((a, b), device_bytes, pinned.bytes());
            self.free(b);
            measured
        });
        self.free(a);
        measured
    }

    fn copies(&self, (a, b): (u64, u64), bytes: usize, buffer: &mut [u8]) -> Result<Ceilings> {
        let stream = self.compute.cu_stream();
        Ok(Ceilings {
            // SAFETY, here and below: both ends are as long as the copy, and it is waited for.
            pinned_to_device: self.fastest(buffer.len(), || {
                // SAFETY: as above.
                unsafe { result::memcpy_htod_async(a, buffer, stream) }
            })?,
            device_to_pinned: self.fastest(buffer.len(), || {
                // SAFETY: as above.
                unsafe { result::memcpy_dtoh_async(buffer, a, stream) }
            })?,
            device_to_device: self.fastest(2 * bytes, || {
                // SAFETY: as above.
                unsafe { result::memcpy_dtod_async(b, a, bytes, stream) }
            })?,
        })
    }

    fn fastest(
        &self,
        bytes: usize,
        mut copy: impl FnMut() -> std::result::Result<(), result::DriverError>,
    ) -> Result<f64> {
        let mut best = 0f64;
        for _ in 0..REPEATS {
            let wait = || {
                self.compute
                    .synchronize()
                    .map_err(|e| fault(e, "wait for a copy"))
            };
            wait()?;
            let start = Instant::now();
            copy().map_err(|e| fault(e, "copy"))?;
            wait()?;
            best = best.max(bytes as f64 / start.elapsed().as_secs_f64() / 1e9);
        }
        Ok(best)
    }
}
