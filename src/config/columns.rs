//! The source columns of a data source: which dataset, which column of it, on which level or from which join.
//!
//! Beside `source.rs`, which reads the rest of the section.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

use super::cycles::Cycles;
use super::faults::{Fault, Faults};
use super::joins::Joins;
use super::levels::{Levels, joined};
use super::raw::RawDataSource;
use super::shapes::{Entries, RawScalar};
use super::{Join, Link, Variable};
use crate::stat::Resolution;

/// A source column: a dataset path, or a mapping with more about it.
#[derive(Debug, Default)]
pub(super) struct RawVariable {
    pub path: String,
    pub column: Option<u64>,
    pub columns: Option<Vec<u64>>,
    pub cycle: Option<RawScalar>,
    pub resolution: Option<RawScalar>,
    pub level: Option<String>,
    pub join: Option<String>,
    /// One of the columns of another.
    pub is_part: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LongVariable {
    path: String,
    /// Column of a 2-D dataset, counted from 0; given there only.
    column: Option<u64>,
    /// In place of `column`, several of them: `NAME[3]` in expressions, and `any(NAME >= 3)`, `all(NAME >= 3)`.
    columns: Option<Vec<u64>>,
    /// In place of `column`, the cycle of the orbit whose column it is by `cycle_number` beside the dataset (ATL11): its
    /// number, or one of the names in `data_source.cycles`.
    cycle: Option<RawScalar>,
    /// Size of one integer unit, a power of two: `2^-34`, `2**-34` or a number.
    resolution: Option<RawScalar>,
    /// The level that the dataset belongs to.
    level: Option<String>,
    /// The join that the dataset comes with: it is in another granule beside that of the photons.
    join: Option<String>,
}

impl Variable {
    /// The dataset as messages and lists have it: with its column, and the product that it is joined from.
    pub fn shown(&self, joins: &[Join]) -> String {
        let column = self
            .column
            .map_or(String::new(), |column| format!("[:,{column}]"));
        let cycle = self
            .cycle
            .map_or(String::new(), |cycle| format!("[cycle {cycle}]"));
        let column = column + &cycle;
        match self.join.and_then(|join| joins.get(join)) {
            Some(join) => format!("{} {}{column}", join.product, self.path),
            None => format!("{}{column}", self.path),
        }
    }
}

/// What source columns may belong to.
pub(super) struct Columns<'a> {
    pub levels: &'a Levels<'a>,
    pub joins: &'a Joins<'a>,
    pub cycles: &'a Cycles<'a>,
    pub link: Option<&'a Link>,
}

impl Columns<'_> {
    /// A source column; what is wrong with it is added to the faults.
    pub fn variable(&self, name: &str, raw: &RawVariable, faults: &mut Faults) -> Variable {
        let key = format!("data_source.variables.{name}");
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word = if raw.is_part { base(name) } else { name };
        if !word.chars().all(is_word)
            || word.is_empty()
            || word.starts_with(|c: char| c.is_ascii_digit())
        {
            let message = "a source column's name is made of letters, digits and '_', so that expressions can use it";
            faults.add(Fault::new(&*key, message));
        }
        let join = faults.keep(self.joins.of(&key, raw)).flatten();
        if let Some(level) = &raw.level {
            faults.keep(self.levels.check(&format!("{key}.level"), level));
        }
        let level = raw.level.as_deref().and_then(|n| self.levels.get(n));
        let path = match (join, level) {
            (Some(join), _) => self.joins.path(join, &raw.path),
            (None, Some(level)) => joined(&level.path, &raw.path),
            (None, None) => raw.path.clone(),
        };
        let column = raw.column.map(usize::try_from).transpose();
        let column = column.map_err(|_| Fault::new(format!("{key}.column"), "is too large"));
        let resolution = raw.resolution.as_ref().map(resolution).transpose();
        let resolution = resolution.map_err(|m| Fault::new(format!("{key}.resolution"), m));
        Variable {
            name: name.into(),
            column: faults.keep(column).flatten(),
            cycle: faults.keep(self.cycles.of(&key, raw)).flatten(),
            resolution: faults.keep(resolution).flatten(),
            per_segment: join.is_none() && self.is_per_segment(name, raw, &path),
            join,
            path,
        }
    }

    fn is_per_segment(&self, name: &str, raw: &RawVariable, path: &str) -> bool {
        self.link.is_some_and(|link| {
            raw.level.as_ref().map_or_else(
                || below(&link.path, path) || self.levels.lists(&link.level, base(name)),
                |level| *level == link.level,
            )
        })
    }
}

/// The name that a column of several has before its number.
pub(super) fn base(name: &str) -> &str {
    name.split_once('[').map_or(name, |(base, _)| base)
}

/// Columns of one dataset under one name at most.
const MOST_COLUMNS: usize = 256;

/// Takes the columns that levels declare to the others, and each column of several apart.
pub(super) fn lift(raw: &mut RawDataSource, faults: &mut Faults) {
    for (level, declared) in raw.levels.iter_mut().flat_map(|all| &mut all.0) {
        let Some(RawListed::Declared(variables)) = &mut declared.variables else {
            continue;
        };
        let mut names = Vec::new();
        for (name, mut variable) in std::mem::take(&mut variables.0) {
            let key = format!("data_source.levels.{level}.variables.{name}");
            if raw.variables.0.iter().any(|(other, _)| *other == name) {
                let message = "is one of data_source.variables, too; keep one";
                faults.add(Fault::new(&*key, message));
            } else if variable.level.as_ref().is_some_and(|other| other != level) {
                faults.add(Fault::new(
                    format!("{key}.level"),
                    format!("is not '{level}', which declares it"),
                ));
            } else {
                variable.level = variable.join.is_none().then(|| level.clone());
                raw.variables.0.push((name.clone(), variable));
            }
            names.push(name);
        }
        declared.variables = Some(RawListed::Names(names));
    }
    let mut apart = Vec::new();
    for (name, variable) in std::mem::take(&mut raw.variables.0) {
        let Some(columns) = &variable.columns else {
            apart.push((name, variable));
            continue;
        };
        let key = format!("data_source.variables.{name}");
        let repeated = columns
            .iter()
            .enumerate()
            .find(|(i, column)| columns[..*i].contains(column));
        if let Some((_, column)) = repeated {
            faults.add(Fault::new(
                format!("{key}.columns"),
                format!("has {column} twice; give each column once"),
            ));
        } else if columns.is_empty() || columns.len() > MOST_COLUMNS {
            let message = format!("are {}, and 1 to {MOST_COLUMNS} are read", columns.len());
            faults.add(Fault::new(format!("{key}.columns"), message));
        } else if variable.column.is_some() {
            faults.add(Fault::new(
                format!("{key}.columns"),
                "stands beside column; keep one",
            ));
        } else if variable.cycle.is_some() {
            faults.add(Fault::new(
                format!("{key}.columns"),
                "stands beside cycle; keep one",
            ));
        }
        for &column in columns.iter().take(MOST_COLUMNS) {
            let part = RawVariable {
                path: variable.path.clone(),
                column: Some(column),
                columns: None,
                cycle: None,
                resolution: variable.resolution.clone(),
                level: variable.level.clone(),
                join: variable.join.clone(),
                is_part: true,
            };
            apart.push((format!("{name}[{column}]"), part));
        }
    }
    raw.variables.0 = apart;
}

/// The source columns of a level: names of some, or declared here.
#[derive(Debug)]
pub(super) enum RawListed {
    Names(Vec<String>),
    Declared(Entries<RawVariable>),
}

impl RawListed {
    /// The names, which are all there is once the others were lifted.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Names(names) => names,
            Self::Declared(_) => &[],
        }
    }
}

impl<'de> Deserialize<'de> for RawListed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Listed;
        impl<'de> Visitor<'de> for Listed {
            type Value = RawListed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of source columns, or a mapping that declares them")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawListed, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                Ok(RawListed::Names(names))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawListed, A::Error> {
                Entries::deserialize(MapAccessDeserializer::new(map)).map(RawListed::Declared)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<RawListed, E> {
                // In place of a value that is wrong.
                if text.is_empty() {
                    return Ok(RawListed::Names(Vec::new()));
                }
                Err(E::invalid_type(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Listed)
    }
}

impl JsonSchema for RawListed {
    fn schema_name() -> Cow<'static, str> {
        "VariablesOfLevel".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names = generator.subschema_for::<Vec<String>>();
        let declared = generator.subschema_for::<Entries<RawVariable>>();
        schemars::json_schema!({ "anyOf": [names, declared] })
    }
}

/// The dataset lies directly in the group.
fn below(group: &str, path: &str) -> bool {
    let rest = path.strip_prefix(group).and_then(|p| p.strip_prefix('/'));
    rest.is_some_and(|name| !name.contains('/'))
}

/// `2^-34`, `2**-34` or a number that is a power of two.
fn resolution(scalar: &RawScalar) -> Result<Resolution, String> {
    let wrong = |shown: String| {
        Err(format!(
            "'{shown}' is not a power of two from 2^-100 to 2^60, e.g. 2^-34"
        ))
    };
    let value = match scalar {
        RawScalar::Text(text) => {
            let power = text.strip_prefix("2^").or_else(|| text.strip_prefix("2**"));
            let exponent = power.and_then(|p| p.trim().parse::<i32>().ok());
            let found = exponent
                .and_then(i32::checked_neg)
                .and_then(Resolution::new);
            return found.map_or_else(|| wrong(text.clone()), Ok);
        }
        RawScalar::Integer(value) => *value as f64,
        RawScalar::Float(value) => *value,
    };
    let mut all = (-60..=100).filter_map(Resolution::new);
    all.find(|r| r.unit().to_bits() == value.to_bits())
        .map_or_else(|| wrong(value.to_string()), Ok)
}

impl<'de> Deserialize<'de> for RawVariable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Variable;
        impl<'de> Visitor<'de> for Variable {
            type Value = RawVariable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a dataset path or a mapping with path, column, columns, cycle, resolution, level and join")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<RawVariable, E> {
                Ok(RawVariable {
                    path: path.into(),
                    ..RawVariable::default()
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawVariable, A::Error> {
                let long = LongVariable::deserialize(MapAccessDeserializer::new(map))?;
                Ok(RawVariable {
                    path: long.path,
                    column: long.column,
                    columns: long.columns,
                    cycle: long.cycle,
                    resolution: long.resolution,
                    level: long.level,
                    join: long.join,
                    is_part: false,
                })
            }
        }
        deserializer.deserialize_any(Variable)
    }
}

impl JsonSchema for RawVariable {
    fn schema_name() -> Cow<'static, str> {
        "Variable".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let long = generator.subschema_for::<LongVariable>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, long] })
    }
}
