//! Writes a hive from tables of finished cells: a leaf for each shard, its column, and at last the manifest.
//!
//! Last on the line: `CellTable --write--> store`; twin of `../write.rs`. The whole hive grows in a folder beside its
//! target, and in it each leaf becomes whole with its stamp: what a killed run leaves does not open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::super::array::put_file;
use super::super::check::check_schema;
use super::super::logical::TreeHashes;
use super::super::metadata::{ArrayLayout, CELL_IDS, MORTON};
use super::super::place::{Place, sync_all_below};
use super::super::ragged::hash_list;
use super::super::value::little_endian_bytes;
use super::column::{ColumnBuffer, GroupHashes};
use super::leaf::{Column, Leaf};
use super::tree::{MANIFEST, folder_of};
use super::{coverage, documents};
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema, payloads};
use crate::grid::{Latitude, Order};
use crate::place::FolderPlace;
use crate::store::content::ContentHash;
use crate::store::origin::Origin;
use crate::store::provenance::{PROVENANCE, Provenance};
use crate::store::sink::{Sink, Store, Written, WrittenOverview};
use crate::store::target::Target;

/// Writes one hive from tables in ascending order of cells.
#[derive(Debug)]
pub struct HiveWriter {
    place: Place,
    schema: StoreSchema,
    overviews: Vec<Order>,
    origin: Origin,
    provenance: Option<Provenance>,
    leaf: Option<Leaf>,
    /// Shards with a leaf that is whole, ascending.
    shards: Vec<u64>,
    /// Columns that wait for cells, by shard.
    columns: BTreeMap<u64, ColumnBuffer>,
    /// The last shard of which cells of each overview came.
    reached: Vec<u64>,
    of_orders: Vec<GroupHashes>,
    /// Ids, then outputs.
    hashes: Vec<Sha256>,
    tree: TreeHashes,
    last: Option<u64>,
}

/// Refuses, in words, what a hive cannot hold.
pub fn check(schema: &StoreSchema) -> Result<(), String> {
    check_schema(schema)?;
    if let Some(steps) = &schema.steps {
        return Err(format!(
            "the hive layout has no steps of time, and {} are asked for; use the cells layout",
            steps.name()
        ));
    }
    if schema.cells_of_region {
        return Err(
            "the hive layout has cells with photons only, and all cells of the region are asked for; use the cells \
             layout"
                .to_owned(),
        );
    }
    let latitude = schema.grid.kind.latitude();
    if latitude != Latitude::AuthalicWgs84.name() {
        return Err(format!(
            "the hive layout has cells on WGS84, and output.latitude is {latitude}; use the cells layout"
        ));
    }
    if schema.arrays.iter().any(|array| array.name == MORTON) {
        return Err(format!(
            "an output is called {MORTON}, as the coordinate of the hive layout; choose another name"
        ));
    }
    for output in schema.arrays.iter().filter(|array| !array.kind.is_ragged()) {
        let layout = ArrayLayout::output(output)?;
        super::super::fullsphere::FullSphereWriter::of_leaf(layout, PathBuf::new(), schema.grid)?;
    }
    Ok(())
}

/// Refuses, in words, overviews that a hive has no place for.
pub fn check_overviews(schema: &StoreSchema, overviews: &[Order]) -> Result<(), String> {
    let shard = schema.grid.shard_order;
    let ends_there = match overviews {
        [] => true,
        [.., next, last] => *last == shard && next.get() == shard.get() + 1,
        [_] => false,
    };
    if ends_there {
        return Ok(());
    }
    let asked: Vec<String> = overviews.iter().map(ToString::to_string).collect();
    Err(format!(
        "the hive layout has coarser orders down to that of its shards, the last two {},{shard}, and {} are asked for; \
         ask for such, or use the cells layout",
        shard.get() + 1,
        asked.join(",")
    ))
}

impl HiveWriter {
    /// Begins a hive that is put at its target when it is whole.
    ///
    /// # Errors
    /// What a hive cannot hold; something is at the target that is not to be replaced.
    pub fn create(target: &Target, schema: &StoreSchema, origin: &Origin) -> Result<Self> {
        let refuse = |message| Error::store(target.store, message);
        check(schema).map_err(refuse)?;
        check_overviews(schema, target.overviews).map_err(refuse)?;
        let outputs = schema.arrays.len() + 1;
        let of_order = |_: &Order| GroupHashes {
            cells: 0,
            hashes: vec![Sha256::new(); outputs],
        };
        Ok(Self {
            place: Place::create(target.store, target.overwrite)?,
            schema: schema.clone(),
            overviews: target.overviews.to_vec(),
            provenance: (target.config)
                .map(|config| Provenance::new(config, target, origin.files.clone())),
            origin: origin.clone(),
            leaf: None,
            shards: Vec::new(),
            columns: BTreeMap::new(),
            reached: vec![0; target.overviews.len()],
            of_orders: target.overviews.iter().map(of_order).collect(),
            hashes: vec![Sha256::new(); outputs],
            tree: TreeHashes::default(),
            last: None,
        })
    }

    fn refuse(&self, message: impl Into<String>) -> Error {
        Error::store(self.place.target(), message.into())
    }

    /// The columns of a table's outputs, as they are stored.
    fn columns_of(&self, table: &CellTable) -> Result<Vec<Column>> {
        let columns = table.rows.columns().iter().skip(self.schema.leading());
        let outputs = self.schema.arrays.iter().zip(columns);
        let columns = outputs.map(|(output, column)| {
            if output.kind.is_ragged() {
                return payloads(column).map(Column::Lists);
            }
            let layout = ArrayLayout::output(output)?;
            little_endian_bytes(column, &layout).map(Column::Values)
        });
        let columns: Result<Vec<Column>, String> = columns.collect();
        let columns = columns.map_err(|message| self.refuse(message))?;
        if columns.len() != self.schema.arrays.len() {
            return Err(self.refuse("a table lacks columns of the store"));
        }
        Ok(columns)
    }

    fn append_cells(&mut self, table: &CellTable) -> Result<()> {
        let (ids, columns) = (table.ids(), self.columns_of(table)?);
        let ascending = ids.windows(2).all(|pair| pair[0] < pair[1]);
        let after = self
            .last
            .is_none_or(|last| ids.first().is_none_or(|&id| id > last));
        if !ascending || !after {
            return Err(self.refuse("cells come out of order; ids must ascend"));
        }
        self.last = ids.last().copied().or(self.last);
        let words = ids.iter().flat_map(|id| id.to_le_bytes());
        self.hashes[0].update(words.collect::<Vec<u8>>());
        for (hash, column) in self.hashes[1..].iter_mut().zip(&columns) {
            match column {
                Column::Values(bytes) => hash.update(bytes),
                Column::Lists(lists) => lists.iter().for_each(|list| hash_list(hash, list)),
            }
        }
        let grid = self.schema.grid;
        let mut start = 0;
        for run in ids.chunk_by(|&a, &b| grid.shard_of(a) == grid.shard_of(b)) {
            let shard = grid.shard_of(run[0]);
            if self.leaf.as_ref().is_none_or(|leaf| leaf.shard != shard) {
                self.close_leaf()?;
                self.leaf = Some(self.begin(shard)?);
            }
            let part: Vec<Column> = columns
                .iter()
                .map(|column| column.part(start..start + run.len(), ids.len()))
                .collect();
            start += run.len();
            if !self.overviews.is_empty() {
                self.column(shard).keep(run, &part);
            }
            if let Some(leaf) = &mut self.leaf {
                leaf.push(run, &part)
                    .map_err(|failure| self.place.failed(&failure))?;
            }
        }
        Ok(())
    }

    /// Begins the leaf of a shard.
    fn begin(&self, shard: u64) -> Result<Leaf> {
        let (folder, id) = self.folder(shard);
        Leaf::new(folder.join(format!("{id}.zarr")), shard, &self.schema)
            .map_err(|message| self.refuse(message))
    }

    fn folder(&self, shard: u64) -> (PathBuf, String) {
        let (below, id) = folder_of(self.schema.grid.shard_order, shard);
        (self.place.partial().join(below), id)
    }

    fn close_leaf(&mut self) -> Result<()> {
        let Some(leaf) = self.leaf.take() else {
            return Ok(());
        };
        let (folder, id) = self.folder(leaf.shard);
        self.shards.push(leaf.shard);
        let hashes = leaf.finish(&self.origin);
        let hashes = hashes.map_err(|failure| self.place.failed(&failure))?;
        self.note(&folder.join(format!("{id}.zarr")), &hashes);
        Ok(())
    }

    /// Notes the hashes of a Zarr.
    fn note(&mut self, path: &Path, hashes: &TreeHashes) {
        let below = path.strip_prefix(self.place.partial()).unwrap_or(path);
        self.tree.extend(&below.display().to_string(), hashes);
    }

    fn column(&mut self, shard: u64) -> &mut ColumnBuffer {
        let place = self.folder(shard);
        let (schema, orders) = (&self.schema, &self.overviews);
        let column = self.columns.entry(shard);
        column.or_insert_with(|| ColumnBuffer::new(place, shard, schema, orders))
    }

    fn append_overview(&mut self, order: Order, table: &CellTable) -> Result<()> {
        let Some(place) = self.overviews.iter().position(|&of| of == order) else {
            let message = format!("order {order} is not among the overviews of the store");
            return Err(self.refuse(message));
        };
        let (ids, columns) = (table.ids(), self.columns_of(table)?);
        let up = self
            .schema
            .grid
            .kind
            .up(order, self.schema.grid.shard_order);
        let mut start = 0;
        for run in ids.chunk_by(|&a, &b| up.of(a) == up.of(b)) {
            let shard = up.of(run[0]);
            let part = columns
                .iter()
                .map(|column| column.part(start..start + run.len(), ids.len()));
            let part: Vec<Column> = part.collect();
            start += run.len();
            self.reached[place] = shard;
            self.column(shard).groups[place].1.extend(run, part);
        }
        self.close_columns(false)
    }

    /// Writes the columns that no more cells come to.
    fn close_columns(&mut self, all: bool) -> Result<()> {
        let reached = self.reached.iter().copied().min().unwrap_or(0);
        while let Some(entry) = self.columns.first_entry() {
            let shard = *entry.key();
            let is_open = self.leaf.as_ref().is_some_and(|leaf| leaf.shard <= shard);
            if !all && (shard >= reached || is_open) {
                break;
            }
            let column = entry.remove();
            let written = column.write(&self.schema, &self.origin, &mut self.of_orders);
            let (path, hashes) = written.map_err(|failure| self.place.failed(&failure))?;
            self.note(&path, &hashes);
        }
        Ok(())
    }

    /// The hashes of a group, as every layout has them.
    fn content(&self, hashes: Vec<Sha256>) -> Vec<ContentHash> {
        let outputs = self.schema.arrays.iter();
        let outputs = outputs.map(|output| (output.name.as_str(), output.dtype));
        let names = std::iter::once((CELL_IDS, Dtype::U64)).chain(outputs);
        let both = names.zip(hashes);
        both.map(|((name, dtype), hash)| ContentHash {
            array: name.to_owned(),
            dtype,
            sha256: hex(&hash.finalize()),
        })
        .collect()
    }

    fn finish(mut self) -> Result<(FolderPlace, Written)> {
        self.close_leaf()?;
        self.close_columns(true)?;
        let newest = self.origin.newest.as_deref();
        let shards = coverage::of_shards(self.schema.grid, &self.shards, newest);
        let mut manifest = documents::manifest(&self.schema, &self.overviews, &self.origin);
        if let (Some(provenance), Some(said)) =
            (&self.provenance, manifest["icefold"].as_object_mut())
        {
            let facts = provenance.facts(&self.schema.config_sha256);
            said.insert(PROVENANCE.to_owned(), facts);
        }
        let partial = self.place.partial();
        for (name, document) in [(coverage::FILE, shards), (MANIFEST, manifest)] {
            let text = format!("{document:#}\n");
            put_file(&partial.join(name), text.as_bytes())
                .map_err(|failure| self.place.failed(&failure))?;
        }
        sync_all_below(partial).map_err(|failure| self.place.failed(&failure))?;
        let of_orders = std::mem::take(&mut self.of_orders);
        let overviews = self.overviews.iter().zip(of_orders);
        let overviews = overviews.map(|(&order, of)| WrittenOverview {
            order,
            group: None,
            cells: of.cells,
            hashes: self.content(of.hashes),
        });
        let written = Written {
            overviews: overviews.collect(),
            hashes: self.content(self.hashes.clone()),
            tree: Some(self.tree.clone()),
        };
        Ok((self.place.whole()?, written))
    }
}

impl Column {
    /// Some of so many cells.
    fn part(&self, cells: std::ops::Range<usize>, of: usize) -> Self {
        match self {
            Self::Values(bytes) => {
                let width = bytes.len() / of.max(1);
                Self::Values(bytes[cells.start * width..cells.end * width].to_vec())
            }
            Self::Lists(lists) => Self::Lists(lists[cells].to_vec()),
        }
    }
}

impl Sink for HiveWriter {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        if order == self.schema.grid.cell_order {
            self.append_cells(table)
        } else {
            self.append_overview(order, table)
        }
    }
}

impl Store for HiveWriter {
    fn whole(self: Box<Self>) -> Result<(FolderPlace, Written)> {
        self.finish()
    }
}
