//! Granules as they are named, and where they are: paths of this machine, and URLs, which are opened.

use std::path::PathBuf;

use crate::config::{Config, GranuleKind};
use crate::error::{Error, Result};
use crate::source::{is_object, of_file_url, register, scheme};

/// The paths of what is named; objects are open then, all that are named together.
///
/// # Errors
/// A URL that is not read, an object that cannot be opened.
pub fn located(named: &[PathBuf], config: &Config) -> Result<Vec<PathBuf>> {
    let (kind, remote) = (config.granules, &config.access.remote);
    let mut urls = Vec::new();
    let mut paths = Vec::with_capacity(named.len());
    for name in named {
        let text = name.to_string_lossy();
        if is_object(name) {
            if kind == GranuleKind::Table {
                return Err(Error::argument(format!(
                    "{}: tables are read from files; download it and name its path",
                    crate::source::shown(&text)
                )));
            }
            urls.push(text.into_owned());
            paths.push(None);
        } else if let Some(path) = of_file_url(&text) {
            paths.push(Some(path));
        } else if let Some(other) = scheme(&text) {
            return Err(Error::argument(format!(
                "granule {}: {other}:// is not read; s3://, https://, gs://, az:// and file:// are",
                crate::source::shown(&text)
            )));
        } else {
            paths.push(Some(name.clone()));
        }
    }
    let mut opened = register(&urls, remote, config.access.tolerant)?.into_iter();
    let paths = paths
        .into_iter()
        .filter_map(|path| path.or_else(|| opened.next()));
    Ok(paths.collect())
}
