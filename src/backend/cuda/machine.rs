//! What carries out kernels: an NVIDIA device through its driver (`driver/`), or, in tests, an
//! emulation of one on the host. Everything else in this folder is the same for both.

use std::fmt::Debug;
use std::sync::Arc;

use super::kernels::{Argument, Kernel};
use crate::photon::{ColumnBlock, ColumnMemory};

pub use super::driver::block::{Block, Span};
pub use crate::backend::gpu::{Fault, Result};

/// What a device is to do.
#[derive(Debug)]
pub enum Step<'a> {
    /// Set all bytes.
    Fill { at: Span<'a>, byte: u8 },
    /// Run blocks of `tile::WORKGROUP` threads, at least one. Memory that is given is as long as the kernel asks
    /// for, which machines check (`Kernel::check`).
    Launch {
        kernel: Kernel,
        blocks: u32,
        arguments: Vec<Argument<'a>>,
    },
}

/// Queues beside the main one.
pub const QUEUES: usize = 4;

/// Where steps follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// What all follows that is not said to be beside it.
    Main,
    /// One of `QUEUES` others, which run at the same time.
    Beside(usize),
}

/// One device: memory, and kernels in the order in which they are launched.
///
/// Kernels, fills and downloads follow each other; an upload may overtake what was launched before
/// it, and all that is launched after it waits for it.
///
/// That is so of the main queue. Steps beside it follow what was launched in their own queue, and all that was launched
/// in the main one and uploaded before they were handed over; nothing in the main queue waits for them but who downloads from theirs.
pub trait Machine: Debug + Send + Sync {
    /// The name in reports, as in `cuda:0`.
    fn name(&self) -> &str;

    /// Bytes that may be taken in all.
    fn memory(&self) -> u64;

    /// Takes memory, aligned to 256 bytes; what it holds is undefined.
    fn allocate(&self, bytes: u64) -> Result<Block>;

    /// Gives memory back that `allocate` gave; waits for all that was launched.
    fn free(&self, block: Block);

    /// Takes memory of the host, aligned as above, that kernels write to as to the device's.
    fn allocate_mapped(&self, bytes: u64) -> Result<Block>;

    /// Gives memory back that `allocate_mapped` gave; waits for all that was launched.
    fn free_mapped(&self, block: Block);

    /// Copies to the device; `from` may change when this returns.
    fn upload(&self, from: &[u8], to: Span) -> Result<()>;

    /// Memory of the host, at most so many bytes, from which `upload_column` copies; `None` where any is as good.
    fn columns(&self, _bytes: u64) -> Option<Arc<dyn ColumnMemory>> {
        None
    }

    /// Copies the first so many bytes of a block to the device. It may read them later than this returns, for which
    /// the block waits before it is written. `false`, and nothing is copied, where it is no block of such a device.
    fn upload_column(&self, _from: &dyn ColumnBlock, _bytes: usize, _to: Span) -> Result<bool> {
        Ok(false)
    }

    /// Does these steps, one after the other, after all before them.
    fn run(&self, steps: &[Step]) -> Result<()>;

    /// The same in a queue. Here and below: where there is one queue, all is done in that.
    fn run_in(&self, _queue: Queue, steps: &[Step]) -> Result<()> {
        self.run(steps)
    }

    /// Has uploads from now on wait for all that was launched in a queue, and in the main one, which reads what it wrote.
    fn upload_behind(&self, _queue: Queue) -> Result<()> {
        Ok(())
    }

    /// Waits for all that was launched in a queue and copies from the device.
    fn download_in(&self, _queue: Queue, from: Span, to: &mut [u8]) -> Result<()> {
        self.download(from, to)
    }

    /// Waits for all that was launched and copies from the device.
    fn download(&self, from: Span, to: &mut [u8]) -> Result<()>;

    /// Waits for all that was launched.
    fn wait(&self) -> Result<()>;

    /// Copies from mapped memory, of what was launched before the last wait.
    fn look(&self, from: Span, to: &mut [u8]) -> Result<()>;
}
