//! What an index asks of a granule beyond what a plan does.
//!
//! Beside the line, for `src/index/`.

use super::hdf5::{GranuleFile, product, said_span};
use super::{GranulePath, Input};
use crate::config::Access;
use crate::error::Result;

impl Input {
    /// From when to when photons are by the granule's own word, in seconds since 2018-01-01 and with a minute at both
    /// ends; `None` where it does not say.
    pub(crate) fn said_span(&self) -> Option<[f64; 2]> {
        match self {
            Self::Hdf5(granule, _) => said_span(granule).map(|said| [*said.start(), *said.end()]),
            Self::Table(_) => None,
        }
    }
}

/// The product that a granule is of, as `ATL06`; `None` where nothing says.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn product_of(granule: &GranulePath, access: &Access) -> Result<Option<String>> {
    let opened = GranuleFile::open_as(&granule.path, &granule.name, access)?;
    Ok(product(&opened))
}
