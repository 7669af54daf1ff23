//! `icefold finalize`: pieces to the store.

use std::sync::atomic::AtomicBool;

use crate::error::{Error, Result};
use crate::finalize::schema;
use crate::piece::{Owner, Pieces, there};
use crate::pipeline::{Assembly, assemble};
use crate::report::{AssembledReport, check_writable};
use crate::stat::Job;
use crate::store::check_target;
use crate::table::{TableFormat, check_file_target, errors_path};

use super::PARTIAL;
use super::args::FinalizeArgs;
use super::empty::no_photon_in_pieces;
use super::out::{note, print};
use super::run::threads;

pub fn finalize(args: &FinalizeArgs, interrupted: &AtomicBool) -> Result<u8> {
    let store = &*args.store;
    let folder = Pieces::folder_of(store);
    let pieces = there(&folder, Pieces::open(&folder)?)?;
    check_target(store, args.overwrite)?;
    if let Some(table) = &args.table {
        TableFormat::of(table)?;
        check_file_target(table, args.overwrite)?;
    }
    let errors = errors_path(store);
    check_file_target(&errors, args.overwrite)?;
    let report_path = args.report.clone();
    let report_path = report_path.unwrap_or_else(|| store.with_extension("finalize.json"));
    check_writable(&report_path)?;
    let owner = Owner::claim(&folder, None)?;
    let config = pieces.manifest().config(&folder)?;
    let columns = &pieces.manifest().found.columns;
    let job = Job::new(&config, columns);
    let schema = schema(&config, &job, columns)?;
    let assembly = Assembly {
        pieces: &pieces,
        job: &job,
        schema: &schema,
        store,
        overwrite: args.overwrite,
        table: args.table.as_deref(),
        errors: &errors,
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
        (&folder, manifest.map.shards.len()),
        store,
        args.table.as_deref(),
    );
    report.write(&report_path)?;
    for granule in &assembled.left_out {
        note(format_args!(
            "warning: left out: granule {granule}; the error table says why"
        ));
    }
    if !args.keep_pieces {
        Pieces::clear(&folder)?;
    }
    drop(owner);
    if args.json {
        print(&report.to_json())?;
    } else {
        print(&format!("{}\n{}", store.display(), report.summary()))?;
    }
    let shards = manifest.map.shards.len();
    let empty = assembled.photons == 0 && no_photon_in_pieces(shards, args.allow_empty);
    let whole = assembled.left_out.is_empty() && assembled.errors.count == 0;
    Ok(if whole && !empty { 0 } else { PARTIAL })
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
