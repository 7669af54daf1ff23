//! Micro benches of each stage of the backends and of the fused fold, over the workloads that
//! `benches/head_to_head/inputs.py` made. Ids are `stage/workload/size/engine`.
//!
//! | variable | means | default |
//! | --- | --- | --- |
//! | `ICEFOLD_BENCH_DATA` | folder of workloads, one folder per size | `target/bench-data` |
//! | `ICEFOLD_BENCH_SIZE` | the size | `1e6` |
//! | `ICEFOLD_BENCH_THREADS` | threads of the backend | all cores |
//! | `ICEFOLD_BENCH_CELL` | cells of so many metres, rows and columns of EASE-Grid 2.0 (EPSG:6933) | HEALPix, as the workload says |
//! | `ICEFOLD_BENCH_WGPU` | the adapter of the wgpu backend, by name or index | none: CPU only |
//!
//! Stages of a device start and end with data on the device, and are waited for; `fold` has the
//! transfers inside.

#[path = "../head_to_head/engine/ours.rs"]
mod ours;
#[allow(dead_code, reason = "the engine uses the rest")]
#[path = "../head_to_head/engine/task.rs"]
mod task;
#[allow(dead_code, reason = "the engine uses the rest")]
#[path = "../head_to_head/engine/workload.rs"]
mod workload;

use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use icefold::backend::wgpu::{HostStages, Wgpu};
use icefold::backend::{Backend, StageTimes};
use icefold::config::GridConfig;
use icefold::grid::{AskedRectilinear, Crs, Grid, Latitude, Rectilinear};
use icefold::photon::PhotonBatch;
use icefold::stat::{Job, Partials};

use icefold::backend::cpu::Cpu;
use ours::{Strategy, cpu};
use task::Task;
use workload::Workload;

fn main() {
    let data = variable("ICEFOLD_BENCH_DATA", || {
        concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-data").to_owned()
    });
    let size = variable("ICEFOLD_BENCH_SIZE", || "1e6".to_owned());
    let threads = variable("ICEFOLD_BENCH_THREADS", || {
        std::thread::available_parallelism()
            .map_or(1, usize::from)
            .to_string()
    });
    let folders = folders(&Path::new(&data).join(&size));
    if folders.is_empty() {
        eprintln!("stages: no workloads in {data}/{size}: make them with scripts/bench --prepare");
        std::process::exit(2);
    }
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for folder in folders {
        let bench = threads
            .parse()
            .map_err(|_| icefold::Error::argument(format!("'{threads}' is no number of threads")))
            .and_then(|threads| Bench::load(&folder, &size, threads))
            .and_then(|bench| bench.run(&mut criterion));
        if let Err(error) = bench {
            eprintln!("stages: {error}");
            std::process::exit(1);
        }
    }
    criterion.final_summary();
}

fn variable(name: &str, default: impl FnOnce() -> String) -> String {
    std::env::var(name).unwrap_or_else(|_| default())
}

/// All of the Earth in cells of so many metres.
fn ease_grid(cell: &str) -> icefold::Result<GridConfig> {
    let refused =
        |why: String| icefold::Error::argument(format!("ICEFOLD_BENCH_CELL {cell}: {why}"));
    let metres = cell
        .parse()
        .map_err(|_| refused("no number of metres".to_owned()))?;
    let crs = Crs::named("EPSG:6933").ok_or_else(|| refused("no such system".to_owned()))?;
    let grid = Rectilinear::new(&AskedRectilinear {
        crs,
        resolution: [metres; 2],
        bounds: [-17_367_531.0, -7_342_231.0, 17_367_531.0, 7_342_231.0],
        chunk_shape: [256, 256],
        chunk_inner: None,
    })
    .map_err(|(key, why)| refused(format!("{key} {why}")))?;
    Ok(GridConfig {
        shard_order: grid.shard_order(),
        chunk_order: None,
        cell_order: grid.finest_order(),
        steps: 1,
        kind: Grid::Rectilinear(grid),
    })
}

/// Folders of workloads, by name.
fn folders(size: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(size).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.join("ids.npy").is_file())
        .collect();
    folders.sort();
    folders
}

/// One workload, in memory.
#[derive(Debug)]
struct Bench {
    name: String,
    size: String,
    threads: usize,
    grid: GridConfig,
    batch: PhotonBatch,
    ids: Vec<u64>,
    job: Job,
}

impl Bench {
    fn load(folder: &Path, size: &str, threads: usize) -> icefold::Result<Self> {
        let workload = Workload::open(folder)?;
        let cell = std::env::var("ICEFOLD_BENCH_CELL").ok();
        let grid = match &cell {
            Some(cell) => ease_grid(cell)?,
            None => workload.grid(Latitude::AuthalicWgs84)?,
        };
        let photons = workload.photons(&Task::Groupby.columns(), true)?;
        // What is asked of photons is the same on every grid.
        let healpix = workload.grid(Latitude::AuthalicWgs84)?;
        let (job, _) = Task::Groupby
            .question(&healpix)?
            .resolve(&photons.sources)?;
        let (mut ids, mut name) = (workload.ids()?, workload.description.name.clone());
        if let Some(cell) = cell {
            let batch = &photons.batch;
            cpu(threads, Strategy::Auto)?.cells(&batch.lon, &batch.lat, &grid, &mut ids);
            name = format!("{name}-rows-{cell}");
        }
        Ok(Self {
            grid,
            batch: photons.batch,
            ids,
            job,
            name,
            size: size.to_owned(),
            threads,
        })
    }

    fn run(&self, criterion: &mut Criterion) -> icefold::Result<()> {
        let ours = cpu(self.threads, Strategy::Auto)?;
        self.positions(criterion, &ours);
        self.stages(criterion, "cpu", &ours)?;
        self.wgpu(criterion)?;
        self.folds(criterion)?;
        self.merge(criterion, &ours)
    }

    /// Times `work` under the id `stage/workload/size/engine`; what it gives back is dropped
    /// outside the clock.
    fn time<S, T>(
        &self,
        criterion: &mut Criterion,
        (stage, engine): (&str, &str),
        mut setup: impl FnMut() -> S,
        mut work: impl FnMut(S) -> T,
    ) {
        let mut group = criterion.benchmark_group(stage);
        group.throughput(Throughput::Elements(self.batch.len() as u64));
        let parameter = format!("{}/{engine}-{}", self.size, self.threads);
        group.bench_function(BenchmarkId::new(&self.name, parameter), |bencher| {
            bencher.iter_batched(&mut setup, &mut work, BatchSize::PerIteration);
        });
        group.finish();
    }

    /// Positions to ids, outside the stages.
    fn positions(&self, criterion: &mut Criterion, ours: &Cpu) {
        let mut cells = vec![1; self.batch.len()];
        self.time(
            criterion,
            ("cells", "cpu"),
            || (),
            |()| ours.cells(&self.batch.lon, &self.batch.lat, &self.grid, &mut cells),
        );
    }

    /// The stages of the seam, one after the other.
    fn stages<B: Backend>(
        &self,
        criterion: &mut Criterion,
        engine: &str,
        backend: &B,
    ) -> icefold::Result<()> {
        let photons = backend.upload(&self.batch)?;
        let locate = || backend.locate(&photons, &self.grid);
        self.time(criterion, ("locate", engine), || (), |()| locate());
        self.time(criterion, ("sort", engine), locate, |keys| {
            keys.and_then(|keys| backend.sort(keys))
        });
        let sorted = backend.sort(locate()?)?;
        self.time(
            criterion,
            ("segment", engine),
            || (),
            |()| backend.segment(&sorted),
        );
        let segments = backend.segment(&sorted)?;
        self.time(
            criterion,
            ("reduce", engine),
            || (),
            |()| backend.reduce(&photons, &sorted, &segments, &self.job),
        );
        Ok(())
    }

    /// The wgpu backend, where an adapter is named: stages, and the fold with all transfers.
    fn wgpu(&self, criterion: &mut Criterion) -> icefold::Result<()> {
        let Ok(name) = std::env::var("ICEFOLD_BENCH_WGPU") else {
            return Ok(());
        };
        let wgpu = Wgpu::open(Some(&name), self.threads, HostStages::default())?;
        self.stages(criterion, "wgpu", &wgpu)?;
        let fold = || {
            let mut times = StageTimes::default();
            wgpu.fold(&self.batch, &self.grid, &self.job, &mut times)
        };
        // Drivers compile at the first use.
        fold()?;
        self.time(criterion, ("fold", "wgpu"), || (), |()| fold());
        Ok(())
    }

    /// The fused path from positions, and the group-by from ids, under each strategy.
    fn folds(&self, criterion: &mut Criterion) -> icefold::Result<()> {
        for (strategy, engine) in [
            (Strategy::Auto, "cpu"),
            (Strategy::Runs, "cpu-runs"),
            (Strategy::Blocks, "cpu-blocks"),
            (Strategy::Sort, "cpu-sort"),
        ] {
            let ours = cpu(self.threads, strategy)?;
            self.time(
                criterion,
                ("fold", engine),
                || (),
                |()| {
                    ours.fold(
                        &self.batch,
                        &self.grid,
                        &self.job,
                        &mut StageTimes::default(),
                    )
                },
            );
            self.time(
                criterion,
                ("fold_cells", engine),
                || (),
                |()| ours.fold_cells(&self.ids, &self.batch.columns, &self.grid, &self.job),
            );
        }
        Ok(())
    }

    /// The partials of the whole workload with themselves: every cell meets its equal.
    fn merge(&self, criterion: &mut Criterion, ours: &Cpu) -> icefold::Result<()> {
        let partials: Partials = ours.fold(
            &self.batch,
            &self.grid,
            &self.job,
            &mut StageTimes::default(),
        )?;
        self.time(
            criterion,
            ("merge", "host"),
            || (),
            |()| partials.merge(&partials, &self.job),
        );
        Ok(())
    }
}
