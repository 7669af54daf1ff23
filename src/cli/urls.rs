//! URLs among the arguments of a verb: refused as those of configs are, by the flag that has them.

use std::ffi::OsStr;
use std::path::Path;

use clap::{Arg, ArgMatches, Command};

use crate::error::Result;
use crate::features::Feature;
use crate::publish::Address;
use crate::run::urls::refuse;
use crate::source::is_object;

/// Arguments whose value may be any text.
const TEXTS: [&str; 2] = ["title", "device"];
/// Those that are read where they are.
const GRANULES: [&str; 2] = ["granules", "path"];
/// Those that are written.
const WRITTEN: [&str; 7] = ["store", "table", "geotiff", "report", "output", "out", "to"];

/// Those that may be objects that are written, looked at whole, or read whole, by verb.
const AWAY: [(&str, &str); 15] = [
    ("run", "store"),
    ("run", "table"),
    ("run", "report"),
    ("run", "plan"),
    ("plan", "output"),
    ("finalize", "store"),
    ("finalize", "table"),
    ("finalize", "report"),
    ("clean", "path"),
    ("cite", "store"),
    ("render", "store"),
    ("view", "store"),
    ("export", "store"),
    ("verify", "a"),
    ("verify", "b"),
];

/// Refuses URLs among the arguments of a verb.
///
/// # Errors
/// The first of them, with its flag and the way out.
pub fn refuse_in(verb: &Command, matches: &ArgMatches) -> Result<()> {
    for argument in verb.get_arguments() {
        let id = argument.get_id().as_str();
        let is_granule =
            (GRANULES.contains(&id) && argument.is_positional()) || id == "granules_from";
        if TEXTS.contains(&id) {
            continue;
        }
        let goes_away = AWAY.contains(&(verb.get_name(), id));
        let values = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
        for value in values {
            if is_granule && (is_object(Path::new(value)) || is_file_url(value)) {
                continue;
            }
            if goes_away && Address::is(Path::new(value)) {
                Feature::Cloud.needed_for("write objects of stores")?;
                continue;
            }
            let written = WRITTEN.contains(&id) && !argument.is_positional();
            refuse(Path::new(value), &flag(argument), written)?;
        }
    }
    Ok(())
}

fn is_file_url(value: &OsStr) -> bool {
    value
        .to_str()
        .is_some_and(|text| text.starts_with("file://"))
}

/// An argument as the user writes it.
fn flag(argument: &Arg) -> String {
    if let Some(long) = argument.get_long() {
        return format!("--{long}");
    }
    if let Some(short) = argument.get_short() {
        return format!("-{short}");
    }
    let names = argument.get_value_names().unwrap_or_default();
    let name = names
        .first()
        .map_or_else(|| argument.get_id().to_string(), ToString::to_string);
    // `GRANULE|TABLE|DIR` may be any of these; the first says enough.
    let first = name.split('|').next().unwrap_or_default();
    first.to_lowercase()
}
