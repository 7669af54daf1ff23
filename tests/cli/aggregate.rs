//! `aggregate`: tables and arrays to an answer, repeated and timed.

use std::path::Path;
use std::process::Command;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, UInt64Type};
use icefold::arrays::npy::{self, Npy};
use icefold::photon::Values;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::granules::one;
use super::tables::points;
use super::{Site, json, refuse};
use crate::support::tables::{Kind, Row, write};
use crate::support::{icefold, stdout, succeed};

/// The same question as the default one of `aggregate`, as a pipeline file.
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

fn aggregate(input: &Path) -> Command {
    repeated(input, 1)
}

fn repeated(input: &Path, repeats: usize) -> Command {
    let mut command = icefold();
    command.args(["aggregate", "--cell-order", "12", "--threads", "2"]);
    command.arg("--repeat").arg(repeats.to_string());
    command.arg("--input").arg(input);
    command
}

fn content(command: &mut Command) -> String {
    let (found, _) = json(command.arg("--json"), 0);
    found["content_sha256"].as_str().unwrap().to_owned()
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
    write(&input, &points(), Kind::Parquet(100));
    let config = site.path("question.yaml");
    std::fs::write(&config, PIPELINE).unwrap();
    let (run, _) = json(site.run(&config, &one(&input)).arg("--json"), 0);
    let (answer, _) = json(aggregate(&input).arg("--json"), 0);
    assert_eq!(answer["content_sha256"], run["content_sha256"]);
    assert_eq!(answer["outputs"]["mean"], run["outputs"]["mean"]);
    assert_eq!(answer["cells"], run["occupied_cells"]);
    assert_eq!(answer["photons"]["kept"], 1500);
}

#[test]
fn tables_and_arrays_of_the_same_photons_have_one_answer_on_every_device() {
    let site = Site::new();
    let rows = points();
    let parquet = site.path("a.parquet");
    write(&parquet, &rows, Kind::Parquet(100));
    let expected = content(&mut aggregate(&parquet));
    let arrow = site.path("a.arrow");
    write(&arrow, &rows, Kind::ArrowFile(700));
    let structured = site.path("a.npy");
    write_structured(&structured, &rows);
    let folder = site.path("arrays");
    write_folder(&folder, &rows);
    for input in [&arrow, &structured, &folder] {
        assert_eq!(
            content(&mut aggregate(input)),
            expected,
            "{}",
            input.display()
        );
    }
    // In parts, the second before the first.
    let halves = [site.path("b.arrow"), site.path("c.npy")];
    write(&halves[0], &rows[600..], Kind::ArrowFile(100));
    write_structured(&halves[1], &rows[..600]);
    let mut parts = aggregate(&halves[0]);
    assert_eq!(content(parts.arg("--input").arg(&halves[1])), expected);
    let mut wgpu = aggregate(&structured);
    assert_eq!(content(wgpu.args(["--device", "wgpu"])), expected);
}

#[test]
fn the_answer_is_written_in_every_format_with_the_same_values() {
    let site = Site::new();
    let folder = site.path("arrays");
    write_folder(&folder, &points());
    for name in ["a.parquet", "a.arrow", "a.npy"] {
        succeed(aggregate(&folder).arg("--output").arg(site.out(name)));
    }
    let file = std::fs::File::open(site.out("a.parquet")).unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let rows = reader.next().unwrap().unwrap();
    let ids = rows
        .column(0)
        .as_primitive::<UInt64Type>()
        .values()
        .to_vec();
    let mean = rows
        .column_by_name("mean")
        .unwrap()
        .as_primitive::<Float64Type>();
    let mut array = Npy::open(&site.out("a.npy")).unwrap();
    let ids: Vec<i64> = ids.into_iter().map(u64::cast_signed).collect();
    assert_eq!(
        array.column(Some("cell_ids")).unwrap(),
        Values::I64(ids.into())
    );
    assert_eq!(
        array.column(Some("mean")).unwrap(),
        Values::F64(mean.values().to_vec().into())
    );
    let count = array.column(Some("count")).unwrap();
    let Values::I64(count) = count else {
        panic!("counts are integers: {count:?}");
    };
    assert_eq!(count.iter().sum::<i64>(), 1500);
    let mut again = aggregate(&folder);
    let says = ["a.npy exists; pass --overwrite"];
    refuse(again.arg("--output").arg(site.out("a.npy")), 2, &says);
    succeed(again.arg("--overwrite"));
    let mut other = aggregate(&folder);
    refuse(
        other.arg("--output").arg(site.out("a.csv")),
        2,
        &["use .parquet, .arrow or .npy"],
    );
    assert_eq!(site.written(), ["a.arrow", "a.npy", "a.parquet"]);
}

#[test]
fn every_repeat_has_its_times_and_the_text_a_row_for_each() {
    let site = Site::new();
    let folder = site.path("arrays");
    write_folder(&folder, &points());
    let (found, _) = json(repeated(&folder, 3).arg("--json"), 0);
    let repeats = found["repeats"].as_array().unwrap();
    assert_eq!(repeats.len(), 3);
    for times in repeats.iter().chain([&found["warm_up"]]) {
        let seconds = |name: &str| times[name].as_f64().unwrap();
        assert!(
            seconds("fold_seconds") > 0.0 && seconds("cpu_seconds") > 0.0,
            "{times}"
        );
        let finish = times["stages"]["finish"].as_f64().unwrap();
        assert_eq!(seconds("total_seconds"), seconds("fold_seconds") + finish);
        let stages = times["stages"].as_object().unwrap();
        let parts = stages.iter().filter(|(name, _)| *name != "finish");
        let parts: f64 = parts.map(|(_, seconds)| seconds.as_f64().unwrap()).sum();
        assert!(parts > 0.0 && parts <= seconds("fold_seconds"), "{times}");
        assert_eq!(times["strategy"], "runs");
    }
    let text = stdout(&succeed(&mut repeated(&folder, 2)));
    assert!(
        text.contains("1,500 photons") && text.contains("\n       2 "),
        "{text}"
    );
    let says = format!(
        "content sha256 {}",
        found["content_sha256"].as_str().unwrap()
    );
    assert!(text.contains(&says), "{text}");
}

#[test]
fn weights_and_quantiles_are_those_of_plain_sums() {
    let site = Site::new();
    let folder = site.path("arrays");
    std::fs::create_dir(&folder).unwrap();
    let position = |name: &str, value: f64| npy::write(&folder.join(name), &[value; 4]).unwrap();
    position("lon.npy", -45.0);
    position("lat.npy", 70.0);
    npy::write(&folder.join("h.npy"), &[1.0f32, 2.0, 4.0, 8.0]).unwrap();
    npy::write(&folder.join("s.npy"), &[1.0f64, 0.0, 0.0, 3.0]).unwrap();
    let output = site.out("a.npy");
    let mut command = aggregate(&folder);
    command.args([
        "--stats",
        "wmean,q25,median,sum,std",
        "--weights",
        "s",
        "--output",
    ]);
    succeed(command.arg(&output));
    let mut array = Npy::open(&output).unwrap();
    for (name, expected) in [
        ("wmean", 25.0 / 4.0),
        ("q25", 1.75),
        ("median", 3.0),
        ("sum", 15.0),
        ("std", (85.0f64 / 4.0 - 3.75 * 3.75).sqrt()),
    ] {
        assert_eq!(
            array.column(Some(name)).unwrap(),
            Values::F64(vec![expected].into()),
            "{name}"
        );
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
    let (found, _) = json(aggregate(&spoiled).arg("--json"), 0);
    assert_eq!(found["photons"]["rejected_by"]["bad_coordinate"], 3);
    assert_eq!(found["content_sha256"], content(&mut aggregate(&folder)));
}

#[test]
fn what_cannot_be_aggregated_is_refused_by_name() {
    let site = Site::new();
    let folder = site.path("arrays");
    write_folder(&folder, &points());
    let ask = |arguments: &[&str]| {
        let mut command = aggregate(&folder);
        command.args(arguments);
        command
    };
    refuse(
        &mut ask(&["--values", "hh"]),
        2,
        &["arrays has no hh.npy; a folder holds one"],
    );
    refuse(&mut ask(&["--stats", "wmean"]), 2, &["--weights names"]);
    refuse(&mut ask(&["--device", "tpu"]), 5, &["device tpu: "]);
    let mut command = ask(&["--stats", "mode"]);
    let says = "there is no statistic 'mode'; use count";
    assert!(crate::support::stderr(&command.output().unwrap()).contains(says));
    let other = site.path("a.npy");
    write_structured(&other, &points());
    let mut command = aggregate(&other);
    refuse(
        command.args(["--lat", "latitude"]),
        2,
        &["a.npy: has no field latitude, only k, lat,"],
    );
    refuse(
        aggregate(&other).args(["--lon", "k"]),
        2,
        &["column k holds integers"],
    );
    npy::write(&folder.join("h.npy"), &[1.0f32; 7]).unwrap();
    refuse(&mut ask(&[]), 2, &["column lon has 1500 rows, h has 7"]);
    std::fs::write(folder.join("h.npy"), "h\n1\n").unwrap();
    refuse(
        &mut ask(&[]),
        2,
        &["h.npy: does not start with the magic bytes"],
    );
}

#[test]
fn a_value_beyond_the_resolution_is_named_with_the_remedy() {
    let site = Site::new();
    let mut rows = points();
    rows[3].h = Some(1e9);
    let input = site.path("a.parquet");
    write(&input, &rows, Kind::Parquet(100));
    let says = [
        "column h, photon 3, is 1000000000: out of range +-16384",
        "2^-34",
        "--resolution",
    ];
    refuse(&mut aggregate(&input), 2, &says);
    succeed(aggregate(&input).args(["--resolution", "2^-10"]));
    // Extremes are kept as they are.
    succeed(aggregate(&input).args(["--stats", "min,max"]));
}
