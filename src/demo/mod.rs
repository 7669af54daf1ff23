//! Synthetic granules for `icefold demo` and for tests: laid out as ATL03 and ATL06, invented in content.
//!
//! Before the line: what is made here is then read like any granule. `orbit.rs` says where photons are and
//! `surface.rs` how high; `track.rs` draws them, and `file.rs` writes them. `land_ice.rs` makes heights of land ice over the
//! glacier of `basin.rs`. A recipe gives the same photons
//! on every machine: the generator is seeded, each ground track has its own stream, and only exact IEEE
//! operations and `libm` are used.
//!
//! Like real granules, these hold what a reader must cope with: geolocation segments without photons at both
//! ends and under clouds, transmitter echo photons, background noise, segments without an elevation model,
//! latitudes beyond the pole (three photons in each granule), an absent ground track and one without photons.

mod basin;
mod file;
mod land_ice;
mod orbit;
mod random;
mod surface;
mod track;

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::place::{begin, create_folders, end, hidden, sync_parent};
use crate::text::condensed;
use crate::{Error, Result};
use file::GranuleWriter;
use orbit::{Pass, stamp};
use random::Random;
use track::{BEAMS, Beam, Track, clear_segments};

/// The ground track and the rows whose latitude lies beyond the pole, in each granule.
const SPOILED: (&str, [usize; 3]) = ("gt2r", [100, 101, 102]);
/// The granule without a ground track, and that ground track.
const ABSENT: (u32, &str) = (1, "gt3r");
/// The granule with a ground track without photons, and that ground track.
const EMPTY: (u32, &str) = (2, "gt1l");

/// What a granule of photons says it is.
const TITLE: &str = "synthetic photons in the layout of ATL03, not observations";

/// How much to make.
///
/// ```
/// use icefold::demo::Recipe;
///
/// let small = Recipe { granules: 1, segments_per_track: 200, ..Recipe::default() };
/// assert!(small.segments_per_track < Recipe::default().segments_per_track);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Number of granules; each crosses its neighbours if its arc is long enough.
    pub granules: u32,
    /// Geolocation segments of 20 m in each ground track.
    pub segments_per_track: u32,
    pub seed: u64,
}

impl Default for Recipe {
    /// The demo: four granules of 900 km, about two million photons.
    fn default() -> Self {
        Self {
            granules: 4,
            segments_per_track: 45_000,
            seed: 1,
        }
    }
}

/// Writes the demo's granules to `dir` and returns their paths in order of time.
///
/// ```no_run
/// # fn main() -> icefold::Result<()> {
/// let granules = icefold::demo::write_granules("granules".as_ref())?;
/// assert_eq!(granules.len(), 4);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where the folder or a file cannot be written.
pub fn write_granules(dir: &Path) -> Result<Vec<PathBuf>> {
    write_granules_with(dir, &Recipe::default())
}

/// Writes the granules of `recipe` to `dir`, which is created; granules of an earlier demo are replaced.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::demo::{Recipe, write_granules_with};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let recipe = Recipe { granules: 2, segments_per_track: 20, seed: 7 };
/// let granules = write_granules_with(folder.path(), &recipe)?;
/// assert!(granules.iter().all(|granule| granule.is_file()));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where the folder or a file cannot be written.
pub fn write_granules_with(dir: &Path, recipe: &Recipe) -> Result<Vec<PathBuf>> {
    create_folders(dir).map_err(|e| Error::io("create", dir, e))?;
    (0..recipe.granules)
        .map(|granule| {
            let pass = Pass::new(u64::from(granule), recipe.segments_per_track);
            let name = format!(
                "ATL03_{}_{:04}0104_006_01.h5",
                stamp(pass.start),
                pass.ground_track
            );
            let tracks = make_tracks(recipe, granule, &pass);
            write_whole(dir, &name, |path| write_granule(path, &tracks))
        })
        .collect()
}

/// The config of the demo's land ice, for its granules or real ones.
#[doc(hidden)]
pub const LAND_ICE: &str = include_str!("land_ice.yaml");

/// The outline of the demo's basin, as GeoJSON.
#[doc(hidden)]
pub fn basin() -> String {
    basin::geojson()
}

/// Writes granules of ATL06 over the demo's basin to `dir` and returns their paths in order of time.
///
/// # Errors
/// Where the folder or a file cannot be written.
#[doc(hidden)]
pub fn write_land_ice(dir: &Path) -> Result<Vec<PathBuf>> {
    create_folders(dir).map_err(|e| Error::io("create", dir, e))?;
    land_ice::write(dir, Recipe::default().seed)
}

/// Writes one granule beside its name, and gives it the name when it is whole.
fn write_whole(
    dir: &Path,
    name: &str,
    write: impl FnOnce(&Path) -> hdf5::Result<()>,
) -> Result<PathBuf> {
    let path = dir.join(name);
    spare(&path, name)?;
    let partial = hidden(&path, "partial");
    begin(&partial);
    let written = write(&partial).map_err(|e| not_written(&partial, (&path, name), &e));
    end(&partial);
    written?;
    publish(&partial, &path).map_err(|e| Error::io("write", &path, e))?;
    Ok(path)
}

/// Only a granule that is synthetic itself is written over.
fn spare(path: &Path, name: &str) -> Result<()> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let source = hdf5::File::open(path).and_then(|file| {
        let source = file.attr("source")?;
        source.read_scalar::<hdf5::types::FixedAscii<64>>()
    });
    if source.is_ok_and(|source| source.as_str() == "synthetic") {
        return Ok(());
    }
    let message = format!(
        "cannot write {}: a file is there that is none of a demo; choose another folder",
        path.display()
    );
    Err(Error::granule(name, message))
}

/// Makes a whole granule durable and gives it its name.
fn publish(partial: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::File::open(partial)?.sync_all()?;
    std::fs::rename(partial, path)?;
    sync_parent(path)
}

/// A granule that could not be written is taken away: half of one looks like a granule.
fn not_written(partial: &Path, (path, name): (&Path, &str), error: &hdf5::Error) -> Error {
    let _ = std::fs::remove_file(partial);
    let text = error.to_string();
    // Of a page of addresses, what the operating system said.
    let said = text.split_once("error message = '");
    let said = said.and_then(|(_, rest)| rest.split_once('\''));
    let message = format!(
        "cannot write {}: {}; free space there or choose another folder",
        path.display(),
        said.map_or_else(|| condensed(error), |(reason, _)| reason.to_owned())
    );
    Error::granule(name, message)
}

fn make_tracks(recipe: &Recipe, granule: u32, pass: &Pass) -> Vec<(Beam, Track)> {
    let path = u64::from(granule);
    // Clouds hide the same segments from all beams.
    let mut clouds = Random::stream(recipe.seed, &[path]);
    let clear = clear_segments(recipe.segments_per_track, &mut clouds);
    BEAMS
        .par_iter()
        .filter(|beam| (granule, beam.name) != ABSENT)
        .map(|&beam| {
            let mut random = Random::stream(recipe.seed, &[path, u64::from(beam.spot)]);
            let mut track = Track::make(pass, beam, &clear, &mut random);
            if beam.name == SPOILED.0 {
                track.spoil(&SPOILED.1);
            }
            if (granule, beam.name) == EMPTY {
                track = track.emptied();
            }
            (beam, track)
        })
        .collect()
}

fn write_granule(path: &Path, tracks: &[(Beam, Track)]) -> hdf5::Result<()> {
    let writer = GranuleWriter::create(path, "ATL03", TITLE)?;
    for (beam, track) in tracks {
        writer.write(*beam, track)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Recipe {
        Recipe {
            granules: 3,
            segments_per_track: 200,
            seed: 1,
        }
    }

    #[test]
    fn granules_have_the_layout_of_the_product() {
        let dir = tempfile::tempdir().unwrap();
        let paths = write_granules_with(dir.path(), &small()).unwrap();
        assert_eq!(paths.len(), 3);
        assert_eq!(
            paths[0].file_name().unwrap(),
            "ATL03_20200101000000_00010104_006_01.h5"
        );
        let file = hdf5::File::open(&paths[1]).unwrap();
        assert!(file.group("gt3r").is_err());
        let rows = file.dataset("gt1r/heights/lat_ph").unwrap().size();
        let confidence = file.dataset("gt1r/heights/signal_conf_ph").unwrap();
        assert_eq!(confidence.shape(), [rows, 5]);
        assert_eq!(confidence.chunk(), Some(vec![10_000, 5]));
        assert_eq!(
            confidence.filters(),
            [
                hdf5::filters::Filter::Shuffle,
                hdf5::filters::Filter::Deflate(6)
            ]
        );
        let lat = file
            .dataset("gt2r/heights/lat_ph")
            .unwrap()
            .read_raw::<f64>()
            .unwrap();
        assert_eq!(lat.iter().filter(|&&lat| lat > 90.0).count(), 3);
        let file = hdf5::File::open(&paths[2]).unwrap();
        assert_eq!(file.dataset("gt1l/heights/h_ph").unwrap().size(), 0);
    }

    #[test]
    fn a_recipe_gives_the_same_bytes_and_a_seed_other_photons() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = |name: &str, seed: u64| {
            let recipe = Recipe {
                granules: 1,
                seed,
                ..small()
            };
            let paths = write_granules_with(&dir.path().join(name), &recipe).unwrap();
            std::fs::read(&paths[0]).unwrap()
        };
        let first = bytes("first", 1);
        assert_eq!(first, bytes("second", 1));
        assert_ne!(first, bytes("third", 2));
    }
}
