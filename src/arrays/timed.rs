//! Puts a question to a device on photons in memory, and measures how long each part takes.
//!
//! Beside the line: derive, fold and finish are those of a run, with a clock around each. What one repeat
//! allocates and writes is freed outside the clocks.

use std::time::Instant;

use serde::Serialize;

use super::answer::Answer;
use super::photons::Photons;
use super::question::Question;
use crate::backend::cpu::Cpu;
use crate::backend::{Batches, Device, Places, StageTimes, add_hosts};
use crate::config::{GridConfig, Variable};
use crate::error::{Error, Result, Setting, phrase};
use crate::finalize::StoreSchema;
use crate::photon::{Column, PhotonBatch, SourceColumn};
use crate::stat::{Derivation, Job, Partials, TermSum, Unmade, any_may_wait};
use crate::usage::{cpu_seconds_since, cpu_time};

/// Bytes of partials that the next fold may write into: values that are retained are as large as the photons, and those of
/// many stay not while the answer is looked at.
const KEPT: u64 = 128 << 20;

/// Where a fold starts.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// From longitude and latitude.
    Positions(&'a Device),
    /// From the cell of every photon, which only the CPU backend does.
    Cells(&'a Cpu, &'a [u64]),
}

/// Photons and a question, ready.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::DeviceChoice;
/// use icefold::arrays::{Columns, Question, Start, Statistic, Timed, Workload};
/// use icefold::config::{Latitude, Order};
/// use icefold::devices::Device;
///
/// let columns = Columns {
///     lon: "lon".to_owned(),
///     lat: "lat".to_owned(),
///     values: vec!["h".to_owned()],
///     weights: None,
/// };
/// let cells = (Order::new(8).unwrap(), Latitude::AuthalicWgs84);
/// let question = Question::new(&columns, &[Statistic::Count], cells, None)?;
/// let mut timed = Timed::new(&question, Workload::named("one_cell").unwrap().photons(1000))?;
/// let device = Device::open(&DeviceChoice::Cpu, 1)?;
/// let (answer, times) = timed.repeat(Start::Positions(&device))?;
/// assert_eq!(answer.as_f64(0), [1000.0]);
/// assert!(times.fold_seconds <= times.total_seconds);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Timed {
    pub job: Job,
    pub schema: StoreSchema,
    grid: GridConfig,
    variables: Vec<Variable>,
    sources: Vec<SourceColumn>,
    batch: PhotonBatch,
    derivation: Derivation,
}

/// Wall seconds of one repeat by stage. Stages that a backend fuses are in `fused`.
///
/// ```
/// use icefold::arrays::StageSeconds;
///
/// let stages = StageSeconds { sort: 0.25, reduce: 0.5, ..StageSeconds::default() };
/// assert_eq!(stages.sort + stages.segment + stages.reduce, 0.75);
/// ```
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct StageSeconds {
    /// Elementwise expressions, as the product of a weighted mean, where the fold does not make them as it goes.
    pub derive: f64,
    pub upload: f64,
    pub locate: f64,
    pub sort: f64,
    pub segment: f64,
    pub reduce: f64,
    pub fused: f64,
    /// Partials to rounded statistics.
    pub finish: f64,
}

/// One repeat.
///
/// ```
/// use icefold::arrays::Times;
///
/// let times = Times { fold_seconds: 2.0, ..Times::default() };
/// assert_eq!(1e6 / times.fold_seconds, 500_000.0, "photons a second, of a million");
/// ```
#[derive(Debug, Clone, Default, Serialize)]
pub struct Times {
    pub stages: StageSeconds,
    /// Wall seconds from arrays in memory to partials in memory, transfers inside.
    pub fold_seconds: f64,
    /// The same, and every statistic rounded to its type.
    pub total_seconds: f64,
    /// Processor seconds of all threads over the same time.
    pub cpu_seconds: Option<f64>,
    /// In which order the stages ran.
    pub strategy: &'static str,
}

impl Timed {
    /// Resolves the question against the photons.
    ///
    /// # Errors
    /// A statistic that a column's type does not have.
    pub fn new(question: &Question, photons: Photons) -> Result<Self> {
        let (job, schema) = question.resolve(&photons.sources)?;
        Ok(Self {
            job,
            schema,
            grid: question.config.grid,
            variables: question.config.variables.clone(),
            sources: photons.sources,
            batch: photons.batch,
            derivation: Derivation::default(),
        })
    }

    /// Puts another question, about the same columns.
    ///
    /// # Errors
    /// A statistic that a column's type does not have.
    pub fn ask(&mut self, question: &Question) -> Result<()> {
        (self.job, self.schema) = question.resolve(&self.sources)?;
        self.variables.clone_from(&question.config.variables);
        Ok(())
    }

    pub fn photons(&self) -> usize {
        self.batch.len()
    }

    pub fn batch(&self) -> &PhotonBatch {
        &self.batch
    }

    pub fn grid(&self) -> &GridConfig {
        &self.grid
    }

    /// Runs once, with clocks.
    ///
    /// # Errors
    /// The device's, and values beyond their column's resolution.
    pub fn repeat(&mut self, start: Start) -> Result<(Answer, Times)> {
        let cpu = cpu_time();
        let clock = Instant::now();
        let (partials, stages) = self.fold(start)?;
        let fold_seconds = clock.elapsed().as_secs_f64();
        let mut partials = self.in_range(partials)?;
        let finishing = Instant::now();
        let finish = || Answer::finish_from(&mut partials, &self.job, &self.schema);
        let answer = match start {
            Start::Positions(device) => device.install(finish),
            Start::Cells(cpu, _) => cpu.install(finish),
        }?;
        let finish_seconds = finishing.elapsed().as_secs_f64();
        let cpu_seconds = cpu_seconds_since(cpu);
        // The next fold's are written in their memory, as those of the batches of a run are.
        if partials.bytes_held() <= KEPT {
            match start {
                Start::Positions(device) => device.recycle(partials, &self.job),
                Start::Cells(cpu, _) => cpu.recycle(partials, &self.job),
            }
        }
        let times = Times {
            stages: StageSeconds {
                finish: finish_seconds,
                ..stages.0
            },
            fold_seconds,
            total_seconds: fold_seconds + finish_seconds,
            cpu_seconds,
            strategy: strategy(stages.1),
        };
        Ok((answer, times))
    }

    /// Other photons with the same columns.
    pub(super) fn swap(&mut self, batch: PhotonBatch) {
        self.batch = batch;
    }

    /// Partials alone, of values that are all within their column's range.
    ///
    /// # Errors
    /// As [`repeat`](Self::repeat).
    pub(super) fn checked(&mut self, start: Start) -> Result<Partials> {
        let (partials, _) = self.fold(start)?;
        self.in_range(partials)
    }

    fn in_range(&mut self, partials: Partials) -> Result<Partials> {
        if partials.out_of_range().next().is_some() {
            return Err(self.misfit());
        }
        Ok(partials)
    }

    /// Partials alone.
    ///
    /// # Errors
    /// The device's.
    pub fn fold(&mut self, start: Start) -> Result<(Partials, (StageSeconds, Batches))> {
        let deriving = Instant::now();
        let Self {
            job,
            grid,
            variables,
            batch,
            derivation,
            ..
        } = self;
        let makes = match start {
            Start::Positions(device) => device.makes_values(batch, grid, job),
            Start::Cells(cpu, cells) => any_may_wait(job) && cpu.folds_runs_of(cells),
        };
        let take = || derivation.take_for((job, makes), variables, batch);
        let columns = match start {
            Start::Positions(device) => device.install(take),
            Start::Cells(cpu, _) => cpu.install(take),
        };
        let sources = std::mem::replace(&mut batch.columns, columns);
        let unmade = Unmade::new((job, makes), variables, (&sources, &batch.columns));
        let mut seconds = StageSeconds {
            derive: deriving.elapsed().as_secs_f64(),
            ..StageSeconds::default()
        };
        let mut times = StageTimes::default();
        let partials = match start {
            Start::Positions(device) => device.fold_with((batch, &unmade), grid, job, &mut times),
            Start::Cells(cpu, cells) => {
                let columns = &batch.columns;
                let fold = || -> Result<Partials> {
                    let mut partials = cpu.fold_cells_with(cells, (columns, &unmade), grid, job)?;
                    let places = Places::Cells(cells);
                    cpu.install(|| add_hosts(places, columns, job, &mut partials))?;
                    Ok(partials)
                };
                times.fused.time(fold)
            }
        };
        let columns = std::mem::replace(&mut batch.columns, sources);
        derivation.give_back(job, columns, batch);
        seconds.upload = times.upload.seconds();
        seconds.locate = times.locate.seconds();
        seconds.sort = times.sort.seconds();
        seconds.segment = times.segment.seconds();
        seconds.reduce = times.reduce.seconds();
        seconds.fused = times.fused.seconds();
        Ok((partials?, (seconds, times.batches)))
    }

    /// Names the first value that its column does not hold.
    fn misfit(&mut self) -> Error {
        let columns = self
            .derivation
            .take(&self.job, &self.variables, &mut self.batch);
        let error = self.misfit_of(&columns);
        self.derivation
            .give_back(&self.job, columns, &mut self.batch);
        error
    }

    fn misfit_of(&self, columns: &[Column]) -> Error {
        for (described, column) in self.job.columns.iter().zip(columns) {
            let misfit = (0..column.values.len())
                .find(|&i| column.is_valid(i) && !described.holds(&column.values, i));
            let Some(i) = misfit else {
                continue;
            };
            let (range, unit) = if described.needs.moments {
                (
                    described.resolution.range(),
                    described.resolution.to_string(),
                )
            } else {
                (TermSum::RANGE, TermSum::RESOLUTION.to_owned())
            };
            let source = self.variables.iter().find(|v| v.name == described.name);
            let photon = self.batch.origin.rows.get(i);
            return Error::argument(format!(
                "column {}, photon {photon} of those that have a position, is {}: out of range +-{range} at resolution {unit}",
                source.map_or(&described.name, |v| &v.path),
                match &column.values {
                    crate::photon::Values::I64(values) => values[i].to_string(),
                    values => values.get_f64(i).to_string(),
                },
            ))
            .with_remedy(phrase![
                "give a coarser one with ",
                Setting::Resolution,
                ", or leave such photons out"
            ]);
        }
        Error::gate("a value is out of range, and none was found to be")
    }
}

fn strategy(batches: Batches) -> &'static str {
    match (batches.runs, batches.blocks, batches.sorted) {
        (1.., _, _) => "runs",
        (_, 1.., _) => "blocks",
        (_, _, 1..) => "sort",
        _ => "",
    }
}
