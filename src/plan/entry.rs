//! How a shard map names a granule: by the way from its own folder, or by the URL of an object.
//!
//! Beside the plan, for `build.rs`; `resolve.rs` goes the other way.

use std::path::Path;

use super::map::MapGranule;
use crate::error::{Error, Result};
use crate::place::{canonical_folder, way};
use crate::source::is_object;

/// What a map says of a granule.
///
/// # Errors
/// A path or URL that it cannot hold.
pub(super) fn entry(path: &Path, folder: &Path) -> Result<MapGranule> {
    if is_object(path) {
        return of_object(path);
    }
    let file = canonical_folder(path)?.join(path.file_name().unwrap_or_default());
    let relative = way(&file, folder);
    let text = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            Error::argument(format!(
                "granule {} has a path that is not UTF-8, which JSON cannot hold; rename it",
                path.display()
            ))
        })
    };
    Ok(MapGranule {
        id: text(Path::new(path.file_name().unwrap_or_default()))?,
        s3: None,
        https: None,
        path: Some(text(&relative)?),
    })
}

/// An object, which has a URL in place of a path.
fn of_object(path: &Path) -> Result<MapGranule> {
    let url = path.to_string_lossy().into_owned();
    let (is_s3, is_web) = (url.starts_with("s3://"), url.starts_with("http"));
    if !is_s3 && !is_web {
        return Err(Error::argument(format!(
            "granule {url}: a shard map holds paths and URLs of s3:// and https:// only; run the granules without a map"
        )));
    }
    Ok(MapGranule {
        id: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        https: Some(url.clone()).filter(|_| is_web),
        s3: Some(url).filter(|_| is_s3),
        path: None,
    })
}
