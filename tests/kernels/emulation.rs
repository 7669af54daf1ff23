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

use icefold::backend::cuda::{Argument, Fault, Kernel, Machine};
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
            let given = self.given.lock().unwrap();
            given
                .iter()
                .for_each(|(&address, block)| check(address, block));
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

    fn allocate(&self, bytes: u64) -> Result<u64, Fault> {
        let mut given = self.given.lock().unwrap();
        let held: usize = given.values().map(|bytes| bytes.len() - 2 * BORDER).sum();
        if held as u64 + bytes > self.memory {
            return Err(Fault::Memory("the emulated memory is full".to_owned()));
        }
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
        given.insert(address, block);
        Ok(address)
    }

    fn free(&self, address: u64) {
        let block = self.given.lock().unwrap().remove(&address);
        check(address, &block.expect("memory is freed once"));
    }

    fn upload(&self, from: &[u8], to: u64) -> Result<(), Fault> {
        // SAFETY: the lease at `to` is at least this long.
        unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to as *mut u8, from.len()) };
        Ok(())
    }

    fn fill(&self, at: u64, bytes: u64, byte: u8) -> Result<(), Fault> {
        // SAFETY: the lease at `at` is at least this long.
        unsafe { std::ptr::write_bytes(at as *mut u8, byte, bytes as usize) };
        Ok(())
    }

    fn launch(&self, kernel: Kernel, blocks: u32, arguments: &[Argument]) -> Result<(), Fault> {
        let launch = self.launches.fetch_add(1, Ordering::Relaxed);
        if self.failing.is_some_and(|failing| launch >= failing) {
            return Err(Fault::Failed(
                "an illegal memory access was encountered".to_owned(),
            ));
        }
        let words: Vec<u64> = arguments
            .iter()
            .map(|argument| match *argument {
                Argument::Word(word) => word.into(),
                Argument::Address(address) => address,
            })
            .collect();
        let name = CString::new(kernel.name()).unwrap();
        // Another order of threads for every launch.
        let seed = (launch + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // SAFETY: the library checks how many arguments there are; leases are as long as the backend
        // makes them, which the borders check.
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

    fn download(&self, from: u64, to: &mut [u8]) -> Result<(), Fault> {
        // SAFETY: the lease at `from` is at least this long.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, to.as_mut_ptr(), to.len()) };
        Ok(())
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
