//! From paths to files: what in a folder may be a granule, and what is passed over and why.
//!
//! First of the plan. A file that the command line names is always a candidate. In a folder, candidates are
//! the files that open as what the config reads, and those whose names say that they should.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::GranuleKind;
use crate::error::{Error, Result};
use crate::folders;
use crate::read::hdf5::looks_like_hdf5;
use crate::read::table::{is_csv, looks_like_a_table};

use super::Skipped;
use crate::source::is_object;

/// File name extensions of HDF5 granules.
const HDF5_EXTENSIONS: [&str; 7] = ["h5", "hdf5", "he5", "h5p", "nc", "nc4", "hdf"];
/// Those of downloads that did not finish.
const LEFTOVERS: [&str; 7] = [
    "part",
    "partial",
    "crdownload",
    "download",
    "filepart",
    "aria2",
    "tmp",
];
/// Those of files beside data: nobody takes them for granules.
const NOT_DATA: [&str; 32] = [
    "xml", "iso", "md5", "sha1", "sha256", "sha512", "crc", "json", "geojson", "txt", "log", "out",
    "err", "lock", "md", "html", "htm", "pdf", "png", "jpg", "jpeg", "gif", "svg", "yaml", "yml",
    "toml", "py", "pyc", "ipynb", "sh", "dmrpp", "met",
];

/// A file that may be a granule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub path: PathBuf,
    /// Found in a folder, not named.
    pub scanned: bool,
}

/// What paths stand for.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// In the order given; those of a folder in the order of their paths.
    pub found: Vec<Candidate>,
    pub skipped: Vec<Skipped>,
    /// Files of folders that are plainly no data.
    pub not_data: u64,
}

/// Finds the candidates among paths of files and folders.
///
/// # Errors
/// A path that does not exist or is neither file nor folder, a folder without candidates or that cannot
/// be listed.
pub(super) fn scan(paths: &[PathBuf], kind: GranuleKind) -> Result<Scan> {
    let mut scan = Scan::default();
    for path in paths {
        if is_object(path) {
            scan.found.push(Candidate {
                path: path.clone(),
                scanned: false,
            });
            continue;
        }
        let metadata = std::fs::metadata(path).map_err(|e| absent(path, e))?;
        if metadata.is_dir() {
            scan.folder(path, kind)?;
        } else if metadata.is_file() {
            scan.found.push(Candidate {
                path: path.clone(),
                scanned: false,
            });
        } else {
            return Err(Error::argument(format!(
                "granule {} is {}, which is not opened; copy the granule to disk first",
                path.display(),
                special(&metadata)
            )));
        }
    }
    Ok(scan)
}

fn absent(path: &Path, error: std::io::Error) -> Error {
    if error.kind() != ErrorKind::NotFound {
        return Error::io("open", path, error);
    }
    Error::argument(match std::fs::read_link(path) {
        Ok(target) => format!(
            "granule {} is a link to {}, which does not exist; correct the link",
            path.display(),
            target.display()
        ),
        Err(_) => format!("granule {} does not exist; check the path", path.display()),
    })
}

/// What is neither a file nor a folder.
fn special(metadata: &Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    let _ = metadata;
    "no regular file"
}

impl Scan {
    /// Adds the candidates in a folder and below; there has to be one.
    fn folder(&mut self, folder: &Path, kind: GranuleKind) -> Result<()> {
        let (found, skipped) = (self.found.len(), self.skipped.len());
        self.walk(folder, kind, &mut BTreeSet::new())?;
        if self.found.len() > found {
            self.found[found..].sort_by(|a, b| a.path.cmp(&b.path));
            return Ok(());
        }
        let extensions = extensions(kind).map(|extension| format!("*.{extension}"));
        let instead = match self.skipped[skipped..].first() {
            Some(first) => format!(
                "; {} was passed over as it {} (the first of {})",
                first.path.display(),
                first.reason,
                self.skipped.len() - skipped
            ),
            None => String::new(),
        };
        Err(Error::argument(format!(
            "directory {} holds no granule ({}){instead}; name the granules or another directory",
            folder.display(),
            extensions.collect::<Vec<_>>().join(", ")
        )))
    }

    /// Adds what is in a folder and below, each folder once whatever links lead to it.
    fn walk(
        &mut self,
        folder: &Path,
        kind: GranuleKind,
        seen: &mut BTreeSet<PathBuf>,
    ) -> Result<()> {
        let listed = |e| Error::io("list", folder, e);
        if !seen.insert(folder.canonicalize().map_err(listed)?) {
            return Ok(());
        }
        // Which of two links is followed does not depend on the order in which the system lists them.
        for path in folders::list(folder).map_err(listed)? {
            match std::fs::metadata(&path) {
                Err(e) => self.skip(path, why_unreachable(&e)),
                Ok(metadata) if metadata.is_dir() => match passed_over(&path) {
                    Some(reason) => self.skip(path, reason),
                    None => self.walk(&path, kind, seen)?,
                },
                Ok(metadata) if !metadata.is_file() => {
                    self.skip(path, format!("is {}", special(&metadata)));
                }
                Ok(_) => self.file(path, kind),
            }
        }
        Ok(())
    }

    /// Adds a file of a folder where it belongs.
    fn file(&mut self, path: PathBuf, kind: GranuleKind) {
        match look(&path, kind) {
            Look::Candidate => self.found.push(Candidate {
                path,
                scanned: true,
            }),
            Look::NotData => self.not_data += 1,
            Look::Skipped(reason) => self.skip(path, reason),
        }
    }

    fn skip(&mut self, path: PathBuf, reason: impl Into<Cow<'static, str>>) {
        let reason = reason.into().into_owned();
        self.skipped.push(Skipped { path, reason });
    }
}

fn why_unreachable(error: &std::io::Error) -> Cow<'static, str> {
    match error.kind() {
        ErrorKind::NotFound => "is a link to nothing".into(),
        _ => format!("cannot be reached: {error}").into(),
    }
}

/// Why a folder is not entered.
fn passed_over(folder: &Path) -> Option<&'static str> {
    let name = folder.file_name()?.to_string_lossy();
    if name.starts_with('.') {
        return Some("is a hidden folder");
    }
    if name == "__MACOSX" {
        return Some("holds what macOS puts beside files in archives");
    }
    let holds = |file: &str| folder.join(file).is_file();
    if holds("zarr.json") || holds(".zgroup") {
        return Some("is a Zarr store");
    }
    (name.ends_with(".pieces") && holds("manifest.json")).then_some("holds pieces of a store")
}

/// What a file of a folder is taken for.
enum Look {
    Candidate,
    NotData,
    Skipped(Cow<'static, str>),
}

fn look(path: &Path, kind: GranuleKind) -> Look {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let extension = extension.to_ascii_lowercase();
    let extension = extension.as_str();
    if extension.is_empty() && (name.starts_with('.') || name.starts_with('_')) {
        let of_tables = name == "_metadata" || name == "_common_metadata";
        return match (of_tables, kind) {
            (true, GranuleKind::Table) => {
                Look::Skipped("describes the tables beside it and has no rows".into())
            }
            _ => Look::NotData,
        };
    }
    if NOT_DATA.contains(&extension) {
        return Look::NotData;
    }
    if name.starts_with("._") {
        return Look::Skipped("is what macOS puts beside a file (AppleDouble)".into());
    }
    if name.starts_with('.') {
        return Look::Skipped("is hidden".into());
    }
    if LEFTOVERS.contains(&extension) {
        return Look::Skipped("is left over from a download".into());
    }
    let is = [
        (GranuleKind::Hdf5, looks_like_hdf5(path)),
        (GranuleKind::Table, looks_like_a_table(path)),
    ];
    match is.into_iter().find(|(_, is)| *is) {
        Some((found, _)) if found == kind => return Look::Candidate,
        Some((GranuleKind::Hdf5, _)) => {
            return Look::Skipped("is HDF5, and tables are asked for".into());
        }
        Some((GranuleKind::Table, _)) => {
            return Look::Skipped("is a table, and HDF5 is asked for".into());
        }
        None => {}
    }
    let older = older_format(path).filter(|_| matches!(extension, "hdf" | "nc"));
    match older {
        Some(format) => Look::Skipped(format!("is {format}, which is not read").into()),
        // By its name a granule: a download that went wrong does not go missing in silence.
        None if extensions(kind).any(|e| *e == extension) => Look::Candidate,
        None => Look::Skipped(
            match kind {
                GranuleKind::Hdf5 => "is not HDF5",
                GranuleKind::Table if is_csv(path) => {
                    "is CSV, of which nothing tells that it holds photons; name it to read it"
                }
                GranuleKind::Table => "is neither Parquet nor Arrow IPC",
            }
            .into(),
        ),
    }
}

/// Formats that share extensions with HDF5.
fn older_format(path: &Path) -> Option<&'static str> {
    use std::io::Read;
    let mut start = [0; 4];
    std::fs::File::open(path)
        .ok()?
        .read_exact(&mut start)
        .ok()?;
    match &start {
        [b'C', b'D', b'F', 1 | 2 | 5] => Some("netCDF-3"),
        [0x0e, 0x03, 0x13, 0x01] => Some("HDF4"),
        _ => None,
    }
}

/// File name extensions of granules.
pub(super) fn extensions(kind: GranuleKind) -> std::slice::Iter<'static, &'static str> {
    match kind {
        GranuleKind::Hdf5 => HDF5_EXTENSIONS.iter(),
        GranuleKind::Table => crate::read::table::EXTENSIONS.iter(),
    }
}

#[cfg(test)]
mod tests;
