//! Parts: a row with more values than can be held at once, cut into rows that merge into it again.
//!
//! Beside `partial.rs`. The first part has the accumulators and some of the values, the others have values
//! only: accumulators of no values change nothing when they are merged.

use std::ops::Range as Rows;

use super::accumulate::Accumulator;
use super::job::Job;
use super::joint::JointRows;
use super::ordered::{Keys, Ordered};
use super::partial::{ColumnPartials, Partials};
use super::specials::Specials;
use crate::photon::ColumnType;

/// Bytes of values that a part has room for, however few were asked for.
const LEAST: u64 = 64;

/// Keys of one cell.
#[derive(Debug, Clone, Copy)]
pub enum KeySlice<'a> {
    Narrow(&'a [u32]),
    Wide(&'a [u64]),
}

impl Partials {
    /// Bytes of the values that are retained of these rows.
    pub fn value_bytes(&self, rows: Rows<usize>) -> u64 {
        let ordered = self.columns.iter().filter_map(|c| c.ordered.as_ref());
        ordered.map(|ordered| ordered.bytes_of(rows.clone())).sum()
    }

    /// Whether [`part`](Self::part) makes more than one part of a row.
    pub fn has_parts(&self, row: usize, bytes: u64, job: &Job) -> bool {
        self.value_bytes(row..row + 1) > part_bytes(bytes, job)
    }

    /// A part of a row as a table of its own, with at most so many bytes of values, from value `from`
    /// on, counted over all columns: the first where that is 0. Also gives where the next part
    /// begins, if there is one. Values take as much as the accumulators in any case.
    pub fn part(&self, row: usize, from: usize, bytes: u64, job: &Job) -> (Self, Option<usize>) {
        let mut room = part_bytes(bytes, job);
        let mut part = Self::empty(job);
        let cell = self.cells[row];
        part.cells.push(cell);
        part.photons
            .push(if from == 0 { self.photons[row] } else { 0 });
        let (mut next, mut before) = (from, 0);
        for (mine, more) in part.columns.iter_mut().zip(&self.columns) {
            if from == 0 {
                mine.extend_fixed(more, row..row + 1);
                mine.remainders.join(&more.remainders, cell, cell);
                mine.join_joints(more, cell, cell);
            } else {
                mine.push_nothing();
            }
            let (Some(mine), Some(more)) = (&mut mine.ordered, &more.ordered) else {
                continue;
            };
            let values = more.values(row);
            let start = next.saturating_sub(before).min(values.len());
            // Not before all of the columns in front.
            let left = if next < before {
                0
            } else {
                values.len() - start
            };
            let taken = left.min((room / values.width()) as usize);
            mine.push_slice(values.slice(start..start + taken));
            room -= taken as u64 * values.width();
            next += taken;
            before += values.len();
        }
        (part, (next < before).then_some(next))
    }

    /// A part of one cell with nothing but these values of one column.
    pub fn of_values(cell: u64, column: usize, values: KeySlice, job: &Job) -> Self {
        let mut part = Self::empty(job);
        part.cells.push(cell);
        part.photons.push(0);
        for (i, mine) in part.columns.iter_mut().enumerate() {
            mine.push_nothing();
            if let Some(ordered) = &mut mine.ordered {
                let none = values.slice(0..0);
                ordered.push_slice(if i == column { values } else { none });
            }
        }
        part
    }

    /// The values that are retained of a row, by column of the job.
    pub fn values(&self, row: usize) -> impl Iterator<Item = Option<KeySlice<'_>>> {
        let ordered = self.columns.iter().map(|column| column.ordered.as_ref());
        ordered.map(move |ordered| ordered.map(|ordered| ordered.values(row)))
    }

    /// Gives up all values that are retained, and their memory.
    pub fn clear_values(&mut self) {
        for ordered in self.columns.iter_mut().filter_map(|c| c.ordered.as_mut()) {
            ordered.offsets.fill(0);
            match &mut ordered.keys {
                Keys::Narrow(keys) => *keys = Vec::new(),
                Keys::Wide(keys) => *keys = Vec::new(),
            }
        }
    }

    /// The same without what is retained of values, of which nothing is copied.
    #[must_use]
    pub fn without_values(&self) -> Self {
        let column = |column: &ColumnPartials| {
            // Without a rest: what takes memory photon by photon is told from what does not.
            let ColumnPartials {
                count,
                specials,
                range,
                moments,
                remainders,
                joints,
                terms,
                ordered,
                bins,
                out_of_range,
            } = column;
            let joints = joints.iter().map(|rows| {
                if rows.form().is_of_photons() {
                    JointRows::new(rows.form())
                } else {
                    rows.clone()
                }
            });
            ColumnPartials {
                count: count.clone(),
                specials: specials.clone(),
                range: range.clone(),
                moments: moments.clone(),
                remainders: remainders.clone(),
                joints: joints.collect(),
                terms: terms.clone(),
                ordered: ordered.as_ref().map(Ordered::without_keys),
                bins: bins.clone(),
                out_of_range: *out_of_range,
            }
        };
        Self {
            cells: self.cells.clone(),
            photons: self.photons.clone(),
            columns: self.columns.iter().map(column).collect(),
        }
    }

    /// Takes the last row out as a table of its own.
    pub fn split_last(&mut self, job: &Job) -> Self {
        let mut last = Self::empty(job);
        let Some(row) = self.len().checked_sub(1) else {
            return last;
        };
        last.append(self, row..row + 1);
        self.cells.truncate(row);
        self.photons.truncate(row);
        for column in &mut self.columns {
            column.truncate(row);
            let left = column
                .remainders
                .rows
                .partition_point(|r| r.cell < last.cells[0]);
            column.remainders.rows.truncate(left);
            let cell = last.cells[0];
            column
                .joints
                .iter_mut()
                .for_each(|rows| rows.truncate(cell));
        }
        last
    }
}

impl ColumnPartials {
    /// Appends a cell without values, but for those that are retained: their cell is still due.
    fn push_nothing(&mut self) {
        self.count.push(0);
        self.specials.push(Specials::default());
        each_accumulator!(self, rows => if !rows.is_retained() {
            rows.push_nothing();
        });
    }

    /// Removes rows from this one on, without their remainders.
    fn truncate(&mut self, rows: usize) {
        self.count.truncate(rows);
        self.specials.truncate(rows);
        each_accumulator!(self, cells => Accumulator::truncate(cells, rows));
    }
}

impl Ordered {
    /// As many cells without values.
    fn without_keys(&self) -> Self {
        let mut none = match &self.keys {
            Keys::Narrow(_) => Self::new(ColumnType::F32),
            Keys::Wide(_) => Self::new(ColumnType::F64),
        };
        none.offsets.resize(self.offsets.len(), 0);
        none
    }

    /// The values of cell `i`, in no order.
    pub fn values(&self, i: usize) -> KeySlice<'_> {
        let range = self.offsets[i]..self.offsets[i + 1];
        match &self.keys {
            Keys::Narrow(keys) => KeySlice::Narrow(&keys[range]),
            Keys::Wide(keys) => KeySlice::Wide(&keys[range]),
        }
    }

    /// Appends a cell with these values; none of a width that the column has not.
    fn push_slice(&mut self, values: KeySlice) {
        self.push_nothing();
        match (&mut self.keys, values) {
            (Keys::Narrow(keys), KeySlice::Narrow(more)) => keys.extend_from_slice(more),
            (Keys::Wide(keys), KeySlice::Wide(more)) => keys.extend_from_slice(more),
            (_, other) => assert!(other.is_empty(), "a column has keys of one width"),
        }
        let end = self.len_keys();
        if let Some(last) = self.offsets.last_mut() {
            *last = end;
        }
    }
}

impl KeySlice<'_> {
    pub fn len(self) -> usize {
        match self {
            Self::Narrow(keys) => keys.len(),
            Self::Wide(keys) => keys.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Bytes of a key.
    pub fn width(self) -> u64 {
        match self {
            Self::Narrow(_) => 4,
            Self::Wide(_) => 8,
        }
    }

    pub(super) fn slice(self, range: Rows<usize>) -> Self {
        match self {
            Self::Narrow(keys) => Self::Narrow(&keys[range]),
            Self::Wide(keys) => Self::Wide(&keys[range]),
        }
    }
}

/// Every part has the accumulators, so their values are to take as much at least.
fn part_bytes(bytes: u64, job: &Job) -> u64 {
    bytes.max(job.cell_bytes()).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stat::{ColumnOrigin, JobColumn, Needs, Resolution};

    fn job(edges: usize) -> Job {
        let column = |column_type, ordered, edges| JobColumn {
            name: format!("{column_type:?}"),
            origin: ColumnOrigin::Source(0),
            column_type,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                range: true,
                moments: true,
                variance: true,
                terms: true,
                ordered,
                edges,
                ..Needs::default()
            },
        };
        let edges = (edges > 0).then(|| (0..edges).map(|i| i as f64).collect());
        Job {
            columns: vec![
                column(ColumnType::F32, true, None),
                column(ColumnType::F64, false, edges.clone()),
                column(ColumnType::F64, true, None),
                column(ColumnType::I64, true, edges),
            ],
            outputs: Vec::new(),
        }
    }

    /// Cells with so many values each.
    fn cells(each: &[usize], job: &Job) -> Partials {
        let mut partials = Partials::empty(job);
        for (cell, &n) in (0..).zip(each) {
            partials.cells.push(cell);
            partials.photons.push(n as u64);
            let values: Vec<f64> = (0..n).map(|i| i as f64 * 0.1 - 3.0).collect();
            let narrow: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            let whole: Vec<i64> = (0..n as i64).collect();
            partials.columns[0].push_cell(&narrow, &job.columns[0]);
            partials.columns[1].push_cell(&values, &job.columns[1]);
            partials.columns[2].push_cell(&values, &job.columns[2]);
            partials.columns[3].push_cell(&whole, &job.columns[3]);
            let rule = job.columns[2].remainder_rule();
            let remainder = rule.and_then(|rule| crate::stat::Remainder::of(cell, &values, &rule));
            partials.columns[2].remainders.append(remainder);
        }
        partials
    }

    #[test]
    fn parts_of_a_row_merge_into_it_whatever_their_size() {
        for edges in [0, 3, 200] {
            let job = job(edges);
            let table = cells(&[3, 1000, 0, 1], &job);
            // The last but one is what the values of the largest row take.
            for bytes in [0, 1, 100, 3000, 4000, table.value_bytes(1..2), 1 << 20] {
                for row in 0..table.len() {
                    let mut whole = Partials::empty(&job);
                    let (mut from, mut parts) = (Some(0), 0);
                    while let Some(at) = from {
                        let (part, next) = table.part(row, at, bytes, &job);
                        let values = part.value_bytes(0..1);
                        assert!(values <= bytes.max(job.cell_bytes()).max(LEAST), "{values}");
                        whole.append(&part, 0..1);
                        parts += 1;
                        from = next;
                    }
                    let mut expected = Partials::empty(&job);
                    expected.append(&table, row..row + 1);
                    assert_eq!(whole, expected, "{bytes}");
                    assert_eq!(parts > 1, table.has_parts(row, bytes, &job));
                }
            }
        }
    }

    #[test]
    fn accumulators_and_values_of_a_row_merge_into_it() {
        let job = job(3);
        let table = cells(&[50], &job);
        let mut whole = table.clone();
        whole.clear_values();
        assert_eq!((whole.value_bytes(0..1), whole.photons[0]), (0, 50));
        assert_eq!(whole, table.without_values());
        for (column, values) in table.values(0).enumerate() {
            if let Some(values) = values {
                assert_eq!(values.len(), 50);
                whole.append(&Partials::of_values(0, column, values, &job), 0..1);
            }
        }
        assert_eq!(whole, table);
    }

    #[test]
    fn a_table_weighs_its_cells_and_the_values_that_it_retains() {
        let job = job(0);
        let mut table = cells(&[3, 5], &job);
        // Of three columns.
        assert_eq!(table.weight(), 2 + 3 * (3 + 5));
        assert!(table.columns[2].remainders.values() > 0);
        table.clear_hosts();
        assert_eq!(table.columns[2].remainders.values(), 0);
        assert_eq!(table.weight(), 26);
    }

    #[test]
    fn values_that_no_accumulator_holds_are_counted_by_their_column() {
        let job = job(0);
        let mut table = cells(&[1, 2], &job);
        assert_eq!(table.out_of_range().count(), 0);
        // Beyond the range of moments, not of terms.
        for values in [[1.0, 20_000.0], [-20_000.0, 20_000.0]] {
            table.columns[1].push_cell(&values, &job.columns[1]);
        }
        assert_eq!(table.out_of_range().collect::<Vec<_>>(), [(1, 3)]);
    }

    #[test]
    fn a_table_without_its_last_row_is_the_table_before() {
        let job = job(3);
        let mut table = cells(&[5, 7, 9], &job);
        let last = table.split_last(&job);
        assert_eq!(table, cells(&[5, 7], &job));
        table.append(&last, 0..1);
        assert_eq!(table, cells(&[5, 7, 9], &job));
        assert!(Partials::empty(&job).split_last(&job).is_empty());
    }
}
