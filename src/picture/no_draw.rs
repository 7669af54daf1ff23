//! Pictures of a build without them: none is drawn, and it is said why.

use std::path::Path;

use super::MapData;
use crate::error::Result;
use crate::features::Feature;

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn render(_picture: &MapData, _out: &Path) -> Result<()> {
    Feature::Picture.needed_for("draw a map")
}
