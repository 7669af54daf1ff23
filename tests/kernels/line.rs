//! The whole line against the CPU: batches, splits over devices, little memory.

use std::sync::mpsc::channel;
use std::time::Duration;

use icefold::backend::cuda::{Cuda, Machine};
use icefold::backend::{Backend, KeyTable, StageTimes};
use icefold::photon::{Column, Values};
use icefold::stat::{Derivation, Partials};

use crate::property::{TYPES, YAML};
use crate::support::{Photons, Question, bits};

use super::emulation::Emulation;
use super::{Position, Subject, noise, on_emulation_and_device};

fn question(cell_order: u8) -> Question {
    let yaml = YAML.replace("child_order: 12", &format!("child_order: {cell_order}"));
    Question::new(&yaml, &TYPES)
}

/// The same without order statistics, so that photons along a track are folded as runs.
fn unordered(cell_order: u8) -> Question {
    let yaml = YAML.replace("child_order: 12", &format!("child_order: {cell_order}"));
    let ordered = ["h_median:", "h_q:", "spread:"];
    let keep = |line: &&str| !ordered.iter().any(|name| line.trim().starts_with(name));
    let lines: Vec<&str> = yaml.lines().filter(keep).collect();
    Question::new(&lines.join("\n"), &TYPES)
}

const PLACES: [(&str, Position); 4] = [
    ("one cell", |_| (12.5, -33.25)),
    ("a track", |i| {
        (-45.0 + i as f64 * 2e-6, 69.0 + i as f64 * 7e-6)
    }),
    ("few cells", |i| {
        (noise(i, 2) * 0.3, 41.7 + noise(i, 3) * 0.3)
    }),
    ("many cells", |i| {
        (noise(i, 4) * 360.0, noise(i, 5) * 180.0 - 90.0)
    }),
];

fn photons(n: usize, place: Position) -> Photons {
    let (lon, lat) = (0..n).map(place).unzip();
    let heights = (0..n).map(|i| match noise(i, 6) {
        x if x < 1e-3 => f32::NAN,
        x if x < 2e-3 => f32::NEG_INFINITY,
        x if x < 0.01 => (x * 1e-9) as f32,
        x => (x * 4000.0 - 100.0) as f32,
    });
    Photons {
        lon,
        lat,
        columns: vec![
            Column {
                values: Values::F32(heights.collect()),
                nulls: Some((0..n).map(|i| noise(i, 7) > 0.01).collect()),
            },
            Column {
                values: Values::F32((0..n).map(|i| 0.01 + noise(i, 8) as f32).collect()),
                nulls: None,
            },
            Column {
                values: Values::I64((0..n).map(|i| (noise(i, 9) * 1e6) as i64).collect()),
                nulls: Some((0..n).map(|i| noise(i, 10) > 0.01).collect()),
            },
        ],
    }
}

/// What a backend makes of the photons is what the CPU makes of them.
fn agrees<M: Machine>(cuda: &Cuda<M>, name: &str, n: usize, cell_order: u8) {
    for question in [question(cell_order), unordered(cell_order)] {
        agrees_on(cuda, &question, &format!("{name}, order {cell_order}"), n);
    }
}

fn agrees_on<M: Machine>(cuda: &Cuda<M>, question: &Question, name: &str, n: usize) {
    for (place, position) in PLACES {
        let photons = photons(n, position);
        let batches = [(0..n).collect()];
        let expected = bits(&question.answer(&photons, &batches, 1));
        let found = question.answer_of(&photons, &batches, |batch| {
            let mut times = StageTimes::default();
            cuda.fold(batch, &question.config.grid, &question.job, &mut times)
        });
        assert!(bits(&found) == expected, "{name}: {n} photons in {place}");
    }
}

fn every_number_is_the_cpus<S: Subject>() {
    let cuda = S::open();
    for n in [1, 300, 15_000] {
        for cell_order in [8, 12, 29] {
            agrees(&cuda, "one device", n, cell_order);
        }
    }
}

/// Several batches on one device: what one of them is done with, another may still read.
fn batches_that_are_folded_at_the_same_time_do_not_mix<S: Subject>() {
    let cuda = S::open();
    std::thread::scope(|scope| {
        for n in [2000, 3000, 4000] {
            let cuda = &cuda;
            scope.spawn(move || agrees(cuda, "at the same time", n, 12));
        }
    });
}

/// Threads that copy for one fold may take up another one meanwhile: neither may wait for the other.
fn copies_may_be_begun_on_the_threads_that_copy<S: Subject + 'static>() {
    // As many threads as make it likely that one of them waits for another.
    let cuda = S::open_with(48);
    let (done, came_back) = channel();
    // A thread of its own, so that a test that would wait for ever fails instead.
    std::thread::spawn(move || {
        let (grid, cuda) = (&question(12).config.grid, &cuda);
        // Several pieces of a copy, so that threads share it.
        let keys: Vec<u32> = (0..1 << 21).map(|key| key & 0xfff).collect();
        let copy_both_ways = || {
            let there = cuda.upload_keys(&keys, KeyTable::new(grid, |_| vec![7]));
            let there = there.expect("keys reach the device");
            let found = cuda.cells(&there).expect("keys come back");
            let right = |(found, key): (&u64, &u32)| *found == 7 << 12 | u64::from(*key);
            assert!(found.len() == keys.len() && found.iter().zip(&keys).all(right));
        };
        let both = &copy_both_ways;
        cuda.install(|| {
            rayon::scope(|scope| {
                for _ in 0..64 {
                    scope.spawn(move |_| both());
                }
            });
        });
        done.send(()).expect("the test waits");
    });
    let ended = came_back.recv_timeout(Duration::from_mins(5));
    ended.expect("no copy waits for one that it interrupted, and all bits come back");
}

on_emulation_and_device!(
    every_number_is_the_cpus,
    copies_may_be_begun_on_the_threads_that_copy,
    batches_that_are_folded_at_the_same_time_do_not_mix,
);

#[test]
#[ignore = "needs several NVIDIA devices"]
fn all_devices_share_a_batch() {
    let cuda = Cuda::open(&"all".parse().unwrap(), 2).unwrap();
    assert!(cuda.names().len() > 1);
    let cuda = cuda.with_share(1000);
    for n in [900, 2500, 9000] {
        agrees(&cuda, "all devices", n, 12);
    }
}

#[test]
#[cfg(icefold_test_stand_in)]
fn all_devices_of_the_stand_in_share_a_batch() {
    let test = concat!(module_path!(), "::all_devices_share_a_batch");
    super::stand_in::passes(test, "devices=3");
}

#[test]
#[cfg_attr(not(icefold_test_cxx), ignore = "needs a C++ compiler")]
fn several_devices_give_the_bits_of_one() {
    let devices = ["cuda:0", "cuda:1", "cuda:2"].map(Emulation::new).into();
    let cuda = Cuda::over(devices, 2).unwrap().with_share(1000);
    for n in [900, 2500, 15_000] {
        agrees(&cuda, "three devices", n, 12);
    }
}

#[test]
#[cfg_attr(not(icefold_test_cxx), ignore = "needs a C++ compiler")]
fn batches_shrink_to_the_memory_that_there_is() {
    // A table of ancestors takes half a MiB whatever the batch.
    let device = Emulation::new("small").with_memory(12 << 20);
    let cuda = Cuda::over(vec![device], 2).unwrap();
    agrees(&cuda, "little memory", 40_000, 12);
}

#[test]
#[cfg_attr(not(icefold_test_cxx), ignore = "needs a C++ compiler")]
fn memory_of_earlier_batches_does_not_change_a_bit() {
    let cuda = Emulation::open();
    for n in [15_000, 1, 5000, 14_000, 300] {
        agrees(&cuda, "used again", n, 12);
    }
}

#[test]
#[cfg_attr(not(icefold_test_cxx), ignore = "needs a C++ compiler")]
fn an_empty_batch_has_no_cells() {
    let question = question(12);
    let mut batch = photons(0, PLACES[0].1).batch(&[]);
    batch.columns =
        Derivation::default().take(&question.job, &question.config.variables, &mut batch);
    let mut times = StageTimes::default();
    let folded = Emulation::open()
        .fold(&batch, &question.config.grid, &question.job, &mut times)
        .unwrap();
    assert!(folded == Partials::empty(&question.job));
}
