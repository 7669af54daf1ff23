//! Tests: what memory holds, and which files exist at which time.

use std::path::PathBuf;

use super::*;
use crate::grid::{Latitude, Order};
use crate::photon::ColumnType;
use crate::stat::{ColumnOrigin, JobColumn, Needs, Ordered, Remainder, Resolution};

/// A column with moments of which quantiles are asked for, and one with a histogram.
pub(super) fn job() -> Job {
    let column = |column_type, needs| JobColumn {
        name: format!("{column_type:?}"),
        origin: ColumnOrigin::Source(0),
        column_type,
        resolution: Resolution::DEFAULT,
        needs,
    };
    let ordered = Needs {
        ordered: true,
        moments: true,
        ..Needs::default()
    };
    let edges = Needs {
        edges: Some(vec![0.0, 10.0]),
        ..Needs::default()
    };
    Job {
        columns: vec![
            column(ColumnType::F32, ordered),
            column(ColumnType::F64, edges),
        ],
        outputs: Vec::new(),
    }
}

/// 64 cells a shard.
pub(super) fn grid() -> GridConfig {
    GridConfig {
        shard_order: Order::new(5).unwrap(),
        chunk_order: None,
        cell_order: Order::new(8).unwrap(),
        steps: 1,
        kind: Latitude::AuthalicWgs84.into(),
    }
}

/// Photons in these ascending cells, so many in each.
pub(super) fn photons(job: &Job, cells: impl IntoIterator<Item = u64>, each: usize) -> Partials {
    let mut partials = Partials::empty(job);
    for cell in cells {
        partials.cells.push(cell);
        partials.photons.push(each as u64);
        let values: Vec<f32> = (0..each)
            .map(|i| match i {
                // Far below a unit.
                0 => 1e-12 * (cell % 5 + 1) as f32,
                _ => (cell % 97) as f32 + (i % 1000) as f32,
            })
            .collect();
        partials.columns[0].push_cell(&values, &job.columns[0]);
        let rule = job.columns[0].remainder_rule();
        let remainder = rule.and_then(|rule| Remainder::of(cell, &values, &rule));
        partials.columns[0].remainders.append(remainder);
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        partials.columns[1].push_cell(&values, &job.columns[1]);
    }
    partials
}

/// The tables that a run with all in memory gives, values in order.
fn in_memory(batches: &[Partials], grid: &GridConfig, job: &Job) -> Vec<(u64, Partials)> {
    let mut shards = ShardPartials::default();
    for batch in batches {
        shards.add(batch, grid, job);
    }
    let tables = shards.into_tables(job);
    tables
        .map(|(shard, table)| (shard, in_order(table)))
        .collect()
}

fn in_order(mut table: Partials) -> Partials {
    for column in &mut table.columns {
        column.ordered.iter_mut().for_each(Ordered::sort);
    }
    table
}

/// Takes every shard whole.
fn take_all(partials: &mut RunPartials) -> Vec<(u64, Partials)> {
    let shards: Vec<u64> = partials.shards().collect();
    let take = |shard| {
        let whole = partials.take_shard(shard).unwrap().whole().unwrap();
        (shard, in_order(whole))
    };
    shards.into_iter().map(take).collect()
}

struct Folder {
    _outer: tempfile::TempDir,
    runs: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let runs = outer.path().join("deep").join("runs");
        Self {
            _outer: outer,
            runs,
        }
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.runs).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

#[test]
fn what_fits_the_budget_touches_no_disk() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 1 << 20, &folder.runs);
    let batches = [photons(&job, 0..200, 3), photons(&job, 100..300, 2)];
    for batch in &batches {
        partials.add(batch).unwrap();
        partials.commit().unwrap();
    }
    assert_eq!(partials.photons(), 1000);
    assert_eq!(take_all(&mut partials), in_memory(&batches, &grid, &job));
    assert_eq!(partials.spilled(), SpillFacts::default());
    assert!(!folder.runs.parent().unwrap().exists());
}

#[test]
fn memory_stays_within_the_budget_however_much_is_added() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let budget = 256 << 10;
    let mut partials = RunPartials::new(&grid, &job, budget, &folder.runs);
    let (mut batches, mut most) = (Vec::new(), 0);
    for granule in 0..60 {
        for part in 0..3 {
            let first = granule * 37 + part * 64;
            let batch = photons(&job, first..first + 128, 5);
            partials.add(&batch).unwrap();
            most = most.max(partials.memory());
            batches.push(batch);
        }
        partials.commit().unwrap();
        most = most.max(partials.memory());
    }
    let all: u64 = batches.iter().map(Partials::bytes_held).sum();
    assert!(all > 10 * budget, "{all}");
    assert!(most <= budget - budget / 4, "{most}");
    assert!(most > budget / 2, "{most}");
    assert!(partials.spilled().runs > 10, "{:?}", partials.spilled());
    let window = budget / 16;
    let mut found = Vec::new();
    for shard in partials.shards().collect::<Vec<_>>() {
        let mut whole = Partials::empty(&job);
        for table in partials.take_shard(shard).unwrap() {
            let table = table.unwrap().table;
            // The last cell may join others of its id.
            assert!(table.bytes_of(0..table.len() - 1, &job) <= window);
            whole.append(&table, 0..table.len());
        }
        found.push((shard, in_order(whole)));
    }
    assert_eq!(found, in_memory(&batches, &grid, &job));
}

#[test]
fn a_sorted_run_goes_with_the_last_of_its_shards_and_the_folder_with_the_last_run() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 0, &folder.runs);
    for cells in [0..64, 0..128, 64..192] {
        partials.add(&photons(&job, cells, 1)).unwrap();
        partials.commit().unwrap();
    }
    // A batch is cut at shards, and no two have room together.
    assert_eq!(partials.shards().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(folder.files().len(), 5);
    drop(partials.take_shard(1).unwrap());
    assert_eq!(folder.files().len(), 3);
    assert_eq!(partials.photons(), 192);
    assert_eq!(partials.take_shard(1).unwrap().count(), 0);
    partials.add(&photons(&job, 0..10, 1)).unwrap();
    assert_eq!(folder.files().len(), 4);
    partials.discard().unwrap();
    assert_eq!(folder.files().len(), 3);
    drop(partials);
    assert!(!folder.runs.exists());
}

#[test]
fn very_many_runs_are_few_files() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 0, &folder.runs);
    let mut batches = Vec::new();
    for i in 0..600 {
        // Every cell of the shard, again and again.
        batches.push(photons(&job, [i % 64], 2));
        partials.add(&batches[i as usize]).unwrap();
        if i % 10 == 9 {
            partials.commit().unwrap();
        }
        assert!((folder.files().len() as u64) < MOST_RUNS);
    }
    // 600 in digits of sixteen are 2, 5, 8.
    let levels = |level| {
        let runs = partials.committed.runs.iter();
        runs.filter(|run| run.level == level).count()
    };
    assert_eq!([2, 1, 0].map(levels), [2, 5, 8]);
    assert_eq!(partials.spilled().runs, 600 + 37 + 2);
    assert_eq!(take_all(&mut partials), in_memory(&batches, &grid, &job));
    assert!(folder.files().is_empty());
}

#[test]
fn a_cell_with_more_values_than_fit_comes_by_itself_with_a_pile_of_them() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 12 << 10, &folder.runs);
    let batches = [
        photons(&job, 3..6, 20_000),
        photons(&job, 4..5, 50_000),
        photons(&job, 2..6, 3),
    ];
    for batch in &batches {
        partials.add(batch).unwrap();
        assert!(partials.memory() <= 12 << 10);
    }
    partials.commit().unwrap();
    let mut found = Vec::new();
    for window in partials.take_shard(0).unwrap() {
        let window = window.unwrap();
        assert!(window.value_bytes() <= LEAST_VALUES);
        // Parts of a cell merge into it.
        let mut whole = Partials::empty(&job);
        let mut each = |part: &Partials| {
            whole.append(part, 0..part.len());
            Ok(())
        };
        if window.len() == 1 {
            window.each_part(&job, &mut each).unwrap();
        } else {
            each(&window.table).unwrap();
        }
        found.push(in_order(whole));
    }
    let cells: Vec<&[u64]> = found.iter().map(|table| &*table.cells).collect();
    assert_eq!(cells, [&[2][..], &[3], &[4], &[5]]);
    let mut whole = Partials::empty(&job);
    for table in &found {
        whole.append(table, 0..table.len());
    }
    assert_eq!([(0, whole)], *in_memory(&batches, &grid, &job));
    assert_eq!(partials.photons(), 0);
    assert!(folder.files().is_empty(), "{:?}", folder.files());
}

#[test]
fn values_that_nobody_wants_are_not_piled_up() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 0, &folder.runs);
    for _ in 0..3 {
        partials.add(&photons(&job, [4], 20_000)).unwrap();
    }
    partials.commit().unwrap();
    let before = partials.spilled();
    let windows = partials.take_shard(0).unwrap().without_values();
    let windows: Vec<Window> = windows.collect::<Result<_>>().unwrap();
    assert_eq!(windows[0].table.photons, [60_000]);
    assert_eq!((windows.len(), windows[0].value_bytes()), (1, 0));
    assert_eq!(partials.spilled(), before);
}

#[test]
fn a_row_with_more_values_than_a_block_has_is_written_as_many_blocks() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 0, &folder.runs);
    let batch = photons(&job, 3..6, 20_000);
    partials.add(&batch).unwrap();
    partials.commit().unwrap();
    let run = &mut partials.committed.runs[0];
    let extent = run.shards[&0];
    let mut reader =
        run_file::RunReader::open(run, 0, *BLOCK.start(), Encoding::new(&job, &grid)).unwrap();
    reader.seek(extent).unwrap();
    let (mut whole, mut blocks) = (Partials::empty(&job), 0);
    while let Some(block) = reader.next().unwrap() {
        assert!(block.value_bytes(0..block.len()) <= *BLOCK.start());
        whole.append(&block, 0..block.len());
        blocks += 1;
    }
    assert_eq!((whole, blocks), (batch, 60));
}

#[test]
fn saved_files_stay_until_a_newer_list_is_recorded() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 1 << 20, &folder.runs);
    let batches = [photons(&job, 0..128, 2), photons(&job, 64..192, 2)];
    partials.add(&batches[0]).unwrap();
    partials.commit().unwrap();
    let first = partials.save().unwrap();
    partials.recorded().unwrap();
    // Sixteen saves, and the runs merge.
    for _ in 0..15 {
        partials.add(&batches[1]).unwrap();
        partials.commit().unwrap();
        partials.save().unwrap();
        assert!(folder.files().contains(&first[0].name));
    }
    assert_eq!(partials.committed.runs.len(), 1);
    let open = |files: &[RunFile]| RunPartials::restore(&grid, &job, 0, &folder.runs, files);
    drop(partials);
    let mut again = open(&first).unwrap();
    assert_eq!(folder.files(), [first[0].name.clone()]);
    assert_eq!(again.photons(), 256);
    assert_eq!(again.photons_of(1), 128);

    again.add(&batches[1]).unwrap();
    again.commit().unwrap();
    drop(again.take_shard(0).unwrap());
    let second = again.save().unwrap();
    again.recorded().unwrap();
    // The shard that was taken before is not in the newer list, though a file of it still has it.
    assert_eq!(second[0].taken, [0]);
    drop(again.take_shard(1).unwrap());
    drop(again.take_shard(2).unwrap());
    assert_eq!(again.photons(), 0);
    drop(again);
    let mut third = open(&second).unwrap();
    let expected = in_memory(&batches, &grid, &job);
    assert_eq!(take_all(&mut third), expected[1..]);
    third.remove().unwrap();
    assert!(!folder.runs.exists());
}

#[test]
fn values_out_of_range_cannot_be_added() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 0, &folder.runs);
    let mut batch = photons(&job, [1], 1);
    batch.columns[0].out_of_range = 2;
    assert_eq!(
        partials.add(&batch).unwrap_err().to_string(),
        "finalize gate: 2 values of column F32 are out of range and cannot be merged"
    );
}

#[test]
fn the_estimate_is_not_below_what_is_written() {
    let (job, grid, folder) = (job(), grid(), Folder::new());
    let mut partials = RunPartials::new(&grid, &job, 0, &folder.runs);
    let (mut cells, mut photons_at_most) = (0, 0);
    // Twelve shards, so twelve runs: none merge.
    for batch in [photons(&job, 0..640, 3), photons(&job, 64..192, 3)] {
        cells += batch.len() as u64;
        photons_at_most += batch.photons.iter().sum::<u64>();
        partials.add(&batch).unwrap();
        partials.commit().unwrap();
    }
    let runs: u64 = partials.committed.runs.iter().map(|run| run.bytes).sum();
    let estimate = spill_estimate(&job, photons_at_most, cells);
    // Twice, for while they merge.
    assert!(2 * runs <= estimate, "{runs} {estimate}");
    assert!(3 * runs > estimate, "{runs} {estimate}");
    assert_eq!(spill_estimate(&job, u64::MAX, u64::MAX), u64::MAX);
    let missing = folder.runs.join("not").join("there");
    assert!(available_space(&missing).is_some_and(|bytes| bytes > 0) || !cfg!(unix));
}
