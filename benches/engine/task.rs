//! What is timed: tasks, the jobs that they ask for, and their answers as arrays of f64.

use std::path::Path;

use clap::ValueEnum;
use icefold::batch::ColumnType;
use icefold::config::{self, Dtype};
use icefold::granule::SourceColumn;
use icefold::stat::{Finished, Job, Partials, finish_output};
use icefold::{Error, Result};
use rayon::prelude::*;

use crate::npy;
use crate::ours::Ours;

/// One line of the table of `docs/BENCHMARKING.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Task {
    /// lon, lat -> the cell of every photon.
    Locate,
    /// cells, h -> count, min, max, mean, var.
    Groupby,
    /// lon, lat, h -> count, min, max, mean, var.
    LocateGroupby,
    /// cells, h -> quantiles 0.25, 0.5 and 0.75.
    Quartiles,
    /// cells, h -> count.
    CountOnly,
    /// cells, h -> count, min, max.
    Minmax,
}

const COUNT: &str = "{function: count, source: h, dtype: int64}";
const MIN: &str = "{function: min, source: h, dtype: float32}";
const MAX: &str = "{function: max, source: h, dtype: float32}";
const MEAN: &str = "{function: mean, source: h, dtype: float64}";
const VAR: &str = "{function: var, source: h, dtype: float64}";
const Q25: &str = "{function: quantile, source: h, params: {q: 0.25}, dtype: float64}";
const Q50: &str = "{function: quantile, source: h, params: {q: 0.5}, dtype: float64}";
const Q75: &str = "{function: quantile, source: h, params: {q: 0.75}, dtype: float64}";

/// A pipeline file without its outputs.
const PIPELINE: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h"}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
aggregation:
  variables:
"#;

impl Task {
    /// The spelling on the command line and in records.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether positions are read; otherwise ids are.
    pub fn reads_positions(self) -> bool {
        matches!(self, Self::Locate | Self::LocateGroupby)
    }

    /// Whether photons are folded into cells.
    pub fn folds(self) -> bool {
        self != Self::Locate
    }

    /// Statistics by name, with their definition in a pipeline file.
    fn outputs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Locate => &[],
            Self::CountOnly => &[("count", COUNT)],
            Self::Minmax => &[("count", COUNT), ("min", MIN), ("max", MAX)],
            Self::Quartiles => &[("q25", Q25), ("q50", Q50), ("q75", Q75)],
            Self::Groupby | Self::LocateGroupby => &[
                ("count", COUNT),
                ("min", MIN),
                ("max", MAX),
                ("mean", MEAN),
                ("var", VAR),
            ],
        }
    }

    /// The job that a run with these outputs has.
    pub fn job(self) -> Result<Job> {
        let mut yaml = PIPELINE.to_owned();
        for (name, definition) in self.outputs() {
            yaml.push_str(&format!("    {name}: {definition}\n"));
        }
        let config = config::parse_yaml("bench", &yaml)?;
        let heights = SourceColumn {
            name: "h".to_owned(),
            column_type: ColumnType::F32,
            dtype: Dtype::F32,
            units: None,
            long_name: None,
        };
        Ok(Job::new(&config, &[heights]))
    }
}

fn number(finished: &Finished) -> f64 {
    match finished {
        Finished::Real(x) => *x,
        Finished::Integer(n) => *n as f64,
        Finished::Missing | Finished::NoWeight | Finished::Histogram(_) => f64::NAN,
    }
}

/// Finished statistics, ascending by cell.
#[derive(Debug)]
pub struct Answer {
    pub cells: Vec<u64>,
    /// One per output of the task, in order.
    pub columns: Vec<Vec<f64>>,
}

impl Answer {
    /// Rounds every statistic once: one array per output, one value per cell.
    pub fn finish(ours: &Ours, mut partials: Partials, job: &Job) -> Self {
        let columns = ours.install(|| {
            partials.select_values(job);
            let outputs = 0..job.outputs.len();
            outputs
                .map(|output| {
                    (0..partials.len())
                        .into_par_iter()
                        .map(|cell| number(&finish_output(job, &partials, output, cell)))
                        .collect()
                })
                .collect()
        });
        Self {
            cells: partials.cells,
            columns,
        }
    }

    /// Writes `ids.npy` and one file per statistic.
    pub fn write(&self, task: Task, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
        npy::write(&folder.join("ids.npy"), &self.cells)?;
        for ((name, _), column) in task.outputs().iter().zip(&self.columns) {
            npy::write(&folder.join(format!("{name}.npy")), column)?;
        }
        Ok(())
    }
}
