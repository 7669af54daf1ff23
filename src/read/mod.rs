//! From files to photon batches: granules as HDF5 product files or as tables.
//!
//! On the line: `granule --read--> PhotonBatch`. An [`Input`] is an open granule of either kind, which is all
//! that the line and the survey see; `hdf5/` and `table/` are the kinds. What both need stands beside them:
//! names of granules, the meaning of stored numbers (`meaning.rs`), filters, edges of the grid, wanted shards, units, buffers,
//! reports.

mod attributes;
mod buffers;
mod compared;
mod described;
mod edges;
mod filters;
#[cfg(feature = "hdf5")]
pub mod hdf5;
#[cfg(not(feature = "hdf5"))]
#[path = "no_hdf5.rs"]
pub mod hdf5;
#[cfg(test)]
mod in_memory;
mod integers;
mod looked;
mod marks;
mod meaning;
mod meant;
mod missing;
mod names;
mod oddities;
mod opened;
mod packing;
mod probe;
pub(crate) mod product;
mod report;
mod saying;
mod scouts;
mod siblings;
mod spent;
mod steps;
#[cfg(feature = "parquet")]
pub mod table;
#[cfg(not(feature = "parquet"))]
#[path = "no_tables.rs"]
pub mod table;
#[cfg(test)]
mod tests;
pub(crate) mod times;
mod union;
mod units;
mod wanted;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::config::{Config, GranuleKind, TimeWindow};
use crate::error::{Error, Result};
use crate::photon::stretch::{Stretch, StretchRoom};
use crate::photon::{ColumnType, Counts, Load, PhotonBatch};
use crate::read::hdf5::{GranuleFile, Outline, Reader, lies_outside, of_other_product};
use crate::read::table::{TableFile, TableReader, is_csv, looks_like_a_table, source_columns};
use crate::watch::Watch;

pub(crate) use attributes::Attributes;
pub use buffers::Buffers;
pub use described::Described;
pub use edges::{Edges, OUTSIDE_GRID};
pub(crate) use filters::RowFilter;
pub(crate) use looked::product_of;
pub(crate) use marks::marks_of;
pub(crate) use meaning::Meaning;
pub use meaning::{Applied, AppliedNumber};
pub use names::{GranulePath, Sibling, named};
pub(crate) use oddities::Oddities;
use opened::FileState;
pub use opened::StillOpen;
pub use probe::Probe;
pub(crate) use product::{ProductName, Rank};
pub use report::{Failed, GranuleReport, GroundTrackReport, JoinReport, ReadCost, Says};
pub use saying::says_of;
pub use scouts::{scout_alone, scouted};
pub(crate) use siblings::Siblings;
pub use spent::Spent;
pub(crate) use steps::{ByTime, StepFinder, Times};
pub use union::ColumnUnion;
pub(crate) use units::{Axis, check_degrees};
pub use wanted::{OUTSIDE_REGION, OUTSIDE_SHARDS, UNLISTED_SHARD, WantedShards};

/// A stretch of a granule.
pub(crate) type StoredStretch = Stretch<Arc<dyn crate::source::Bytes>>;

/// A granule of which batches are read.
#[derive(Debug)]
pub enum Input {
    Hdf5(Box<GranuleFile>, Box<Reader>),
    Table(Box<TableReader>),
}

impl Input {
    /// Opens what the config needs of a granule; `types[i]` is the type wanted of variable `i`, a
    /// batch comes from at most `batch_rows` rows. Photons outside `wanted` are counted, and what need
    /// not be read of them is not.
    ///
    /// # Errors
    /// As the reader of its kind.
    pub fn open(
        granule: &GranulePath,
        config: &Config,
        types: &[ColumnType],
        batch_rows: usize,
        wanted: Option<WantedShards>,
    ) -> Result<Self> {
        match config.granules {
            GranuleKind::Hdf5 => {
                let granule = hdf5(granule, config)?;
                let reader = Reader::open(&granule, config, types, batch_rows)?;
                Ok(Self::Hdf5(
                    Box::new(granule),
                    Box::new(reader.within(wanted)),
                ))
            }
            GranuleKind::Table => {
                let table = table(granule, config)?;
                let reader = TableReader::new(table, config, types, batch_rows, wanted)?;
                Ok(Self::Table(Box::new(reader)))
            }
        }
    }

    /// What a granule says of its columns, if all that the config needs of it can be opened.
    ///
    /// # Errors
    /// As the reader of its kind.
    pub fn describe(granule: &GranulePath, config: &Config) -> Result<Described> {
        Self::describe_and_keep(granule, config, &mut StillOpen::default())
    }

    /// The same; the granule stays open where it can.
    ///
    /// # Errors
    /// As [`Input::describe`].
    pub fn describe_and_keep(
        granule: &GranulePath,
        config: &Config,
        open: &mut StillOpen,
    ) -> Result<Described> {
        let path = granule;
        match config.granules {
            GranuleKind::Hdf5 => {
                // Before it is opened: what is written in between is seen.
                let file = FileState::of(&path.path);
                let granule = hdf5(granule, config)?;
                let columns = granule.source_columns(config)?;
                let types: Vec<ColumnType> = match &columns {
                    Some(columns) => columns.iter().map(|c| c.column_type).collect(),
                    None => vec![ColumnType::F64; config.variables.len()],
                };
                let reader = Reader::open(&granule, config, &types, 1)?;
                granule.sound()?;
                let described = Described {
                    columns,
                    rows: (reader.ground_tracks().iter())
                        .map(|t| t.rows)
                        .fold(0, u64::saturating_add),
                    chunk_bytes: reader.chunk_bytes(),
                    load: reader.load(),
                    outline: Some(Outline::with(
                        &granule,
                        config,
                        reader.ground_tracks().to_vec(),
                    )?),
                    applied: reader.applied(config),
                    notes: reader.unit_gaps(config),
                    table_columns: None,
                };
                let input = Self::Hdf5(Box::new(granule), Box::new(reader));
                open.keep(path, (input, types), file);
                Ok(described)
            }
            GranuleKind::Table => {
                let opened = table(granule, config)?;
                let columns = source_columns(&opened, config)?;
                let types: Vec<ColumnType> = columns.iter().map(|c| c.column_type).collect();
                let reader = TableReader::new(opened, config, &types, 1, None)?;
                Ok(Described {
                    columns: Some(columns),
                    outline: None,
                    rows: reader.table().rows().unwrap_or_default(),
                    applied: reader.applied(),
                    chunk_bytes: reader.decoding_bytes(),
                    load: Load::of_table(reader.table().rows().unwrap_or_default()),
                    notes: Vec::new(),
                    table_columns: Some(reader.table().columns()),
                })
            }
        }
    }

    /// The ground tracks of an HDF5 granule.
    ///
    /// # Errors
    /// A damaged group.
    pub fn outline(&self, config: &Config) -> Result<Option<Outline>> {
        match self {
            Self::Hdf5(granule, reader) => {
                let tracks = reader.ground_tracks().to_vec();
                Outline::with(granule, config, tracks).map(Some)
            }
            Self::Table(_) => Ok(None),
        }
    }

    /// Whether no photon is in a window of time, as far as that is known without reading their times; `times` is a
    /// config that compares these and nothing else.
    ///
    /// # Errors
    /// Times that cannot be read.
    pub fn lies_outside(&self, window: &TimeWindow, times: &Config) -> Result<bool> {
        match self {
            Self::Hdf5(granule, reader) => {
                lies_outside(granule, (window, times), reader.ground_tracks())
            }
            Self::Table(_) => Ok(false),
        }
    }

    /// The next batch of kept photons, never empty; `None` at the end.
    ///
    /// # Errors
    /// As the reader of its kind; an interrupt, where nothing is kept for long.
    pub fn next_batch(&mut self, watch: &dyn Watch) -> Result<Option<PhotonBatch>> {
        match self {
            Self::Hdf5(granule, reader) => {
                let batch = reader.next_batch_unless(watch)?;
                if batch.is_none() {
                    // What the report says of it is read before it is known whether all came.
                    let _ = granule.says();
                    granule.sound()?;
                }
                Ok(batch)
            }
            Self::Table(reader) => reader.next_batch(),
        }
    }

    /// The next stretch for a device with this room; `None` where the next rows are read here, or there are none.
    ///
    /// # Errors
    /// As the reader of its kind.
    pub(crate) fn next_stretch(&mut self, room: &StretchRoom) -> Result<Option<StoredStretch>> {
        match self {
            Self::Hdf5(_, reader) => reader.next_stretch(room),
            Self::Table(_) => Ok(None),
        }
    }

    /// Whether there are no more rows, where [`Input::next_batch`] gives none.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Hdf5(_, reader) => reader.is_done(),
            Self::Table(_) => true,
        }
    }

    /// Reads the rows of a stretch next, and no others.
    pub fn only(&mut self, track: usize, rows: &Range<u64>) {
        if let Self::Hdf5(_, reader) = self {
            reader.only(track, rows);
        }
    }

    /// What was odd about the values of rows that were read like that, in words.
    pub fn take_oddities(&mut self) -> Vec<String> {
        match self {
            Self::Hdf5(_, reader) => reader.take_oddities(),
            Self::Table(_) => Vec::new(),
        }
    }

    /// Photons that no device takes as they are stored, by the reason.
    pub fn read_here(&self) -> BTreeMap<String, u64> {
        match self {
            Self::Hdf5(_, reader) => {
                let reasons = reader.read_here().iter();
                reasons.map(|(why, n)| ((*why).to_owned(), *n)).collect()
            }
            Self::Table(reader) => {
                let why = Load::OF_TABLES.to_owned();
                BTreeMap::from([(why, reader.counts().read)])
            }
        }
    }

    /// Decodes into these buffers from now on, where the kind has a use for them.
    pub fn use_buffers(&mut self, buffers: &mut Buffers) {
        if let Self::Hdf5(_, reader) = self {
            reader.use_buffers(std::mem::take(buffers));
        }
    }

    /// Takes back the memory of a batch that is no longer needed.
    pub fn recycle(&mut self, batch: PhotonBatch) {
        if let Self::Hdf5(_, reader) = self {
            reader.recycle(batch);
        }
    }

    /// Gives the buffers back, for the next granule.
    pub fn give_buffers(self, buffers: &mut Buffers) {
        if let Self::Hdf5(_, reader) = self {
            *buffers = reader.into_buffers();
        }
    }

    /// The part of the granule that was read so far, from 0 to 1.
    pub fn share_read(&self) -> f64 {
        let (done, all) = match self {
            Self::Hdf5(_, reader) => reader.progress(),
            Self::Table(reader) => reader.progress(),
        };
        (done as f64 / all.max(1) as f64).min(1.0)
    }

    /// What became of the photons read so far.
    pub fn counts(&self) -> &Counts {
        match self {
            Self::Hdf5(_, reader) => reader.counts(),
            Self::Table(reader) => reader.counts(),
        }
    }

    /// What a granule that was read to its end says of itself.
    ///
    /// `seconds` is the wall time that its reading took, decoding included.
    pub fn report(&self, seconds: f64) -> GranuleReport {
        match self {
            Self::Hdf5(granule, reader) => GranuleReport::new(granule, reader, seconds),
            Self::Table(reader) => GranuleReport::of_table(reader, seconds),
        }
    }
}

fn table(granule: &GranulePath, config: &Config) -> Result<TableFile> {
    TableFile::open_as(&granule.path, &granule.name)?.typed(config)
}

/// An HDF5 granule of the product that the config reads.
fn hdf5(granule: &GranulePath, config: &Config) -> Result<GranuleFile> {
    let opened = of_any_product(granule, config)?;
    match of_other_product(&opened, config) {
        Some(why) => Err(Error::granule(opened.name(), why)),
        None => Ok(opened),
    }
}

/// An HDF5 granule; a table in its place is named as what it is.
fn of_any_product(granule: &GranulePath, config: &Config) -> Result<GranuleFile> {
    let path = &granule.path;
    let opened = GranuleFile::open_as(path, &granule.name, &config.access);
    let opened = opened.map_err(|error| {
        // Of what is no regular file, opening it could wait for ever.
        if !path.is_file() || !(looks_like_a_table(path) || is_csv(path)) {
            return error;
        }
        let message = format!(
            "is a table, and config {} reads HDF5; use a config with data_source.reader: table",
            config.name
        );
        Error::granule(path.display().to_string(), message)
    })?;
    opened.beside(&granule.siblings)
}
