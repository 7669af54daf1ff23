//! `export`: a store as files of other programs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::error::{Error, Result};
use crate::export::{Export, Exported, Resampling};
use crate::grid::Crs;
use crate::pipeline::Memory;
use crate::store::Geometry;

use super::machine::threads;
use super::near::near;
use super::out::{note, print, print_json};

/// The command line of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The store
    pub store: PathBuf,
    /// The arrays to write [default: all]
    #[arg(value_name = "VARIABLE")]
    pub variables: Vec<String>,
    /// The same as a flag
    #[arg(
        long = "variables",
        value_name = "VARIABLE,..",
        value_delimiter = ',',
        conflicts_with = "variables"
    )]
    pub named: Vec<String>,
    /// A file, whose name says the format: .tif (Cloud Optimized GeoTIFF), .parquet (GeoParquet), .fgb (FlatGeobuf), .csv,
    /// .arrow; or a folder of GeoTIFF, one for each array: VARIABLE.tif
    #[arg(short, long, value_name = "FILE|DIR")]
    pub output: PathBuf,
    /// Cells of an overview: its order; of rasters how many times as wide as the finest they are
    #[arg(long, value_name = "ORDER")]
    pub order: Option<u8>,
    /// One step of a store with steps of time: a moment in it, such as 2019-07, or its number [default: all]
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    /// Only cells whose middle lies in this area: a GeoJSON or GeoParquet file, or a box in degrees, across the
    /// antimeridian where W is the larger
    #[arg(
        long,
        visible_alias = "bbox",
        value_name = "FILE|W,S,E,N",
        allow_hyphen_values = true
    )]
    pub region: Option<String>,
    /// Of rows, where their cells are [default: polygon, of .csv point]
    #[arg(long, value_enum)]
    pub geometry: Option<GeometryArg>,
    /// Of a raster of HEALPix cells, its system, such as EPSG:3413 [default: EPSG:3031 or 3413 for cells around a pole, else
    /// EPSG:4326]
    #[arg(long, value_name = "EPSG:CODE", value_parser = crs)]
    pub crs: Option<Crs>,
    /// Width and height of its pixels, in metres or degrees: one number, or W,H [default: about as large as cells]
    #[arg(long, value_name = "SIZE|W,H", value_delimiter = ',', num_args = 1)]
    pub resolution: Vec<f64>,
    /// Its edges in the system [default: around the cells]
    #[arg(
        long,
        value_name = "W,S,E,N",
        value_delimiter = ',',
        num_args = 1,
        allow_hyphen_values = true
    )]
    pub bounds: Vec<f64>,
    /// How its pixels get values: that of the cell in their middle, or the share of each cell in them [default: nearest]
    #[arg(long, value_enum)]
    pub resampling: Option<ResamplingArg>,
    /// Replace files that exist
    #[arg(long)]
    pub overwrite: bool,
    /// Worker threads [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory, such as 512MiB or 4GiB; what takes more is refused, and says how much
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GeometryArg {
    /// Outlines of cells
    Polygon,
    /// Middles of cells
    Point,
    /// Longitude and latitude as numbers alone
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResamplingArg {
    /// The value of the cell in which the middle of the pixel is
    Nearest,
    /// Means weighted by the area of each cell in the pixel; of counts and sums their share
    Share,
}

impl From<GeometryArg> for Geometry {
    fn from(given: GeometryArg) -> Self {
        match given {
            GeometryArg::Polygon => Self::Polygon,
            GeometryArg::Point => Self::Point,
            GeometryArg::None => Self::None,
        }
    }
}

pub fn export(args: &ExportArgs) -> Result<u8> {
    let variables = if args.named.is_empty() {
        &args.variables
    } else {
        &args.named
    };
    let resolution = match args.resolution[..] {
        [] => None,
        [side] => Some([side; 2]),
        [width, height] => Some([width, height]),
        _ => {
            return Err(Error::argument(
                "--resolution has one number, or two: width and height",
            ));
        }
    };
    let bounds = match args.bounds[..] {
        [] => None,
        [west, south, east, north] => Some([west, south, east, north]),
        _ => {
            return Err(Error::argument(
                "--bounds has four numbers: west, south, east, north",
            ));
        }
    };
    let store = near(&args.store)?;
    let asked = Export {
        variables: variables.clone(),
        order: args.order,
        time: args.time.clone(),
        region: args
            .region
            .as_ref()
            .map(|region| region.parse())
            .transpose()?,
        geometry: args.geometry.map(Into::into),
        crs: args.crs,
        resolution,
        bounds,
        resampling: args.resampling.map(|resampling| match resampling {
            ResamplingArg::Nearest => Resampling::Nearest,
            ResamplingArg::Share => Resampling::Share,
        }),
        overwrite: args.overwrite,
        memory: args.memory,
        ..Export::new(store.path(), &args.output)
    };
    let threads = threads(args.threads);
    let workers = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let workers = workers.map_err(|e| {
        Error::argument(format!(
            "cannot start {threads} threads: {e}; use fewer with --threads"
        ))
    })?;
    let exported = store.outcome(workers.install(|| crate::export::export(&asked)))?;
    show(&exported, args.json)?;
    Ok(0)
}

/// The files on standard output, what they have on standard error; or both as a document.
fn show(exported: &Exported, as_json: bool) -> Result<()> {
    if as_json {
        let files = exported
            .files
            .iter()
            .map(|(path, about)| json!({"path": path.display().to_string(), "about": about}));
        let left_out = exported
            .left_out
            .iter()
            .map(|(name, why)| json!({"array": name, "why": why}));
        print_json(&json!({
            "schema_version": 1,
            "files": files.collect::<Vec<_>>(),
            "left_out": left_out.collect::<Vec<_>>(),
            "icefold_version": env!("CARGO_PKG_VERSION"),
        }))?;
        return Ok(());
    }
    for (name, why) in &exported.left_out {
        note(format_args!("note: {name} is left out: it {why}"));
    }
    for (path, about) in &exported.files {
        note(format_args!("note: {} has {about}", path.display()));
        print(&path.display().to_string())?;
    }
    Ok(())
}

fn crs(text: &str) -> std::result::Result<Crs, String> {
    Crs::named(text).ok_or_else(|| format!("none that is known: those are {}", Crs::KNOWN))
}
