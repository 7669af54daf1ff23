//! The pieces of a page, out of a store.
//!
//! Of listed cells only those of a block are read. Other layouts are read array by array, when the first piece of one is asked
//! for, and kept as long as there is room: a page that is written asks for one array after the other.

use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use super::blocks::{Block, blocks};
use super::pack::{deflated, differences, shuffled};
use super::piece::Piece;
use super::{Viewed, meta};
use crate::error::{Error, Result, Setting, phrase};
use crate::grid::{GridConfig, Order};
use crate::picture::{Framed, earth_file, is_change, range};
use crate::store::{ArrayInfo, StoreArray, StoreReader};

/// Bytes of arrays that are kept.
const KEPT: usize = 1 << 30;
/// Values of which the ends of the colours are found, at most.
const SAMPLED: usize = 1 << 22;
/// Numbers beyond are no longer exact in JavaScript.
const EXACT: u64 = 1 << 53;

/// A store that is looked at.
#[derive(Debug)]
pub struct Source {
    pub path: PathBuf,
    pub title: String,
    /// Coarsest first.
    pub orders: Vec<OrderShown>,
    pub variables: Vec<ArrayInfo>,
    /// Arrays that are not shown, each with the reason.
    pub left_out: Vec<(String, String)>,
    pub framed: Framed,
    kept: Mutex<VecDeque<Kept>>,
}

/// An order that is looked at.
#[derive(Debug)]
pub struct OrderShown {
    pub reader: StoreReader,
    pub grid: GridConfig,
    cells: OnceLock<Cells>,
}

/// Its cells.
#[derive(Debug)]
struct Cells {
    ids: Vec<u64>,
    blocks: Vec<Block>,
}

/// An array that was read, by the places of its order and its variable.
#[derive(Debug)]
struct Kept {
    of: (usize, usize),
    array: Arc<StoreArray>,
}

impl Source {
    /// Opens what is to be seen of a store.
    ///
    /// # Errors
    /// No such store, order or array; nothing that can be drawn.
    pub fn open(viewed: &Viewed) -> Result<Self> {
        let path = &viewed.store;
        let known = StoreReader::orders_of(path)?;
        if let Some(order) = viewed.orders.iter().find(|order| !known.contains(order)) {
            let known: Vec<String> = known.iter().map(Order::to_string).collect();
            let has = format!(" is none of its orders, which are {}", known.join(", "));
            return Err(Error::store(path, phrase![Setting::Order.to(order), has]));
        }
        let shown = known
            .into_iter()
            .filter(|order| viewed.orders.is_empty() || viewed.orders.contains(order));
        let orders: Result<Vec<OrderShown>> = shown
            .map(|order| {
                let reader = StoreReader::open_order(path, order)?;
                Ok(OrderShown {
                    grid: reader.grid(),
                    reader,
                    cells: OnceLock::new(),
                })
            })
            .collect();
        let orders = orders?;
        let Some(finest) = orders.last() else {
            return Err(Error::store(path, "has no order that can be shown"));
        };
        if finest.grid.kind.rectilinear().is_some() && finest.grid.cells() >= EXACT {
            let message = format!(
                "has {} cells, more than browsers count",
                finest.grid.cells()
            );
            return Err(Error::store(path, message));
        }
        let (variables, left_out) = variables(&finest.reader, &viewed.variables)?;
        let coarsest = &orders[0];
        let ids = coarsest.reader.cell_ids()?;
        let framed = Framed::of(&ids, coarsest.grid.cell_order, coarsest.grid.kind);
        let name = path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into(),
        );
        Ok(Self {
            path: path.clone(),
            title: viewed.title.clone().unwrap_or(name),
            orders,
            variables,
            left_out,
            framed,
            kept: Mutex::default(),
        })
    }

    /// All pieces, arrays one after the other.
    ///
    /// # Errors
    /// Ids that cannot be read.
    pub fn all(&self) -> Result<Vec<Piece>> {
        let mut pieces = vec![Piece::Meta, Piece::Earth];
        for order in 0..self.orders.len() {
            let count = self.cells(order)?.blocks.len();
            pieces.push(Piece::Blocks(order));
            pieces.extend((0..count).map(|block| Piece::Ids(order, block)));
            for (variable, info) in self.variables.iter().enumerate() {
                pieces.push(Piece::Range(order, variable));
                let steps = steps(info);
                let places = (0..steps).flat_map(|step| (0..count).map(move |block| (step, block)));
                pieces.extend(places.map(|(step, block)| Piece::Values {
                    order,
                    block,
                    variable,
                    step,
                }));
            }
        }
        Ok(pieces)
    }

    /// A piece as the page takes it; `None` where there is no such piece.
    ///
    /// # Errors
    /// A part of the store that cannot be read.
    pub fn packed(&self, piece: Piece, small: bool) -> Result<Option<Vec<u8>>> {
        // Packed as it is.
        if piece == Piece::Earth {
            return Ok(earth_file().get(4..).map(<[u8]>::to_vec));
        }
        Ok(self.bytes(piece)?.map(|bytes| deflated(&bytes, small)))
    }

    fn bytes(&self, piece: Piece) -> Result<Option<Vec<u8>>> {
        let has = |order: usize| order < self.orders.len();
        let has_both = |order, variable: usize| has(order) && variable < self.variables.len();
        Ok(Some(match piece {
            Piece::Meta => meta::meta(self)?.to_string().into_bytes(),
            Piece::Blocks(order) if has(order) => self.blocks(order)?,
            Piece::Ids(order, block) if has(order) => {
                let cells = self.cells(order)?;
                let Some(block) = cells.blocks.get(block) else {
                    return Ok(None);
                };
                let ids = &cells.ids[block.cells.clone()];
                let key = self.key(order);
                shuffled(&differences(ids.iter().map(|id| key(*id))), 8)
            }
            Piece::Range(order, variable) if has_both(order, variable) => {
                self.range(order, variable)?.to_string().into_bytes()
            }
            Piece::Values {
                order,
                block,
                variable,
                step,
            } if has_both(order, variable) && step < steps(&self.variables[variable]) => {
                let Some(block) = self.cells(order)?.blocks.get(block) else {
                    return Ok(None);
                };
                let width = self.variables[variable].dtype.size();
                shuffled(&self.values((order, variable), &block.cells, step)?, width)
            }
            _ => return Ok(None),
        }))
    }

    /// What the page knows a cell by: its id; on rows and columns the number of cells before it, row by row.
    fn key(&self, order: usize) -> impl Fn(u64) -> u64 {
        let grid = self.orders[order].grid;
        let rows = grid.kind.rectilinear().map(|rows| {
            let columns = rows.shape(grid.cell_order)[1];
            (rows.level(grid.cell_order), u64::from(columns))
        });
        move |id| {
            rows.map_or(id, |(level, columns)| {
                let [row, column] = level.row_column(id).map(u64::from);
                row * columns + column
            })
        }
    }

    /// Of each block: the first and the last key, how many cells there are, and its bounds.
    fn blocks(&self, order: usize) -> Result<Vec<u8>> {
        let cells = self.cells(order)?;
        let key = self.key(order);
        let mut bytes = Vec::new();
        for block in &cells.blocks {
            let (first, last) = (block.cells.start, block.cells.end - 1);
            let numbers = [
                key(cells.ids[first]),
                key(cells.ids[last]),
                block.cells.len() as u64,
            ];
            bytes.extend(numbers.into_iter().flat_map(u64::to_le_bytes));
            bytes.extend(block.bounds.into_iter().flat_map(f64::to_le_bytes));
        }
        Ok(bytes)
    }

    fn cells(&self, order: usize) -> Result<&Cells> {
        let shown = &self.orders[order];
        if let Some(cells) = shown.cells.get() {
            return Ok(cells);
        }
        let ids = shown.reader.cell_ids()?;
        let blocks = blocks(&ids, &shown.grid, &self.framed);
        Ok(shown.cells.get_or_init(|| Cells { ids, blocks }))
    }

    fn array(&self, order: usize, variable: usize) -> Result<Arc<StoreArray>> {
        // One at a time: who comes second finds what the first has read.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of = (order, variable);
        if let Some(at) = kept.iter().position(|one| one.of == of)
            && let Some(found) = kept.remove(at)
        {
            let array = Arc::clone(&found.array);
            kept.push_front(found);
            return Ok(array);
        }
        let name = &self.variables[variable].name;
        let array = Arc::new(self.orders[order].reader.read(name)?);
        let bytes =
            |kept: &VecDeque<Kept>| kept.iter().map(|one| one.array.bytes.len()).sum::<usize>();
        while !kept.is_empty() && bytes(&kept) + array.bytes.len() > KEPT {
            kept.pop_back();
        }
        kept.push_front(Kept {
            of,
            array: Arc::clone(&array),
        });
        Ok(array)
    }

    /// Values of cells that follow one another, at a step.
    fn values(&self, of: (usize, usize), cells: &Range<usize>, step: usize) -> Result<Vec<u8>> {
        let (reader, name) = (&self.orders[of.0].reader, &self.variables[of.1].name);
        let width = self.variables[of.1].dtype.size();
        let places = cells.start as u64..cells.end as u64;
        let values = if let Some(values) = reader.read_cells(name, places)? {
            values
        } else {
            let array = self.array(of.0, of.1)?;
            let steps = steps(&array.info);
            let at = cells.clone().map(|cell| (cell * steps + step) * width);
            let values = at.filter_map(|at| array.bytes.get(at..at + width));
            values.flatten().copied().collect()
        };
        if values.len() != cells.len() * width {
            let message = format!("array {name} has fewer values than there are cells");
            return Err(Error::store(&self.path, message));
        }
        Ok(values)
    }

    /// Ends of the colours, and least and greatest value, of an array at all its steps, of which a part is in memory at a time.
    fn range(&self, order: usize, variable: usize) -> Result<Value> {
        let reader = &self.orders[order].reader;
        let info = reader.info(&self.variables[variable].name)?;
        let width = info.dtype.size();
        let stride = (info.shape.iter().product::<u64>() as usize)
            .div_ceil(SAMPLED)
            .max(1);
        let mut sample = Vec::new();
        let mut extremes: Option<(f64, f64)> = None;
        let mut before = 0;
        for block in reader.blocks(&info.name)? {
            let part = StoreArray {
                info: info.clone(),
                bytes: block?,
            };
            let values = part.as_f64();
            for (at, &value) in values.iter().enumerate() {
                let is_there = !info.at_steps || part.bytes[at * width..][..width] != info.fill;
                if !value.is_finite() || !is_there {
                    continue;
                }
                let (least, greatest) = extremes.unwrap_or((value, value));
                extremes = Some((least.min(value), greatest.max(value)));
                if (before + at).is_multiple_of(stride) {
                    sample.push(value);
                }
            }
            before += values.len();
        }
        let [low, high] = range(sample.into_iter(), is_change(&label(&info)))?;
        Ok(json!({
            "low": low,
            "high": high,
            "min": extremes.map(|ends| ends.0),
            "max": extremes.map(|ends| ends.1),
        }))
    }
}

/// A variable with its unit, as above a colour bar.
pub fn label(info: &ArrayInfo) -> String {
    match info.attributes.get("units").and_then(Value::as_str) {
        Some(units) => format!("{} [{units}]", info.name),
        None => info.name.clone(),
    }
}

/// Steps of an array; one where it has none.
pub fn steps(info: &ArrayInfo) -> usize {
    if info.at_steps {
        info.shape[1] as usize
    } else {
        1
    }
}

/// Arrays that have one number for a cell, and the others with the reason.
type Chosen = (Vec<ArrayInfo>, Vec<(String, String)>);

fn variables(reader: &StoreReader, asked: &[String]) -> Result<Chosen> {
    let mut shown = Vec::new();
    let mut left_out = Vec::new();
    for name in if asked.is_empty() {
        reader.arrays()
    } else {
        asked
    } {
        let info = reader.info(name)?;
        let of_cell: u64 = info.shape[1 + usize::from(info.at_steps)..]
            .iter()
            .product();
        let why = match info.ragged {
            Some(_) => Some("it has a list of values for each cell".to_owned()),
            None if of_cell != 1 => Some(format!("it has {of_cell} values for each cell")),
            None => None,
        };
        match why {
            None => shown.push(info),
            Some(why) if asked.is_empty() => left_out.push((name.clone(), why)),
            Some(why) => {
                let message = format!(
                    "array {name} cannot be shown: {why}; name one that has one, such as {}",
                    reader.arrays().join(", ")
                );
                return Err(Error::store(reader.path(), message));
            }
        }
    }
    if shown.is_empty() {
        let message = "has no array with one number for each cell, so there is nothing to show";
        return Err(Error::store(reader.path(), message));
    }
    Ok((shown, left_out))
}
