//! Windows: the merged cells of one shard, in ascending order, in tables of bounded size.
//!
//! On the line: `RunPartials --take_shard--> Windows --finalize-->`. The photons that leave are compared with
//! those that came in.

use super::disk::Disk;
use super::merger::Merger;
use super::pile::{Pile, Piles};
use super::sorted_run::SortedRun;
use super::window::Window;
use crate::error::{Error, Result};
use crate::stat::Partials;

/// Merged partials of one shard over ascending ranges of cells that do not overlap, each of about
/// as many bytes as asked for. A cell with too many values for memory comes by itself, with a pile of
/// them. Once dropped, the shard is gone.
#[derive(Debug)]
pub struct Windows<'w, 'a> {
    pub(super) shard: u64,
    pub(super) merger: Merger<'a>,
    /// Bytes of a window.
    pub(super) window: u64,
    /// Bytes of values that a cell may have in memory.
    pub(super) most: u64,
    /// Bytes that may be taken of memory for values of coarser cells.
    pub(super) room: u64,
    /// `None` where values are not wanted.
    pub(super) piles: Option<&'w Piles>,
    /// Photons that the windows to come have.
    pub(super) photons: u64,
    pub(super) ended: bool,
    pub(super) disk: &'w mut Disk<'a>,
    pub(super) runs: &'w mut Vec<SortedRun>,
}

impl Windows<'_, '_> {
    /// Photons of all windows to come.
    pub fn photons(&self) -> u64 {
        self.photons
    }

    /// Bytes that values of coarser cells may take while these are finished.
    pub fn room(&self) -> u64 {
        self.room
    }

    /// Only accumulators: cells with many values come without those.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        self.piles = None;
        self
    }

    /// With the order statistics that outputs need in place of values, where these need not be copied for that; of jobs that
    /// ask for nothing else of them.
    #[must_use]
    pub fn chosen(mut self) -> Self {
        self.merger.choose();
        self
    }

    /// All cells in one table, however much memory that takes; it may have none.
    ///
    /// # Errors
    /// As those of the windows.
    pub fn whole(mut self) -> Result<Partials> {
        (self.window, self.most) = (u64::MAX, u64::MAX);
        let whole = self.step()?;
        if let Some(whole) = whole {
            // After the last window the photons are settled.
            self.step()?;
            return Ok(whole.table);
        }
        Ok(self.merger.none())
    }

    fn step(&mut self) -> Result<Option<Window>> {
        let most = self.most.max(self.window);
        let Some(table) = self.merger.next(self.window, most)? else {
            self.merger.close();
            self.disk.sweep(self.runs)?;
            return match self.photons {
                0 => Ok(None),
                lost => Err(self.unbalanced(&format!("{lost} photons are missing"))),
            };
        };
        let window = match table.cells.as_slice() {
            [cell] if self.merger.has(*cell) => self.pile(table, most)?,
            _ => Window::from(table),
        };
        let photons = window.table.photons.iter().sum();
        let left = self.photons.checked_sub(photons);
        self.photons = left.ok_or_else(|| {
            let known = self.photons;
            self.unbalanced(&format!("{photons} photons where {known} are left"))
        })?;
        Ok(Some(window))
    }

    /// The cell that this is a part of: the others follow.
    fn pile(&mut self, mut cell: Partials, most: u64) -> Result<Window> {
        let id = cell.cells[0];
        let job = self.disk.encoding.job();
        let mut pile = self.piles.map(|piles| Pile::new(piles, job));
        let take = |pile: &mut Option<Pile>, part: &mut Partials| {
            if let Some(pile) = pile {
                pile.take(part)
            } else {
                part.clear_values();
                Ok(())
            }
        };
        take(&mut pile, &mut cell)?;
        while self.merger.has(id) {
            // Without room for other cells.
            if let Some(mut part) = self.merger.next(0, most)? {
                take(&mut pile, &mut part)?;
                cell.append(&part, 0..1);
            }
        }
        Ok(match pile {
            Some(pile) => Window::piled(cell, pile),
            None => Window::from(cell),
        })
    }

    fn unbalanced(&self, what: &str) -> Error {
        let shard = self.shard;
        Error::gate(format!(
            "shard {shard}: {what} of those that were folded: the sums do not balance"
        ))
    }
}

impl Iterator for Windows<'_, '_> {
    type Item = Result<Window>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step
    }
}

impl Drop for Windows<'_, '_> {
    fn drop(&mut self) {
        self.merger.close();
        // Where nothing failed before, the files are gone already.
        let _ = self.disk.sweep(self.runs);
        if let Some(piles) = self.piles {
            piles.sweep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{grid, job, photons};
    use super::super::{RunPartials, Window};
    use crate::expr::CellExpr;
    use crate::stat::{Job, JobOutput, Measure, MeasureKind, finish_output};

    fn quantiles(each: &[f64]) -> Job {
        let quantile = |q| {
            JobOutput::Scalar(CellExpr::Reduce(Measure {
                column: 0,
                kind: MeasureKind::Quantile { q },
                skip_nan: true,
            }))
        };
        Job {
            outputs: each.iter().map(|&q| quantile(q)).collect(),
            ..job()
        }
    }

    /// What outputs are of every cell, and bytes of values in the windows.
    fn finished(budget: u64, chosen: bool) -> (Vec<(u64, String)>, u64) {
        finished_of(&quantiles(&[0.1, 0.5, 0.9]), budget, chosen)
    }

    fn finished_of(job: &Job, budget: u64, chosen: bool) -> (Vec<(u64, String)>, u64) {
        let grid = grid();
        let outer = tempfile::tempdir().unwrap();
        let mut partials = RunPartials::new(&grid, job, budget, outer.path());
        for batch in [
            photons(job, 0..64, 700),
            photons(job, (0..64).step_by(3), 20),
            photons(job, 5..9, 3000),
        ] {
            partials.add(&batch).unwrap();
            partials.commit().unwrap();
        }
        let mut windows = partials.take_shard(0).unwrap();
        if chosen {
            windows = windows.chosen();
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        for window in windows.map(Result::unwrap) {
            bytes += window.value_bytes();
            let mut table = Window::settle(window, job).unwrap();
            table.select_values(job);
            for (i, &cell) in table.cells.iter().enumerate() {
                let outputs = 0..job.outputs.len();
                let outputs = outputs.map(|output| finish_output(job, &table, output, i));
                let outputs: Vec<_> = outputs.collect();
                found.push((cell, format!("{} {outputs:?}", table.photons[i])));
            }
        }
        (found, bytes)
    }

    #[test]
    fn order_statistics_in_place_of_values_are_those_of_the_values() {
        let (expected, values) = finished(1 << 30, false);
        assert_eq!(expected.len(), 64);
        assert!(values > 64 * 700 * 4);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let finished =
                |budget, chosen| pool.as_ref().unwrap().install(|| finished(budget, chosen));
            assert_eq!(finished(1 << 30, true), (expected.clone(), 0));
            assert_eq!(finished(1 << 30, false), (expected.clone(), values));
            // Where values are on disk, they are merged as ever.
            for chosen in [false, true] {
                let (found, values) = finished(1 << 16, chosen);
                assert_eq!(found, expected);
                assert!(values > 0);
            }
        }
        // Nor are they chosen where there is no pool.
        assert_eq!(finished(1 << 30, true), (expected, values));
    }
    #[test]
    fn order_statistics_count_as_memory_where_they_are_many() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
        let finished = |quantiles: usize, budget: u64, chosen: bool| {
            let each: Vec<f64> = (1..=quantiles)
                .map(|i| i as f64 / (quantiles + 1) as f64)
                .collect();
            let job = self::quantiles(&each);
            let finished = || finished_of(&job, budget, chosen);
            pool.as_ref().unwrap().install(finished)
        };
        // The values have room in memory, and a few order statistics of each cell in a window.
        assert_eq!(finished(3, 1 << 20, true).1, 0);
        let (expected, _) = finished(99, 1 << 30, false);
        let (found, values) = finished(99, 1 << 20, true);
        assert!(values > 0 && found == expected);
        assert_eq!(finished(99, 1 << 30, true), (expected, 0));
    }
}
