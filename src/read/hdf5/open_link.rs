//! The datasets of one ground track that link geolocation segments to photons.
//!
//! On the line: `track.rs` opens them with the others, `reader.rs` asks for the runs when it comes to the
//! ground track. `link.rs` decides what the values mean.

use super::block::Block;
use super::columns::SourceDataset;
use super::file::GranuleFile;
use super::link::{BadCounts, IndexMismatch, Runs};
use super::track::path_in;
use crate::Result;
use crate::config::{Config, Dtype, Link};
use crate::photon::Values;

/// Geolocation segments of one ground track at most; an orbit has 2 million.
const MOST_SEGMENTS: u64 = 1 << 26;

/// The open datasets of the link.
#[derive(Debug)]
pub(super) struct OpenLink {
    index_beg: SourceDataset,
    pub count: SourceDataset,
    base: u64,
}

/// Runs of photons, and what is odd about the index they come with.
pub(super) struct LinkedRuns {
    pub runs: Runs,
    pub warning: Option<String>,
}

impl OpenLink {
    pub fn open(granule: &GranuleFile, config: &Config, ground_track: &str) -> Result<Self> {
        let Some(Link {
            index_beg,
            count,
            index_base,
            ..
        }) = &config.link
        else {
            return Err(crate::Error::config(
                &config.name,
                "a variable has one row per geolocation segment and no level declares a link; add \
                 `link` to its level",
            ));
        };
        let open = |template: &str| {
            let path = path_in(template, ground_track);
            let mut data = SourceDataset::open(granule, &path, None)?;
            data.index(granule)?;
            if data.rows_not_stored() > 0 {
                return Err(granule.error(format!(
                    "{path} has no storage chunk for {} of its {} rows, and every geolocation segment \
                     needs one; fetch the granule again",
                    data.rows_not_stored(),
                    data.rows
                )));
            }
            let unpacked = data.meaning.check_unpacked();
            unpacked.map_err(|why| granule.error(format!("{path}: {why}")))?;
            match data.dtype {
                Dtype::F32 | Dtype::F64 => Err(granule.error(format!(
                    "{} is {}, and a link needs integers; correct the path in the config",
                    data.path,
                    data.dtype.name()
                ))),
                _ => Ok(data),
            }
        };
        let link = Self {
            index_beg: open(index_beg)?,
            count: open(count)?,
            base: *index_base,
        };
        if link.index_beg.rows != link.count.rows {
            return Err(granule.error(format!(
                "{} has {} rows, {} has {}; fetch the granule again",
                link.index_beg.path, link.index_beg.rows, link.count.path, link.count.rows
            )));
        }
        if link.count.rows > MOST_SEGMENTS {
            return Err(granule.error(format!(
                "{} has {} rows, and at most {MOST_SEGMENTS} are read; fetch the granule again",
                link.count.path, link.count.rows
            )));
        }
        Ok(link)
    }

    /// The runs of the photons, `photons` in all with a `latitude` each.
    pub fn runs(&self, granule: &str, (latitude, photons): (&str, u64)) -> Result<LinkedRuns> {
        let counts = integers(self.count.read(0..self.count.rows)?);
        let index_beg = integers(self.index_beg.read(0..self.index_beg.rows)?);
        let count = &self.count.path;
        let settled = Runs::settle(&counts, &index_beg, self.base, photons).map_err(|bad| {
            let message = match bad {
                BadCounts::Negative { segment, count: n } => format!(
                    "{count} row {segment} is {n}, and {latitude} has {photons} rows; a count of \
                     photons is not negative: fetch the granule again"
                ),
                BadCounts::Sum { sum, photons } => format!(
                    "{count} adds up to {sum} photons, {latitude} has {photons} rows; fetch the \
                     granule again, or leave out the variables of the geolocation segments"
                ),
                BadCounts::Index(odd) => format!(
                    "{}, and its photons are not those of the granule, each once; fetch the granule \
                     again, or leave out the variables of the geolocation segments",
                    self.disagrees(&odd)
                ),
            };
            crate::Error::granule(granule, message)
        })?;
        let used = if settled.by_index { "index" } else { "sum" };
        let warning = settled.odd.map(|odd| {
            format!(
                "granule {granule}: {}; the {used} is used",
                self.disagrees(&odd)
            )
        });
        Ok(LinkedRuns {
            runs: settled.runs,
            warning,
        })
    }

    fn disagrees(&self, odd: &IndexMismatch) -> String {
        format!(
            "{} disagrees with the cumulative sum of {} in {} of {} non-empty geolocation segments \
             (row {}: {}, expected {})",
            self.index_beg.path,
            self.count.path,
            odd.disagreeing,
            odd.non_empty,
            odd.segment,
            odd.found,
            odd.expected
        )
    }

    pub fn datasets(&self) -> [&SourceDataset; 2] {
        [&self.index_beg, &self.count]
    }

    pub fn datasets_mut(&mut self) -> [&mut SourceDataset; 2] {
        [&mut self.index_beg, &mut self.count]
    }
}

fn integers(block: Block) -> Vec<i64> {
    match block.values {
        Values::I64(values) => values.into_vec(),
        // `open` has refused floats.
        Values::F32(_) | Values::F64(_) => Vec::new(),
    }
}
