//! All arrays of a store as GeoTIFF, into a folder that waits for its name.
//!
//! Beside `of_store.rs`, for runs that write them with their store: what they are of is whole by then, under a hidden name.

use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::asked::{Format, bands, chosen, why_not};
use super::mark::GEOTIFF;
use super::of_store::{Part, geotiff, readers};
use crate::digest::hex;
use crate::error::{Error, Result, Setting, phrase};
use crate::folders;
use crate::place::sync_folder;
use crate::store::StoreReader;

/// GeoTIFF that was written with a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Geotiffs {
    /// Where they are.
    pub folder: String,
    /// One for each array that has bands.
    pub files: Vec<Geotiff>,
    /// Arrays that are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<NoGeotiff>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Geotiff {
    /// Of the file.
    pub name: String,
    pub bytes: u64,
    /// Of all bytes.
    pub sha256: String,
}

/// An array that is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoGeotiff {
    pub array: String,
    pub why: String,
}

impl fmt::Display for Geotiffs {
    /// How many there are, and which arrays are left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files in {}", self.files.len(), self.folder)?;
        for no in &self.left_out {
            write!(f, "; {} is left out: it {}", no.array, no.why)?;
        }
        Ok(())
    }
}

/// Writes all arrays of a store that have bands into a folder that is there and empty, durably. `named` is the name that the
/// folder will have.
///
/// # Errors
/// A store of no rows and columns; the operating system's.
pub fn into_folder(store: &Path, folder: &Path, named: &Path) -> Result<Geotiffs> {
    let finest = StoreReader::open(store)?;
    let grid = finest.grid().kind.rectilinear();
    let grid = grid.ok_or_else(|| not_a_raster(named, &finest))?;
    let format = Format::Tiffs;
    let (names, left_out) = chosen(&finest, &[], |info| why_not(format, info, bands(info)))?;
    let steps = finest.times();
    let steps: Option<Vec<usize>> = steps.map(|times| (0..times.len() as usize).collect());
    let part = Part {
        region: None,
        steps: steps.as_deref(),
    };
    let readers = readers(store, finest, &grid)?;
    let mut files = Vec::new();
    for name in &names {
        let name_of_file = format!("{name}.tif");
        let path = folder.join(&name_of_file);
        let bytes = geotiff(&readers, &grid, name, part)?;
        let target = named.join(&name_of_file);
        let io = |e| Error::io("write", &target, e);
        let mut file = File::create(&path).map_err(io)?;
        file.write_all(&bytes)
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        files.push(Geotiff {
            name: name_of_file,
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(&bytes)),
        });
    }
    sync_folder(folder).map_err(|e| Error::io("sync", named, e))?;
    let left_out = left_out.into_iter();
    Ok(Geotiffs {
        folder: named.display().to_string(),
        files,
        left_out: left_out
            .map(|(array, why)| NoGeotiff { array, why })
            .collect(),
    })
}

fn not_a_raster(path: &Path, store: &StoreReader) -> Error {
    let message = format!(
        "has cells of {}, and GeoTIFF has rows and columns; make it on a grid of type: rectilinear, which has them, or export the store \
         in a system once it is there",
        store.grid().kind.title()
    );
    Error::store(path, message)
}

/// Whether this is a `GeoTIFF` of icefold, or a folder of them and of nothing else.
pub fn is_geotiff(path: &Path) -> bool {
    let is_one = |file: &Path| file.is_file() && (GEOTIFF.wrote)(file);
    if !path.is_dir() {
        return is_one(path);
    }
    let entries = folders::list(path).unwrap_or_default();
    !entries.is_empty() && entries.iter().all(|entry| is_one(entry))
}

/// Whether a folder can be written, or replaced: there is none, or it is empty, or has nothing but GeoTIFF of icefold and may
/// be replaced.
///
/// # Errors
/// Why it stays.
pub fn check_folder(folder: &Path, overwrite: bool) -> Result<()> {
    let refused = |why: String| {
        Err(Error::argument(phrase![
            Setting::Geotiff.to(folder.display()),
            why
        ]))
    };
    let Ok(found) = fs::symlink_metadata(folder) else {
        return Ok(());
    };
    if !found.is_dir() {
        return refused(" is no folder; name one for the files".to_owned());
    }
    let entries = folders::list(folder).map_err(|e| Error::io("list", folder, e))?;
    for entry in &entries {
        let is_file = fs::symlink_metadata(entry).is_ok_and(|found| found.is_file());
        if !(is_file && (GEOTIFF.wrote)(entry)) {
            return refused(format!(
                " holds {}, which is no GeoTIFF of icefold, and is not replaced; name another folder",
                folders::name(entry)
            ));
        }
    }
    if !entries.is_empty() && !overwrite {
        return Err(Error::argument(phrase![
            Setting::Geotiff.to(folder.display()),
            " has files already"
        ])
        .with_remedy(phrase![Setting::Overwrite.set(), " to replace them"]));
    }
    let real = fs::canonicalize(folder).map_err(|e| Error::io("look at", folder, e))?;
    let here = std::env::current_dir().and_then(fs::canonicalize);
    if here.is_ok_and(|here| here.starts_with(&real)) {
        return refused(
            " is the working directory or holds it, and is not replaced; go elsewhere".to_owned(),
        );
    }
    Ok(())
}
