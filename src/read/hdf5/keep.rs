//! What a config keeps of a block of rows: filters, nulls, columns.
//!
//! On the line: `reader.rs` selects the rows that have a valid position inside the wanted shards; here it is
//! decided what becomes of those.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::NullBuffer;

use super::kept::Kept;
use super::open_block::OpenBlock;
use super::select::Selection;
use super::track::Track;
use crate::config::{Config, NullPolicy};
use crate::photon::Counts;
use crate::photon::{Column, ColumnType};
use crate::read::buffers::Buffers;
use crate::read::filters::RowFilter;
use crate::read::oddities::Oddities;
use crate::{Error, Result};

/// The part of a config that says which rows stay, and as what.
#[derive(Debug)]
pub(super) struct Keep {
    granule: Arc<str>,
    pub variables: Vec<WantedColumn>,
    pub filters: Vec<RowFilter>,
    pub nulls: NullPolicy,
}

#[derive(Debug)]
pub(super) struct WantedColumn {
    pub name: String,
    pub column_type: ColumnType,
}

impl Keep {
    /// Of granule `granule`, of which one ground track with data is given; `types[i]` is the type wanted of variable `i`.
    pub fn new(
        granule: Arc<str>,
        config: &Config,
        types: &[ColumnType],
        track: Option<&Track>,
    ) -> Self {
        let variables = config.variables.iter().zip(types);
        let variables = variables.map(|(variable, &column_type)| WantedColumn {
            name: variable.name.clone(),
            column_type,
        });
        // All ground tracks have the same names, which `settle.rs` has seen to.
        let filters = config.filters.iter().enumerate();
        let filters = filters.map(|(place, filter)| {
            let members = track.map(|track| &*track.data(track.filters[place]).members);
            RowFilter::of_members(filter, members.unwrap_or_default())
        });
        Self {
            granule,
            variables: variables.collect(),
            filters: filters.collect(),
            nulls: config.nulls,
        }
    }

    /// Compares nothing with these filters, which hold of all rows.
    pub fn forget_filters(&mut self, places: Range<usize>) {
        self.filters.drain(places);
    }

    /// Counts what is odd about the values of selected rows, but for their positions.
    pub fn note_odd(block: &OpenBlock, selection: &Selection, oddities: &mut Oddities) {
        for source in block.track.besides_coordinates() {
            let (read, data) = (block.get(source), block.track.data(source));
            if let Some(outside) = &read.outside {
                let count = selection.rows().filter(|&i| outside.value(i)).count();
                oddities.outside(&data.path, data.meaning.range(), false, count);
            }
            if read.stray {
                let valid = selection.rows().filter(|&i| !read.is_null(i));
                oddities.strays(&data.path, &read.values, valid);
            }
        }
    }

    /// Drops the rows that filters reject, and counts them.
    pub fn filter(&self, block: &OpenBlock, selection: &mut Selection, counts: &mut Counts) {
        let filters = self.filters.iter().zip(&block.track.filters);
        let filters: Vec<_> = filters.map(|(f, &source)| (f, block.get(source))).collect();
        let rejected = selection.filter(&filters);
        for (filter, photons) in self.filters.iter().zip(rejected) {
            counts.reject(&filter.reason, photons);
        }
    }

    /// Refuses nulls where the config does, else drops the photons that are null in every column.
    pub fn settle_nulls(
        &self,
        block: &OpenBlock,
        selection: &mut Selection,
        counts: &mut Counts,
    ) -> Result<()> {
        let columns = &block.track.columns;
        if self.nulls == NullPolicy::Reject {
            for &source in columns {
                let read = block.get(source);
                if read.nulls.is_none() {
                    continue;
                }
                if let Some(null) = selection.find(|i| read.is_null(i)) {
                    return Err(self.at_row(
                        block,
                        source,
                        null as u32,
                        "is null and the config says `nulls: reject`; filter such photons out, or \
                         use `nulls: exclude`",
                    ));
                }
            }
        }
        let nulls = columns.iter().map(|&source| block.get(source));
        if !columns.is_empty() && nulls.clone().all(|read| read.nulls.is_some()) {
            let dropped = selection.drop_where(|i| nulls.clone().all(|read| read.is_null(i)));
            counts.reject("null", dropped);
        }
        Ok(())
    }

    /// The columns of the kept rows; counts their nulls.
    pub fn take_columns(
        &self,
        block: &mut OpenBlock,
        kept: &Kept,
        counts: &mut Counts,
        buffers: &mut Buffers,
    ) -> Result<Vec<Column>> {
        let mut columns = Vec::with_capacity(self.variables.len());
        for (wanted, &source) in self.variables.iter().zip(&block.track.columns) {
            let read = block.take(source);
            counts.outside(&wanted.name, read.outside_among(kept));
            let column = read.take(kept, wanted.column_type, buffers);
            let column = column.map_err(|inexact| {
                let message = format!(
                    "is an integer that {:?} does not hold exactly; run the granules in which \
                     the dataset is a float apart",
                    wanted.column_type
                );
                self.at_row(block, source, inexact.index, &message)
            })?;
            let nulls = column.nulls.as_ref().map_or(0, NullBuffer::null_count);
            if nulls > 0 {
                *counts.nulls.entry(wanted.name.clone()).or_default() += nulls as u64;
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// An error about the value of one photon; `index` counts from the start of the block.
    fn at_row(&self, block: &OpenBlock, source: usize, index: u32, message: &str) -> Error {
        let row = block.rows.start + u64::from(index);
        let path = &block.track.data(source).path;
        Error::granule(&*self.granule, format!("{path} row {row} {message}"))
    }
}
