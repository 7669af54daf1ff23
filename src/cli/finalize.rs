//! `icefold finalize`: makes the store of the pieces.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::error::{Error, Result};
use crate::finalize::schema;
use crate::left_out::{ERROR_TABLE, errors_path};
use crate::piece::{Marker, Owner, Pieces, there};
use crate::pipeline::{Assembly, assemble};
use crate::place::{Artefact, Inputs, beside, check_distinct, check_file, pending};
use crate::read::table::TABLE;
use crate::report::{AssembledReport, RUN_REPORT};
use crate::stat::Job;
use crate::store::TableFormat;
use crate::store::check_target;

use super::PARTIAL;
use super::args::FinalizeArgs;
use super::empty::no_photon_in_pieces;
use super::finished::{self, Wanted, finished};
use super::out::{note, print};
use super::outputs::is_of_no_other;
use super::run::{spill_folder, threads};
use super::session::Session;

pub fn finalize(args: &FinalizeArgs, interrupted: &AtomicBool) -> Result<u8> {
    let store = &*args.store;
    let folder = Pieces::folder_of(store);
    let errors = errors_path(store);
    let report_path = args.report.clone();
    let report_path = report_path.unwrap_or_else(|| beside(store, "finalize.json"));
    let mut files = vec![(RUN_REPORT, &*report_path), (ERROR_TABLE, &*errors)];
    files.extend(args.table.as_deref().map(|table| (TABLE, table)));
    check_distinct(Some(store), &files)?;
    // Without pieces and without a store there is nothing to have a name for.
    if !(folder.is_dir() || pending(store) || store.exists()) {
        there(&folder, None)?;
    }
    let names: Vec<&Path> = files.iter().map(|(_, path)| *path).collect();
    let session = Session::begin(store, true, &names)?;
    let there_are = Pieces::open(&folder)?;
    if let Some(report) = is_finished(args, there_are.as_ref(), &report_path) {
        return finished::say(store, &report, (args.json, args.allow_empty));
    }
    let pieces = there(&folder, there_are)?;
    let overwrite = args.overwrite || Pieces::may_replace(&folder, store)?;
    check_outputs(args, &files, overwrite)?;
    let owner = Owner::claim(&folder, None)?;
    let config = pieces.manifest().config(&folder)?;
    let columns = &pieces.manifest().found.columns;
    let job = Job::new(&config, columns);
    let schema = schema(&config, &job, columns)?;
    let spill = spill_folder(store);
    let assembly = Assembly {
        pieces: &pieces,
        job: &job,
        schema: &schema,
        store,
        overwrite,
        table: args.table.as_deref(),
        errors: &errors,
        memory: args.memory.values(),
        spill: &spill,
        interrupted,
    };
    let assembled = workers(args.threads)?.install(|| assemble(&assembly));
    let assembled = assembled.map_err(|error| match error {
        Error::Interrupted => Error::Resumable(format!(
            "no store was written and all pieces are kept in {}; run the same command again",
            folder.display()
        )),
        other => other,
    })?;
    let manifest = pieces.manifest();
    let report = AssembledReport::new(
        &assembled,
        (&manifest.config.name, &manifest.config.sha256),
        (&folder, manifest),
        store,
        args.table.as_deref(),
    );
    let (whole, report_text) = (assembled.whole, report.to_json());
    let clear = (!args.keep_pieces).then_some(&*folder);
    session.end(whole.steps, (&report_path, report_text), clear)?;
    for granule in &assembled.left_out {
        note(format_args!(
            "warning: left out: granule {granule}; the error table says why"
        ));
    }
    drop(owner);
    if args.json {
        print(&report.to_json())?;
    } else {
        print(&format!("{}\n{}", store.display(), report.summary()))?;
    }
    let shards = manifest.map.shards.len();
    let empty = assembled.photons == 0 && no_photon_in_pieces(shards, args.allow_empty);
    let whole = assembled.left_out.is_empty() && whole.errors.count == 0;
    Ok(if whole && !empty { 0 } else { PARTIAL })
}

/// Store, tables and report can be written.
fn check_outputs(args: &FinalizeArgs, files: &[(Artefact, &Path)], overwrite: bool) -> Result<()> {
    let inputs = Inputs::default();
    check_target(&args.store, overwrite, &inputs)?;
    for &(kind, path) in files {
        check_file(path, kind, overwrite, &inputs)?;
    }
    if let (None, Some((_, report))) = (&args.report, files.first()) {
        is_of_no_other(report, &args.store)?;
    }
    if let Some(table) = &args.table {
        TableFormat::of(table)?;
    }
    Ok(())
}

/// The report of the run that made the store, if it made it of these pieces, or of such as are gone by now.
fn is_finished(
    args: &FinalizeArgs,
    pieces: Option<&Pieces>,
    report: &Path,
) -> Option<serde_json::Value> {
    let store = &*args.store;
    if !store.exists() || (args.overwrite && pieces.is_some()) {
        return None;
    }
    let content = match pieces {
        // Of pieces that are missing, `finalize` tells itself.
        Some(pieces) => match pieces.all_done() {
            Ok(markers) => Some(Marker::content_of_all(&markers)),
            Err(_) => return None,
        },
        None => None,
    };
    let wanted = Wanted {
        pieces_sha256: content.as_deref(),
        ..Wanted::default()
    };
    let reports = [report.to_path_buf(), beside(store, "finalize.json")];
    finished(store, &reports, &wanted).filter(|report| report.get("stages").is_none())
}

/// Threads that compress and write.
fn workers(asked_for: Option<u16>) -> Result<rayon::ThreadPool> {
    let threads = threads(asked_for);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| {
            Error::Usage(format!(
                "cannot start {threads} threads: {e}; use fewer with --threads"
            ))
        })
}
