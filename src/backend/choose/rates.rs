//! The rates that the model reckons with: those of the machine that was measured, or of this one.
//!
//! Where nobody has measured this machine, they are those of an H100 and the 16 cores beside it, scaled by what the
//! driver says of the device's size.

use serde::Serialize;

use super::measured::Measured;
use super::model::WORTH;
use crate::backend::cuda::DeviceReport;

/// Rates of a machine: seconds, seconds each, and bytes a second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// Worker threads.
    pub threads: usize,
    /// What a run on the host takes whatever it reads.
    pub host_begin: f64,
    /// Decoded bytes a second of one thread, from page cache to cells; that of several grows as the root of their number.
    pub host_thread: f64,
    /// A value that is kept for order statistics.
    pub host_value: f64,
    /// Opening a device, and what the first stretch takes beside its bytes.
    pub open: f64,
    pub begin: f64,
    /// Stored bytes a second from the page cache to a device: by each thread, and at most.
    pub bring_thread: f64,
    pub bring_most: f64,
    /// Decoded bytes a second of many storage chunks, and seconds of a decoded byte of one of them.
    pub inflate: f64,
    pub chunk_byte: f64,
    /// A photon, and a value that is kept.
    pub photon: f64,
    pub value: f64,
    /// How many times as long this machine takes as these rates say: its host, and its device once that is open.
    pub host_factor: f64,
    pub device_factor: f64,
}

/// Multiprocessors of an H100, and its clock in kHz.
const H100: (u32, u32) = (132, 1_980_000);

impl Rates {
    /// Those that were measured on an H100 with 16 cores, where nothing else is said: `benches/record/nvidia-h100/2026-11-27.md`
    /// and its lines, *trials* `2026-11-27-trials.md` there.
    pub fn recorded(threads: usize) -> Self {
        Self {
            threads,
            // Means over 60 and 300 million photons of 21 decoded bytes: 0.87 and 3.97 s. 2 cores of an EPYC decode half
            // a GB a second (benches/record/amd-epyc/2026-11-25-large.md): threads wait for memory, too.
            host_begin: 0.095,
            host_thread: 0.407e9,
            // With a median, 60 million photons take 0.15 s more.
            host_value: 2.5e-9,
            // Trials: making a context.
            open: 0.346,
            // Means over 60 and 300 million photons: 0.164 and 0.44 s, of which 1.15 ns are a photon's.
            begin: 0.095,
            // Trials: bytes out of the page cache with one thread; `bring_seconds` of 300 million photons.
            bring_thread: 4.7e9,
            bring_most: 13e9,
            // Step inflate, 5,034 chunks.
            inflate: 27.5e9,
            // Trials: 5.8 ms for 80,000 bytes; 150 million photons in chunks of 100,000 rows: up to 70 ms for 800,000.
            chunk_byte: 85e-9,
            // `select_seconds` and `fold_seconds` of 300 million photons.
            photon: 0.29e-9,
            // With a median, 60 million photons take 0.4 s more.
            value: 6.6e-9,
            host_factor: 1.0,
            device_factor: 1.0,
        }
    }

    /// The same for a device of another size, as far as its driver tells that.
    #[must_use]
    pub fn on(self, device: &DeviceReport) -> Self {
        let Some((processors, clock)) = device.multiprocessors.zip(device.clock_khz) else {
            return self;
        };
        let share = |of: u32, all: u32| (f64::from(of.max(1)) / f64::from(all)).clamp(1e-3, 1e3);
        let clock = share(clock, H100.1);
        let size = clock * share(processors, H100.0);
        Self {
            inflate: self.inflate * size,
            chunk_byte: self.chunk_byte / clock,
            photon: self.photon / size,
            ..self
        }
    }

    /// Seconds on the host from which on a device may be taken, whatever the job: what each takes there at least. It needs
    /// nothing of a device, so a small job does without a driver.
    pub fn least(&self) -> f64 {
        (self.open + self.device_factor * self.begin) / WORTH
    }

    /// The same as they were measured on this machine.
    #[must_use]
    pub fn measured(self, measured: &Measured) -> Self {
        Self {
            open: measured.open_seconds,
            host_factor: measured.host_factor,
            device_factor: measured.device_factor,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_h100_inflates_half_as_much_and_a_chunk_as_fast() {
        let report = |multiprocessors, clock_khz| DeviceReport {
            index: 0,
            name: "half".to_owned(),
            capability: "9.0".to_owned(),
            memory_bytes: 1 << 30,
            multiprocessors,
            clock_khz,
            unusable: None,
        };
        let all = Rates::recorded(16);
        let half = all.clone().on(&report(Some(66), Some(1_980_000)));
        assert_eq!(half.inflate, all.inflate / 2.0);
        assert_eq!(half.chunk_byte, all.chunk_byte);
        // Of a driver that does not tell, it is taken for one as large.
        assert_eq!(all.clone().on(&report(None, Some(1))), all);
        let none = all.clone().on(&report(Some(0), Some(0)));
        assert!(none.inflate > 0.0 && none.chunk_byte.is_finite());
    }
}
