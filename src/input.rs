//! An open granule of either kind: an HDF5 product file, or a table.
//!
//! On the line: what the reading side and the survey see of `src/granule/` and `src/table/`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::batch::{ColumnType, PhotonBatch};
use crate::config::{Config, GranuleKind};
use crate::error::{Error, Result};
use crate::granule::{Buffers, Counts, GranuleFile, Reader, SourceColumn, WantedShards};
use crate::report::{GranuleReport, ReadCost};
use crate::table::{TableFile, TableReader, looks_like_a_table, source_columns};

/// A granule of which batches are read.
#[derive(Debug)]
pub enum Input {
    Hdf5(GranuleFile, Box<Reader>),
    Table(Box<TableReader>),
}

/// What a granule says of the columns of a config.
#[derive(Debug)]
pub struct Described {
    /// File name, without folders.
    pub name: String,
    /// One per variable; `None` where no ground track has data.
    pub columns: Option<Vec<SourceColumn>>,
    /// Photons of all ground tracks, or rows of the table where that is known.
    pub rows: u64,
    /// Names and types of all columns of a table.
    pub table_columns: Option<BTreeMap<String, String>>,
}

impl Input {
    /// Opens what the config needs of a granule; `types[i]` is the type wanted of variable `i`, a
    /// batch comes from at most `batch_rows` rows. Photons outside `wanted` are counted, and what need
    /// not be read of them is not.
    ///
    /// # Errors
    /// As the reader of its kind.
    pub fn open(
        path: &Path,
        config: &Config,
        types: &[ColumnType],
        batch_rows: usize,
        wanted: Option<WantedShards>,
    ) -> Result<Self> {
        match config.granules {
            GranuleKind::Hdf5 => {
                let granule = hdf5(path, config)?;
                let reader = Reader::open(&granule, config, types, batch_rows)?;
                Ok(Self::Hdf5(granule, Box::new(reader.within(wanted))))
            }
            GranuleKind::Table => {
                let reader = TableReader::open(path, config, types, batch_rows, wanted)?;
                Ok(Self::Table(Box::new(reader)))
            }
        }
    }

    /// What a granule says of its columns, if all that the config needs of it can be opened.
    ///
    /// # Errors
    /// As the reader of its kind.
    pub fn describe(path: &Path, config: &Config) -> Result<Described> {
        match config.granules {
            GranuleKind::Hdf5 => {
                let granule = hdf5(path, config)?;
                let columns = granule.source_columns(config)?;
                let types: Vec<ColumnType> = match &columns {
                    Some(columns) => columns.iter().map(|c| c.column_type).collect(),
                    None => vec![ColumnType::F64; config.variables.len()],
                };
                let reader = Reader::open(&granule, config, &types, 1)?;
                Ok(Described {
                    name: granule.name().to_owned(),
                    columns,
                    rows: reader.ground_tracks().iter().map(|t| t.rows).sum(),
                    table_columns: None,
                })
            }
            GranuleKind::Table => {
                let columns = source_columns(&TableFile::open(path)?, config)?;
                let types: Vec<ColumnType> = columns.iter().map(|c| c.column_type).collect();
                let reader = TableReader::open(path, config, &types, 1, None)?;
                Ok(Described {
                    name: reader.table().name().to_owned(),
                    columns: Some(columns),
                    rows: reader.table().rows().unwrap_or_default(),
                    table_columns: Some(reader.table().columns()),
                })
            }
        }
    }

    /// The next batch of kept photons, never empty; `None` at the end.
    ///
    /// # Errors
    /// As the reader of its kind.
    pub fn next_batch(&mut self) -> Result<Option<PhotonBatch>> {
        match self {
            Self::Hdf5(_, reader) => reader.next_batch(),
            Self::Table(reader) => reader.next_batch(),
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
            Self::Table(reader) => GranuleReport {
                remainders: BTreeMap::new(),
                name: reader.table().name().to_owned(),
                file_bytes: reader.table().bytes(),
                counts: reader.counts().clone(),
                ground_tracks: Vec::new(),
                warnings: reader.warnings().to_vec(),
                cost: ReadCost::new(reader.spent(), seconds),
            },
        }
    }
}

/// An HDF5 granule; a table in its place is named as what it is.
fn hdf5(path: &Path, config: &Config) -> Result<GranuleFile> {
    GranuleFile::open(path).map_err(|error| {
        if !looks_like_a_table(path) {
            return error;
        }
        let message = format!(
            "is a table, and config {} reads HDF5; use a config with data_source.reader: table",
            config.name
        );
        Error::granule(path.display().to_string(), message)
    })
}
