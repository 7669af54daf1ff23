//! Rows of a build without tables: none is written, and it is said why.

use super::asked::{Chosen, Export, needs_tables};
use crate::error::Result;
use crate::features::Feature;

/// Refuses.
///
/// # Errors
/// That the feature was left out.
pub fn write(_: &Chosen, asked: &Export) -> Result<String> {
    let what = format!("write {}", asked.output.display());
    Err(Feature::Parquet.refused(&what))
}

/// Refuses.
///
/// # Errors
/// That the feature was left out.
pub fn check(asked: &Export) -> Result<()> {
    needs_tables(asked)
}
