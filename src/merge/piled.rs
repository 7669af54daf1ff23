//! Tests: piles that share files and take over one another, and cells that come in windows or in parts.

use super::pile::Pile;
use super::tests::{grid, job, photons};
use super::*;
use crate::photon::ColumnType;
use crate::stat::{Deviations, Digesting, Key, KeySlice, Specials, Value, quantile};

/// Two columns of which quantiles are asked for, of 4 and of 8 bytes.
fn ordered() -> Job {
    let mut job = job();
    job.columns[1].needs = job.columns[0].needs.clone();
    job
}

fn keys(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.key().0 as u32).collect()
}

/// Adds values to a pile: to the first column as float32, to the second as float64.
fn add(pile: &mut Pile, job: &Job, values: &[f32]) {
    let mut table = Partials::empty(job);
    table.cells.push(1);
    table.photons.push(values.len() as u64);
    table.columns[0].push_cell(values, &job.columns[0]);
    let wide: Vec<f64> = values.iter().copied().map(f64::from).collect();
    table.columns[1].push_cell(&wide, &job.columns[1]);
    pile.take(&mut table).unwrap();
    assert_eq!(table.value_bytes(0..1), 0);
}

/// The values of a pile's column, in order.
fn values(pile: &Pile, column: usize) -> Vec<f64> {
    let mut found = Vec::new();
    let all = pile.read(column, |values| {
        match values {
            KeySlice::Narrow(keys) => {
                let keys = keys.iter().map(|&key| Key(key.into()));
                found.extend(keys.map(|key| key.to_f64(ColumnType::F32)));
            }
            KeySlice::Wide(keys) => {
                let keys = keys.iter().map(|&key| Key(key));
                found.extend(keys.map(|key| key.to_f64(ColumnType::F64)));
            }
        }
        Ok(())
    });
    all.unwrap();
    assert_eq!(pile.len(column), found.len());
    found.sort_by(f64::total_cmp);
    found
}

#[test]
fn piles_that_take_turns_in_a_file_and_take_over_those_of_others_have_their_own_values() {
    let (job, outer) = (job(), tempfile::tempdir().unwrap());
    let [here, there] = ["here", "there"].map(|name| Piles::new(outer.path().join(name)));
    let [mut a, mut b] = [&here, &here].map(|piles| Pile::new(piles, &job));
    assert_eq!(a.columns().count(), 0);
    add(&mut a, &job, &[1.0, 2.0]);
    add(&mut b, &job, &[10.0]);
    add(&mut a, &job, &[3.0]);
    add(&mut a, &job, &[4.0]);
    assert!(a.columns().eq([0]));
    assert_eq!(values(&a, 0), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(values(&b, 0), [10.0]);
    // In another file, from the byte on at which the last value of `a` ends in its own.
    let written = here.written();
    assert_eq!(written, 5 * 4);
    let [mut before, mut other] = [&there, &there].map(|piles| Pile::new(piles, &job));
    add(&mut before, &job, &[0.5; 5]);
    assert_eq!(there.written(), written);
    add(&mut other, &job, &[7.0, 8.0]);
    a.adopt(&other);
    a.adopt(&b);
    assert_eq!(values(&a, 0), [1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 10.0]);
    assert_eq!(values(&other, 0), [7.0, 8.0]);
    // Nothing was written again.
    assert_eq!(
        (here.written(), there.written()),
        (written, written + 2 * 4)
    );
}

#[test]
fn values_of_columns_of_either_width_are_kept_apart() {
    let (job, outer) = (ordered(), tempfile::tempdir().unwrap());
    let piles = Piles::new(outer.path().join("piles"));
    let mut pile = Pile::new(&piles, &job);
    // More than are written at a time.
    let many: Vec<f32> = (0..40_000u16).map(f32::from).collect();
    add(&mut pile, &job, &many);
    add(&mut pile, &job, &[-1.0]);
    assert!(pile.columns().eq([0, 1]));
    assert_eq!(piles.written(), 40_001 * 12);
    let expected: Vec<f64> = (-1..40_000).map(f64::from).collect();
    assert!(values(&pile, 0) == expected && values(&pile, 1) == expected);
}

#[test]
fn order_statistics_of_a_pile_are_those_of_its_values_and_of_those_in_memory() {
    let (job, outer) = (ordered(), tempfile::tempdir().unwrap());
    let piles = Piles::new(outer.path().join("piles"));
    let mut pile = Pile::new(&piles, &job);
    add(&mut pile, &job, &[5.0, 1.0, 100.0]);
    let rest = keys(&[2.0, 3.0]);
    let rest = KeySlice::Narrow(&rest);
    let chosen = pile.choose(0, (0..5).collect(), rest).unwrap();
    assert_eq!(chosen.len, 5);
    // 1, 2, 3, 5 and 100 deviate from 3 by 2, 1, 0, 2 and 97.
    let deviations = Deviations::new(5, 3.0, ColumnType::F32);
    assert_eq!(pile.mad(0, deviations, rest).unwrap(), 2.0);
    let none = Deviations::new(5, f64::NAN, ColumnType::F32);
    assert!(pile.mad(0, none, rest).unwrap().is_nan());
    // So large a delta leaves every value its own centroid.
    let of = (Specials::default(), ColumnType::F32);
    let (delta, digest) = pile
        .digest(0, Digesting::new(&chosen, 512, of), rest)
        .unwrap();
    let centroids = [1.0, 2.0, 3.0, 5.0, 100.0].map(|mean| (mean, 1.0));
    assert_eq!(
        (delta, digest.iter().collect::<Vec<_>>()),
        (512, centroids.to_vec())
    );
    let mut table = photons(&job, [1], 0);
    if let Some(ordered) = &mut table.columns[0].ordered {
        ordered.choose(0, chosen);
        assert_eq!(quantile(ordered, 0, 0.75, ColumnType::F32), 5.0);
    }
}

/// Cells of the windows of shard 0, and the photons of each.
fn windows(partials: &mut RunPartials) -> Vec<(Vec<u64>, Vec<u64>)> {
    let windows = partials.take_shard(0).unwrap();
    let each = windows.map(|window| {
        let table = window.unwrap().table;
        (table.cells, table.photons)
    });
    each.collect()
}

#[test]
fn cells_that_fill_a_window_to_the_byte_come_in_one() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let tables = [photons(&job, [3], 4), photons(&job, [9], 4)];
    let bytes: u64 = tables.iter().map(|table| table.bytes_of(0..1, &job)).sum();
    for (window, cells) in [(bytes, &[&[3, 9][..]][..]), (bytes - 1, &[&[3], &[9]])] {
        // Each in a sorted run of its own.
        let partials = RunPartials::new(&grid, &job, 0, outer.path());
        let mut partials = partials.with_window(window);
        for table in &tables {
            partials.add(table).unwrap();
        }
        partials.commit().unwrap();
        assert_eq!(partials.committed.runs.len(), 2);
        let windows = windows(&mut partials);
        assert!(
            windows
                .iter()
                .map(|(cells, _)| &**cells)
                .eq(cells.iter().copied())
        );
    }
}

#[test]
fn a_cell_that_begins_with_few_values_and_has_many_comes_once() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    for sizes in [[10, 3000, 20], [3000, 10, 20], [10, 20, 3000]] {
        let partials = RunPartials::new(&grid, &job, 0, outer.path());
        let mut partials = partials.with_window(400);
        for size in sizes {
            partials.add(&photons(&job, [4], size)).unwrap();
        }
        partials.add(&photons(&job, [2, 7], 1)).unwrap();
        partials.commit().unwrap();
        let expected = [(2, 1), (4, 3030), (7, 1)].map(|(cell, n)| (vec![cell], vec![n]));
        assert_eq!(windows(&mut partials), expected);
    }
}
