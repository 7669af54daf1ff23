//! The library as its callers meet it: runs, maps, pieces, comparisons and inspections as values; and the examples.

mod arrays;
mod bad_granule;
mod bad_target;
mod built_in;
mod columns;
mod columns_of_datasets;
mod conditions;
mod configs;
mod csv;
mod damaged_tables;
mod digests;
pub(crate) mod documents;
mod error_table;
mod examples;
mod folders;
mod foreign;
mod from_code;
mod full_sphere;
mod generations;
mod geotiff_runs;
mod grows;
mod grows_held;
mod grows_kinds;
mod hive;
mod idle_keys;
mod index_files;
mod index_times;
mod index_updates;
mod indexes;
mod inspections;
mod joins;
mod joins_mapped;
mod joins_settled;
mod looked_at;
mod map_says;
mod maps;
mod named_values;
mod nothing_kept;
mod overviews;
mod parquet_maps;
mod pieces;
mod plan;
mod plan_time;
mod points;
mod profiles;
mod provenance;
mod provenance_said;
mod raster_ways;
mod rasters;
mod refusals;
mod region_files;
mod regions;
mod reports;
mod resume_granules;
mod runs;
mod said;
mod schema;
mod shard_maps;
mod step_axis;
mod step_regions;
mod step_tables;
mod steps;
mod storage;
mod stores;
mod table_out;
mod table_types;
mod tables;
mod targets;
mod texts;
mod told;
mod tolerant;
mod trends;
mod units;
mod vectors;
mod verify_rest;
mod watches;
mod zagg_files;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use icefold::config::{self, Config};
use icefold::demo::{Recipe, write_granules_with};
use icefold::watch::ToRead;
use icefold::{Granules, Note, Outcome, Run, Watch};
use tempfile::TempDir;

use crate::support::folder;

/// A folder with synthetic granules in `granules`.
struct Site {
    folder: TempDir,
    granules: Vec<PathBuf>,
}

impl Site {
    /// So many granules of some thousand photons.
    fn of(granules: u32) -> Self {
        let folder = folder();
        let recipe = Recipe {
            granules,
            segments_per_track: 400,
            seed: 1,
        };
        let granules = write_granules_with(&folder.path().join("granules"), &recipe).unwrap();
        Self { folder, granules }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn all(&self) -> Granules {
        Granules::found_in(self.path("granules")).unwrap()
    }

    /// A run over all granules into `a.zarr`.
    fn run(&self) -> Run<'static> {
        self.run_to("a.zarr")
    }

    fn run_to(&self, store: &str) -> Run<'static> {
        let run = Run::new(atl03(), self.all());
        run.into_store(self.path(store)).threads(2)
    }

    /// A granule of which the end is missing, among the others.
    fn damaged(&self) -> PathBuf {
        let path = self.path("granules/ATL03_20200101000000_12340104_006_01.h5");
        let bytes = std::fs::read(&self.granules[0]).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        path
    }

    /// Sorted names in the folder, hidden ones too, but for the granules.
    fn written(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != "granules")
            .collect();
        names.sort();
        names
    }
}

fn atl03() -> Config {
    config::load("atl03").unwrap()
}

/// The content hash of the store that a run wrote.
fn content(outcome: &Outcome) -> String {
    let report = &outcome.done().expect("something was done").report;
    report.content_sha256.clone().expect("a store was written")
}

/// Keeps all that it is told, and stops after so many photons.
#[derive(Debug, Default)]
struct Ears {
    told: Mutex<Vec<String>>,
    notes: Mutex<Vec<Note>>,
    photons: AtomicU64,
    enough: Option<u64>,
}

impl Ears {
    fn tell(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.lock().unwrap().clone()
    }
}

impl Watch for Ears {
    fn begin(&self, granules: &[ToRead]) {
        assert!(granules.iter().all(|granule| granule.path.exists()));
        self.tell(format!("begin {}", granules.len()));
    }

    fn batch(&self, _granule: &str, photons: usize, share: f64) {
        assert!((0.0..=1.0).contains(&share), "{share}");
        self.photons.fetch_add(photons as u64, Ordering::Relaxed);
    }

    fn granule_done(&self, name: &str, _photons: u64) {
        self.tell(format!("done {name}"));
    }

    fn granule_left_out(&self, name: &str) {
        self.tell(format!("left out {name}"));
    }

    fn end(&self) {
        self.tell("end".to_owned());
    }

    fn note(&self, note: Note) {
        self.notes.lock().unwrap().push(note);
    }

    fn stop(&self) -> bool {
        let read = self.photons.load(Ordering::Relaxed);
        self.enough.is_some_and(|enough| read >= enough)
    }
}

/// The file name of a path.
fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}
