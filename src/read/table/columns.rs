//! The columns of a table that a config needs: each must exist, once, and have a type that can be held.
//!
//! On the line: `reader.rs` looks here before it reads the first row, the survey asks here for types and
//! units.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;

use super::fields::{Pick, find};
use super::file::{Format, TableFile};
use super::partitions::Partition;
use super::points;
use super::times;
use super::types::{column_type, dtype_of, list_item};
use crate::config::{Config, Dtype};
use crate::grid::Locator;
use crate::photon::ColumnType;
use crate::photon::SourceColumn;
use crate::read::Attributes;
use crate::read::{Applied, Axis, Meaning, StepFinder, check_degrees};
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
            points::check(table, field)?;
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
            let (dtype, field) = found?;
            let mut meaning = meaning(table, name, (dtype, field))?;
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
            // Of text, whole degrees are as good.
            if !dtype.is_float() && !matches!(table.format, Format::Csv(_)) {
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

    /// What is read of the coordinates, in the order of the schema.
    pub fn positions(&self, table: &TableFile) -> Vec<Pick> {
        self.picks(table, std::iter::empty())
    }

    /// Fields of structs, each with the names that lead to it.
    pub fn fields(&self, table: &TableFile) -> Vec<(String, Vec<String>)> {
        let mut fields = Vec::new();
        for name in self.named() {
            let Some(found) = find(&table.schema, name).into_iter().next() else {
                continue;
            };
            if !found.pick.path.is_empty() {
                let root = table.schema.field(found.pick.root).name().clone();
                let path = std::iter::once(root).chain(found.pick.path);
                fields.push((name.clone(), path.collect()));
            }
        }
        fields.sort();
        fields.dedup();
        fields
    }

    /// Names of columns, other than one of points.
    fn named(&self) -> impl Iterator<Item = &String> {
        let degrees = [&self.longitude, &self.latitude];
        let degrees = degrees.into_iter().filter(|_| self.points.is_none());
        degrees.chain(&self.filters).chain(&self.variables)
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

    /// What is read of all columns, in the order of the schema.
    pub fn all(&self, table: &TableFile) -> Vec<Pick> {
        self.picks(table, self.filters.iter().chain(&self.variables))
    }

    /// What is read of the coordinates and of these columns.
    fn picks<'a>(
        &'a self,
        table: &TableFile,
        others: impl Iterator<Item = &'a String>,
    ) -> Vec<Pick> {
        let mut picks = match &self.points {
            Some(points) => points::picks(table, points),
            None => Vec::new(),
        };
        let coordinates = self.coordinates().into_iter();
        let coordinates = coordinates.filter(|_| self.points.is_none());
        for name in coordinates.chain(others) {
            picks.extend(
                find(&table.schema, name)
                    .into_iter()
                    .map(|found| found.pick),
            );
        }
        picks.sort();
        picks.dedup();
        picks
    }
}

/// Type, units and name of each variable of the config, in its order.
///
/// # Errors
/// A column that is missing, stands twice, or is of a type that cannot be held.
pub fn source_columns(table: &TableFile, config: &Config) -> Result<Vec<SourceColumn>> {
    let describe = |variable: &crate::config::Variable| {
        let (stored, field) = column(table, &variable.path)?;
        let dtype = meaning(table, &variable.path, (stored, field))?.dtype();
        let text = |key: &str| {
            let text = field.metadata().get(key).map(|text| text.trim());
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let units = || text("units");
        Ok(SourceColumn {
            name: variable.name.clone(),
            column_type: column_type(dtype),
            dtype,
            units: if is_time(field) {
                Some(times::UNITS.to_owned())
            } else {
                units()
            },
            long_name: text("long_name"),
        })
    };
    config.variables.iter().map(describe).collect()
}

/// What the values of a column mean, by the metadata of its field; those of dates and timestamps are times.
fn meaning(table: &TableFile, name: &str, (dtype, field): (Dtype, &Field)) -> Result<Meaning> {
    let is_time = is_time(field);
    let text = |key: &str| {
        if is_time && key == "units" {
            return Some(times::UNITS.to_owned());
        }
        field.metadata().get(key).map(|text| text.trim().to_owned())
    };
    let attributes = Attributes::of_field(text);
    if is_time && let Some(key) = attributes.first() {
        return Err(table.error(format!(
            "column {name} is {}, and its metadata have {key}, which is for numbers; take it out",
            field.data_type()
        )));
    }
    Meaning::new(&attributes, dtype).map_err(|why| table.error(format!("column {name}: {why}")))
}

fn is_time(field: &Field) -> bool {
    times::is_time(list_item(field.data_type()).unwrap_or(field.data_type()))
}

/// A column of this name and the type of its values.
fn column<'a>(table: &'a TableFile, name: &str) -> Result<(Dtype, &'a Field)> {
    let mut found = find(&table.schema, name).into_iter();
    let Some(first) = found.next() else {
        return of_folder(table, name);
    };
    if found.next().is_some() {
        return Err(table.error(format!(
            "has several columns named {name}; rename all but one of them"
        )));
    }
    let (field, is_field) = (first.field, !first.pick.path.is_empty());
    let refused = |why: &str| {
        let message = format!("column {name} is {}, {why}", field.data_type());
        table.error(message)
    };
    let item = list_item(field.data_type());
    if is_field && item.is_some() {
        return Err(refused(
            "and in structs no lists are read: write it as a column of its own",
        ));
    }
    let values = item.unwrap_or(field.data_type());
    if let DataType::Dictionary(..) = values
        && !matches!(table.format, Format::Parquet(_))
        && dtype_of(values).is_some()
    {
        return Err(refused(
            "and of Arrow IPC no dictionaries are read: write it as plain values, or as Parquet",
        ));
    }
    if let DataType::Struct(fields) = values
        && let Some(inner) = fields.first().filter(|_| item.is_none())
    {
        let why = format!(
            "and its fields are columns; name one of them, such as {name}.{}",
            inner.name()
        );
        return Err(refused(&why));
    }
    match dtype_of(values) {
        Some(dtype) => Ok((dtype, field)),
        None if table.why_text(name).is_some() => {
            Err(refused(&table.why_text(name).unwrap_or_default()))
        }
        None => Err(refused(
            "which is not supported; integers of up to 64 bits, float32, float64, booleans, dates, timestamps and \
             lists of them are: convert it",
        )),
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
        let fits = fits.and_then(|()| match (&filter.moment, &config.axis) {
            (Some(_), Some(_)) => StepFinder::check(meaning.dtype()),
            _ => Ok(()),
        });
        fits.map_err(|why| table.error(format!("column {}: {why}", filter.dataset)))?;
    }
    Ok(())
}
