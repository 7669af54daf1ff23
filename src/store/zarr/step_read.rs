//! Reading arrays with steps of time: the steps, and the values of all of them cell by cell.
//!
//! Below `read.rs`; `by_step.rs` writes such arrays. What is not stored is the fill value.

use std::ops::Range;

use sha2::{Digest, Sha256};
use zarrs::array::{Array, ArrayBytes, ArraySubset};
use zarrs::filesystem::FilesystemStore;

use super::groups::document;
use super::open::{ArrayInfo, Blocks, OpenOrder};
use super::times::BOUNDS;
use super::value::{Scalar, into_little_endian, scalar};
use crate::config::{Dtype, Numbered, shown_time};
use crate::digest::hex;
use crate::error::Result;
use crate::store::content::ContentHash;

/// The steps of a store, as it says them.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSteps {
    /// `time`, `cycle`, `rgt` or `region`.
    pub name: String,
    steps: Vec<Step>,
    hashes: Vec<ContentHash>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    /// Seconds since 2018-01-01.
    Period(f64, f64),
    Number(i64),
}

impl StoredSteps {
    /// How many there are.
    pub fn len(&self) -> u64 {
        self.steps.len() as u64
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// A step for people.
    pub fn said(&self, step: usize) -> String {
        match self.steps.get(step) {
            Some(Step::Period(from, to)) => {
                format!("{} to {}", shown_time(from), shown_time(to))
            }
            Some(Step::Number(number)) => format!("{} {number}", self.name),
            None => format!("step {step}"),
        }
    }

    /// When a step begins, in seconds since 2018-01-01; `None` of steps that are numbers.
    pub fn start(&self, step: usize) -> Option<f64> {
        match self.steps.get(step) {
            Some(Step::Period(from, _)) => Some(*from),
            Some(Step::Number(_)) | None => None,
        }
    }

    /// The number of a step; `None` of steps of time.
    pub fn number(&self, step: usize) -> Option<i64> {
        match self.steps.get(step) {
            Some(Step::Number(number)) => Some(*number),
            Some(Step::Period(..)) | None => None,
        }
    }

    /// The step that a moment is in, in seconds since 2018-01-01.
    pub fn at_time(&self, seconds: f64) -> Option<usize> {
        let holds = |step: &Step| match step {
            Step::Period(from, to) => (*from..*to).contains(&seconds),
            Step::Number(_) => false,
        };
        self.steps.iter().position(holds)
    }

    /// Whether they are numbers of granules.
    pub fn are_numbers(&self) -> bool {
        Numbered::named(&self.name).is_some()
    }

    /// The step of this number.
    pub fn of_number(&self, number: i64) -> Option<usize> {
        let is = |step: &Step| *step == Step::Number(number);
        self.steps.iter().position(is)
    }

    /// All of them for people.
    pub fn all_said(&self) -> String {
        match self.steps.len() {
            0 => "none".to_owned(),
            1 => self.said(0),
            more => format!("{more}: {} up to {}", self.said(0), self.said(more - 1)),
        }
    }

    /// Of the coordinate, and of what goes with it.
    pub fn hashes(&self) -> &[ContentHash] {
        &self.hashes
    }
}

/// The steps of a store whose axis has this name.
///
/// # Errors
/// A coordinate that is missing, damaged, or none that icefold writes.
pub fn steps(store: &OpenOrder, name: &str) -> Result<StoredSteps> {
    let mut hashes = Vec::new();
    let mut read = |name: &str, dtype: Dtype, width: usize| -> Result<Vec<Scalar>> {
        let array = store.array(name)?;
        let shape = array.shape().to_vec();
        let of_step: u64 = shape[1.min(shape.len())..].iter().product();
        let document = document(store.path(), &store.folder(name))?;
        let found = document["data_type"].as_str().and_then(Dtype::named);
        if found != Some(dtype) || of_step != width as u64 || shape.is_empty() {
            let message = format!(
                "{name} is no coordinate of {} a step: {width}",
                dtype.name()
            );
            return Err(store.damaged(&message));
        }
        let ranges: Vec<Range<u64>> = shape.iter().map(|&n| 0..n).collect();
        let bytes = retrieve(store, &array, dtype, &ranges)?;
        hashes.push(ContentHash {
            array: name.to_owned(),
            dtype,
            sha256: hex(&Sha256::digest(&bytes)),
        });
        let values = bytes.chunks_exact(dtype.size());
        Ok(values.map(|bytes| scalar(dtype, bytes)).collect())
    };
    let float = |value: Scalar| match value {
        Scalar::Float(x) => x,
        Scalar::Whole(n) => n as f64,
    };
    let steps = if Numbered::named(name).is_some() {
        let numbers = read(name, Dtype::I32, 1)?.into_iter();
        numbers
            .map(|number| Step::Number(float(number) as i64))
            .collect()
    } else {
        let starts = read(name, Dtype::F64, 1)?;
        let ends = read(BOUNDS, Dtype::F64, 2)?;
        let steps = ends
            .chunks_exact(2)
            .map(|ends| Step::Period(float(ends[0]), float(ends[1])));
        let steps: Vec<Step> = steps.collect();
        let same = |(start, step): (&Scalar, &Step)| match step {
            Step::Period(from, to) => float(*start) == *from && from < to,
            Step::Number(_) => false,
        };
        if starts.len() != steps.len() || !starts.iter().zip(&steps).all(same) {
            let message = format!("{name} and {BOUNDS} are not those of one another");
            return Err(store.damaged(&message));
        }
        steps
    };
    Ok(StoredSteps {
        name: name.to_owned(),
        steps,
        hashes,
    })
}

/// The values of some cells at all steps, of a layout without checksums: those of a cell follow one another, by step.
pub fn of_cells(
    store: &OpenOrder,
    array: &Array<FilesystemStore>,
    info: &ArrayInfo,
    cells: Range<u64>,
) -> Result<Vec<u8>> {
    let steps = info.shape[1];
    let bins: u64 = info.shape[2..].iter().product();
    let width = bins as usize * info.dtype.size();
    let count = (cells.end - cells.start) as usize;
    let mut all = vec![0; count * steps as usize * width];
    for step in 0..steps {
        let of_bins = info.shape[2..].iter().map(|&bins| 0..bins);
        let ranges = [step..step + 1, cells.clone()].into_iter().chain(of_bins);
        let bytes = retrieve(store, array, info.dtype, &ranges.collect::<Vec<_>>())?;
        scatter(&bytes, (step as usize, steps as usize), width, &mut all);
    }
    Ok(all)
}

/// The values of an array with steps over listed cells, those of one file of each step at a time: decoded whole, so
/// that checksums are compared.
pub fn blocks(store: &OpenOrder, info: ArrayInfo) -> Result<Blocks<'_>> {
    let array = store.array(&info.name)?;
    let files = array.chunk_grid_shape().to_vec();
    if files[0] != info.shape[1] || files.iter().skip(2).any(|&count| count > 1) {
        let message = format!("{} is cut along its bins or across its steps", info.name);
        return Err(store.damaged(&message));
    }
    let files = 0..files[1];
    Ok(Box::new(
        files.map(move |file| block(store, &array, &info, file)),
    ))
}

fn block(
    store: &OpenOrder,
    array: &Array<FilesystemStore>,
    info: &ArrayInfo,
    file: u64,
) -> Result<Vec<u8>> {
    let steps = info.shape[1] as usize;
    let fill = info
        .fill
        .repeat(info.shape[2..].iter().product::<u64>() as usize);
    let mut indices = vec![0; info.shape.len()];
    indices[1] = file;
    let place = || format!("{}/{}", store.grid().cell_order, info.name);
    let bounded = array.chunk_subset_bounded(&indices);
    let bounded = bounded.map_err(|error| store.damaged(&format!("{}: {error}", place())))?;
    let cells = bounded.shape()[1] as usize;
    let mut all = fill.repeat(cells * steps);
    for step in 0..steps {
        indices[0] = step as u64;
        let failed = |error: &dyn std::fmt::Display| {
            let place = place();
            let message =
                format!("{place} (step {step}, Zarr shard {file}) cannot be decoded: {error}");
            store.damaged(&message)
        };
        let bytes = array.retrieve_chunk_if_exists::<ArrayBytes<'static>>(&indices);
        let Some(bytes) = bytes.map_err(|error| failed(&error))? else {
            continue;
        };
        let mut bytes = bytes
            .into_fixed()
            .map_err(|error| failed(&error))?
            .into_owned();
        into_little_endian(&mut bytes, info.dtype.size());
        scatter(&bytes, (step, steps), fill.len(), &mut all);
    }
    Ok(all)
}

/// Puts the values of cells at a step to their places, as far as there are some.
fn scatter(values: &[u8], (step, steps): (usize, usize), width: usize, all: &mut [u8]) {
    let cells = all.chunks_exact_mut(width * steps);
    for (value, cell) in values.chunks_exact(width).zip(cells) {
        cell[step * width..][..width].copy_from_slice(value);
    }
}

/// Adds values of all steps of cells, the first of which has this number, to a hash: as `by_step.rs` does.
pub fn hash(hash: &mut Sha256, info: &ArrayInfo, first: u64, bytes: &[u8]) {
    let steps = info.shape[1];
    let bins: u64 = info.shape[2..].iter().product();
    let fill = info.fill.repeat(bins as usize);
    let values = bytes.chunks_exact(fill.len().max(1));
    for (position, value) in (first * steps..).zip(values) {
        if value != fill {
            hash.update(position.to_le_bytes());
            hash.update(value);
        }
    }
}

/// The part of an array between these bounds.
pub fn retrieve(
    store: &OpenOrder,
    array: &Array<FilesystemStore>,
    dtype: Dtype,
    ranges: &[Range<u64>],
) -> Result<Vec<u8>> {
    let place = || format!("{} of {}", array.path(), store.grid().cell_order);
    let bytes = array
        .retrieve_array_subset::<ArrayBytes<'static>>(&ArraySubset::new_with_ranges(ranges))
        .map_err(|error| store.damaged(&format!("{} cannot be decoded: {error}", place())))?
        .into_fixed()
        .map_err(|error| store.damaged(&format!("{}: {error}", place())))?;
    let mut bytes = bytes.into_owned();
    into_little_endian(&mut bytes, dtype.size());
    Ok(bytes)
}
