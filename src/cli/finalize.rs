//! `icefold finalize`: makes the store of the pieces.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::error::Result;
use crate::run::{Finalize, Finalized};

use super::args::{FinalizeArgs, ProgressArg};
use super::exit::exit_code;
use super::machine::{command_line, threads};
use super::out::{print, print_summary};
use super::progress::Progress;
use super::run;

pub fn finalize(args: &FinalizeArgs, interrupted: Arc<AtomicBool>) -> Result<u8> {
    let progress = Progress::new(ProgressArg::None, interrupted);
    let mut finalize = Finalize::new(&args.store)
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
