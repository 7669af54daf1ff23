//! What carries out kernels: an NVIDIA device through its driver (`driver.rs`), or, in tests, an
//! emulation of one on the host. Everything else in this folder is the same for both.

use std::fmt::Debug;

use crate::backend::device::the_cpu;
use crate::error::{Error, Setting, phrase};

use super::kernels::{Argument, Kernel};

/// Why the device did not give an answer.
#[derive(Debug)]
pub enum Fault {
    /// It has no memory left for a batch of this size.
    Memory(String),
    /// A kernel or a copy failed; nothing that the device holds can be trusted any more.
    Failed(String),
    /// It cannot be made ready: what is in the way, and what to do about it.
    NotReady(String),
    /// What it gave back contradicts itself: a defect of icefold or of the device.
    Wrong(String),
    /// The host's part of the work failed.
    Host(Error),
}

pub type Result<T, E = Fault> = std::result::Result<T, E>;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Host(error)
    }
}

impl Fault {
    /// The error to report of the device of this name.
    pub fn into_error(self, device: &str) -> Error {
        let (message, remedy) = match self {
            Self::Host(error) => return error,
            Self::Memory(what) => (
                phrase!["out of device memory: ", what],
                phrase![
                    "free the device's memory, raise ",
                    Setting::DeviceMemory,
                    ", use a smaller ",
                    Setting::BatchRows,
                    ", or ",
                    the_cpu()
                ],
            ),
            // What can be done about that is in its words.
            Self::NotReady(what) => {
                let message = phrase![what, ", or use ", the_cpu()];
                return Error::device(device, message);
            }
            Self::Failed(what) => (
                what.into(),
                phrase![
                    "the device gives no results until the program starts again: run again, or with ",
                    the_cpu()
                ],
            ),
            Self::Wrong(what) => (what.into(), phrase!["use ", the_cpu(), ", and report this"]),
        };
        Error::device(device, message).with_remedy(remedy)
    }
}

/// One device: memory by address, and kernels in the order in which they are launched.
///
/// Kernels, fills and downloads follow each other; an upload may overtake what was launched before
/// it, and all that is launched after it waits for it.
pub trait Machine: Debug + Send + Sync {
    /// The name in reports, as in `cuda:0`.
    fn name(&self) -> &str;

    /// Bytes that may be taken in all.
    fn memory(&self) -> u64;

    /// Takes memory, aligned to 256 bytes; what it holds is undefined.
    fn allocate(&self, bytes: u64) -> Result<u64>;

    /// Gives memory back; waits for all that was launched.
    fn free(&self, address: u64);

    /// Copies to the device; `from` may change when this returns.
    fn upload(&self, from: &[u8], to: u64) -> Result<()>;

    /// Sets bytes on the device.
    fn fill(&self, at: u64, bytes: u64, byte: u8) -> Result<()>;

    /// Launches blocks of `tile::WORKGROUP` threads. Addresses must be of memory that is as long as
    /// the kernel asks for.
    fn launch(&self, kernel: Kernel, blocks: u32, arguments: &[Argument]) -> Result<()>;

    /// Waits for all that was launched and copies from the device.
    fn download(&self, from: u64, to: &mut [u8]) -> Result<()>;
}
