//! The occupied cells of all parts, and their values.
//!
//! Below `read.rs`, over `parts.rs`; twin of `sphere.rs`. A cell counts as one where any array holds other bits than its
//! fill value, or a list that is not empty.

use super::super::open::{ArrayInfo, Blocks};
use super::super::ragged::{self, Lists};
use super::super::sphere::fill_of_a_cell;
use super::parts::{Part, Parts};
use crate::error::Result;

/// Ids in a block.
const IDS: usize = 1 << 16;

/// The cells that have a value.
#[derive(Debug)]
pub struct Parted {
    parts: Parts,
    /// Ascending.
    ids: Vec<u64>,
}

impl Parted {
    /// Reads every array once.
    ///
    /// # Errors
    /// Part of an array is damaged.
    pub fn of(parts: &Parts) -> Result<Self> {
        let names = parts.arrays.iter();
        let infos: Vec<ArrayInfo> = names.map(|name| parts.info(name)).collect::<Result<_>>()?;
        let mut ids = Vec::new();
        for (part, cells) in parts.pieces() {
            let mut has_value = vec![false; (cells[1] - cells[0]) as usize];
            for info in &infos {
                if info.ragged.is_some() {
                    let lists = parts.lists(part, &info.name, cells)?;
                    let both = has_value.iter_mut().zip(&lists);
                    both.for_each(|(has, list)| *has |= !list.is_empty());
                    continue;
                }
                let (bytes, fill) = (parts.values(part, info, cells)?, fill_of_a_cell(info));
                for (has, cell) in has_value.iter_mut().zip(bytes.chunks_exact(fill.len())) {
                    *has |= cell != fill;
                }
            }
            let places = (cells[0]..).zip(&has_value).filter(|(_, has)| **has);
            ids.extend(places.map(|(cell, _)| cell));
        }
        Ok(Self {
            parts: parts.clone(),
            ids,
        })
    }

    /// Number of cells.
    pub fn cells(&self) -> u64 {
        self.ids.len() as u64
    }

    /// Ids as little-endian bytes.
    pub fn id_blocks(&self) -> Blocks<'_> {
        let blocks = self.ids.chunks(IDS);
        Box::new(blocks.map(|ids| Ok(ids.iter().flat_map(|id| id.to_le_bytes()).collect())))
    }

    /// Pieces with cells, and those cells.
    fn pieces(&self) -> impl Iterator<Item = (&Part, [u64; 2], &[u64])> {
        let mut rest = &self.ids[..];
        self.parts.pieces().filter_map(move |(part, cells)| {
            let (here, more) = rest.split_at(rest.partition_point(|&id| id < cells[1]));
            rest = more;
            (!here.is_empty()).then_some((part, cells, here))
        })
    }

    /// Values of the cells in an array, as little-endian bytes.
    pub fn blocks(&self, info: ArrayInfo) -> Blocks<'_> {
        let width = fill_of_a_cell(&info).len();
        Box::new(self.pieces().map(move |(part, cells, ids)| {
            let bytes = self.parts.values(part, &info, cells)?;
            let at = |id: &u64| (id - cells[0]) as usize * width;
            let values = ids.iter().flat_map(|id| &bytes[at(id)..at(id) + width]);
            Ok(values.copied().collect())
        }))
    }

    /// The lists of the cells in an array.
    pub fn lists(&self, name: String) -> Lists<'_> {
        ragged::flat(self.pieces().map(move |(part, cells, ids)| {
            let mut lists = self.parts.lists(part, &name, cells)?;
            let of = ids.iter().map(|id| (id - cells[0]) as usize);
            Ok(of.map(|place| std::mem::take(&mut lists[place])).collect())
        }))
    }
}
