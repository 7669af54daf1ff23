//! What a granule says of itself, where nothing else is read of it.
//!
//! Beside the line, for stores that were made of the granule before.

use super::{GranulePath, Says, hdf5};
use crate::config::{Config, GranuleKind};
use crate::error::Result;

/// What a granule says of itself; tables say nothing.
///
/// # Errors
/// It cannot be opened, or is of another product.
pub fn says_of(granule: &GranulePath, config: &Config) -> Result<Says> {
    match config.granules {
        GranuleKind::Hdf5 => Ok(hdf5(granule, config)?.says()),
        GranuleKind::Table => Ok(Says::default()),
    }
}
