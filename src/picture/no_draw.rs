//! Pictures of a build without them: none is drawn, and it is said why.

use std::path::Path;

use super::{Figure, MapData, MapStyle};
use crate::error::Result;
use crate::features::Feature;

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn render(_picture: &MapData, _out: &Path) -> Result<()> {
    Feature::Picture.needed_for("draw a map")
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn render_with(picture: &MapData, _style: &MapStyle, out: &Path) -> Result<()> {
    render(picture, out)
}

pub(super) fn render_figure(_figure: &Figure, _style: &MapStyle, _out: &Path) -> Result<()> {
    Feature::Picture.needed_for("draw a map")
}
