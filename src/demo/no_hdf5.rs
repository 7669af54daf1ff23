//! Synthetic granules of a build without HDF5: there are none, and it is said why.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::features::Feature;

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn write_granules(_dir: &Path) -> Result<Vec<PathBuf>> {
    Feature::Hdf5.needed_for("make granules")?;
    Ok(Vec::new())
}

/// The config of the demo's land ice.
#[doc(hidden)]
pub const LAND_ICE: &str = include_str!("land_ice.yaml");

/// Nothing: there are no granules in a basin.
#[doc(hidden)]
pub fn basin() -> String {
    String::new()
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
#[doc(hidden)]
pub fn write_land_ice(dir: &Path) -> Result<Vec<PathBuf>> {
    write_granules(dir)
}
