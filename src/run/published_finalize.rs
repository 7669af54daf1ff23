//! Finalizing where the store is no folder: pieces are brought, the store is made of them on a desk, and sent.

use crate::error::{Error, Kind, Result, Setting, phrase};
use crate::left_out::errors_path;
use crate::piece::{Pieces, there};
use crate::place::{Inputs, beside};
use crate::publish::Address;

use super::Standing;
use super::away::{Away, Leave};
use super::finalize::Finalize;
use super::finalized::{Finalized, Made};
use super::told::Told;

/// Makes a store that has a URL.
///
/// # Errors
/// As [`Finalize::execute`]; what cannot be fetched or sent.
pub(super) fn execute(asked: Finalize, address: &Address) -> Result<Finalized> {
    let mut away = Away::begin(address, None, &asked.settings)?;
    let done = make(asked, &mut away);
    away.end(done)
}

fn make(asked: Finalize, away: &mut Away) -> Result<Finalized> {
    let url = away.address.url();
    let told = Told {
        watch: asked.settings.watch,
        names: vec![(away.made.clone(), url.clone())],
    };
    let mut asked = asked;
    asked.settings.watch = &told;
    let settings = asked.settings.clone();
    let found = away.pieces.look(None)?;
    away.goes_on = true;
    // What was made and not sent is sent, whoever made it: it is of these pieces.
    let leave = Leave {
        overwrite: asked.overwrite,
        resume: true,
    };
    if away.stands(leave)? {
        return standing(asked, away, &found);
    }
    let folder = Pieces::folder_of(&away.made);
    if found.is_empty() && !folder.is_dir() && !away.made.exists() {
        there(&Pieces::folder_of(&url), None)?;
    }
    away.pieces.bring(&found, &folder)?;
    if let Some(table) = asked.table.take() {
        asked.table = Some(away.table(&table, leave, &settings)?);
    }
    away.error_table(&settings)?;
    let report = asked.report.take();
    let inputs = Inputs::default();
    let report = away.report(report.as_deref(), "finalize.json", (&inputs, &settings))?;
    asked.report = Some(report);
    asked.store.clone_from(&away.made);
    let keep = asked.keep_pieces;
    match asked.on_disk()? {
        Finalized::Store(made) => {
            away.publish(!keep)?;
            let mut report = away.retold(made.report);
            if let Some(table) = &mut report.errors.table
                && *table == errors_path(&away.made).display().to_string()
            {
                *table = errors_path(&url).display().to_string();
            }
            away.empty()?;
            Ok(Finalized::Store(Box::new(Made { store: url, report })))
        }
        Finalized::Standing(standing) => {
            away.publish(!keep)?;
            let standing = Standing {
                store: url,
                report: away.retold(standing.report),
            };
            away.empty()?;
            Ok(Finalized::Standing(standing))
        }
    }
}

/// The store that is there, where it is the one that would be made.
fn standing(asked: Finalize, away: &Away, found: &crate::publish::Brought) -> Result<Finalized> {
    let url = away.address.url();
    let store = away.brought()?;
    away.pieces.bring(found, &Pieces::folder_of(&store))?;
    let told = Told {
        watch: asked.settings.watch,
        names: vec![(store.clone(), url.clone())],
    };
    let mut asked = asked;
    asked.settings.watch = &told;
    asked.report = Some(beside(&store, "finalize.json"));
    asked.table = None;
    asked.store = store;
    match asked.on_disk() {
        Ok(Finalized::Standing(standing)) => Ok(Finalized::Standing(Standing {
            store: url,
            report: standing.report,
        })),
        Err(error) if error.kind() == Kind::Interrupted => Err(error),
        _ => Err(
            Error::store(url, "exists, and is not the store of these pieces").with_remedy(phrase![
                Setting::Overwrite.set(),
                " to replace it, or choose another name"
            ]),
        ),
    }
}
