//! Time by the device's own clock: a timestamp before and after every pass.
//!
//! Beside the stages: `commands.rs` records passes with it and reads the timestamps back with the results
//! of the pass. Not every adapter has such a clock; none is asked where there is none.

use super::gpu::Gpu;
use super::kernels::Kernel;
use crate::backend::DeviceSeconds;

/// Passes between two reads; a batch has some dozens.
const PASSES: usize = 1 << 10;

/// Timestamps of the passes since the last read.
pub struct Timer {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    /// The stage that each pass belongs to.
    stages: Vec<Stage>,
    /// Seconds of a tick.
    tick: f64,
}

/// A stage that runs on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Sort,
    Segment,
    Reduce,
    /// Of no fold.
    Decode,
}

impl Timer {
    /// `None` where the adapter has no clock.
    pub fn new(gpu: &Gpu) -> Option<Self> {
        let features = gpu.device.features();
        if !features.contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let queries = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: 2 * PASSES as u32,
        });
        let resolved = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 16 * PASSES as u64,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        Some(Self {
            queries,
            resolved,
            stages: Vec::new(),
            tick: f64::from(gpu.queue.get_timestamp_period()) * 1e-9,
        })
    }

    /// The timestamps of the next pass; `None` where there are more passes than fit, which are not
    /// timed.
    pub fn pass(&mut self, kernel: Kernel) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let place = self.stages.len();
        if place == PASSES {
            return None;
        }
        let before = self.stages.last().copied().unwrap_or(Stage::Sort);
        self.stages.push(stage(kernel, before));
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * place as u32),
            end_of_pass_write_index: Some(2 * place as u32 + 1),
        })
    }

    /// Has the timestamps written to a buffer; gives it, and its words of 32 bits.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) -> (&wgpu::Buffer, u64) {
        let passes = self.stages.len();
        if passes > 0 {
            let all = 0..2 * passes as u32;
            encoder.resolve_query_set(&self.queries, all, &self.resolved, 0);
        }
        (&self.resolved, 4 * passes as u64)
    }

    /// The time of each stage, from the words of that buffer; forgets the passes.
    pub fn settle(&mut self, words: &[u32]) -> DeviceSeconds {
        let (timestamps, _) = words.as_chunks::<2>();
        let ticks = |words: [u32; 2]| u64::from(words[0]) | u64::from(words[1]) << 32;
        let (pairs, _) = timestamps.as_chunks::<2>();
        let mut seconds = DeviceSeconds::default();
        for (stage, [begin, end]) in self.stages.drain(..).zip(pairs) {
            let took = ticks(*end).saturating_sub(ticks(*begin)) as f64 * self.tick;
            match stage {
                Stage::Sort => seconds.sort += took,
                Stage::Segment => seconds.segment += took,
                Stage::Reduce => seconds.reduce += took,
                Stage::Decode => {}
            }
        }
        seconds
    }
}

/// The stage of a kernel; scans belong to the stage whose counts they sum.
fn stage(kernel: Kernel, before: Stage) -> Stage {
    match kernel {
        Kernel::ScanReduce | Kernel::ScanSums | Kernel::ScanApply => before,
        Kernel::SortCount | Kernel::Sort => Stage::Sort,
        Kernel::SegmentCount | Kernel::Segment => Stage::Segment,
        Kernel::Reduce | Kernel::ReduceRecords | Kernel::ReduceValues => Stage::Reduce,
        Kernel::Inflate => Stage::Decode,
    }
}
