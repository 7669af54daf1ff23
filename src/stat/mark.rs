//! Marks: what the granule of a photon is, for counts of granules, cycles and tracks.
//!
//! Below `joint.rs`, whose sets hold them. All photons of a batch are of one granule, so marks are put on the partials of
//! a batch, cell by cell.

use super::job::Job;
use super::joint::Form;
use super::partial::Partials;
use crate::expr::Mark;

/// What photons of one granule are marked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Half of the SHA-256 of the granule's name: the same for all files of it.
    pub granule: [u64; 2],
    /// The reference ground track, where it is known.
    pub track: Option<u16>,
    pub cycle: Option<u16>,
}

impl Marks {
    /// `None` where it is not known.
    pub fn get(&self, mark: Mark) -> Option<[u64; 2]> {
        let number = |n: u16| [0, u64::from(n)];
        match mark {
            Mark::Granule => Some(self.granule),
            Mark::Track => self.track.map(number),
            Mark::Cycle => self.cycle.map(number),
        }
    }
}

impl Partials {
    /// Marks the cells of a batch that have a value, in each column that counts marks.
    pub fn mark(&mut self, marks: &Marks, job: &Job) {
        let Self { cells, columns, .. } = self;
        for (column, described) in columns.iter_mut().zip(&job.columns) {
            for (rows, joint) in column.joints.iter_mut().zip(&described.needs.joints) {
                let Form::Marks(mark) = joint.form else {
                    continue;
                };
                let Some(mark) = marks.get(mark) else {
                    continue;
                };
                for (&cell, &count) in cells.iter().zip(&column.count) {
                    if count > 0 {
                        rows.push(cell, &mark);
                    }
                }
            }
        }
    }
}

impl Job {
    /// The marks that some output counts, each once.
    pub fn marks(&self) -> Vec<Mark> {
        let mut found = Vec::new();
        for joint in self.columns.iter().flat_map(|column| &column.needs.joints) {
            if let Form::Marks(mark) = joint.form
                && !found.contains(&mark)
            {
                found.push(mark);
            }
        }
        found
    }
}
