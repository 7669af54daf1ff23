//! From the rows into which pieces of runs were added to partials: one row per cell, in no order.

use crate::stat::{
    ColumnPartials, JobColumn, Key, Moments, Range, Signed256, Specials, TermSum, Unsigned256,
};

use super::tile::FOLD_WORDS;

/// Words of one row, as `fold.cu` says.
pub type Row = [u64; FOLD_WORDS as usize];

/// The first limb of the sums.
const SUMS: usize = 5;

/// A count of 32 bits.
fn count(row: &Row, place: usize) -> u64 {
    row[place / 2] >> (32 * (place % 2)) & 0xffff_ffff
}

/// What is wrong with what came back, if anything: every photon is in a row of a cell that `holds`, and no two
/// rows are of one cell. `order` has the rows by cell.
pub fn wrong(
    (cells, order): (&[u64], &[usize]),
    rows: &[Row],
    photons: u32,
    holds: impl Fn(u64) -> bool,
) -> Option<String> {
    let folded: u64 = rows.iter().map(|row| count(row, 0)).sum();
    if folded != u64::from(photons) {
        return Some(format!("of {photons} photons the device folded {folded}"));
    }
    let twice = order.windows(2).any(|two| cells[two[0]] == cells[two[1]]);
    let empty = rows.iter().any(|row| count(row, 0) == 0);
    if twice || empty || !cells.iter().all(|&cell| holds(cell)) {
        return Some("the device found a cell that no photon of the batch is in".to_owned());
    }
    let counted = |row: &Row| count(row, 2) <= count(row, 1) && count(row, 1) <= count(row, 0);
    if !rows.iter().all(counted) {
        return Some("the device counts more values than photons".to_owned());
    }
    None
}

/// Photons of each row.
pub fn photons(rows: &[Row], order: &[usize]) -> Vec<u64> {
    order.iter().map(|&i| count(&rows[i], 0)).collect()
}

/// The accumulators of a column, in an order of rows. There are moments or terms, of the same cells where
/// both.
pub fn column(
    moments: Option<&[Row]>,
    terms: Option<&[Row]>,
    order: &[usize],
    described: &JobColumn,
) -> ColumnPartials {
    let mut column = ColumnPartials::empty(described);
    // Without a rest: bins, remainders and joint sums are the host's, and where values are retained rows are not
    // summed up.
    let ColumnPartials {
        count: counted,
        specials: special,
        range,
        moments: of_moments,
        remainders: _,
        joints: _,
        terms: of_terms,
        ordered: _,
        bins: _,
        out_of_range: beyond,
    } = &mut column;
    let counts = moments.or(terms).unwrap_or_default();
    counted.extend(order.iter().map(|&i| count(&counts[i], 1)));
    special.extend(order.iter().map(|&i| specials(&counts[i])));
    let out_of_range = |rows: &[Row]| rows.iter().map(|row| count(row, 5)).sum::<u64>();
    if let Some(ranges) = range {
        ranges.extend(order.iter().map(|&i| Range {
            min: Key(!counts[i][3]),
            max: Key(counts[i][4]),
        }));
    }
    if let (Some(sums), Some(rows)) = (of_moments, moments) {
        sums.extend(order.iter().map(|&i| moments_of(&rows[i])));
        *beyond += out_of_range(rows);
    }
    if let (Some(sums), Some(rows)) = (of_terms, terms) {
        sums.extend(order.iter().map(|&i| terms_of(&rows[i])));
        *beyond += out_of_range(rows);
    }
    column
}

fn specials(row: &Row) -> Specials {
    Specials {
        nan: count(row, 2),
        positive_infinity: count(row, 3),
        negative_infinity: count(row, 4),
    }
}

fn moments_of(row: &Row) -> Moments {
    let limb = |limb: usize| row[SUMS + limb];
    let squares = (2..6).map(|i| u128::from(limb(i)) << (32 * (i - 2)));
    Moments {
        // The upper part is signed.
        sum: i128::from(limb(0)) + (i128::from(limb(1) as i64) << 32),
        squares: Unsigned256 {
            high: 0,
            low: squares.sum(),
        },
    }
}

/// Limbs are signed sums of 32-bit parts; what is above a limb goes to the next.
fn terms_of(row: &Row) -> TermSum {
    let (mut words, mut carry) = ([0u32; 8], 0i64);
    for (i, word) in words.iter_mut().enumerate() {
        let limb = if i < 6 { row[SUMS + i] as i64 } else { 0 };
        let here = limb + carry;
        *word = here as u32;
        carry = here >> 32;
    }
    let half = |at: usize| (0..4).fold(0, |all, i| all | u128::from(words[at + i]) << (32 * i));
    TermSum {
        sum: Signed256 {
            high: half(4) as i128,
            low: half(0),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(photons: u64, values: u64, nan: u64) -> Row {
        let mut row = Row::default();
        row[0] = photons | values << 32;
        row[1] = nan;
        row
    }

    #[test]
    fn rows_that_contradict_themselves_are_refused() {
        let found = |cells: &[u64], rows: &[Row]| {
            let mut order: Vec<usize> = (0..cells.len()).collect();
            order.sort_by_key(|&i| cells[i]);
            wrong((cells, &order), rows, 7, |cell| cell < 10)
        };
        assert_eq!(found(&[9, 3], &[row(5, 4, 1), row(2, 2, 0)]), None);
        for (cells, rows, says) in [
            ([9, 3], [row(5, 4, 1), row(3, 2, 0)], "the device folded 8"),
            ([9, 9], [row(5, 4, 1), row(2, 2, 0)], "no photon"),
            ([10, 3], [row(5, 4, 1), row(2, 2, 0)], "no photon"),
            ([9, 3], [row(7, 4, 1), row(0, 0, 0)], "no photon"),
            ([9, 3], [row(5, 6, 1), row(2, 2, 0)], "more values"),
            ([9, 3], [row(5, 4, 5), row(2, 2, 0)], "more values"),
        ] {
            let found = found(&cells, &rows).expect("it is wrong");
            assert!(found.contains(says), "{found}");
        }
    }

    #[test]
    fn limbs_that_hold_more_than_their_bits_are_carried() {
        let mut row = Row::default();
        row[SUMS] = 3 << 32 | 1;
        row[SUMS + 1] = -2i64 as u64;
        row[SUMS + 2] = 1 << 40;
        row[SUMS + 3] = 5;
        let moments = moments_of(&row);
        assert_eq!(moments.sum, (1 << 32) + 1);
        assert_eq!(moments.squares.low, (1 << 40) + (5 << 32));
        let terms = terms_of(&row).sum;
        assert_eq!(terms.low, 1 + (1 << 32) + (1 << (64 + 40)) + (5 << 96));
        assert_eq!(terms.high, 0);
        row = Row::default();
        row[SUMS + 1] = -1i64 as u64;
        let terms = terms_of(&row).sum;
        assert_eq!((terms.high, terms.low), (-1, u128::MAX << 32));
    }
}
