//! What runs that are gone left at and beside a store's name among objects.

use std::path::Path;

use super::claim::{Claim, Says, name_of, wait_for_a_word};
use super::store::{StoreAway, There};
use super::{Address, Desk, failed};
use crate::error::Result;
use crate::source::Remote;
use crate::watch::Watch;

/// What there was, and what became of it, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    pub what: String,
    pub state: String,
}

/// Takes away what a run that is gone left at a store's name. What is whole stays, and so do pieces.
///
/// # Errors
/// The service does not answer; objects that cannot be removed.
pub fn clean(
    address: &Address,
    (scratch, remote): (&Path, &Remote),
    dry_run: bool,
    watch: &dyn Watch,
) -> Result<Vec<Cleaned>> {
    let url = address.url().to_string_lossy().into_owned();
    let prefix = address.open(remote)?;
    let away = StoreAway::new(address, &prefix);
    let name = name_of(address.name());
    let about = |e: std::io::Error| failed(&url, &e);
    let mut cleaned = Vec::new();
    let mut add = |what: String, state: String| cleaned.push(Cleaned { what, state });
    // A run of this machine that is at work has the desk, and is told by name.
    let desk = Desk::open(scratch, &address.url(), "")?;
    let claim = prefix.get(&name).map_err(about)?;
    let there = away.look()?;
    match claim {
        None => {
            if let There::Rest(all) = &there {
                let state = format!(
                    "left alone: {} objects without a root document, and no claim says that they are icefold's",
                    all.len()
                );
                add(url.clone(), state);
            }
        }
        Some((bytes, tag)) => match Says::read(&bytes) {
            None => add(
                prefix.url(&name),
                "left alone: no claim of icefold's".to_owned(),
            ),
            Some(says) if dry_run => {
                if !says.left && says.desk != desk.id() {
                    wait_for_a_word(&prefix, (&url, &name), (&says, tag.as_deref()), watch)?;
                }
                if let There::Rest(all) = &there {
                    away.check_rest(all)?;
                    let of = all.len();
                    let state = format!("would be removed: {of} objects of a run that is gone");
                    add(url.clone(), state);
                }
                let state = "would be removed: the claim of a run that is gone".to_owned();
                add(prefix.url(&name), state);
            }
            Some(_) => {
                let claim = Claim::take(&prefix, address, &desk, watch)?;
                if claim.took_over {
                    let of = match cleared(&away, &claim) {
                        Ok(of) => of,
                        Err(error) => {
                            claim.leave();
                            return Err(error);
                        }
                    };
                    if of > 0 {
                        let state = format!("removed: {of} objects of a run that is gone");
                        add(url.clone(), state);
                    }
                    let state = "removed: the claim of a run that is gone".to_owned();
                    add(prefix.url(&name), state);
                } else {
                    let state = "left alone: the claim on it went in the meantime".to_owned();
                    add(url.clone(), state);
                }
                claim.release()?;
            }
        },
    }
    let made = desk.place(address.name());
    if made.exists() {
        let state = "kept: a store that was made and not sent; the same run, going on, sends it, and without this \
                     folder it is made again";
        add(made.display().to_string(), state.to_owned());
    }
    Ok(cleaned)
}

/// Takes away objects that are no store, under a claim that keeps away who would make one of them; how many there were.
fn cleared(away: &StoreAway, claim: &Claim) -> Result<usize> {
    let There::Rest(all) = away.look()? else {
        return Ok(0);
    };
    away.check_rest(&all)?;
    away.remove(&all, claim)?;
    Ok(all.len())
}
