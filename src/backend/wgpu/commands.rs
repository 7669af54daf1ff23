//! Commands: what the device has to do, recorded in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::backend::gpu::tile;

use super::gpu::{Gpu, Lease, Result, UPLOAD_BYTES, UploadSlot};
use super::kernels::{Kernel, PARAMS_BYTES};
use super::timer::Timer;

/// Bytes between the parameters of two dispatches: the alignment that every device accepts.
const PARAMS_STRIDE: u64 = 256;
/// Dispatches of one submission.
const DISPATCHES: u64 = 64;

const _: () = assert!(PARAMS_BYTES <= PARAMS_STRIDE);

const NO_LABEL: wgpu::CommandEncoderDescriptor = wgpu::CommandEncoderDescriptor { label: None };

/// Work to be submitted.
pub struct Commands<'g> {
    gpu: &'g Gpu,
    encoder: wgpu::CommandEncoder,
    params: Lease,
    /// The parameters of the dispatches recorded so far, `PARAMS_STRIDE` bytes each.
    recorded: Vec<u8>,
    slots: Vec<UploadSlot>,
    timer: Option<Timer>,
    /// Workgroups that fit one dimension.
    widest: u32,
}

impl<'g> Commands<'g> {
    pub fn new(gpu: &'g Gpu) -> Self {
        Self {
            gpu,
            encoder: gpu.device.create_command_encoder(&NO_LABEL),
            params: gpu.uniforms(DISPATCHES * PARAMS_STRIDE),
            recorded: Vec::new(),
            slots: Vec::new(),
            timer: Timer::new(gpu),
            widest: gpu.device.limits().max_compute_workgroups_per_dimension,
        }
    }

    pub fn gpu(&self) -> &'g Gpu {
        self.gpu
    }

    /// One workgroup per tile of `params.n` items.
    pub fn run(&mut self, kernel: Kernel, params: [u32; 4], buffers: &[&wgpu::Buffer]) {
        self.run_groups(kernel, params, buffers, tile::tiles(params[0]));
    }

    pub fn run_groups(
        &mut self,
        kernel: Kernel,
        params: [u32; 4],
        buffers: &[&wgpu::Buffer],
        groups: u32,
    ) {
        if self.recorded.len() as u64 == DISPATCHES * PARAMS_STRIDE {
            self.submit();
        }
        let offset = self.recorded.len();
        self.recorded
            .extend_from_slice(bytemuck::cast_slice(&params));
        self.recorded.resize(offset + PARAMS_STRIDE as usize, 0);
        let pipelines = &self.gpu.pipelines;
        let group = pipelines.bind(&self.gpu.device, kernel, &self.params, buffers);
        let timer = self.timer.as_mut();
        let mut pass = self
            .encoder
            .begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: timer.and_then(|timer| timer.pass(kernel)),
            });
        pass.set_pipeline(pipelines.pipeline(kernel));
        pass.set_bind_group(0, &group, &[offset as u32]);
        let (columns, rows) = grid(groups, self.widest);
        pass.dispatch_workgroups(columns, rows, 1);
    }

    /// Copies words from the host to the start of a buffer.
    pub fn upload(&mut self, words: &[u32], to: &wgpu::Buffer) -> Result<()> {
        let mut offset = 0;
        for chunk in bytemuck::cast_slice::<u32, u8>(words).chunks(UPLOAD_BYTES as usize) {
            let slot = self.slot()?;
            let bytes = chunk.len() as u64;
            match slot.buffer.get_mapped_range_mut(..bytes) {
                Ok(mut mapped) => mapped.slice(..).copy_from_slice(chunk),
                Err(error) => return Err(self.gpu.fault(&error)),
            }
            slot.buffer.unmap();
            self.encoder
                .copy_buffer_to_buffer(&slot.buffer, 0, to, offset, bytes);
            self.slots.push(slot);
            self.gpu.uploaded.fetch_add(bytes, Ordering::Relaxed);
            offset += bytes;
        }
        Ok(())
    }

    /// A mapped slot; waits for one where all are in use.
    fn slot(&mut self) -> Result<UploadSlot> {
        loop {
            if let Some(slot) = self.gpu.upload_slot(self.slots.len())? {
                return Ok(slot);
            }
            self.submit();
            self.gpu.wait()?;
        }
    }

    /// Hands over what was recorded; the device works on it from now on.
    pub fn submit(&mut self) {
        let fresh = self.gpu.device.create_command_encoder(&NO_LABEL);
        let encoder = std::mem::replace(&mut self.encoder, fresh);
        if !self.recorded.is_empty() {
            self.gpu.queue.write_buffer(&self.params, 0, &self.recorded);
            self.recorded.clear();
        }
        self.gpu.queue.submit([encoder.finish()]);
        for slot in self.slots.drain(..) {
            self.gpu.return_slot(slot);
        }
    }

    /// Submits, waits, and gives back the first words of some buffers.
    pub fn read(&mut self, sources: &[(&wgpu::Buffer, u64)]) -> Result<Vec<Vec<u32>>> {
        let Some(mut timer) = self.timer.take() else {
            return self.read_back(sources);
        };
        let timestamps = timer.resolve(&mut self.encoder);
        let mut read = self.read_back(&[sources, &[timestamps]].concat())?;
        if let Some(words) = read.pop() {
            self.gpu.add_time(&timer.settle(&words));
        }
        self.timer = Some(timer);
        Ok(read)
    }

    fn read_back(&mut self, sources: &[(&wgpu::Buffer, u64)]) -> Result<Vec<Vec<u32>>> {
        let total: u64 = sources.iter().map(|(_, words)| 4 * words).sum();
        let landing = self.gpu.download(total.max(4));
        let mut offset = 0;
        for (buffer, words) in sources.iter().filter(|(_, words)| *words > 0) {
            self.encoder
                .copy_buffer_to_buffer(buffer, 0, &landing, offset, 4 * words);
            offset += 4 * words;
        }
        self.submit();
        let mapped = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&mapped);
        landing.map_async(wgpu::MapMode::Read, ..total.max(4), move |result| {
            done.store(result.is_ok(), Ordering::Release);
        });
        self.gpu.wait()?;
        if !mapped.load(Ordering::Acquire) {
            return Err(self.gpu.fault(&"a buffer could not be read back"));
        }
        let mut read = Vec::with_capacity(sources.len());
        {
            let view = match landing.get_mapped_range(..total.max(4)) {
                Ok(view) => view,
                Err(error) => return Err(self.gpu.fault(&error)),
            };
            let mut rest = &view[..];
            for (_, words) in sources {
                let (bytes, more) = rest.split_at(4 * *words as usize);
                read.push(bytemuck::pod_collect_to_vec(bytes));
                rest = more;
            }
        }
        landing.unmap();
        Ok(read)
    }
}

/// Columns and rows of a grid of at least so many workgroups, none wider than `widest`. Tiles of a
/// batch fit one row of every device; shaders leave out the workgroups that are too many.
fn grid(groups: u32, widest: u32) -> (u32, u32) {
    let rows = groups.div_ceil(widest).max(1);
    (groups.div_ceil(rows), rows)
}

#[cfg(test)]
mod tests {
    use super::super::{HostStages, Wgpu, stages};
    use super::*;

    #[test]
    fn a_grid_holds_all_workgroups_and_is_not_too_wide() {
        for groups in [0, 1, 65_535, 65_536, 65_537, 1 << 20] {
            let (columns, rows) = grid(groups, 65_535);
            assert!(columns <= 65_535 && columns * rows >= groups);
        }
    }

    /// Sorted keys and items, and the starts and ranks of pieces.
    fn sorted(gpu: &Gpu, keys: &[u32], widest: u32) -> Vec<Vec<u32>> {
        let n = keys.len() as u32;
        let mut commands = Commands::new(gpu);
        commands.widest = widest;
        let on_device = gpu.words(n.into());
        commands.upload(keys, &on_device).unwrap();
        let sorted = stages::sort(&mut commands, &on_device, n, 20);
        let pieces = stages::segment(&mut commands, &sorted.keys, n).unwrap();
        let words = u64::from(n);
        let count = pieces.count.into();
        let sources: [(&wgpu::Buffer, u64); 4] = [
            (&sorted.keys, words),
            (&sorted.items, words),
            (&pieces.starts, count),
            (&pieces.ranks, words / u64::from(tile::ITEMS)),
        ];
        commands.read(&sources).unwrap()
    }

    #[test]
    fn a_grid_of_two_dimensions_gives_what_one_row_gives() {
        let device = Wgpu::open(None, 1, HostStages::default()).expect("an adapter opens");
        let keys: Vec<u32> = (0..40_000u32)
            .map(|i| i.wrapping_mul(0x9e37_79b1) >> 12)
            .collect();
        let row = sorted(&device.gpu, &keys, 65_535);
        assert!(row[0].is_sorted());
        for widest in [1, 3, 7] {
            assert!(sorted(&device.gpu, &keys, widest) == row, "{widest} wide");
        }
    }
}
