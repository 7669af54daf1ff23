//! Rows of pieces as `shaders/reduce.wgsl` writes them.

use crate::backend::gpu::tile::ROW_WORDS;
use crate::backend::gpu::{Found, Row, ValueKeys};
use crate::stat::{Key, Moments, Range, Unsigned256};

/// Words of one row.
pub type Words = [u32; ROW_WORDS as usize];

/// What the device found of one column.
pub struct ColumnRows {
    pub rows: Vec<u32>,
    /// Value keys of all photons in the order of cells, where order statistics are asked for.
    pub values: Option<ValueKeys>,
}

impl ColumnRows {
    /// Of what was read back: rows, and values where there are some.
    pub fn of(read: Vec<Vec<u32>>) -> Self {
        let mut read = read.into_iter();
        Self {
            rows: read.next().unwrap_or_default(),
            values: read.next().map(ValueKeys::Narrow),
        }
    }

    pub fn found(&self) -> Found<'_, Words> {
        Found {
            moments: Some(self.rows.as_chunks().0),
            terms: None,
            values: self.values.as_ref(),
        }
    }
}

impl Row for Words {
    fn words(&self) -> &[u32] {
        self
    }

    /// A cell without a value that is not NaN has the identity.
    fn range(&self) -> Range {
        match self[7] {
            u32::MAX => Range::default(),
            min => Range {
                min: Key(min.into()),
                max: Key(self[8].into()),
            },
        }
    }

    fn moments(&self) -> Moments {
        let wide = |low: usize, words: usize| {
            let words = self[low..low + words].iter().rev();
            words.fold(0u128, |sum, &word| sum << 32 | u128::from(word))
        };
        Moments {
            // 96 bits of two's complement.
            sum: (wide(9, 3) << 32) as i128 >> 32,
            squares: Unsigned256 {
                high: 0,
                low: wide(12, 4),
            },
        }
    }
}
