//! What runs that are gone left at and beside a store's name among objects.

use std::path::Path;

use super::claim::{Says, name_of, wait_for_a_word};
use super::store::{StoreAway, There};
use super::{Address, Desk, failed};
use crate::error::Result;
use crate::source::{Put, Remote, Way};
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
            Some(says) => {
                if !says.left && says.desk != desk.id() {
                    wait_for_a_word(&prefix, (&url, &name), (&says, tag.as_deref()), watch)?;
                }
                let state = if dry_run {
                    "would be removed"
                } else {
                    "removed"
                };
                if !dry_run {
                    // Who takes it over at this moment is not to lose what it sends.
                    let mine = Says {
                        desk: desk.id().to_owned(),
                        left: true,
                        ..says
                    };
                    let bytes = serde_json::to_vec(&mine).unwrap_or_default();
                    let put = prefix.put(&name, bytes, Way::Instead(tag)).map_err(about)?;
                    if put == Put::Taken {
                        add(url, "left alone: a run has just taken it over".to_owned());
                        return Ok(cleaned);
                    }
                }
                if let There::Rest(all) = &there {
                    away.check_rest(all)?;
                    if !dry_run {
                        away.remove(all)?;
                    }
                    let of = all.len();
                    add(
                        url.clone(),
                        format!("{state}: {of} objects of a run that is gone"),
                    );
                }
                if !dry_run {
                    prefix.remove(std::slice::from_ref(&name)).map_err(about)?;
                }
                add(
                    prefix.url(&name),
                    format!("{state}: the claim of a run that is gone"),
                );
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
