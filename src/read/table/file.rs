//! A table opened for reading: which format, which columns.
//!
//! On the line: first step of `table --read--> PhotonBatch`. Formats are told by their first bytes, comma-separated
//! values by their name: Apache Parquet ("File Format"), Apache Arrow ("IPC File Format", "IPC Streaming Format").

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::csv::Csv;
use super::fields::find;
use super::footer;
use super::ipc::Messages;
use super::metered::Metered;
use super::outside::{Head, head, is_csv};
use super::partitions::Partition;
use super::room::Fault;
use crate::config::Config;
use crate::error::{Error, Kind, Result, Setting, phrase};
use crate::guard::guarded;
use crate::source::{Bytes, FileBytes};
use crate::text::condensed;

/// How a table is stored.
#[derive(Debug, Clone)]
pub(super) enum Format {
    Parquet(ArrowReaderMetadata),
    ArrowFile(Arc<Messages>),
    ArrowStream(Arc<Messages>),
    Csv(Arc<Csv>),
}

/// One table file.
#[derive(Debug)]
pub struct TableFile {
    pub(super) data: Arc<dyn Bytes>,
    name: Arc<str>,
    pub(super) format: Format,
    pub(super) schema: SchemaRef,
    /// Columns that are not in the file but in the names of its folders.
    pub(super) partitions: Vec<Partition>,
}

impl TableFile {
    /// Opens a table under its file name and reads what it says of its columns; no values.
    ///
    /// # Errors
    /// No such file, a folder, neither Parquet nor Arrow IPC, or damaged; each by name.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::open_as(path, &name.to_string_lossy())
    }

    /// As [`TableFile::open`], under a name of the caller's.
    ///
    /// # Errors
    /// As [`TableFile::open`].
    pub fn open_as(path: &Path, name: &str) -> Result<Self> {
        let refuse = |message: &str| Error::granule(path.display().to_string(), message);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(refuse("no such file; check the path"));
            }
            Err(e) => return Err(Error::io("open", path, e)),
        };
        let metadata = file.metadata().map_err(|e| Error::io("open", path, e))?;
        if !metadata.is_file() {
            return Err(refuse(
                "is not a regular file; name tables, or copy the table to disk first",
            ));
        }
        let data = FileBytes::of(file, metadata.len(), path);
        Self::open_in(Arc::new(data), path, name)
    }

    /// Opens a table in any bytes; `path` is where they would be as a file.
    ///
    /// # Errors
    /// Neither Parquet nor Arrow IPC, or damaged; each by name.
    pub(crate) fn open_in(data: Arc<dyn Bytes>, path: &Path, name: &str) -> Result<Self> {
        let refuse = |message: &str| Error::granule(data.name(), message);
        let damaged = |kind: &str, cause: String| {
            refuse(&format!(
                "cannot open it as {kind}: {cause}; write or fetch it again"
            ))
        };
        let (format, schema) = match head(&*data).map_err(|e| Error::io("read", path, e))? {
            Head::Parquet => {
                footer::check(&*data).map_err(|e| damaged("Parquet", e))?;
                let metered = Metered::new(Arc::clone(&data));
                let metadata =
                    guarded(|| ArrowReaderMetadata::load(&metered, ArrowReaderOptions::new()))
                        .map_err(|e| damaged("Parquet", e))?;
                let schema = Arc::clone(metadata.schema());
                (Format::Parquet(metadata), schema)
            }
            Head::ArrowFile => {
                let messages = guarded(|| Messages::of_file(&*data));
                let messages = messages.map_err(|e| damaged("an Arrow IPC file", e))?;
                let schema = Arc::clone(&messages.schema);
                (Format::ArrowFile(Arc::new(messages)), schema)
            }
            Head::ArrowStream => {
                let messages = guarded(|| Messages::of_stream(&*data));
                let messages = messages.map_err(|e| damaged("an Arrow IPC stream", e))?;
                let schema = Arc::clone(&messages.schema);
                (Format::ArrowStream(Arc::new(messages)), schema)
            }
            Head::Hdf5 => {
                return Err(refuse(
                    "is HDF5, and tables are asked for; name tables, or make a run with a config for HDF5 granules, such \
                     as atl06",
                ));
            }
            Head::Other if is_csv(path) => {
                let csv = Csv::open(&data).map_err(|e| {
                    refuse(&format!(
                        "cannot be read as comma-separated values: {e}; correct it"
                    ))
                })?;
                let schema = Arc::clone(&csv.schema);
                (Format::Csv(Arc::new(csv)), schema)
            }
            Head::Other => {
                return Err(refuse(
                    "is not a table: it starts neither as Parquet nor as Arrow IPC, and its name does not end in .csv; \
                     give such a file, whole and not encrypted",
                ));
            }
        };
        Ok(Self {
            partitions: Partition::of(path, &schema),
            name: name.into(),
            data,
            format,
            schema,
        })
    }

    /// With columns of the types that the config says, where it says some.
    ///
    /// # Errors
    /// A table that has types of its own, or values of other types.
    pub fn typed(mut self, config: &Config) -> Result<Self> {
        if config.types.is_empty() {
            return Ok(self);
        }
        let Format::Csv(csv) = &self.format else {
            return Err(self.error(format!(
                "is a table in {}, which has types of its own, and data_source.types are of comma-separated values; \
                 take them out",
                self.kind()
            )));
        };
        let csv = csv.typed(&config.types).map_err(|why| self.error(why))?;
        self.schema = Arc::clone(&csv.schema);
        self.format = Format::Csv(Arc::new(csv));
        Ok(self)
    }

    /// What the table is called: its file name, unless it was opened under another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a column is in the table, or in the names of its folders.
    pub fn has(&self, name: &str) -> bool {
        let of_folder = |partition: &Partition| partition.field.name() == name;
        !find(&self.schema, name).is_empty() || self.partitions.iter().any(of_folder)
    }

    /// Names and types of all columns.
    pub fn columns(&self) -> BTreeMap<String, String> {
        let fields = self.schema.fields().iter();
        let columns = fields.map(|field| (field.name().clone(), field.data_type().to_string()));
        columns.collect()
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.data.length()
    }

    /// The columns of its rows.
    pub(crate) fn schema(&self) -> &arrow::datatypes::Schema {
        &self.schema
    }

    pub(super) fn name_shared(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// The format in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.format {
            Format::Parquet(_) => "Parquet",
            Format::ArrowFile(_) => "Arrow IPC file",
            Format::ArrowStream(_) => "Arrow IPC stream",
            Format::Csv(_) => "CSV",
        }
    }

    /// Why a column is not one of numbers, where the table knows more than its type.
    pub(super) fn why_text(&self, name: &str) -> Option<String> {
        match &self.format {
            Format::Csv(csv) => csv.why_text(name),
            _ => None,
        }
    }

    /// An error about this table, in one line.
    pub(super) fn error(&self, message: impl AsRef<str>) -> Error {
        let printable = |c: char| if c.is_control() { '?' } else { c };
        let message: String = message.as_ref().chars().map(printable).collect();
        Error::granule(&*self.name, message)
    }

    /// Rows from some row on cannot be had.
    pub(super) fn fault(&self, row: u64, fault: Fault) -> Error {
        match fault {
            Fault::Damaged(what) => self.damaged(row, &what),
            Fault::TooLarge(short) => {
                let memory = Setting::Memory.to(format!("{}MiB", short.enough >> 20));
                self.error(short.why)
                    .of_kind(Kind::TooLarge)
                    .with_remedy(phrase!["give at least ", memory])
            }
        }
    }

    /// The libraries could not read this table from some row on.
    pub(super) fn damaged(&self, row: u64, error: &impl ToString) -> Error {
        self.error(format!(
            "cannot read rows from {row} on: {}; write or fetch the table again",
            condensed(error)
        ))
    }
}
