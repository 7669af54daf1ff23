//! Cycles of the orbit that choose columns of 2-D datasets: by number, or by a name that the config has for one.
//!
//! Beside `columns.rs`. ATL11 has a column for each cycle; which one it is is found where a granule is read
//! (`src/read/hdf5/of_cycle.rs`).

use super::columns::RawVariable;
use super::faults::{Fault, Faults};
use super::numbered::Numbered;
use super::raw::RawDataSource;
use super::shapes::RawScalar;
use crate::expr::suggestion;

/// The cycles that a config has names for.
pub(super) struct Cycles<'a> {
    named: Vec<(&'a str, u64)>,
}

impl<'a> Cycles<'a> {
    /// Those of a data source; numbers that no cycle has are faults.
    pub fn new(raw: &'a RawDataSource, faults: &mut Faults) -> Self {
        let entries = raw.cycles.iter().flat_map(|entries| &entries.0);
        let named: Vec<(&str, u64)> = entries
            .map(|(name, cycle)| (name.as_str(), *cycle))
            .collect();
        for (name, cycle) in &named {
            let key = format!("data_source.cycles.{name}");
            faults.keep(checked(&key, *cycle));
            if name.bytes().all(|c| c.is_ascii_digit()) {
                let message = "is a number, and stands for one; give it a name, such as first";
                faults.add(Fault::new(key, message));
            }
        }
        Self { named }
    }

    /// The cycle of a source column, where it has one.
    pub fn of(&self, key: &str, raw: &RawVariable) -> Result<Option<u32>, Fault> {
        let Some(asked) = &raw.cycle else {
            return Ok(None);
        };
        let key = format!("{key}.cycle");
        if raw.column.is_some() {
            return Err(Fault::new(key, "stands beside column; keep one"));
        }
        match asked {
            RawScalar::Integer(number) => {
                let number = u64::try_from(*number).unwrap_or(u64::MAX);
                checked(&key, number).map(Some)
            }
            RawScalar::Float(number) => {
                let message = format!("is {number}; a cycle is a whole number");
                Err(Fault::new(key, message))
            }
            RawScalar::Text(name) => {
                let known = self.named.iter().find(|(known, _)| known == name);
                if let Some((_, cycle)) = known {
                    // A number that no cycle has is a fault of its own.
                    return Ok(u32::try_from(*cycle).ok());
                }
                let names = self.named.iter().map(|(name, _)| *name);
                let near = suggestion(name, names);
                let message = format!(
                    "'{name}' is neither the number of a cycle nor in data_source.cycles{near}"
                );
                Err(Fault::new(key, message))
            }
        }
    }
}

/// A number that a cycle may have.
fn checked(key: &str, cycle: u64) -> Result<u32, Fault> {
    let cycles = 1..=*Numbered::Cycle.range().end();
    match u32::try_from(cycle) {
        Ok(cycle) if cycles.contains(&cycle) => Ok(cycle),
        _ => {
            let message = format!("is {cycle}; cycles are 1 to {}", cycles.end());
            Err(Fault::new(key, message))
        }
    }
}
