//! Memory of a device, kept from batch to batch and held to a budget.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytemuck::Pod;

use super::kernels::{Argument, Kernel};
use super::machine::{Block, Fault, Machine, Queue, Result, Step};
pub use super::shelf::Lease;
use super::shelf::{Home, Shelf, locked};
use super::way::{Bringing, Results, Sorting, Uploads};
use crate::photon::Buffer;

/// A machine, and the memory that was taken from it.
#[derive(Debug)]
pub struct Gpu<M: Machine> {
    pub machine: M,
    shelf: Arc<Mutex<Shelf>>,
    /// Memory of the host that kernels write results to, and no batch uses at the moment.
    mapped: Arc<Mutex<Vec<Block>>>,
    /// Bytes that were uploaded, ever.
    pub uploaded: AtomicU64,
    /// Of these, bytes that the device read where they had been decoded.
    pub in_place: AtomicU64,
    /// How it sorts.
    pub sorting: Sorting,
    /// How rows of runs come back.
    pub results: Results,
    /// How columns reach the device.
    pub uploads: Uploads,
    /// How stored chunks get there.
    pub bringing: Bringing,
}

/// Mapped memory in use, likewise.
#[derive(Debug)]
pub struct MappedLease {
    block: Block,
    shelf: Arc<Mutex<Vec<Block>>>,
}

impl Drop for MappedLease {
    fn drop(&mut self) {
        let back = std::mem::replace(&mut self.block, Block::none());
        locked(&self.shelf).push(back);
    }
}

impl<M: Machine> Drop for Gpu<M> {
    /// What other programs, and other devices opened in this one, may have again.
    fn drop(&mut self) {
        self.release();
        for block in locked(&self.mapped).drain(..) {
            self.machine.free_mapped(block);
        }
    }
}

impl MappedLease {
    /// As an argument of a kernel.
    pub fn at(&self) -> Argument<'_> {
        Argument::Memory(self.block.span())
    }

    pub fn bytes(&self) -> u64 {
        self.block.bytes()
    }
}

/// Sizes are rounded up to this, so that memory fits the next batch too, and kernels may read whole quads.
const GRAIN: u64 = 256;
/// Bytes of mapped memory that one batch has: rows of some 60,000 cells and one column. Page-locking takes half a
/// millisecond a MiB.
const MAPPED_BYTES: u64 = 8 << 20;

impl<M: Machine> Gpu<M> {
    pub fn new(machine: M) -> Self {
        Self {
            machine,
            shelf: Arc::default(),
            mapped: Arc::default(),
            uploaded: AtomicU64::new(0),
            in_place: AtomicU64::new(0),
            sorting: Sorting::LookBack,
            results: Results::Mapped,
            uploads: Uploads::Pinned,
            bringing: Bringing::Alone,
        }
    }

    /// Room for kernels to write `n` items of `T`.
    pub fn scratch<T>(&self, n: u64) -> Result<Lease> {
        self.lease(n * size_of::<T>() as u64, Home::Scratch)
    }

    /// The same in a queue.
    pub fn scratch_in<T>(&self, queue: Queue, n: u64) -> Result<Lease> {
        let home = match queue {
            Queue::Main => Home::Scratch,
            Queue::Beside(number) => Home::Beside(number),
        };
        self.lease(n * size_of::<T>() as u64, home)
    }

    /// Items on the device; kernels launched from now on see them.
    pub fn upload<T: Pod>(&self, items: &[T]) -> Result<Lease> {
        self.upload_in(Queue::Main, items)
    }

    /// The same in a queue.
    pub fn upload_in<T: Pod>(&self, queue: Queue, items: &[T]) -> Result<Lease> {
        let bytes = size_of_val(items) as u64;
        let lease = self.lease(bytes, Home::of_uploads(queue))?;
        let from = bytemuck::cast_slice(items);
        self.machine.upload(from, lease.span())?;
        self.uploaded.fetch_add(bytes, Ordering::Relaxed);
        Ok(lease)
    }

    /// Room for uploads of so many bytes in a queue.
    pub fn landing_in(&self, queue: Queue, bytes: u64) -> Result<Lease> {
        self.lease(bytes, Home::of_uploads(queue))
    }

    /// Copies the first so many bytes to a place in such room; read where they are, if that is memory for columns.
    pub fn upload_to(&self, to: &Lease, at: u64, from: &Buffer<u8>, bytes: usize) -> Result<()> {
        let span = to.span().part(at, bytes as u64)?;
        let sent = match (self.uploads, from.lent()) {
            (Uploads::Pinned, Some(block)) => self.machine.upload_column(block, bytes, span)?,
            _ => false,
        };
        if sent {
            self.in_place.fetch_add(bytes as u64, Ordering::Relaxed);
        } else {
            let span = to.span().part(at, bytes as u64)?;
            self.machine.upload(&from[..bytes], span)?;
        }
        self.uploaded.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Values of a batch, likewise; read where they are, if that is memory for columns.
    pub fn upload_values<T: Pod>(&self, values: &Buffer<T>) -> Result<Lease> {
        let lent = match self.uploads {
            Uploads::Pinned if !values.is_empty() => values.lent(),
            _ => None,
        };
        let Some(block) = lent else {
            return self.upload(values);
        };
        let bytes = size_of_val(&**values);
        let lease = self.lease(bytes as u64, Home::Landing)?;
        if !self.machine.upload_column(block, bytes, lease.span())? {
            drop(lease);
            return self.upload(values);
        }
        self.uploaded.fetch_add(bytes as u64, Ordering::Relaxed);
        self.in_place.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(lease)
    }

    /// Writes bytes where kernels write, too; waits for all that was launched.
    pub fn overwrite(&self, to: &Lease, at: u64, from: &[u8]) -> Result<()> {
        let span = to.span().part(at, from.len() as u64)?;
        // An upload may overtake kernels.
        self.wait()?;
        self.machine.upload(from, span)?;
        self.uploaded
            .fetch_add(from.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Memory of the host that kernels write to.
    pub fn mapped(&self) -> Result<MappedLease> {
        let kept = locked(&self.mapped).pop();
        Ok(MappedLease {
            block: match kept {
                Some(block) => block,
                None => self.machine.allocate_mapped(MAPPED_BYTES)?,
            },
            shelf: Arc::clone(&self.mapped),
        })
    }

    fn lease(&self, bytes: u64, home: Home) -> Result<Lease> {
        let bytes = bytes.max(1).next_multiple_of(GRAIN);
        let lease = |block| Lease {
            block,
            bytes,
            home,
            shelf: Arc::clone(&self.shelf),
        };
        let mut shelf = locked(&self.shelf);
        let free = match home {
            Home::Scratch => &mut shelf.scratch,
            Home::Landing => &mut shelf.landing,
            Home::Beside(number) => shelf.beside(number),
        };
        // The smallest that fits and wastes little.
        let fits = |i: &usize| (bytes..=4 * bytes).contains(&free[*i].bytes());
        if let Some(best) = (0..free.len())
            .filter(fits)
            .min_by_key(|&i| free[i].bytes())
        {
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
        let block = match self.machine.allocate(bytes) {
            Err(Fault::Memory(_)) => {
                self.empty(&mut shelf);
                self.machine.allocate(bytes)?
            }
            other => other?,
        };
        shelf.taken += bytes;
        Ok(lease(block))
    }

    /// Gives back to the machine what no batch uses.
    fn empty(&self, shelf: &mut Shelf) {
        let Shelf {
            scratch,
            landing,
            busy,
            beside,
            taken,
        } = shelf;
        // The machine waits before it frees, so what kernels still read may go too.
        for block in scratch
            .drain(..)
            .chain(landing.drain(..))
            .chain(busy.drain(..))
            .chain(beside.iter_mut().flat_map(|of_queue| of_queue.drain(..)))
        {
            *taken -= block.bytes();
            self.machine.free(block);
        }
    }

    /// Gives back to the machine what no batch uses.
    pub fn release(&self) {
        self.empty(&mut locked(&self.shelf));
    }

    /// Does steps, which are handed over together.
    pub fn run(&self, steps: &[Step]) -> Result<()> {
        self.machine.run(steps)
    }

    /// The same in a queue.
    pub fn run_in(&self, queue: Queue, steps: &[Step]) -> Result<()> {
        self.machine.run_in(queue, steps)
    }

    pub fn launch(&self, kernel: Kernel, blocks: u32, arguments: &[Argument]) -> Result<()> {
        self.machine
            .run(launched(kernel, blocks, arguments.to_vec()).as_slice())
    }

    pub fn fill<T>(&self, lease: &Lease, n: u64, byte: u8) -> Result<()> {
        self.machine.run(&[filled::<T>(lease, n, byte)?])
    }

    /// Waits for all that was launched, as `wait` does it.
    fn waited(&self, wait: impl FnOnce() -> Result<()>) -> Result<()> {
        // What comes back from now on may be read by kernels that are launched from now on.
        let mut done = std::mem::take(&mut locked(&self.shelf).busy);
        let waited = wait();
        let mut shelf = locked(&self.shelf);
        match waited {
            Ok(()) => shelf.landing.append(&mut done),
            Err(_) => shelf.busy.append(&mut done),
        }
        waited
    }

    /// Waits for all that was launched.
    pub fn wait(&self) -> Result<()> {
        self.waited(|| self.machine.wait())
    }

    /// `n` items from the item at `first` on, once all that was launched is done.
    pub fn download<T: Pod>(&self, lease: &Lease, first: u64, n: u64) -> Result<Vec<T>> {
        let mut items = vec![T::zeroed(); n as usize];
        if n > 0 {
            let size = size_of::<T>() as u64;
            let from = lease.span().part(first * size, n * size)?;
            let to = bytemuck::cast_slice_mut(&mut items);
            self.waited(|| self.machine.download(from, to))?;
        }
        Ok(items)
    }

    /// The first `n` items, once all that was launched in a queue is done.
    pub fn download_in<T: Pod>(&self, queue: Queue, lease: &Lease, n: u64) -> Result<Vec<T>> {
        let mut items = vec![T::zeroed(); n as usize];
        if n > 0 {
            let from = lease.span().part(0, n * size_of::<T>() as u64)?;
            let to = bytemuck::cast_slice_mut(&mut items);
            self.machine.download_in(queue, from, to)?;
        }
        Ok(items)
    }

    /// `n` items from a byte of mapped memory on, of what was launched before the last wait.
    pub fn look<T: Pod>(&self, lease: &MappedLease, first: u64, n: u64) -> Result<Vec<T>> {
        let mut items = vec![T::zeroed(); n as usize];
        let from = lease.block.span().part(first, n * size_of::<T>() as u64)?;
        self.machine
            .look(from, bytemuck::cast_slice_mut(&mut items))?;
        Ok(items)
    }
}

/// A launch as a step; none of no blocks.
pub fn launched(kernel: Kernel, blocks: u32, arguments: Vec<Argument<'_>>) -> Option<Step<'_>> {
    let launch = Step::Launch {
        kernel,
        blocks,
        arguments,
    };
    (blocks > 0).then_some(launch)
}

/// Setting the bytes of `n` items, as a step.
pub fn filled<T>(lease: &Lease, n: u64, byte: u8) -> Result<Step<'_>> {
    let at = lease.span().part(0, n * size_of::<T>() as u64)?;
    Ok(Step::Fill { at, byte })
}
