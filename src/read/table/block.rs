//! Photons of a table on their way into a batch: their columns, loaded one by one.
//!
//! On the line: between the unfolded rows of `explode.rs` and what `reader.rs` keeps of them.

use std::sync::Arc;

use arrow::array::ArrayRef;

use super::columns::Needed;
use super::explode::Photons;
use super::file::TableFile;
use super::values::Held;
use crate::Result;

/// Photons of consecutive rows.
pub(super) struct Block {
    /// Names of the columns.
    pub names: Arc<[String]>,
    pub photons: Photons,
    /// Row of the table that the first is of.
    pub first: u64,
    /// Bytes of the values that were loaded.
    pub bytes: u64,
}

impl Block {
    /// The values of a column, as they are meant.
    pub fn load(&mut self, table: &TableFile, needed: &Needed, name: &str) -> Result<Held> {
        let place = self.names.iter().position(|n| n == name);
        let array: &ArrayRef = place
            .and_then(|place| self.photons.columns.get(place))
            .unwrap_or_else(|| unreachable!("every needed column is read"));
        let width = array.data_type().primitive_width().unwrap_or(1);
        self.bytes += (array.len() * width) as u64;
        if let Some(held) = needed.words.held(name, array) {
            return Ok(held);
        }
        let held = Held::new(array).map_err(|(place, value)| {
            table.error(format!(
                "column {name} row {} is {value}, above the largest integer held, {}; leave the \
                 column out",
                self.row(place as u32),
                i64::MAX
            ))
        })?;
        Ok(held.meant(needed.meaning(name)))
    }

    /// The table's row of a photon.
    pub fn row(&self, photon: u32) -> u64 {
        self.first + self.photons.rows[photon as usize]
    }
}
