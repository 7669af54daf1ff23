//! Tests: answers that follow from what columns add up to together, and units of datasets by their names.

use super::relate::related;
use super::*;
use crate::expr::{CellExpr, End, Mark, Relation};
use crate::photon::{Column, ColumnType, Values};

fn values(values: &[f64]) -> Column {
    Column {
        values: Values::F64(values.to_vec().into()),
        nulls: None,
    }
}

/// Heights of cell 4 by time, and a cell 9 without any.
fn heights_by_time(heights: &[f64], times: &[f64]) -> (Job, Partials) {
    let joint = |form, others: &[usize]| Joint {
        form,
        others: others.to_vec(),
    };
    let column = |joints| JobColumn {
        name: "h".to_owned(),
        origin: ColumnOrigin::Source(0),
        column_type: ColumnType::F64,
        resolution: Resolution::DEFAULT,
        needs: Needs {
            joints,
            ..Needs::default()
        },
    };
    let joints = vec![
        joint(Form::Marks(Mark::Cycle), &[]),
        joint(Form::Ends, &[1]),
        joint(Form::Products(2), &[1]),
    ];
    let job = Job {
        columns: vec![column(joints), column(Vec::new())],
        outputs: Vec::new(),
    };
    let mut partials = Partials::empty(&job);
    for (cell, heights, times) in [(4, heights, times), (9, &[][..], &[][..])] {
        partials.cells.push(cell);
        partials.photons.push(heights.len() as u64);
        partials.columns[0].push_cell(heights, &job.columns[0]);
        partials.columns[1].push_cell(times, &job.columns[1]);
    }
    let (h, t) = (values(heights), values(times));
    let mut sums = ProductSums::new(2);
    assert_eq!(sums.row(), None);
    sums.add(&[&h, &t], 0..heights.len());
    let rows = &mut partials.columns[0].joints;
    rows[0].push(4, &[0, 6]);
    rows[0].push(4, &[0, 8]);
    rows[1].push(4, &ends(&h, &t, 0..heights.len()).unwrap());
    rows[2].push(4, sums.row().unwrap());
    (job, partials)
}

#[test]
fn outputs_have_the_joint_sums_that_they_ask_for() {
    let (job, partials) = heights_by_time(&[5.0, 1.0, 3.0, 9.0], &[2.0, 0.0, 1.0, 4.0]);
    let answer = |kind, row| {
        let measure = Measure {
            column: 0,
            kind,
            skip_nan: false,
        };
        match finish_expr(&job, &partials, &CellExpr::Reduce(measure), row) {
            Finished::Real(x) => x,
            Finished::Integer(n) => n as f64,
            Finished::Missing => f64::NAN,
            other => unreachable!("{other:?}"),
        }
    };
    let end = |end| MeasureKind::End { joint: 1, end };
    let related = |relation, roles: &[usize]| MeasureKind::Related {
        joint: 2,
        relation,
        roles: Roles::of(roles),
    };
    assert_eq!(answer(end(End::First), 0), 1.0);
    assert_eq!(answer(end(End::Last), 0), 9.0);
    // h = 1 + 2 t; the other way round, t = (h - 1) / 2.
    assert_eq!(answer(related(Relation::Slope, &[0, 1]), 0), 2.0);
    assert_eq!(answer(related(Relation::Intercept, &[0, 1]), 0), 1.0);
    assert_eq!(answer(related(Relation::Slope, &[1, 0]), 0), 0.5);
    assert_eq!(answer(MeasureKind::Marks { joint: 0 }, 0), 2.0);
    assert!(answer(end(End::Last), 1).is_nan());
    assert!(answer(related(Relation::Slope, &[0, 1]), 1).is_nan());
    assert_eq!(answer(MeasureKind::Marks { joint: 0 }, 1), 0.0);
}

#[test]
fn columns_that_do_not_go_together_have_a_correlation_of_positive_zero() {
    let mut sums = ProductSums::new(2);
    let columns = [values(&[1.0, -2.0, 1.0]), values(&[-1.0, 0.0, 1.0])];
    sums.add(&columns.each_ref(), 0..3);
    let found = related(sums.row().unwrap(), 2, &[0, 1], Relation::Corr);
    assert_eq!(found.to_bits(), 0.0f64.to_bits());
}

#[test]
fn units_of_datasets_are_those_of_the_table() {
    for (exponent, names) in [
        (17, &["delta_time"][..]),
        (
            20,
            &[
                "segment_dist_x",
                "x_atc",
                "bckgrd",
                "bckgrd_rate",
                "altitude_sc",
            ],
        ),
        (
            39,
            &[
                "lat_ph",
                "lon_ph",
                "latitude",
                "longitude",
                "reference_photon_lat",
                "reference_photon_lon",
            ],
        ),
        (34, &["h_ph", "h_li", "anything else"]),
    ] {
        for name in names {
            let resolution = Resolution::of_dataset(name);
            assert_eq!(resolution.to_string(), format!("2^-{exponent}"), "{name}");
            assert_eq!(resolution.unit(), 0.5f64.powi(exponent), "{name}");
        }
    }
}

/// A table of three cells, the second with a remainder and joint rows.
fn table() -> (Job, Partials) {
    let mut job = heights_by_time(&[1.0, 2.0], &[0.0, 1.0]).0;
    job.columns[0].needs.moments = true;
    job.columns[0].needs.ordered = true;
    let mut partials = Partials::empty(&job);
    for (cell, heights) in [(2, &[1.0, 2.0][..]), (4, &[1.0, 1e-12]), (7, &[3.0; 5])] {
        partials.cells.push(cell);
        partials.photons.push(heights.len() as u64);
        partials.columns[0].push_cell(heights, &job.columns[0]);
        partials.columns[1].push_cell(heights, &job.columns[1]);
    }
    let rule = job.columns[0].remainder_rule().unwrap();
    let remainder = Remainder::of(4, &[1e-12f64], &rule).unwrap();
    partials.columns[0].remainders.append([remainder]);
    partials.columns[0].joints[1].push(4, &[0, 1, 0, 1]);
    (job, partials)
}

#[test]
fn what_is_listed_by_cell_takes_memory_where_a_cell_has_it() {
    let (job, mut partials) = table();
    let bytes = |cell: usize| partials.bytes_of(cell..cell + 1, &job) - job.cell_bytes();
    // Two values and five of 8 bytes; beside them a remainder, and a cell with four words.
    assert_eq!(bytes(0), 2 * 8);
    assert_eq!(bytes(1), 2 * 8 + size_of::<Remainder>() as u64 + 5 * 8);
    assert_eq!(bytes(2), 5 * 8);
    // A copy has no room for more; what more takes is counted, with what the allocator does beside.
    partials = partials.clone();
    let before = partials.bytes_held();
    partials.columns[0].joints[0].reserve(10);
    let joint = partials.bytes_held();
    assert_eq!(joint - before, 10 * 3 * 8 + 2 * 16);
    partials.columns[0].remainders.rows.reserve_exact(4);
    let more = partials.bytes_held() - joint;
    assert_eq!(more, 4 * size_of::<Remainder>() as u64);
}

#[test]
fn room_is_made_for_the_rows_that_come_and_no_more() {
    let (job, partials) = table();
    for rows in [0..3, 1..3, 2..3, 0..1] {
        let mut part = Partials::empty(&job);
        part.reserve(&[(&partials, rows.clone())]);
        let reserved = part.bytes_held();
        part.append(&partials, rows);
        assert_eq!(part.bytes_held(), reserved);
        assert_eq!(part.clone().bytes_held(), reserved);
    }
}

#[test]
fn a_table_that_keeps_less_than_an_eighth_for_more_stays_as_it_is() {
    let (job, small) = table();
    let mut table = Partials::empty(&job);
    for cell in 0..1000 {
        let mut row = small.clone();
        row.cells[0] = cell;
        table.append(&row, 0..1);
    }
    // A copy has no room for more.
    let mut table = table.clone();
    let shrunk = table.bytes_held();
    table.cells.reserve_exact(50);
    let held = table.bytes_held();
    assert_eq!(held - shrunk, 50 * 8);
    table.shrink(&job);
    assert_eq!(table.bytes_held(), held);
    table.cells.reserve_exact(10_000);
    table.shrink(&job);
    assert_eq!(table.bytes_held(), shrunk);
}
