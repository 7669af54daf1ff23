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
    let looking = Looking { asked, looks };
    let mut writing = Writing {
        asked,
        writer: IndexWriter::create(asked.target)?,
        made,
        stopped: false,
    };
    let all: Vec<(String, Work)> = work.into_iter().collect();
    for part in all.chunks(AT_ONCE.max(2 * asked.threads)) {
        let stopped = writing.stopped;
        let looked = pool.install(|| looking.part(part, stopped));
        writing.add(part, looked)?;
    }
    writing.end()
}

/// Granules that are looked at.
struct Looking<'a> {
    asked: &'a Indexing<'a>,
    looks: Looks,
}

impl Looking<'_> {
    /// Looks at the granules of a part, several at a time; none once it is to stop.
    fn part<'p>(
        &self,
        part: &'p [(String, Work)],
        stopped: bool,
    ) -> BTreeMap<&'p str, Result<Looked>> {
        let opened = part.par_iter().filter_map(|(address, work)| {
            let granule = work.opened().filter(|_| !stopped)?;
            Some((&**address, self.one(granule, address)))
        });
        opened.collect()
    }

    fn one(&self, granule: &GranulePath, address: &str) -> Result<Looked> {
        let watch = self.asked.watch;
        if watch.stop() {
            return Err(Error::interrupted());
        }
        let looked = self.looks.at(granule, address.to_owned(), watch);
        match &looked {
            Ok(looked) => watch.granule_done(&granule.name, looked.entry.rows()),
            Err(_) => watch.granule_left_out(&granule.name),
        }
        looked
    }
}

/// An index that is written.
struct Writing<'a> {
    asked: &'a Indexing<'a>,
    writer: IndexWriter,
    made: Made,
    /// Whether nothing more is looked at.
    stopped: bool,
}

impl Writing<'_> {
    /// Writes a part: what was looked at, and between that what was there.
    fn add(
        &mut self,
        part: &[(String, Work)],
        mut looked: BTreeMap<&str, Result<Looked>>,
    ) -> Result<()> {
        let kept: Vec<u64> = part.iter().filter_map(|(_, work)| work.kept()).collect();
        let kept = match self.asked.earlier {
            Some(earlier) if !kept.is_empty() => earlier.rows_at(&kept)?,
            _ => Vec::new(),
        };
        let mut kept = kept.into_iter();
        for (address, work) in part {
            let (granule, is_new) = match work {
                Work::Keep(_) => {
                    let (entry, bytes) = kept.next().ok_or_else(|| {
                        Error::argument(format!(
                            "the index of before has no entry {address} any more"
                        ))
                    })?;
                    self.writer.append(entry, bytes)?;
                    continue;
                }
                Work::Look(granule, is_new) => (granule, is_new),
            };
            match looked.remove(&**address) {
                Some(Ok(found)) => {
                    let (entry, bytes) = compressed(found)?;
                    self.writer.append(entry, bytes)?;
                    let count = if *is_new {
                        &mut self.made.new
                    } else {
                        &mut self.made.changed
                    };
                    *count += 1;
                }
                None => self.stopped = true,
                Some(Err(error))
                    if error.kind() == Kind::Interrupted || self.asked.watch.stop() =>
                {
                    self.stopped = true;
                }
                Some(Err(error)) if self.asked.tolerant => {
                    let failed = (granule.name.to_string(), error.into());
                    self.made.failed.push(failed);
                }
                Some(Err(error)) => return Err(error),
            }
        }
        self.stopped |= self.asked.watch.stop();
        Ok(())
    }

    /// Gives the index its name, if there is anything in it that was not there before.
    fn end(self) -> Result<Made> {
        let mut made = self.made;
        made.granules = self.writer.rows();
        if made.granules == 0 {
            if self.stopped {
                return Err(Error::interrupted());
            }
            let reason = made.failed.first().map(|(_, reason)| reason.clone());
            let granules = self.asked.granules.len();
            return Err(Error::no_granule(granules, reason.unwrap_or_default()));
        }
        made.written = !self.stopped || made.new + made.changed > 0;
        if made.written {
            let place = self.writer.finish()?;
            made.bytes = place.bytes();
            place.publish()?;
        }
        if self.stopped {
            return Err(Error::interrupted());
        }
        Ok(made)
    }
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
