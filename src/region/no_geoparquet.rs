//! Regions from Parquet of a build without it: none is read, and it is said why.

use std::fs::File;

use super::polygon::Polygon;
use crate::features::Feature;

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub(super) fn polygons(_file: File) -> Result<Vec<Polygon>, String> {
    let why = Feature::Parquet.lacking();
    Err(format!("is Parquet, which cannot be read: {why}"))
}
