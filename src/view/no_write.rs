//! Pages of a build without pictures: none is made, and it is said why.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::Viewed;
use crate::error::Result;
use crate::features::Feature;

/// A page, which this build has none of.
#[derive(Debug)]
pub struct Page {
    pub html: String,
    pub left_out: Vec<(String, String)>,
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn page(_viewed: &Viewed) -> Result<Page> {
    Err(Feature::Picture.refused("make a page"))
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn write_page(viewed: &Viewed, _output: &Path) -> Result<Page> {
    page(viewed)
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn serve(
    viewed: &Viewed,
    _port: u16,
    _stop: &AtomicBool,
    _ready: impl FnOnce(&str, &[(String, String)]),
) -> Result<()> {
    page(viewed).map(drop)
}
