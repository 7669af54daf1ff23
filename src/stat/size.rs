//! Size: how much memory partials take, so that they can be held to a budget.
//!
//! Beside `partial.rs`. There are two sizes: what the rows need, and what a table has taken from the system,
//! with the room that its arrays keep for more.

use std::mem::size_of;
use std::ops::Range as Rows;

use super::accumulate::Accumulator;
use super::choose::Chosen;
use super::job::{Job, JobColumn, Needs};
use super::joint::JointRows;
use super::moments::Moments;
use super::order::Key;
use super::ordered::{Keys, Ordered};
use super::partial::{ColumnPartials, Partials};
use super::range::Range;
use super::remainder::{Remainder, Remainders};
use super::specials::Specials;
use super::terms::TermSum;
use crate::photon::ColumnType;

/// What the system's allocator takes beside each allocation.
const ALLOCATION: u64 = 16;

impl Job {
    /// Bytes of the accumulators of fixed size that one cell has, its id included.
    pub fn cell_bytes(&self) -> u64 {
        let columns = self.columns.iter().map(JobColumn::cell_bytes);
        2 * size_of::<u64>() as u64 + columns.sum::<u64>()
    }

    /// Bytes of the remainders and joint sums that one cell has of one granule where all its columns have them.
    pub fn remainder_bytes(&self) -> u64 {
        let columns = self.columns.iter();
        let kept = columns.filter(|column| column.remainder_rule().is_some());
        let joints = self.columns.iter().flat_map(|column| &column.needs.joints);
        let joints = joints.filter(|joint| !joint.form.is_of_photons());
        let joints: u64 = joints.map(|joint| joint.form.bytes()).sum();
        kept.count() as u64 * size_of::<Remainder>() as u64 + joints
    }

    /// Bytes that are retained of one photon for order statistics, and where it is kept whole.
    pub fn photon_bytes(&self) -> u64 {
        self.columns.iter().map(JobColumn::photon_bytes).sum()
    }

    /// Bytes of the order statistics that may stand in place of the values of one cell, while they are collected.
    pub fn chosen_bytes(&self) -> u64 {
        let ordered = self.columns.iter().enumerate();
        let ordered = ordered.filter(|(_, column)| column.needs.ordered);
        ordered
            .map(|(i, _)| {
                // Two ranks are between which a quantile lies.
                let keys = 2 * self.quantiles(i).len() * size_of::<(usize, Key)>();
                ALLOCATION + (keys + 3 * size_of::<(usize, Chosen)>()) as u64
            })
            .sum()
    }
}

impl JobColumn {
    fn cell_bytes(&self) -> u64 {
        // Without a rest: whatever a cell has takes memory.
        let Needs {
            range,
            moments,
            variance: _,
            terms,
            ordered,
            edges,
            // Of the cells that have any: `bytes_retained`.
            joints: _,
            products: _,
            clock: _,
        } = &self.needs;
        let optional = [
            (range, size_of::<Range>()),
            (moments, size_of::<Moments>()),
            (terms, size_of::<TermSum>()),
            (ordered, size_of::<usize>()),
        ];
        let kept = optional.iter().filter(|(needed, _)| **needed);
        let bins = edges.as_ref().map_or(0, |edges| edges.len() + 1);
        let bytes = size_of::<u64>() * (1 + bins) + size_of::<Specials>();
        (bytes + kept.map(|(_, bytes)| bytes).sum::<usize>()) as u64
    }

    fn photon_bytes(&self) -> u64 {
        let joints = self.needs.joints.iter();
        let whole = joints.filter(|joint| joint.form.is_of_photons());
        let whole: u64 = whole.map(|joint| joint.form.bytes()).sum();
        whole
            + match self.column_type {
                _ if !self.needs.ordered => 0,
                ColumnType::F32 => 4,
                ColumnType::F64 | ColumnType::I64 => 8,
            }
    }
}

impl Partials {
    /// Bytes that the table has taken from the system, used or not.
    pub fn bytes_held(&self) -> u64 {
        let columns = self.columns.iter().map(ColumnPartials::bytes_held);
        size_of::<Self>() as u64
            + held(&self.cells)
            + held(&self.photons)
            + held(&self.columns)
            + columns.sum::<u64>()
    }

    /// Bytes that these rows need.
    pub fn bytes_of(&self, rows: Rows<usize>, job: &Job) -> u64 {
        rows.len() as u64 * job.cell_bytes() + self.bytes_retained(rows)
    }

    /// Where rows from `rows.start` on end that need at most `bytes`: one row in any case, and none
    /// beyond `rows`.
    pub fn fitting(&self, rows: Rows<usize>, bytes: u64, job: &Job) -> usize {
        let fixed = job.cell_bytes();
        let (mut fits, mut beyond) = (rows.start + 1, rows.end + 1);
        // Halving: the rows up to `fits` do, those up to `beyond` do not.
        while fits + 1 < beyond {
            let end = fits.midpoint(beyond);
            let taken = (end - rows.start) as u64 * fixed + self.bytes_retained(rows.start..end);
            if taken <= bytes {
                fits = end;
            } else {
                beyond = end;
            }
        }
        fits.min(rows.end)
    }

    /// Gives back what the arrays keep for more rows, where that is more than an eighth.
    pub fn shrink(&mut self, job: &Job) {
        let needed = self.bytes_of(0..self.len(), job);
        if self.bytes_held() <= needed + needed / 8 {
            return;
        }
        self.cells.shrink_to_fit();
        self.photons.shrink_to_fit();
        self.columns.iter_mut().for_each(ColumnPartials::shrink);
    }

    /// Makes room for rows of other tables and no more, so that appending them moves nothing.
    pub fn reserve(&mut self, others: &[(&Self, Rows<usize>)]) {
        let cells = others.iter().map(|(_, rows)| rows.len()).sum();
        self.cells.reserve_exact(cells);
        self.photons.reserve_exact(cells);
        for (i, column) in self.columns.iter_mut().enumerate() {
            column.reserve(cells);
            let remainders = others.iter().map(|(other, rows)| {
                let cells = &other.cells[rows.clone()];
                other.columns[i].remainders.of_cells(cells).len()
            });
            column.remainders.rows.reserve_exact(remainders.sum());
            for (j, joints) in column.joints.iter_mut().enumerate() {
                let rows = others.iter().map(|(other, rows)| {
                    let cells = &other.cells[rows.clone()];
                    other.columns[i].joints[j].of_cells(cells).len()
                });
                joints.reserve(rows.sum());
            }
            if let Some(ordered) = &mut column.ordered {
                let keys = others.iter().map(|(other, rows)| {
                    let ordered = other.columns[i].ordered.as_ref();
                    ordered.map_or(0, |o| o.offsets[rows.end] - o.offsets[rows.start])
                });
                ordered.reserve_values(cells, keys.sum());
            }
        }
    }

    fn bytes_retained(&self, rows: Rows<usize>) -> u64 {
        let cells = &self.cells[rows.clone()];
        let of = |column: &ColumnPartials| {
            let ordered = column.ordered.as_ref();
            let joints: u64 = column.joints.iter().map(|j| j.bytes_of(cells)).sum();
            let beside = column.remainders.bytes_of(cells) + joints;
            ordered.map_or(0, |o| o.bytes_of(rows.clone())) + beside
        };
        self.columns.iter().map(of).sum()
    }
}

impl ColumnPartials {
    fn bytes_held(&self) -> u64 {
        let mut bytes = held(&self.count) + held(&self.specials) + held(&self.remainders.rows);
        bytes += held(&self.joints) + self.joints.iter().map(JointRows::bytes_held).sum::<u64>();
        each_accumulator!(self, rows => bytes += rows.bytes_held());
        bytes
    }

    fn shrink(&mut self) {
        self.count.shrink_to_fit();
        self.specials.shrink_to_fit();
        self.remainders.rows.shrink_to_fit();
        self.joints.iter_mut().for_each(JointRows::shrink);
        each_accumulator!(self, rows => Accumulator::shrink(rows));
    }

    fn reserve(&mut self, rows: usize) {
        self.count.reserve_exact(rows);
        self.specials.reserve_exact(rows);
        // Where values are retained, their number has to be known.
        each_accumulator!(self, fixed => if !fixed.is_retained() {
            Accumulator::reserve(fixed, rows);
        });
    }
}

impl Remainders {
    /// Bytes of the rows of these cells.
    fn bytes_of(&self, cells: &[u64]) -> u64 {
        if self.rows.is_empty() {
            return 0;
        }
        size_of_val(self.of_cells(cells)) as u64
    }

    /// Removes all rows and keeps the memory for as many.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }
}

impl Ordered {
    /// Bytes of the keys of these cells.
    pub(super) fn bytes_of(&self, cells: Rows<usize>) -> u64 {
        let keys = self.offsets[cells.end] - self.offsets[cells.start];
        match &self.keys {
            Keys::Narrow(_) => keys as u64 * 4,
            Keys::Wide(_) => keys as u64 * 8,
        }
    }

    pub fn reserve_values(&mut self, cells: usize, more: usize) {
        Accumulator::reserve(self, cells);
        match &mut self.keys {
            Keys::Narrow(keys) => keys.reserve_exact(more),
            Keys::Wide(keys) => keys.reserve_exact(more),
        }
    }
}

#[allow(clippy::ptr_arg, reason = "a slice has no capacity")]
pub(super) fn held<T>(rows: &Vec<T>) -> u64 {
    match rows.capacity() {
        0 => 0,
        rows => (rows * size_of::<T>()) as u64 + ALLOCATION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stat::{ColumnOrigin, Needs, Resolution};

    fn job() -> Job {
        let column = |column_type| JobColumn {
            name: "h".to_owned(),
            origin: ColumnOrigin::Source(0),
            column_type,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                range: true,
                moments: true,
                variance: true,
                terms: true,
                ordered: true,
                edges: Some(vec![0.0, 1.0, 2.0]),
                ..Needs::default()
            },
        };
        Job {
            columns: vec![column(ColumnType::F32), column(ColumnType::F64)],
            outputs: Vec::new(),
        }
    }

    /// So many cells, cell `i` of `i` values.
    fn cells(cells: usize, job: &Job) -> Partials {
        let mut partials = Partials::empty(job);
        for cell in 0..cells {
            partials.cells.push(cell as u64);
            partials.photons.push(cell as u64);
            partials.columns[0].push_cell(&vec![1.0f32; cell], &job.columns[0]);
            partials.columns[1].push_cell(&vec![1.0f64; cell], &job.columns[1]);
        }
        partials
    }

    #[test]
    fn rows_need_what_their_arrays_hold() {
        let job = job();
        // Count, specials, range, moments, terms, the end of the keys, four counts of bins.
        let column = 8 + 24 + 16 + 48 + 32 + 8 + 4 * 8;
        assert_eq!(job.cell_bytes(), 16 + 2 * column);
        assert_eq!(job.photon_bytes(), 4 + 8);
        let partials = cells(100, &job);
        let bytes = 10 * job.cell_bytes() + (20..30).sum::<u64>() * job.photon_bytes();
        assert_eq!(partials.bytes_of(20..30, &job), bytes);
    }

    #[test]
    fn what_a_table_holds_is_what_it_needs_once_it_has_shrunk() {
        let job = job();
        let mut partials = cells(1000, &job);
        let needed = partials.bytes_of(0..1000, &job);
        partials.reserve(&[(&cells(500, &job), 0..500)]);
        assert!(partials.bytes_held() > needed + cells(500, &job).bytes_of(0..500, &job));
        partials.shrink(&job);
        // The ends of keys begin with a 0, and every allocation takes a little.
        let columns = size_of::<ColumnPartials>() * 2 + size_of::<Partials>();
        let beside = columns as u64 + 2 * 8 + (3 + 2 * 8) * ALLOCATION;
        assert_eq!(partials.bytes_held(), needed + beside);
        partials.clear();
        assert_eq!(partials.bytes_held(), needed + beside);
    }

    #[test]
    fn fitting_rows_are_as_many_as_fit_and_one_in_any_case() {
        let job = job();
        let partials = cells(60, &job);
        for (start, bytes) in [
            (0, 0),
            (0, 5000),
            (7, 20_000),
            (59, 1),
            (30, u64::MAX),
            (3, 500),
        ] {
            let end = partials.fitting(start..60, bytes, &job);
            assert!(start < end && end <= 60);
            assert!(end == start + 1 || partials.bytes_of(start..end, &job) <= bytes);
            assert!(end == 60 || partials.bytes_of(start..end + 1, &job) > bytes);
        }
        assert_eq!(partials.fitting(5..9, u64::MAX, &job), 9);
    }

    #[test]
    fn bytes_of_photons_and_remainders_are_those_of_the_columns_that_keep_them() {
        let mut job = job();
        let of_one = size_of::<Remainder>() as u64;
        assert_eq!(
            (job.photon_bytes(), job.remainder_bytes()),
            (12, 2 * of_one)
        );
        job.columns[0].needs = Needs::default();
        assert_eq!((job.photon_bytes(), job.remainder_bytes()), (8, of_one));
    }
}
