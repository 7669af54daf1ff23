//! What of icefold is built in: parts that a build may leave out, and what is said where one is asked for.
//!
//! A part is a feature of the crate. One that is left out keeps its names: its types are empty, and whatever would
//! make one of them is an error that names the feature.

use crate::error::{Error, Result};

/// A part that a build may leave out.
///
/// ```
/// use icefold::features::Feature;
///
/// let missing = Feature::ALL.iter().filter(|feature| !feature.is_built_in());
/// for feature in missing {
///     println!("this build has no {}", feature.name());
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// The command line: the program, its progress and its signals.
    Cli,
    /// Granules of object stores and web servers.
    Cloud,
    /// The backend for devices from NVIDIA.
    Cuda,
    /// Granules as HDF5, read and made.
    Hdf5,
    /// Tables of photons, of cells, and of what a run left out.
    Parquet,
    /// Maps of a store as PNG, SVG and PDF.
    Picture,
    /// The backend for Vulkan, Metal and DX12.
    Wgpu,
}

impl Feature {
    /// All of them, by name.
    pub const ALL: [Self; 7] = [
        Self::Cli,
        Self::Cloud,
        Self::Cuda,
        Self::Hdf5,
        Self::Parquet,
        Self::Picture,
        Self::Wgpu,
    ];

    /// The name in `Cargo.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cli => "cli",
            Self::Cloud => "cloud",
            Self::Cuda => "cuda",
            Self::Hdf5 => "hdf5",
            Self::Parquet => "parquet",
            Self::Picture => "picture",
            Self::Wgpu => "wgpu",
        }
    }

    /// Whether this build has it.
    pub fn is_built_in(self) -> bool {
        match self {
            Self::Cli => cfg!(feature = "cli"),
            Self::Cloud => cfg!(feature = "cloud"),
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Hdf5 => cfg!(feature = "hdf5"),
            Self::Parquet => cfg!(feature = "parquet"),
            Self::Picture => cfg!(feature = "picture"),
            Self::Wgpu => cfg!(feature = "wgpu"),
        }
    }

    /// Why a build without it cannot do something, and the remedy.
    pub fn lacking(self) -> String {
        format!(
            "this icefold was built without its feature {}; build it with that feature, which is one of the \
             default ones",
            self.name()
        )
    }

    /// That this build has it; `what` needs it.
    ///
    /// # Errors
    /// It was left out.
    pub fn needed_for(self, what: &str) -> Result<()> {
        if self.is_built_in() {
            return Ok(());
        }
        Err(self.refused(what))
    }

    /// What is said where `what` is asked for and it was left out.
    pub(crate) fn refused(self, what: &str) -> Error {
        Error::argument(format!("cannot {what}: {}", self.lacking()))
    }
}

/// Names of what this build has, with commas between them; `none` where it has nothing but the library.
///
/// ```
/// println!("icefold with {}", icefold::features::built_in());
/// ```
pub fn built_in() -> String {
    let built_in = Feature::ALL.into_iter().filter(|one| one.is_built_in());
    let names: Vec<&str> = built_in.map(Feature::name).collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}
