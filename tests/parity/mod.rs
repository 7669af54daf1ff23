//! Every backend gives the same bits: each stage and the whole line, against a plain oracle and against
//! each other; and so does every way through the CPU backend.
//!
//! A device that is not there is a failure, never a test left out.

mod faults;
mod inflate;
mod line;
mod reduce;
mod segment;
mod sort;
mod subject;

use arrow::buffer::NullBuffer;
use icefold::backend::cpu::{Cpu, Strategy};
use icefold::backend::{Backend, StageTimes};
use icefold::photon::{Column, PhotonBatch, Values};
use icefold::stat::Partials;

use crate::property::{TYPES, YAML};
use crate::support::{Photons, Question, bits};

/// What photons look like on their way in.
#[derive(Debug, Clone, Copy)]
enum Workload {
    Empty,
    OnePhoton,
    AlongTrack,
    AlongTrackAcrossPole,
    FewCellsShuffled,
    ManyCellsShuffled,
    OneCell,
}

const WORKLOADS: [Workload; 7] = [
    Workload::Empty,
    Workload::OnePhoton,
    Workload::AlongTrack,
    Workload::AlongTrackAcrossPole,
    Workload::FewCellsShuffled,
    Workload::ManyCellsShuffled,
    Workload::OneCell,
];

/// A number in [0, 1) that looks random.
fn noise(i: usize, salt: u64) -> f64 {
    let bits = (i as u64 ^ salt << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) as f64 / 2f64.powi(64)
}

fn position(workload: Workload, i: usize) -> (f64, f64) {
    let along = i as f64;
    match workload {
        Workload::Empty | Workload::OnePhoton | Workload::OneCell => (12.5, -33.25),
        Workload::AlongTrack => (
            -45.0 + along * 2e-6,
            69.0 + along * 7e-6 + noise(i, 1) * 1e-6,
        ),
        Workload::AlongTrackAcrossPole => {
            let from_pole = (along - 7_500.0) * 1e-6;
            (
                if from_pole < 0.0 { 10.0 } else { 190.0 },
                90.0 - from_pole.abs(),
            )
        }
        Workload::FewCellsShuffled => (noise(i, 2) * 0.3, 41.7 + noise(i, 3) * 0.3),
        Workload::ManyCellsShuffled => (noise(i, 4) * 360.0, noise(i, 5) * 180.0 - 90.0),
    }
}

fn photons(workload: Workload) -> Photons {
    let n = match workload {
        Workload::Empty => 0,
        Workload::OnePhoton => 1,
        _ => 15_000,
    };
    photons_of(workload, n)
}

fn photons_of(workload: Workload, n: usize) -> Photons {
    let (lon, lat) = (0..n).map(|i| position(workload, i)).unzip();
    let nulls = |salt: u64| -> NullBuffer { (0..n).map(|i| noise(i, salt) > 0.01).collect() };
    let heights = (0..n).map(|i| match noise(i, 6) {
        x if x < 1e-4 => f32::NAN,
        x if x < 2e-4 => f32::NEG_INFINITY,
        x if x < 3e-4 => -0.0,
        x if x < 4e-3 => (x * 1e-9) as f32,
        x => (x * 4000.0 - 100.0) as f32,
    });
    Photons {
        lon,
        lat,
        columns: vec![
            Column {
                values: Values::F32(heights.collect()),
                nulls: Some(nulls(7)),
            },
            Column {
                values: Values::F32((0..n).map(|i| 0.01 + noise(i, 8) as f32).collect()),
                nulls: None,
            },
            Column {
                values: Values::I64((0..n).map(|i| (noise(i, 9) * 1e6) as i64).collect()),
                nulls: Some(nulls(10)),
            },
        ],
    }
}

fn cpu(threads: usize, strategy: Strategy) -> Cpu {
    Cpu::open(threads).unwrap().with_strategy(strategy)
}

type Fold = Box<dyn Fn(&PhotonBatch) -> icefold::Result<Partials>>;

/// Ways to fold a batch, by name.
fn ways(question: &Question) -> Vec<(String, Fold)> {
    let mut ways: Vec<(String, Fold)> = Vec::new();
    for strategy in [
        Strategy::Auto,
        Strategy::Runs,
        Strategy::Blocks,
        Strategy::Sort,
    ] {
        for threads in [1, 3] {
            let (grid, job) = (question.config.grid, question.job.clone());
            let way = cpu(threads, strategy);
            ways.push((
                format!("{strategy:?} on {threads} threads"),
                Box::new(move |batch| way.fold(batch, &grid, &job, &mut StageTimes::default())),
            ));
        }
        let (grid, job) = (question.config.grid, question.job.clone());
        let way = cpu(2, strategy);
        ways.push((
            format!("{strategy:?} of known cells"),
            Box::new(move |batch| {
                let mut cells = vec![0; batch.len()];
                way.cells(&batch.lon, &batch.lat, &grid, &mut cells);
                way.fold_cells(&cells, &batch.columns, &grid, &job)
            }),
        ));
    }
    let (grid, job) = (question.config.grid, question.job.clone());
    let way = cpu(2, Strategy::Auto);
    ways.push((
        "the stages one by one".to_owned(),
        Box::new(move |batch| {
            let photons = way.upload(batch)?;
            let sorted = way.sort(way.locate(&photons, &grid)?)?;
            let segments = way.segment(&sorted)?;
            way.reduce(&photons, &sorted, &segments, &job)
        }),
    ));
    ways
}

/// At this cell order every way gives the bits of the first.
fn all_ways_agree(cell_order: u8) {
    let yaml = YAML.replace("child_order: 12", &format!("child_order: {cell_order}"));
    let question = Question::new(&yaml, &TYPES);
    for workload in WORKLOADS {
        let photons = photons(workload);
        let whole: Vec<usize> = (0..photons.len()).collect();
        let batches = [whole];
        let expected = bits(&question.answer(&photons, &batches, 1));
        for (name, fold) in ways(&question) {
            let found = bits(&question.answer_of(&photons, &batches, fold));
            assert!(
                found == expected,
                "{workload:?} at order {cell_order}: {name}"
            );
        }
    }
}

#[test]
fn memory_used_again_does_not_change_a_bit() {
    let moments = Question::new(YAML, &TYPES);
    let coarse = Question::new(&YAML.replace("child_order: 12", "child_order: 8"), &TYPES);
    for strategy in [Strategy::Runs, Strategy::Blocks, Strategy::Sort] {
        let used = cpu(2, strategy);
        for workload in WORKLOADS.into_iter().chain(WORKLOADS.into_iter().rev()) {
            for question in [&moments, &coarse] {
                let photons = photons(workload);
                let whole: Vec<usize> = (0..photons.len()).collect();
                let answer = |cpu: &Cpu| {
                    bits(
                        &question.answer_of(&photons, std::slice::from_ref(&whole), |batch| {
                            let (grid, job) = (&question.config.grid, &question.job);
                            let mut times = StageTimes::default();
                            let partials = cpu.fold(batch, grid, job, &mut times)?;
                            cpu.recycle(partials.clone(), job);
                            Ok(partials)
                        }),
                    )
                };
                let expected = answer(&cpu(2, strategy));
                assert!(answer(&used) == expected, "{strategy:?}, {workload:?}");
            }
        }
    }
}

#[test]
fn every_way_through_the_cpu_agrees_at_order_8() {
    all_ways_agree(8);
}

#[test]
fn every_way_through_the_cpu_agrees_at_order_12() {
    all_ways_agree(12);
}

#[test]
fn every_way_through_the_cpu_agrees_at_order_29() {
    all_ways_agree(29);
}
