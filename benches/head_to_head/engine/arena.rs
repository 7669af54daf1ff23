//! Everything that a process reads before its first clock starts, and one timed repeat of a task.

use std::fs;
use std::path::Path;
use std::time::Instant;

use icefold::arrays::{Answer, Question, StageSeconds, Start, Timed, Times, npy};
use icefold::backend::Device;
use icefold::config::GridConfig;
use icefold::grid::Latitude;
use icefold::usage;
use icefold::{Error, Result};
use serde::Serialize;

use crate::granule::{Granules, Seen};
use crate::task::Task;
use crate::workload::Workload;

/// Arrays and granules of one workload, and the device that works on them.
#[derive(Debug)]
pub struct Arena {
    grid: GridConfig,
    device: Device,
    photons: usize,
    ids: Vec<u64>,
    /// Where `locate` puts cells; its pages have been touched.
    located: Vec<u64>,
    /// Photons with the columns that some tasks read, and those tasks.
    tables: Vec<(Vec<String>, Timed)>,
    questions: Vec<(Task, Question)>,
    granules: Option<Granules>,
}

/// One repeat. Times are wall seconds on a monotonic clock.
#[derive(Debug, Serialize)]
pub struct Repeat {
    /// From arrays in memory to partials in memory; for `locate`, to cells.
    pub seconds: f64,
    /// The same plus rounding every statistic.
    pub finished_seconds: f64,
    /// Processor seconds of all threads, over the finished time.
    pub cpu_seconds: Option<f64>,
    pub stages: Option<StageSeconds>,
    pub cells: usize,
    pub strategy: &'static str,
    /// The most memory that the process has had since the arrays were read; unknown outside Linux.
    pub peak_rss_bytes: Option<u64>,
}

impl Arena {
    /// Reads what the tasks need of a workload.
    pub fn load(
        workload: &Workload,
        tasks: &[Task],
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        let grid = workload.grid(Latitude::AuthalicWgs84)?;
        let (mut tables, mut questions) = (Vec::new(), Vec::new());
        let positions = tasks.iter().any(|task| task.reads_positions());
        let mut folding: Vec<Task> = tasks.iter().copied().filter(|t| t.folds()).collect();
        if tasks.contains(&Task::Locate) && !folding.iter().any(|t| t.reads_positions()) {
            // Positions lie in a table; this task's is read, and it is not run.
            folding.push(Task::LocateGroupby);
        }
        for task in folding {
            let question = task.question(&grid)?;
            let columns = task.columns();
            if !tables.iter().any(|(have, _)| *have == columns) {
                let photons = workload.photons(&columns, positions && columns.len() == 1)?;
                tables.push((columns, Timed::new(&question, photons)?));
            }
            questions.push((task, question));
        }
        let from_ids = |task: &Task| task.folds() && !task.reads_positions();
        let ids = if tasks.iter().any(from_ids) {
            workload.ids()?
        } else {
            Vec::new()
        };
        let photons = workload.description.photons;
        Ok(Self {
            grid,
            device,
            photons,
            ids,
            located: if tasks.contains(&Task::Locate) {
                vec![1; photons]
            } else {
                Vec::new()
            },
            tables,
            questions,
            granules: Granules::load(workload, tasks, threads)?,
        })
    }

    pub fn photons(&self) -> usize {
        self.photons
    }

    pub fn device_details(&self) -> serde_json::Value {
        let nothing = icefold::stat::Job {
            columns: Vec::new(),
            outputs: Vec::new(),
        };
        let job = self
            .tables
            .first()
            .map_or(&nothing, |(_, timed)| &timed.job);
        let mut details = self.device.details(job);
        details.insert("name".to_owned(), self.device.name().into());
        details.into()
    }

    /// Runs one of the tasks once, and writes its answer where `answer` says so.
    pub fn repeat(&mut self, task: Task, answer: Option<&Path>) -> Result<Repeat> {
        if let Some(folder) = answer {
            fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        }
        if task.reads_granules() {
            return self.granules(task, answer);
        }
        if task == Task::Locate {
            return self.locate(answer);
        }
        let declared = self
            .questions
            .iter()
            .find(|(declared, _)| *declared == task);
        let (_, question) = declared.ok_or_else(|| undeclared(task))?;
        let columns = task.columns();
        let table = self.tables.iter_mut().find(|(have, _)| *have == columns);
        let (_, timed) = table.ok_or_else(|| undeclared(task))?;
        timed.ask(question)?;
        let start = match (&self.device, task.reads_positions()) {
            (device, true) => Start::Positions(device),
            (Device::Cpu(cpu), false) => Start::Cells(cpu, &self.ids),
            (device, false) => {
                return Err(Error::argument(format!(
                    "task {} starts from ids, which {} does not; ask it for locate_groupby",
                    task.name(),
                    device.name()
                )));
            }
        };
        let (finished, times) = timed.repeat(start)?;
        if let Some(folder) = answer {
            write(&finished, timed, folder)?;
        }
        Ok(Repeat::new(&times, finished.cells.len()))
    }

    fn locate(&mut self, answer: Option<&Path>) -> Result<Repeat> {
        let (Device::Cpu(cpu), Some((_, timed))) = (&self.device, self.tables.first()) else {
            let message =
                "task locate is the CPU backend's; other devices have locate inside a fold";
            return Err(Error::argument(message.to_owned()));
        };
        let batch = timed.batch();
        let (start, clock) = (usage::cpu_time(), Instant::now());
        cpu.cells(&batch.lon, &batch.lat, &self.grid, &mut self.located);
        let times = took(clock, start);
        if let Some(folder) = answer {
            npy::write(&folder.join("ids.npy"), &self.located)?;
        }
        Ok(Repeat::new(&times, 0))
    }

    fn granules(&mut self, task: Task, answer: Option<&Path>) -> Result<Repeat> {
        let granules = self.granules.as_mut().ok_or_else(|| undeclared(task))?;
        let (start, clock) = (usage::cpu_time(), Instant::now());
        let seen = granules.run(task, answer.is_some())?;
        let times = took(clock, start);
        if let Some(folder) = answer {
            let Seen {
                photons,
                lat,
                lon,
                h,
                ..
            } = seen;
            for (name, value) in [("photons", photons), ("lat", lat), ("lon", lon), ("h", h)] {
                npy::write(&folder.join(format!("{name}.npy")), &[value])?;
            }
        }
        Ok(Repeat::new(&times, 0))
    }
}

fn undeclared(task: Task) -> Error {
    Error::argument(format!("name task {} with --task first", task.name()))
}

fn took(clock: Instant, cpu: Option<std::time::Duration>) -> Times {
    let seconds = clock.elapsed().as_secs_f64();
    Times {
        fold_seconds: seconds,
        total_seconds: seconds,
        cpu_seconds: usage::cpu_seconds_since(cpu),
        ..Times::default()
    }
}

/// `ids.npy` and one file per statistic, as f64.
fn write(answer: &Answer, timed: &Timed, folder: &Path) -> Result<()> {
    npy::write(&folder.join("ids.npy"), &answer.cells)?;
    for (output, array) in timed.schema.arrays.iter().enumerate() {
        npy::write(
            &folder.join(format!("{}.npy", array.name)),
            &answer.as_f64(output),
        )?;
    }
    Ok(())
}

impl Repeat {
    fn new(times: &Times, cells: usize) -> Self {
        Self {
            seconds: times.fold_seconds,
            finished_seconds: times.total_seconds,
            cpu_seconds: times.cpu_seconds,
            stages: (!times.strategy.is_empty()).then_some(times.stages),
            cells,
            strategy: times.strategy,
            peak_rss_bytes: usage::peak_resident_bytes(),
        }
    }
}
