//! segment: against a look at every key and the one before it.

use super::subject::{Cells, Subject, each, keys, on_every_backend, through_the_stand_in};

fn segments<B: Subject>(backend: &B, name: &str, cells: &[u64]) {
    let (keys, table) = keys(cells);
    let sorted = backend.sort(backend.keys(keys, table).unwrap()).unwrap();
    let segments = backend.segment(&sorted).unwrap();
    let mut ascending = cells.to_vec();
    ascending.sort_unstable();
    let differs = |i: &usize| *i == 0 || ascending[*i] != ascending[*i - 1];
    let expected: Vec<u32> = (0..cells.len()).filter(differs).map(|i| i as u32).collect();
    assert!(backend.starts(&segments).unwrap() == expected, "{name}");
}

fn every_size_and_arrangement<B: Subject>() {
    let backend = B::open();
    each(|name, cells| segments(&backend, name, cells));
}

fn a_million_photons<B: Subject>() {
    let backend = B::open();
    for cells in [Cells::OneCell, Cells::Runs, Cells::AllDistinct] {
        segments(&backend, &format!("{cells:?}"), &cells.cells(1 << 20));
    }
}

on_every_backend!(every_size_and_arrangement, a_million_photons);
through_the_stand_in!(every_size_and_arrangement);
