//! What a granule says of the columns of a config, before anything of it is read.
//!
//! Beside the line: what the survey asks for.

use std::collections::BTreeMap;

use super::hdf5::Outline;
use super::meaning::Applied;
use crate::photon::{Load, SourceColumn};

/// What a granule says of the columns of a config.
#[derive(Debug)]
pub struct Described {
    /// One per variable; `None` where no ground track has data.
    pub columns: Option<Vec<SourceColumn>>,
    /// Photons of all ground tracks, or rows of the table where that is known.
    pub rows: u64,
    /// The ground tracks of an HDF5 granule.
    pub outline: Option<Outline>,
    /// What the attributes of datasets, or of fields, say of their values.
    pub applied: Vec<Applied>,
    /// Bytes that storage chunks, or pages and rows of a table, take at most while they are decoded.
    pub chunk_bytes: u64,
    /// What it asks of whoever reads it.
    pub load: Load,
    /// What differs within the granule, and is no reason to stop.
    pub notes: Vec<String>,
    /// Names and types of all columns of a table.
    pub table_columns: Option<BTreeMap<String, String>>,
}
