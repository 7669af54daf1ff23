//! What is odd about values that are read, counted by dataset: it becomes a granule's warnings.
//!
//! On the line: the readers count among the photons that have a position where photons count, before
//! any filter, and among the positions of all that are read. The numbers do not depend on how rows are
//! cut into batches.

use std::collections::BTreeMap;

use super::meaning::is_stray;
use crate::batch::Values;

/// Counts of odd values, by dataset.
#[derive(Debug, Default)]
pub(crate) struct Oddities {
    outside: BTreeMap<String, Outside>,
    /// By dataset and value.
    strays: BTreeMap<(String, String), u64>,
}

#[derive(Debug)]
struct Outside {
    count: u64,
    range: String,
    position: bool,
}

impl Oddities {
    /// Counts values of a dataset outside its valid range, which is given in words; `position` where
    /// photons without it are none.
    pub fn outside(&mut self, dataset: &str, range: String, position: bool, count: usize) {
        if count == 0 {
            return;
        }
        let entry = self.outside.entry(dataset.to_owned());
        let entry = entry.or_insert(Outside {
            count: 0,
            range,
            position,
        });
        entry.count += count as u64;
    }

    /// Counts, at these places, values that look like fill values and are not declared as such.
    pub fn strays(&mut self, dataset: &str, values: &Values, places: impl Iterator<Item = usize>) {
        for place in places {
            let value = values.get_f64(place);
            if !is_stray(value) {
                continue;
            }
            let text = match values {
                Values::F32(v) => format!("{:e}", v[place]),
                _ => format!("{value:e}"),
            };
            *self.strays.entry((dataset.to_owned(), text)).or_default() += 1;
        }
    }

    /// Adds those of other rows.
    pub fn add(&mut self, other: Self) {
        for (dataset, found) in other.outside {
            self.outside(&dataset, found.range, found.position, found.count as usize);
        }
        for (key, count) in other.strays {
            *self.strays.entry(key).or_default() += count;
        }
    }

    /// One line for each, that names the granule.
    pub fn warnings(&self, granule: &str) -> Vec<String> {
        let outside = self.outside.iter().map(|(dataset, found)| {
            let Outside {
                count,
                range,
                position,
            } = found;
            let are = if *position { "no positions" } else { "null" };
            format!(
                "granule {granule}: {dataset}: {count} values lie outside its {range} and are {are}; \
                 output.valid_range: ignore takes them as they are"
            )
        });
        let strays = self.strays.iter().map(|((dataset, value), count)| {
            format!(
                "granule {granule}: {dataset}: {count} values are {value}, which programs write where \
                 there is none, and no attribute says so: they count as values; declare it as _FillValue, \
                 or filter them out"
            )
        });
        outside.chain(strays).collect()
    }
}
