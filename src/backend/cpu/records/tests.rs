//! Tests: records of runs come to the rows that sorting the photons gives.

use proptest::prelude::*;

use super::super::{Cpu, Strategy as Stages};
use super::*;
use crate::grid::{Latitude, Order};
use crate::photon::ColumnType;
use crate::stat::{ColumnOrigin, Needs, Resolution};

fn column(column_type: ColumnType, needs: Needs) -> JobColumn {
    JobColumn {
        name: "h".to_owned(),
        origin: ColumnOrigin::Source(0),
        column_type,
        resolution: Resolution::DEFAULT,
        needs,
    }
}

/// Photons of a batch: runs of a cell and a length, whether values may be NaN, and whether some are null.
type Batch = (Vec<(u64, usize)>, bool, bool);

fn columns(photons: usize, nan: bool, nulls: bool) -> Vec<Column> {
    let single = |i: usize| match i % 97 {
        13 if nan => f32::NAN,
        k => k as f32 * 0.37 - 11.0,
    };
    let nulls = nulls.then(|| (0..photons).map(|i| i % 61 != 7).collect::<NullBuffer>());
    let wide = (0..photons).map(|i| f64::from(single(i)) * f64::from(single(i + 5)));
    let column = |values| Column {
        values,
        nulls: nulls.clone(),
    };
    vec![
        column(Values::F32((0..photons).map(single).collect())),
        column(Values::F64(wide.collect())),
    ]
}

/// Range and moments of one column, sums of terms of the other, in cells of order 12.
fn asked() -> (GridConfig, Job) {
    let terms = Needs {
        terms: true,
        ..Needs::default()
    };
    let moments = Needs {
        range: true,
        moments: true,
        variance: true,
        ..Needs::default()
    };
    let job = Job {
        columns: vec![
            column(ColumnType::F32, moments),
            column(ColumnType::F64, terms),
        ],
        outputs: Vec::new(),
    };
    let order = |order| Order::new(order).unwrap();
    let grid = GridConfig {
        shard_order: order(6),
        chunk_order: None,
        cell_order: order(12),
        steps: 1,
        kind: Latitude::AuthalicWgs84.into(),
    };
    (grid, job)
}

/// Run by run, and by sorting photons.
fn ways() -> [Cpu; 2] {
    [Stages::Runs, Stages::Sort].map(|stages| Cpu::open(2).unwrap().with_strategy(stages))
}

/// The rows of photons, both ways.
fn both(cells: &[u64], columns: &[Column]) -> [Partials; 2] {
    let (grid, job) = asked();
    ways().map(|cpu| cpu.fold_cells(cells, columns, &grid, &job).unwrap())
}

/// More than two tables of records, and one of them alone, and one column alone, has what is odd.
#[test]
fn a_table_with_nulls_or_nan_beside_others_without_keeps_them() {
    let photons = 140_000;
    let cells: Vec<u64> = (0..photons as u64).map(|i| i / 37 % 3000).collect();
    let [found, expected] = both(&cells, &columns(photons, false, false));
    assert_eq!(found, expected);
    assert!(found.len() > 2 * CELLS);
    for odd_column in [0, 1] {
        for nulls in [true, false] {
            let mut columns = columns(photons, false, false);
            let odd = photons - 5000;
            if nulls {
                columns[odd_column].nulls = Some((0..photons).map(|i| i != odd).collect());
            } else {
                match &mut columns[odd_column].values {
                    Values::F32(v) => v.to_mut()[odd] = f32::NAN,
                    Values::F64(v) => v.to_mut()[odd] = f64::NAN,
                    Values::I64(_) => unreachable!("there are none"),
                }
            }
            let [found, expected] = both(&cells, &columns);
            assert_eq!(found, expected, "{odd_column} {nulls}");
            let of = &found.columns[odd_column];
            let counted: u64 = of.count.iter().sum();
            let special: u64 = of.specials.iter().map(Specials::total).sum();
            let missing = u64::from(nulls);
            assert_eq!((counted, special), (photons as u64 - missing, 1 - missing));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn records_of_runs_come_to_the_rows_of_sorted_photons_in_memory_used_before(
        batches in prop::collection::vec(
            (prop::collection::vec((0u64..50, 1usize..40), 1..400), any::<bool>(), any::<bool>()),
            1..4,
        ),
    ) {
        let (grid, job) = asked();
        let [runs, sorted] = ways();
        let batches: Vec<Batch> = batches;
        for (batch, nan, nulls) in batches {
            let cells = batch.iter().flat_map(|&(cell, n)| vec![cell; n]);
            let cells: Vec<u64> = cells.collect();
            let columns = columns(cells.len(), nan, nulls);
            let found = runs.fold_cells(&cells, &columns, &grid, &job).unwrap();
            let expected = sorted.fold_cells(&cells, &columns, &grid, &job).unwrap();
            prop_assert_eq!(&found, &expected);
            runs.recycle(found, &job);
        }
    }
}
