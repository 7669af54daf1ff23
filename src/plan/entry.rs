//! How a shard map names a granule: by the way from its own folder, or by the URL of an object.
//!
//! Beside the plan, for `build.rs`; `resolve.rs` goes the other way.

use std::path::{Component, Path, PathBuf};

use super::map::MapGranule;
use crate::error::{Error, Result};
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
    let relative = relative(&file, folder);
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

/// The folder of a file, without links.
pub(super) fn canonical_folder(file: &Path) -> Result<PathBuf> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    folder
        .canonicalize()
        .map_err(|e| Error::io("find", folder, e))
}

/// The way from a folder to a file, both absolute.
fn relative(file: &Path, folder: &Path) -> PathBuf {
    let (file, folder): (Vec<_>, Vec<_>) =
        (file.components().collect(), folder.components().collect());
    let common = file.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let up = folder[common..].iter().map(|_| Component::ParentDir);
    up.chain(file[common..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_from_the_folder_of_the_map_to_the_granule() {
        for (file, folder, way) in [
            ("/a/b/g.h5", "/a/b", "g.h5"),
            ("/a/b/g.h5", "/a", "b/g.h5"),
            ("/a/b/g.h5", "/a/c/d", "../../b/g.h5"),
            ("/g.h5", "/a", "../g.h5"),
        ] {
            let found = relative(Path::new(file), Path::new(folder));
            assert_eq!(found, Path::new(way), "{file} from {folder}");
        }
    }
}
