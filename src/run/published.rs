//! A run whose store is no folder.
//!
//! Above `planned.rs`: the run itself is one like any other, on a desk. A run over a part of a shard map sends its pieces;
//! any other sends the store.

use std::path::Path;

use crate::error::{Error, Kind, Phrase, Result, Setting, phrase};
use crate::left_out::errors_path;
use crate::piece::Pieces;
use crate::publish::Address;

use super::away::{Away, Leave};
use super::outcome::{Done, Outcome};
use super::planned::Planned;
use super::told::Told;
use super::{Standing, targets};

/// Executes a run whose store has a URL.
///
/// # Errors
/// As [`Planned::execute`]; what cannot be fetched or sent.
pub(super) fn execute(planned: Planned, address: &Address) -> Result<Outcome> {
    let part = planned.part_name();
    let mut away = Away::begin(address, part.as_deref(), &planned.asked.settings)?;
    let done = run(planned, &mut away);
    away.end(done)
}

fn run(planned: Planned, away: &mut Away) -> Result<Outcome> {
    let url = away.address.url();
    let told = Told {
        watch: planned.asked.settings.watch,
        names: vec![
            (away.made.clone(), url.clone()),
            (Pieces::folder_of(&away.made), Pieces::folder_of(&url)),
        ],
    };
    let mut planned = planned;
    planned.asked.settings.watch = &told;
    let settings = planned.asked.settings.clone();
    let part = planned.is_part();
    let leave = Leave {
        overwrite: planned.asked.overwrite,
        resume: planned.asked.resume,
    };
    let shards = planned.shards();
    let found = match &shards {
        Some(shards) => Some(away.pieces.look(part.then_some(&**shards))?),
        None => None,
    };
    let has_pieces = found.as_ref().is_some_and(|found| !found.is_empty());
    if away.stands(leave)? && !(part && leave.resume && has_pieces) {
        return standing(planned, away, leave);
    }
    let folder = Pieces::folder_of(&away.made);
    if let Some(found) = &found {
        if leave.overwrite && !part {
            away.pieces.clear()?;
        } else {
            away.pieces.bring(found, &folder)?;
        }
    }
    if let Some(table) = planned.asked.table.take() {
        planned.asked.table = Some(away.table(&table, leave, &settings)?);
    }
    if !part {
        away.error_table(&settings)?;
    }
    let inputs = planned.inputs();
    let name = targets::report_name(planned.plan(), part);
    let report = planned.asked.report.take();
    let report = away.report(report.as_deref(), &name, (&inputs, &settings))?;
    planned.asked.report = Some(report);
    planned.asked.store = Some(away.made.clone());
    let outcome = planned.on_disk(&away.made.clone(), shards.as_ref().map(|_| &away.pieces));
    let outcome = match (outcome, &shards, &found) {
        (Err(error), Some(shards), Some(found)) => {
            return Err(kept(error, away, (&folder, found, shards)));
        }
        (outcome, ..) => outcome?,
    };
    match outcome {
        Outcome::Pieces(done) => {
            if let (Some(shards), Some(found)) = (&shards, &found) {
                let sent = away.pieces.send(&folder, found, shards);
                sent.map_err(|error| error.with_remedy(waiting(&folder)))?;
            }
            away.publish_report()?;
            let done = sent(*done, Pieces::folder_of(&url).as_path(), away);
            away.empty()?;
            Ok(Outcome::Pieces(Box::new(done)))
        }
        Outcome::Store(done) => {
            away.publish(shards.is_some())?;
            let done = sent(*done, &url, away);
            away.empty()?;
            Ok(Outcome::Store(Box::new(done)))
        }
        // An earlier run had made it, and not sent it.
        Outcome::Standing(standing) => {
            away.publish(shards.is_some())?;
            let standing = Standing {
                store: url,
                report: away.retold(standing.report),
            };
            away.empty()?;
            Ok(Outcome::Standing(standing))
        }
    }
}

/// The store that is there, where it is the one that the run would make.
fn standing(planned: Planned, away: &Away, leave: Leave) -> Result<Outcome> {
    if !leave.resume {
        return Err(away.exists());
    }
    let url = away.address.url();
    let store = away.brought()?;
    let told = Told {
        watch: planned.asked.settings.watch,
        names: vec![(store.clone(), url.clone())],
    };
    let mut planned = planned;
    planned.asked.settings.watch = &told;
    planned.asked.store = Some(store.clone());
    planned.asked.report = None;
    planned.asked.table = None;
    planned.asked.geotiff = None;
    match planned.on_disk(&store, None) {
        Ok(Outcome::Standing(standing)) => Ok(Outcome::Standing(Standing {
            store: url,
            report: standing.report,
        })),
        Err(error) if error.kind() == Kind::Interrupted => Err(error),
        _ => Err(
            Error::store(url, "exists, and is not the store that this run would make").with_remedy(
                phrase![
                    Setting::Overwrite.set(),
                    " to replace it, or choose another name"
                ],
            ),
        ),
    }
}

/// What a run did, by the names that things have now.
fn sent(done: Done, path: &Path, away: &Away) -> Done {
    let mut tally = done.tally;
    if let Some(table) = &mut tally.errors.table
        && *table == errors_path(&away.made)
    {
        *table = errors_path(&away.address.url());
    }
    Done {
        path: path.to_path_buf(),
        report: away.retold(done.report),
        tally,
        whole: done.whole,
    }
}

/// How to go on where pieces are made and not sent.
fn waiting(folder: &Path) -> Phrase {
    phrase![
        format!(
            "the pieces are in {}: run the same command with ",
            folder.display()
        ),
        Setting::Resume,
        " to send them"
    ]
}

/// An error, once the pieces that are done have been sent: another machine may go on with them.
fn kept(
    error: Error,
    away: &Away,
    (folder, found, shards): (&Path, &crate::publish::Brought, &[u64]),
) -> Error {
    if !folder.join("manifest.json").is_file() {
        return error;
    }
    match away.pieces.send(folder, found, shards) {
        Ok(()) => error.with_remedy(format!(
            "pieces that are done are in {}, where another machine finds them, too",
            away.pieces.url()
        )),
        Err(_) => error,
    }
}
