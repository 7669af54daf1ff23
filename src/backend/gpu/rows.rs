//! Rows that come back from a device become partials. A row is what a piece of a cell adds up to, and pieces are cut
//! at tiles: rows of one cell are neighbours, one a tile at most, and are joined here, which is exact.

use crate::backend::KeyTable;
use crate::stat::{
    ColumnPartials, JobColumn, Moments, Ordered, Partials, Range, Specials, TermSum,
};

use super::fault::{Fault, Result};
use super::share::{Share, assemble};

/// A row as a device writes it. The first seven words are counts, and the same on all devices.
pub trait Row {
    fn words(&self) -> &[u32];

    /// The key of its cell.
    fn key(&self) -> u32 {
        self.words()[0]
    }

    fn photons(&self) -> u64 {
        self.words()[1].into()
    }

    /// Photons whose value is not null.
    fn values(&self) -> u64 {
        self.words()[2].into()
    }

    fn specials(&self) -> Specials {
        let words = self.words();
        Specials {
            nan: words[3].into(),
            positive_infinity: words[4].into(),
            negative_infinity: words[5].into(),
        }
    }

    fn out_of_range(&self) -> u64 {
        self.words()[6].into()
    }

    fn range(&self) -> Range;
    fn moments(&self) -> Moments;
    /// Where the device sums terms.
    fn terms(&self) -> TermSum {
        TermSum::default()
    }
}

/// Value keys of all photons in the order of cells.
#[derive(Debug)]
pub enum ValueKeys {
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

/// What a device found of one column. There are moments or terms, of the same pieces where both.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a, R> {
    pub moments: Option<&'a [R]>,
    pub terms: Option<&'a [R]>,
    /// Where order statistics are asked for.
    pub values: Option<&'a ValueKeys>,
}

impl<R: Row> Found<'_, R> {
    /// Rows with the counts.
    fn counts(&self) -> &[R] {
        self.moments.or(self.terms).unwrap_or_default()
    }

    /// Where the rows of each cell begin, and the end of the last.
    fn firsts(&self) -> Vec<usize> {
        let rows = self.counts();
        let begins = |i: &usize| *i == 0 || rows[*i].key() != rows[*i - 1].key();
        let mut firsts: Vec<usize> = (0..rows.len()).filter(begins).collect();
        firsts.push(rows.len());
        firsts
    }
}

/// One table of what the device found and of what the host folded.
pub fn join<R: Row>(
    sides: (&Share, &Share),
    found: &[Found<R>],
    (table, photons): (&KeyTable, u32),
    host_partials: Option<Partials>,
) -> Result<Partials> {
    let wrong = |found| wrong(found, (table, photons));
    if let Some(wrong) = found.iter().find_map(wrong) {
        return Err(Fault::Wrong(wrong));
    }
    let described = sides.0.job.columns.iter();
    let columns = found
        .iter()
        .zip(described)
        .map(|(found, described)| column(found, described));
    let cells = cells(&found[0], table);
    assemble(sides, cells, columns.collect(), host_partials)
}

/// What is wrong with what came back, if anything: every photon is in a row of a cell of the table, and
/// rows ascend. All that is read from rows relies on it.
fn wrong<R: Row>(found: &Found<R>, (table, photons): (&KeyTable, u32)) -> Option<String> {
    let rows = found.counts();
    let folded: u64 = rows.iter().map(Row::photons).sum();
    if folded != u64::from(photons) {
        return Some(format!("of {photons} photons the device folded {folded}"));
    }
    if !rows.iter().all(|row| table.holds(row.key())) || !rows.is_sorted_by_key(Row::key) {
        return Some("the device found a cell that no photon of the batch is in".to_owned());
    }
    let counted = |row: &R| row.specials().nan <= row.values() && row.values() <= row.photons();
    let mut both = [found.moments, found.terms].into_iter().flatten();
    if !both.all(|of_sums| of_sums.len() == rows.len()) || !rows.iter().all(counted) {
        return Some("the device counts more values than photons".to_owned());
    }
    None
}

/// The cells of ascending rows, and the photons of each: rows of one cell are neighbours.
fn cells<R: Row>(found: &Found<R>, table: &KeyTable) -> (Vec<u64>, Vec<u64>) {
    let rows = found.counts();
    let of_cell = |pair: &[usize]| {
        let rows = &rows[pair[0]..pair[1]];
        let photons: u64 = rows.iter().map(Row::photons).sum();
        (table.cell(rows[0].key()), photons)
    };
    found.firsts().windows(2).map(of_cell).unzip()
}

/// The accumulators of a column.
fn column<R: Row>(found: &Found<R>, described: &JobColumn) -> ColumnPartials {
    let mut column = ColumnPartials::empty(described);
    // Without a rest: bins, remainders and joint sums are the host's, all others are in rows.
    let ColumnPartials {
        count,
        specials,
        range,
        moments,
        remainders: _,
        joints: _,
        terms,
        ordered,
        bins: _,
        out_of_range,
    } = &mut column;
    let firsts = found.firsts();
    for pair in firsts.windows(2) {
        let place = pair[0]..pair[1];
        let counts = &found.counts()[place.clone()];
        count.push(counts.iter().map(Row::values).sum());
        specials.push(special_values(counts));
        if let Some(ranges) = range {
            ranges.push(extent(counts));
        }
        if let (Some(sums), Some(rows)) = (moments.as_mut(), found.moments) {
            let mut sum = Moments::default();
            for row in &rows[place.clone()] {
                sum.merge(&row.moments());
                *out_of_range += row.out_of_range();
            }
            sums.push(sum);
        }
        if let (Some(sums), Some(rows)) = (terms.as_mut(), found.terms) {
            let mut sum = TermSum::default();
            for row in &rows[place] {
                sum.merge(&row.terms());
                *out_of_range += row.out_of_range();
            }
            sums.push(sum);
        }
    }
    if let (Some(ordered), Some(values)) = (ordered, found.values) {
        push_values(ordered, found.counts(), &firsts, values);
    }
    column
}

fn special_values<R: Row>(rows: &[R]) -> Specials {
    let mut all = Specials::default();
    for row in rows {
        all.merge(&row.specials());
    }
    all
}

fn extent<R: Row>(rows: &[R]) -> Range {
    let mut all = Range::default();
    for row in rows {
        all.merge(&row.range());
    }
    all
}

/// NaN and null have a key that says so, and stay behind.
fn push_values<R: Row>(ordered: &mut Ordered, rows: &[R], firsts: &[usize], values: &ValueKeys) {
    let all: u64 = rows.iter().map(Row::values).sum();
    ordered.reserve_values(firsts.len().saturating_sub(1), all as usize);
    let mut start = 0;
    for pair in firsts.windows(2) {
        let rows = &rows[pair[0]..pair[1]];
        let end = start + rows.iter().map(Row::photons).sum::<u64>() as usize;
        match values {
            ValueKeys::Narrow(keys) => ordered.push_keys(&keys[start..end]),
            ValueKeys::Wide(keys) => {
                let len = rows
                    .iter()
                    .map(|row| row.values() - row.specials().nan)
                    .sum();
                ordered.push_wide_keys(&keys[start..end], len);
            }
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::GridConfig;
    use crate::grid::{Latitude, Order};

    /// A row that has counts alone.
    struct Counts([u32; 7]);

    impl Row for Counts {
        fn words(&self) -> &[u32] {
            &self.0
        }

        fn range(&self) -> Range {
            Range::default()
        }

        fn moments(&self) -> Moments {
            Moments::default()
        }
    }

    /// What is found wrong with rows of these keys, photons, values and NaN.
    fn wrong_with(rows: &[[u32; 4]], photons: u32) -> Option<String> {
        let order = |order| Order::new(order).unwrap();
        let grid = GridConfig {
            shard_order: order(6),
            chunk_order: None,
            cell_order: order(12),
            steps: 1,
            kind: Latitude::AuthalicWgs84.into(),
        };
        let table = KeyTable::new(&grid, |shift| vec![777 >> shift]);
        let rows: Vec<Counts> = (rows.iter())
            .map(|&[key, photons, values, nan]| Counts([key, photons, values, nan, 0, 0, 0]))
            .collect();
        let found = Found {
            moments: Some(&rows),
            terms: None,
            values: None,
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
