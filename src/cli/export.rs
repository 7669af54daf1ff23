//! `export`: a store as files of other programs.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::export::geotiffs;

use super::out::{note, print};

/// The command line of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The store, of a rectilinear grid
    pub store: PathBuf,
    /// The arrays to write [default: all]
    #[arg(value_name = "VARIABLE")]
    pub variables: Vec<String>,
    /// The folder of the files, one for each array: VARIABLE.tif, Cloud Optimized GeoTIFF
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace files that exist
    #[arg(long)]
    pub overwrite: bool,
}

pub fn export(args: &ExportArgs) -> Result<u8> {
    let exported = geotiffs(&args.store, &args.variables, &args.output, args.overwrite)?;
    for (name, why) in &exported.left_out {
        note(format_args!("note: {name} is left out: it {why}"));
    }
    for file in &exported.files {
        print(&file.display().to_string())?;
    }
    Ok(0)
}
