//! Sums that have to balance on the line, each made wrong by hand: a defect is an error, never a store.

use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::backend::DeviceChoice;
use crate::finalize::{StoreSchema, schema};
use crate::photon::{Column, ColumnType, Dtype, Load, Origin, Rows, SourceColumn, Values};
use crate::piece::{Asked, Pieces};
use crate::plan::{Found, GranulePath, ListedShard, ShardMap};
use crate::read::StillOpen;
use crate::store::Layout;
use crate::watch::Unwatched;

const YAML: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h"}
aggregation:
  variables:
    h_mean: {function: mean, source: h, dtype: float64}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;

/// The shard of the photons of `batch`.
const SHARD: u64 = 16140;

/// What runs need, over one granule that has four photons.
struct Site {
    folder: TempDir,
    config: Config,
    survey: Survey,
    device: Device,
}

impl Site {
    fn new() -> Self {
        let config = crate::config::parse_yaml("test", YAML).unwrap();
        let columns = vec![SourceColumn {
            name: "h".to_owned(),
            column_type: ColumnType::F64,
            dtype: Dtype::F64,
            units: None,
            long_name: None,
        }];
        let job = Job::new(&config, &columns);
        let schema: StoreSchema = schema(&config, &job, &columns).unwrap();
        let survey = Survey {
            granules: vec![granule("a.h5")],
            failed: Vec::new(),
            types: vec![ColumnType::F64],
            columns,
            job,
            schema,
            listed: Some(vec![listed(SHARD, &[0], &[])]),
            drift: Vec::new(),
            conventions: Vec::new(),
            rows: 4,
            chunk_bytes: 0,
            load: Load::default(),
            open: StillOpen::default(),
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            config,
            survey,
            device: Device::open(&DeviceChoice::Cpu, 1).unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs what stands on a line that keeps everything in memory.
    fn on_a_line<T>(&self, work: impl FnOnce(&mut Line) -> T) -> T {
        let (errors, spill) = (self.path("errors.parquet"), self.path("spill"));
        let options = Options {
            batch_rows: 10,
            tolerant: false,
            table: None,
            errors: &errors,
            partials: 1 << 20,
            columns: 0,
            spill: &spill,
            pieces: None,
            checkpoints: None,
            carried: None,
            watch: &Unwatched,
        };
        let job = &self.survey.job;
        let mut line = Line {
            config: &self.config,
            grid: self.config.grid,
            job,
            device: &self.device,
            options: &options,
            derivation: Derivation::default(),
            memory: None,
            room: Err("batches are given".to_owned()),
            partials: RunPartials::new(&self.config.grid, job, options.partials, &spill),
            tally: Tally::default(),
            errors: Errors::new(&options),
            files: BTreeMap::new(),
            added: BTreeMap::new(),
            again: Again::default(),
            pieces: None,
        };
        work(&mut line)
    }

    /// Pieces of which none is done.
    fn pieces(&self) -> Pieces {
        let map = ShardMap {
            path: self.path("map.json"),
            metadata: serde_json::Map::new(),
            signature: None,
            order: Some(self.config.grid.shard_order),
            shards: Vec::new(),
            granules: Vec::new(),
            unused: Vec::new(),
            aoi_mask: None,
        };
        let asked = Asked {
            config: &self.config,
            map: &map,
            overviews: &[],
            layout: Layout::CELLS,
        };
        let found = Found {
            columns: self.survey.columns.clone(),
            failed: Vec::new(),
            drift: Vec::new(),
            conventions: Vec::new(),
            rows: 4,
            chunk_bytes: 0,
            load: Load::default(),
        };
        let folder = self.path("out.zarr.pieces");
        std::fs::create_dir(&folder).unwrap();
        Pieces::begin(&folder, &asked, asked.manifest(found)).unwrap()
    }
}

fn granule(name: &str) -> GranulePath {
    GranulePath::alone(name.as_ref())
}

fn listed(id: u64, granules: &[usize], absent: &[&str]) -> ListedShard {
    ListedShard {
        id,
        granules: granules.to_vec(),
        absent: absent.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// Four photons of one cell.
fn batch() -> PhotonBatch {
    PhotonBatch {
        origin: Origin {
            granule: "a.h5".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..4),
        },
        step: 0,
        lon: vec![-45.0; 4].into(),
        lat: vec![70.0; 4].into(),
        columns: vec![Column {
            values: Values::F64(vec![1.0, 2.0, 3.0, 4.0].into()),
            nulls: None,
        }],
    }
}

/// What the reader says of a granule.
fn report(kept: u64) -> GranuleReport {
    GranuleReport {
        name: "a.h5".to_owned(),
        file_bytes: 1,
        counts: Counts {
            read: kept,
            kept,
            ..Counts::default()
        },
        remainders: BTreeMap::new(),
        ground_tracks: Vec::new(),
        joins: Vec::new(),
        warnings: Vec::new(),
        rows_not_stored: 0,
        cost: crate::read::ReadCost::default(),
        says: crate::read::Says::default(),
    }
}

#[test]
fn what_is_read_again_is_all_that_has_to_be() {
    let site = Site::new();
    let again = |names: &[&str]| {
        let again = Again {
            shards: [SHARD].into(),
            granules: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        Schedule::within(&site.survey, &again)
    };
    assert_eq!(again(&["a.h5"]).unwrap().take_granules().len(), 1);
    let error = again(&["a.h5", "b.h5"]).unwrap_err().to_string();
    assert!(error.contains("b.h5: is to be read again"), "{error}");
}

#[test]
fn a_granule_of_which_other_photons_are_merged_than_were_kept_is_a_defect() {
    let close = |kept: u64| {
        Site::new().on_a_line(|line| {
            let mut granule = Granule::default();
            line.take(batch(), &mut granule).unwrap();
            let closed = line.close(granule, report(kept), &[]);
            closed.map_err(|error| error.to_string())
        })
    };
    assert_eq!(close(4), Ok(()));
    for kept in [3, 5] {
        let error = close(kept).unwrap_err();
        let says =
            format!("granule a.h5: {kept} photons kept and 4 merged: the sums do not balance");
        assert!(error.contains(&says), "{error}");
    }
}

#[test]
fn partials_with_values_out_of_range_are_not_taken_a_second_time() {
    let site = Site::new();
    let job = &site.survey.job;
    let partials = site
        .device
        .fold(&batch(), &site.config.grid, job, &mut StageTimes::default());
    let mut partials = partials.unwrap();
    assert!(accept::all_in_range(job, &partials).is_ok());
    partials.columns[0].out_of_range = 2;
    let error = accept::all_in_range(job, &partials)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("2 values of column h are out of range after rejecting those that were"),
        "{error}"
    );
}

#[test]
fn a_piece_with_other_photons_than_its_granules_added_is_a_defect() {
    let write = |added: u64| {
        let site = Site::new();
        let pieces = site.pieces();
        let (job, schema) = (&site.survey.job, &site.survey.schema);
        let grid = &site.config.grid;
        let mut partials = RunPartials::new(grid, job, 1 << 20, &site.path("spill"));
        let mut times = StageTimes::default();
        let folded = site.device.fold(&batch(), grid, job, &mut times).unwrap();
        partials.add(&folded).unwrap();
        assert_eq!(partials.commit().unwrap(), BTreeMap::from([(SHARD, 4)]));
        let mut line = PieceLine::new(&pieces, Finish { job, schema }, &site.survey);
        line.read("a.h5", &[SHARD], &BTreeMap::from([(SHARD, added)]));
        let written = line.write(SHARD, &mut partials, &mut Tally::default());
        written.map_err(|error| error.to_string())
    };
    assert_eq!(write(4), Ok(()));
    for added in [3, 5] {
        let error = write(added).unwrap_err();
        let says =
            format!("shard {SHARD}: granules added {added} photons to it and 4 were finished");
        assert!(error.contains(&says), "{error}");
    }
}

#[test]
fn a_survey_of_some_shards_has_their_granules_and_those_that_they_miss() {
    let mut survey = Site::new().survey;
    survey.granules = ["a.h5", "b.h5", "c.h5", "d.h5"].map(granule).to_vec();
    let failed = |name: &str| Failed {
        granule: name.to_owned(),
        reason: "it cannot be opened".to_owned(),
    };
    survey.failed = vec![failed("x.h5"), failed("y.h5")];
    survey.listed = Some(vec![
        listed(7, &[0, 1], &["x.h5"]),
        listed(8, &[3, 1], &["y.h5"]),
        listed(9, &[2], &[]),
        listed(10, &[], &[]),
    ]);
    survey.retain_shards(|shard| shard == 8 || shard == 10);
    assert_eq!(survey.granules, ["b.h5", "d.h5"].map(granule));
    let left = vec![listed(8, &[1, 0], &["y.h5"]), listed(10, &[], &[])];
    assert_eq!(survey.listed.as_ref(), Some(&left));
    assert_eq!(survey.failed, [failed("y.h5")]);
    // A run over granules themselves has no shards to choose from.
    survey.listed = None;
    survey.retain_shards(|_| false);
    assert_eq!(survey.granules.len(), 2);
    assert_eq!(survey.failed.len(), 1);
}
