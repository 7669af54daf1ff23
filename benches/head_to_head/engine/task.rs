//! What is timed: tasks, and the questions that they ask. The table of `docs/BENCHMARKING.md`.

use clap::ValueEnum;
use icefold::arrays::{Columns, Question, Statistic};
use icefold::config::GridConfig;
use icefold::{Error, Result};

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
    /// cells, h, s -> the mean of h weighted by s.
    Weighted,
    /// As `groupby`, of two columns.
    Groupby2,
    /// As `groupby`, of four columns.
    Groupby4,
    /// As `groupby`, of eight columns.
    Groupby8,
    /// granule -> batches of photons.
    Decode,
    /// granule -> storage chunks, inflated and discarded: the floor.
    Inflate,
}

const FIVE: [Statistic; 5] = [
    Statistic::Count,
    Statistic::Min,
    Statistic::Max,
    Statistic::Mean,
    Statistic::Var,
];

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

    /// Whether it starts from arrays and folds photons into cells.
    pub fn folds(self) -> bool {
        self != Self::Locate && !self.reads_granules()
    }

    pub fn reads_granules(self) -> bool {
        matches!(self, Self::Decode | Self::Inflate)
    }

    /// Columns that are aggregated: `h`, then `h1`, `h2`...
    pub fn values(self) -> Vec<String> {
        let columns = match self {
            Self::Groupby2 => 2,
            Self::Groupby4 => 4,
            Self::Groupby8 => 8,
            _ => 1,
        };
        let more = (1..columns).map(|i| format!("h{i}"));
        std::iter::once("h".to_owned()).chain(more).collect()
    }

    /// Every column of arrays that is read besides positions.
    pub fn columns(self) -> Vec<String> {
        let mut columns = self.values();
        if self == Self::Weighted {
            columns.push("s".to_owned());
        }
        columns
    }

    /// What it asks of photons in memory.
    pub fn question(self, grid: &GridConfig) -> Result<Question> {
        let statistics: &[Statistic] = match self {
            Self::CountOnly => &[Statistic::Count],
            Self::Minmax => &[Statistic::Count, Statistic::Min, Statistic::Max],
            Self::Quartiles => &[
                Statistic::Percentile(25),
                Statistic::Percentile(50),
                Statistic::Percentile(75),
            ],
            Self::Weighted => &[Statistic::WeightedMean],
            _ => &FIVE,
        };
        let Some(latitude) = grid.kind.healpix() else {
            return Err(Error::argument("workloads are on HEALPix"));
        };
        let columns = Columns {
            lon: "lon".to_owned(),
            lat: "lat".to_owned(),
            values: self.values(),
            weights: (self == Self::Weighted).then(|| "s".to_owned()),
        };
        Question::new(&columns, statistics, (grid.cell_order, latitude), None)
    }
}
