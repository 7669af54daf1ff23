//! Rows of several datasets, read together: decoded into what they are wanted for, and freed of what is null.
//!
//! On the line: `track.rs` asks for a block of all datasets at once. What only filters look at is not made wider than it
//! is stored, and of times the extremes are found while they pass.

use std::ops::Range;

use rayon::prelude::*;

use super::block::Block;
use super::chunk::{Request, decode};
use super::columns::SourceDataset;
use super::select::TILE;
use super::storage::at_once;
use super::types::column_type;
use crate::Result;
use crate::config::Dtype;
use crate::decode::convert::Target;
use crate::decode::extremes::Extremes;
use crate::photon::Values;
use crate::read::buffers::Buffers;
use crate::read::integers::Integers;
use crate::read::meant::Meant;
use crate::read::spent::Spent;

/// Rows of a dataset that are wanted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub source: &'a SourceDataset,
    pub rows: Range<u64>,
    pub looked_at: LookedAt,
    /// Photons are told by them as times.
    pub are_times: bool,
}

/// Who looks at values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LookedAt {
    /// A batch may hold them as they are read.
    InBatch,
    /// Filters, and nobody else: integers may stay as they are stored.
    ByFilters,
    ByAny,
}

/// What rows are decoded into.
enum Decoded {
    Values(Values),
    Integers(Integers),
}

impl Wanted<'_> {
    fn room(&self, buffers: &mut Buffers) -> Decoded {
        let length = (self.rows.end - self.rows.start) as usize;
        let stored = column_type(self.source.stored);
        match self.looked_at {
            LookedAt::ByFilters if self.source.is_compared_as_stored() => {
                Decoded::Integers(buffers.take_integers(self.source.stored, length))
            }
            LookedAt::InBatch => Decoded::Values(buffers.take_for_batch(stored, length)),
            _ => Decoded::Values(buffers.take(stored, length)),
        }
    }

    fn finish(&self, decoded: Decoded, extremes: Option<Extremes>) -> Result<Block> {
        match decoded {
            Decoded::Values(values) => {
                let known = (self.are_times, extremes);
                self.source.finish(values, self.rows.start, known)
            }
            Decoded::Integers(integers) => {
                Ok(self.source.finish_integers(integers, self.rows.start))
            }
        }
    }
}

impl Decoded {
    fn target(&mut self) -> Target<'_> {
        match self {
            Self::Values(Values::F32(v)) => Target::F32(v),
            Self::Values(Values::F64(v)) => Target::F64(v),
            Self::Values(Values::I64(v)) => Target::I64(v),
            Self::Integers(integers) => integers.target(),
        }
    }
}

/// Reads rows of several datasets; their storage chunks in parallel, in the rayon pool of the
/// caller.
pub(super) fn read_all(wanted: &[Wanted], buffers: &mut Buffers) -> Result<(Vec<Block>, Spent)> {
    let mut read = Vec::with_capacity(wanted.len());
    let mut spent = Spent::default();
    for wanted in wanted {
        let Wanted { source, rows, .. } = wanted;
        let bytes = source.decoded_bytes(rows.end - rows.start);
        spent.decoded += bytes;
        let mut room = wanted.room(buffers);
        if let (Decoded::Values(values), false) = (&mut room, source.is_indexed()) {
            spent.stored += bytes;
            spent.read(|| source.read_hdf5(rows, values))?;
        }
        read.push(room);
    }
    let mut places = Vec::with_capacity(wanted.len());
    let mut requests = Vec::with_capacity(wanted.len());
    for (place, (Wanted { source, rows, .. }, decoded)) in wanted.iter().zip(&mut read).enumerate()
    {
        if let Some(dataset) = source.chunked() {
            places.push(place);
            requests.push(Request {
                dataset,
                rows: rows.clone(),
                target: decoded.target(),
            });
        }
    }
    let at_once = at_once(wanted);
    let filled = decode(requests, at_once).map_err(|failure| {
        let of = &wanted[places[failure.request]];
        of.source.damaged(&failure)
    })?;
    spent += filled.spent;
    let mut extremes = vec![None; wanted.len()];
    for (place, of) in places.into_iter().zip(filled.extremes) {
        extremes[place] = of;
    }
    let finished = read.into_par_iter().zip(wanted).zip(extremes);
    let finished: Vec<Result<Block>> = finished
        .map(|((decoded, wanted), extremes)| wanted.finish(decoded, extremes))
        .collect();
    let blocks = finished.into_iter().collect::<Result<_>>()?;
    Ok((blocks, spent))
}

impl SourceDataset {
    /// Whether integers can be compared as they are stored: they are what is meant, and are decoded here.
    fn is_compared_as_stored(&self) -> bool {
        let is_integer = Integers::are(self.stored) && self.dtype == self.stored;
        is_integer && self.meaning.packing.is_none() && self.texts.is_none() && self.is_indexed()
    }

    /// Finds nulls among integers as they are stored.
    fn finish_integers(&self, integers: Integers, start: u64) -> Block {
        let known = self.nulls_not_stored(start..start + integers.len() as u64);
        let Meant {
            nulls,
            outside,
            stray,
        } = self.meaning.mark_integers(&integers, known.as_ref());
        Block {
            nulls,
            outside,
            stray,
            integers: Some(integers),
            ..Block::default()
        }
    }

    /// Finds nulls, unpacks, and refuses what i64 cannot hold.
    fn finish(
        &self,
        mut values: Values,
        start: u64,
        (are_times, within): (bool, Option<Extremes>),
    ) -> Result<Block> {
        let known = match (&self.texts, &values) {
            (Some(texts), Values::I64(v)) => texts.nulls(v),
            _ => self.nulls_not_stored(start..start + values.len() as u64),
        };
        let extremes: Vec<Extremes> = match &values {
            Values::F64(v) if are_times && self.meaning.packing.is_none() => {
                v.par_chunks(TILE).map(Extremes::of).collect()
            }
            _ => Vec::new(),
        };
        let Meant {
            nulls,
            outside,
            stray,
        } = match &within {
            None => self.meaning.mark(&values, known.as_ref()),
            Some(within) => self.meaning.mark_within(&values, known.as_ref(), within),
        };
        let mut within = within;
        if let Some(unpacked) = self.meaning.unpack(&values) {
            values = unpacked;
            within = None;
        }
        if let (Dtype::U64, Values::I64(v)) = (self.dtype, &mut values) {
            self.check_signed(v, nulls.as_ref(), start)?;
        }
        Ok(Block {
            values,
            nulls,
            outside,
            stray,
            integers: None,
            extremes,
            within,
        })
    }
}
