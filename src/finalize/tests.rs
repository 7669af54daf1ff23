//! Tests: tables of finished cells, and the columns that a store has at each order.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Int32Array, UInt32Array, UInt64Array};

use super::*;
use crate::config::{Steps, TimeAxis};
use crate::grid::Latitude;
use crate::stat::Channels;

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

fn array(name: &str, kind: Kind) -> OutputArray {
    OutputArray {
        name: name.to_owned(),
        dtype: Dtype::F32,
        fill_value: 0.0,
        statistic: "mean".to_owned(),
        source: "h".to_owned(),
        resolution: None,
        units: None,
        long_name: None,
        kind,
        attributes: Map::new(),
    }
}

fn schema(steps: Option<StoreSteps>) -> StoreSchema {
    let digest = Kind::Digest {
        delta: 100,
        coarser: 400,
        channels: Channels::default(),
    };
    StoreSchema {
        grid: GridConfig {
            shard_order: order(6),
            chunk_order: Some(order(8)),
            cell_order: order(12),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        },
        config_sha256: "c0ffee".to_owned(),
        region: None,
        cells_of_region: false,
        arrays: vec![array("mean", Kind::Scalar), array("digest", digest)],
        steps,
    }
}

fn steps() -> StoreSteps {
    StoreSteps::all(&TimeAxis {
        steps: Steps::Periods {
            dataset: "t".to_owned(),
            edges: vec![0.0, 10.0, 20.0, 30.0],
        },
        whole: [false, false],
        every: "PT10S".to_owned(),
    })
}

/// Columns a, b ... of these values.
fn table(columns: &[ArrayRef]) -> CellTable {
    let names = ["a", "b", "c"].into_iter();
    let rows = RecordBatch::try_from_iter(names.zip(columns.iter().cloned()));
    CellTable {
        rows: rows.unwrap(),
    }
}

#[test]
fn a_table_begins_with_ids_and_with_steps_where_there_are_some() {
    let ids: ArrayRef = Arc::new(UInt64Array::from(vec![3, 5, 5]));
    let steps: ArrayRef = Arc::new(UInt32Array::from(vec![0, 1, 4]));
    let means: ArrayRef = Arc::new(Float32Array::from(vec![0.5, 1.5, 2.5]));
    let with = table(&[Arc::clone(&ids), steps, Arc::clone(&means)]);
    assert_eq!(with.ids(), [3, 5, 5]);
    assert_eq!(with.steps(), Some(&[0, 1, 4][..]));
    let without = table(&[ids, Arc::clone(&means)]);
    assert_eq!((without.ids().len(), without.steps()), (3, None));
    let counts: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let neither = table(&[means, counts]);
    assert!(neither.ids().is_empty());
    assert_eq!(neither.steps(), None);
}

#[test]
fn outputs_follow_the_ids_and_the_step() {
    for (steps, names) in [
        (None, &["cell_ids", "mean", "digest"][..]),
        (Some(steps()), &["cell_ids", "time", "mean", "digest"]),
    ] {
        let schema = schema(steps);
        let columns = schema.columns();
        let found: Vec<&str> = columns.iter().map(|field| &**field.name()).collect();
        assert_eq!(found, names);
        assert_eq!(found[schema.leading()], "mean");
        assert!(columns.iter().all(|field| !field.is_nullable()));
    }
}

#[test]
fn a_coarser_order_has_the_same_outputs_and_digests_of_a_delta_of_their_own() {
    let schema = schema(None);
    let same = schema.at(order(12));
    assert_eq!(same.arrays, schema.arrays);
    let coarse = schema.at(order(11));
    assert_eq!(coarse.grid, schema.grid.at(order(11)));
    assert_eq!(coarse.config_sha256, schema.config_sha256);
    assert_eq!(coarse.arrays[0], schema.arrays[0]);
    let digest = Kind::Digest {
        delta: 400,
        coarser: 400,
        channels: Channels::default(),
    };
    assert_eq!(coarse.arrays[1].kind, digest);
    assert_eq!(coarse.arrays[1].name, "digest");
}

#[test]
fn steps_of_a_store_are_those_with_photons_and_between_them() {
    let all = schema(Some(steps()));
    let none = schema(None);
    let seen: BTreeMap<u32, u64> = [(1, 9), (2, 1)].into();
    let narrowed = all.with_steps_of(&seen).steps.unwrap();
    assert_eq!(narrowed.numbers(), [1, 2]);
    assert_eq!(narrowed.edges(), Some(&[10.0, 20.0, 30.0][..]));
    assert_eq!((narrowed.name(), narrowed.numbered()), ("time", None));
    assert!(!narrowed.is_empty());
    let empty = all.with_steps_of(&BTreeMap::new()).steps.unwrap();
    assert!(empty.is_empty());
    assert_eq!(none.with_steps_of(&seen), none);
    let cycles = StoreSteps::all(&TimeAxis {
        steps: Steps::Cycles,
        whole: [false, false],
        every: "cycle".to_owned(),
    });
    assert_eq!((cycles.name(), cycles.edges()), ("cycle", None));
    assert!(cycles.numbered().is_some());
}
