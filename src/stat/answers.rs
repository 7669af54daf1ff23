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
