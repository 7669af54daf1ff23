//! sort: against the standard library's stable sort.

use super::subject::{Cells, Subject, each, keys, on_every_backend, through_the_stand_in};

/// What `sort` makes of cells is what the standard library makes of them.
fn sorts<B: Subject>(backend: &B, name: &str, cells: &[u64]) {
    let (keys, table) = keys(cells);
    let mut expected: Vec<(u32, u32)> = keys.iter().copied().zip(0..).collect();
    expected.sort_by_key(|pair| pair.0);
    let sorted = backend.sort(backend.keys(keys, table).unwrap()).unwrap();
    let (keys, photons) = backend.pairs(&sorted).unwrap();
    let found: Vec<(u32, u32)> = keys.into_iter().zip(photons).collect();
    assert!(found == expected, "{name}");
}

fn every_size_and_arrangement<B: Subject>() {
    let backend = B::open();
    each(|name, cells| sorts(&backend, name, cells));
}

fn one_cell_holds_everything<B: Subject>() {
    sorts(&B::open(), "one cell", &Cells::OneCell.cells(1 << 20));
}

fn a_million_photons_in_random_cells<B: Subject>() {
    let backend = B::open();
    sorts(&backend, "random", &Cells::Random.cells(1 << 20));
    sorts(&backend, "distinct", &Cells::AllDistinct.cells(1 << 20));
}

on_every_backend!(
    every_size_and_arrangement,
    one_cell_holds_everything,
    a_million_photons_in_random_cells,
);
through_the_stand_in!(every_size_and_arrangement, one_cell_holds_everything);
