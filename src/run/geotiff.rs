//! GeoTIFF beside a store: made of it before it has its name, and named together with it.
//!
//! So the files are there where the store is, whole, or neither is.

use std::path::{Path, PathBuf};

use crate::digest::of_file;
use crate::error::{Action, Error, Result, Setting, phrase};
use crate::export::{Geotiff, Geotiffs, check_folder, into_folder};
use crate::folders;
use crate::grid::Grid;
use crate::place::{FolderPlace, Step, check_outside};
use crate::store::Layout;

/// That a store of this grid has such files, and a run is there to write them.
///
/// # Errors
/// A grid without rows and columns; a run that writes no store.
pub(super) fn check_asked(folder: &Path, grid: Grid, layout: Layout, part: bool) -> Result<()> {
    if grid.rectilinear().is_none() || layout != Layout::RASTER {
        return Err(Error::argument(phrase![
            Setting::Geotiff.to(folder.display()),
            format!(
                " is for rows and columns, and the store has cells of {}; choose a grid of type: rectilinear, whose layout is \
                 raster",
                grid.title()
            )
        ]));
    }
    if part {
        return Err(Error::argument(phrase![
            Setting::Geotiff,
            " is written with the store, and ",
            Setting::Shards,
            " writes pieces of one"
        ])
        .with_remedy(phrase!["give ", Setting::Geotiff, " to ", Action::Finalize]));
    }
    Ok(())
}

/// That the folder can be written, and that neither the store nor a file beside it goes there.
///
/// # Errors
/// Why not.
pub(super) fn check_place(
    folder: &Path,
    store: &Path,
    files: &[&Path],
    overwrite: bool,
) -> Result<()> {
    check_outside(folder, "folder of GeoTIFF")?;
    let plain = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let here = plain(folder);
    let in_the_way = files
        .iter()
        .copied()
        .chain([store])
        .find(|path| plain(path).starts_with(&here));
    let in_the_way = in_the_way.or_else(|| here.starts_with(plain(store)).then_some(store));
    if let Some(other) = in_the_way {
        return Err(Error::argument(phrase![
            Setting::Geotiff.to(folder.display()),
            format!(
                ": {} goes there, too; name a folder for the files alone",
                other.display()
            )
        ]));
    }
    check_folder(folder, overwrite)
}

/// Makes the files of a store that waits for its name, to be named right before it.
///
/// # Errors
/// As [`into_folder`]; nothing is left.
pub(super) fn add(steps: &mut Vec<Step>, folder: Option<&Path>) -> Result<Option<Geotiffs>> {
    let Some(folder) = folder else {
        return Ok(None);
    };
    let whole = steps
        .iter()
        .enumerate()
        .find_map(|(place, step)| match step {
            Step::Folder(store) => Some((place, store.partial().to_path_buf())),
            _ => None,
        });
    let (place, store): (usize, PathBuf) =
        whole.ok_or_else(|| Error::gate("there is no store to make GeoTIFF of".to_owned()))?;
    let files = FolderPlace::create(folder)?;
    let written = into_folder(&store, files.partial(), folder)?;
    steps.insert(place, Step::Folder(files));
    Ok(Some(written))
}

/// Makes the files of a store that stands already, where they are not there.
///
/// # Errors
/// As [`into_folder`], and a folder that has other files; nothing is left.
pub(super) fn of_standing(store: &Path, folder: Option<&Path>) -> Result<()> {
    let Some(folder) = folder else {
        return Ok(());
    };
    // It has none, or only such as icefold wrote.
    check_folder(folder, true)?;
    let files = FolderPlace::create(folder)?;
    let written = into_folder(store, files.partial(), folder)?;
    let there = folders::list(folder).map_or(0, |entries| entries.len());
    if there == 0 {
        return files.publish();
    }
    let is_same = |file: &Geotiff| {
        of_file(&folder.join(&file.name)).is_ok_and(|(_, sha256)| sha256 == file.sha256)
    };
    if there == written.files.len() && written.files.iter().all(is_same) {
        return Ok(());
    }
    Err(Error::argument(phrase![
        Setting::Geotiff.to(folder.display()),
        format!(
            " has other files than those of {}, which stands already; remove the folder, or name another",
            store.display()
        )
    ]))
}
