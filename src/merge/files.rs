//! Tests: files of the folder of sorted runs, one after the other, and tables in memory before they are files.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::RunFolder;
use super::sorted_run::SortedRun;
use super::tests::{grid, job, photons};
use super::*;
use crate::folders;

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap()
}

fn run(path: PathBuf) -> SortedRun {
    SortedRun {
        path,
        level: 0,
        bytes: 0,
        shards: BTreeMap::new(),
        taken: Vec::new(),
        sha256: None,
        kept: false,
    }
}

#[test]
fn a_new_file_has_a_name_that_none_has_and_a_folder_that_went_away_is_an_error() {
    let outer = tempfile::tempdir().unwrap();
    let at = outer.path().join("runs");
    let mut folder = RunFolder::new(&at);
    // Nothing is there that could be lost.
    folder.sync().unwrap();
    assert_eq!(name(&folder.create().unwrap().0), "sorted-000001.run");
    fs::write(at.join("sorted-000002.run"), b"another's").unwrap();
    assert_eq!(name(&folder.create().unwrap().0), "sorted-000003.run");
    assert_eq!(
        fs::read(at.join("sorted-000002.run")).unwrap(),
        b"another's"
    );
    let piles = folder.for_piles().create().unwrap();
    assert_eq!(name(&piles.0), "values-000001.pile");
    folder.sync().unwrap();
    folders::remove(&at).unwrap();
    let error = folder.create().unwrap_err().to_string();
    assert!(
        error.contains("sorted-000004.run: cannot be written: "),
        "{error}"
    );
    assert!(!at.exists());
    if cfg!(unix) {
        let error = folder.sync().unwrap_err().to_string();
        assert!(error.contains("runs: cannot be written: "), "{error}");
    }
}

#[test]
fn a_folder_is_taken_up_with_the_files_on_the_list_and_what_is_not_of_runs() {
    let outer = tempfile::tempdir().unwrap();
    let at = outer.path().join("runs");
    // Without a list there may be nothing; what is no folder is none in any case.
    RunFolder::new(&at).restore(&[]).unwrap();
    let error = RunFolder::new(&at).restore(&["sorted-000001.run"]);
    assert!(error.unwrap_err().to_string().contains("runs"));
    fs::write(&at, b"").unwrap();
    assert!(RunFolder::new(&at).restore(&[]).is_err());
    fs::remove_file(&at).unwrap();
    fs::create_dir(&at).unwrap();
    let files = [
        "sorted-000007.run",
        "sorted-000003.run",
        "values-000009.pile",
        "notes.txt",
    ];
    for file in files {
        fs::write(at.join(file), b"").unwrap();
    }
    let mut folder = RunFolder::new(&at);
    folder.restore(&["sorted-000003.run"]).unwrap();
    let left = folders::list(&at).unwrap();
    let left: Vec<&str> = left.iter().map(|path| name(path)).collect();
    assert_eq!(left, ["notes.txt", "sorted-000003.run"]);
    // A list that was written before may name a file that is gone.
    assert_eq!(name(&folder.create().unwrap().0), "sorted-000008.run");
}

#[test]
fn a_run_that_is_gone_is_done_with_and_one_that_cannot_be_removed_is_an_error() {
    let outer = tempfile::tempdir().unwrap();
    let mut folder = RunFolder::new(outer.path());
    folder
        .retire(run(outer.path().join("sorted-000001.run")))
        .unwrap();
    let stuck = outer.path().join("sorted-000002.run");
    fs::create_dir(&stuck).unwrap();
    assert!(folder.retire(run(stuck.clone())).is_err());
    assert!(stuck.exists());
}

/// One cell with so many values.
fn one_cell(job: &Job, values: usize) -> Partials {
    let mut table = Partials::empty(job);
    table.append(&photons(job, [7], values), 0..1);
    table
}

/// Tables that a shard has after these were pushed.
fn tables(job: &Job, values: &[usize]) -> usize {
    let mut shards = ShardPartials::default();
    for &values in values {
        shards.push(0, one_cell(job, values), job, u64::MAX);
    }
    shards.take(0).len()
}

#[test]
fn a_table_merges_with_one_that_is_up_to_twice_as_heavy() {
    // A cell weighs as much as a value of it.
    let job = job();
    assert_eq!(tables(&job, &[11, 5]), 1);
    assert_eq!(tables(&job, &[12, 5]), 2);
    assert_eq!(tables(&job, &[1000, 499]), 2);
    assert_eq!(tables(&job, &[999, 499]), 1);
}

#[test]
fn tables_merge_where_they_and_what_they_become_have_room_to_the_byte() {
    let job = job();
    // A copy has no room for more.
    let table = one_cell(&job, 100).clone();
    let bytes = table.bytes_held();
    let merged = |room| {
        let mut shards = ShardPartials::default();
        shards.push(3, table.clone(), &job, room);
        // What one shard takes beside its tables.
        assert_eq!(shards.bytes(), bytes + 512);
        shards.push(0, table.clone(), &job, room);
        assert_eq!((shards.len(), shards.bytes()), (2, 2 * (bytes + 512)));
        shards.push(0, table.clone(), &job, room);
        shards.take(0).len() == 1
    };
    // Two shards are there, the table comes, and one that is as large as the two of its shard.
    let needed = 2 * (bytes + 512) + bytes + 2 * bytes;
    assert!(merged(needed));
    assert!(!merged(needed - 1));
}

#[test]
fn photons_and_cells_of_shards_are_counted_and_settle_to_one_table_each() {
    let (job, grid) = (job(), grid());
    let mut shards = ShardPartials::default();
    assert!(shards.is_empty());
    shards.add(&photons(&job, 0..100, 20), &grid, &job);
    // Of much less weight, so that they stay apart.
    shards.add(&photons(&job, 98..101, 2), &grid, &job);
    assert_eq!((shards.len(), shards.is_empty()), (2, false));
    assert_eq!(shards.photons_by_shard(), [(0, 1280), (1, 720 + 6)].into());
    assert_eq!(shards.photons(), 2006);
    assert_eq!(shards.settle(&job), 101);
    assert_eq!(shards.photons_by_shard(), [(0, 1280), (1, 726)].into());
    let held = shards.bytes();
    let tables = [0, 1].map(|shard| shards.take(shard));
    assert!(tables.iter().all(|tables| tables.len() == 1));
    let bytes: u64 = tables.iter().flatten().map(Partials::bytes_held).sum();
    assert_eq!((held, shards.bytes()), (bytes + 2 * 512, 0));
}
