//! Rows of pieces as `kernels/part.cu` writes them.

use crate::backend::gpu::{Found, Row, ValueKeys};
use crate::stat::{Key, Moments, Range, Signed256, TermSum, Unsigned256};

use super::tile::ROW_WORDS;

/// Words of one row.
pub type Words = [u32; ROW_WORDS as usize];

impl Row for Words {
    fn words(&self) -> &[u32] {
        self
    }

    fn range(&self) -> Range {
        Range {
            min: Key(wide(self, 8)),
            max: Key(wide(self, 10)),
        }
    }

    fn moments(&self) -> Moments {
        Moments {
            sum: widest(self, 12) as i128,
            squares: Unsigned256 {
                high: 0,
                low: widest(self, 16),
            },
        }
    }

    fn terms(&self) -> TermSum {
        TermSum {
            sum: Signed256 {
                high: widest(self, 16) as i128,
                low: widest(self, 12),
            },
        }
    }
}

fn wide(row: &Words, low: usize) -> u64 {
    u64::from(row[low]) | u64::from(row[low + 1]) << 32
}

fn widest(row: &Words, low: usize) -> u128 {
    u128::from(wide(row, low)) | u128::from(wide(row, low + 2)) << 64
}

/// What the device found of one column. There are moments or terms, of the same pieces where both.
#[derive(Debug, Default)]
pub struct ColumnRows {
    pub moments: Option<Vec<u32>>,
    pub terms: Option<Vec<u32>>,
    pub values: Option<ValueKeys>,
}

impl ColumnRows {
    pub fn found(&self) -> Found<'_, Words> {
        Found {
            moments: self.moments.as_deref().map(|words| words.as_chunks().0),
            terms: self.terms.as_deref().map(|words| words.as_chunks().0),
            values: self.values.as_ref(),
        }
    }
}
