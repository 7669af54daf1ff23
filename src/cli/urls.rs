//! URLs in the place of paths: refused by name, as nothing is fetched or sent.
//!
//! Beside the verbs. As a path, `s3://bucket/a.zarr` would become a folder called `s3:` here.

use std::path::Path;

use clap::{Arg, ArgMatches, Command};

use crate::config::Config;
use crate::error::{Error, Result};

/// Arguments whose value may be any text.
const TEXTS: [&str; 2] = ["title", "device"];
/// Those that are written.
const WRITTEN: [&str; 5] = ["store", "table", "report", "output", "out"];

/// Refuses URLs among the arguments of a verb.
///
/// # Errors
/// The first of them, with its flag and the way out.
pub fn refuse_in(verb: &Command, matches: &ArgMatches) -> Result<()> {
    for argument in verb.get_arguments() {
        let id = argument.get_id().as_str();
        if TEXTS.contains(&id) {
            continue;
        }
        let values = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
        for value in values {
            let written = WRITTEN.contains(&id) && !argument.is_positional();
            refuse(Path::new(value), &flag(argument), written)?;
        }
    }
    Ok(())
}

/// Refuses a config's target or shard map that is a URL.
///
/// # Errors
/// With the key and the way out.
pub fn refuse_store(config: &Config, store: &Path) -> Result<()> {
    let key = format!("config {}: store (or output.store)", config.name);
    refuse(store, &key, true)
}

/// As [`refuse_store`].
///
/// # Errors
/// With the key and the way out.
pub fn refuse_catalog(config: &Config, catalog: &Path) -> Result<()> {
    let key = format!("config {}: catalog", config.name);
    refuse(catalog, &key, false)
}

fn refuse(path: &Path, what: &str, written: bool) -> Result<()> {
    let text = path.to_string_lossy();
    let Some(scheme) = scheme(&text) else {
        return Ok(());
    };
    let way_out = match (scheme, written) {
        ("file", _) => "write the path without file://".to_owned(),
        (_, true) => format!(
            "write to a path of this machine and copy that, or mount the bucket; ./{} is a folder of \
             that name",
            text.replacen("://", ":/", 1)
        ),
        (_, false) => "download it, or mount the bucket, and name its path".to_owned(),
    };
    Err(Error::Usage(format!(
        "{what} {text}: {scheme}:// is not {}; {way_out}",
        if written { "written" } else { "read" }
    )))
}

/// What stands before `://`, where a URL begins with it.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let letter = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && scheme.chars().all(letter)).then_some(scheme)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_begin_with_a_scheme_and_paths_do_not() {
        for (text, found) in [
            ("s3://bucket/a", Some("s3")),
            ("gs://b", Some("gs")),
            ("file:///a/b", Some("file")),
            ("git+ssh://a", Some("git+ssh")),
            ("./s3://bucket", None),
            ("./s3:/bucket", None),
            ("a/b://c", None),
            ("://", None),
            ("C:\\a", None),
            ("", None),
        ] {
            assert_eq!(scheme(text), found, "{text}");
        }
    }
}
