//! Rows of a store as they are stored: several arrays together, some cells at a time.
//!
//! Beside `read.rs`, which reads one array whole. What is held is a Zarr shard of each array.

use super::metadata::CELL_IDS;
use super::open::{ArrayInfo, Blocks};
use super::ragged::Lists;
use super::read::StoreReader;
use crate::error::{Error, Result};

/// The cells of a store, one block of them after the other.
pub struct StoredRows<'a> {
    store: &'a StoreReader,
    ids: Feed<'a>,
    arrays: Vec<(ArrayInfo, Column<'a>)>,
    left: u64,
    last: Option<u64>,
}

/// Some cells, and their values in each array.
#[derive(Debug)]
pub struct StoredBlock {
    pub ids: Vec<u64>,
    /// Little-endian, cell after cell: of one with steps of time each step after the other.
    pub values: Vec<Vec<u8>>,
    /// Of arrays of lists the bytes of each cell; empty of others.
    #[cfg_attr(
        not(feature = "parquet"),
        allow(dead_code, reason = "lists are exported as rows of tables")
    )]
    pub lists: Vec<Vec<Vec<u8>>>,
}

enum Column<'a> {
    Values(Feed<'a>),
    Lists(Lists<'a>),
}

/// Blocks of bytes, taken by other lengths than they have.
struct Feed<'a> {
    blocks: Blocks<'a>,
    held: Vec<u8>,
    at: usize,
}

impl std::fmt::Debug for StoredRows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cells of {}", self.left, self.store.path().display())
    }
}

impl<'a> StoredRows<'a> {
    /// The rows of these arrays.
    ///
    /// # Errors
    /// No array of one of the names; metadata that cannot be used.
    pub fn of(store: &'a StoreReader, names: &[String]) -> Result<Self> {
        let column = |name: &String| {
            let info = store.info(name)?;
            let column = match info.ragged {
                Some(_) => Column::Lists(store.lists(name)?),
                None => Column::Values(Feed::of(store.blocks(name)?)),
            };
            Ok((info, column))
        };
        Ok(Self {
            ids: Feed::of(store.blocks(CELL_IDS)?),
            arrays: names.iter().map(column).collect::<Result<_>>()?,
            left: store.cells(),
            last: None,
            store,
        })
    }

    /// What the arrays are.
    pub fn infos(&self) -> impl Iterator<Item = &ArrayInfo> {
        self.arrays.iter().map(|(info, _)| info)
    }

    /// The next cells, so many at most; `None` behind the last.
    ///
    /// # Errors
    /// Part of an array is missing or damaged; ids that do not ascend.
    pub fn next(&mut self, cells: usize) -> Result<Option<StoredBlock>> {
        let count = self.left.min(cells as u64) as usize;
        if count == 0 {
            return Ok(None);
        }
        let short = |name: &str| {
            let message = format!(
                "{name} has fewer cells than there are; the store is damaged, write it again"
            );
            Error::store(self.store.path(), message)
        };
        let bytes = self.ids.take(8 * count)?.ok_or_else(|| short(CELL_IDS))?;
        let (words, _) = bytes.as_chunks::<8>();
        let ids: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        for &id in &ids {
            if self.last.is_some_and(|last| last >= id) {
                let message = format!(
                    "cell {id} comes after cell {:?}; the store is damaged",
                    self.last
                );
                return Err(Error::store(self.store.path(), message));
            }
            self.last = Some(id);
        }
        let (mut values, mut lists) = (Vec::new(), Vec::new());
        for (info, column) in &mut self.arrays {
            match column {
                Column::Values(feed) => {
                    let width: u64 = info.shape[1..].iter().product();
                    let bytes = count * width as usize * info.dtype.size();
                    values.push(feed.take(bytes)?.ok_or_else(|| short(&info.name))?);
                    lists.push(Vec::new());
                }
                Column::Lists(of_cells) => {
                    let of_cells = of_cells.by_ref().take(count);
                    let found = of_cells.collect::<Result<Vec<_>>>()?;
                    if found.len() < count {
                        return Err(short(&info.name));
                    }
                    values.push(Vec::new());
                    lists.push(found);
                }
            }
        }
        self.left -= count as u64;
        Ok(Some(StoredBlock { ids, values, lists }))
    }
}

impl<'a> Feed<'a> {
    fn of(blocks: Blocks<'a>) -> Self {
        Self {
            blocks,
            held: Vec::new(),
            at: 0,
        }
    }

    /// So many bytes; `None` where there are fewer.
    fn take(&mut self, length: usize) -> Result<Option<Vec<u8>>> {
        let mut out = Vec::with_capacity(length);
        while out.len() < length {
            if self.at == self.held.len() {
                match self.blocks.next().transpose()? {
                    Some(block) => (self.held, self.at) = (block, 0),
                    None => return Ok(None),
                }
            }
            let taken = (length - out.len()).min(self.held.len() - self.at);
            out.extend(&self.held[self.at..self.at + taken]);
            self.at += taken;
        }
        Ok(Some(out))
    }
}
