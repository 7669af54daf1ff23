//! What is known of CUDA on this machine, for `icefold devices` and messages.
//!
//! Beside the backend: a build without it has the same report, and it says that nothing was looked for.

use serde::Serialize;

use crate::error::Phrase;

/// What a device says of itself.
#[derive(Debug, Clone, Serialize)]
pub struct DeviceReport {
    /// The number in `cuda:N`.
    pub index: usize,
    pub name: String,
    /// Compute capability, as in `9.0`.
    pub capability: String,
    pub memory_bytes: u64,
    /// Its size, where the driver tells: multiprocessors, and their clock at most.
    pub multiprocessors: Option<u32>,
    pub clock_khz: Option<u32>,
    /// Why it cannot be used.
    pub unusable: Option<String>,
}

/// What was found of CUDA on this machine.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The newest CUDA that the driver supports, as in `12.4`.
    pub driver: Option<String>,
    pub devices: Vec<DeviceReport>,
    /// Why no device can be used, and what to do about it.
    pub why_not: Option<Phrase>,
}
