//! Lists of values over rows and columns, as zagg's rectilinear stores have them: `variable_length_bytes`, one list of
//! bytes for each cell.
//!
//! Beside `raster.rs`, which writes numbers, and `raster_read.rs`. Chunks are those of `hive/vlen.rs`, over rows and columns.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::array::{WriteFailure, ZSTD_LEVEL, create_folder, write_document};
use super::declared;
use super::fullsphere::failure;
use super::hive::vlen;
use super::metadata::ArrayLayout;
use super::ragged::hash_list;
use super::raster::{Cut, indexed, packed, write};
use crate::config::Dtype;
use crate::digest::hex;
use crate::finalize::OutputArray;
use crate::grid::GridConfig;
use crate::store::content::ContentHash;

/// Cells of which lists are hashed in the order of rows at most.
const MOST: u64 = 1 << 28;

/// Writes one array of lists.
#[derive(Debug)]
pub struct RasterLists {
    output: OutputArray,
    layout: ArrayLayout,
    folder: PathBuf,
    cut: Cut,
    shard: u64,
    /// Whether a cell of the shard came.
    began: bool,
    /// Lists by row and column in the shard.
    lists: Vec<([u32; 2], Vec<u8>)>,
    hash: Sha256,
}

impl RasterLists {
    /// A writer of the array below a group.
    ///
    /// # Errors
    /// In words, an output that cannot be stored.
    pub fn new(output: &OutputArray, group: &Path, grid: &GridConfig) -> Result<Self, String> {
        let layout = ArrayLayout::output(output)?;
        Ok(Self {
            output: output.clone(),
            folder: group.join(&layout.name),
            layout,
            cut: Cut::of(grid).ok_or("the grid has no rows and columns")?,
            shard: 0,
            began: false,
            lists: Vec::new(),
            hash: Sha256::new(),
        })
    }

    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Appends the lists of cells, as little-endian bytes.
    pub fn push(&mut self, ids: &[u64], lists: &[Vec<u8>]) -> Result<(), WriteFailure> {
        let cells = self.cut.level.of_shard();
        for (&id, list) in ids.iter().zip(lists) {
            hash_list(&mut self.hash, list);
            if id / cells != self.shard {
                self.end_shard()?;
                self.shard = id / cells;
            }
            self.began = true;
            self.lists.push((self.cut.level.place(id), list.clone()));
        }
        Ok(())
    }

    fn end_shard(&mut self) -> Result<(), WriteFailure> {
        if !std::mem::take(&mut self.began) {
            return Ok(());
        }
        let ([rows, columns], [high, wide]) = (self.cut.chunks(), self.cut.chunk());
        let mut chunks = vec![Vec::new(); (rows * columns) as usize];
        for ([row, column], list) in std::mem::take(&mut self.lists) {
            let chunk = (row / high) * columns + column / wide;
            let place = u64::from(row % high) * u64::from(wide) + u64::from(column % wide);
            if !list.is_empty() {
                chunks[chunk as usize].push((place, list));
            }
        }
        let path = self.folder.join("c").join(self.cut.path(self.shard));
        let failed = |source| failure(&path, source);
        let encode = |mut lists: Vec<(u64, Vec<u8>)>| {
            lists.sort_unstable_by_key(|(place, _)| *place);
            packed(&vlen::encode(&lists, u64::from(high) * u64::from(wide)))
        };
        let bytes = if self.cut.inner.is_none() {
            encode(chunks.pop().unwrap_or_default()).map_err(failed)?
        } else {
            let chunks = chunks.into_iter();
            let chunks = chunks.map(|lists| (!lists.is_empty()).then(|| encode(lists)).transpose());
            indexed(chunks).map_err(failed)?
        };
        write(&path, &bytes)
    }

    /// Writes what is filling, and the metadata.
    pub fn finish(mut self) -> Result<ContentHash, WriteFailure> {
        self.end_shard()?;
        create_folder(&self.folder)?;
        let chain = json!([
            {"name": "vlen-bytes", "configuration": {}},
            {"name": "zstd", "configuration": {"level": ZSTD_LEVEL, "checksum": true}},
        ]);
        let mut document = self.layout.raster_node(&self.cut, &chain);
        document["data_type"] = json!(vlen::DATA_TYPE);
        document["fill_value"] = json!("");
        let node = document["attributes"].as_object().cloned();
        let node = node.unwrap_or_default();
        document["attributes"] = json!(declared::of_lists(&self.output, &node));
        write_document(&self.folder, &document)?;
        Ok(ContentHash {
            array: self.layout.name,
            dtype: self.layout.dtype,
            sha256: hex(&self.hash.finalize()),
        })
    }
}

/// What lists are of, and how many of them a row has.
///
/// # Errors
/// In words, a document of another array.
pub fn element(document: &Value) -> Result<(Dtype, u64), String> {
    let ragged = &document["attributes"]["ragged"];
    let element = &ragged["element"];
    let dtype = element["dtype"].as_str().and_then(Dtype::named);
    let shape = element["shape"].as_array().map(Vec::as_slice);
    let values = match shape {
        Some([_]) => Some(1),
        Some([_, values]) => values.as_u64().filter(|&values| values > 0),
        _ => None,
    };
    match (dtype, values) {
        (Some(dtype), Some(values)) if ragged["spec"] == vlen::SPEC => Ok((dtype, values)),
        _ => Err(format!("its lists are of {ragged}, which is not known")),
    }
}

/// The lists of a shard by rows; `None` where it is not stored.
///
/// # Errors
/// In words, what cannot be read or is damaged.
pub fn lists(folder: &Path, cut: &Cut, shard: u64) -> Result<Option<Vec<Vec<u8>>>, String> {
    let path = folder.join("c").join(cut.path(shard));
    let named = |what: String| format!("{}: {what}", path.display());
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| named(error.to_string()))?,
    };
    let ([rows, columns], [high, wide]) = (cut.chunks(), cut.chunk());
    let cells = u64::from(high) * u64::from(wide);
    let mut all = vec![Vec::new(); cut.level.of_shard() as usize];
    for chunk in 0..rows * columns {
        let bytes = if cut.inner.is_some() {
            vlen::in_file(&mut file, u64::from(rows * columns), u64::from(chunk)).map_err(named)?
        } else {
            let mut bytes = Vec::new();
            let read = file.read_to_end(&mut bytes);
            read.map_err(|error| named(error.to_string()))?;
            Some(bytes)
        };
        let Some(bytes) = bytes else {
            continue;
        };
        let lists = vlen::plain(&bytes).and_then(|bytes| vlen::decode(&bytes, cells));
        let (top, left) = (chunk / columns * high, chunk % columns * wide);
        for (place, list) in (0..).zip(lists.map_err(named)?) {
            let (row, column) = (top + place / wide, left + place % wide);
            all[(row * cut.block[1] + column) as usize] = list;
        }
    }
    Ok(Some(all))
}

/// The hash of all lists by rows, of an array that is cut like this; `None` where there are too many.
///
/// # Errors
/// As [`lists`].
pub fn hash_of(folder: &Path, cut: &Cut) -> Result<Option<String>, String> {
    if cut.level.cells() > MOST {
        return Ok(None);
    }
    let mut hash = Sha256::new();
    let [rows, columns] = [0, 1].map(|side| cut.shape[side] / cut.block[side]);
    for row in 0..rows {
        let shards = (0..columns).map(|column| {
            let shard = u64::from(row) * u64::from(columns) + u64::from(column);
            lists(folder, cut, shard)
        });
        let shards = shards.collect::<Result<Vec<_>, _>>()?;
        let wide = cut.block[1] as usize;
        for line in 0..cut.block[0] as usize {
            for shard in &shards {
                for column in 0..wide {
                    let list = shard.as_ref().map(|lists| &lists[line * wide + column][..]);
                    hash_list(&mut hash, list.unwrap_or_default());
                }
            }
        }
    }
    Ok(Some(hex(&hash.finalize())))
}
