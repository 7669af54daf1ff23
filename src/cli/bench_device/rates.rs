//! Rates with the data on the device already: folds from keys and from coordinates, and the sort of pairs.

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::backend::cuda::{KernelTime, Keys, Launching, Photons, Sorting, Way};
use crate::backend::{Backend, KeyTable};
use crate::error::Result;
use crate::stat::{Job, Partials};

use super::photons::{self, Columns, Workload, grid};
use super::{Bench, rate};

const REPEATS: usize = 9;
/// What is measured at any size; many cells would be joined on the host for minutes.
const MEASURED: [Workload; 3] = [Workload::AlongTrack, Workload::FewCells, Workload::OneCell];
/// Photons up to which all of them are measured; beyond, along tracks alone.
const ALL_UP_TO: usize = 1 << 26;

/// Folds of photons that stay on the device, up to rows that do.
pub fn resident(bench: &mut Bench) -> Result<()> {
    let n = bench.args.photons as usize;
    let workloads = if n > ALL_UP_TO {
        &MEASURED[..1]
    } else {
        &MEASURED[..]
    };
    workloads
        .iter()
        .try_for_each(|&workload| resident_of(bench, workload, n))
}

/// Ways to fold: as runs, where there is room for all of them, launched one by one or as a graph, and by the stages,
/// under names that say so.
fn resident_of(bench: &mut Bench, workload: Workload, n: usize) -> Result<()> {
    let job = photons::job(Columns::Height);
    let batch = bench.batch(workload, n, &job);
    let expected = bench.expected(&batch, &job)?;
    let photons = bench.cuda.upload(&batch)?;
    for (way, launching, suffix) in [
        (Way::Runs, Launching::Single, ""),
        (Way::Runs, Launching::Graph, "_by_graph"),
        (Way::Stages, Launching::Single, "_by_stages"),
    ] {
        bench.cuda.set_way(way);
        bench.cuda.set_launching(launching);
        let what = |of: &str| {
            json!({"of": of, "workload": workload.name(), "photons": n, "cells": expected.len(),
                   "way": way.name(), "launching": launching.name()})
        };
        resident_by(bench, (&photons, &job), &expected, (&what, suffix))?;
    }
    bench.cuda.set_way(Way::Sampled);
    bench.cuda.set_launching(Launching::Single);
    Ok(())
}

/// Folds one way: from keys, from coordinates, and with the rows read back.
fn resident_by(
    bench: &mut Bench,
    (photons, job): (&Photons, &Job),
    expected: &Partials,
    (what, suffix): (&dyn Fn(&str) -> Value, &str),
) -> Result<()> {
    let (grid, n) = (grid(), bench.args.photons as usize);
    let keys = bench.cuda.locate(photons, &grid)?;
    let folded = bench.cuda.fold_keys(photons, &keys, job)?;
    let keys_in_runs = folded.in_runs();
    let from_keys = bench.cuda.read_back(folded, &keys, job)?;
    let (folded, own) = bench.cuda.fold_photons(photons, &grid, job)?;
    let in_runs = keys_in_runs && folded.in_runs();
    let from_coordinates = bench
        .cuda
        .read_back(folded, own.as_ref().unwrap_or(&keys), job)?;
    let same = from_keys == *expected && from_coordinates == *expected;
    let mut fold = what("resident fold");
    fold["in_runs"] = in_runs.into();
    // What fell back to the stages is timed under their name.
    if !bench.same(&fold, same)? || (suffix != "_by_stages" && !in_runs) {
        return Ok(());
    }
    let seconds = bench.times(REPEATS, || bench.cuda.fold_keys(photons, &keys, job))?;
    let measured = rate(n, &seconds);
    let name = |fact: &str| format!("{fact}{suffix}");
    bench
        .lines
        .measured(&name("from_keys"), what("rate"), measured)?;
    let seconds = bench.times(REPEATS, || bench.cuda.fold_photons(photons, &grid, job))?;
    let measured = rate(n, &seconds);
    bench
        .lines
        .measured(&name("from_coordinates"), what("rate"), measured)?;
    let seconds = bench.times(REPEATS, || {
        let folded = bench.cuda.fold_keys(photons, &keys, job)?;
        bench.cuda.read_back(folded, &keys, job)
    })?;
    let measured = rate(n, &seconds);
    bench
        .lines
        .measured(&name("from_keys_read_back"), what("rate"), measured)?;
    if suffix == "_by_graph" {
        // No time is taken within a graph.
        return Ok(());
    }
    let (_, kernels) = bench.cuda.timed(|| {
        let folded = bench.cuda.fold_photons(photons, &grid, job)?;
        bench.cuda.wait()?;
        Ok(folded)
    })?;
    write_kernels(bench, what("from_coordinates"), &kernels)?;
    let (_, kernels) = bench.cuda.timed(|| {
        let folded = bench.cuda.fold_keys(photons, &keys, job)?;
        bench.cuda.wait()?;
        Ok(folded)
    })?;
    write_kernels(bench, what("from_keys"), &kernels)
}

/// Launches of each kernel, and what they took.
fn write_kernels(bench: &mut Bench, mut what: Value, kernels: &[KernelTime]) -> Result<()> {
    let launches = kernels
        .iter()
        .map(|kernel| (kernel.kernel.to_owned(), kernel.launches.into()));
    let seconds = kernels
        .iter()
        .map(|kernel| (kernel.kernel.to_owned(), kernel.seconds.into()));
    what["launches"] = Value::Object(launches.collect());
    let seconds = json!({"kernel_seconds": Value::Object(seconds.collect())});
    bench.lines.measured("kernels", what, seconds)
}

/// One fold along a track from coordinates and nothing else: what a profiler looks at.
pub fn one_fold(bench: &mut Bench) -> Result<()> {
    let (job, n) = (photons::job(Columns::Height), bench.args.photons as usize);
    let batch = bench.batch(Workload::AlongTrack, n, &job);
    let there = bench.cuda.upload(&batch)?;
    let (folded, keys) = bench.cuda.fold_photons(&there, &grid(), &job)?;
    let found = bench.cuda.read_back(folded, keys.as_ref(), &job)?;
    let expected = bench.expected(&batch, &job)?;
    let what = json!({"of": "one fold", "workload": "along-track", "photons": n});
    bench.same(&what, found == expected)?;
    Ok(())
}

/// Pairs of a key with 16 significant bits and the number of its item.
pub fn sort(bench: &mut Bench) -> Result<()> {
    let n = bench.args.photons as usize;
    let keys = bench.cpu.install(|| photons::made(n, photons::key));
    let table = KeyTable::new(&grid(), |_| vec![0]);
    let there = bench.cuda.upload_keys(&keys, table)?;
    for (sorting, fact) in [(Sorting::LookBack, "sort"), (Sorting::Scan, "sort_by_scan")] {
        bench.cuda.set_sorting(sorting);
        sort_by(bench, (&keys, &there), fact)?;
    }
    bench.cuda.set_sorting(Sorting::LookBack);
    Ok(())
}

/// Sorts one way, under a name that says which.
fn sort_by(bench: &mut Bench, (keys, there): (&[u32], &Keys), fact: &str) -> Result<()> {
    let n = keys.len();
    let sorted = bench.cuda.sorted(there)?;
    let (found, items) = bench.cuda.pairs(&sorted)?;
    drop(sorted);
    let same = bench.cpu.install(|| is_sorted(keys, &found, &items));
    let what = json!({"of": fact, "pairs": n, "bits": 16});
    if !bench.same(&what, same)? {
        return Ok(());
    }
    let seconds = bench.times(2 * REPEATS, || bench.cuda.sorted(there))?;
    let measured = rate(n, &seconds);
    bench.lines.measured(fact, what.clone(), measured)?;
    let (_, kernels) = bench.cuda.timed(|| bench.cuda.sorted(there))?;
    bench.cuda.wait()?;
    write_kernels(bench, what, &kernels)
}

/// Whether pairs ascend, equal keys in the order of their items, and each is one that was given. Items
/// that ascend within a key are all different, so there are as many as were given.
fn is_sorted(keys: &[u32], found: &[u32], items: &[u32]) -> bool {
    let right = |i: usize| {
        let given = keys.get(items[i] as usize) == Some(&found[i]);
        given && (i == 0 || (found[i - 1], items[i - 1]) < (found[i], items[i]))
    };
    let all = (0..keys.len()).into_par_iter().with_min_len(1 << 12);
    found.len() == keys.len() && items.len() == keys.len() && all.all(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_out_of_order_and_pairs_of_others_are_found() {
        let keys = [3, 1, 3, 1];
        assert!(is_sorted(&keys, &[1, 1, 3, 3], &[1, 3, 0, 2]));
        for (found, items) in [
            ([1, 1, 3, 3], [3, 1, 0, 2]),
            ([1, 3, 1, 3], [1, 0, 3, 2]),
            ([1, 1, 3, 3], [1, 1, 0, 2]),
            ([1, 1, 3, 3], [1, 3, 0, 9]),
            ([1, 2, 3, 3], [1, 3, 0, 2]),
        ] {
            assert!(!is_sorted(&keys, &found, &items), "{found:?} {items:?}");
        }
    }
}
