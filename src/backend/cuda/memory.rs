//! Memory of a device, kept from batch to batch and held to a budget.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytemuck::Pod;

use super::kernels::{Argument, Kernel};
use super::machine::{Fault, Machine, Result};
use super::way::Sorting;

/// A machine, and the memory that was taken from it.
#[derive(Debug)]
pub struct Gpu<M: Machine> {
    pub machine: M,
    shelf: Arc<Mutex<Shelf>>,
    /// Bytes that were uploaded, ever.
    pub uploaded: AtomicU64,
    /// How it sorts.
    pub sorting: Sorting,
}

/// Memory that no batch uses at the moment, by address and size.
#[derive(Debug, Default)]
struct Shelf {
    /// For kernels, which follow each other: free as soon as it comes back.
    scratch: Vec<(u64, u64)>,
    /// For uploads, which overtake kernels: free once all that was launched is done.
    landing: Vec<(u64, u64)>,
    /// Landing memory that kernels may still read.
    busy: Vec<(u64, u64)>,
    /// Bytes taken from the machine, those in use included.
    taken: u64,
}

/// Memory in use; it goes back to its shelf when it is dropped.
#[derive(Debug)]
pub struct Lease {
    pub address: u64,
    bytes: u64,
    landing: bool,
    shelf: Arc<Mutex<Shelf>>,
}

fn locked(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut shelf = locked(&self.shelf);
        let back = (self.address, self.bytes);
        if self.landing {
            shelf.busy.push(back);
        } else {
            shelf.scratch.push(back);
        }
    }
}

impl<M: Machine> Drop for Gpu<M> {
    /// What other programs, and other devices opened in this one, may have again.
    fn drop(&mut self) {
        self.release();
    }
}

impl Lease {
    /// As an argument of a kernel.
    pub fn at(&self) -> Argument {
        Argument::Address(self.address)
    }
}

/// Sizes are rounded up to this, so that memory fits the next batch too.
const GRAIN: u64 = 256;

impl<M: Machine> Gpu<M> {
    pub fn new(machine: M) -> Self {
        Self {
            machine,
            shelf: Arc::default(),
            uploaded: AtomicU64::new(0),
            sorting: Sorting::LookBack,
        }
    }

    /// Room for kernels to write `n` items of `T`.
    pub fn scratch<T>(&self, n: u64) -> Result<Lease> {
        self.lease(n * size_of::<T>() as u64, false)
    }

    /// Items on the device; kernels launched from now on see them.
    pub fn upload<T: Pod>(&self, items: &[T]) -> Result<Lease> {
        let bytes = size_of_val(items) as u64;
        let lease = self.lease(bytes, true)?;
        self.machine
            .upload(bytemuck::cast_slice(items), lease.address)?;
        self.uploaded.fetch_add(bytes, Ordering::Relaxed);
        Ok(lease)
    }

    fn lease(&self, bytes: u64, landing: bool) -> Result<Lease> {
        let bytes = bytes.max(1).next_multiple_of(GRAIN);
        let lease = |(address, bytes)| Lease {
            address,
            bytes,
            landing,
            shelf: Arc::clone(&self.shelf),
        };
        let mut shelf = locked(&self.shelf);
        let free = if landing {
            &mut shelf.landing
        } else {
            &mut shelf.scratch
        };
        // The smallest that fits and wastes little.
        let fits = |i: &usize| (bytes..=4 * bytes).contains(&free[*i].1);
        if let Some(best) = (0..free.len()).filter(fits).min_by_key(|&i| free[i].1) {
            return Ok(lease(free.swap_remove(best)));
        }
        if shelf.taken + bytes > self.machine.memory() {
            self.empty(&mut shelf);
        }
        let (taken, most) = (shelf.taken, self.machine.memory());
        if taken + bytes > most {
            return Err(Fault::Memory(format!(
                "{bytes} bytes beside {taken} in use exceed {most}"
            )));
        }
        let address = match self.machine.allocate(bytes) {
            Err(Fault::Memory(_)) => {
                self.empty(&mut shelf);
                self.machine.allocate(bytes)?
            }
            other => other?,
        };
        shelf.taken += bytes;
        Ok(lease((address, bytes)))
    }

    /// Gives back to the machine what no batch uses.
    fn empty(&self, shelf: &mut Shelf) {
        let Shelf {
            scratch,
            landing,
            busy,
            taken,
        } = shelf;
        // The machine waits before it frees, so what kernels still read may go too.
        for (address, bytes) in scratch
            .drain(..)
            .chain(landing.drain(..))
            .chain(busy.drain(..))
        {
            self.machine.free(address);
            *taken -= bytes;
        }
    }

    /// Gives back to the machine what no batch uses.
    pub fn release(&self) {
        self.empty(&mut locked(&self.shelf));
    }

    pub fn launch(&self, kernel: Kernel, blocks: u32, arguments: &[Argument]) -> Result<()> {
        if blocks == 0 {
            return Ok(());
        }
        self.machine.launch(kernel, blocks, arguments)
    }

    pub fn fill<T>(&self, lease: &Lease, n: u64, byte: u8) -> Result<()> {
        self.machine
            .fill(lease.address, n * size_of::<T>() as u64, byte)
    }

    /// `n` items from the item at `first` on, once all that was launched is done.
    pub fn download<T: Pod>(&self, lease: &Lease, first: u64, n: u64) -> Result<Vec<T>> {
        let mut items = vec![T::zeroed(); n as usize];
        if n > 0 {
            let from = lease.address + first * size_of::<T>() as u64;
            // What comes back from now on may be read by kernels that are launched from now on.
            let mut done = std::mem::take(&mut locked(&self.shelf).busy);
            let waited = self
                .machine
                .download(from, bytemuck::cast_slice_mut(&mut items));
            let mut shelf = locked(&self.shelf);
            match waited {
                Ok(()) => shelf.landing.append(&mut done),
                Err(_) => shelf.busy.append(&mut done),
            }
            waited?;
        }
        Ok(items)
    }
}
