//! Tests: what sorted runs say of themselves, and values that windows have in memory and on disk.

use std::fs;

use super::pile::Pile;
use super::run_file::RunReader;
use super::sorted_run::{Extent, SortedRun, ending};
use super::tests::{grid, job, photons};
use super::*;
use crate::stat::Fingerprint;

fn extent(start: u64, bytes: u64) -> Extent {
    Extent {
        start,
        bytes,
        photons: 1,
    }
}

#[test]
fn an_index_whose_shards_do_not_follow_one_another_is_no_index() {
    let (job, grid) = (job(), grid());
    let (outer, encoding) = (tempfile::tempdir().unwrap(), Encoding::new(&job, &grid));
    let path = outer.path().join("sorted-000001.run");
    let opened = |first: Extent, second: Extent, swap: bool, of: Fingerprint| {
        let mut bytes = vec![0; 15];
        let shards = [(3, first), (5, second)].into();
        let mut end = ending(&shards, 15, 0x0302, of);
        if swap {
            end[..64].rotate_left(32);
            let covered = end.len() - 12;
            let checksum = crc32c::crc32c(&end[..covered]).to_le_bytes();
            end[covered..covered + 4].copy_from_slice(&checksum);
        }
        bytes.extend(end);
        fs::write(&path, bytes).unwrap();
        SortedRun::open(&path, &encoding).map_err(|e| e.to_string())
    };
    let ours = encoding.fingerprint();
    let mut run = opened(extent(0, 10), extent(10, 5), false, ours).unwrap();
    assert_eq!((run.level, run.bytes), (0x0302, 15 + 2 * 32 + 64));
    assert_eq!(run.shards, [(3, extent(0, 10)), (5, extent(10, 5))].into());
    assert_eq!((run.take(3), run.take(3)), (Some(extent(0, 10)), None));
    assert_eq!(
        (run.name(), run.taken.as_slice()),
        ("sorted-000001.run".to_owned(), &[3][..])
    );
    run.kept = true;
    for (first, second, swap) in [
        // A gap, an overlap, the end of the blocks, and the shards in another order.
        (extent(0, 9), extent(10, 5), false),
        (extent(0, 11), extent(10, 5), false),
        (extent(0, 10), extent(10, 4), false),
        (extent(10, 5), extent(0, 10), true),
    ] {
        let error = opened(first, second, swap, ours).map(drop).unwrap_err();
        assert!(
            error.contains("shards do not follow one another"),
            "{error}"
        );
    }
    let other = Fingerprint([7; 32]);
    let error = opened(extent(0, 10), extent(10, 5), false, other)
        .map(drop)
        .unwrap_err();
    assert!(
        error.ends_with("resume with the config that it was written for"),
        "{error}"
    );
}

#[test]
fn a_block_of_another_config_is_not_a_damaged_one() {
    let (ours, mut other, grid) = (job(), job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let mut partials = RunPartials::new(&grid, &ours, 0, outer.path());
    partials.add(&photons(&ours, [3], 4)).unwrap();
    partials.commit().unwrap();
    let run = &partials.committed.runs[0];
    other.columns[0].name = "another".to_owned();
    let mut reader = RunReader::open(run, 0, 4096, Encoding::new(&other, &grid)).unwrap();
    reader.seek(run.shards[&0]).unwrap();
    let error = reader.next().unwrap_err().to_string();
    assert!(
        error.ends_with("resume with the config that it was written for"),
        "{error}"
    );
}

#[test]
fn a_saved_file_that_cannot_be_looked_at_is_not_said_to_be_missing() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let file = RunFile {
        name: "sorted-000001.run".to_owned(),
        bytes: 1,
        sha256: String::new(),
        taken: Vec::new(),
    };
    let restored = |folder: &Path| {
        let restored = RunPartials::restore(&grid, &job, 0, folder, std::slice::from_ref(&file));
        restored.map(drop).unwrap_err().to_string()
    };
    assert!(restored(outer.path()).contains("sorted-000001.run: is missing"));
    if cfg!(unix) {
        let no_folder = outer.path().join("file");
        fs::write(&no_folder, b"").unwrap();
        let error = restored(&no_folder);
        assert!(
            error.contains("sorted-000001.run: cannot be read: "),
            "{error}"
        );
    }
}

/// Windows of shard 0 of cells 3 and 9, each of which fills one.
fn two_windows(each: usize, check: impl Fn(Vec<(u64, Window)>, &RunPartials)) {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let mut partials = RunPartials::new(&grid, &job, 0, outer.path()).with_window(400);
    partials.add(&photons(&job, [3, 9], each)).unwrap();
    partials.commit().unwrap();
    let mut windows = partials.take_shard(0).unwrap();
    assert_eq!(windows.photons(), 2 * each as u64);
    let mut found = Vec::new();
    while let Some(window) = windows.next() {
        found.push((windows.photons(), window.unwrap()));
    }
    drop(windows);
    assert_eq!(
        found.iter().map(|(left, _)| *left).collect::<Vec<_>>(),
        [each as u64, 0]
    );
    check(found, &partials);
}

#[test]
fn values_that_fit_a_window_stay_in_memory_and_others_are_in_a_pile() {
    two_windows(50, |windows, partials| {
        for (_, window) in &windows {
            assert_eq!((window.len(), window.is_empty()), (1, false));
            assert_eq!(window.value_bytes(), 50 * 4);
            let mut piled = 0;
            let each = window
                .piled_values()
                .each(window.table.cells[0], 0, |keys| piled += keys.len());
            each.unwrap();
            assert_eq!(piled, 0);
        }
        assert_eq!(partials.piles().written(), 0);
    });
    two_windows(500, |windows, partials| {
        for (_, window) in &windows {
            let cell = window.table.cells[0];
            assert_eq!(window.value_bytes(), 0);
            let (values, mut piled) = (window.piled_values(), 0);
            values.each(cell, 0, |keys| piled += keys.len()).unwrap();
            assert_eq!(piled, 500);
            values
                .each(cell + 1, 0, |_| unreachable!("of no cell"))
                .unwrap();
        }
        assert_eq!(partials.piles().written(), 2 * 500 * 4);
    });
}

#[test]
fn cells_that_join_bring_their_piles_along_wherever_they_stand() {
    let job = job();
    let outer = tempfile::tempdir().unwrap();
    let piles = Piles::new(outer.path().join("piles"));
    let window = |cells: &[u64], each| {
        let mut window = Window::from(photons(&job, cells.iter().copied(), each));
        window.pile_up(&piles, &job).unwrap();
        window
    };
    assert!(Window::empty(&job).is_empty());
    let piled = |window: &Window, cell| {
        let mut piled = 0;
        let values = window.piled_values();
        values.each(cell, 0, |keys| piled += keys.len()).unwrap();
        piled
    };
    let more = window(&[2, 5, 9], 20);
    for (mut mine, cells) in [
        (window(&[1, 5], 10), &[1, 2, 5, 9][..]),
        (window(&[1, 2], 10), &[1, 2, 5, 9]),
        (window(&[1], 10), &[1, 2, 5, 9]),
    ] {
        let own = mine.table.cells.clone();
        mine.join(&more, 0..3, &job);
        assert_eq!(mine.table.cells, cells);
        for (&cell, &photons) in cells.iter().zip(&mine.table.photons) {
            let expected =
                if own.contains(&cell) { 10 } else { 0 } + if cell == 1 { 0 } else { 20 };
            assert_eq!((piled(&mine, cell), photons), (expected, expected as u64));
        }
    }
    // Rows that are not asked for leave their piles.
    let mut mine = window(&[1], 10);
    mine.append(&more, 1..2);
    assert_eq!(mine.table.cells, [1, 5]);
    assert_eq!([2, 5, 9].map(|cell| piled(&mine, cell)), [0, 20, 0]);
}

#[test]
fn parts_of_a_cell_have_a_quarter_of_a_mebibyte_of_values() {
    let job = job();
    let outer = tempfile::tempdir().unwrap();
    // 400,000 bytes in memory, and as many in a pile.
    let mut window = Window::from(photons(&job, [7], 100_000));
    let mut sizes = Vec::new();
    let mut each = |part: &Partials| {
        sizes.push(part.value_bytes(0..1));
        Ok(())
    };
    window.each_part(&job, &mut each).unwrap();
    window
        .pile_up(&Piles::new(outer.path().join("piles")), &job)
        .unwrap();
    window.each_part(&job, &mut each).unwrap();
    assert_eq!(sizes.iter().sum::<u64>(), 800_000);
    assert!(sizes.iter().all(|&bytes| bytes <= 256 << 10), "{sizes:?}");
    assert_eq!(sizes[0], 256 << 10);
    // Values of piles come as they are read, after what the cell has beside them.
    assert_eq!(sizes[2], 0);
    let empty = Pile::new(&Piles::new(outer.path().join("none")), &job);
    assert_eq!(empty.columns().count(), 0);
}
