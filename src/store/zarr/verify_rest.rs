//! Compares what stands beside the arrays of cells: places of rows and columns, steps of time, words and coverage of a
//! hive; and holds consolidated metadata against the documents that they repeat.
//!
//! Below `verify.rs`, which compares the values of cells. Readers place values by these.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::consolidated::{KEY, with_members};
use super::difference::VerifyReport;
use super::documents::{members_of, properties};
use super::groups::document;
use super::hive::COVERAGE;
use super::logical::TreeHashes;
use super::metadata::{CELL_IDS, CRS};
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::folders;
use crate::store::provenance::PROVENANCE;

/// Steps, whose values `verify.rs` compares with the arrays that have them.
const STEPS: [&str; 5] = ["time", "time_bnds", "cycle", "rgt", "region"];
/// How an array is cut and compressed is no part of what it says.
const CUT: [&str; 3] = ["chunk_grid", "chunk_key_encoding", "codecs"];
/// Digits of a hash that are shown.
const SHOWN: usize = 16;

/// What a folder of a store has beside groups.
#[derive(Debug)]
enum Member {
    Array(Map<String, Value>),
    /// The SHA-256 of a file.
    File(String),
}

/// All arrays and sidecars of a store, by path.
#[derive(Debug, Default)]
pub struct Members(BTreeMap<String, Member>);

impl Members {
    /// Those of the store at `root`.
    ///
    /// # Errors
    /// A document that cannot be read, and consolidated metadata that say otherwise than the documents.
    pub fn of(root: &Path) -> Result<Self> {
        let mut found = Self::default();
        found.add(root, root, "")?;
        Ok(found)
    }

    fn add(&mut self, root: &Path, folder: &Path, path: &str) -> Result<()> {
        if folder.join("zarr.json").is_file() {
            let document = document(root, folder)?;
            if document["node_type"] == "array" {
                self.0
                    .insert(path.to_owned(), Member::Array(members_of(&document)));
                return Ok(());
            }
            check_consolidated(root, folder, &document)?;
        }
        let inside = folders::list(folder).map_err(|error| Error::io("list", folder, error))?;
        for below in inside {
            let name = folders::name(&below);
            if name.starts_with('.') || (path.is_empty() && name == PROVENANCE) {
                continue;
            }
            let path = match path {
                "" => name.clone(),
                above => format!("{above}/{name}"),
            };
            if below.is_dir() {
                self.add(root, &below, &path)?;
            } else if name == COVERAGE {
                let bytes = fs::read(&below).map_err(|error| Error::io("read", &below, error))?;
                self.0
                    .insert(path, Member::File(hex(&Sha256::digest(bytes))));
            }
        }
        Ok(())
    }

    /// Whether a folder has anything.
    fn has_folder(&self, folder: &str) -> bool {
        let below = format!("{folder}/");
        let next = self.0.range(below.clone()..).next();
        folder.is_empty() || next.is_some_and(|(path, _)| path.starts_with(&below))
    }
}

/// Whether what a group repeats of the documents below it is what they say.
fn check_consolidated(root: &Path, folder: &Path, group: &Value) -> Result<()> {
    let Some(repeated) = group[KEY]["metadata"].as_object() else {
        return Ok(());
    };
    // One that is left out is hidden from readers.
    let all = with_members(json!({}), folder)
        .map_err(|failure| Error::io("read", failure.path, failure.source))?;
    let mut members = all[KEY]["metadata"]
        .as_object()
        .into_iter()
        .flat_map(Map::keys);
    if let Some(hidden) = members.find(|member| !repeated.contains_key(*member)) {
        let message = format!(
            "{}: the consolidated metadata leave {hidden} out; the store is damaged, write it again",
            folder.join("zarr.json").display()
        );
        return Err(Error::store(root, message));
    }
    for (path, repeated) in repeated {
        let mut own = document(root, &folder.join(path))?;
        if let Some(own) = own.as_object_mut() {
            own.shift_remove(KEY);
        }
        let mut repeated = repeated.clone();
        if let Some(repeated) = repeated.as_object_mut() {
            // Of a group within, other programs repeat what it repeats.
            repeated.shift_remove(KEY);
        }
        if own != repeated {
            let message = format!(
                "{}: the consolidated metadata say something else of {path} than its own zarr.json; the store is damaged, \
                 write it again",
                folder.join("zarr.json").display()
            );
            return Err(Error::store(root, message));
        }
    }
    Ok(())
}

/// Compares what two stores of one layout have besides the arrays that `report` lists already.
pub fn compare_rest(
    [a, b]: [&Members; 2],
    hashes: [Option<&TreeHashes>; 2],
    report: &mut VerifyReport,
) {
    let listed = report.arrays.iter();
    let listed = listed.map(|array| name_of(&array.name).to_owned());
    let compared: BTreeSet<String> = listed.chain([CELL_IDS.to_owned()]).collect();
    for path in a.0.keys().chain(b.0.keys()).collect::<BTreeSet<_>>() {
        let name = name_of(path);
        // Lists of cells are several arrays, whose names begin with that of the output.
        let of_cells = |array: &String| {
            let rest = name.strip_prefix(array.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        // What a grid mapping says is compared with its grid, and it has no values.
        if name == CRS || compared.iter().any(of_cells) {
            continue;
        }
        match (a.0.get(path), b.0.get(path)) {
            (Some(Member::Array(of_a)), Some(Member::Array(of_b))) => {
                let said = [of_a, of_b].map(|members| said(members, name));
                properties(report, path, &said);
                let values = hashes.map(|hashes| hashes.and_then(|hashes| hashes.get(path)));
                if let [Some(a), Some(b)] = values
                    && !STEPS.contains(&name)
                {
                    report.property(path, "values", (shown(a), shown(b)));
                }
            }
            (Some(Member::File(a)), Some(Member::File(b))) => {
                report.property(path, "bytes", (shown(a), shown(b)));
            }
            (of_a, _) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                // Of a shard that only one has, the cells are told.
                if a.has_folder(folder) && b.has_folder(folder) {
                    report.only_in(path.clone(), of_a.is_some());
                }
            }
        }
    }
}

/// What the document of an array says of its values.
fn said(members: &Map<String, Value>, name: &str) -> Map<String, Value> {
    let mut members = members.clone();
    members.retain(|key, _| !CUT.contains(&key.as_str()));
    if STEPS.contains(&name) {
        // Of other steps there are others.
        members.shift_remove("shape");
    }
    members
}

fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn shown(sha256: &str) -> String {
    format!("sha256 {}...", &sha256[..SHOWN.min(sha256.len())])
}
