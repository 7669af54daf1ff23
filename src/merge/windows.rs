//! Windows: the merged cells of one shard, in ascending tables of bounded size.
//!
//! On the line: `RunPartials --take_shard--> Windows --finalize-->`. What leaves is counted against
//! what came in.

use super::merger::Merger;
use crate::error::{Error, Result};
use crate::stat::{Job, Partials};

/// Merged partials of one shard over ascending ranges of cells that do not overlap, each of about
/// as many bytes as asked for unless one cell is larger.
#[derive(Debug)]
pub struct Windows<'a> {
    shard: u64,
    merger: Merger<'a>,
    window: u64,
    /// Photons that the windows to come have.
    photons: u64,
    ended: bool,
}

impl<'a> Windows<'a> {
    pub(super) fn new(
        shard: u64,
        photons: u64,
        tables: Vec<Partials>,
        (job, window): (&'a Job, u64),
    ) -> Self {
        Self {
            shard,
            merger: Merger::new(tables, job),
            window,
            photons,
            ended: false,
        }
    }

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
            // After the last window photons are settled.
            self.step()?;
            return Ok(whole);
        }
        Ok(self.merger.none())
    }

    fn step(&mut self) -> Result<Option<Partials>> {
        let window = self.merger.next(self.window)?;
        let Some(window) = window else {
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

impl Iterator for Windows<'_> {
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
