//! What the command line looks like.

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::features::built_in;
use crate::pipeline::{Memory, parse_memory};

use super::access::{AccessArgs, ExternalArgs};
use super::aggregate::AggregateArgs;
use super::bench::BenchArgs;
#[cfg(all(feature = "cuda", feature = "hdf5"))]
use super::bench_device::BenchDeviceArgs;
use super::changes::{ChangeArgs, ConfigArgs};
use super::cite::CiteArgs;
use super::clean::CleanArgs;
use super::devices::DevicesArgs;
use super::export::{ExportArgs, GeometryArg};
use super::finalize::FinalizeArgs;
use super::grow::GrowArgs;
use super::index::{IndexArgs, KnownArgs};
use super::lists::ListArgs;
use super::machine::MachineArgs;
use super::maps::RenderArgs;
use super::show::{CompletionsArgs, SchemaArgs};
use super::view::ViewArgs;

const EXAMPLES: &str = "\
Examples:
  icefold demo                                    see it work; needs no data
  icefold run atl06 granules/ --store land_ice.zarr
  icefold run my.yaml ATL03_*.h5 --store photons.zarr --tolerant
  icefold config atl08 > forest.yaml              a built-in config, to change
  icefold run atl08 granules/ --order 10 --store forest.zarr
  icefold index granules/ -o index.parquet        so that later calls open only what they need
  icefold plan atl06 granules/ -o map.json
  icefold run atl06 --plan map.json --store land_ice.zarr --resume
  icefold run atl06 --plan map.json --store land_ice.zarr --shards 0..8
  icefold finalize land_ice.zarr                  when all shards are done
  icefold run atl06 granules/ --update land_ice.zarr    with new granules in the folder
  icefold aggregate points.parquet --order 9 --to cells.csv
  icefold render land_ice.zarr h_mean -o map.png
  icefold view land_ice.zarr                      in the browser; -o page.html for one file
  icefold cite land_ice.zarr
  icefold export raster.zarr h_mean -o geotiff/
  icefold verify a.zarr b.zarr
  icefold verify atl06 granules/ --devices cpu,wgpu

Exit codes: 0 ok, 1 failure, 2 usage or config, 3 partial, 4 results differ, 5 no such device,
130 interrupted";

/// The version, and what is built in.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| format!("{}\nfeatures: {}", env!("CARGO_PKG_VERSION"), built_in()))
}

/// Folds ICESat-2 photons into cells of the Earth: exact statistics per cell, as Zarr.
#[derive(Debug, Parser)]
#[command(name = "icefold", version, long_version = version(), after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make synthetic granules, aggregate them, draw a map, and say what to try next
    Demo(DemoArgs),
    /// Aggregate granules or tables into a Zarr store
    Run(Box<RunArgs>),
    /// Keep what granules would be opened for in one file, so that plans and runs open only what they need
    Index(IndexArgs),
    /// List which granules have photons in which shards, as a shard map
    Plan(PlanArgs),
    /// Make the store of the pieces that runs over parts of a shard map wrote
    Finalize(FinalizeArgs),
    /// Show what is in a granule, a table, a shard map, a run report, a store or pieces of one
    Inspect(InspectArgs),
    /// Print what to cite of a store: the products that it was made of, with their DOIs
    Cite(CiteArgs),
    /// Draw one variable of a store as a map: PNG, SVG or PDF
    Render(RenderArgs),
    /// Look at a store in a browser: one page as a file, or served on this machine
    View(ViewArgs),
    /// Write a store for others: GeoTIFF, GeoParquet, FlatGeobuf, Arrow or CSV
    Export(ExportArgs),
    /// Compare two stores, or what devices make of the same granules, bit by bit
    Verify(VerifyArgs),
    /// Show which devices there are, and what runs where
    Devices(DevicesArgs),
    /// Time this machine's devices on photons made on the spot; needs no data
    Bench(BenchArgs),
    /// Aggregate photons of tables or arrays, asked for by flags, into a table, a CSV file or a store
    Aggregate(AggregateArgs),
    /// Hold a CUDA device to the CPU's bits and measure it, for scripts/bench-device
    #[cfg(all(feature = "cuda", feature = "hdf5"))]
    #[command(hide = true)]
    BenchDevice(BenchDeviceArgs),
    /// Show and remove what killed runs left under hidden names
    Clean(CleanArgs),
    /// Print a config, or list the built-in ones
    Config(ConfigArgs),
    /// Print the JSON Schema of a file format
    Schema(SchemaArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder for granules, store, map and report
    #[arg(long, value_name = "DIR", default_value = "icefold-demo")]
    pub out: PathBuf,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Print the run report as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// A pipeline YAML file, or a built-in config, such as atl06; icefold config lists them
    pub config: String,
    /// Granules, tables where the config reads those, or folders of them
    #[arg(value_name = "GRANULE|TABLE|DIR")]
    pub granules: Vec<PathBuf>,
    #[command(flatten)]
    pub lists: ListArgs,
    #[command(flatten)]
    pub known: KnownArgs,
    /// A shard map that lists the granules [default: the config's `catalog`, where no granules are
    /// named]
    #[arg(long, value_name = "MAP.json|MAP.parquet", conflicts_with_all = ["granules", "granules_from"])]
    pub plan: Option<PathBuf>,
    /// Where the map's granules are: files of their names in this folder and below
    #[arg(long, value_name = "DIR")]
    pub granule_root: Option<PathBuf>,
    /// Only the shards of the map from place A up to, not including, place B: writes pieces, of which
    /// icefold finalize makes the store
    #[arg(long, value_name = "A..B", allow_hyphen_values = true)]
    pub shards: Option<String>,
    /// Only photons of this area: a GeoJSON or GeoParquet file, or a box in degrees, across the antimeridian where W is
    /// the larger [default: the config's `region`]
    #[arg(long, value_name = "FILE|W,S,E,N", allow_hyphen_values = true)]
    pub region: Option<String>,
    /// Write all cells that touch the region, those without a photon with fill values, too
    #[arg(long)]
    pub cells_of_region: bool,
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// The Zarr store to write [default: the config's `store`]
    #[arg(long, env = "ICEFOLD_STORE", value_name = "OUT.zarr")]
    pub store: Option<PathBuf>,
    /// Write the cells as a table, too: Parquet or Arrow IPC, as the name says
    #[arg(long, value_name = "OUT.parquet|OUT.arrow")]
    pub table: Option<PathBuf>,
    /// Write the arrays of a raster as Cloud Optimized GeoTIFF into this folder, too
    #[arg(long, value_name = "DIR")]
    pub geotiff: Option<PathBuf>,
    /// Geometries of the cells in the table, too: their middles or their outlines (GeoParquet)
    #[arg(long, value_enum, requires = "table")]
    pub table_geometry: Option<GeometryArg>,
    /// How the store is laid out [default: the config's `store_layout`, else cells or raster]
    #[arg(long, value_enum)]
    pub layout: Option<LayoutArg>,
    /// Coarser orders that the store has, too: 11,9 or 11..6 or 11,10,..6; of rasters widths: 2,4,8
    #[arg(long, value_name = "ORDERS", allow_hyphen_values = true)]
    pub overviews: Option<String>,
    /// Replace the store if it exists, and the tables; with --shards, pieces that are done
    #[arg(long)]
    pub overwrite: bool,
    #[command(flatten)]
    pub grow: GrowArgs,
    /// Stop at the first granule or row that cannot be used (the default)
    #[arg(long)]
    pub strict: bool,
    /// Leave out granules and rows that cannot be used, report them, and exit with 3
    #[arg(long, env = "ICEFOLD_TOLERANT")]
    #[arg(value_parser = BoolishValueParser::new())]
    pub tolerant: bool,
    /// Have the SHA-256 of every byte of each granule in the store, for which each is read once more
    #[arg(long)]
    pub hash_granules: bool,
    /// Exit with 0 where no photon is kept, too, and not with 3
    #[arg(long)]
    pub allow_empty: bool,
    #[command(flatten)]
    pub access: AccessArgs,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Memory for batches and partials, such as 512MiB or 4GiB; partials beyond it go to disk
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Memory for partials, as long as they stay off the disk [default: what the batches leave]
    #[arg(long, env = "ICEFOLD_PARTIALS_MEMORY", value_name = "SIZE", value_parser = parse_memory)]
    pub partials_memory: Option<Memory>,
    /// Rows read at a time from one ground track [default: as many as the memory holds, at most 2^20]
    #[arg(long, env = "ICEFOLD_BATCH_ROWS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1 << 30))]
    pub batch_rows: Option<u32>,
    /// How far the run is, on standard error: a bar on a terminal (auto), a line every few seconds
    /// (plain), or nothing
    #[arg(long, env = "ICEFOLD_PROGRESS", value_enum, default_value_t = ProgressArg::Auto)]
    pub progress: ProgressArg,
    /// Where the run report goes [default: beside the store, OUT.run.json]
    #[arg(long, value_name = "run.json")]
    pub report: Option<PathBuf>,
    /// Open the granules, say what would be done, and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Print every setting with where it comes from, and stop
    #[arg(long)]
    pub explain: bool,
    /// Print the run report (or the dry run, or the settings) as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LayoutArg {
    /// Occupied cells and their ids
    Cells,
    /// All cells of the sphere, uncompressed, a Zarr chunk for each shard with photons
    Fullsphere,
    /// A Zarr for each shard, as zagg writes and reads them
    Hive,
    /// Rows and columns; of rectilinear grids, and what they have by default
    Raster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressArg {
    /// A bar where standard error is a terminal
    Auto,
    /// Lines, for the log of a job
    Plain,
    /// Nothing
    None,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// A pipeline YAML file, or a built-in config, such as atl06; icefold config lists them
    pub config: String,
    /// Granules, or folders of granules
    #[arg(value_name = "GRANULE|DIR", required_unless_present_any = ["granules_from", "index"])]
    pub granules: Vec<PathBuf>,
    #[command(flatten)]
    pub lists: ListArgs,
    #[command(flatten)]
    pub known: KnownArgs,
    /// Only shards and granules with photons in this area: a GeoJSON or GeoParquet file, or a box in degrees, across
    /// the antimeridian where W is the larger [default: the config's `region`]
    #[arg(long, value_name = "FILE|W,S,E,N", allow_hyphen_values = true)]
    pub region: Option<String>,
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// The shard map to write: JSON, or Parquet where the name ends so
    #[arg(short, long, value_name = "MAP.json|MAP.parquet")]
    pub output: PathBuf,
    /// Granules read at the same time [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Stop at the first granule that cannot be read (the default)
    #[arg(long)]
    pub strict: bool,
    /// Leave out granules that cannot be read, list them in the map, and exit with 3
    #[arg(long, env = "ICEFOLD_TOLERANT")]
    #[arg(value_parser = BoolishValueParser::new())]
    pub tolerant: bool,
    #[command(flatten)]
    pub access: AccessArgs,
    /// Memory, of which half of what the program leaves is for storage chunks, such as 512MiB or 4GiB
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A granule, a table, a shard map, a run report, a store or pieces of one
    pub path: PathBuf,
    /// Of a granule: what a run with this config would read, and what that costs
    #[arg(long)]
    pub config: Option<String>,
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// Of a granule: every dataset in it, of groups that are not known, too
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub access: AccessArgs,
    /// Memory, of which half of what the program leaves is for parts of tables, such as 512MiB or 4GiB
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// One store; with --devices, the config
    #[arg(value_name = "A.zarr|CONFIG")]
    pub a: String,
    /// The store to compare it with; with --devices, granules or folders of granules
    #[arg(value_name = "B.zarr|GRANULE", required = true)]
    pub b: Vec<PathBuf>,
    /// Fold the granules on each of these devices and compare what they make of them
    #[arg(long, value_name = "DEVICE,DEVICE", value_delimiter = ',')]
    pub devices: Vec<String>,
    #[command(flatten)]
    pub changes: ChangeArgs,
    #[command(flatten)]
    pub access: ExternalArgs,
    /// With --devices, worker threads [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// With --devices, memory for storage chunks and batches, such as 512MiB or 4GiB; cells stay in memory
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
