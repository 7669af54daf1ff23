//! runs: pieces found where photons stand, from positions and from keys, against the CPU backend.

use icefold::backend::cpu::Cpu;
use icefold::backend::cuda::{Results, Way};
use icefold::backend::{Backend, StageTimes};
use icefold::config::GridConfig;
use icefold::grid::{Latitude, Order};
use icefold::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use icefold::stat::{ColumnOrigin, Job, JobColumn, Needs, Partials, Resolution};

use super::{Position, Subject, noise, on_emulation_and_device};

/// Tracks 0.7 m a photon and more, over what divides the sphere: quarters, hemispheres, caps, poles, ends of
/// what longitudes are; and photons that stand still on an edge of cells, or change sides at every step.
pub const TRACKS: [(&str, Position); 9] = [
    ("over the equator and the first meridian", |i| {
        (i as f64 * 7e-6 - 0.03, i as f64 * 6e-6 - 0.02)
    }),
    ("over a quarter's end", |i| {
        (89.99 + i as f64 * 3e-6, 10.0 + i as f64 * 6e-6)
    }),
    ("into a cap", |i| (200.0, 41.7 + i as f64 * 2e-5)),
    ("over the north pole", |i| {
        let north = 89.99 + i as f64 * 2e-6;
        if north <= 90.0 {
            (33.0, north)
        } else {
            (213.0, 180.0 - north)
        }
    }),
    ("along the date line", |i| {
        (
            if noise(i, 1) < 0.5 { 180.0 } else { -180.0 },
            -60.0 - i as f64 * 6e-6,
        )
    }),
    ("beyond a turn", |i| {
        (359.99 + i as f64 * 5e-6, -75.0 + i as f64 * 6e-6)
    }),
    ("in longer and longer steps", |i| {
        (-100.0 + (i * i) as f64 * 2e-9, 70.0 + (i * i) as f64 * 1e-9)
    }),
    ("on an edge", |_| (45.0, 0.0)),
    ("on both sides of an edge, sometimes", |i| {
        (
            45.0 + if noise(i / 40, 2) < 0.5 { 1e-7 } else { -1e-7 },
            0.0,
        )
    }),
];

pub fn grid(order: u8, latitude: Latitude) -> GridConfig {
    GridConfig {
        shard_order: Order::new(order.min(6)).unwrap(),
        chunk_order: None,
        cell_order: Order::new(order).unwrap(),
        steps: 1,
        kind: latitude.into(),
    }
}

pub fn job() -> Job {
    let needs = Needs {
        range: true,
        moments: true,
        ..Needs::default()
    };
    Job {
        columns: vec![JobColumn {
            name: "height".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type: ColumnType::F32,
            resolution: Resolution::DEFAULT,
            needs,
        }],
        outputs: Vec::new(),
    }
}

pub fn batch(n: usize, position: Position) -> PhotonBatch {
    let (lon, lat) = (0..n).map(position).unzip();
    let heights = (0..n).map(|i| (noise(i, 5) * 3000.0) as f32);
    PhotonBatch {
        origin: Origin {
            granule: "in_memory.h5".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..n as u64),
        },
        step: 0,
        lon,
        lat,
        columns: vec![Column {
            values: Values::F32(heights.collect()),
            nulls: None,
        }],
    }
}

/// Both ways from positions, and from keys; how many of the folds that can be were folded as runs where
/// photons stood.
fn agrees<S: Subject>(n: usize, order: u8, latitude: Latitude) -> u64 {
    let (mut cuda, cpu) = (S::open().with_way(Way::Runs), Cpu::open(2).unwrap());
    let (grid, job) = (grid(order, latitude), job());
    let mut in_runs = 0;
    for (i, (name, position)) in TRACKS.into_iter().enumerate() {
        cuda.set_results([Results::Mapped, Results::Copied][i % 2]);
        let batch = batch(n, position);
        let expected = cpu.fold(&batch, &grid, &job, &mut StageTimes::default());
        let expected = expected.unwrap();
        let same = |how: &str, found: &Partials| {
            assert!(
                *found == expected,
                "{n} photons {name}, order {order}, {how}"
            );
        };
        let mut times = StageTimes::default();
        same("fold", &cuda.fold(&batch, &grid, &job, &mut times).unwrap());
        assert_eq!(times.batches.runs + times.batches.sorted, 1);
        // Also where there was no room and the stages had it, a photon crosses the wire once; beside them, ancestors
        // of cells.
        assert!(times.uploaded_bytes < 2 * 20 * n as u64, "{times:?}");
        let photons = cuda.upload(&batch).unwrap();
        let keys = cuda.locate(&photons, &grid).unwrap();
        let folded = cuda.fold_keys(&photons, &keys, &job).unwrap();
        in_runs += u64::from(folded.in_runs());
        assert!(times.batches.standing <= times.batches.runs);
        same("from keys", &cuda.read_back(folded, &keys, &job).unwrap());
        let (folded, of_its_own) = cuda.fold_photons(&photons, &grid, &job).unwrap();
        in_runs += u64::from(folded.in_runs());
        assert_eq!(folded.in_runs(), of_its_own.is_none());
        assert_eq!(u64::from(folded.in_runs()), times.batches.standing);
        let found = cuda.read_back(folded, of_its_own.as_ref(), &job).unwrap();
        same("from positions", &found);
    }
    in_runs
}

fn runs_are_those_of_photons_located_one_by_one<S: Subject>() {
    for order in [0, 8, 12, 15] {
        let in_runs = agrees::<S>(9000, order, Latitude::AuthalicWgs84);
        assert_eq!(in_runs, 2 * TRACKS.len() as u64, "order {order}");
    }
    agrees::<S>(5000, 12, Latitude::GeodeticSpherical);
}

/// Of these there are more pieces than there is room for, or photons are all located one by one.
fn cells_finer_than_steps_are_folded_all_the_same<S: Subject>() {
    for order in [20, 29] {
        agrees::<S>(5000, order, Latitude::AuthalicWgs84);
    }
}

/// Around pairs, boxes of both sizes, tiles and blocks.
fn batches_of_any_length_are_runs<S: Subject>() {
    for n in [1, 2, 63, 64, 65, 511, 513, 4095, 4096, 4097, 4161, 32_769] {
        assert!(agrees::<S>(n, 12, Latitude::AuthalicWgs84) > 0, "{n}");
    }
}

/// Launches that are handed over as a graph, which changes from batch to batch.
#[test]
#[cfg(icefold_test_stand_in)]
fn runs_that_are_launched_as_graphs_are_the_same() {
    for (fact, seed) in [
        ("runs_are_those_of_photons_located_one_by_one", 3),
        ("cells_finer_than_steps_are_folded_all_the_same", 4),
        ("batches_of_any_length_are_runs", 5),
    ] {
        let test = format!("{}::{fact}::device", module_path!());
        let variables = [("ICEFOLD_CUDA_LAUNCH", "graph")];
        super::stand_in::passes_with(&test, &format!("seed={seed}"), &variables);
    }
}

on_emulation_and_device!(
    runs_are_those_of_photons_located_one_by_one,
    cells_finer_than_steps_are_folded_all_the_same,
    batches_of_any_length_are_runs,
);
