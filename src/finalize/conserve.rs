//! Conservation: every photon that was kept is in exactly one finished cell, and counts once in each column.
//!
//! On the line: at the finalize gate, over all shards of a run. The sums are of integers, so the check is
//! exact.

use crate::error::{Error, Result};
use crate::photon::Counts;
use crate::stat::{ColumnOrigin, Job, Partials};

/// Photons and values of the shards that have passed so far.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Conserved {
    photons: u64,
    /// Values that are not null, by column of the job.
    values: Vec<u64>,
}

impl Conserved {
    /// No shards.
    pub fn new(job: &Job) -> Self {
        Self {
            photons: 0,
            values: vec![0; job.columns.len()],
        }
    }

    /// One more shard.
    pub fn add(&mut self, shard: &Partials) {
        self.photons += shard.photons.iter().sum::<u64>();
        for (values, column) in self.values.iter_mut().zip(&shard.columns) {
            *values += column.count.iter().sum::<u64>();
        }
    }

    /// Checks what all shards hold against what reading counted.
    ///
    /// # Errors
    /// Sums that do not balance: a defect of icefold, never of the data.
    pub fn check(&self, counts: &Counts, job: &Job) -> Result<()> {
        let Counts { read, kept, .. } = *counts;
        let rejected: u64 = counts.rejected.values().sum();
        if read != kept + rejected || self.photons != kept {
            return Err(Error::gate(format!(
                "{read} photons read, {kept} kept, {rejected} rejected, {} in cells: the sums do not \
                 balance; this is a defect in icefold, please report it",
                self.photons
            )));
        }
        for (column, &values) in job.columns.iter().zip(&self.values) {
            let nulls = counts.nulls.get(&column.name).copied().unwrap_or(0);
            let holds = match column.origin {
                ColumnOrigin::Source(_) => values + nulls == kept,
                // Null where any of several columns is, or a condition does not hold.
                ColumnOrigin::Derived { .. } | ColumnOrigin::Where { .. } => values <= kept,
            };
            if !holds {
                return Err(Error::gate(format!(
                    "column {}: {values} values in cells and {nulls} nulls of {kept} photons kept: the \
                     sums do not balance; this is a defect in icefold, please report it",
                    column.name
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::gate::tests::{job, partials};
    use super::*;

    /// Of 5 photons, one is rejected and one of those kept is null in column `h`.
    fn counts() -> Counts {
        let mut counts = Counts {
            read: 5,
            kept: 4,
            ..Counts::default()
        };
        counts.rejected.insert("null".to_owned(), 1);
        counts.nulls.insert("h".to_owned(), 1);
        counts
    }

    fn checked(change: impl FnOnce(&mut Partials, &mut Counts)) -> Result<(), String> {
        let (job, mut counts) = (job(), counts());
        let mut shard = partials(&[(7, &[1.0, 2.0]), (9, &[3.0])], &job);
        shard.photons[1] = 2;
        change(&mut shard, &mut counts);
        let mut conserved = Conserved::new(&job);
        conserved.add(&shard);
        conserved.check(&counts, &job).map_err(|e| e.to_string())
    }

    #[test]
    fn a_derived_column_has_at_most_as_many_values_as_there_are_photons() {
        let check = |kept: u64| {
            let mut job = job();
            job.columns[0].origin = ColumnOrigin::Derived {
                expr: crate::expr::RowExpr::Column("h".to_owned()),
                operands: vec![0],
            };
            let mut shard = partials(&[(7, &[1.0, 2.0, 3.0])], &job);
            shard.photons[0] = kept;
            let mut conserved = Conserved::new(&job);
            conserved.add(&shard);
            let counts = Counts {
                read: kept,
                kept,
                ..Counts::default()
            };
            conserved.check(&counts, &job).is_ok()
        };
        assert_eq!([2, 3, 4].map(check), [false, true, true]);
    }

    #[test]
    fn photons_and_values_of_all_cells_are_those_that_were_kept() {
        assert_eq!(checked(|_, _| {}), Ok(()));
    }

    #[test]
    fn a_photon_or_a_value_that_is_lost_or_gained_is_a_defect() {
        for (change, says) in [
            (
                (|shard, _| shard.photons[0] -= 1) as fn(&mut Partials, &mut Counts),
                "5 photons read, 4 kept, 1 rejected, 3 in cells",
            ),
            (|shard, _| shard.photons[0] += 1, "5 in cells"),
            (
                |_, counts| counts.read += 1,
                "6 photons read, 4 kept, 1 rejected",
            ),
            (
                |shard, _| shard.columns[0].count[0] -= 1,
                "column h: 2 values in cells and 1 nulls of 4 photons kept",
            ),
            (
                |_, counts| counts.nulls.clear(),
                "column h: 3 values in cells and 0 nulls of 4",
            ),
        ] {
            let error = checked(change).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
