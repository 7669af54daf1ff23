//! From rows that come back from the device to partials.

use crate::backend::KeyTable;
use crate::stat::{
    ColumnPartials, JobColumn, Key, Moments, Ordered, Range, Signed256, Specials, TermSum,
    Unsigned256,
};

use super::tile::ROW_WORDS;

/// Words of one row, as `part.cu` writes them.
type Row = [u32; ROW_WORDS as usize];

/// Value keys of all photons in the order of cells.
#[derive(Debug)]
pub enum ValueKeys {
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

/// What the device found of one column. There are moments or terms, of the same pieces where both.
#[derive(Debug, Default)]
pub struct ColumnRows {
    pub moments: Option<Vec<u32>>,
    pub terms: Option<Vec<u32>>,
    pub values: Option<ValueKeys>,
}

fn rows(words: &[u32]) -> &[Row] {
    words.as_chunks().0
}

impl ColumnRows {
    /// Rows with the counts.
    fn counts(&self) -> &[Row] {
        let either = self.moments.as_ref().or(self.terms.as_ref());
        either.map_or(&[], |words| rows(words))
    }

    /// Where the rows of each cell begin, and the end of the last.
    fn firsts(&self) -> Vec<usize> {
        let rows = self.counts();
        let begins = |i: &usize| *i == 0 || rows[*i][0] != rows[*i - 1][0];
        let mut firsts: Vec<usize> = (0..rows.len()).filter(begins).collect();
        firsts.push(rows.len());
        firsts
    }
}

/// What is wrong with what came back, if anything: every photon is in a row of a cell of the table, and
/// rows ascend. All that is read from rows relies on it.
pub fn wrong(found: &ColumnRows, (table, photons): (&KeyTable, u32)) -> Option<String> {
    let rows = found.counts();
    let folded: u64 = rows.iter().map(|row| u64::from(row[1])).sum();
    if folded != u64::from(photons) {
        return Some(format!("of {photons} photons the device folded {folded}"));
    }
    if !rows.iter().all(|row| table.holds(row[0])) || !rows.is_sorted_by_key(|row| row[0]) {
        return Some("the device found a cell that no photon of the batch is in".to_owned());
    }
    let counted = |row: &Row| row[3] <= row[2] && row[2] <= row[1];
    let lengths = [&found.moments, &found.terms].map(|words| words.as_ref().map(Vec::len));
    let same = lengths
        .into_iter()
        .flatten()
        .all(|len| len == rows.len() * ROW_WORDS as usize);
    if !same || !rows.iter().all(counted) {
        return Some("the device counts more values than photons".to_owned());
    }
    None
}

/// The cells of ascending rows, and the photons of each: rows of one cell are neighbours.
pub fn cells(found: &ColumnRows, table: &KeyTable) -> (Vec<u64>, Vec<u64>) {
    let rows = found.counts();
    let of_cell = |pair: &[usize]| {
        let rows = &rows[pair[0]..pair[1]];
        let photons: u64 = rows.iter().map(|row| u64::from(row[1])).sum();
        (table.cell(rows[0][0]), photons)
    };
    found.firsts().windows(2).map(of_cell).unzip()
}

/// The accumulators of a column: rows of one cell are joined, which is exact.
pub fn column(found: &ColumnRows, described: &JobColumn) -> ColumnPartials {
    let mut column = ColumnPartials::empty(described);
    let firsts = found.firsts();
    for pair in firsts.windows(2) {
        let place = pair[0]..pair[1];
        push_counts(&mut column, &found.counts()[place.clone()]);
        if let (Some(sums), Some(words)) = (&mut column.moments, &found.moments) {
            let mut sum = Moments::default();
            for row in &rows(words)[place.clone()] {
                sum.merge(&moments(row));
                column.out_of_range += u64::from(row[6]);
            }
            sums.push(sum);
        }
        if let (Some(sums), Some(words)) = (&mut column.terms, &found.terms) {
            let mut sum = TermSum::default();
            for row in &rows(words)[place] {
                sum.merge(&terms(row));
                column.out_of_range += u64::from(row[6]);
            }
            sums.push(sum);
        }
    }
    if let (Some(ordered), Some(values)) = (&mut column.ordered, &found.values) {
        push_values(ordered, found.counts(), &firsts, values);
    }
    column
}

fn push_counts(column: &mut ColumnPartials, rows: &[Row]) {
    let (mut count, mut specials, mut range) = (0, Specials::default(), Range::default());
    for row in rows {
        count += u64::from(row[2]);
        specials.merge(&Specials {
            nan: row[3].into(),
            positive_infinity: row[4].into(),
            negative_infinity: row[5].into(),
        });
        range.merge(&Range {
            min: Key(wide(row, 8)),
            max: Key(wide(row, 10)),
        });
    }
    column.count.push(count);
    column.specials.push(specials);
    if let Some(ranges) = &mut column.range {
        ranges.push(range);
    }
}

/// NaN and null have a key that says so, and stay behind.
fn push_values(ordered: &mut Ordered, rows: &[Row], firsts: &[usize], values: &ValueKeys) {
    let mut start = 0;
    for pair in firsts.windows(2) {
        let rows = &rows[pair[0]..pair[1]];
        let end = start + rows.iter().map(|row| row[1] as usize).sum::<usize>();
        match values {
            ValueKeys::Narrow(keys) => ordered.push_keys(&keys[start..end]),
            ValueKeys::Wide(keys) => {
                let len = rows.iter().map(|row| u64::from(row[2] - row[3])).sum();
                ordered.push_wide_keys(&keys[start..end], len);
            }
        }
        start = end;
    }
}

fn wide(row: &Row, low: usize) -> u64 {
    u64::from(row[low]) | u64::from(row[low + 1]) << 32
}

fn widest(row: &Row, low: usize) -> u128 {
    u128::from(wide(row, low)) | u128::from(wide(row, low + 2)) << 64
}

fn moments(row: &Row) -> Moments {
    Moments {
        sum: widest(row, 12) as i128,
        squares: Unsigned256 {
            high: 0,
            low: widest(row, 16),
        },
    }
}

fn terms(row: &Row) -> TermSum {
    TermSum {
        sum: Signed256 {
            high: widest(row, 16) as i128,
            low: widest(row, 12),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GridConfig;
    use crate::grid::{Latitude, Order};

    /// What is found wrong with rows of these keys, photons, values and NaN.
    fn wrong_with(rows: &[[u32; 4]], photons: u32) -> Option<String> {
        let order = |order| Order::new(order).unwrap();
        let grid = GridConfig {
            shard_order: order(6),
            chunk_order: None,
            cell_order: order(12),
            latitude: Latitude::AuthalicWgs84,
        };
        let table = KeyTable::new(&grid, |shift| vec![777 >> shift]);
        let mut words = Vec::new();
        for counts in rows {
            let mut row = Row::default();
            row[..4].copy_from_slice(counts);
            words.extend(row);
        }
        let found = ColumnRows {
            moments: Some(words),
            ..ColumnRows::default()
        };
        wrong(&found, (&table, photons))
    }

    #[test]
    fn rows_that_contradict_themselves_are_refused() {
        assert_eq!(
            wrong_with(&[[1, 5, 4, 1], [1, 2, 2, 0], [3, 1, 0, 0]], 8),
            None
        );
        assert_eq!(wrong_with(&[], 0), None);
        for (rows, says) in [
            ([[1, 5, 4, 1], [3, 2, 2, 0]], "the device folded 7"),
            ([[3, 5, 4, 1], [1, 3, 2, 0]], "no photon of the batch"),
            (
                [[1, 5, 4, 1], [u32::MAX, 3, 2, 0]],
                "no photon of the batch",
            ),
            ([[1, 5, 6, 1], [3, 3, 2, 0]], "more values than photons"),
            ([[1, 5, 4, 5], [3, 3, 2, 0]], "more values than photons"),
        ] {
            let found = wrong_with(&rows, 8).expect("it is wrong");
            assert!(found.contains(says), "{found}");
        }
    }
}
