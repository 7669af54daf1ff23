//! Where partials wait does not change a bit: any budget of memory, any windows, granules that fail,
//! and processes that are killed and taken up again give what all in memory gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::buffer::NullBuffer;
use arrow::compute::concat_batches;
use icefold::backend::{Device, DeviceChoice, StageTimes};
use icefold::finalize::{CellTable, finalize};
use icefold::merge::{RunFile, RunPartials};
use icefold::photon::{Column, ColumnType, Values};
use icefold::stat::{Derivation, Partials};
use proptest::prelude::*;

use super::{height, split};
use crate::support::{self, Photons, Question, bits};

/// Every accumulator over every type that can have it.
const YAML: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h", s: "/{group}/s", k: "/{group}/k", d: "/{group}/d"}
aggregation:
  variables:
    count: {function: len, source: h, dtype: int64}
    h_min: {function: min, source: h}
    h_std: {function: nanstd, source: h, params: {ddof: 1}, dtype: float64}
    h_median: {function: median, source: h, dtype: float64}
    h_weighted: {function: average, source: h, params: {weights: "1.0 / s**2"}, dtype: float64}
    k_sum: {function: sum, source: k, dtype: float64}
    k_q: {function: quantile, source: k, params: {q: 0.9}, dtype: float64}
    d_max: {function: max, source: d, dtype: float64}
    d_mean: {function: mean, source: d, dtype: float64}
    d_std: {function: std, source: d, dtype: float64}
    d_q: {function: nanquantile, source: d, params: {q: 0.3}, dtype: float64}
    bins: {function: histogram, source: h, params: {edges: [-10, 0, 5.5, 100]}}
    d_slope: {function: slope, source: d, params: {x: k}, dtype: float64}
    d_err: {function: intercept_err, source: d, params: {x: [k, s]}, dtype: float64}
    k_last: {function: last, source: k, params: {by: d}}
    h_mad: {function: mad, source: h, dtype: float64}
    d_mad: {function: nanmad, source: d, dtype: float64}
    d_bins: {function: histogram, source: d, params: {edges: [-1, 1]}}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
"#;

const TYPES: [ColumnType; 4] = [
    ColumnType::F32,
    ColumnType::F32,
    ColumnType::I64,
    ColumnType::F64,
];

prop_compose! {
    /// Up to 200 photons in a few cells of a few shards, many in one cell.
    fn photons()(
        rows in prop::collection::vec(
            (0u8..12, 0.0f64..1e-3, height(), 0.01f32..10.0, -1000i64..1000, -3.0f64..3.0, 0u8..8),
            0..200,
        ),
    ) -> Photons {
        let valid = |null: u8| -> Option<NullBuffer> {
            Some(rows.iter().map(|row| row.6 != null).collect())
        };
        Photons {
            lon: rows.iter().map(|row| -45.0 + f64::from(row.0 % 6) * 0.9 + row.1).collect(),
            lat: rows.iter().map(|row| 70.0 + f64::from(row.0 % 4) * 0.5 + row.1).collect(),
            columns: vec![
                Column {
                    values: Values::F32(rows.iter().map(|row| row.2).collect()),
                    nulls: valid(0),
                },
                support::column(Values::F32(rows.iter().map(|row| row.3).collect())),
                Column {
                    values: Values::I64(rows.iter().map(|row| row.4).collect()),
                    nulls: valid(1),
                },
                Column {
                    values: Values::F64(rows.iter().map(|row| row.5).collect()),
                    nulls: valid(2),
                },
            ],
        }
    }
}

/// What happens to a granule, and after it.
#[derive(Debug, Clone)]
struct Fate {
    photons: usize,
    batches: Vec<usize>,
    fails: bool,
    saves: bool,
    /// The process is killed after it and taken up again from what was saved last.
    killed: bool,
}

fn fate() -> impl Strategy<Value = Fate> {
    let batches = prop::collection::vec(1usize..20, 1..4);
    let rarely = || prop::bool::weighted(0.25);
    (1usize..40, batches, rarely(), rarely(), rarely()).prop_map(
        |(photons, batches, fails, saves, killed)| Fate {
            photons,
            batches,
            fails,
            saves,
            killed,
        },
    )
}

/// How partials are held, and when shards are taken.
#[derive(Debug, Clone, Copy)]
struct Holding {
    budget: u64,
    window: u64,
    /// As soon as no later granule has photons in the shard; else all at the end.
    early: bool,
}

fn holding() -> impl Strategy<Value = Holding> {
    let budget = prop::sample::select(vec![0, 1, 1 << 10, 20 << 10, 1 << 20, u64::MAX]);
    let window = prop::sample::select(vec![0, 1, 400, 3000, u64::MAX]);
    (budget, window, any::<bool>()).prop_map(|(budget, window, early)| Holding {
        budget,
        window,
        early,
    })
}

/// A granule: partials of its batches, and the shards that they are in.
struct Granule<'a> {
    fate: &'a Fate,
    batches: Vec<Partials>,
    shards: Vec<u64>,
}

impl Granule<'_> {
    fn read(&self, partials: &mut RunPartials) {
        let before = partials.photons();
        for batch in &self.batches {
            partials.add(batch).unwrap();
        }
        if self.fate.fails {
            partials.discard().unwrap();
            assert_eq!(partials.photons(), before);
            return;
        }
        let added = partials.commit().unwrap();
        let photons = self.batches.iter().flat_map(|batch| &batch.photons);
        assert_eq!(added.values().sum::<u64>(), photons.sum::<u64>());
        assert_eq!(added.keys().copied().collect::<Vec<_>>(), self.shards);
        assert_eq!(partials.photons(), before + added.values().sum::<u64>());
    }
}

/// One run over granules, in a folder.
struct Run<'a> {
    question: &'a Question,
    granules: &'a [Granule<'a>],
    holding: Holding,
    folder: PathBuf,
    finished: BTreeMap<u64, CellTable>,
}

impl<'q> Run<'q> {
    fn go(&mut self) {
        let mut partials = self.none();
        let (mut saved, mut resume_at): (Vec<RunFile>, usize) = (Vec::new(), 0);
        let mut killed = vec![false; self.granules.len()];
        let mut i = 0;
        while let Some(granule) = self.granules.get(i) {
            granule.read(&mut partials);
            if self.holding.early {
                self.take_complete(i, &mut partials);
            }
            if granule.fate.saves {
                saved = partials.save().unwrap();
                partials.recorded().unwrap();
                assert_eq!(files(&self.folder), names(&saved));
                resume_at = i + 1;
            }
            i += 1;
            if granule.fate.killed && !std::mem::replace(&mut killed[i - 1], true) {
                // No destructor runs in a process that is killed.
                std::mem::forget(partials);
                partials = self.restored(&saved);
                assert_eq!(files(&self.folder), names(&saved));
                i = resume_at;
            }
        }
        let left: Vec<u64> = partials.shards().collect();
        // The last first: nothing depends on the order.
        for shard in left.into_iter().rev() {
            self.take(shard, &mut partials);
        }
        assert_eq!((partials.photons(), partials.memory()), (0, 0));
        partials.remove().unwrap();
        assert!(!self.folder.exists());
    }

    fn none(&self) -> RunPartials<'q> {
        let Question { config, job, .. } = self.question;
        RunPartials::new(&config.grid, job, self.holding.budget, &self.folder)
            .with_window(self.holding.window)
    }

    fn restored(&self, saved: &[RunFile]) -> RunPartials<'q> {
        let Question { config, job, .. } = self.question;
        let budget = self.holding.budget;
        RunPartials::restore(&config.grid, job, budget, &self.folder, saved)
            .unwrap()
            .with_window(self.holding.window)
    }

    fn take_complete(&mut self, last: usize, partials: &mut RunPartials) {
        let later = &self.granules[last + 1..];
        let open = |shard| later.iter().any(|granule| granule.shards.contains(&shard));
        let complete: Vec<u64> = partials.shards().filter(|&shard| !open(shard)).collect();
        for shard in complete {
            self.take(shard, partials);
        }
    }

    /// Finishes a shard window by window.
    fn take(&mut self, shard: u64, partials: &mut RunPartials) {
        let (job, schema) = (&self.question.job, &self.question.schema);
        let expected = partials.photons_of(shard);
        let mut tables = Vec::new();
        let (mut last, mut photons) = (None, 0);
        for window in partials.take_shard(shard).unwrap() {
            let window = window.unwrap();
            let table = &window.table;
            let but_one = table.bytes_of(0..table.len() - 1, job);
            assert!(but_one <= self.holding.window, "{but_one}");
            for row in 0..table.len() {
                // As much as the accumulators in any case.
                let values = table.value_bytes(row..row + 1);
                let most = self.holding.window.max(job.cell_bytes());
                assert!(values <= most, "{values}");
            }
            assert!(last < table.cells.first().copied());
            last = table.cells.last().copied();
            photons += table.photons.iter().sum::<u64>();
            let settled = window.settle(job).unwrap();
            tables.push(finalize(shard, settled, job, schema).unwrap().table.rows);
        }
        assert_eq!((photons, partials.photons_of(shard)), (expected, 0));
        let rows = concat_batches(&tables[0].schema(), &tables).unwrap();
        let again = self.finished.insert(shard, CellTable { rows });
        // Taken twice where the process was killed in between.
        if let Some(again) = again {
            assert!(bits(&[again]) == bits(std::slice::from_ref(&self.finished[&shard])));
        }
    }
}

/// Names in a folder, which need not exist.
fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn names(saved: &[RunFile]) -> Vec<String> {
    let mut names: Vec<String> = saved.iter().map(|file| file.name.clone()).collect();
    names.sort();
    names
}

/// Cuts photons into granules, each folded batch by batch.
fn granules<'a>(question: &Question, photons: &Photons, fates: &'a [Fate]) -> Vec<Granule<'a>> {
    let device = Device::open(&DeviceChoice::Cpu, 2).unwrap();
    let grid = &question.config.grid;
    let mut start = 0;
    let of_fate = |fate: &'a Fate| {
        let end = photons.len().min(start + fate.photons);
        let places: Vec<usize> = (start..end).collect();
        start = end;
        let batches: Vec<Partials> = split(&places, &fate.batches)
            .iter()
            .map(|places| {
                let mut batch = photons.batch(places);
                let variables = &question.config.variables;
                batch.columns = Derivation::default().take(&question.job, variables, &mut batch);
                let mut times = StageTimes::default();
                device
                    .fold(&batch, grid, &question.job, &mut times)
                    .unwrap()
            })
            .collect();
        let cells = batches.iter().flat_map(|batch| &batch.cells);
        let mut shards: Vec<u64> = cells.map(|&cell| grid.shard_of(cell)).collect();
        shards.sort_unstable();
        shards.dedup();
        Granule {
            fate,
            batches,
            shards: if fate.fails { Vec::new() } else { shards },
        }
    };
    fates.iter().map(of_fate).collect()
}

/// The places of photons in granules that do not fail.
fn kept(photons: &Photons, fates: &[Fate]) -> Vec<usize> {
    let mut start = 0;
    let mut kept = Vec::new();
    for fate in fates {
        let end = photons.len().min(start + fate.photons);
        if !fate.fails {
            kept.extend(start..end);
        }
        start = end;
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn budgets_windows_failures_and_restarts_do_not_change_a_bit(
        photons in photons(),
        fates in prop::collection::vec(fate(), 1..12),
        holding in holding(),
    ) {
        let question = Question::new(YAML, &TYPES);
        let granules = granules(&question, &photons, &fates);
        let folder = support::folder();
        let mut run = Run {
            question: &question,
            granules: &granules,
            holding,
            folder: folder.path().join("runs"),
            finished: BTreeMap::new(),
        };
        run.go();
        let finished: Vec<CellTable> = run.finished.into_values().collect();
        let expected = question.answer(&photons, &[kept(&photons, &fates)], 1);
        prop_assert!(bits(&finished) == bits(&expected));
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
