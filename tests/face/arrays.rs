//! Photons in tables and arrays: one answer, whatever has them, and what cannot be asked.

use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, UInt64Type};
use icefold::arrays::npy::{self, Npy};
use icefold::arrays::{Answer, Columns, Question, Start, Statistic, Timed, read};
use icefold::backend::Device;
use icefold::error::Kind;
use icefold::finalize::StoreSchema;
use icefold::grid::{Latitude, Order};
use icefold::photon::{Counts, Values};
use icefold::stat::Resolution;
use icefold::{DeviceChoice, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;
use crate::support::tables::{Format, Row, points, write};

/// The usual question as a pipeline file.
const PIPELINE: &str = "
data_source:
  reader: table
  coordinates: {latitude: lat, longitude: lon}
  variables: {h: h}
aggregation:
  variables:
    count: {function: count, source: h, dtype: int64}
    min: {function: min, source: h}
    max: {function: max, source: h}
    mean: {function: mean, source: h, dtype: float64}
    var: {function: var, source: h, dtype: float64}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
";

/// What is asked, of cells of order 12.
#[derive(Clone)]
struct Asked {
    columns: Columns,
    statistics: Vec<Statistic>,
    resolution: Option<Resolution>,
    device: DeviceChoice,
}

/// What came of it.
#[derive(Debug)]
struct Found {
    answer: Answer,
    schema: StoreSchema,
    counts: Counts,
}

impl Asked {
    fn of(statistics: &str) -> Self {
        let columns = Columns {
            lon: "lon".to_owned(),
            lat: "lat".to_owned(),
            values: vec!["h".to_owned()],
            weights: None,
        };
        Self {
            columns,
            statistics: statistics.split(',').map(|s| s.parse().unwrap()).collect(),
            resolution: None,
            device: DeviceChoice::Cpu,
        }
    }

    fn usual() -> Self {
        Self::of("count,min,max,mean,var")
    }

    fn answer(&self, inputs: &[&Path]) -> Result<Found> {
        let cells = (Order::new(12).unwrap(), Latitude::AuthalicWgs84);
        let question = Question::new(&self.columns, &self.statistics, cells, self.resolution)?;
        let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
        let photons = read(&inputs, &question.config)?;
        let counts = photons.counts.clone();
        let device = Device::open(&self.device, 2)?;
        let mut timed = Timed::new(&question, photons)?;
        let (answer, _) = timed.repeat(Start::Positions(&device))?;
        Ok(Found {
            answer,
            schema: timed.schema,
            counts,
        })
    }

    /// The content hash of what must be answered.
    #[track_caller]
    fn content(&self, inputs: &[&Path]) -> String {
        let found = self.answer(inputs).unwrap();
        found.answer.hashes(&found.schema).1
    }
}

/// Rows as plain arrays in a folder.
fn write_folder(folder: &Path, rows: &[Row]) {
    std::fs::create_dir_all(folder).unwrap();
    let lon: Vec<f64> = rows.iter().map(|row| row.lon).collect();
    let lat: Vec<f64> = rows.iter().map(|row| row.lat).collect();
    let h: Vec<f32> = rows.iter().map(|row| row.h.unwrap()).collect();
    npy::write(&folder.join("lon.npy"), &lon).unwrap();
    npy::write(&folder.join("lat.npy"), &lat).unwrap();
    npy::write(&folder.join("h.npy"), &h).unwrap();
}

/// Rows as one structured array, with columns that nobody asks for.
fn write_structured(path: &Path, rows: &[Row]) {
    let fields = [
        "('k', '<i8')",
        "('lat', '<f8')",
        "('h', '<f4')",
        "('', '|V4')",
        "('lon', '<f8')",
    ];
    let bytes = rows.iter().flat_map(|row| {
        let mut bytes = row.k.unwrap().to_le_bytes().to_vec();
        bytes.extend(row.lat.to_le_bytes());
        bytes.extend(row.h.unwrap().to_le_bytes());
        bytes.extend([0xff; 4]);
        bytes.extend(row.lon.to_le_bytes());
        bytes
    });
    let bytes: Vec<u8> = bytes.collect();
    npy::write_fields(path, &fields.map(str::to_owned), rows.len(), &bytes).unwrap();
}

#[test]
fn an_answer_has_the_bits_of_a_run_with_the_same_question() {
    let site = Site::new();
    let input = site.path("a.parquet");
    write(&input, &points(), Format::Parquet(100));
    let config = site.path("question.yaml");
    std::fs::write(&config, PIPELINE).unwrap();
    let (run, _) = done(site.code(&config, &one(&input)));
    let found = Asked::usual().answer(&one(&input)).unwrap();
    let (hashes, content) = found.answer.hashes(&found.schema);
    assert_eq!(run["content_sha256"], content);
    let mean = hashes.iter().find(|hash| hash.array == "mean").unwrap();
    assert_eq!(run["outputs"]["mean"]["sha256"], mean.sha256);
    assert_eq!(run["occupied_cells"], found.answer.cells.len());
    assert_eq!(found.counts.kept, 1500);
}

#[test]
fn tables_and_arrays_of_the_same_photons_have_one_answer_on_every_device() {
    let site = Site::new();
    let rows = points();
    let usual = Asked::usual();
    let parquet = site.path("a.parquet");
    write(&parquet, &rows, Format::Parquet(100));
    let expected = usual.content(&one(&parquet));
    let arrow = site.path("a.arrow");
    write(&arrow, &rows, Format::ArrowFile(700));
    let structured = site.path("a.npy");
    write_structured(&structured, &rows);
    let folder = site.path("arrays");
    write_folder(&folder, &rows);
    for input in [&arrow, &structured, &folder] {
        assert_eq!(usual.content(&one(input)), expected, "{}", input.display());
    }
    // In parts, the second before the first.
    let halves = [site.path("b.arrow"), site.path("c.npy")];
    write(&halves[0], &rows[600..], Format::ArrowFile(100));
    write_structured(&halves[1], &rows[..600]);
    assert_eq!(usual.content(&[&halves[0], &halves[1]]), expected);
    let mut wgpu = usual;
    wgpu.device = "wgpu".parse().unwrap();
    assert_eq!(wgpu.content(&one(&structured)), expected);
}

#[test]
fn the_answer_is_written_in_every_format_with_the_same_values() {
    let site = Site::new();
    let folder = site.path("arrays");
    write_folder(&folder, &points());
    let found = Asked::usual().answer(&one(&folder)).unwrap();
    for name in ["a.parquet", "a.arrow", "a.npy"] {
        found.answer.write(&found.schema, &site.out(name)).unwrap();
    }
    let file = std::fs::File::open(site.out("a.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let rows = reader.build().unwrap().next().unwrap().unwrap();
    let ids = rows.column(0).as_primitive::<UInt64Type>().values();
    let mean = rows.column_by_name("mean").unwrap();
    let mean = mean.as_primitive::<Float64Type>().values().to_vec();
    let mut array = Npy::open(&site.out("a.npy")).unwrap();
    let ids = ids.iter().map(|id| id.cast_signed()).collect();
    assert_eq!(array.column(Some("cell_ids")).unwrap(), Values::I64(ids));
    assert_eq!(
        array.column(Some("mean")).unwrap(),
        Values::F64(mean.into())
    );
    let count = array.column(Some("count")).unwrap();
    let Values::I64(count) = count else {
        panic!("counts are integers: {count:?}");
    };
    assert_eq!(count.iter().sum::<i64>(), 1500);
    let csv = found.answer.write(&found.schema, &site.out("a.csv"));
    refused(csv, Kind::Argument, &["use .parquet, .arrow or .npy"]);
    assert_eq!(site.written(), ["a.arrow", "a.npy", "a.parquet"]);
}

#[test]
fn weights_and_quantiles_are_those_of_plain_sums() {
    let site = Site::new();
    let folder = site.folder("arrays");
    let position = |name: &str, value: f64| npy::write(&folder.join(name), &[value; 4]).unwrap();
    position("lon.npy", -45.0);
    position("lat.npy", 70.0);
    npy::write(&folder.join("h.npy"), &[1.0f32, 2.0, 4.0, 8.0]).unwrap();
    npy::write(&folder.join("s.npy"), &[1.0f64, 0.0, 0.0, 3.0]).unwrap();
    let mut asked = Asked::of("wmean,q25,median,sum,std");
    asked.columns.weights = Some("s".to_owned());
    let found = asked.answer(&one(&folder)).unwrap();
    let std = (85.0f64 / 4.0 - 3.75 * 3.75).sqrt();
    for (output, expected) in [25.0 / 4.0, 1.75, 3.0, 15.0, std].into_iter().enumerate() {
        assert_eq!(found.answer.as_f64(output), [expected], "{output}");
    }
}

#[test]
fn photons_without_a_position_are_counted_and_left_out() {
    let site = Site::new();
    let folder = site.path("arrays");
    write_folder(&folder, &points());
    let mut rows = points();
    rows.extend([rows[0], rows[1], rows[2]]);
    rows[1500].lat = 90.5;
    rows[1501].lon = f64::NAN;
    rows[1502].lat = f64::INFINITY;
    let spoiled = site.path("spoiled");
    write_folder(&spoiled, &rows);
    let usual = Asked::usual();
    let counts = usual.answer(&one(&spoiled)).unwrap().counts;
    assert_eq!((counts.read, counts.kept), (1503, 1500));
    assert_eq!(counts.rejected.get("bad_coordinate"), Some(&3));
    assert_eq!(usual.content(&one(&spoiled)), usual.content(&one(&folder)));
}

#[test]
fn what_cannot_be_aggregated_is_refused_by_name() {
    let site = Site::new();
    let folder = site.path("arrays");
    write_folder(&folder, &points());
    let structured = site.path("a.npy");
    write_structured(&structured, &points());
    let with = |change: &dyn Fn(&mut Columns), input: &Path, says: &[&str]| {
        let mut asked = Asked::usual();
        change(&mut asked.columns);
        refused(asked.answer(&one(input)), Kind::Argument, says);
    };
    let says = ["arrays has no hh.npy; a folder holds one"];
    with(
        &|columns| columns.values = vec!["hh".to_owned()],
        &folder,
        &says,
    );
    let says = ["a.npy: has no field latitude, only k, lat,"];
    with(
        &|columns| columns.lat = "latitude".to_owned(),
        &structured,
        &says,
    );
    let says = ["column k holds integers"];
    with(&|columns| columns.lon = "k".to_owned(), &structured, &says);
    let unweighted = Asked::of("wmean").answer(&one(&folder));
    refused(unweighted, Kind::Argument, &["weights names"]);
    npy::write(&folder.join("h.npy"), &[1.0f32; 7]).unwrap();
    with(&|_| (), &folder, &["column lon has 1500 rows, h has 7"]);
    std::fs::write(folder.join("h.npy"), "h\n1\n").unwrap();
    let says = ["h.npy: does not start with the magic bytes"];
    with(&|_| (), &folder, &says);
}

#[test]
fn a_value_beyond_the_resolution_is_named_with_the_remedy() {
    let site = Site::new();
    let mut rows = points();
    rows[3].h = Some(1e9);
    let input = site.path("a.parquet");
    write(&input, &rows, Format::Parquet(100));
    let mut usual = Asked::usual();
    let says = [
        "column h, photon 3 of those that have a position, is 1000000000: out of range +-16384",
        "2^-34",
        "resolution",
    ];
    refused(usual.answer(&one(&input)), Kind::Argument, &says);
    usual.resolution = Resolution::new(10);
    usual.answer(&one(&input)).unwrap();
    // Extremes are kept as they are.
    Asked::of("min,max").answer(&one(&input)).unwrap();
}
