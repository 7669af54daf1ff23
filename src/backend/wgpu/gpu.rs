//! An opened adapter: its queue, its pipelines, memory that is kept from batch to batch, and its faults.

use std::ops::Deref;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::DeviceSeconds;

use super::kernels::Pipelines;
use wgpu::BufferUsages as U;

pub use crate::backend::gpu::{Fault, Result};

/// The first thing of each kind that the device complained of.
#[derive(Debug, Default)]
struct Faults {
    lost: Mutex<Option<String>>,
    memory: Mutex<Option<String>>,
    refused: Mutex<Option<String>>,
}

/// The contents of a lock, whatever happened to its other holders.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An opened adapter.
#[derive(Debug)]
pub struct Gpu {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub pipelines: Pipelines,
    faults: Arc<Faults>,
    storage: Arc<Shelf>,
    uniforms: Arc<Shelf>,
    downloads: Arc<Shelf>,
    uploads: Mutex<Vec<UploadSlot>>,
    /// Bytes copied to the device so far.
    pub uploaded: AtomicU64,
    /// What the device's clock says, since it was last asked.
    timed: Mutex<Option<DeviceSeconds>>,
}

/// Buffers of one kind that no batch uses at the moment.
#[derive(Debug)]
struct Shelf {
    usage: wgpu::BufferUsages,
    free: Mutex<Vec<wgpu::Buffer>>,
}

/// A buffer that goes back to its shelf when it is dropped.
///
/// Commands run in the order in which they were recorded, so the next one to take the buffer writes
/// to it only after all that was recorded before.
#[derive(Debug)]
pub struct Lease {
    buffer: wgpu::Buffer,
    shelf: Arc<Shelf>,
}

impl Deref for Lease {
    type Target = wgpu::Buffer;

    fn deref(&self) -> &wgpu::Buffer {
        &self.buffer
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        locked(&self.shelf.free).push(self.buffer.clone());
    }
}

/// A mapped buffer that the host writes into and the device copies from.
#[derive(Debug)]
pub struct UploadSlot {
    pub buffer: wgpu::Buffer,
    state: Arc<AtomicU8>,
}

const MAPPED: u8 = 0;
const IN_USE: u8 = 1;
const FAILED: u8 = 2;

/// Bytes of one upload slot, and how many there are.
pub const UPLOAD_BYTES: u64 = 8 << 20;
const UPLOAD_SLOTS: usize = 3;

impl Gpu {
    /// Opens an adapter with the limits that every device has.
    pub fn open(adapter: &wgpu::Adapter) -> Result<Self> {
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("icefold"),
            // A clock, where the adapter has one; nothing else depends on it.
            required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
            required_limits: wgpu::Limits::default(),
            experimental_features: wgpu::ExperimentalFeatures::disabled(),
            memory_hints: wgpu::MemoryHints::Performance,
            trace: wgpu::Trace::Off,
        });
        let (device, queue) =
            pollster::block_on(request).map_err(|error| Fault::Refused(error.to_string()))?;
        let faults = Arc::new(Faults::default());
        let heard = Arc::clone(&faults);
        device.set_device_lost_callback(move |reason, message| {
            locked(&heard.lost).get_or_insert(format!("{message} ({reason:?})"));
        });
        let heard = Arc::clone(&faults);
        device.on_uncaptured_error(Arc::new(move |error| {
            let slot = match &error {
                wgpu::Error::OutOfMemory { .. } => &heard.memory,
                _ => &heard.refused,
            };
            locked(slot).get_or_insert_with(|| error.to_string());
        }));
        let shelf = |usage| {
            Arc::new(Shelf {
                usage,
                free: Mutex::default(),
            })
        };
        let gpu = Self {
            pipelines: Pipelines::new(&device),
            storage: shelf(U::STORAGE | U::COPY_SRC | U::COPY_DST),
            uniforms: shelf(U::UNIFORM | U::COPY_DST),
            downloads: shelf(U::MAP_READ | U::COPY_DST),
            uploads: Mutex::default(),
            uploaded: AtomicU64::new(0),
            timed: Mutex::default(),
            device,
            queue,
            faults,
        };
        gpu.check()?;
        Ok(gpu)
    }

    /// What the device complained of since the last look; that it is lost stays.
    pub fn check(&self) -> Result<()> {
        if let Some(lost) = self.lost() {
            return Err(Fault::Lost(lost));
        }
        if let Some(memory) = locked(&self.faults.memory).take() {
            // What the failed allocation led to is no news.
            locked(&self.faults.refused).take();
            return Err(Fault::Memory(memory));
        }
        match locked(&self.faults.refused).take() {
            Some(refused) => Err(self.lost_or(refused)),
            None => Ok(()),
        }
    }

    /// What the device says went wrong, or else what was seen.
    pub fn fault(&self, seen: &dyn ToString) -> Fault {
        match self.check() {
            Err(fault) => fault,
            Ok(()) => self.lost_or(seen.to_string()),
        }
    }

    /// A device that is lost refuses everything, and tells why only when it is polled.
    fn lost_or(&self, refused: String) -> Fault {
        let _ = self.device.poll(wgpu::PollType::Poll);
        self.lost().map_or(Fault::Refused(refused), Fault::Lost)
    }

    /// Why the device is gone, if it is.
    pub fn lost(&self) -> Option<String> {
        locked(&self.faults.lost).clone()
    }

    /// Adds to what the device's clock says.
    pub fn add_time(&self, seconds: &DeviceSeconds) {
        locked(&self.timed).get_or_insert_default().add(seconds);
    }

    /// What the device's clock has said since the last call; `None` where it said nothing.
    pub fn take_time(&self) -> Option<DeviceSeconds> {
        locked(&self.timed).take()
    }

    /// Frees the memory that is kept between batches.
    pub fn release(&self) {
        for shelf in [&self.storage, &self.uniforms, &self.downloads] {
            locked(&shelf.free).clear();
        }
    }

    /// Device memory for `words` words of 32 bits; what is in it is anything.
    pub fn words(&self, words: u64) -> Lease {
        self.take(&self.storage, 4 * words)
    }

    pub fn uniforms(&self, bytes: u64) -> Lease {
        self.take(&self.uniforms, bytes)
    }

    pub fn download(&self, bytes: u64) -> Lease {
        self.take(&self.downloads, bytes)
    }

    /// Rows that fit one binding.
    pub fn most_words(&self) -> u64 {
        self.device.limits().max_storage_buffer_binding_size / 4
    }

    /// The smallest free buffer that is large enough and not far too large, or a new one.
    fn take(&self, shelf: &Arc<Shelf>, bytes: u64) -> Lease {
        let size = bytes.next_power_of_two().max(1 << 12);
        let mut free = locked(&shelf.free);
        let fits = |buffer: &wgpu::Buffer| (size..=4 * size).contains(&buffer.size());
        let best = (0..free.len())
            .filter(|&i| fits(&free[i]))
            .min_by_key(|&i| free[i].size());
        let buffer = best.map_or_else(
            || {
                self.device.create_buffer(&wgpu::BufferDescriptor {
                    label: None,
                    size,
                    usage: shelf.usage,
                    mapped_at_creation: false,
                })
            },
            |i| free.swap_remove(i),
        );
        Lease {
            buffer,
            shelf: Arc::clone(shelf),
        }
    }

    /// An upload slot that is mapped now, if there is one or there may be one more.
    pub fn upload_slot(&self, in_flight: usize) -> Result<Option<UploadSlot>> {
        let mut slots = locked(&self.uploads);
        let state = |slot: &UploadSlot| slot.state.load(Ordering::Acquire);
        slots.retain(|slot| state(slot) != FAILED);
        if let Some(i) = slots.iter().position(|slot| state(slot) == MAPPED) {
            return Ok(Some(slots.swap_remove(i)));
        }
        if slots.len() + in_flight >= UPLOAD_SLOTS {
            return Ok(None);
        }
        drop(slots);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("upload"),
            size: UPLOAD_BYTES,
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        self.check()?;
        Ok(Some(UploadSlot {
            buffer,
            state: Arc::new(AtomicU8::new(MAPPED)),
        }))
    }

    /// Maps a slot again, once the commands that read it, all submitted, are done.
    pub fn return_slot(&self, slot: UploadSlot) {
        slot.state.store(IN_USE, Ordering::Release);
        let state = Arc::clone(&slot.state);
        slot.buffer
            .map_async(wgpu::MapMode::Write, .., move |mapped| {
                let now = if mapped.is_ok() { MAPPED } else { FAILED };
                state.store(now, Ordering::Release);
            });
        locked(&self.uploads).push(slot);
    }

    /// Waits for all that was submitted.
    pub fn wait(&self) -> Result<()> {
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        self.check()?;
        polled
            .map(drop)
            .map_err(|error| Fault::Refused(error.to_string()))
    }
}
