//! An emulation of a CUDA device on the host: `kernels/*.cu`, compiled as C++ over `emulation.hpp`,
//! behind the same seam as the driver. It is no device: it shows what kernels compute.
//!
//! Memory is filled with noise before use, and has borders that show when a kernel writes beyond
//! what the backend gave it.

#![allow(unsafe_code, reason = "kernels are C++ and take addresses")]

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use icefold::backend::cuda::{Argument, Block, Fault, Kernel, Machine, Span, Step};
use libloading::Library;

use super::compiled;

/// # Safety
/// The name ends with a zero, the arguments are as many as said, and what they point to is as long as
/// the kernel asks for.
type Launch = unsafe extern "C" fn(*const c_char, u32, *const u64, u32, u64) -> *const c_char;

/// Bytes before and after what is given out, and what they hold.
const BORDER: usize = 4096;
const UNTOUCHED: u8 = 0xa5;

/// An emulated device.
#[derive(Debug)]
pub struct Emulation {
    name: String,
    memory: u64,
    given: Mutex<HashMap<u64, Vec<u8>>>,
    /// Memory of the host that kernels write to.
    mapped: Mutex<HashMap<u64, Vec<u8>>>,
    launches: AtomicU64,
    /// The launch that fails, and every one after it.
    failing: Option<u64>,
}

impl Emulation {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            memory: 1 << 40,
            given: Mutex::default(),
            mapped: Mutex::default(),
            launches: AtomicU64::new(0),
            failing: None,
        }
    }

    /// With so many bytes of memory.
    pub fn with_memory(mut self, memory: u64) -> Self {
        self.memory = memory;
        self
    }

    /// Fails from this launch on, as a device does after an illegal access.
    pub fn failing_at(mut self, launch: u64) -> Self {
        self.failing = Some(launch);
        self
    }
}

/// That nothing was written beside memory that was given out.
fn check(address: u64, block: &[u8]) {
    let start = (address - block.as_ptr() as u64) as usize;
    let bytes = block.len() - 2 * BORDER;
    let borders = block[..start].iter().chain(&block[start + bytes..]);
    assert!(
        borders.into_iter().all(|&byte| byte == UNTOUCHED),
        "a kernel wrote beside memory of {bytes} bytes"
    );
}

impl Drop for Emulation {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for memory in [&self.given, &self.mapped] {
                let memory = memory.lock().unwrap();
                memory
                    .iter()
                    .for_each(|(&address, block)| check(address, block));
            }
        }
    }
}

impl Machine for Emulation {
    fn name(&self) -> &str {
        &self.name
    }

    fn memory(&self) -> u64 {
        self.memory
    }

    fn allocate(&self, bytes: u64) -> Result<Block, Fault> {
        let held: usize = {
            let given = self.given.lock().unwrap();
            given.values().map(|bytes| bytes.len() - 2 * BORDER).sum()
        };
        if held as u64 + bytes > self.memory {
            return Err(Fault::Memory("the emulated memory is full".to_owned()));
        }
        Ok(self.take(&self.given, bytes))
    }

    fn free(&self, block: Block) {
        let bytes = self.given.lock().unwrap().remove(&block.address());
        check(block.address(), &bytes.expect("memory is freed once"));
    }

    fn allocate_mapped(&self, bytes: u64) -> Result<Block, Fault> {
        Ok(self.take(&self.mapped, bytes))
    }

    fn free_mapped(&self, block: Block) {
        let bytes = self.mapped.lock().unwrap().remove(&block.address());
        check(block.address(), &bytes.expect("memory is freed once"));
    }

    fn upload(&self, from: &[u8], to: Span) -> Result<(), Fault> {
        let to = to.part(0, from.len() as u64)?.address() as *mut u8;
        // SAFETY: a span is of memory that is there.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) };
        Ok(())
    }

    fn run(&self, steps: &[Step]) -> Result<(), Fault> {
        steps.iter().try_for_each(|step| match step {
            Step::Fill { at, byte } => {
                let to = at.address() as *mut u8;
                // SAFETY: a span is of memory that is there.
                unsafe { std::ptr::write_bytes(to, *byte, at.bytes() as usize) };
                Ok(())
            }
            Step::Launch {
                kernel,
                blocks,
                arguments,
            } => self.launch(*kernel, *blocks, arguments),
        })
    }

    fn download(&self, from: Span, to: &mut [u8]) -> Result<(), Fault> {
        let from = from.part(0, to.len() as u64)?.address() as *const u8;
        // SAFETY: a span is of memory that is there.
        unsafe { std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len()) };
        Ok(())
    }

    /// A launch is over when it returns.
    fn wait(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn look(&self, from: Span, to: &mut [u8]) -> Result<(), Fault> {
        self.download(from, to)
    }
}

impl Emulation {
    /// Takes memory with borders around it.
    fn take(&self, of: &Mutex<HashMap<u64, Vec<u8>>>, bytes: u64) -> Block {
        let mut block = vec![UNTOUCHED; bytes as usize + 2 * BORDER];
        // Aligned as a device's memory is.
        let address = (block.as_mut_ptr() as u64 + BORDER as u64 / 2).next_multiple_of(256);
        let start = (address - block.as_ptr() as u64) as usize;
        // Other bytes each time: a value that nobody set shows as a result that changes.
        let mut word = address ^ self.launches.load(Ordering::Relaxed) << 32;
        for bytes in block[start..start + bytes as usize].chunks_mut(8) {
            word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
            bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
        }
        of.lock().unwrap().insert(address, block);
        // SAFETY: there are so many bytes between the borders, and they stay until the block is given back.
        unsafe { Block::at(address, bytes) }
    }

    fn launch(&self, kernel: Kernel, blocks: u32, arguments: &[Argument]) -> Result<(), Fault> {
        let launch = self.launches.fetch_add(1, Ordering::Relaxed);
        if self.failing.is_some_and(|failing| launch >= failing) {
            return Err(Fault::Failed(
                "an illegal memory access was encountered".to_owned(),
            ));
        }
        kernel.check(arguments)?;
        let words: Vec<u64> = arguments.iter().map(|argument| argument.word()).collect();
        let name = CString::new(kernel.name()).unwrap();
        // Another order of threads for every launch.
        let seed = (launch + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // SAFETY: the library checks how many arguments there are; memory is as long as the kernel
        // asks for, as was checked, and as the borders check again.
        let wrong = unsafe {
            library()
                .get::<Launch>(b"icefold_emulate")
                .expect("the library has it")(
                name.as_ptr(),
                blocks,
                words.as_ptr(),
                words.len() as u32,
                seed,
            )
        };
        if wrong.is_null() {
            return Ok(());
        }
        // SAFETY: a string that the library holds for as long as it is loaded.
        let wrong = unsafe { CStr::from_ptr(wrong) };
        panic!("{}: {}", kernel.name(), wrong.to_string_lossy());
    }
}

/// The kernels as a library of the host.
fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // SAFETY: the library has no initialisers beyond those of its own data.
        unsafe { Library::new(compiled::emulation()) }.expect("the emulation loads")
    })
}
