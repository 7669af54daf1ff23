//! The values of an array in two stores, bit by bit: where they first differ.
//!
//! Below `verify.rs`.

use super::aligned::Aligned;
use super::difference::DifferenceKind;
use super::open::{ArrayInfo, Blocks};
use super::ragged::Lists;
use super::read::StoreReader;
use super::value::{Scalar, scalar};
use super::verify::Pair;
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::Result;

impl Pair {
    pub(super) fn compare_values(&self, info: &ArrayInfo) -> Result<Option<DifferenceKind>> {
        let width = info.dtype.size();
        let of = |store| -> Result<Blocks> {
            let store: &StoreReader = store;
            Ok(match &self.cells {
                Some(cells) => Box::new(Aligned::new(store, &info.name, cells)?),
                None => store.blocks(&info.name)?,
            })
        };
        let mut blocks = (of(&self.a)?, of(&self.b)?);
        let (mut a, mut b): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
        let (mut differing, mut compared) = (0, 0);
        let mut first = None;
        loop {
            // Zarr shards of the two may end at different places.
            if a.is_empty() {
                a = blocks.0.next().transpose()?.unwrap_or_default();
            }
            if b.is_empty() {
                b = blocks.1.next().transpose()?.unwrap_or_default();
            }
            let common = a.len().min(b.len());
            if common == 0 {
                break;
            }
            if a[..common] != b[..common] {
                let values = a[..common].chunks_exact(width).zip(b.chunks_exact(width));
                for (index, (x, y)) in (compared..).zip(values).filter(|(_, (x, y))| x != y) {
                    differing += 1;
                    first
                        .get_or_insert_with(|| (index, shown(info.dtype, x), shown(info.dtype, y)));
                }
            }
            compared += (common / width) as u64;
            a.drain(..common);
            b.drain(..common);
        }
        let Some((value, a, b)) = first else {
            return Ok(None);
        };
        let steps = info.shape.get(1).copied().filter(|_| info.at_steps);
        let bins = info.shape.get(1 + usize::from(info.at_steps)).copied();
        let slot = value / bins.unwrap_or(1);
        let index = slot / steps.unwrap_or(1);
        Ok(Some(DifferenceKind::Values {
            differing,
            compared,
            index,
            step: steps.map(|steps| slot % steps),
            bin: bins.map(|bins| value % bins),
            cell: self.cell(index)?,
            a,
            b,
        }))
    }

    /// Lists are compared cell by cell; the first value that differs is named.
    pub(super) fn compare_lists(
        &self,
        info: &ArrayInfo,
        values: u64,
    ) -> Result<Option<DifferenceKind>> {
        let both = [&self.a, &self.b];
        let [a, b] = match &self.cells {
            Some(cells) => both.map(|store| lists_at(store, &info.name, cells)),
            None => both.map(|store| store.lists(&info.name)),
        };
        let (mut differing, mut compared, mut first) = (0, 0, None);
        for (index, (a, b)) in (0..).zip(a?.zip(b?)) {
            let (a, b) = (a?, b?);
            compared += 1;
            if a != b {
                differing += 1;
                first.get_or_insert((index, a, b));
            }
        }
        let Some((index, a, b)) = first else {
            return Ok(None);
        };
        let width = info.dtype.size();
        let places = a.len().max(b.len()) / width;
        let value = |list: &[u8], place: usize| {
            let bytes = list.get(place * width..(place + 1) * width);
            bytes.map_or_else(|| "none".to_owned(), |bytes| shown(info.dtype, bytes))
        };
        let place = (0..places).find(|&place| value(&a, place) != value(&b, place));
        let place = place.unwrap_or(0);
        Ok(Some(DifferenceKind::Lists {
            differing,
            compared,
            index,
            row: place as u64 / values.max(1),
            cell: self.cell(index)?,
            a: value(&a, place),
            b: value(&b, place),
        }))
    }

    /// The cell of a row.
    fn cell(&self, index: u64) -> Result<u64> {
        let of = |cells: &[u64]| cells.get(index as usize).copied().unwrap_or(0);
        Ok(match &self.cells {
            Some(cells) => of(cells),
            None => of(&self.a.cell_ids()?),
        })
    }
}

/// Lists of a store at the cells of another: its own, and empty ones between them.
fn lists_at<'a>(store: &'a StoreReader, name: &str, cells: &'a [u64]) -> Result<Lists<'a>> {
    let mut own = store.cell_ids()?.into_iter().peekable();
    let mut lists = store.lists(name)?;
    Ok(Box::new(cells.iter().map(move |cell| {
        match own.next_if(|own| own == cell).and_then(|_| lists.next()) {
            Some(list) => list,
            None => Ok(Vec::new()),
        }
    })))
}

/// A value in decimal, with its bits.
pub(super) fn shown(dtype: Dtype, bytes: &[u8]) -> String {
    let bits = hex(bytes.iter().rev());
    match scalar(dtype, bytes) {
        Scalar::Whole(value) => format!("{value} (0x{bits})"),
        Scalar::Float(value) if dtype == Dtype::F32 => format!("{} (0x{bits})", value as f32),
        Scalar::Float(value) => format!("{value} (0x{bits})"),
    }
}
