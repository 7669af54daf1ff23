//! `icefold clean`: what killed runs left under hidden names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::error::{Error, Result};
use crate::folders;
use crate::piece::RunCheckpoint;
use crate::place::{Leftover, NameLock, State, in_folder, lock_of, pending, recover};

use super::args::CleanArgs;
use super::out::{print, print_json};
use super::words::CommandLine;

pub fn clean(args: &CleanArgs) -> Result<u8> {
    let path = &args.path;
    let is_store = path.join("zarr.json").is_file();
    let (folder, of) = if path.is_dir() && !is_store {
        (path.clone(), None)
    } else {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_path_buf();
        (folder, Some(path.as_path()))
    };
    if !folder.is_dir() {
        let path = path.display();
        return Err(Error::argument(format!(
            "there is no folder {path}; name a folder or a store"
        )));
    }
    let mut lines = Vec::new();
    let mut found = Vec::new();
    for store in unfinished(&folder, of)? {
        let what = complete(&store, args.dry_run)?;
        found.push(json!({"path": store.display().to_string(), "state": what}));
        lines.push(format!("{}: {what}", store.display()));
    }
    for leftover in in_folder(&folder, of)? {
        let what = describe(&leftover, args.dry_run);
        if leftover.state == State::Gone && !args.dry_run {
            leftover.remove()?;
        }
        found.push(json!({"path": leftover.path.display().to_string(), "state": what}));
        lines.push(format!("{}: {what}", leftover.path.display()));
    }
    for (checkpoint, what) in checkpoints(&folder, of)? {
        found.push(json!({"path": checkpoint.display().to_string(), "state": what}));
        lines.push(format!("{}: {what}", checkpoint.display()));
    }
    if args.json {
        print_json(&json!({"folder": folder.display().to_string(), "leftovers": found}))?;
    } else if lines.is_empty() {
        print(&format!(
            "nothing is left of killed runs in {}",
            folder.display()
        ))?;
    } else {
        print(&lines.join("\n"))?;
    }
    Ok(0)
}

/// What becomes of a leftover, in words.
fn describe(leftover: &Leftover, dry_run: bool) -> String {
    match &leftover.state {
        State::Gone if dry_run => "would be removed: its run is gone".to_owned(),
        State::Gone => "removed".to_owned(),
        State::InUse => "left alone: a run is at work".to_owned(),
        State::Elsewhere(host) => {
            format!("left alone: made on {host}, where it can be cleaned")
        }
    }
}

/// Stores whose runs were killed while they gave names, or whose locks nobody holds any more.
fn unfinished(folder: &Path, of: Option<&Path>) -> Result<BTreeSet<PathBuf>> {
    let mut stores = BTreeSet::new();
    if let Some(of) = of {
        if pending(of) || lock_of(of).exists() {
            stores.insert(of.to_path_buf());
        }
        return Ok(stores);
    }
    let listed = |e| Error::io("list", folder, e);
    for path in folders::list(folder).map_err(listed)? {
        let name = folders::name(&path);
        let Some(name) = name.strip_prefix('.') else {
            continue;
        };
        let store = name.strip_suffix(".commit").map(|name| folder.join(name));
        stores.extend(store.filter(|store| pending(store)));
        let store = name.strip_suffix(".lock").map(|name| folder.join(name));
        stores.extend(store.filter(|store| is_ours(&lock_of(store))));
    }
    Ok(stores)
}

/// What interrupted runs had merged, and partials of stores: it is told, and stays.
fn checkpoints(folder: &Path, of: Option<&Path>) -> Result<Vec<(PathBuf, String)>> {
    let listed = |e| Error::io("list", folder, e);
    let of = of.map(|of| [RunCheckpoint::folder_of(of), RunCheckpoint::partials_of(of)]);
    let mut found = Vec::new();
    for path in folders::list(folder).map_err(listed)? {
        let of_store = RunCheckpoint::is_of_store(&path);
        let named = of_store || path.extension().is_some_and(|end| end == "checkpoint");
        let others = of.as_ref().is_some_and(|of| !of.contains(&path));
        if !named || !RunCheckpoint::is_in(&path) || others {
            continue;
        }
        let what = match RunCheckpoint::read(&path)? {
            Some(Ok(kept)) if of_store => format!(
                "kept: partials of the {} granules of a store; run --update reads only what is new with them, and \
                 without this folder it reads more",
                kept.granules.len()
            ),
            Some(Ok(kept)) => format!(
                "kept: {} granules that an interrupted run had merged; the same run with --resume goes on with them, and \
                 without this folder they are read again",
                kept.granules.len()
            ),
            Some(Err(why)) => {
                format!("left alone: {why}; no run can go on with it, and it can be removed")
            }
            None => continue,
        };
        found.push((path, what));
    }
    Ok(found)
}

/// Whether a lock file is one of icefold's: it says who held it, or nothing.
fn is_ours(lock: &Path) -> bool {
    let text = fs::read(lock).unwrap_or_else(|_| vec![0]);
    text.is_empty() || (text.starts_with(b"{\"process\":") && text.len() < 1000)
}

/// Completes what a killed run had begun to name, and takes its lock file away.
fn complete(store: &Path, dry_run: bool) -> Result<String> {
    if dry_run && NameLock::is_free(store)? {
        return Ok(if pending(store) {
            "would get its names: its run was killed while it gave them".to_owned()
        } else {
            "its lock is of a run that is gone".to_owned()
        });
    }
    let lock = match NameLock::try_take(store, true)? {
        Ok(lock) => lock,
        Err(holder) => {
            let holder = holder.render(&CommandLine);
            return Ok(format!("left alone: {holder} is at work"));
        }
    };
    let completed = recover(store)?;
    drop(lock);
    Ok(match completed {
        Some(_) => "whole: it and its files have their names now".to_owned(),
        None => "the lock of a run that is gone was removed".to_owned(),
    })
}
