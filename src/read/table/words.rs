//! Columns of text, which filters compare: nothing is computed with them.
//!
//! On the line: `columns.rs` finds them, `block.rs` loads them. Each text is held as the place of the word that it is, among
//! those that filters compare its column with, as if the words were members of an enum. A twin of
//! `src/read/hdf5/texts.rs`.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field};

use super::fields::{find, is_text};
use super::file::TableFile;
use super::values::Held;
use crate::config::{Config, Filter};
use crate::photon::Values;
use crate::read::Attributes;
use crate::{Error, Result};

/// A text that is none of the words.
const OTHER: i64 = -1;

/// Columns of text that filters compare, each with its words, and the numbers that stand for them.
#[derive(Debug, Default)]
pub(super) struct Words {
    of: BTreeMap<String, Vec<(String, i64)>>,
    /// Columns of booleans that filters compare with `true` or `false`, and what the two are called.
    booleans: BTreeMap<String, [(String, i64); 2]>,
}

impl Words {
    /// Of the filters of a config whose columns are text.
    ///
    /// # Errors
    /// Text that is compared with a number, or whose metadata are those of numbers.
    pub fn of(table: &TableFile, config: &Config) -> Result<Self> {
        let mut words = Self::default();
        for filter in &config.filters {
            let name = &filter.dataset;
            let field = field(table, name);
            if field.is_some_and(|field| *field.data_type() == DataType::Boolean) {
                let names = [("FALSE".to_owned(), 0), ("TRUE".to_owned(), 1)];
                words.booleans.insert(name.clone(), names);
            }
            // A null in the name of a folder is whatever it is compared with.
            let is_null = !filter.words.is_empty() && is_null_folder(table, name);
            let Some(field) = field.filter(|field| is_text(field.data_type()) || is_null) else {
                continue;
            };
            check(table, filter, field)?;
            let known = words.of.entry(name.clone()).or_default();
            for word in &filter.words {
                let same = |(known, _): &&(String, i64)| known.trim_end() == word.trim_end();
                let next = known
                    .iter()
                    .map(|(_, number)| number + 1)
                    .max()
                    .unwrap_or(0);
                let number = known.iter().find(same).map_or(next, |(_, number)| *number);
                if !known.iter().any(|(known, _)| known == word) {
                    known.push((word.clone(), number));
                }
            }
        }
        Ok(words)
    }

    /// Whether a column is text that filters compare.
    pub fn has(&self, name: &str) -> bool {
        self.of.contains_key(name)
    }

    /// The words of a column, those of booleans among them; none of others.
    pub fn members(&self, name: &str) -> &[(String, i64)] {
        let booleans = || self.booleans.get(name).map_or(&[][..], |names| names);
        self.of.get(name).map_or_else(booleans, Vec::as_slice)
    }

    /// The texts of an array as numbers, where its column is of text.
    pub fn held(&self, name: &str, array: &ArrayRef) -> Option<Held> {
        let words = self.of.get(name)?;
        let number = |text: Option<&str>| {
            let text = text.unwrap_or_default().trim_end();
            let known = words.iter().find(|(word, _)| word.trim_end() == text);
            known.map_or(OTHER, |(_, number)| *number)
        };
        let numbers: Vec<i64> = match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().iter().map(number).collect(),
            DataType::LargeUtf8 => array.as_string::<i64>().iter().map(number).collect(),
            DataType::Utf8View => array.as_string_view_opt()?.iter().map(number).collect(),
            _ if array.null_count() == array.len() => vec![OTHER; array.len()],
            _ => return None,
        };
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        Some(Held {
            values: Values::I64(numbers.into()),
            nulls,
            outside: None,
            stray: false,
        })
    }
}

/// Whether a filter may compare a column of text.
fn check(table: &TableFile, filter: &Filter, field: &Field) -> Result<()> {
    let name = &filter.dataset;
    let refused = |why: String| -> Result<(), Error> {
        Err(table.error(format!("column {name} is text, and {why}")))
    };
    if let Some(moment) = &filter.moment {
        return refused(format!(
            "times are asked for, from or to {moment}; name a column of times in time.dataset"
        ));
    }
    if let Some(number) = filter.values.first() {
        return refused(format!(
            "a filter compares it with the number {number}; write it in quotes"
        ));
    }
    let attributes = Attributes::of_field(|key| field.metadata().get(key).cloned());
    match attributes.first() {
        Some(key) => refused(format!(
            "its metadata have {key}, which is for numbers; take it out"
        )),
        None => Ok(()),
    }
}

/// Whether a column is the name of a folder that stands for null.
fn is_null_folder(table: &TableFile, name: &str) -> bool {
    let mut partitions = table.partitions.iter();
    find(&table.schema, name).is_empty()
        && partitions.any(|partition| partition.field.name() == name && partition.is_null())
}

/// The one column of this name, in the file or in the names of its folders.
fn field<'a>(table: &'a TableFile, name: &str) -> Option<&'a Field> {
    let mut found = find(&table.schema, name).into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one.field),
        (Some(_), Some(_)) => None,
        (None, _) => {
            let mut partitions = table.partitions.iter();
            let partition = partitions.find(|partition| partition.field.name() == name)?;
            Some(&partition.field)
        }
    }
}
