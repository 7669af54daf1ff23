//! What is at the place where a file is to go, and whether the file may go there.
//!
//! If nothing is, the file grows beside and is renamed. A file of the same kind that icefold wrote, which its
//! content tells, or an empty one is replaced. A device or a pipe is written through. Anything else stays as
//! it is.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::inputs::Inputs;
use super::inside::check_outside;
use super::sync::parent;
use crate::error::{Error, Object, Result, Setting, phrase};

/// A kind of file that icefold writes for its users; each is declared where such files are known again.
#[derive(Debug, Clone, Copy)]
pub struct Artefact {
    /// What messages call it.
    pub noun: &'static str,
    /// Whether one that exists is replaced only with `--overwrite`.
    pub needs_flag: bool,
    pub folder: Folder,
    /// Whether a file is one of this kind that icefold wrote.
    pub wrote: fn(&Path) -> bool,
}

/// What becomes of the folder of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// It has to be there.
    There,
    /// It is the store's, and made with that.
    Stores,
    /// It is made.
    Made,
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
    check_outside(&target, kind.noun)?;
    if !parent(&target).is_dir() {
        if kind.folder == Folder::There {
            let missing = std::io::Error::new(ErrorKind::NotFound, "there is no such folder");
            return Err(Error::io("write", path, missing));
        }
        // It is made with the file, or with the store.
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
        return Err(Error::argument(format!(
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
    if kind.needs_flag && !overwrite {
        let message = format!("{} {} exists", kind.noun, path.display());
        return Err(Error::argument(message)
            .about(Object::File(path.into()))
            .with_remedy(phrase![Setting::Overwrite.set(), " to replace it"]));
    }
    if found.len() > 0 && !(kind.wrote)(&target) {
        let what = format!("a file is there that is no {} of icefold", kind.noun);
        return refuse(&what, "choose another path, or move that file away");
    }
    Ok(Way::Beside(target))
}

/// Whether what is written to a path goes straight into a device or a pipe.
pub fn writes_through(path: &Path) -> bool {
    let found = fs::metadata(path);
    is_of_the_system(path) || found.is_ok_and(|found| takes_what_comes(&found))
}

/// Names that lead to whatever the process was started with, such as `/dev/stdout`, which may be a file. Other
/// names in `/dev` are those of devices, or, as in `/dev/shm`, of files like any others.
fn is_of_the_system(path: &Path) -> bool {
    let tops = [
        "/proc",
        "/dev/fd",
        "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr",
    ];
    cfg!(unix) && tops.iter().any(|top| path.starts_with(top))
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
        if writes_through(path) {
            continue;
        }
        let here = plain(path);
        if let Some((other, _)) = seen.iter().find(|(_, other)| *other == here) {
            let what = format!("the {} goes there", other.noun);
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
    let (noun, path) = (kind.noun, path.display());
    Error::argument(format!("cannot write the {noun} {path}: {what}; {remedy}"))
}

/// Kinds of files for tests: any file is one of theirs.
#[cfg(test)]
pub(super) mod kinds {
    use super::{Artefact, Folder};

    pub const REPORT: Artefact = Artefact {
        noun: "run report",
        needs_flag: false,
        folder: Folder::Stores,
        wrote: |_| true,
    };
    pub const TABLE: Artefact = Artefact {
        noun: "table",
        needs_flag: true,
        folder: Folder::Made,
        wrote: |_| true,
    };
}

#[cfg(test)]
mod tests {
    use super::kinds::{REPORT, TABLE};
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn files_in_memory_are_files_and_what_a_program_has_open_is_not() {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = folder.path().join("run.json");
        fs::write(&path, "{}").unwrap();
        let target = path.canonicalize().unwrap();
        assert_eq!(way(&path, REPORT, true).unwrap(), Way::Beside(target));
        assert!(!writes_through(&path));
        for through in ["/dev/null", "/dev/stdout", "/proc/self/fd/1", "/dev/fd/2"] {
            assert!(writes_through(Path::new(through)), "{through}");
        }
    }

    #[test]
    fn one_path_for_two_things_is_refused() {
        let store = Path::new("a.zarr");
        let both = [
            (TABLE, Path::new("./x.parquet")),
            (REPORT, Path::new("x.parquet")),
        ];
        let error = check_distinct(Some(store), &both).unwrap_err().to_string();
        assert!(error.contains("the table goes there"), "{error}");
        let inside = [(REPORT, Path::new("a.zarr/run.json"))];
        let error = check_distinct(Some(store), &inside)
            .unwrap_err()
            .to_string();
        assert!(error.contains("the store goes there"), "{error}");
        let null = Path::new("/dev/null");
        let twice = [(TABLE, null), (REPORT, null)];
        assert_eq!(cfg!(unix), check_distinct(None, &twice).is_ok());
    }
}
