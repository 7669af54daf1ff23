//! The whole line: every backend against the CPU, bit by bit, and against the oracle.

use icefold::backend::cpu::Cpu;
use icefold::backend::wgpu::Wgpu;
use icefold::backend::{Backend, StageTimes};
use icefold::photon::{Origin, PhotonBatch, Rows, Values};
use icefold::stat::{Derivation, Partials};

use crate::property::{TYPES, YAML, check_against_oracle, shuffle, split};
use crate::support::{Photons, Question, bits, column};

use super::subject::{Subject, on_every_backend, through_the_stand_in};
use super::{WORKLOADS, Workload, noise, photons, photons_of};

fn question(cell_order: u8) -> Question {
    let yaml = YAML.replace("child_order: 12", &format!("child_order: {cell_order}"));
    Question::new(&yaml, &TYPES)
}

fn fold<B: Backend>(backend: &B, question: &Question, photons: &Photons) -> Partials {
    let whole: Vec<usize> = (0..photons.len()).collect();
    let mut batch = photons.batch(&whole);
    let variables = &question.config.variables;
    batch.columns = Derivation::default().take(&question.job, variables, &mut batch);
    let mut times = StageTimes::default();
    backend
        .fold(&batch, &question.config.grid, &question.job, &mut times)
        .unwrap()
}

fn every_workload_gives_the_bits_of_the_cpu<B: Subject>() {
    let backend = B::open();
    for cell_order in [8, 12, 29] {
        let question = question(cell_order);
        for workload in WORKLOADS {
            let photons = photons(workload);
            let batches = [(0..photons.len()).collect()];
            let expected = bits(&question.answer(&photons, &batches, 1));
            let found = question.answer_of(&photons, &batches, |batch| {
                let mut times = StageTimes::default();
                backend.fold(batch, &question.config.grid, &question.job, &mut times)
            });
            assert!(
                bits(&found) == expected,
                "{workload:?} at order {cell_order}"
            );
        }
    }
}

/// Lengths, for which no value is looked at, so that every column is there.
const LENGTHS: &str = "
    h_n: {function: len, source: h, dtype: int64}
    s_n: {function: len, source: s, dtype: int64}
    k_n: {function: len, source: k, dtype: int64}
";

/// One output at a time: what a device counts depends on what else is asked for of a column.
fn every_output_alone_gives_the_bits_of_the_cpu<B: Subject>() {
    let backend = B::open();
    let (head, rest) = YAML.split_once("    count:").expect("the first output");
    let (outputs, grid) = rest.split_once("output:").expect("the grid");
    for output in format!("    count:{outputs}").lines() {
        let yaml = format!("{head}{output}{LENGTHS}output:{grid}");
        let question = Question::new(&yaml, &TYPES);
        for workload in [Workload::AlongTrack, Workload::FewCellsShuffled] {
            let photons = photons(workload);
            let batches = [(0..photons.len()).collect()];
            let expected = bits(&question.answer(&photons, &batches, 1));
            let found = question.answer_of(&photons, &batches, |batch| {
                let mut times = StageTimes::default();
                backend.fold(batch, &question.config.grid, &question.job, &mut times)
            });
            assert!(bits(&found) == expected, "{workload:?}: {output}");
        }
    }
}

fn shuffles_and_splits_do_not_change_a_bit<B: Subject>() {
    let (backend, question) = (B::open(), question(12));
    for workload in [Workload::AlongTrack, Workload::FewCellsShuffled] {
        let photons = photons(workload);
        let mut places: Vec<usize> = (0..photons.len()).collect();
        let expected = bits(&question.answer(&photons, &[places.clone()], 1));
        for (seed, lengths) in [(1, vec![15_000]), (2, vec![1, 2048, 700]), (3, vec![5000])] {
            let batches = split(&places, &lengths);
            let found = question.answer_of(&photons, &batches, |batch| {
                let mut times = StageTimes::default();
                backend.fold(batch, &question.config.grid, &question.job, &mut times)
            });
            assert!(bits(&found) == expected, "{workload:?}, split {lengths:?}");
            shuffle(&mut places, seed);
        }
    }
}

fn every_number_is_the_oracles<B: Subject>() {
    let (backend, question) = (B::open(), question(12));
    for workload in [Workload::AlongTrack, Workload::ManyCellsShuffled] {
        let photons = photons_of(workload, 2500);
        let batches = [(0..photons.len()).collect()];
        let tables = question.answer_of(&photons, &batches, |batch| {
            let mut times = StageTimes::default();
            backend.fold(batch, &question.config.grid, &question.job, &mut times)
        });
        check_against_oracle(&photons, &tables);
    }
}

fn a_million_photons_give_the_bits_of_the_cpu<B: Subject>() {
    let (backend, question) = (B::open(), question(12));
    let cpu = Cpu::open(2).unwrap();
    for workload in [Workload::AlongTrack, Workload::ManyCellsShuffled] {
        let photons = photons_of(workload, 1 << 20);
        let expected = fold(&cpu, &question, &photons);
        assert!(
            fold(&backend, &question, &photons) == expected,
            "{workload:?}"
        );
    }
}

on_every_backend!(
    every_workload_gives_the_bits_of_the_cpu,
    every_output_alone_gives_the_bits_of_the_cpu,
    shuffles_and_splits_do_not_change_a_bit,
    every_number_is_the_oracles,
    a_million_photons_give_the_bits_of_the_cpu,
);
// An emulation of a million photons takes too long.
through_the_stand_in!(
    every_workload_gives_the_bits_of_the_cpu,
    every_output_alone_gives_the_bits_of_the_cpu,
    shuffles_and_splits_do_not_change_a_bit,
    every_number_is_the_oracles,
);

/// One column of heights, no nulls; the fold that the device does alone.
const PLAIN: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h"}
aggregation:
  variables:
    count: {function: len, source: h, dtype: int64}
    h_min: {function: min, source: h}
    h_var: {function: var, source: h, dtype: float64}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 14}
"#;

/// Heights at these positions, with the question about them.
fn plain(positions: impl Iterator<Item = (f64, f64)>) -> (Question, PhotonBatch) {
    let (lon, lat): (Vec<f64>, Vec<f64>) = positions.unzip();
    let heights = (0..lon.len()).map(|i| (noise(i, 20) * 4000.0) as f32);
    let batch = PhotonBatch {
        origin: Origin {
            granule: "in_memory.h5".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..lon.len() as u64),
        },
        columns: vec![column(Values::F32(heights.collect()))],
        step: 0,
        lon: lon.into(),
        lat: lat.into(),
    };
    (Question::new(PLAIN, &TYPES[..1]), batch)
}

/// Folds photons at these positions on the CPU and on the device.
fn same_partials(positions: impl Iterator<Item = (f64, f64)>) -> StageTimes {
    let (question, batch) = plain(positions);
    let (grid, job) = (question.config.grid, question.job);
    let (mut times, mut other) = (StageTimes::default(), StageTimes::default());
    let wgpu = <Wgpu as Subject>::open();
    let found = wgpu.fold(&batch, &grid, &job, &mut times).unwrap();
    let cpu = Cpu::open(2).unwrap();
    assert!(found == cpu.fold(&batch, &grid, &job, &mut other).unwrap());
    times
}

#[test]
fn a_batch_of_more_photons_than_a_device_takes_at_once_is_split() {
    let n = (1 << 24) + 1;
    let times = same_partials((0..n).map(|_| (12.5, -33.25)));
    assert_eq!(times.batches.runs, 2);
}

#[test]
fn a_batch_of_more_cells_than_one_binding_holds_is_split() {
    // 2^21 rows of 64 bytes fill 128 MiB.
    let n = (1 << 21) + 20_000;
    let times = same_partials((0..n).map(|i| (noise(i, 30) * 360.0, noise(i, 31) * 178.0 - 89.0)));
    assert_eq!(times.batches.sorted, 2);
}

#[test]
fn batches_that_are_folded_at_the_same_time_do_not_mix() {
    let wgpu = <Wgpu as Subject>::open();
    let cpu = Cpu::open(2).unwrap();
    std::thread::scope(|scope| {
        for salt in 40..44 {
            let (wgpu, cpu) = (&wgpu, &cpu);
            scope.spawn(move || {
                let spread = |i| (noise(i, salt) * 2.0, noise(i, salt + 10) * 2.0);
                let (question, batch) = plain((0..30_000).map(spread));
                let (grid, job) = (question.config.grid, question.job);
                let mut times = StageTimes::default();
                let expected = cpu.fold(&batch, &grid, &job, &mut times).unwrap();
                for _ in 0..3 {
                    let found = wgpu.fold(&batch, &grid, &job, &mut times).unwrap();
                    assert!(found == expected, "{salt}");
                }
            });
        }
    });
}
