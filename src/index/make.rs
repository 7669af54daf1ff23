//! An index is made, or brought up to what there is now: only granules that are new or changed are opened.
//!
//! Beside the line. Entries ascend by address in the old file and the new one, so both are gone through once. What is
//! there is written anew as a whole; a wish to stop keeps what was looked at so far.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::entry::Entry;
use super::file::Index;
use super::known::{Known, Since, Ways};
use super::look::{Looked, Looks};
use super::write::IndexWriter;
use crate::config::{Access, Config};
use crate::error::{Error, Kind, Phrase, Result, Setting, phrase};
use crate::place::canonical_folder;
use crate::read::GranulePath;
use crate::source::{is_object, packed};
use crate::watch::{Reading, ToRead, Watch};

/// Entries that are gone through at a time, whatever becomes of them.
const AT_ONCE: usize = 64;
/// How much what is kept is compressed.
const LEVEL: i32 = 9;

/// What is asked of an index.
#[derive(Debug)]
pub struct Indexing<'a> {
    /// What says where positions are; built-in configs of the products where there is none.
    pub config: Option<&'a Config>,
    pub granules: &'a [GranulePath],
    /// Where it is written, in place of the earlier one.
    pub target: &'a Path,
    pub earlier: Option<&'a Index>,
    /// Whether entries of files that are not there any more are left out.
    pub remove_gone: bool,
    /// Leave out granules that cannot be read.
    pub tolerant: bool,
    pub threads: usize,
    pub access: &'a Access,
    pub watch: &'a dyn Watch,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Made {
    /// Granules in the index.
    pub granules: u64,
    /// Of them those that were opened: new ones, and others than they were.
    pub new: u64,
    pub changed: u64,
    /// Those that were named and are what they were.
    pub same: u64,
    /// Those of earlier that were not named, and are kept.
    pub others: u64,
    pub gone: Vec<Gone>,
    /// Names and reasons; tolerant only.
    pub failed: Vec<(String, Phrase)>,
    /// Whether the file was written: it is left as it is where nothing has changed.
    pub written: bool,
    /// Bytes of the file.
    pub bytes: u64,
}

/// An entry whose file is not there any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    pub address: String,
    /// Whether it was left out.
    pub removed: bool,
}

/// What becomes of an address.
enum Work<'a> {
    /// The row of the earlier index.
    Keep(u64),
    Look(&'a GranulePath, bool),
}

/// Opens what is new or changed, and writes the index.
///
/// # Errors
/// Strict: the first granule that cannot be read. Always: a file that cannot be written, a damaged index of before; an
/// interrupt, after what was looked at was written.
pub fn make(asked: &Indexing) -> Result<Made> {
    let looks = Looks::new(asked.config, asked.access)?;
    let folder = canonical_folder(asked.target)?;
    let mut made = Made::default();
    let work = work(asked, &looks, &folder, &mut made)?;
    let opened: Vec<&GranulePath> = work.values().filter_map(Work::opened).collect();
    let removed = made.gone.iter().any(|gone| gone.removed);
    if opened.is_empty() && !removed && asked.earlier.is_some() {
        made.granules = work.len() as u64;
        made.bytes = std::fs::metadata(asked.target).map_or(0, |found| found.len());
        return Ok(made);
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(asked.threads)
        .build();
    let pool = pool.map_err(|e| {
        Error::argument(format!("cannot start {} threads: {e}", asked.threads))
            .with_remedy(phrase!["use fewer with ", Setting::Threads])
            .caused_by(e)
    })?;
    let _reading = {
        let granules = opened.iter().copied().map(ToRead::from);
        Reading::begin(asked.watch, &granules.collect::<Vec<_>>())
    };
    let mut writer = IndexWriter::create(asked.target)?;
    let all: Vec<(String, Work)> = work.into_iter().collect();
    let mut stopped = false;
    let at_once = AT_ONCE.max(2 * asked.threads);
    for part in all.chunks(at_once) {
        let looked: BTreeMap<&str, Result<Looked>> = pool.install(|| {
            let looks = &looks;
            let each = part.par_iter().filter_map(|(address, work)| match work {
                Work::Look(granule, _) if !stopped => Some((address, *granule, looks)),
                _ => None,
            });
            let each = each.map(|(address, granule, looks)| {
                (&**address, look(asked, looks, granule, address))
            });
            each.collect()
        });
        let kept: Vec<u64> = part.iter().filter_map(|(_, work)| work.kept()).collect();
        let kept = match asked.earlier {
            Some(earlier) if !kept.is_empty() => earlier.rows_at(&kept)?,
            _ => Vec::new(),
        };
        let (mut kept, mut looked) = (kept.into_iter(), looked);
        for (address, work) in part {
            let (granule, is_new) = match work {
                Work::Keep(_) => {
                    let (entry, bytes) = kept.next().ok_or_else(|| {
                        Error::argument(format!(
                            "the index of before has no entry {address} any more"
                        ))
                    })?;
                    writer.append(entry, bytes)?;
                    continue;
                }
                Work::Look(granule, is_new) => (granule, is_new),
            };
            match looked.remove(&**address) {
                Some(Ok(found)) => {
                    let (entry, bytes) = compressed(found)?;
                    writer.append(entry, bytes)?;
                    *(if *is_new {
                        &mut made.new
                    } else {
                        &mut made.changed
                    }) += 1;
                }
                None => stopped = true,
                Some(Err(e)) if e.kind() == Kind::Interrupted || asked.watch.stop() => {
                    stopped = true
                }
                Some(Err(error)) if asked.tolerant => {
                    made.failed.push((granule.name.to_string(), error.into()));
                }
                Some(Err(error)) => return Err(error),
            }
        }
        stopped |= asked.watch.stop();
    }
    made.granules = writer.rows();
    if made.granules == 0 {
        if stopped {
            return Err(Error::interrupted());
        }
        let reason = made.failed.first().map(|(_, reason)| reason.clone());
        return Err(Error::no_granule(
            asked.granules.len(),
            reason.unwrap_or_default(),
        ));
    }
    made.written = !stopped || made.new + made.changed > 0;
    if made.written {
        let place = writer.finish()?;
        made.bytes = place.bytes();
        place.publish()?;
    }
    if stopped {
        return Err(Error::interrupted());
    }
    Ok(made)
}

impl<'a> Work<'a> {
    fn opened(&self) -> Option<&'a GranulePath> {
        match self {
            Self::Keep(_) => None,
            Self::Look(granule, _) => Some(granule),
        }
    }

    fn kept(&self) -> Option<u64> {
        match self {
            Self::Keep(row) => Some(*row),
            Self::Look(..) => None,
        }
    }
}

/// What becomes of every address that is named now or was before.
fn work<'a>(
    asked: &'a Indexing,
    looks: &Looks,
    folder: &Path,
    made: &mut Made,
) -> Result<BTreeMap<String, Work<'a>>> {
    let mut ways = Ways::default();
    let mut work = BTreeMap::new();
    let mut same: BTreeMap<u64, String> = BTreeMap::new();
    for granule in asked.granules {
        let address = ways.address(&granule.path, folder)?;
        let since = asked.earlier.map_or(Ok(Since::New), |earlier| {
            earlier.since(&granule.path, &mut ways)
        });
        // One that cannot be looked at is an error of reading it.
        let doing = match since.unwrap_or(Since::Changed) {
            Since::Same(row) => {
                same.insert(row, address.clone());
                Work::Keep(row)
            }
            Since::Changed => Work::Look(granule, false),
            Since::New => Work::Look(granule, true),
        };
        work.insert(address, doing);
    }
    if let (Some(earlier), Some(positions)) = (asked.earlier, looks.asked_positions()) {
        let by_address: BTreeMap<&str, &GranulePath> = asked
            .granules
            .iter()
            .filter_map(|granule| {
                let address = ways.address(&granule.path, folder).ok()?;
                let (address, _) = work.get_key_value(&address)?;
                Some((&**address, granule))
            })
            .collect();
        let mut others: Vec<(String, &GranulePath)> = Vec::new();
        earlier.each(|row, entry| {
            if let Some(address) = same.get(&row)
                && !has_positions(&entry, positions)
                && let Some(granule) = by_address.get(&**address)
            {
                others.push((address.clone(), granule));
            }
            Ok(())
        })?;
        for (address, granule) in others {
            work.insert(address, Work::Look(granule, false));
        }
    }
    made.same = work.values().filter(|work| work.kept().is_some()).count() as u64;
    if let Some(earlier) = asked.earlier {
        add_others(asked, earlier.known(), &mut work, made);
    }
    Ok(work)
}

/// Whether an entry is of these positions.
fn has_positions(entry: &Entry, (latitude, longitude, tracks): (&str, &str, &[String])) -> bool {
    let names = entry.tracks.iter().map(|track| &track.name);
    entry.latitude == latitude && entry.longitude == longitude && names.eq(tracks)
}

/// Adds what was indexed before and is not named now.
fn add_others(asked: &Indexing, known: &Known, work: &mut BTreeMap<String, Work>, made: &mut Made) {
    for address in known.addresses() {
        if work.contains_key(address) {
            continue;
        }
        let Some(at) = known.at(address) else {
            continue;
        };
        let path = PathBuf::from(address);
        let is_gone = !is_object(&path) && !known.folder().join(&path).exists();
        if is_gone {
            made.gone.push(Gone {
                address: address.clone(),
                removed: asked.remove_gone,
            });
        }
        if !(is_gone && asked.remove_gone) {
            work.insert(address.clone(), Work::Keep(at.row));
            made.others += 1;
        }
    }
}

fn look(asked: &Indexing, looks: &Looks, granule: &GranulePath, address: &str) -> Result<Looked> {
    if asked.watch.stop() {
        return Err(Error::interrupted());
    }
    let looked = looks.at(granule, address.to_owned(), asked.watch);
    match &looked {
        Ok(looked) => asked.watch.granule_done(&granule.name, looked.entry.rows()),
        Err(_) => asked.watch.granule_left_out(&granule.name),
    }
    looked
}

/// An entry with what is kept as it is stored.
fn compressed(looked: Looked) -> Result<(Entry, Option<Vec<u8>>)> {
    let Looked { mut entry, kept } = looked;
    if kept.is_empty() {
        return Ok((entry, None));
    }
    let bytes = packed(&kept);
    let stored = zstd::bulk::compress(&bytes, LEVEL).map_err(|e| {
        Error::granule(
            &*entry.name,
            format!("cannot compress what is kept of it: {e}"),
        )
    })?;
    entry.kept_bytes = bytes.len() as u64;
    entry.kept_crc32c = crc32c::crc32c(&stored);
    Ok((entry, Some(stored)))
}
