//! Granules read through libhdf5: real files against h5py's own numbers, and every layout and
//! damage that a file can have.

mod agreement;
mod codecs;
mod compared;
mod damage;
mod elsewhere;
mod layouts;
mod links;
mod meaning;
mod pruning;
mod real;
mod refusals;
mod storage;
mod synthetic;

use std::path::Path;

use icefold::config::{
    Access, CellPolicy, Config, DuplicatePolicy, Filter, FilterOp, GranuleKind, GridConfig, Link,
    NanPolicy, NullPolicy, ValidRangePolicy, Variable,
};
use icefold::error::Kind;
use icefold::grid::{Latitude, Order};
use icefold::photon::Counts;
use icefold::photon::{ColumnType, PhotonBatch, Values};
use icefold::read::hdf5::{GranuleFile, Reader};

const GROUND_TRACKS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

/// A config that reads `variables` of the base level `level` and filters nothing.
fn config(level: &str, coordinates: [&str; 2], variables: &[&str]) -> Config {
    let path = |name: &str| format!("/{{group}}/{level}/{name}");
    let order = |n| Order::new(n).unwrap();
    Config {
        product: None,
        granules: GranuleKind::Hdf5,
        name: "test".into(),
        sha256: String::new(),
        text: String::new(),
        ground_tracks: GROUND_TRACKS.map(str::to_owned).to_vec(),
        beams: None,
        latitude: path(coordinates[0]),
        longitude: path(coordinates[1]),
        types: Vec::new(),
        variables: variables
            .iter()
            .map(|name| variable(name, &path(name), false))
            .collect(),
        filters: Vec::new(),
        conditions: Vec::new(),
        axis: None,
        said: Vec::new(),
        region: None,
        link: None,
        joins: Vec::new(),
        outputs: Vec::new(),
        grid: GridConfig {
            shard_order: order(6),
            chunk_order: None,
            cell_order: order(12),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        },
        cells: CellPolicy::Occupied,
        nan: NanPolicy::Propagate,
        nulls: NullPolicy::Exclude,
        valid_range: ValidRangePolicy::Exclude,
        duplicates: DuplicatePolicy::KeepLatest,
        store: None,
        store_layout: None,
        catalog: None,
        points: None,
        access: Access::default(),
        changed: Vec::new(),
        origins: std::collections::BTreeMap::new(),
        idle: Vec::new(),
    }
}

fn atl03(variables: &[&str]) -> Config {
    config("heights", ["lat_ph", "lon_ph"], variables)
}

fn atl06(variables: &[&str]) -> Config {
    config("land_ice_segments", ["latitude", "longitude"], variables)
}

fn variable(name: &str, path: &str, per_segment: bool) -> Variable {
    Variable {
        name: name.into(),
        path: path.into(),
        column: None,
        cycle: None,
        resolution: None,
        per_segment,
        join: None,
    }
}

fn filter(dataset: &str, column: Option<usize>, op: FilterOp, value: f64) -> Filter {
    Filter {
        moment: None,
        per_segment: false,
        dataset: format!("/{{group}}/{dataset}"),
        column,
        op,
        values: vec![value],
        words: Vec::new(),
        keep: true,
    }
}

fn link() -> Link {
    Link {
        level: "segments".into(),
        path: "/{group}/geolocation".into(),
        index_beg: "/{group}/geolocation/ph_index_beg".into(),
        count: "/{group}/geolocation/segment_ph_cnt".into(),
        index_base: 1,
        latitude: None,
        longitude: None,
    }
}

/// A granule read to its end.
struct Whole {
    /// Name and rows of each ground track with data, in order, with its status.
    tracks: Vec<(String, &'static str, u64)>,
    photons: Vec<Photon>,
    counts: Counts,
    warnings: Vec<String>,
    bytes_read: u64,
}

/// One photon with the bits of its values, so that NaN equals itself.
#[derive(Debug, Clone, PartialEq)]
struct Photon {
    ground_track: String,
    row: u64,
    lon: u64,
    lat: u64,
    /// `None`: null.
    values: Vec<Option<u64>>,
}

fn photons_of(batch: &PhotonBatch) -> impl Iterator<Item = Photon> + '_ {
    (0..batch.len()).map(|i| Photon {
        ground_track: batch.origin.ground_track.to_string(),
        row: batch.origin.rows.get(i),
        lon: batch.lon[i].to_bits(),
        lat: batch.lat[i].to_bits(),
        values: batch
            .columns
            .iter()
            .map(|column| {
                let bits = match &column.values {
                    Values::F32(v) => u64::from(v[i].to_bits()),
                    Values::F64(v) => v[i].to_bits(),
                    Values::I64(v) => v[i].cast_unsigned(),
                };
                column.is_valid(i).then_some(bits)
            })
            .collect(),
    })
}

/// Reads a granule, checking what holds after every batch.
fn read(path: &Path, config: &Config, batch_rows: usize) -> icefold::Result<Whole> {
    let granule = GranuleFile::open_with(path, &config.access)?;
    let types: Vec<ColumnType> = match granule.source_columns(config)? {
        Some(columns) => columns.iter().map(|c| c.column_type).collect(),
        None => vec![ColumnType::F64; config.variables.len()],
    };
    read_as(&granule, config, &types, batch_rows)
}

fn read_as(
    granule: &GranuleFile,
    config: &Config,
    types: &[ColumnType],
    batch_rows: usize,
) -> icefold::Result<Whole> {
    let mut reader = Reader::open(granule, config, types, batch_rows)?;
    let mut photons = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        assert!(!batch.is_empty() && batch.len() <= batch_rows);
        assert_eq!(&*batch.origin.granule, granule.name());
        assert_eq!(batch.columns.len(), types.len());
        for (column, wanted) in batch.columns.iter().zip(types) {
            assert_eq!(column.values.column_type(), *wanted);
            assert_eq!(column.values.len(), batch.len());
        }
        photons.extend(photons_of(&batch));
        let counts = reader.counts();
        assert_eq!(
            counts.read,
            counts.kept + counts.rejected.values().sum::<u64>()
        );
        assert_eq!(counts.kept, photons.len() as u64);
    }
    Ok(Whole {
        tracks: reader
            .ground_tracks()
            .iter()
            .map(|t| (t.name.clone(), t.status.name(), t.rows))
            .collect(),
        photons,
        counts: reader.counts().clone(),
        warnings: reader.warnings().to_vec(),
        bytes_read: reader.bytes_read(),
    })
}

/// The message of the error that reading must end in.
fn refusal(path: &Path, config: &Config) -> String {
    match read(path, config, 1 << 20) {
        Ok(_) => panic!("{} was read", path.display()),
        Err(e) => {
            let message = e.to_string();
            assert!(!message.contains('\n') && message.len() < 600, "{message}");
            let kind = e.kind();
            assert!(matches!(kind, Kind::Granule | Kind::TooLarge), "{message}");
            message
        }
    }
}
