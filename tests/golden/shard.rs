//! One shard of ATL06 against reference statistics computed in float32 and against f64 oracles.

use std::collections::BTreeMap;
use std::fs::File;

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Float64Type, Int32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use icefold::photon::{ColumnType, Values};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::data;
use crate::support::healpix::{self, Sphere};
use crate::support::{Photons, Question, cell_ids, column, values};

/// Zagg's float32 arithmetic against ours: 4.4 float32 units in the last place.
pub const FLOAT32_ARITHMETIC: f64 = 5e-7;
/// One rounding to float32.
const HALF_ULP: f64 = 6e-8;

pub fn parquet(path: &str) -> Vec<RecordBatch> {
    let file = File::open(data().join("reference").join(path)).expect("the file opens");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("it is Parquet");
    reader.build().unwrap().map(Result::unwrap).collect()
}

pub fn f32s(batches: &[RecordBatch], name: &str) -> Vec<f32> {
    let columns = batches.iter().map(|b| b.column_by_name(name).expect(name));
    columns
        .flat_map(|c| c.as_primitive::<Float32Type>().values().to_vec())
        .collect()
}

fn f64s(batches: &[RecordBatch], name: &str) -> Vec<f64> {
    let columns = batches.iter().map(|b| b.column_by_name(name).expect(name));
    columns
        .flat_map(|c| c.as_primitive::<Float64Type>().values().to_vec())
        .collect()
}

pub fn counts(batches: &[RecordBatch]) -> Vec<f64> {
    let columns = batches
        .iter()
        .map(|b| b.column_by_name("count").expect("count"));
    columns
        .flat_map(|c| {
            c.as_primitive::<Int32Type>()
                .values()
                .iter()
                .map(|&n| f64::from(n))
                .collect::<Vec<_>>()
        })
        .collect()
}

pub fn ids(batches: &[RecordBatch]) -> Vec<u64> {
    let columns = batches
        .iter()
        .map(|b| b.column_by_name("cell_id").expect("cell_id"));
    columns
        .flat_map(|c| c.as_primitive::<UInt64Type>().values().to_vec())
        .collect()
}

/// The shard of the reference: order 6, from its packed word.
pub fn shard() -> u64 {
    let (order, shard) = icefold::grid::morton::from_word(11_580_443_491_829_809_158).unwrap();
    assert_eq!(order.get(), 6);
    shard
}

pub fn points() -> Photons {
    let input = parquet("shard_atl06/input.parquet");
    Photons {
        lon: f64s(&input, "lon"),
        lat: f64s(&input, "lat"),
        columns: vec![
            column(Values::F32(f32s(&input, "h_li").into())),
            column(Values::F32(f32s(&input, "s_li").into())),
        ],
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_shard_of_atl06_equals_the_reference() {
    let yaml = std::fs::read_to_string(data().join("pipelines/atl06.yaml")).unwrap();
    let question = Question::new(&yaml, &[ColumnType::F32, ColumnType::F32]);
    let points = points();
    let all: Vec<usize> = (0..points.len()).collect();
    let tables = question.answer(&points, &[all], 2);
    let ours = cell_ids(&tables);
    let inside: Vec<usize> = (0..ours.len())
        .filter(|&i| ours[i] >> 12 == shard())
        .collect();
    let expected = parquet("shard_atl06/expected.parquet");
    let pick = |name: &str| -> Vec<f64> {
        let all = values(&tables, name);
        inside.iter().map(|&i| all[i]).collect()
    };
    assert_eq!(
        inside.iter().map(|&i| ours[i]).collect::<Vec<_>>(),
        ids(&expected)
    );
    assert_eq!(inside.len(), 1443);
    assert_eq!(pick("count"), counts(&expected));
    for name in ["h_min", "h_max", "h_q25", "h_q50", "h_q75"] {
        let theirs: Vec<f64> = f32s(&expected, name).into_iter().map(f64::from).collect();
        assert_eq!(pick(name), theirs, "{name}");
    }
    for name in ["h_mean", "h_sigma"] {
        close(
            name,
            &pick(name),
            &f32s(&expected, name),
            FLOAT32_ARITHMETIC,
        );
    }
    // Float32 cancellation is what an exact variance does not have: compared in metres squared
    // relative to the heights' own magnitude.
    let (ours, theirs) = (pick("h_variance"), f32s(&expected, "h_variance"));
    close("h_variance", &ours, &theirs, FLOAT32_ARITHMETIC);
}

pub fn close(name: &str, ours: &[f64], theirs: &[f32], tolerance: f64) {
    for (ours, theirs) in ours.iter().zip(theirs) {
        let theirs = f64::from(*theirs);
        assert!(
            (ours - theirs).abs() <= tolerance * theirs.abs(),
            "{name}: {ours} against {theirs}, off by {:e}",
            (ours - theirs).abs() / theirs.abs()
        );
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_shard_of_atl06_equals_float64_arithmetic_to_one_rounding() {
    let yaml = std::fs::read_to_string(data().join("pipelines/atl06.yaml")).unwrap();
    let question = Question::new(&yaml, &[ColumnType::F32, ColumnType::F32]);
    let points = points();
    let all: Vec<usize> = (0..points.len()).collect();
    let tables = question.answer(&points, &[all], 2);
    let order = question.config.grid.cell_order.get();
    let mut cells: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    for i in 0..points.len() {
        let pair = (
            points.columns[0].values.get_f64(i),
            points.columns[1].values.get_f64(i),
        );
        let cell = healpix::cell(order, Sphere::AuthalicWgs84, points.lon[i], points.lat[i]);
        cells.entry(cell).or_default().push(pair);
    }
    let [means, sigmas, variances] =
        ["h_mean", "h_sigma", "h_variance"].map(|name| values(&tables, name));
    assert_eq!(cell_ids(&tables), cells.keys().copied().collect::<Vec<_>>());
    for (i, rows) in cells.values().enumerate() {
        let n = rows.len() as f64;
        let weights: f64 = rows.iter().map(|r| 1.0 / (r.1 * r.1)).sum();
        let weighted: f64 = rows.iter().map(|r| r.0 * (1.0 / (r.1 * r.1))).sum();
        let mean = rows.iter().map(|r| r.0).sum::<f64>() / n;
        let variance = rows.iter().map(|r| (r.0 - mean).powi(2)).sum::<f64>() / n;
        let near = |ours: f64, truth: f64, slack: f64| {
            (ours - truth).abs() <= HALF_ULP * truth.abs() + slack
        };
        assert!(
            near(means[i], weighted / weights, 1e-12 * means[i].abs()),
            "mean of {i}"
        );
        assert!(near(sigmas[i], 1.0 / weights.sqrt(), 1e-12), "sigma of {i}");
        assert!(near(variances[i], variance, 1e-9), "variance of {i}");
    }
}
