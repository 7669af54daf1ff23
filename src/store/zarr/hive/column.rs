//! The column of a shard: its coarser cells, down to the shard itself, in small arrays beside the leaf.
//!
//! Below `write.rs`. Source: zagg's store specification, section 4.6. Numbers are exact statistics of the photons of each
//! cell, as in every overview. A digest is that of the digests of the leaf's cells together, as the specification asks.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::array::{WriteFailure, put_document, put_file};
use super::super::declared;
use super::super::logical::TreeHashes;
use super::super::metadata::ArrayLayout;
use super::super::ragged::hash_list;
use super::documents::{self, Cut};
use super::leaf::{Column, ListsWriter};
use crate::digest::hex;
use crate::finalize::{Kind, StoreSchema, digest_of, words_in};
use crate::grid::Order;
use crate::stat::{Channel, TDigest};
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
    /// Of each output of digests: those of the leaf's cells, by id, and the outputs of their words.
    digests: Vec<Digests>,
}

/// The digests of an output.
#[derive(Debug)]
struct Digests {
    output: usize,
    /// Of their words, each the array behind the one before.
    words: Vec<(usize, Channel)>,
    of_cells: Vec<(u64, TDigest)>,
}

impl Digests {
    /// Of each output of digests, none yet.
    fn of(schema: &StoreSchema) -> Vec<Self> {
        let arrays = schema.arrays.iter().enumerate();
        let digests = arrays.filter_map(|(output, array)| {
            let Kind::Digest { channels, .. } = array.kind else {
                return None;
            };
            Some(Self {
                output,
                words: (output + 1..).zip(channels.all()).collect(),
                of_cells: Vec::new(),
            })
        });
        digests.collect()
    }
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
        Self {
            shard,
            folder,
            id,
            groups: orders
                .iter()
                .map(|&order| (order, Cells::default()))
                .collect(),
            digests: Digests::of(schema),
        }
    }

    /// Keeps the digests of some cells of the leaf.
    pub fn keep(&mut self, ids: &[u64], columns: &[Column]) {
        for digests in &mut self.digests {
            let Some(Column::Lists(lists)) = columns.get(digests.output) else {
                continue;
            };
            let words = digests.words.iter().filter_map(|&(output, channel)| {
                let Some(Column::Lists(words)) = columns.get(output) else {
                    return None;
                };
                Some((channel, words))
            });
            let words: Vec<_> = words.collect();
            for (i, (&id, list)) in ids.iter().zip(lists).enumerate() {
                if list.is_empty() {
                    continue;
                }
                let told = words.iter();
                let digest = told.fold(digest_of(list), |digest, (channel, words)| {
                    digest.telling(*channel, words_in(&words[i]))
                });
                digests.of_cells.push((id, digest));
            }
        }
    }

    /// Puts the digests of the leaf together for the coarser cells.
    fn merge_digests(&mut self, schema: &StoreSchema) {
        for (order, cells) in &mut self.groups {
            let up = schema.grid.up(*order);
            for Digests {
                output,
                words,
                of_cells,
            } in &self.digests
            {
                let Kind::Digest { coarser, .. } = schema.arrays[*output].kind else {
                    continue;
                };
                let merged = cells.ids.iter().map(|&id| {
                    let start = of_cells.partition_point(|(cell, _)| up.of(*cell) < id);
                    let end = of_cells.partition_point(|(cell, _)| up.of(*cell) <= id);
                    let of_cell = of_cells[start..end].iter();
                    let of_cell: Vec<TDigest> = of_cell.map(|(_, digest)| digest.clone()).collect();
                    TDigest::merged(&of_cell, coarser)
                });
                let merged: Vec<TDigest> = merged.collect();
                let mut put = |output: usize, lists: Vec<Vec<u8>>| {
                    if let Some(column) = cells.columns.get_mut(output) {
                        *column = Column::Lists(lists);
                    }
                };
                put(*output, merged.iter().map(payload).collect());
                for &(output, channel) in words {
                    let of_words = |digest: &TDigest| {
                        let words = digest.words(channel).iter();
                        words.flat_map(|word| word.to_le_bytes()).collect()
                    };
                    put(output, merged.iter().map(of_words).collect());
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
                    let attributes = declared::of_lists(output, layout.attributes());
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
