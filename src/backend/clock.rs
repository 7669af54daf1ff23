//! Wall time spent in each stage of a backend.

use std::time::{Duration, Instant};

/// Time spent in one stage, summed over batches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(Duration);

/// Batches by the order in which their stages ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Batches {
    /// Photons sorted, segments folded: the stages one by one.
    pub sorted: u64,
    /// Runs of photons folded, their records sorted.
    pub runs: u64,
    /// Of these, those whose runs went straight to the rows of their cells, on a device: no keys, nothing sorted.
    pub standing: u64,
    /// Blocks of photons folded, their records sorted.
    pub blocks: u64,
    /// Folded by the CPU, in one of these orders, because the device was lost.
    pub taken_over: u64,
}

impl Batches {
    pub fn add(&mut self, more: &Self) {
        self.sorted += more.sorted;
        self.runs += more.runs;
        self.standing += more.standing;
        self.blocks += more.blocks;
        self.taken_over += more.taken_over;
    }
}

/// Wall time by stage, monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct StageTimes {
    pub upload: Clock,
    /// Bytes copied to a device.
    pub uploaded_bytes: u64,
    /// Of these, bytes that it read where they had been decoded, without a copy in between.
    pub in_place_bytes: u64,
    pub locate: Clock,
    pub sort: Clock,
    pub segment: Clock,
    pub reduce: Clock,
    /// Locate to reduce in one pass over the photons, where a backend fuses them.
    pub fused: Clock,
    /// By the device's own clock; `None` where the backend does not tell.
    pub on_device: Option<DeviceSeconds>,
    pub batches: Batches,
}

/// Seconds in which a device worked on each stage, by its own clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DeviceSeconds {
    pub sort: f64,
    pub segment: f64,
    pub reduce: f64,
}

impl DeviceSeconds {
    pub fn add(&mut self, more: &Self) {
        self.sort += more.sort;
        self.segment += more.segment;
        self.reduce += more.reduce;
    }
}

impl Clock {
    /// Runs `work` and adds the time that it took.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0 += start.elapsed();
        result
    }

    pub fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }
}
