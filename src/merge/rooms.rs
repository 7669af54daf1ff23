//! Tests: who gets how much of the budget of memory, and what counts as taken of it.

use super::tests::{grid, job, photons};
use super::*;

const MIB: u64 = 1 << 20;

#[test]
fn blocks_are_an_eighth_of_the_budget_for_the_most_runs_that_there_can_be_within_bounds() {
    let (job, grid) = (job(), grid());
    let block = |budget| {
        let outer = tempfile::tempdir().unwrap();
        RunPartials::new(&grid, &job, budget, outer.path())
            .disk
            .block
    };
    assert_eq!(MOST_RUNS, 64);
    // An eighth of 64 MiB in 64 parts.
    assert_eq!(block(64 * MIB), 128 << 10);
    assert_eq!(block(0), 4 << 10);
    assert_eq!(block(1 << 40), 256 << 10);
}

#[test]
fn windows_and_values_of_cells_have_parts_of_the_budget_and_a_quarter_of_what_tables_leave() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let mut partials = RunPartials::new(&grid, &job, 4 * MIB, outer.path());
    let windows = partials.take_shard(0).unwrap();
    // Three quarters of the budget are for tables, and all of that is free.
    assert_eq!(windows.window, MIB / 4);
    assert_eq!(windows.room(), 3 * MIB / 4);
    assert_eq!(windows.most, 3 * MIB / 4);
    drop(windows);
    partials.add(&photons(&job, [64], 700_000)).unwrap();
    partials.commit().unwrap();
    let taken = partials.memory();
    assert!((5 * MIB / 2..3 * MIB).contains(&taken), "{taken}");
    // A quarter of what is left is less than a thirty-second of the budget for values of open cells, and
    // less than a sixteenth for those of one cell.
    let windows = partials.take_shard(0).unwrap();
    assert_eq!(windows.room(), MIB / 8);
    assert_eq!(windows.most, MIB / 4);
    drop(windows);
    assert_eq!(partials.spilled(), SpillFacts::default());
    let mut small = RunPartials::new(&grid, &job, 1 << 10, outer.path());
    let windows = small.take_shard(0).unwrap();
    assert_eq!((windows.room(), windows.most), (64 << 10, 64 << 10));
}

/// The budget of which three quarters are so many bytes.
fn of_room(room: u64) -> u64 {
    let budget = (room..2 * room).find(|budget| budget - budget / 4 == room);
    budget.unwrap()
}

#[test]
fn tables_that_fill_their_part_to_the_byte_stay_in_memory() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let batch = photons(&job, 0..64, 3);
    let mut one = RunPartials::new(&grid, &job, MIB, outer.path());
    one.add(&batch).unwrap();
    let bytes = one.memory();
    for (room, runs) in [(bytes, 0), (bytes - 1, 1)] {
        let budget = of_room(room);
        let mut partials = RunPartials::new(&grid, &job, budget, outer.path());
        partials.add(&batch).unwrap();
        assert_eq!(partials.spilled().runs, runs, "{budget}");
        // What memory has no more takes its place in the index of the run.
        assert_eq!(partials.memory(), if runs == 0 { bytes } else { 48 });
    }
}

#[test]
fn a_second_table_goes_where_the_first_one_leaves_room() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let batches = [photons(&job, 0..64, 3), photons(&job, 64..128, 3)];
    let mut both = RunPartials::new(&grid, &job, MIB, outer.path());
    let mut bytes = 0;
    for batch in &batches {
        both.add(batch).unwrap();
        assert!(both.memory() > bytes);
        bytes = both.memory();
    }
    for (room, runs) in [(bytes, 0), (bytes - 600, 1)] {
        let mut partials = RunPartials::new(&grid, &job, of_room(room), outer.path());
        for batch in &batches {
            partials.add(batch).unwrap();
        }
        assert_eq!(partials.spilled().runs, runs);
        // Only as much goes as has to.
        let gone = partials
            .pending
            .runs
            .iter()
            .flat_map(|run| run.shards.keys());
        assert!(gone.eq([0].iter().take(runs as usize)));
    }
}

#[test]
fn values_of_piles_count_as_bytes_that_went_to_disk() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let mut partials = RunPartials::new(&grid, &job, 0, outer.path()).with_window(100);
    partials.add(&photons(&job, [4], 3000)).unwrap();
    partials.commit().unwrap();
    let before = partials.spilled();
    assert_eq!(
        (before.runs, before.bytes),
        (1, partials.committed.runs[0].bytes)
    );
    let windows = partials.take_shard(0).unwrap().count();
    assert_eq!(windows, 1);
    // Four bytes for each of the column of which a quantile is asked for.
    let after = partials.spilled();
    assert_eq!((after.runs, after.bytes), (1, before.bytes + 3000 * 4));
}

#[test]
fn indices_of_sorted_runs_take_room_of_tables_but_not_more_than_half_of_it() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let mut partials = RunPartials::new(&grid, &job, 4000, outer.path());
    assert_eq!(partials.tables_at_most(), 3000);
    for shards in 1..=20u64 {
        partials.add(&photons(&job, [shards * 64], 1)).unwrap();
        partials.commit().unwrap();
        partials.committed.spill(&mut partials.disk).unwrap();
        let runs = partials.committed.runs.iter();
        let indexed: usize = runs.map(|run| run.shards.len()).sum();
        assert_eq!(indexed as u64, shards);
        assert_eq!(partials.memory(), 48 * shards);
        assert_eq!(partials.tables_at_most(), (3000 - 48 * shards).max(1500));
    }
    // So many that half is the most.
    for shard in 21..=40u64 {
        partials.add(&photons(&job, [shard * 64], 1)).unwrap();
        partials.commit().unwrap();
        partials.committed.spill(&mut partials.disk).unwrap();
    }
    assert_eq!(partials.tables_at_most(), 1500);
}
