//! From rows that come back from the device to partials.

use crate::backend::KeyTable;
use crate::backend::tile::ROW_WORDS;
use crate::stat::{ColumnPartials, JobColumn, Key, Moments, Ordered, Range, Specials, Unsigned256};

/// Words of one row, as `reduce.wgsl` writes them.
type Row = [u32; ROW_WORDS as usize];

/// What the device found of one column.
pub struct ColumnRows {
    pub rows: Vec<u32>,
    /// Value keys of all photons in the order of cells, where order statistics are asked for.
    pub values: Option<Vec<u32>>,
}

impl ColumnRows {
    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.as_chunks().0.iter()
    }
}

/// The cells of ascending rows, and the photons of each: rows of one cell are neighbours.
pub fn cells(first: &ColumnRows, table: &KeyTable) -> (Vec<u64>, Vec<u64>) {
    let (mut cells, mut photons) = (Vec::new(), Vec::<u64>::new());
    let mut last = None;
    for row in first.rows() {
        if last == Some(row[0]) {
            if let Some(sum) = photons.last_mut() {
                *sum += u64::from(row[1]);
            }
        } else {
            last = Some(row[0]);
            cells.push(table.cell(row[0]));
            photons.push(u64::from(row[1]));
        }
    }
    (cells, photons)
}

/// The accumulators of a column: rows of one cell are joined, which is exact.
pub fn column(found: &ColumnRows, described: &JobColumn) -> ColumnPartials {
    let mut column = ColumnPartials::empty(described);
    let mut last = None;
    for row in found.rows() {
        let specials = Specials {
            nan: row[3].into(),
            positive_infinity: row[4].into(),
            negative_infinity: row[5].into(),
        };
        let (range, moments) = (range(row), moments(row));
        column.out_of_range += u64::from(row[6]);
        let place = column.count.len().wrapping_sub(1);
        if last == Some(row[0]) {
            column.count[place] += u64::from(row[2]);
            column.specials[place].merge(&specials);
            if let Some(rows) = &mut column.range {
                rows[place].merge(&range);
            }
            if let Some(rows) = &mut column.moments {
                rows[place].merge(&moments);
            }
            continue;
        }
        last = Some(row[0]);
        column.count.push(row[2].into());
        column.specials.push(specials);
        if let Some(rows) = &mut column.range {
            rows.push(range);
        }
        if let Some(rows) = &mut column.moments {
            rows.push(moments);
        }
    }
    if let (Some(ordered), Some(values)) = (&mut column.ordered, &found.values) {
        push_values(ordered, found, values);
    }
    column
}

/// NaN and null have a key that no value has, and stay behind.
fn push_values(ordered: &mut Ordered, found: &ColumnRows, values: &[u32]) {
    let (mut start, mut end, mut last) = (0, 0, None);
    for row in found.rows() {
        if last.is_some_and(|key| key != row[0]) {
            ordered.push_keys(&values[start..end]);
            start = end;
        }
        last = Some(row[0]);
        end += row[1] as usize;
    }
    if last.is_some() {
        ordered.push_keys(&values[start..end]);
    }
}

/// A cell without a value that is not NaN has the identity.
fn range(row: &Row) -> Range {
    match row[7] {
        u32::MAX => Range::default(),
        min => Range {
            min: Key(min.into()),
            max: Key(row[8].into()),
        },
    }
}

fn moments(row: &Row) -> Moments {
    let wide = |low: usize, words: usize| {
        let words = row[low..low + words].iter().rev();
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
