//! `icefold finalize`: makes the store of the pieces.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;

use crate::error::Result;
use crate::pipeline::Memory;
use crate::run::{Finalize, Finalized};

use super::access::AwayArgs;
use super::args::ProgressArg;
use super::exit::exit_code;
use super::export::GeometryArg;
use super::machine::{command_line, threads};
use super::out::{print, print_summary};
use super::progress::Progress;
use super::run;

#[derive(Debug, Args)]
pub struct FinalizeArgs {
    /// The store, by its path or its URL, beside whose name the pieces are: OUT.zarr.pieces
    #[arg(value_name = "OUT.zarr")]
    pub store: PathBuf,
    /// Write the cells as a table, too: Parquet or Arrow IPC, as the name says
    #[arg(long, value_name = "OUT.parquet|OUT.arrow")]
    pub table: Option<PathBuf>,
    /// Write the arrays of a raster as Cloud Optimized GeoTIFF into this folder, too
    #[arg(long, value_name = "DIR")]
    pub geotiff: Option<PathBuf>,
    /// Geometries of the cells in the table, too: their middles or their outlines (GeoParquet)
    #[arg(long, value_enum, requires = "table")]
    pub table_geometry: Option<GeometryArg>,
    /// Replace the store if it exists, and the tables
    #[arg(long)]
    pub overwrite: bool,
    /// Leave the pieces where they are
    #[arg(long)]
    pub keep_pieces: bool,
    /// Exit with 0 where no photon was kept, too, and not with 3
    #[arg(long)]
    pub allow_empty: bool,
    /// Worker threads [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Memory; values that quantiles of overviews need go to disk beyond it
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Where the report goes [default: beside the store, OUT.finalize.json]
    #[arg(long, value_name = "FILE.json")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub away: AwayArgs,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

pub fn finalize(args: &FinalizeArgs, interrupted: Arc<AtomicBool>) -> Result<u8> {
    let remote = args.away.remote(Arc::clone(&interrupted));
    let progress = Progress::new(ProgressArg::None, interrupted);
    let mut finalize = Finalize::new(&args.store)
        .remote(remote)
        .overwrite(args.overwrite)
        .keep_pieces(args.keep_pieces)
        .threads(threads(args.threads))
        .memory(args.memory)
        .command(command_line())
        .watch(&progress);
    if let Some(table) = &args.table {
        finalize = finalize.table(table);
    }
    if let Some(folder) = &args.geotiff {
        finalize = finalize.geotiff(folder);
    }
    if let Some(geometry) = args.table_geometry {
        finalize = finalize.table_geometry(geometry.into());
    }
    if let Some(report) = &args.report {
        finalize = finalize.report(report);
    }
    if let Some(folder) = &args.away.scratch.scratch {
        finalize = finalize.scratch(folder);
    }
    let finalized = finalize.execute()?;
    match &finalized {
        Finalized::Standing(standing) => run::show_standing(standing, args.json)?,
        Finalized::Store(made) if args.json => print(&made.report.to_json())?,
        Finalized::Store(made) => {
            let summary = made.report.summary();
            print_summary(&format!("{}\n{summary}", made.store.display()))?;
        }
    }
    let empty = finalized.is_empty() && !args.allow_empty;
    Ok(exit_code(finalized.is_whole() && !empty))
}
