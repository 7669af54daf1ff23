//! The columns of a table that a config needs: each must exist, once, and have a type that can be held.
//!
//! On the line: `reader.rs` looks here before it reads the first row, the survey asks here for types and
//! units.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field};
use arrow::record_batch::RecordBatch;

use super::fields::{Pick, find};
use super::file::{Format, TableFile};
use super::lookup::{column, missing};
use super::partitions::Partition;
use super::points;
use super::types::{column_type, list_item};
use super::words::Words;
use crate::Result;
use crate::config::{Config, Dtype};
use crate::grid::Locator;
use crate::photon::ColumnType;
use crate::photon::SourceColumn;
use crate::read::Attributes;
use crate::read::times;
use crate::read::{Applied, Axis, Meaning, check_degrees};

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
    /// Those of text.
    pub words: Words,
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
        let words = Words::of(table, config)?;
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
        let numbers = degrees.into_iter();
        let numbers = numbers.chain(config.variables.iter().map(|variable| &variable.path));
        let numbers: Vec<&String> = numbers.collect();
        for name in named {
            if words.has(name) && !numbers.contains(&name) {
                let plain = Meaning::new(&Attributes::of_field(|_| None), Dtype::I64);
                meanings.insert(name.clone(), plain.map_err(|why| table.error(why))?);
                continue;
            }
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
        check_coordinates(table, config, (&mut meanings, &mut warnings))?;
        check_filters(table, config, (&meanings, &words))?;
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
            words,
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

/// Whether values are moments or dates, those of a dictionary and of lists among them.
fn is_time(field: &Field) -> bool {
    let item = list_item(field.data_type()).unwrap_or(field.data_type());
    match item {
        DataType::Dictionary(_, values) => times::is_time(values),
        other => times::is_time(other),
    }
}

/// Whether the coordinates are in degrees, of floating point where the file says types.
fn check_coordinates(
    table: &TableFile,
    config: &Config,
    (meanings, warnings): (&mut BTreeMap<String, Meaning>, &mut Vec<String>),
) -> Result<()> {
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
        warnings
            .extend(odd.map(|odd| format!("granule {}: column {coordinate}: {odd}", table.name())));
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
    Ok(())
}

/// Whether the filters can tell the values of their columns apart.
fn check_filters(
    table: &TableFile,
    config: &Config,
    (meanings, words): (&BTreeMap<String, Meaning>, &Words),
) -> Result<()> {
    for filter in &config.filters {
        let meaning = &meanings[&filter.dataset];
        let numbered = filter.numbered(words.members(&filter.dataset));
        let fits = numbered.and_then(|f| f.check(meaning.dtype(), meaning.units.as_deref()));
        fits.map_err(|why| table.error(format!("column {}: {why}", filter.dataset)))?;
    }
    Ok(())
}
