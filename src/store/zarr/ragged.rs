//! Lists of values of cells in the layout of cells: all rows one after another, and which of them are each cell's.
//!
//! Below `group.rs`, beside `array.rs`, which cuts and compresses both arrays:
//!
//! ```text
//!   12/h_tdigest           [rows, 2]    mean and weight of every centroid, cell after cell
//!   12/h_tdigest_offsets   [cells, 2]   the first row of each cell, and the row after its last
//!   12/h_tdigest_times     [rows]       a word of every centroid, where they are told; h_tdigest_locations, too
//! ```
//!
//! All open in readers that know arrays only. The hash of such an output is that of its lists, each with its length in
//! front, as zagg's specification has it (section 5.2): the same in every layout.

use std::collections::VecDeque;
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::array::{ArrayWriter, WriteFailure};
use super::cells;
use super::declared::digest_of_words;
use super::group::Stored;
use super::metadata::{ArrayLayout, Attributes, object};
use super::open::{ArrayInfo, Blocks, OpenOrder};
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::Result;
use crate::finalize::OutputArray;
use crate::store::content::ContentHash;

/// The attribute that names the array of which rows are whose.
pub const OFFSETS: &str = "offsets";

/// The name of that array.
pub fn offsets_of(name: &str) -> String {
    format!("{name}_offsets")
}

/// What the rows of an output say of themselves; those of words are whose the digest's are.
fn of_rows(output: &OutputArray, digest: &str) -> Attributes {
    let mut said = object(json!({OFFSETS: offsets_of(digest)}));
    if output.kind.element() > Some(1) {
        said.insert("parts".to_owned(), json!(["mean", "weight"]));
    }
    said
}

fn of_offsets(name: &str) -> Attributes {
    let text = format!("first row of {name} that is the cell's, and the row after its last");
    object(json!({"long_name": text, "rows_of": name}))
}

/// The array of offsets that attributes of rows name.
pub fn offsets_in(attributes: &Map<String, Value>) -> Option<&str> {
    attributes.get(OFFSETS).and_then(Value::as_str)
}

impl ArrayLayout {
    /// The values of an output that has as many as a cell comes to have, one row after another.
    ///
    /// # Errors
    /// As [`output`](Self::output).
    pub fn ragged_rows(output: &OutputArray) -> Result<Self, String> {
        let mut layout = Self::output(output)?;
        let digest = digest_of_words(output);
        layout.values = output.kind.element().filter(|values| *values > 1);
        let parts = layout.values.map(|_| format!("{}_parts", output.name));
        layout.dimension = parts;
        layout.rows = Some(format!("{digest}_rows"));
        layout.attributes.extend(of_rows(output, digest));
        Ok(layout)
    }

    /// Of such an output, which rows are each cell's.
    pub fn ragged_offsets(output: &OutputArray) -> Self {
        Self {
            name: offsets_of(&output.name),
            dtype: Dtype::U64,
            values: Some(2),
            dimension: Some(format!("{}_ends", output.name)),
            rows: None,
            steps: None,
            at_steps: false,
            fill: vec![0; 8],
            fill_value: json!(0),
            attributes: of_offsets(&output.name),
        }
    }
}

/// Adds a list to the hash of lists.
pub fn hash_list(hash: &mut Sha256, payload: &[u8]) {
    hash.update((payload.len() as u64).to_le_bytes());
    hash.update(payload);
}

/// Lists of cells, one after another.
pub type Lists<'a> = Box<dyn Iterator<Item = Result<Vec<u8>>> + 'a>;

/// Lists out of groups of them; an error ends it.
pub fn flat<'a>(groups: impl Iterator<Item = Result<Vec<Vec<u8>>>> + 'a) -> Lists<'a> {
    Box::new(groups.flat_map(|group| -> Vec<Result<Vec<u8>>> {
        match group {
            Ok(lists) => lists.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        }
    }))
}

/// Lists as bytes, each with its length in front: what is hashed and compared.
pub fn framed(lists: Lists<'_>) -> Blocks<'_> {
    Box::new(lists.map(|list| {
        let list = list?;
        Ok([&(list.len() as u64).to_le_bytes()[..], &list].concat())
    }))
}

/// The lists of an output in the layout of cells.
pub fn of_cells<'a>(open: &'a OpenOrder, info: &ArrayInfo) -> Result<Lists<'a>> {
    let name = info.name.clone();
    let row = info.dtype.size() * info.ragged.unwrap_or(1) as usize;
    let offsets = open.offsets(&name)?;
    let cells = offsets.shape[0];
    let mut offsets = cells::blocks(open, offsets)?;
    let mut rows = cells::blocks(open, open.rows(&name)?)?;
    let mut held = VecDeque::new();
    let (mut ends, mut next) = (VecDeque::new(), 0);
    Ok(Box::new((0..cells).map(move |_| {
        let damaged = |what: &str| open.damaged(&format!("{name}: {what}"));
        while ends.is_empty() {
            let block = offsets.next().transpose()?;
            let block = block.ok_or_else(|| damaged("offsets of fewer cells than there are"))?;
            let (words, _) = block.as_chunks::<8>();
            ends.extend(words.iter().map(|word| u64::from_le_bytes(*word)));
        }
        let (first, end) = (ends.pop_front(), ends.pop_front());
        let (Some(first), Some(end)) = (first, end) else {
            return Err(damaged("a cell has one offset only"));
        };
        if first != next || end < first {
            return Err(damaged(&format!(
                "rows {first} to {end} come after row {next}"
            )));
        }
        next = end;
        let bytes = (end - first) as usize * row;
        while held.len() < bytes {
            let block = rows.next().transpose()?;
            held.extend(block.ok_or_else(|| damaged("fewer rows than offsets say"))?);
        }
        Ok(held.drain(..bytes).collect())
    })))
}

/// Writes the arrays of an output: rows, and which are whose where another one does not say it.
#[derive(Debug)]
pub struct RaggedWriter {
    layout: ArrayLayout,
    rows: ArrayWriter,
    offsets: Option<ArrayWriter>,
    /// Rows so far.
    written: u64,
    hash: Sha256,
}

impl RaggedWriter {
    /// A writer of the arrays below the group.
    ///
    /// # Errors
    /// In words, an output that cannot be stored.
    pub fn new(output: &OutputArray, group: &Path) -> std::result::Result<Self, String> {
        let layout = ArrayLayout::ragged_rows(output)?;
        let own = digest_of_words(output) == output.name;
        let offsets = own.then(|| ArrayLayout::ragged_offsets(output));
        let writer = |layout: ArrayLayout| {
            let folder = group.join(&layout.name);
            ArrayWriter::new(layout, folder)
        };
        Ok(Self {
            rows: writer(layout.clone()),
            offsets: offsets.map(writer),
            layout,
            written: 0,
            hash: Sha256::new(),
        })
    }

    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Appends the lists of cells, as little-endian bytes.
    pub fn push(&mut self, payloads: &[Vec<u8>]) -> std::result::Result<(), WriteFailure> {
        let row = self.layout.cell_bytes().max(1);
        let mut offsets = Vec::with_capacity(payloads.len() * 16);
        for payload in payloads {
            hash_list(&mut self.hash, payload);
            offsets.extend(self.written.to_le_bytes());
            self.written += (payload.len() / row) as u64;
            offsets.extend(self.written.to_le_bytes());
        }
        if let Some(writer) = &mut self.offsets {
            writer.push(&offsets)?;
        }
        for payload in payloads {
            self.rows.push(payload)?;
        }
        Ok(())
    }

    /// Writes what is pending and the metadata. Gives back the hash of the lists, and those of both arrays.
    pub fn finish(self) -> std::result::Result<(ContentHash, Stored), WriteFailure> {
        let offsets = self.offsets.map(ArrayWriter::finish).transpose()?;
        let arrays = offsets.into_iter().chain([self.rows.finish()?]);
        let hash = ContentHash {
            array: self.layout.name,
            dtype: self.layout.dtype,
            sha256: hex(&self.hash.finalize()),
        };
        Ok((
            hash,
            arrays.map(|array| (array.array, array.sha256)).collect(),
        ))
    }
}
