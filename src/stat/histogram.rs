//! Counts in declared bins.

use std::ops::Range;

use super::order::Class;
use super::value::Value;

/// Bin counts of many cells, cell after cell: `below, bin 0, .., bin n-1, above` each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bins {
    pub(super) stride: usize,
    pub(super) counts: Vec<u64>,
}

impl Bins {
    /// For `edges` ascending edges: one bin less, plus below and above.
    pub fn new(edges: usize) -> Self {
        Self {
            stride: edges + 1,
            counts: Vec::new(),
        }
    }

    /// Removes all cells and keeps the memory for as many.
    pub fn clear(&mut self) {
        self.counts.clear();
    }

    /// Appends a cell with these values. Bins are half open but for the last, which holds its upper
    /// edge (as numpy); NaN falls in none.
    pub fn push_cell<T: Value>(&mut self, values: &[T], edges: &[f64]) {
        let start = self.counts.len();
        self.counts.resize(start + self.stride, 0);
        let row = &mut self.counts[start..];
        let last = edges.len() - 1;
        for value in values {
            if value.class() == Class::Nan {
                continue;
            }
            let value = value.to_f64();
            // Edges at or below the value: 0 is below all bins.
            let mut bin = edges.partition_point(|&edge| edge <= value);
            if value == edges[last] {
                bin = last;
            }
            row[bin] += 1;
        }
    }

    /// Becomes cells that each join some cells of other tables: cell `i` joins
    /// `places[starts[i]..starts[i + 1]]`, each a table and a cell of it. All have the same edges.
    pub fn gather(&mut self, tables: &[&Self], places: &[(u32, u32)], starts: &[usize]) {
        self.counts.clear();
        for pair in starts.windows(2) {
            for (i, &(table, cell)) in places[pair[0]..pair[1]].iter().enumerate() {
                let (table, cell) = (tables[table as usize], cell as usize);
                if i == 0 {
                    self.extend(table, cell..cell + 1);
                } else {
                    self.extend_last(table, cell);
                }
            }
        }
    }

    /// Appends cells of `other` as new cells.
    pub fn extend(&mut self, other: &Self, cells: Range<usize>) {
        let (start, end) = (cells.start * self.stride, cells.end * self.stride);
        self.counts.extend_from_slice(&other.counts[start..end]);
    }

    /// Adds the counts of cell `i` of `other` to the last cell.
    pub fn extend_last(&mut self, other: &Self, i: usize) {
        let start = self.counts.len() - self.stride;
        for (count, more) in self.counts[start..].iter_mut().zip(other.row(i)) {
            *count += more;
        }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.counts.len() / self.stride
    }

    /// `below, bins.., above` of cell `i`.
    pub fn row(&self, i: usize) -> &[u64] {
        &self.counts[i * self.stride..(i + 1) * self.stride]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bin_holds_its_upper_edge_and_the_rest_is_counted_outside() {
        let mut bins = Bins::new(3);
        let values = [-1.0, 0.0, 0.5, 1.0, 2.0, 2.5, f64::NAN, f64::INFINITY];
        bins.push_cell(&values, &[0.0, 1.0, 2.0]);
        assert_eq!(bins.row(0), [1, 2, 2, 2]);
    }
}
