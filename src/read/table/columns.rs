//! The columns of a table that a config needs: each must exist, once, and have a type that can be held.
//!
//! On the line: `reader.rs` looks here before it reads the first row, the survey asks here for types and
//! units.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;

use super::file::TableFile;
use super::partitions::Partition;
use super::points;
use crate::config::{Config, Dtype};
use crate::grid::Locator;
use crate::photon::ColumnType;
use crate::photon::SourceColumn;
use crate::read::Attributes;
use crate::read::{Applied, Axis, Meaning, check_degrees};
use crate::{Error, Result};

/// Names of the columns that a config needs.
#[derive(Debug)]
pub(super) struct Needed {
    /// The column of points that longitude and latitude are taken from.
    pub points: Option<String>,
    pub longitude: String,
    pub latitude: String,
    /// In the order of the config's filters and variables.
    pub filters: Vec<String>,
    pub variables: Vec<String>,
    /// What the values of each of them mean.
    meanings: BTreeMap<String, Meaning>,
    /// What is odd about them, in words.
    pub warnings: Vec<String>,
}

impl Needed {
    /// Finds every column of the config; `types[i]` is wanted of variable `i`.
    ///
    /// # Errors
    /// A column that is missing, stands twice, is of a type that cannot be held, or does not widen to
    /// the wanted one; coordinates that are not floats or not in degrees; metadata that cannot be
    /// honoured; a filter that compares with a number that the column cannot hold.
    pub fn of(table: &TableFile, config: &Config, types: &[ColumnType]) -> Result<Self> {
        let mut meanings = BTreeMap::new();
        let mut warnings = Vec::new();
        let degrees = [&config.longitude, &config.latitude];
        if let Some(points) = &config.points {
            let field = table.schema.field_with_name(points);
            let field = field.map_err(|_| missing(table, points))?;
            points::check(table, points, field.data_type())?;
            for name in degrees {
                let plain = Meaning::new(&Attributes::of_field(|_| None), Dtype::F64);
                meanings.insert(name.clone(), plain.map_err(|why| table.error(why))?);
            }
        }
        let named = degrees.into_iter().filter(|_| config.points.is_none());
        let named = named.chain(config.filters.iter().map(|filter| &filter.dataset));
        let named = named.chain(config.variables.iter().map(|variable| &variable.path));
        for name in named {
            let found = column(table, name).map_err(|error| {
                let hint = points::hint(table).filter(|_| degrees.contains(&name));
                hint.map_or(error, |hint| {
                    table.error(format!("has no column {name}; {hint}"))
                })
            });
            let (_, field) = found?;
            let mut meaning = meaning(table, field)?;
            let settled = meaning.settle(config.valid_range);
            settled.map_err(|why| table.error(format!("column {name}: {why}")))?;
            let odd = meaning.warnings.iter();
            warnings
                .extend(odd.map(|odd| format!("granule {}: column {name}: {odd}", table.name())));
            meanings.insert(name.clone(), meaning);
        }
        let axes = [
            (&config.latitude, Axis::Latitude, 90.0),
            (&config.longitude, Axis::Longitude, Locator::MOST_LONGITUDE),
        ];
        for (coordinate, axis, most) in axes {
            let Some(meaning) = meanings.get_mut(coordinate) else {
                continue;
            };
            meaning.settle_within(-most, most);
            let odd = check_degrees(meaning.units.as_deref(), axis)
                .map_err(|why| table.error(format!("column {coordinate}: {why}")))?;
            warnings.extend(
                odd.map(|odd| format!("granule {}: column {coordinate}: {odd}", table.name())),
            );
            let dtype = meaning.dtype();
            if !dtype.is_float() {
                return Err(table.error(format!(
                    "column {coordinate} is {}, and coordinates are float32 or float64 degrees; \
                     convert it",
                    dtype.name()
                )));
            }
        }
        check_filters(table, config, &meanings)?;
        for (variable, &wanted) in config.variables.iter().zip(types) {
            let dtype = meanings[&variable.path].dtype();
            if column_type(dtype).wider(wanted) != Some(wanted) {
                return Err(table.error(format!(
                    "column {} is {}, and other tables hold it as {wanted:?}, to which it does not \
                     widen; run those tables apart",
                    variable.path,
                    dtype.name()
                )));
            }
        }
        let filters = config.filters.iter().map(|f| f.dataset.clone());
        let variables = config.variables.iter().map(|v| v.path.clone());
        Ok(Self {
            points: config.points.clone(),
            longitude: config.longitude.clone(),
            latitude: config.latitude.clone(),
            filters: filters.collect(),
            variables: variables.collect(),
            meanings,
            warnings,
        })
    }

    /// Rows from `first` on with points, where those are read, as longitudes and latitudes.
    pub fn in_degrees(
        &self,
        table: &TableFile,
        batch: RecordBatch,
        first: u64,
    ) -> Result<RecordBatch> {
        match &self.points {
            Some(points) => points::unfold(table, &batch, points, first),
            None => Ok(batch),
        }
    }

    /// What the values of a column mean.
    pub fn meaning(&self, name: &str) -> &Meaning {
        &self.meanings[name]
    }

    /// Whether coordinates are what is stored, so that statistics of them are of degrees.
    pub fn positions_are_plain(&self) -> bool {
        [&self.longitude, &self.latitude]
            .iter()
            .all(|name| self.meanings[*name].is_plain())
    }

    /// What metadata say of the values of columns.
    pub fn applied(&self) -> Vec<Applied> {
        let meanings = self.meanings.iter();
        let applied = meanings.filter_map(|(name, meaning)| meaning.applied(name));
        applied.collect()
    }

    /// Positions in the schema of the coordinates, ascending.
    pub fn positions(&self, table: &TableFile) -> Vec<usize> {
        places(table, self.coordinates().into_iter())
    }

    /// Names of the columns that hold coordinates.
    fn coordinates(&self) -> Vec<&String> {
        match &self.points {
            Some(points) => vec![points],
            None => vec![&self.longitude, &self.latitude],
        }
    }

    /// Columns that come from the names of folders.
    pub fn partitions(&self, table: &TableFile) -> Vec<Partition> {
        let names = [&self.longitude, &self.latitude].into_iter();
        let names: Vec<&String> = names.chain(&self.filters).chain(&self.variables).collect();
        let needed = |partition: &&Partition| names.contains(&partition.field.name());
        table.partitions.iter().filter(needed).cloned().collect()
    }

    /// Positions in the schema of all columns, ascending.
    pub fn all(&self, table: &TableFile) -> Vec<usize> {
        let names = self.coordinates().into_iter();
        let names = names.chain(&self.filters).chain(&self.variables);
        places(table, names)
    }
}

fn places<'a>(table: &TableFile, names: impl Iterator<Item = &'a String>) -> Vec<usize> {
    let mut places: Vec<usize> = names
        .filter_map(|name| table.schema.index_of(name).ok())
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Type, units and name of each variable of the config, in its order.
///
/// # Errors
/// A column that is missing, stands twice, or is of a type that cannot be held.
pub fn source_columns(table: &TableFile, config: &Config) -> Result<Vec<SourceColumn>> {
    let describe = |variable: &crate::config::Variable| {
        let (_, field) = column(table, &variable.path)?;
        let dtype = meaning(table, field)?.dtype();
        let text = |key: &str| {
            let text = field.metadata().get(key).map(|text| text.trim());
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Ok(SourceColumn {
            name: variable.name.clone(),
            column_type: column_type(dtype),
            dtype,
            units: text("units"),
            long_name: text("long_name"),
        })
    };
    config.variables.iter().map(describe).collect()
}

/// What the values of a column mean, by the metadata of its field.
fn meaning(table: &TableFile, field: &Field) -> Result<Meaning> {
    let (dtype, _) = column(table, field.name())?;
    let text = |name: &str| {
        field
            .metadata()
            .get(name)
            .map(|text| text.trim().to_owned())
    };
    Meaning::new(&Attributes::of_field(text), dtype)
        .map_err(|why| table.error(format!("column {}: {why}", field.name())))
}

/// A column of this name and the type of its values.
fn column<'a>(table: &'a TableFile, name: &str) -> Result<(Dtype, &'a Field)> {
    let fields = table.schema.fields();
    let mut found = fields.iter().filter(|field| field.name() == name);
    let Some(field) = found.next() else {
        return of_folder(table, name);
    };
    if found.next().is_some() {
        return Err(table.error(format!(
            "has several columns named {name}; rename all but one of them"
        )));
    }
    let values = list_item(field.data_type()).unwrap_or(field.data_type());
    match dtype_of(values) {
        Some(dtype) => Ok((dtype, field)),
        None => Err(table.error(format!(
            "column {name} is {}, which is not supported; integers of up to 64 bits, float32, \
             float64, booleans and lists of them are: convert it",
            field.data_type()
        ))),
    }
}

/// A column in the names of the table's folders.
fn of_folder<'a>(table: &'a TableFile, name: &str) -> Result<(Dtype, &'a Field)> {
    let mut partitions = table.partitions.iter();
    let Some(partition) = partitions.find(|p| p.field.name() == name) else {
        return Err(missing(table, name));
    };
    match dtype_of(partition.field.data_type()) {
        Some(dtype) => Ok((dtype, &partition.field)),
        None => Err(table.error(format!(
            "column {name} is in the name of a folder, {name}={}, and not in the file; only numbers \
             are read from there: write the column into the table",
            partition.text
        ))),
    }
}

fn missing(table: &TableFile, name: &str) -> Error {
    let names = table.schema.fields().iter().map(|field| field.name());
    let likeness = |m: &&String| strsim::jaro_winkler(m, name);
    let nearest = names.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    table.error(match nearest {
        Some(nearest) => format!(
            "has no column {name}, the nearest of its {} columns is {nearest}; correct the name in \
             the config",
            table.schema.fields().len()
        ),
        None => format!("has no column {name}, nor any other; leave the table out"),
    })
}

/// The type of a list's elements.
pub(super) fn list_item(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// The type of a column's values; booleans are 0 and 1.
pub(super) fn dtype_of(data_type: &DataType) -> Option<Dtype> {
    Some(match data_type {
        DataType::Int8 => Dtype::I8,
        DataType::Int16 => Dtype::I16,
        DataType::Int32 => Dtype::I32,
        DataType::Int64 => Dtype::I64,
        DataType::UInt8 | DataType::Boolean => Dtype::U8,
        DataType::UInt16 => Dtype::U16,
        DataType::UInt32 => Dtype::U32,
        DataType::UInt64 => Dtype::U64,
        DataType::Float32 => Dtype::F32,
        DataType::Float64 => Dtype::F64,
        _ => return None,
    })
}

/// The type in which values are held where nothing wider is asked for.
pub(super) fn column_type(dtype: Dtype) -> ColumnType {
    match dtype {
        Dtype::F32 => ColumnType::F32,
        Dtype::F64 => ColumnType::F64,
        _ => ColumnType::I64,
    }
}

/// Whether the filters can tell the values of their columns apart.
fn check_filters(
    table: &TableFile,
    config: &Config,
    meanings: &BTreeMap<String, Meaning>,
) -> Result<()> {
    for filter in &config.filters {
        let meaning = &meanings[&filter.dataset];
        let numbered = filter.numbered(&[]);
        let fits = numbered.and_then(|f| f.check(meaning.dtype(), meaning.units.as_deref()));
        fits.map_err(|why| table.error(format!("column {}: {why}", filter.dataset)))?;
    }
    Ok(())
}
