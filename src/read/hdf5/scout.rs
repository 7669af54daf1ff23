//! Scouting: the structure of a granule that is far away is brought before it is opened, many places at a time.
//!
//! On the line, before `file.rs`. Where a dataset's chunks lie is told by a chain of places, each found at the one before.
//! libhdf5 goes along one chain after the other and waits at every place. A scout has it look for all datasets of a config
//! in what is at hand, notes where it could not go on, brings all these places together, and looks again. What a scout sees
//! is forgotten: the granule is opened by who reads it, who asks for what a scout did not bring.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::beam::chosen;
use super::columns::SourceDataset;
use super::driver;
use super::file::GranuleFile;
use super::fit::of_other_product;
use super::open_file::OpenFile;
use super::superblock;
use super::track::path_in;
use crate::config::{Access, Config, GranuleKind};
use crate::source::{self, Bytes};

/// Looks at a granule: a chain has as many places as its groups and its tree of chunks are deep, and seldom more than ten.
const ROUNDS: usize = 24;
/// Whether a granule is worth scouting: one that is far, of which no index knows the structure.
pub fn is_worth_scouting(path: &Path, config: &Config) -> bool {
    config.granules == GranuleKind::Hdf5
        && source::is_object(path)
        && source::open(path).is_ok_and(|bytes| bytes.is_far() && !bytes.is_remembered())
}

/// Brings what opening a granule for a config will ask for, until nobody needs it any more. What fails here is left to who
/// opens it.
pub fn scout(path: &Path, config: &Config, over: &dyn Fn() -> bool) {
    // What is no HDF5 is for who opens it to say.
    let Ok((_, bytes)) = superblock::check(path) else {
        return;
    };
    let paths = paths(config);
    let mut asked = BTreeSet::new();
    for _ in 0..ROUNDS {
        let seen = Arc::new(Seen {
            bytes: Arc::clone(&bytes),
            missing: Mutex::default(),
        });
        look(&seen, path, (config, &paths));
        let mut missing = std::mem::take(&mut *seen.missing());
        // What did not come, or did not stay, is left to who reads it.
        missing.retain(|place| asked.insert((place.start, place.end)));
        if missing.is_empty() || config.access.remote.is_stopped() || over() {
            return;
        }
        bytes.bring_around(&missing);
    }
}

/// The datasets that a config names, in every ground track.
fn paths(config: &Config) -> Vec<(String, Option<usize>)> {
    let mut templates = vec![(&*config.latitude, None), (&*config.longitude, None)];
    templates.extend(config.filters.iter().map(|f| (&*f.dataset, f.column)));
    let own = config.variables.iter().filter(|v| v.join.is_none());
    templates.extend(own.map(|v| (&*v.path, v.column)));
    let link = config.link.as_ref();
    templates.extend(
        link.into_iter()
            .flat_map(|link| [(&*link.index_beg, None), (&*link.count, None)]),
    );
    let mut paths: Vec<(String, Option<usize>)> = Vec::new();
    for track in &config.ground_tracks {
        for (template, column) in &templates {
            paths.push((path_in(template, track), *column));
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Goes as far as what is at hand leads, in every chain of places that opening the granule goes along.
fn look(seen: &Arc<Seen>, path: &Path, (config, paths): (&Config, &[(String, Option<usize>)])) {
    let data: Arc<dyn Bytes> = Arc::clone(seen) as Arc<dyn Bytes>;
    let Ok(file) = driver::open_bytes(&data) else {
        return;
    };
    let file = OpenFile {
        file,
        data,
        odd: None,
        path: path.to_path_buf(),
    };
    let granule = GranuleFile::of(file, Access::default());
    let _ = granule.says();
    let _ = of_other_product(&granule, config);
    if let Some(beams) = &config.beams {
        for track in &config.ground_tracks {
            let _ = chosen(&granule, beams, (track, &path_in("{group}", track)));
        }
    }
    for (path, column) in paths {
        let opened = SourceDataset::open(&granule, path, *column);
        let _ = opened.and_then(|mut dataset| dataset.index(&granule));
    }
}

/// Bytes as far as they are at hand, and where others were asked for.
#[derive(Debug)]
struct Seen {
    bytes: Arc<dyn Bytes>,
    missing: Mutex<Vec<Range<u64>>>,
}

impl Seen {
    fn missing(&self) -> std::sync::MutexGuard<'_, Vec<Range<u64>>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bytes for Seen {
    fn name(&self) -> &str {
        self.bytes.name()
    }

    fn length(&self) -> u64 {
        self.bytes.length()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        if self.bytes.at_hand(at, out)? {
            return Ok(());
        }
        self.missing().push(at..at + out.len() as u64);
        Err(io::ErrorKind::WouldBlock.into())
    }
}
