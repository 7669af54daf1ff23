//! Tests: changed files and disks that cannot be written give errors that name the file.

use std::fs;
use std::path::Path;

use super::run_file::RunWriter;
use super::tests::{grid, job, photons};
use super::*;
use crate::error::Kind;
use crate::expr::CellExpr;
use crate::stat::{JobOutput, Measure, MeasureKind};

/// Partials of two shards in one sorted run of its own, in `folder`.
fn one_run<'a>(grid: &'a GridConfig, job: &'a Job, folder: &Path) -> RunPartials<'a> {
    let mut partials = RunPartials::new(grid, job, 1 << 20, folder);
    partials.add(&photons(job, 62..66, 2)).unwrap();
    partials.commit().unwrap();
    partials.committed.spill(&mut partials.disk).unwrap();
    assert_eq!(partials.committed.runs.len(), 1);
    partials
}

fn path_of(partials: &RunPartials) -> std::path::PathBuf {
    partials.committed.runs[0].path.clone()
}

/// The error of whatever is wrong with a shard.
fn error_of(partials: &mut RunPartials, shard: u64) -> Option<String> {
    let mut windows = match partials.take_shard(shard) {
        Ok(windows) => windows,
        Err(error) => return Some(error.to_string()),
    };
    let failed = windows.find_map(Result::err);
    failed.map(|error| error.to_string())
}

#[test]
fn a_changed_byte_of_a_shard_is_found_when_it_is_taken() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("runs");
    let extent = one_run(&grid, &job, &folder).committed.runs[0].shards[&0];
    assert!(extent.bytes > 400, "{extent:?}");
    for at in extent.start..extent.start + extent.bytes {
        let mut partials = one_run(&grid, &job, &folder);
        let path = path_of(&partials);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at as usize] ^= 0x40;
        fs::write(&path, bytes).unwrap();
        let error = error_of(&mut partials, 0).unwrap();
        let begins = format!("sorted run {}: block at byte 0: ", path.display());
        assert!(error.starts_with(&begins), "{at}: {error}");
        // Other shards are as they were.
        assert_eq!(error_of(&mut partials, 1), None);
    }
    assert!(!folder.exists());
}

#[test]
fn a_file_that_was_cut_or_is_gone_is_an_error_that_names_it() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("runs");
    let mut partials = one_run(&grid, &job, &folder);
    let (path, extent) = (path_of(&partials), partials.committed.runs[0].shards[&1]);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..extent.start as usize + 70]).unwrap();
    let error = error_of(&mut partials, 1).unwrap();
    let at = extent.start;
    let ends = format!(
        "{}: block at byte {at}: damaged: a block ends early; what it held is lost, so run again \
         from the start",
        path.display()
    );
    assert!(error.ends_with(&ends), "{error}");
    fs::remove_file(&path).unwrap();
    let error = error_of(&mut partials, 0).unwrap();
    assert!(error.contains("cannot be read: No such file"), "{error}");
    assert!(error.contains(&path.display().to_string()), "{error}");
}

#[test]
fn a_saved_file_with_any_byte_changed_is_not_taken_up() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("runs");
    let mut partials = one_run(&grid, &job, &folder);
    let (path, files) = (path_of(&partials), partials.save().unwrap());
    drop(partials);
    let restore = |files: &[RunFile]| {
        let restored = RunPartials::restore(&grid, &job, 0, &folder, files);
        restored.map(|partials| partials.photons())
    };
    let bytes = fs::read(&path).unwrap();
    assert_eq!(files[0].bytes, bytes.len() as u64);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let error = restore(&files).unwrap_err().to_string();
        assert!(error.contains("sorted-000001.run: has SHA-256 "), "{error}");
        // Whoever makes the list fit the file meets the checks of the file itself.
        let encoding = Encoding::new(&job, &grid);
        let opened = SortedRun::open(&path, &encoding).map(|mut run| run.kept = true);
        let blocks = one_run_blocks(&bytes);
        assert_eq!(opened.is_err(), at >= blocks, "byte {at}");
    }
    fs::write(&path, &bytes[1..]).unwrap();
    let error = restore(&files).unwrap_err().to_string();
    assert!(error.contains(" were saved; what it held"), "{error}");
    for name in ["../a", "sorted-1.run", "/etc/passwd", ""] {
        let renamed = RunFile {
            name: name.to_owned(),
            ..files[0].clone()
        };
        let error = restore(&[renamed]).unwrap_err().to_string();
        assert!(error.contains("no name of a sorted run"), "{error}");
    }
    // Nothing that failed removed anything.
    fs::write(&path, &bytes).unwrap();
    assert_eq!(restore(&files).unwrap(), 8);
    fs::remove_file(&path).unwrap();
    let error = restore(&files).unwrap_err().to_string();
    assert!(error.contains("sorted-000001.run: is missing"), "{error}");
}

/// Where the index begins.
fn one_run_blocks(bytes: &[u8]) -> usize {
    let at = bytes.len() - 64 + 32;
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i])) as usize
}

#[test]
fn a_run_of_another_config_is_refused_by_name() {
    let (ours, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let mut partials = one_run(&grid, &ours, outer.path());
    let files = partials.save().unwrap();
    let mut other = job();
    other.columns[0].name = "another".to_owned();
    let error = RunPartials::restore(&grid, &other, 0, outer.path(), &files).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("sorted-000001.run: partials of another config"),
        "{error}"
    );
    assert!(
        error.ends_with("resume with the config that it was written for"),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_with_a_remedy() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let file = outer.path().join("file");
    fs::write(&file, b"").unwrap();
    let mut partials = RunPartials::new(&grid, &job, 0, &file.join("runs"));
    let error = partials.add(&photons(&job, [1], 1)).unwrap_err();
    assert_eq!(error.kind(), Kind::Spilled);
    let error = error.to_string();
    assert!(error.contains("file/runs: cannot be written: "), "{error}");
    assert!(error.contains("give more memory with memory"), "{error}");
    drop(partials);
    assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
}

/// The cell of a shard whose values are in a pile.
fn piled<'a>(grid: &'a GridConfig, job: &'a Job, folder: &Path) -> (RunPartials<'a>, Window) {
    let mut partials = RunPartials::new(grid, job, 0, folder).with_window(100);
    for _ in 0..2 {
        partials.add(&photons(job, [4], 3000)).unwrap();
        partials.commit().unwrap();
    }
    let window = partials.take_shard(0).unwrap().next().unwrap().unwrap();
    (partials, window)
}

#[test]
fn a_changed_byte_of_a_pile_is_found_and_the_file_goes_with_the_last_that_needs_it() {
    let (mut job, grid) = (job(), grid());
    job.outputs = vec![JobOutput::Scalar(CellExpr::Reduce(Measure {
        column: 0,
        kind: MeasureKind::Quantile { q: 0.5 },
        skip_nan: false,
    }))];
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("runs");
    let (partials, window) = piled(&grid, &job, &folder);
    let pile = folder.join("values-000001.pile");
    assert_eq!(fs::read(&pile).unwrap().len(), 6000 * 4);
    let settled = window.clone().settle(&job).unwrap();
    let ordered = settled.columns[0].ordered.as_ref().unwrap();
    assert_eq!(ordered.len(0), 6000);
    for at in [0, 11_999, 23_999] {
        let mut bytes = fs::read(&pile).unwrap();
        bytes[at] ^= 1;
        fs::write(&pile, &bytes).unwrap();
        let error = window.clone().settle(&job).unwrap_err().to_string();
        let begins = format!(
            "pile of values {}: damaged: the values from byte ",
            pile.display()
        );
        assert!(error.starts_with(&begins), "{error}");
        bytes[at] ^= 1;
        fs::write(&pile, &bytes).unwrap();
    }
    fs::write(&pile, [0; 100]).unwrap();
    let error = window.clone().settle(&job).unwrap_err().to_string();
    assert!(
        error.contains("values-000001.pile: cannot be read: "),
        "{error}"
    );
    partials.piles().sweep();
    assert!(pile.exists());
    drop(window);
    partials.piles().sweep();
    assert!(!pile.exists());
    drop(partials);
    assert!(!folder.exists());
}

#[test]
fn a_pile_that_cannot_be_written_is_an_error_with_a_remedy() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("runs");
    let (partials, window) = piled(&grid, &job, &folder);
    let file = outer.path().join("file");
    fs::write(&file, b"").unwrap();
    let mut other = Window::from(photons(&job, [1], 10));
    let piles = Piles::new(file.join("piles"));
    let error = other.pile_up(&piles, &job).unwrap_err();
    assert_eq!(error.kind(), Kind::Spilled);
    let error = error.to_string();
    assert!(error.starts_with("pile of values "), "{error}");
    assert!(error.contains("give more memory with memory"), "{error}");
    drop((partials, window));
    assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 1);
}

#[test]
fn piles_of_a_killed_process_are_removed_when_its_runs_are_taken_up() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("runs");
    let (mut partials, window) = piled(&grid, &job, &folder);
    partials.add(&photons(&job, [70], 5)).unwrap();
    partials.commit().unwrap();
    let files = partials.save().unwrap();
    partials.recorded().unwrap();
    assert!(folder.join("values-000001.pile").exists());
    // No destructor runs in a process that is killed.
    std::mem::forget((partials, window));
    let again = RunPartials::restore(&grid, &job, 0, &folder, &files).unwrap();
    let left = fs::read_dir(&folder).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [files[0].name.as_str()]);
    assert_eq!(again.photons(), 5);
}

#[test]
fn a_write_that_fails_half_way_leaves_no_file() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("sorted-000001.run");
    fs::write(&path, b"").unwrap();
    // Whatever is written to a file that is open for reading fails.
    let file = (path.clone(), fs::File::open(&path).unwrap());
    let mut writer = RunWriter::new(Encoding::new(&job, &grid), 4096, 0, file);
    let mut appended = Ok(());
    for shard in 0..200 {
        let cells = shard * 64..shard * 64 + 64;
        appended = appended.and_then(|()| writer.append(shard, &photons(&job, cells, 1)));
    }
    let error = appended.unwrap_err().to_string();
    let begins = format!("sorted run {}: cannot be written: ", path.display());
    assert!(error.starts_with(&begins), "{error}");
    drop(writer);
    assert!(!path.exists());
}

#[test]
fn photons_that_are_missing_or_too_many_are_an_error() {
    let (job, grid) = (job(), grid());
    let outer = tempfile::tempdir().unwrap();
    for (known, says) in [
        (
            5,
            "shard 0: 1 photons are missing of those that were folded",
        ),
        (3, "shard 0: 4 photons where 3 are left of those"),
    ] {
        let mut partials = one_run(&grid, &job, outer.path());
        assert_eq!(partials.committed.photons.insert(0, known), Some(4));
        let error = error_of(&mut partials, 0).unwrap();
        assert!(
            error.starts_with(&format!("finalize gate: {says}")),
            "{error}"
        );
    }
}
