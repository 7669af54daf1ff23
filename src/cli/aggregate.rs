//! `icefold aggregate`: statistics of photons in tables or arrays, asked for by flags in place of a config: as a store or
//! rows (`cells.rs`), or repeated and timed (`timed.rs`).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ValueEnum};

use crate::arrays::{Columns, Question, Statistic, are_arrays};
use crate::error::{Error, Kind, Result};
use crate::grid::{Latitude, Order};
use crate::pipeline::Memory;
use crate::stat::Resolution;

use super::args::ProgressArg;
use super::machine::MachineArgs;
use super::out::print;
use super::words::CommandLine;
use super::{cells, timed};

#[derive(Debug, Args)]
pub struct AggregateArgs {
    /// Photons: Parquet, Arrow IPC or CSV tables, folders of them, a .npy file of one structured array, or a folder with
    /// a .npy file for each column
    #[arg(value_name = "TABLE|DIR", required_unless_present = "input")]
    pub tables: Vec<PathBuf>,
    /// The same as a flag; a folder is one of .npy files
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "tables")]
    pub input: Vec<PathBuf>,
    /// Write the cells: .parquet, .csv, .arrow, or .zarr for a store
    #[arg(long, value_name = "FILE", conflicts_with_all = ["repeat", "output"])]
    pub to: Option<PathBuf>,
    /// Column of longitudes, degrees
    #[arg(long, value_name = "COLUMN", default_value = "lon")]
    pub lon: String,
    /// Column of geodetic latitudes, degrees
    #[arg(long, value_name = "COLUMN", default_value = "lat")]
    pub lat: String,
    /// Column of points, in place of both
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["lon", "lat"])]
    pub geometry: Option<String>,
    /// Columns to aggregate
    #[arg(
        long,
        value_name = "COLUMN,..",
        value_delimiter = ',',
        default_value = "h"
    )]
    pub values: Vec<String>,
    /// Column of weights, for wmean
    #[arg(long, value_name = "COLUMN")]
    pub weights: Option<String>,
    /// HEALPix order of the cells
    #[arg(
        long,
        visible_alias = "cell-order",
        value_name = "ORDER",
        default_value_t = 12
    )]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=29))]
    pub order: u8,
    /// count, min, max, sum, mean, var, std, median, q0 to q100, wmean
    #[arg(long, value_name = "STATISTIC,..", value_delimiter = ',')]
    #[arg(default_value = "count,min,max,mean,var", value_parser = statistic)]
    pub stats: Vec<Statistic>,
    /// Only photons of this area: a GeoJSON or GeoParquet file, or a box in degrees, across the antimeridian where W is
    /// the larger
    #[arg(long, value_name = "FILE|W,S,E,N", allow_hyphen_values = true)]
    pub region: Option<String>,
    /// Photons by their times, as the config's `time` has it: dataset=COLUMN with from=2019-06, to=2019-08, and
    /// every=month or edges=[2019, 2020] for steps
    #[arg(long, value_name = "KEY=VALUE")]
    pub time: Vec<String>,
    /// Which latitude is hashed
    #[arg(long, value_enum, default_value_t = LatitudeArg::AuthalicWgs84)]
    pub latitude: LatitudeArg,
    /// Unit of exact sums, as 2^-34 [default: by the column's name, 2^-34 for heights]
    #[arg(long, value_name = "2^-E", allow_hyphen_values = true, value_parser = resolution)]
    pub resolution: Option<Resolution>,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Memory, such as 512MiB or 4GiB: with --to and tables for all of the work, else for parts of tables while they are
    /// decoded, where photons and cells take what they need beside it
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// With --to, how far it is: a bar on a terminal (auto), a line every few seconds (plain), or nothing
    #[arg(long, env = "ICEFOLD_PROGRESS", value_enum, default_value_t = ProgressArg::Auto)]
    pub progress: ProgressArg,
    /// Exit with 0 where no photon is kept, too, and not with 3
    #[arg(long)]
    pub allow_empty: bool,
    /// Time the question, so many times after one that warms up [default: 5 with --input, without --to]
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub repeat: Option<u16>,
    /// Of what is timed, write the answer: .parquet, .arrow, or .npy for one structured array
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace what is written if it exists
    #[arg(long)]
    pub overwrite: bool,
    /// Print the config that asks the same, for icefold run, and stop
    #[arg(long)]
    pub print_config: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LatitudeArg {
    AuthalicWgs84,
    GeodeticSpherical,
}

fn statistic(text: &str) -> Result<Statistic, String> {
    let parsed = text.parse();
    parsed.map_err(|error: Error| error.render(&CommandLine))
}

/// `2^-34`, or `-34` for short.
fn resolution(text: &str) -> Result<Resolution, String> {
    let exponent = text.strip_prefix("2^").unwrap_or(text).parse::<i32>();
    let negated = exponent.ok().and_then(i32::checked_neg);
    negated
        .and_then(Resolution::new)
        .ok_or_else(|| format!("'{text}' is no resolution; give a power of two, as 2^-34"))
}

impl AggregateArgs {
    /// Whichever way they are named.
    pub fn inputs(&self) -> &[PathBuf] {
        if self.input.is_empty() {
            &self.tables
        } else {
            &self.input
        }
    }

    pub fn cells(&self) -> (Order, Latitude) {
        let latitude = match self.latitude {
            LatitudeArg::AuthalicWgs84 => Latitude::AuthalicWgs84,
            LatitudeArg::GeodeticSpherical => Latitude::GeodeticSpherical,
        };
        (Order::new(self.order).unwrap_or(Order::MAX), latitude)
    }

    fn question(&self) -> Result<Question> {
        let columns = Columns {
            lon: self.lon.clone(),
            lat: self.lat.clone(),
            values: self.values.clone(),
            weights: self.weights.clone(),
        };
        let mut question = Question::new(&columns, &self.stats, self.cells(), self.resolution)?;
        if let Some(column) = &self.geometry {
            question = question.of_points(column)?;
        }
        let of_time = |text: &String| match text.split_once('=') {
            Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
            None => Err(Error::argument(format!(
                "--time {text} is not KEY=VALUE, such as dataset=delta_time, from=2019-06 or every=month"
            ))),
        };
        let times = self.time.iter().map(of_time).collect::<Result<Vec<_>>>()?;
        question = question.at_times(&times)?;
        if let Some(region) = &self.region {
            question = question.within(region.parse()?);
        }
        Ok(question)
    }
}

pub fn aggregate(
    args: &AggregateArgs,
    matches: Option<&ArgMatches>,
    interrupted: impl FnOnce() -> Result<Arc<AtomicBool>>,
) -> Result<u8> {
    // There is a config, and nobody wrote it: what is wrong is an argument.
    answered(args, matches, interrupted).map_err(|error| match error.kind() {
        Kind::Config => error.of_kind(Kind::Argument),
        _ => error,
    })
}

fn answered(
    args: &AggregateArgs,
    matches: Option<&ArgMatches>,
    interrupted: impl FnOnce() -> Result<Arc<AtomicBool>>,
) -> Result<u8> {
    let question = args.question()?;
    if args.print_config {
        if args.region.is_some() {
            return Err(Error::argument(
                "--print-config prints a question, and an area is not written into it; leave --region out, and give it to \
                 icefold run",
            ));
        }
        return print(question.config.text.trim_end()).map(|()| 0);
    }
    refuse_idle(args, matches)?;
    if let Some(to) = &args.to {
        return cells::write(args, question, to, interrupted);
    }
    if args.input.is_empty() && args.repeat.is_none() {
        return Err(Error::argument(
            "nothing says what becomes of the cells; name a file with --to cells.parquet (or .csv, .arrow, .zarr), or time \
             the question with --repeat N",
        ));
    }
    timed::timed(args, question)
}

/// Refuses flags that would change nothing. The environment may say them for all verbs.
///
/// # Errors
/// The first of them.
fn refuse_idle(args: &AggregateArgs, matches: Option<&ArgMatches>) -> Result<()> {
    let given = |id| matches.and_then(|m| m.value_source(id)) == Some(ValueSource::CommandLine);
    let (timed, arrays) = (
        args.to.is_none(),
        args.inputs().iter().any(|path| are_arrays(path)),
    );
    let written = "is about cells that are written with --to, and here a question is timed";
    let unnamed = "is about a file that is written, and none is named with --output";
    let whole = "is about tables, and arrays are in memory as a whole";
    let idle = [
        ("allow_empty", timed, written),
        ("progress", timed, written),
        ("progress", arrays, whole),
        ("memory", arrays, whole),
        ("overwrite", timed && args.output.is_none(), unnamed),
    ];
    let found = idle
        .into_iter()
        .find(|(flag, idle, _)| *idle && given(flag));
    found.map_or(Ok(()), |(flag, _, why)| {
        let flag = flag.replace('_', "-");
        Err(Error::argument(format!("--{flag} {why}; leave it out")))
    })
}
