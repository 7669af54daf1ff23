//! Columns: which arrays a block has, in which order, and how long each must be.
//!
//! Between `mod.rs`, which frames a block, and `pack.rs`, which writes one array.

use std::io::{self, Read, Write};
use std::ops::Range as Rows;

use super::DecodeError;
use super::pack::{Fixed, Packer, Unpacker};
use crate::stat::histogram::Bins;
use crate::stat::job::{Job, JobColumn};
use crate::stat::joint::JointRows;
use crate::stat::moments::Moments;
use crate::stat::ordered::{Keys, Ordered};
use crate::stat::partial::{ColumnPartials, Partials};
use crate::stat::range::Range;
use crate::stat::remainder::Remainder;
use crate::stat::specials::Specials;
use crate::stat::terms::TermSum;

/// Bytes of a body with these rows.
pub(super) fn bytes_of(partials: &Partials, rows: Rows<usize>) -> u64 {
    let cells = &partials.cells[rows.clone()];
    let columns = partials.columns.iter();
    let columns = columns.map(|column| bytes_of_column(column, cells, rows.clone()));
    2 * bytes_of_array::<u64>(rows.len()) + columns.sum::<u64>()
}

fn bytes_of_array<T: Fixed>(values: usize) -> u64 {
    size_of::<u64>() as u64 + values as u64 * T::BYTES as u64
}

fn bytes_of_column(column: &ColumnPartials, cells: &[u64], rows: Rows<usize>) -> u64 {
    // Without a rest, as in `pack_column`, whose arrays these are.
    let ColumnPartials {
        count: _,
        specials: _,
        range,
        moments,
        remainders,
        joints,
        terms,
        ordered,
        bins,
        out_of_range: _,
    } = column;
    let n = rows.len();
    let mut bytes = bytes_of_array::<u64>(n) + bytes_of_array::<Specials>(n);
    if range.is_some() {
        bytes += bytes_of_array::<Range>(n);
    }
    if moments.is_some() {
        let remainders = remainders.of_cells(cells).len();
        bytes += bytes_of_array::<Moments>(n) + bytes_of_array::<Remainder>(remainders);
    }
    if terms.is_some() {
        bytes += bytes_of_array::<TermSum>(n);
    }
    if let Some(ordered) = ordered {
        let keys = ordered.offsets[rows.end] - ordered.offsets[rows.start];
        bytes += bytes_of_array::<u64>(n);
        bytes += match &ordered.keys {
            Keys::Narrow(_) => bytes_of_array::<u32>(keys),
            Keys::Wide(_) => bytes_of_array::<u64>(keys),
        };
    }
    if let Some(bins) = bins {
        bytes += bytes_of_array::<u64>(n * bins.stride);
    }
    for rows in joints {
        let n = rows.of_cells(cells).len();
        bytes += bytes_of_array::<u64>(n) + bytes_of_array::<u64>(n * rows.form().words());
    }
    bytes
}

pub(super) fn pack<W: Write>(
    partials: &Partials,
    rows: Rows<usize>,
    packer: &mut Packer<W>,
) -> io::Result<()> {
    packer.array(partials.cells[rows.clone()].iter().copied())?;
    packer.array(partials.photons[rows.clone()].iter().copied())?;
    for column in &partials.columns {
        pack_column(column, &partials.cells, rows.clone(), packer)?;
    }
    Ok(())
}

fn pack_column<W: Write>(
    column: &ColumnPartials,
    cells: &[u64],
    rows: Rows<usize>,
    packer: &mut Packer<W>,
) -> io::Result<()> {
    // Without a rest: what is not named here would be lost on disk.
    let ColumnPartials {
        count,
        specials,
        range,
        moments,
        remainders,
        joints,
        terms,
        ordered,
        bins,
        out_of_range: _,
    } = column;
    packer.array(count[rows.clone()].iter().copied())?;
    packer.array(specials[rows.clone()].iter().copied())?;
    if let Some(range) = range {
        packer.array(range[rows.clone()].iter().copied())?;
    }
    if let Some(moments) = moments {
        packer.array(moments[rows.clone()].iter().copied())?;
        let remainders = remainders.of_cells(&cells[rows.clone()]);
        packer.array(remainders.iter().copied())?;
    }
    if let Some(terms) = terms {
        packer.array(terms[rows.clone()].iter().copied())?;
    }
    if let Some(ordered) = ordered {
        let (start, end) = (ordered.offsets[rows.start], ordered.offsets[rows.end]);
        let ends = &ordered.offsets[rows.start + 1..=rows.end];
        packer.array(ends.iter().map(|end| (end - start) as u64))?;
        match &ordered.keys {
            Keys::Narrow(keys) => packer.array(keys[start..end].iter().copied())?,
            Keys::Wide(keys) => packer.array(keys[start..end].iter().copied())?,
        }
    }
    if let Some(bins) = bins {
        let counts = &bins.counts[rows.start * bins.stride..rows.end * bins.stride];
        packer.array(counts.iter().copied())?;
    }
    for joint in joints {
        let rows = joint.of_cells(&cells[rows.clone()]);
        packer.array(joint.cells()[rows.clone()].iter().copied())?;
        packer.array(joint.words(rows).iter().copied())?;
    }
    Ok(())
}

pub(super) fn unpack<R: Read>(
    job: &Job,
    cells: u64,
    unpacker: &mut Unpacker<R>,
) -> Result<Partials, DecodeError> {
    Ok(Partials {
        cells: unpacker.array("the array of cells", cells)?,
        photons: unpacker.array("the array of photons", cells)?,
        columns: job
            .columns
            .iter()
            .map(|column| unpack_column(column, cells, unpacker))
            .collect::<Result<_, _>>()?,
    })
}

fn unpack_column<R: Read>(
    column: &JobColumn,
    cells: u64,
    unpacker: &mut Unpacker<R>,
) -> Result<ColumnPartials, DecodeError> {
    let mut read = ColumnPartials::empty(column);
    // Without a rest: what is written has to be read.
    let ColumnPartials {
        count,
        specials,
        range,
        moments,
        remainders,
        joints,
        terms,
        ordered,
        bins,
        out_of_range: _,
    } = &mut read;
    let what = |array: &str| format!("the array of {array} of column {}", column.name);
    *count = unpacker.array(&what("counts"), cells)?;
    *specials = unpacker.array(&what("special values"), cells)?;
    if let Some(range) = range {
        *range = unpacker.array(&what("ranges"), cells)?;
    }
    if let Some(moments) = moments {
        *moments = unpacker.array(&what("moments"), cells)?;
        remainders.rows = unpacker.up_to(&what("remainders"), cells)?;
    }
    if let Some(terms) = terms {
        *terms = unpacker.array(&what("sums of terms"), cells)?;
    }
    if let Some(ordered) = ordered {
        unpack_ordered(ordered, cells, &what, unpacker)?;
    }
    if let Some(Bins { stride, counts }) = bins {
        let bins = cells.saturating_mul(*stride as u64);
        *counts = unpacker.array(&what("bins"), bins)?;
    }
    for rows in joints {
        let cells: Vec<u64> = unpacker.up_to(&what("cells of joint sums"), u64::MAX)?;
        let words = cells.len() as u64 * rows.form().words() as u64;
        let words = unpacker.array(&what("joint sums"), words)?;
        if let Some(whole) = JointRows::of(rows.form(), cells, words) {
            *rows = whole;
        }
    }
    Ok(read)
}

fn unpack_ordered<R: Read>(
    ordered: &mut Ordered,
    cells: u64,
    what: &impl Fn(&str) -> String,
    unpacker: &mut Unpacker<R>,
) -> Result<(), DecodeError> {
    let ends: Vec<u64> = unpacker.array(&what("ends of keys"), cells)?;
    if !ends.is_sorted() {
        return Err(DecodeError::Damaged(format!(
            "{} does not ascend",
            what("ends of keys")
        )));
    }
    let keys = ends.last().copied().unwrap_or(0);
    match &mut ordered.keys {
        Keys::Narrow(narrow) => *narrow = unpacker.array(&what("keys"), keys)?,
        Keys::Wide(wide) => *wide = unpacker.array(&what("keys"), keys)?,
    }
    ordered.offsets.reserve_exact(ends.len());
    // An array of so many keys was read, so that many fit an address.
    ordered.offsets.extend(ends.iter().map(|&end| end as usize));
    Ok(())
}
