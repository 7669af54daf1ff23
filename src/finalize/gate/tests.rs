//! Tests: each invariant of the gate, broken one at a time.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Int32Array, Int64Array, UInt64Array};

use super::super::OutputArray;
use super::*;
use crate::config::Dtype;
use crate::grid::{Latitude, Order};
use crate::stat::{ColumnOrigin, Form, Joint, Key, Needs, Remainder, Resolution, Value};

/// One float32 column of which everything is asked for.
pub fn job() -> Job {
    let column = JobColumn {
        name: "h".to_owned(),
        origin: ColumnOrigin::Source(0),
        column_type: ColumnType::F32,
        resolution: Resolution::DEFAULT,
        needs: Needs {
            range: true,
            moments: true,
            variance: true,
            terms: true,
            ordered: true,
            edges: Some(vec![0.0, 10.0]),
            ..Needs::default()
        },
    };
    Job {
        columns: vec![column],
        outputs: Vec::new(),
    }
}

/// Cells with these values.
pub fn partials(cells: &[(u64, &[f32])], job: &Job) -> Partials {
    let mut partials = Partials::empty(job);
    for (cell, values) in cells {
        partials.cells.push(*cell);
        partials.photons.push(values.len() as u64);
        partials.columns[0].push_cell(values, &job.columns[0]);
    }
    partials
}

fn grid() -> GridConfig {
    let order = |order| Order::new(order).unwrap();
    GridConfig {
        shard_order: order(6),
        chunk_order: None,
        cell_order: order(12),
        steps: 1,
        kind: Latitude::AuthalicWgs84.into(),
    }
}

/// What the gate says of two good cells of shard 0 after a change.
fn checked(change: impl FnOnce(&mut Partials)) -> Result<(), String> {
    let job = job();
    let mut partials = partials(&[(7, &[1.0, 2.0, 4.0]), (9, &[3.0, f32::NAN])], &job);
    change(&mut partials);
    check(0, &partials, &job, &grid()).map_err(|e| e.to_string())
}

#[test]
fn what_accumulators_hold_passes() {
    assert_eq!(checked(|_| {}), Ok(()));
}

#[test]
fn every_broken_invariant_is_named() {
    type Change = fn(&mut Partials);
    let changes: [(Change, &str); 14] = [
        (|p| p.cells.swap(0, 1), "shard 0: cell 7 follows cell 9"),
        (|p| p.cells[1] = 7, "cell 7 follows cell 7"),
        (|p| p.cells[1] = 5000, "cell 5000 lies in shard 1"),
        (
            |p| p.columns[0].out_of_range = 2,
            "column h: 2 values out of range",
        ),
        (
            |p| p.photons[0] = 2,
            "cell 7, column h: 3 values, 0 of them special, of 2 photons",
        ),
        (|p| p.photons[1] = 0, "of 0 photons"),
        (
            |p| p.columns[0].specials[0].nan = 4,
            "3 values, 4 of them special",
        ),
        (|p| p.columns[0].specials[1].nan = 0, "1 values kept of 2"),
        (
            |p| p.columns[0].moments.as_mut().unwrap()[0].sum <<= 1,
            "cell 7, column h: no 3 values have the sums",
        ),
        (
            |p| p.columns[0].moments.as_mut().unwrap()[0].sum = 0,
            "mean 0 outside 1 to 4",
        ),
        (
            |p| p.columns[0].range.as_mut().unwrap()[0].max = Key(0),
            "its minimum is above its maximum",
        ),
        (
            |p| _ = p.photons.pop(),
            "1 columns and 1 counts of photons for 1 columns and 2 cells",
        ),
        (
            |p| p.columns[0].terms = None,
            "column h: rows of sums of terms are none, and 2 are needed for 2 cells",
        ),
        (
            |p| _ = p.columns[0].moments.as_mut().unwrap().pop(),
            "rows of moments are 1, and 2 are needed",
        ),
    ];
    for (change, says) in changes {
        let error = checked(change).unwrap_err();
        assert!(error.starts_with("finalize gate: shard 0: "), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
}

/// A cell of values that are not whole units, after a change of its remainder.
fn checked_remainder(change: impl FnOnce(&mut Remainder)) -> Result<(), String> {
    let (job, values) = (job(), [1e-11f32, 3e-11, 5e-10]);
    let mut partials = partials(&[(7, &values), (9, &[3.0])], &job);
    let rule = job.columns[0].remainder_rule().unwrap();
    let mut remainder = Remainder::of(7, &values, &rule).unwrap();
    change(&mut remainder);
    partials.columns[0].remainders.append([remainder]);
    check(0, &partials, &job, &grid()).map_err(|e| e.to_string())
}

#[test]
fn remainders_that_no_values_have_are_named() {
    type Change = fn(&mut Remainder);
    assert_eq!(checked_remainder(|_| {}), Ok(()));
    let changes: [(Change, &str); 6] = [
        (
            |r| r.cell = 8,
            "column h: remainders of cell 8, which is not there",
        ),
        (
            |r| r.values = 0,
            "cell 7, column h: no 3 values have the sums",
        ),
        (|r| r.values = 4, "no 3 values have the sums"),
        (
            |r| r.second.add_shifted(-1, 280),
            "their variance is negative",
        ),
        (|r| r.first.add_shifted(1, 139), "no 3 values have the sums"),
        (
            |r| r.second.add_shifted(1, 330),
            "no 3 values have the sums",
        ),
    ];
    for (change, says) in changes {
        let error = checked_remainder(change).unwrap_err();
        assert!(error.starts_with("finalize gate: shard 0: "), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn a_remainder_that_was_forgotten_is_found_where_it_moves_the_mean_out_of_range() {
    let job = job();
    let partials = partials(&[(7, &[1e-11, 2e-11])], &job);
    let error = check(0, &partials, &job, &grid()).unwrap_err().to_string();
    assert!(error.contains("mean 0 outside 0.0000000000"), "{error}");
}

#[test]
fn a_value_that_is_in_no_bin_is_missed() {
    let job = job();
    let mut good = partials(&[(7, &[1.0, 2.0])], &job);
    let other = partials(&[(7, &[1.0])], &job);
    good.columns[0].bins.clone_from(&other.columns[0].bins);
    let error = check(0, &good, &job, &grid()).unwrap_err().to_string();
    assert!(error.contains("1 values in bins of 2"), "{error}");
}

pub fn schema() -> StoreSchema {
    let array = |name: &str, dtype: Dtype| OutputArray {
        name: name.to_owned(),
        dtype,
        fill_value: 0.0,
        statistic: name.to_owned(),
        source: "h".to_owned(),
        resolution: None,
        units: None,
        long_name: None,
        kind: crate::finalize::Kind::Scalar,
        attributes: serde_json::Map::new(),
    };
    StoreSchema {
        grid: grid(),
        config_sha256: String::new(),
        region: None,
        cells_of_region: false,
        arrays: vec![array("count", Dtype::I32), array("h_mean", Dtype::F32)],
        steps: None,
    }
}

#[test]
fn a_table_that_is_not_the_stores_does_not_pass() {
    let ids = || -> ArrayRef { Arc::new(UInt64Array::from(vec![7, 9])) };
    let counts = || -> ArrayRef { Arc::new(Int32Array::from(vec![3, 2])) };
    let means = || -> ArrayRef { Arc::new(Float32Array::from(vec![2.5, 3.0])) };
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![3, 2]));
    let nulls: ArrayRef = Arc::new(Float32Array::from(vec![None, Some(3.0)]));
    let check = |columns: Vec<(&str, ArrayRef)>, cells: usize| {
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        check_table(5, &rows, cells, &schema()).map_err(|e| e.to_string())
    };
    let good = || {
        vec![
            ("cell_ids", ids()),
            ("count", counts()),
            ("h_mean", means()),
        ]
    };
    assert_eq!(check(good(), 2), Ok(()));
    for (columns, cells, says) in [
        (good(), 3, "its table has 2 rows for 3 cells"),
        (
            vec![
                ("cell_ids", ids()),
                ("h_mean", means()),
                ("count", counts()),
            ],
            2,
            "columns [\"cell_ids\", \"h_mean\", \"count\"], the store",
        ),
        (
            good()[..2].to_vec(),
            2,
            "columns [\"cell_ids\", \"count\"], the store",
        ),
        (
            vec![("cell_ids", ids()), ("count", wide), ("h_mean", means())],
            2,
            "array count is Int64 with 0 nulls, and declared as Int32",
        ),
        (
            vec![("cell_ids", ids()), ("count", counts()), ("h_mean", nulls)],
            2,
            "array h_mean is Float32 with 1 nulls",
        ),
    ] {
        let error = check(columns, cells).unwrap_err();
        assert!(error.starts_with("finalize gate: shard 5: "), "{error}");
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn a_cell_beyond_the_last_of_its_order_is_in_no_shard() {
    let (job, grid) = (job(), grid());
    let beyond = grid.cells();
    let partials = partials(&[(beyond, &[1.0])], &job);
    let shard = grid.kind.cells(grid.shard_order);
    let error = check(shard, &partials, &job, &grid)
        .unwrap_err()
        .to_string();
    assert!(error.contains(&format!("cell {beyond} lies in")), "{error}");
}

#[test]
fn a_cell_that_has_nothing_but_nan_passes() {
    let job = job();
    let partials = partials(&[(7, &[f32::NAN, f32::NAN])], &job);
    let checked = check(0, &partials, &job, &grid()).map_err(|e| e.to_string());
    assert_eq!(checked, Ok(()));
}

#[test]
fn a_mean_of_values_that_were_rounded_is_out_of_their_range_by_a_unit_at_most() {
    let mut job = job();
    job.columns[0].column_type = ColumnType::F64;
    job.columns[0].needs = Needs {
        range: true,
        moments: true,
        ..Needs::default()
    };
    let check_after = |change: f64| {
        let mut partials = Partials::empty(&job);
        partials.cells.push(7);
        partials.photons.push(1);
        // Not a whole number of 2^-34, and too large for its remainder to be kept.
        let value = 16_000.123_456_789_01;
        partials.columns[0].push_cell(&[value], &job.columns[0]);
        let range = &mut partials.columns[0].range.as_mut().unwrap()[0];
        (range.min, range.max) = ((value + change).key(), (value + change).key());
        check(0, &partials, &job, &grid()).map_err(|e| e.to_string())
    };
    assert_eq!(check_after(0.0), Ok(()));
    for units in [-2.0, 2.0] {
        let error = check_after(units * Resolution::DEFAULT.unit()).unwrap_err();
        assert!(error.contains("mean 16000.12345678"), "{error}");
    }
}

#[test]
fn joint_sums_are_of_cells_and_values_that_are_there() {
    let form = Form::Products(1);
    let mut job = job();
    job.columns[0].needs.joints = vec![Joint {
        form,
        others: Vec::new(),
    }];
    // n, the sum, and the sum of squares.
    let row = |n: u64, squares: u64| {
        let mut row = vec![0; form.words()];
        (row[0], row[1], row[5]) = (n, 4, squares);
        row
    };
    let checked = |cell: u64, row: Vec<u64>| {
        let mut partials = partials(&[(7, &[1.0, 3.0]), (9, &[3.0])], &job);
        partials.columns[0].joints[0].push(cell, &row);
        check(0, &partials, &job, &grid()).map_err(|e| e.to_string())
    };
    assert_eq!(checked(7, row(2, 10)), Ok(()));
    for (cell, row, says) in [
        (
            7,
            row(3, 10),
            "cell 7, column h: no 2 values have its joint sums",
        ),
        (7, row(2, 7), "no 2 values have its joint sums Products(1)"),
        (7, row(0, 10), "no 2 values have its joint sums"),
        (8, row(1, 16), "joint sums of cell 8, which is not there"),
    ] {
        let error = checked(cell, row).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    let mut of_others = partials(&[(7, &[1.0])], &job);
    of_others.columns[0].joints.clear();
    let error = check(0, &of_others, &job, &grid()).unwrap_err().to_string();
    assert!(
        error.contains("column h: joint sums [] are of others"),
        "{error}"
    );
}
