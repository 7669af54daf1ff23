//! Windows: the merged cells of one shard, in ascending tables of bounded size.
//!
//! On the line: `RunPartials --take_shard--> Windows --finalize-->`. The photons that leave are
//! counted against those that came in.

use super::disk::Disk;
use super::merger::Merger;
use super::sorted_run::SortedRun;
use crate::error::{Error, Result};
use crate::stat::Partials;

/// Merged partials of one shard over ascending ranges of cells that do not overlap, each of about
/// as many bytes as asked for unless one cell is larger. Once dropped, the shard is gone.
#[derive(Debug)]
pub struct Windows<'w, 'a> {
    pub(super) shard: u64,
    pub(super) merger: Merger<'a>,
    pub(super) window: u64,
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

    /// All cells in one table, however much memory that takes; it may have none.
    ///
    /// # Errors
    /// As those of the windows.
    pub fn whole(mut self) -> Result<Partials> {
        self.window = u64::MAX;
        let whole = self.step()?;
        if let Some(whole) = whole {
            // After the last window the photons are settled.
            self.step()?;
            return Ok(whole);
        }
        Ok(self.merger.none())
    }

    fn step(&mut self) -> Result<Option<Partials>> {
        let Some(window) = self.merger.next(self.window)? else {
            self.merger.close();
            self.disk.sweep(self.runs)?;
            return match self.photons {
                0 => Ok(None),
                lost => Err(self.unbalanced(&format!("{lost} photons are missing"))),
            };
        };
        let photons = window.photons.iter().sum();
        let left = self.photons.checked_sub(photons);
        self.photons = left.ok_or_else(|| {
            let known = self.photons;
            self.unbalanced(&format!("{photons} photons where {known} are left"))
        })?;
        Ok(Some(window))
    }

    fn unbalanced(&self, what: &str) -> Error {
        let shard = self.shard;
        Error::Gate(format!(
            "shard {shard}: {what} of those that were folded: the sums do not balance"
        ))
    }
}

impl Iterator for Windows<'_, '_> {
    type Item = Result<Partials>;

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
    }
}
