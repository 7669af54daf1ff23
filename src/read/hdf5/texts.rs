//! Datasets of text, of fixed and of variable length, which filters compare.
//!
//! On the line: `columns.rs` reads such a dataset through libhdf5. Nothing is computed with a text: each is held as the
//! place of the word that it is, among those that filters compare it with, as if the words were members of an enum.

use std::ops::Range;

use arrow::buffer::NullBuffer;
use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Dataset, H5Type, Hyperslab};

use crate::read::attributes::{Attribute, Attributes};

/// Longest text of fixed length, in bytes.
const LONGEST: usize = 2048;
/// Bytes of texts that are read at a time.
const AT_ONCE: usize = 1 << 20;
/// A text that is none of the words.
const OTHER: i64 = -1;
/// One that stands for no value.
const NULL: i64 = -2;

/// How texts are told apart.
#[derive(Debug)]
pub(super) struct Texts {
    stored: TypeDescriptor,
    /// Without blanks at their ends; a text is held as the place of its own.
    words: Vec<String>,
    fills: Vec<String>,
}

/// Whether a dataset is of text.
pub(super) fn is_text(dataset: &Dataset) -> bool {
    matches!(
        dataset.dtype().and_then(|dtype| dtype.to_descriptor()),
        Ok(TypeDescriptor::FixedAscii(_)
            | TypeDescriptor::FixedUnicode(_)
            | TypeDescriptor::VarLenAscii
            | TypeDescriptor::VarLenUnicode)
    )
}

impl Texts {
    /// Of a dataset of text that is compared with these words.
    ///
    /// # Errors
    /// In words: texts that are too long, attributes that mean nothing of text, values that were never written.
    pub fn of(
        dataset: &Dataset,
        attributes: &Attributes,
        words: &[String],
    ) -> Result<Self, String> {
        let stored = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
        let stored = stored.map_err(|e| format!("has a type that cannot be read: {e}"))?;
        if let TypeDescriptor::FixedAscii(length) | TypeDescriptor::FixedUnicode(length) = stored
            && length > LONGEST
        {
            return Err(format!(
                "is text of {length} bytes, and filters compare texts of up to {LONGEST}; leave the filter out"
            ));
        }
        if dataset.storage_size() == 0 && dataset.size() > 0 {
            return Err(format!(
                "has {} texts and none of them is stored: they were never written; fetch the granule again",
                dataset.size()
            ));
        }
        let mut fills = Vec::new();
        for (name, attribute) in &attributes.found {
            match (*name, attribute) {
                ("_FillValue" | "missing_value", Attribute::Text(text)) => fills.push(text.clone()),
                // As an empty text is read.
                ("_FillValue" | "missing_value", Attribute::Other(_)) => fills.push(String::new()),
                _ => {
                    return Err(format!(
                        "is text, and its attribute {name} is of numbers; correct the attribute, or leave the \
                         filter out"
                    ));
                }
            }
        }
        let mut known: Vec<String> = words
            .iter()
            .map(|word| word.trim_end().to_owned())
            .collect();
        known.sort();
        known.dedup();
        Ok(Self {
            stored,
            words: known,
            fills,
        })
    }

    /// The words, as they were given, with the numbers that stand for them.
    pub fn members(&self, words: &[String]) -> Vec<(String, i64)> {
        let place = |word: &String| {
            let known = self.words.iter().position(|known| known == word.trim_end());
            Some((word.clone(), known? as i64))
        };
        let mut members: Vec<(String, i64)> = words.iter().filter_map(place).collect();
        members.sort();
        members.dedup();
        members
    }

    /// Which of these are texts, and not nulls; `None` where all are.
    pub fn nulls(&self, values: &[i64]) -> Option<NullBuffer> {
        if self.fills.is_empty() || !values.contains(&NULL) {
            return None;
        }
        Some(
            values
                .iter()
                .map(|value| *value != NULL)
                .collect::<Vec<bool>>()
                .into(),
        )
    }

    /// Reads rows of a column as numbers.
    pub fn read(
        &self,
        (dataset, column): (&Dataset, Option<usize>),
        rows: &Range<u64>,
        out: &mut [i64],
    ) -> hdf5::Result<()> {
        let from = (dataset, column);
        match self.stored {
            TypeDescriptor::FixedAscii(0..=16) => self.each::<FixedAscii<16>>(from, rows, out),
            TypeDescriptor::FixedAscii(17..=128) => self.each::<FixedAscii<128>>(from, rows, out),
            TypeDescriptor::FixedAscii(_) => self.each::<FixedAscii<LONGEST>>(from, rows, out),
            TypeDescriptor::FixedUnicode(0..=16) => self.each::<FixedUnicode<16>>(from, rows, out),
            TypeDescriptor::FixedUnicode(17..=128) => {
                self.each::<FixedUnicode<128>>(from, rows, out)
            }
            TypeDescriptor::FixedUnicode(_) => self.each::<FixedUnicode<LONGEST>>(from, rows, out),
            TypeDescriptor::VarLenAscii => self.each::<VarLenAscii>(from, rows, out),
            _ => self.each::<VarLenUnicode>(from, rows, out),
        }
    }

    /// The same of one type, some rows at a time.
    fn each<T: H5Type + Text>(
        &self,
        (dataset, column): (&Dataset, Option<usize>),
        rows: &Range<u64>,
        out: &mut [i64],
    ) -> hdf5::Result<()> {
        let at_once = (AT_ONCE / size_of::<T>()).max(1);
        let mut start = rows.start as usize;
        for part in out.chunks_mut(at_once) {
            let range = start..start + part.len();
            start = range.end;
            let selection = match column {
                Some(column) => Hyperslab::from((range, column)),
                None => Hyperslab::from(range),
            };
            let texts = dataset.read_slice_1d::<T, _>(selection)?;
            for (out, text) in part.iter_mut().zip(&texts) {
                *out = self.number(text.stored());
            }
        }
        Ok(())
    }

    /// What stands for a text.
    fn number(&self, stored: &[u8]) -> i64 {
        let ended = stored.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = ended.trim_ascii_end();
        if self.fills.iter().any(|fill| fill.as_bytes() == text) {
            return NULL;
        }
        let known = self.words.iter().position(|word| word.as_bytes() == text);
        known.map_or(OTHER, |place| place as i64)
    }
}

/// A text as libhdf5 gives it.
trait Text {
    fn stored(&self) -> &[u8];
}

impl<const N: usize> Text for FixedAscii<N> {
    fn stored(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<const N: usize> Text for FixedUnicode<N> {
    fn stored(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Text for VarLenAscii {
    fn stored(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Text for VarLenUnicode {
    fn stored(&self) -> &[u8] {
        self.as_bytes()
    }
}
