//! Reads photons from tables and arrays into memory, all of them at once.
//!
//! Beside the line: a twin of the reading thread that keeps what it reads. Rows without a position are
//! counted and left out, as in a run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::chosen::check_chosen;
use super::keep::Kept;
use super::npy::Npy;
use super::photons::{Gathered, Photons, source};
use crate::config::{Config, Variable};
use crate::error::{Error, Result};
use crate::folders::list;
use crate::photon::{Buffer, Column, ColumnType, SourceColumn, Values};
use crate::read::table::{EXTENSIONS, TableFile, TableReader, source_columns};

/// Rows of a table that are decoded at a time.
const DECODED_ROWS: usize = 1 << 20;

/// One thing named with `--input`.
#[derive(Debug)]
enum Input<'a> {
    /// Parquet or Arrow IPC.
    Table(&'a Path),
    /// A structured array, whose fields are columns.
    Structured(&'a Path),
    /// A folder with an array for each column.
    Folder(&'a Path),
}

impl<'a> Input<'a> {
    fn of(path: &'a Path) -> Self {
        if path.is_dir() {
            Self::Folder(path)
        } else if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("npy"))
        {
            Self::Structured(path)
        } else {
            Self::Table(path)
        }
    }

    /// What it says of the config's variables.
    fn sources(&self, config: &Config) -> Result<Vec<SourceColumn>> {
        match self {
            Self::Table(path) => source_columns(&TableFile::open(path)?.typed(config)?, config),
            Self::Structured(_) | Self::Folder(_) => {
                let named = |variable: &Variable| {
                    let column_type = self.array(&variable.path)?.column_type();
                    Ok(source(&variable.name, column_type))
                };
                config.variables.iter().map(named).collect()
            }
        }
    }

    /// The values of a column of arrays.
    fn array(&self, name: &str) -> Result<Values> {
        match self {
            Self::Structured(path) => Npy::open(path)?.column(Some(name)),
            Self::Folder(folder) => {
                let path = folder.join(format!("{name}.npy"));
                if !path.is_file() {
                    return Err(Error::argument(format!(
                        "folder {} has no {name}.npy; a folder holds one .npy file for each column, \
                         and tables are named one by one",
                        folder.display()
                    )));
                }
                Npy::open(&path)?.column(None)
            }
            Self::Table(_) => unreachable!("tables have a reader of their own"),
        }
    }

    fn degrees(&self, name: &str) -> Result<Buffer<f64>> {
        match self.array(name)? {
            Values::F64(degrees) => Ok(degrees),
            Values::F32(degrees) => Ok(degrees.iter().copied().map(f64::from).collect()),
            Values::I64(_) => Err(Error::argument(format!(
                "column {name} holds integers, and coordinates are float32 or float64 degrees; \
                 convert it"
            ))),
        }
    }

    /// Adds its photons to those that were read before.
    fn append(&self, config: &Config, types: &[ColumnType], photons: &mut Gathered) -> Result<()> {
        if let Self::Table(path) = self {
            let mut reader = TableReader::open(path, config, types, DECODED_ROWS, None)?;
            while let Some(batch) = reader.next_batch()? {
                photons.append(batch.lon, batch.lat, batch.columns);
            }
            photons.counts.add(reader.counts());
            return Ok(());
        }
        let (lon, lat) = (
            self.degrees(&config.longitude)?,
            self.degrees(&config.latitude)?,
        );
        let mut columns = Vec::new();
        for (variable, &wanted) in config.variables.iter().zip(types) {
            let values = match (self.array(&variable.path)?, wanted) {
                (Values::F32(v), ColumnType::F64) => {
                    Values::F64(v.iter().copied().map(f64::from).collect())
                }
                (values, _) => values,
            };
            columns.push((
                variable.path.as_str(),
                Column {
                    values,
                    nulls: None,
                },
            ));
        }
        let lengths = columns
            .iter()
            .map(|(name, column)| (*name, column.values.len()));
        let lengths = lengths.chain([(config.latitude.as_str(), lat.len())]);
        for (name, length) in lengths {
            if length != lon.len() {
                return Err(Error::argument(format!(
                    "column {} has {} rows, {name} has {length}; columns are of one length",
                    config.longitude,
                    lon.len()
                )));
            }
        }
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        photons.append_checked(lon, lat, columns);
        Ok(())
    }
}

/// Reads all inputs, in order.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::{Columns, Question, Statistic, npy, read};
/// use icefold::config::{Latitude, Order};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// npy::write(&folder.join("lon.npy"), &[10.0, 10.001])?;
/// npy::write(&folder.join("lat.npy"), &[70.0, 70.001])?;
/// npy::write(&folder.join("h.npy"), &[100.25f32, 101.5])?;
/// let columns = Columns {
///     lon: "lon".to_owned(),
///     lat: "lat".to_owned(),
///     values: vec!["h".to_owned()],
///     weights: None,
/// };
/// let cells = (Order::new(8).unwrap(), Latitude::AuthalicWgs84);
/// let question = Question::new(&columns, &[Statistic::Mean], cells, None)?;
/// let photons = read(&[folder.to_owned()], &question.config)?;
/// assert_eq!(photons.counts.kept, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A file that cannot be read; a column that is missing, or of a type that does not fit; a config that leaves
/// photons out in a way that only a run knows.
pub fn read(inputs: &[PathBuf], config: &Config) -> Result<Photons> {
    let inputs: Vec<Input> = inputs.iter().map(|path| Input::of(path)).collect();
    let tables = inputs.iter().all(|input| matches!(input, Input::Table(_)));
    check_chosen(config, tables)?;
    let mut sources: Vec<SourceColumn> = Vec::new();
    for input in &inputs {
        let found = input.sources(config)?;
        if sources.is_empty() {
            sources = found;
            continue;
        }
        for (first, more) in sources.iter_mut().zip(found) {
            match first.column_type.wider(more.column_type) {
                Some(wider) if wider == first.column_type => {}
                Some(_) => *first = more,
                None => {
                    return Err(Error::argument(format!(
                        "column {} is {} in one input and {} in another; convert one of them",
                        first.name,
                        first.dtype.name(),
                        more.dtype.name()
                    )));
                }
            }
        }
    }
    let types: Vec<ColumnType> = sources.iter().map(|source| source.column_type).collect();
    let mut gathered = Gathered::default();
    for input in &inputs {
        input.append(config, &types, &mut gathered)?;
    }
    if gathered.lon.is_empty() {
        gathered.columns = types.iter().map(|&t| empty(t)).collect();
    }
    Ok(gathered.photons(sources))
}

/// Refuses arrays that are named twice, whose photons would count twice, and folders that have tables beside arrays.
fn check_once(inputs: &[PathBuf]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for path in inputs {
        let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !seen.insert(whole) {
            let message = format!("input {} is named twice; name it once", path.display());
            return Err(Error::argument(message));
        }
        let inside = if path.is_dir() {
            list(path).map_err(|e| Error::io("list", path, e))?
        } else {
            Vec::new()
        };
        let is_table = |file: &&PathBuf| {
            let extension = file.extension().and_then(|e| e.to_str());
            extension.is_some_and(|e| EXTENSIONS.contains(&e.to_ascii_lowercase().as_str()))
        };
        if let Some(table) = inside.iter().find(is_table) {
            return Err(Error::argument(format!(
                "folder {} has arrays, and the table {} beside them; name one or the other",
                path.display(),
                table.display()
            )));
        }
    }
    Ok(())
}

/// Whether a path is that of arrays: a `.npy` file, or a folder that has some.
pub fn are_arrays(path: &Path) -> bool {
    let is_npy = |path: &Path| {
        let extension = path.extension();
        extension.is_some_and(|e| e.eq_ignore_ascii_case("npy"))
    };
    is_npy(path) || list(path).is_ok_and(|inside| inside.iter().any(|path| is_npy(path)))
}

/// Reads arrays, in order, and keeps the photons that the config is about.
///
/// # Errors
/// As [`read`], and times that do not tell steps apart.
pub fn read_kept(inputs: &[PathBuf], config: &Config) -> Result<Kept> {
    if let Some(points) = &config.points {
        return Err(Error::argument(format!(
            "arrays have no points, as column {points} would be; name longitudes and latitudes"
        )));
    }
    check_once(inputs)?;
    let mut all = config.clone();
    (all.region, all.axis) = (None, None);
    let filters = std::mem::take(&mut all.filters);
    let times = filters.iter().find(|filter| filter.moment.is_some());
    // They are read as one column more.
    all.variables.extend(times.map(|filter| Variable {
        name: "time".to_owned(),
        path: filter.dataset.clone(),
        column: None,
        cycle: None,
        resolution: None,
        per_segment: false,
        join: None,
    }));
    read(inputs, &all)?.kept(config)
}

fn empty(column_type: ColumnType) -> Column {
    Column {
        values: Values::empty(column_type),
        nulls: None,
    }
}
