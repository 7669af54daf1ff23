//! What several kinds of test need: paths, the program, and the line in memory.

pub mod cloud;
pub mod deflate;
pub mod double;
pub mod granules;
pub mod healpix;
pub mod joined;
pub mod odd;
pub mod products;
pub mod site;
pub mod streams;
pub mod tables;
pub mod timed;

pub use site::Site;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use icefold::backend::{Device, DeviceChoice, Places, StageTimes, add_hosts};
use icefold::config::{self, Config, Dtype};
use icefold::finalize::{CellTable, StoreSchema, finalize, schema};
use icefold::merge::ShardPartials;
use icefold::photon::SourceColumn;
use icefold::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use icefold::stat::{ColumnPartials, Derivation, Job, JointRows, Partials};

/// Real granules and reference answers.
pub fn data() -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    std::env::var_os("ICEFOLD_TEST_DATA").map_or_else(|| beside.into(), PathBuf::from)
}

/// The Python that `scripts/test` set up.
pub fn python() -> Command {
    let python = std::env::var_os("ICEFOLD_TEST_PYTHON").expect("ICEFOLD_TEST_PYTHON is set");
    Command::new(python)
}

/// Where `scripts/setup` installs readers that only some machines can have.
pub const READERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/readers");

/// A Python of 3.12 or newer, with its readers.
pub fn later_python() -> Command {
    Command::new(Path::new(READERS).join("python/bin/python"))
}

/// The program, without settings from the environment and without what was kept of the machine.
pub fn icefold() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_icefold"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ICEFOLD_") {
            command.env_remove(name);
        }
    }
    // What somebody measured on this machine decides nothing here.
    command.env("XDG_CACHE_HOME", "/nowhere");
    command
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The output of a command that must succeed.
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        stdout(&output),
        stderr(&output)
    );
    output
}

/// A folder of its own for one test, removed when dropped.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Photons in memory, as a test has them before any split.
#[derive(Debug, Clone)]
pub struct Photons {
    pub lon: Vec<f64>,
    pub lat: Vec<f64>,
    /// One per variable of the config.
    pub columns: Vec<Column>,
}

/// A column without nulls.
pub fn column(values: Values) -> Column {
    Column {
        values,
        nulls: None,
    }
}

impl Photons {
    pub fn len(&self) -> usize {
        self.lon.len()
    }

    /// The photons at these places, in this order, as a batch.
    pub fn batch(&self, places: &[usize]) -> PhotonBatch {
        let pick = |values: &[f64]| places.iter().map(|&p| values[p]).collect();
        PhotonBatch {
            origin: Origin {
                granule: Arc::from("in_memory.h5"),
                ground_track: Arc::from("gt1l"),
                rows: Rows::Listed(places.iter().map(|&p| p as u64).collect()),
            },
            step: 0,
            lon: pick(&self.lon),
            lat: pick(&self.lat),
            columns: self.columns.iter().map(|c| picked(c, places)).collect(),
        }
    }
}

fn picked(column: &Column, places: &[usize]) -> Column {
    Column {
        values: match &column.values {
            Values::F32(v) => Values::F32(places.iter().map(|&p| v[p]).collect()),
            Values::F64(v) => Values::F64(places.iter().map(|&p| v[p]).collect()),
            Values::I64(v) => Values::I64(places.iter().map(|&p| v[p]).collect()),
        },
        nulls: column
            .nulls
            .as_ref()
            .map(|n| places.iter().map(|&p| n.is_valid(p)).collect()),
    }
}

/// A config and what follows from it for columns of these types.
pub struct Question {
    pub config: Config,
    pub job: Job,
    pub schema: StoreSchema,
}

impl Question {
    /// From a pipeline file's text; `types` has one entry per variable.
    pub fn new(yaml: &str, types: &[ColumnType]) -> Self {
        let config = config::parse_yaml("test", yaml).expect("the config is valid");
        let columns: Vec<SourceColumn> = config
            .variables
            .iter()
            .zip(types)
            .map(|(variable, &column_type)| SourceColumn {
                name: variable.name.clone(),
                column_type,
                dtype: match column_type {
                    ColumnType::F32 => Dtype::F32,
                    ColumnType::F64 => Dtype::F64,
                    ColumnType::I64 => Dtype::I64,
                },
                units: None,
                long_name: None,
            })
            .collect();
        assert_eq!(columns.len(), types.len());
        let job = Job::new(&config, &columns);
        let schema = schema(&config, &job, &columns).expect("the dtypes fit");
        Self {
            config,
            job,
            schema,
        }
    }

    /// The line from photons to tables, batch by batch.
    pub fn answer(
        &self,
        photons: &Photons,
        batches: &[Vec<usize>],
        threads: usize,
    ) -> Vec<CellTable> {
        let device = Device::open(&DeviceChoice::Cpu, threads).expect("the CPU opens");
        self.answer_of(photons, batches, |batch| {
            let mut times = StageTimes::default();
            device.fold(batch, &self.config.grid, &self.job, &mut times)
        })
    }

    /// As `answer`, with the fold of a batch given. A backend leaves remainders and joint sums to the host.
    pub fn answer_of(
        &self,
        photons: &Photons,
        batches: &[Vec<usize>],
        fold: impl Fn(&PhotonBatch) -> icefold::Result<Partials>,
    ) -> Vec<CellTable> {
        let mut shards = ShardPartials::default();
        for places in batches {
            let mut batch = photons.batch(places);
            batch.columns =
                Derivation::default().take(&self.job, &self.config.variables, &mut batch);
            let mut partials = fold(&batch).expect("the batch folds");
            let mut columns = partials.columns.iter();
            let is_empty = |column: &ColumnPartials| {
                let joints = column.joints.iter().all(JointRows::is_empty);
                column.remainders.rows().is_empty() && joints
            };
            if columns.all(is_empty) {
                let places = Places::of(&batch, &self.config.grid);
                add_hosts(places, &batch.columns, &self.job, &mut partials)
                    .expect("its sums are of cells that are there");
            }
            assert!(partials.out_of_range().next().is_none());
            shards.add(&partials, &self.config.grid, &self.job);
        }
        shards
            .into_tables(&self.job)
            .map(|(shard, partials)| {
                finalize(shard, partials, &self.job, &self.schema)
                    .expect("the gate passes")
                    .table
            })
            .collect()
    }
}

/// Bytes of every array of the answer.
pub fn bits(tables: &[CellTable]) -> Vec<Vec<u8>> {
    let mut bytes = Vec::new();
    for column in tables.iter().flat_map(|table| table.rows.columns()) {
        let column = column.to_data();
        for data in std::iter::once(&column).chain(column.child_data()) {
            let buffers = data.buffers().iter();
            bytes.extend(buffers.map(|buffer| buffer.as_slice().to_vec()));
        }
    }
    assert!(tables.is_empty() || bytes.iter().any(|b| !b.is_empty()));
    bytes
}

/// One float or integer column of all tables, as f64.
pub fn values(tables: &[CellTable], name: &str) -> Vec<f64> {
    tables
        .iter()
        .flat_map(|table| {
            let column = table.rows.column_by_name(name).expect("the array exists");
            let wide = arrow::compute::cast(column, &arrow::datatypes::DataType::Float64);
            let wide = wide.expect("numbers cast");
            let wide = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(&wide);
            wide.values().to_vec()
        })
        .collect()
}

/// The ids of all tables.
pub fn cell_ids(tables: &[CellTable]) -> Vec<u64> {
    tables
        .iter()
        .flat_map(|table| {
            let ids = table.rows.column(0);
            arrow::array::AsArray::as_primitive::<arrow::datatypes::UInt64Type>(ids)
                .values()
                .to_vec()
        })
        .collect()
}

/// Every granule of the real data, by name.
pub fn granule(name: &str) -> PathBuf {
    Path::new(&data()).join("icesat2").join(name)
}
