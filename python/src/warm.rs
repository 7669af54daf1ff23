//! What one fold of arrays leaves to the next: the threads of the CPU, and the memory that it worked in.
//!
//! Memory fresh from the system is paid for at its first touch, which costs a third of a fold in no order. It is kept up to
//! a limit and until `icefold.release()`. Everything here happens with the interpreter attached, so no other thread of
//! Python forks meanwhile; a process that was forked has none of the threads, and leaves them alone.

use std::sync::Mutex;

use icefold::DeviceChoice;
use icefold::devices::Device;
use pyo3::prelude::*;

struct Warm {
    device: Device,
    threads: usize,
    process: u32,
}

static WARM: Mutex<Option<Warm>> = Mutex::new(None);

/// What is kept, for whoever asks for the same threads; nobody else has it then.
pub fn taken(_: Python<'_>, choice: &DeviceChoice, threads: usize) -> Option<Device> {
    if !matches!(choice, DeviceChoice::Auto | DeviceChoice::Cpu) {
        return None;
    }
    let warm = WARM.lock().ok()?.take()?;
    if warm.process != std::process::id() {
        // Its threads are those of the process that forked this one, and nobody answers who waits for them.
        std::mem::forget(warm);
        return None;
    }
    (warm.threads == threads).then_some(warm.device)
}

/// Keeps a device for the next call, unless its work took more than `most` bytes.
pub fn keep(_: Python<'_>, device: Device, threads: usize, most: u64) {
    let Device::Cpu(cpu) = &device else {
        return;
    };
    if cpu.kept_bytes() > most {
        return;
    }
    if let Ok(mut kept) = WARM.lock() {
        *kept = Some(Warm {
            device,
            threads,
            process: std::process::id(),
        });
    }
}

/// Gives back what is kept, to the system; the bytes of memory that were.
#[pyfunction]
pub fn release(_py: Python<'_>) -> u64 {
    let Some(warm) = WARM.lock().ok().and_then(|mut kept| kept.take()) else {
        return 0;
    };
    if warm.process != std::process::id() {
        std::mem::forget(warm);
        return 0;
    }
    let Device::Cpu(cpu) = &warm.device else {
        return 0;
    };
    let bytes = cpu.kept_bytes();
    drop(warm);
    trim();
    bytes
}

/// The C library keeps what is freed in blocks of less than 32 MiB for whoever asks next; this has it given back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "a function of the C library")]
fn trim() {
    // SAFETY: so glibc declares it: a size in, an int out.
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: it takes the allocator's own locks, and gives back free pages only.
    unsafe { malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
