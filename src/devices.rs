//! The devices of this machine, by the names that they can be asked for.
//!
//! Beside the run: a [`DeviceChoice`] is parsed from such a name, and a [`Device`] is one that has been opened, for
//! [`arrays`](crate::arrays).

pub use crate::backend::{Device, DeviceChoice};
use crate::backend::{cuda, wgpu};

/// A device that was found.
///
/// ```
/// use icefold::devices::{Found, find};
///
/// let usable: Vec<Found> = find().into_iter().filter(|found| found.unusable.is_none()).collect();
/// assert!(usable.iter().any(|found| found.name == "cpu"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// What it is asked for as: `cpu`, `cuda:0`, `wgpu:1`.
    pub name: String,
    /// What its maker calls it.
    pub model: String,
    /// Why it cannot be used, where it cannot.
    pub unusable: Option<String>,
}

/// All devices: the CPU, which is always there, then those of CUDA and of wgpu.
///
/// ```
/// use icefold::devices::{DeviceChoice, find};
///
/// let found = find();
/// assert_eq!(found[0].name, "cpu");
/// for device in found.iter().filter(|device| device.unusable.is_none()) {
///     assert!(device.name.parse::<DeviceChoice>().is_ok());
/// }
/// ```
pub fn find() -> Vec<Found> {
    let cpu = Found {
        name: "cpu".to_owned(),
        model: "the processors of this machine".to_owned(),
        unusable: None,
    };
    let cuda = cuda::find().devices.iter().map(|device| Found {
        name: format!("cuda:{}", device.index),
        model: device.name.clone(),
        unusable: device.unusable.clone(),
    });
    let wgpu = wgpu::reports().into_iter().map(|adapter| Found {
        name: format!("wgpu:{}", adapter.index),
        model: adapter.name,
        unusable: adapter.unusable,
    });
    std::iter::once(cpu).chain(cuda).chain(wgpu).collect()
}
