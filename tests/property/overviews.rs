//! An overview is what a run at its order gives, to the bit, whatever photons there are.

use arrow::buffer::NullBuffer;
use arrow::compute::concat_batches;
use icefold::backend::{Device, DeviceChoice, StageTimes};
use icefold::finalize::{CellTable, Overviews};
use icefold::grid::Order;
use icefold::merge::RunPartials;
use icefold::photon::{Column, Values};
use icefold::stat::Derivation;
use proptest::prelude::*;

use super::{TYPES, YAML, height};
use crate::support::{self, Photons, Question, bits};

/// Shards of the config above.
const SHARD_ORDER: u8 = 6;

/// The config above with cells of this order.
fn question_at(order: u8) -> Question {
    let orders = "parent_order: 6, child_order: 12";
    assert!(YAML.contains(orders));
    let shard_order = order.min(SHARD_ORDER);
    let replaced = format!("parent_order: {shard_order}, child_order: {order}");
    Question::new(&YAML.replace(orders, &replaced), &TYPES)
}

prop_compose! {
    /// Up to 200 photons in a few places of the whole sphere, close together and far apart.
    fn photons()(
        rows in prop::collection::vec(
            (
                prop::sample::select(vec![-170.0f64, -45.0, -44.2, 0.1, 10.0, 133.0]),
                prop::sample::select(vec![-88.0f64, -41.7, 0.0, 41.9, 70.0, 70.4, 89.9]),
                -0.3f64..0.3,
                height(),
                0.01f32..10.0,
                -1000i64..1000,
                0u8..8,
            ),
            0..200,
        ),
    ) -> Photons {
        // One photon in eight has no height.
        let valid: NullBuffer = rows.iter().map(|row| row.6 != 0).collect();
        Photons {
            lon: rows.iter().map(|row| row.0 + row.2).collect(),
            lat: rows.iter().map(|row| (row.1 + row.2 * row.2).min(90.0)).collect(),
            columns: vec![
                Column {
                    values: Values::F32(rows.iter().map(|row| row.3).collect()),
                    nulls: Some(valid),
                },
                Column {
                    values: Values::F32(rows.iter().map(|row| row.4).collect()),
                    nulls: None,
                },
                Column {
                    values: Values::I64(rows.iter().map(|row| row.5).collect()),
                    nulls: None,
                },
            ],
        }
    }
}

/// How much memory partials of a run have, the windows of a shard, and values of open cells.
#[derive(Debug, Clone, Copy)]
struct Holding {
    budget: u64,
    window: u64,
    room: u64,
}

/// All in memory.
const ALL: Holding = Holding {
    budget: u64::MAX,
    window: u64::MAX,
    room: u64::MAX,
};

/// The tables of each of these orders, folded up from the question's cells.
fn folded_up(
    question: &Question,
    photons: &Photons,
    orders: &[Order],
    holding: Holding,
) -> Vec<Vec<CellTable>> {
    let device = Device::open(&DeviceChoice::Cpu, 2).unwrap();
    let folder = support::folder();
    let runs = folder.path().join("runs");
    let Question {
        config,
        job,
        schema,
    } = question;
    let mut shards =
        RunPartials::new(&config.grid, job, holding.budget, &runs).with_window(holding.window);
    let places: Vec<usize> = (0..photons.len()).collect();
    for places in places.chunks(37) {
        let mut batch = photons.batch(places);
        batch.columns =
            Derivation::default().take(&question.job, &question.config.variables, &mut batch);
        let grid = &question.config.grid;
        let mut times = StageTimes::default();
        let partials = device.fold(&batch, grid, &question.job, &mut times);
        shards.add(&partials.unwrap()).unwrap();
    }
    shards.commit().unwrap();
    let mut overviews = Overviews::new(orders, schema, job, shards.piles());
    overviews.hold(holding.room);
    let mut finished = Vec::new();
    for shard in shards.shards().collect::<Vec<_>>() {
        for window in shards.take_shard(shard).unwrap() {
            finished.extend(overviews.add(&window.unwrap()).unwrap());
        }
    }
    finished.extend(overviews.finish().unwrap());
    let values = 20 * photons.len() as u64;
    let to_disk = holding.room < 64 && values > 64 && holding.budget == u64::MAX;
    assert!(!to_disk || shards.spilled().bytes > 0);
    drop(shards);
    assert!(!runs.exists());
    let of = |order| {
        let tables = finished.iter().filter(|found| found.order == order);
        tables.map(|found| found.shard.table.clone()).collect()
    };
    orders.iter().map(|&order| of(order)).collect()
}

/// All rows as one table.
fn whole(tables: &[CellTable]) -> Vec<CellTable> {
    let Some(first) = tables.first() else {
        return Vec::new();
    };
    let batches = tables.iter().map(|table| &table.rows);
    vec![CellTable {
        rows: concat_batches(&first.rows.schema(), batches).unwrap(),
    }]
}

fn assert_exact(
    photons: &Photons,
    orders: &[Order],
    holding: Holding,
) -> Result<(), TestCaseError> {
    let places: Vec<usize> = (0..photons.len()).collect();
    let overviews = folded_up(&question_at(12), photons, orders, holding);
    for (&order, tables) in orders.iter().zip(&overviews) {
        let question = question_at(order.get());
        let direct = question.answer(photons, std::slice::from_ref(&places), 1);
        prop_assert!(
            bits(&whole(tables)) == bits(&whole(&direct)),
            "order {} of {:?} with {:?}",
            order,
            orders,
            holding
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn an_overview_is_the_run_at_its_order_to_the_bit(
        photons in photons(),
        chosen in prop::collection::btree_set(0u8..12, 1..6),
        budget in prop::sample::select(vec![0, 20 << 10, u64::MAX]),
        window in prop::sample::select(vec![0, 400, 3000, u64::MAX]),
        room in prop::sample::select(vec![0, 100, 1000, u64::MAX]),
    ) {
        let orders: Vec<Order> = chosen.into_iter().rev().filter_map(Order::new).collect();
        assert_exact(&photons, &orders, Holding { budget, window, room })?;
    }
}

#[test]
fn all_orders_at_once_are_exact_over_every_base_cell() {
    let n = 5000;
    // A spiral from pole to pole.
    let part = |i: usize| i as f64 / n as f64;
    let photons = Photons {
        lon: (0..n).map(|i| part(i) * 3600.0 - 180.0).collect(),
        lat: (0..n).map(|i| 90.0 - part(i) * 180.0).collect(),
        columns: vec![
            support::column(Values::F32((0..n).map(|i| (i % 977) as f32).collect())),
            support::column(Values::F32((0..n).map(|i| 0.1 + (i % 13) as f32).collect())),
            support::column(Values::I64((0..n as i64).collect())),
        ],
    };
    let orders: Vec<Order> = (0..12).rev().filter_map(Order::new).collect();
    for room in [500, u64::MAX] {
        assert_exact(&photons, &orders, Holding { room, ..ALL }).unwrap();
    }
    let overviews = folded_up(&question_at(12), &photons, &orders, ALL);
    let base: usize = overviews[11].iter().map(|t| t.rows.num_rows()).sum();
    assert_eq!(base, 12);
}
