//! Photons that are folded part by part have the rows of those that are sorted by key.

use proptest::prelude::*;

use super::super::fold::fold_keys;
use super::super::parts::{KEY_BITS, LARGE_PART, MOST_PART_BITS};
use super::super::{Cpu, Keys, Strategy as Stages};
use super::*;
use crate::config::GridConfig;
use crate::grid::{Latitude, Order as Refinement};
use crate::photon::ColumnType;
use crate::stat::{ColumnOrigin, Needs, Resolution};

fn grid() -> GridConfig {
    GridConfig {
        shard_order: Refinement::new(6).unwrap(),
        chunk_order: None,
        cell_order: Refinement::new(29).unwrap(),
        steps: 1,
        kind: Latitude::AuthalicWgs84.into(),
    }
}

fn job(columns: &[Column]) -> Job {
    let described = columns.iter().map(|column| JobColumn {
        name: "h".to_owned(),
        origin: ColumnOrigin::Source(0),
        column_type: match column.values {
            Values::F32(_) => ColumnType::F32,
            Values::F64(_) => ColumnType::F64,
            Values::I64(_) => ColumnType::I64,
        },
        resolution: Resolution::new(20).unwrap(),
        needs: Needs {
            range: true,
            moments: true,
            variance: true,
            terms: matches!(column.values, Values::F64(_)),
            ..Needs::default()
        },
    });
    Job {
        columns: described.collect(),
        outputs: Vec::new(),
    }
}

fn noise(i: usize, salt: u64) -> u64 {
    let mut x = (i as u64)
        .wrapping_add(salt << 32)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 31;
    x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11
}

/// Values nearly all ordinary.
fn values(n: usize, odd: bool) -> Vec<f64> {
    let value = |i: usize| match noise(i, 1) % 500 {
        0 if odd => f64::NAN,
        1 if odd => f64::INFINITY,
        2 if odd => 1e300,
        3 => 1e-30,
        _ => noise(i, 2) as f64 * 2f64.powi(-40) - 3000.0,
    };
    (0..n).map(value).collect()
}

fn columns(n: usize, odd: bool, lone: bool) -> Vec<Column> {
    let values = values(n, odd);
    let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
    let whole: Vec<i64> = values.iter().map(|&x| x as i64).collect();
    let mut columns = vec![Values::F32(narrow.into())];
    if !lone {
        columns.extend([Values::F64(values.into()), Values::I64(whole.into())]);
    }
    columns.into_iter().map(Column::from).collect()
}

fn fold(cells: &[u64], columns: &[Column], buffers: &mut Buffers) -> Option<Partials> {
    let times = &mut StageTimes::default();
    fold_parted(cells, columns, &job(columns), (buffers, times))
}

/// By way of keys.
fn staged(cells: &[u64], columns: &[Column]) -> Partials {
    let buffers = &mut Buffers::default();
    let keys = Keys::of_cells(cells, &grid(), &mut buffers.order);
    let times = &mut StageTimes::default();
    fold_keys(keys, columns, &job(columns), (buffers, times))
}

proptest! {
    #[test]
    fn rows_are_those_of_photons_sorted_by_key(
        n in 1usize..3000,
        spread in 0u32..50,
        first in 0u64..1 << 40,
        far in prop::option::of(0u32..43),
        seed in 0u64..1000,
        (odd, lone) in any::<(bool, bool)>(),
    ) {
        let mut cells: Vec<u64> = (0..n)
            .map(|i| first + (noise(i, seed) & ((1u64 << spread.min(42)) - 1)))
            .collect();
        if let Some(far) = far {
            cells[n / 2] = first + (1 << far);
        }
        let columns = columns(n, odd, lone);
        let found = fold(&cells, &columns, &mut Buffers::default());
        let span = cells.iter().max().unwrap() - cells.iter().min().unwrap();
        prop_assert!(found.is_some() || span >> (KEY_BITS + MOST_PART_BITS) > 0);
        if let Some(found) = found {
            prop_assert_eq!(found, staged(&cells, &columns));
        }
    }
}

/// Cells of many photons in no order.
fn many(n: usize, shape: usize) -> Vec<u64> {
    let cell = |i: usize| match shape {
        0 => 77 + (i as u64 * 7_919) % n as u64,
        1 => noise(i, 3) % 201_326_592,
        2 => noise(i, 3) % 1000,
        // Few are in very many photons, and many in few.
        3 => 5 + 100_000 / (1 + noise(i, 3) % 100_000),
        _ => ((noise(i, 3) % 7) << 37) | (noise(i, 4) % 5),
    };
    (0..n).map(cell).collect()
}

#[test]
fn many_tiles_and_parts_have_the_same_rows_however_many_threads_there_are() {
    let used = &mut Buffers::default();
    for (shape, n) in [
        (0, 300_000),
        (1, 200_001),
        (2, 150_000),
        (3, 300_000),
        (4, 140_000),
    ] {
        let (cells, columns) = (many(n, shape), columns(n, shape == 2, shape % 2 == 0));
        let expected = staged(&cells, &columns);
        // Memory that held other rows changes nothing.
        let found = fold(&cells, &columns, used);
        assert!(found.as_ref() == Some(&expected), "shape {shape}");
        for threads in [1, 3] {
            for strategy in [Stages::Sort, Stages::Blocks, Stages::Runs, Stages::Auto] {
                let cpu = Cpu::open(threads).unwrap().with_strategy(strategy);
                let job = job(&columns);
                let first = cpu.fold_cells(&cells, &columns, &grid(), &job).unwrap();
                assert!(
                    first == expected,
                    "shape {shape}, {strategy:?} on {threads}"
                );
                cpu.recycle(first, &job);
                let again = cpu.fold_cells(&cells, &columns, &grid(), &job).unwrap();
                assert!(
                    again == expected,
                    "shape {shape}, {strategy:?} on {threads}"
                );
            }
        }
    }
}

#[test]
fn cells_too_far_apart_or_all_in_one_part_are_left_to_keys() {
    let far = [0, 1 << 43, 5];
    assert_eq!(
        fold(&far, &columns(3, false, true), &mut Buffers::default()),
        None
    );
    let near = [0, (1 << 43) - 1, 5];
    let found = fold(&near, &columns(3, false, true), &mut Buffers::default());
    assert_eq!(
        found.map(|rows| rows.cells),
        Some(vec![0, 5, (1 << 43) - 1])
    );
    let n = 3 * LARGE_PART;
    let mut cells = vec![9; n];
    cells[0] = 1 << 30;
    let columns = columns(n, false, true);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let found = pool.install(|| fold(&cells, &columns, &mut Buffers::default()));
    assert_eq!(found, None);
    assert_eq!(fold(&[], &[], &mut Buffers::default()), None);
}

#[test]
fn columns_with_nulls_and_values_that_are_kept_are_left_to_keys() {
    let mut columns = columns(3, false, false);
    let mut asked = job(&columns);
    assert!(can_be_parted(&columns, &asked));
    asked.columns[1].needs.ordered = true;
    assert!(!can_be_parted(&columns, &asked));
    asked.columns[1].needs = Needs {
        edges: Some(vec![0.0, 1.0]),
        ..Needs::default()
    };
    assert!(!can_be_parted(&columns, &asked));
    let asked = job(&columns);
    columns[2].nulls = Some(vec![true, false, true].into());
    assert!(!can_be_parted(&columns, &asked));
}
