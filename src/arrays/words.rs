//! What columns are called in the pipeline file of a question.

use std::collections::BTreeMap;

use super::question::Columns;
use crate::error::{Error, Result};

/// Refuses columns that would be one in the pipeline file.
pub(super) fn check_words(columns: &Columns) -> Result<()> {
    let weights = columns.weights.iter();
    let mut words = BTreeMap::new();
    let all = columns.values.iter().chain(weights);
    for (place, name) in all.enumerate() {
        let called = word(name, place);
        match words.insert(called.clone(), name) {
            Some(other) if other != name => {
                return Err(Error::argument(format!(
                    "columns {other} and {name} would both be called {called}; rename one of them"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The name of a column in the pipeline file: its own where that is a word.
pub(super) fn word(name: &str, place: usize) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = name.chars().all(is_word) && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if fits {
        name.to_owned()
    } else {
        format!("column_{place}")
    }
}
