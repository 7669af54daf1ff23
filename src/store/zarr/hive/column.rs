//! The column of a shard: its coarser cells, down to the shard itself, in small arrays beside the leaf.
//!
//! Below `write.rs`. Source: zagg's store specification, section 4.6. Numbers are exact statistics of the photons of each
//! cell, as in every overview. A digest is that of the digests of the leaf's cells together, as the specification asks.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::array::{WriteFailure, put_document, put_file};
use super::super::logical::TreeHashes;
use super::super::metadata::ArrayLayout;
use super::super::ragged::hash_list;
use super::documents::{self, Cut};
use super::leaf::{Column, ListsWriter};
use crate::digest::hex;
use crate::finalize::{Kind, StoreSchema, digest_of};
use crate::grid::Order;
use crate::stat::TDigest;
use crate::store::origin::Origin;

/// Cells of one order, their ids ascending, and a column for each output.
#[derive(Debug, Default)]
pub struct Cells {
    pub ids: Vec<u64>,
    pub columns: Vec<Column>,
}

/// The hashes of what coarser cells of one order hold, as `Written` has them: ids, then outputs.
#[derive(Debug)]
pub struct GroupHashes {
    pub cells: u64,
    pub hashes: Vec<Sha256>,
}

/// A column that waits for its cells.
#[derive(Debug)]
pub struct ColumnBuffer {
    shard: u64,
    folder: PathBuf,
    id: String,
    /// Finest first.
    pub groups: Vec<(Order, Cells)>,
    /// Of each output of digests: those of the leaf's cells, by id.
    digests: Vec<(usize, Vec<(u64, TDigest)>)>,
}

impl Cells {
    /// Appends others behind.
    pub fn extend(&mut self, ids: &[u64], columns: Vec<Column>) {
        self.ids.extend(ids);
        if self.columns.is_empty() {
            self.columns = columns;
            return;
        }
        for (mine, more) in self.columns.iter_mut().zip(columns) {
            match (mine, more) {
                (Column::Values(mine), Column::Values(more)) => mine.extend(more),
                (Column::Lists(mine), Column::Lists(more)) => mine.extend(more),
                _ => {}
            }
        }
    }
}

impl ColumnBuffer {
    /// Of a shard whose Zarrs are in this folder and have this id.
    pub fn new(
        (folder, id): (PathBuf, String),
        shard: u64,
        schema: &StoreSchema,
        orders: &[Order],
    ) -> Self {
        let ragged = schema.arrays.iter().enumerate();
        let ragged = ragged.filter(|(_, array)| array.kind.is_ragged());
        Self {
            shard,
            folder,
            id,
            groups: orders
                .iter()
                .map(|&order| (order, Cells::default()))
                .collect(),
            digests: ragged.map(|(output, _)| (output, Vec::new())).collect(),
        }
    }

    /// Keeps the digests of some cells of the leaf.
    pub fn keep(&mut self, ids: &[u64], columns: &[Column]) {
        for (output, digests) in &mut self.digests {
            if let Some(Column::Lists(lists)) = columns.get(*output) {
                let both = ids.iter().zip(lists).filter(|(_, list)| !list.is_empty());
                digests.extend(both.map(|(&id, list)| (id, digest_of(list))));
            }
        }
    }

    /// Puts the digests of the leaf together for the coarser cells.
    fn merge_digests(&mut self, schema: &StoreSchema) {
        for (order, cells) in &mut self.groups {
            let up = schema.grid.up(*order);
            for (output, digests) in &self.digests {
                let Kind::Digest { coarser, .. } = schema.arrays[*output].kind else {
                    continue;
                };
                let merged = cells.ids.iter().map(|&id| {
                    let start = digests.partition_point(|(cell, _)| up.of(*cell) < id);
                    let end = digests.partition_point(|(cell, _)| up.of(*cell) <= id);
                    let of_cell: Vec<TDigest> = digests[start..end]
                        .iter()
                        .map(|(_, digest)| digest.clone())
                        .collect();
                    payload(&TDigest::merged(&of_cell, coarser))
                });
                let merged = merged.collect();
                if let Some(column) = cells.columns.get_mut(*output) {
                    *column = Column::Lists(merged);
                }
            }
        }
    }

    /// Writes the column; gives back its path and the hashes of its arrays, and adds to those of the orders.
    pub fn write(
        mut self,
        schema: &StoreSchema,
        origin: &Origin,
        of_orders: &mut [GroupHashes],
    ) -> Result<(PathBuf, TreeHashes), WriteFailure> {
        self.merge_digests(schema);
        let path = self.folder.join(super::tree::COLUMN);
        let mut hashes = TreeHashes::default();
        for ((order, cells), of_order) in self.groups.iter().zip(of_orders) {
            of_order.cells += cells.ids.len() as u64;
            let count = schema.grid.kind.within(schema.grid.shard_order, *order);
            let group = Group {
                folder: path.join(order.to_string()),
                order: *order,
                first: self.shard * count,
                count,
                cells,
            };
            group.write(schema, (&mut hashes, of_order))?;
        }
        let orders: Vec<Order> = self.groups.iter().map(|(order, _)| *order).collect();
        let finest = self.groups.first();
        let occupied = finest.map_or(0, |(_, cells)| cells.ids.len() as u64);
        let stamp = documents::stamp(occupied, None, origin);
        let document = documents::column(schema, (&self.id, &orders), stamp, origin);
        put_document(&path, &document)?;
        Ok((path, hashes))
    }
}

/// One order of a column.
struct Group<'a> {
    folder: PathBuf,
    order: Order,
    /// The first of its cells, and how many there are.
    first: u64,
    count: u64,
    cells: &'a Cells,
}

impl Group<'_> {
    fn write(
        &self,
        schema: &StoreSchema,
        (hashes, of_order): (&mut TreeHashes, &mut GroupHashes),
    ) -> Result<(), WriteFailure> {
        let cut = Cut {
            cells: self.count,
            chunk: None,
        };
        let all: Vec<u64> = (self.first..self.first + self.count).collect();
        let words = all.iter();
        let kind = schema.grid.kind;
        let words = words.flat_map(|&cell| kind.key(self.order, cell).to_le_bytes());
        let mut note = |name: &str, hash: String| {
            hashes.insert(format!("{}/{name}", self.order), hash);
        };
        let coordinate = ArrayLayout::words();
        let words = words.collect::<Vec<u8>>();
        let hash = dense(&self.folder, &coordinate, (&all, &words), self)?;
        note(&coordinate.name, hash);
        let ids = self.cells.ids.iter().flat_map(|id| id.to_le_bytes());
        of_order.hashes[0].update(ids.collect::<Vec<u8>>());
        let outputs = schema.arrays.iter().zip(&self.cells.columns);
        for ((output, column), hash) in outputs.zip(&mut of_order.hashes[1..]) {
            let failed =
                |what| super::super::fullsphere::failure(&self.folder, std::io::Error::other(what));
            let layout = ArrayLayout::output(output)
                .map_err(failed)?
                .without_mapping();
            match column {
                Column::Values(bytes) => {
                    hash.update(bytes);
                    let values = (&self.cells.ids[..], &bytes[..]);
                    note(&output.name, dense(&self.folder, &layout, values, self)?);
                }
                Column::Lists(lists) => {
                    for list in lists {
                        hash_list(hash, list);
                    }
                    let attributes = documents::of_lists(layout.attributes());
                    let mut writer =
                        ListsWriter::new(&output.name, &self.folder, (cut, &attributes));
                    let places = self.cells.ids.iter().map(|id| id - self.first);
                    writer.push(places, lists)?;
                    let (name, hash) = writer.finish()?;
                    note(&name, hash);
                }
            }
        }
        put_document(&self.folder, &documents::group(schema, self.order))
    }
}

/// Writes an array of numbers in one piece; gives back the hash of all its values.
fn dense(
    folder: &Path,
    layout: &ArrayLayout,
    (ids, bytes): (&[u64], &[u8]),
    group: &Group,
) -> Result<String, WriteFailure> {
    let fill = layout.fill_of_a_cell();
    let count = group.count as usize;
    let mut all = fill.repeat(count);
    for (id, value) in ids.iter().zip(bytes.chunks_exact(fill.len().max(1))) {
        let at = (id - group.first) as usize * fill.len();
        all[at..at + fill.len()].copy_from_slice(value);
    }
    let folder = folder.join(&layout.name);
    put_file(&folder.join(layout.shard_path(0)), &all)?;
    let bytes = serde_json::json!([{"name": "bytes", "configuration": {"endian": "little"}}]);
    let count = count as u64;
    put_document(&folder, &layout.node(count, count, &bytes))?;
    Ok(hex(&Sha256::digest(&all)))
}

fn payload(digest: &TDigest) -> Vec<u8> {
    let centroids = digest.iter();
    centroids
        .flat_map(|(mean, weight)| [mean.to_le_bytes(), weight.to_le_bytes()].concat())
        .collect()
}
