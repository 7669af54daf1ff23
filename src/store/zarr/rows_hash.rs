//! The content hash that a store of some rows would have, of rows that go elsewhere.
//!
//! Beside `group.rs`: the same values in the same order, and nothing is written. Arrays at steps of time are hashed as
//! `by_step.rs` has them.

use sha2::{Digest, Sha256};

use super::metadata::{ArrayLayout, CELL_IDS};
use super::times;
use super::value::little_endian_bytes;
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema, StoreSteps};
use crate::store::content::{ContentHash, content_hash};

/// Hashes rows of one number for each output, as they come.
#[derive(Debug)]
pub struct RowsHash {
    ids: Sha256,
    arrays: Vec<(ArrayLayout, Sha256)>,
    steps: Option<StoreSteps>,
    /// Cells so far, and the last of them.
    cells: u64,
    last: Option<u64>,
}

impl RowsHash {
    /// None yet.
    ///
    /// # Errors
    /// In words: an output that is not one number for each cell, or whose fill value its type does not hold.
    pub fn new(schema: &StoreSchema) -> Result<Self, String> {
        let arrays = schema.arrays.iter().map(|output| {
            if output.kind.is_ragged() || output.kind.values().is_some() {
                let name = &output.name;
                return Err(format!(
                    "{name} has several values for a cell, and a row has one"
                ));
            }
            Ok((ArrayLayout::output(output)?, Sha256::new()))
        });
        Ok(Self {
            ids: Sha256::new(),
            arrays: arrays.collect::<Result<_, String>>()?,
            steps: schema.steps.clone(),
            cells: 0,
            last: None,
        })
    }

    /// Cells so far.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    /// Adds rows; their ids continue ascending.
    ///
    /// # Errors
    /// The table is not the schema's.
    pub fn add(&mut self, table: &CellTable) -> Result<()> {
        let numbers = self.number(table.ids());
        let steps = self.steps.as_ref().zip(table.steps());
        let leading = 1 + usize::from(self.steps.is_some());
        let columns = table.rows.columns().iter().skip(leading);
        for ((layout, hash), column) in self.arrays.iter_mut().zip(columns) {
            let bytes = little_endian_bytes(column, layout).map_err(Error::gate)?;
            let Some((steps, of_rows)) = steps else {
                hash.update(&bytes);
                continue;
            };
            let values = bytes.chunks_exact(layout.fill.len());
            for ((value, number), &step) in values.zip(&numbers).zip(of_rows) {
                if value != layout.fill {
                    let place = steps.place(step).unwrap_or_default();
                    let position = number * steps.len() + place;
                    hash.update(position.to_le_bytes());
                    hash.update(value);
                }
            }
        }
        Ok(())
    }

    /// The number of the cell of each row among all cells, from 0.
    fn number(&mut self, ids: &[u64]) -> Vec<u64> {
        let mut numbers = Vec::with_capacity(ids.len());
        for &id in ids {
            if self.last != Some(id) {
                self.ids.update(id.to_le_bytes());
                self.last = Some(id);
                self.cells += 1;
            }
            numbers.push(self.cells - 1);
        }
        numbers
    }

    /// The hash of every array, `cell_ids` first, and of all together.
    pub fn finish(self) -> (Vec<ContentHash>, String) {
        let ids = ContentHash {
            array: CELL_IDS.to_owned(),
            dtype: Dtype::U64,
            sha256: hex(&self.ids.finalize()),
        };
        let arrays = self.arrays.into_iter().map(|(layout, hash)| ContentHash {
            array: layout.name,
            dtype: layout.dtype,
            sha256: hex(&hash.finalize()),
        });
        let mut hashes: Vec<ContentHash> = std::iter::once(ids).chain(arrays).collect();
        hashes.extend(self.steps.iter().flat_map(times::hashes));
        let all = content_hash(&hashes);
        (hashes, all)
    }
}
