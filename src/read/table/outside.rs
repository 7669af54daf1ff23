//! What is known of tables without opening one: by a config, by a path, by the first bytes.
//!
//! Before the line: folders are searched, and what is no table is named, with these. A build without tables has
//! them as well.

use std::path::{Component, Path};

use crate::config::Config;
use crate::source::{Bytes, FileBytes, read_up_to};

/// File name extensions of tables in folders.
pub const EXTENSIONS: [&str; 7] = [
    "parquet",
    "pq",
    "arrow",
    "arrows",
    "feather",
    "ipc",
    "geoparquet",
];

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Head {
    Parquet,
    ArrowFile,
    ArrowStream,
    Hdf5,
    Other,
}

/// Names of the columns that a config reads.
pub fn columns_read(config: &Config) -> Vec<String> {
    let coordinates = match &config.points {
        Some(points) => vec![points],
        None => vec![&config.longitude, &config.latitude],
    };
    let names = coordinates.into_iter();
    let names = names.chain(config.filters.iter().map(|filter| &filter.dataset));
    let names = names.chain(config.variables.iter().map(|variable| &variable.path));
    names.cloned().collect()
}

/// Keys and values in the names of the folders that a path goes through, the outermost first.
pub fn partitions(path: &Path) -> Vec<(String, String)> {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let pair = |part: Component| {
        let Component::Normal(name) = part else {
            return None;
        };
        let (key, value) = name.to_str()?.split_once('=')?;
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let is_key = !key.is_empty() && key.chars().all(word);
        is_key.then(|| (key.to_owned(), value.to_owned()))
    };
    folders.filter_map(pair).collect()
}

/// Whether a file is one of comma-separated values by its name; nothing in it tells.
pub fn is_csv(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    extension.eq_ignore_ascii_case("csv")
}

/// Whether a file starts as a table does.
pub fn looks_like_a_table(path: &Path) -> bool {
    let head = FileBytes::open(path).and_then(|file| head(&file));
    matches!(
        head,
        Ok(Head::Parquet | Head::ArrowFile | Head::ArrowStream)
    )
}

/// What a file starts as.
pub(super) fn head(bytes: &dyn Bytes) -> std::io::Result<Head> {
    let start = read_up_to(bytes, 0, 8)?;
    Ok(if start.starts_with(b"PAR1") {
        Head::Parquet
    } else if start.starts_with(b"ARROW1") {
        Head::ArrowFile
    } else if start.len() == 8 && start.starts_with(&[0xff; 4]) {
        Head::ArrowStream
    } else if start.starts_with(b"\x89HDF") {
        Head::Hdf5
    } else {
        Head::Other
    })
}
