//! What stands where a file is to go, and whether it may go there.
//!
//! Nothing: the file grows beside and is renamed. A file of the same kind that icefold wrote, known by
//! what is in it, or an empty one: it is replaced. A device or a pipe: it is written through. Anything else
//! stays as it is.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::inputs::Inputs;
use super::sync::parent;
use crate::error::{Error, Result};
use crate::{plan, report, table};

/// Kinds of files that icefold writes for its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Artefact {
    Report,
    Map,
    Picture,
    Table,
    Errors,
    /// An answer of `aggregate` as a NumPy array.
    Array,
}

impl Artefact {
    pub fn noun(self) -> &'static str {
        match self {
            Self::Report => "run report",
            Self::Map => "shard map",
            Self::Picture => "picture",
            Self::Table => "table",
            Self::Errors => "error table",
            Self::Array => "array",
        }
    }

    /// Whether one that exists is replaced only with `--overwrite`.
    fn needs_flag(self) -> bool {
        matches!(self, Self::Table | Self::Errors | Self::Array)
    }

    /// Whether folders are made for it. A report's are the store's.
    pub(super) fn makes_folders(self) -> bool {
        self.needs_flag()
    }

    /// Whether a file is one of this kind that icefold wrote. NumPy's format has no place to say who
    /// did.
    fn is_one(self, path: &Path) -> bool {
        match self {
            Self::Report => report::wrote(path),
            Self::Map => plan::wrote(path),
            Self::Picture => report::wrote_picture(path),
            Self::Table => table::wrote(path),
            Self::Errors => table::wrote_errors(path),
            Self::Array => crate::arrays::is_npy(path),
        }
    }
}

/// How a file comes to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// It grows beside this path, which is no link, and is renamed.
    Beside(PathBuf),
    /// It is written into what is there.
    Through(PathBuf),
}

/// Checks that a file may be written here, before the work whose result goes there.
///
/// # Errors
/// Something is there that is not to be replaced, or an input of the run; nothing can be created
/// there.
pub fn check_file(path: &Path, kind: Artefact, overwrite: bool, inputs: &Inputs) -> Result<()> {
    if let Some(input) = inputs.at(path) {
        let what = format!("it is {}, which this run reads", input.display());
        return Err(refused(path, kind, &what, "choose another path"));
    }
    let Way::Beside(target) = way(path, kind, overwrite)? else {
        return Ok(());
    };
    if !parent(&target).is_dir() {
        if matches!(kind, Artefact::Map | Artefact::Picture) {
            let missing = std::io::Error::new(ErrorKind::NotFound, "there is no such folder");
            return Err(Error::io("write", path, missing));
        }
        // The store's folder is created with the store.
        return Ok(());
    }
    let probe = super::hidden(&target, "probe");
    fs::write(&probe, b"").map_err(|source| Error::io("write", path, source))?;
    match fs::remove_file(&probe) {
        // Another run took it for a leftover.
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("write", path, e)),
        _ => Ok(()),
    }
}

/// How a file comes to be at a path.
///
/// # Errors
/// Something is there that is not to be replaced.
pub(super) fn way(path: &Path, kind: Artefact, overwrite: bool) -> Result<Way> {
    let refuse = |what: &str, remedy: &str| Err(refused(path, kind, what, remedy));
    if path.file_name().is_none() {
        return refuse("it is no name of a file", "choose another path");
    }
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            if path.is_symlink() {
                let what = "it is a link to something that does not exist";
                return refuse(what, "name the file itself");
            }
            return Ok(Way::Beside(path.to_path_buf()));
        }
        Err(e) => return Err(Error::io("look at", path, e)),
    };
    if found.is_dir() {
        return Err(Error::Usage(format!(
            "cannot write the file {}: it is a folder; choose another path",
            path.display()
        )));
    }
    if !found.is_file() || is_of_the_system(path) {
        return if takes_what_comes(&found) || is_of_the_system(path) {
            Ok(Way::Through(path.to_path_buf()))
        } else {
            refuse("it is neither a file nor a pipe", "choose another path")
        };
    }
    // A link stays one: what it leads to is replaced.
    let target = fs::canonicalize(path).map_err(|e| Error::io("look at", path, e))?;
    if kind.needs_flag() && !overwrite {
        let (noun, path) = (kind.noun(), path.display());
        return Err(Error::Usage(format!(
            "{noun} {path} exists; pass --overwrite to replace it"
        )));
    }
    if found.len() > 0 && !kind.is_one(&target) {
        let what = format!("a file is there that is no {} of icefold", kind.noun());
        return refuse(&what, "choose another path, or move that file away");
    }
    Ok(Way::Beside(target))
}

/// Whether what is written to a path goes straight into a device or a pipe.
pub fn writes_through(path: &Path) -> bool {
    let found = fs::metadata(path);
    is_of_the_system(path) || found.is_ok_and(|found| takes_what_comes(&found))
}

/// Names that lead to whatever the process was started with, such as `/dev/stdout`.
fn is_of_the_system(path: &Path) -> bool {
    cfg!(unix) && ["/dev", "/proc"].iter().any(|top| path.starts_with(top))
}

/// Pipes, terminals and `/dev/null` take what is written.
#[cfg(unix)]
fn takes_what_comes(found: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let kind = found.file_type();
    kind.is_fifo() || kind.is_char_device()
}

#[cfg(not(unix))]
fn takes_what_comes(_: &Metadata) -> bool {
    false
}

/// Checks that no two of the paths that a run writes are one, and that none is in its store.
///
/// # Errors
/// The first that is.
pub fn check_distinct(store: Option<&Path>, files: &[(Artefact, &Path)]) -> Result<()> {
    let plain = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let store = store.map(plain);
    let mut seen: Vec<(Artefact, PathBuf)> = Vec::new();
    for &(kind, path) in files {
        if is_of_the_system(path) {
            continue;
        }
        let here = plain(path);
        if let Some((other, _)) = seen.iter().find(|(_, other)| *other == here) {
            let what = format!("the {} goes there", other.noun());
            return Err(refused(path, kind, &what, "choose another path"));
        }
        if store.as_ref().is_some_and(|store| here.starts_with(store)) {
            let what = "the store goes there";
            return Err(refused(path, kind, what, "choose a path beside it"));
        }
        seen.push((kind, here));
    }
    Ok(())
}

fn refused(path: &Path, kind: Artefact, what: &str, remedy: &str) -> Error {
    let (noun, path) = (kind.noun(), path.display());
    Error::Usage(format!("cannot write the {noun} {path}: {what}; {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_for_two_things_is_refused() {
        let store = Path::new("a.zarr");
        let both = [
            (Artefact::Table, Path::new("./x.parquet")),
            (Artefact::Report, Path::new("x.parquet")),
        ];
        let error = check_distinct(Some(store), &both).unwrap_err().to_string();
        assert!(error.contains("the table goes there"), "{error}");
        let inside = [(Artefact::Report, Path::new("a.zarr/run.json"))];
        let error = check_distinct(Some(store), &inside)
            .unwrap_err()
            .to_string();
        assert!(error.contains("the store goes there"), "{error}");
        let null = Path::new("/dev/null");
        let twice = [(Artefact::Table, null), (Artefact::Report, null)];
        assert_eq!(cfg!(unix), check_distinct(None, &twice).is_ok());
    }
}
