//! Values that are not made yet: columns of a job that a fold of runs makes of others, tile by tile.
//!
//! Beside `derive.rs`, which makes all that something else reads, too.

use crate::expr::RowValues;
use crate::photon::Column;

use super::derive::variable_of;
use super::job::{ColumnOrigin, Job, JobColumn, Needs};

/// Values of derived columns that nobody has made yet: a fold makes them as it comes to them, so that they are read
/// while they are in the cache, and never written to memory.
#[derive(Debug, Default)]
pub struct Unmade<'a> {
    /// One for each column of the job, or none at all.
    columns: Vec<Option<RowValues<'a>>>,
}

impl<'a> Unmade<'a> {
    /// Of the columns that `Derivation::take_for` took, and of what it left of the source columns.
    pub fn new(
        (job, makes): (&Job, bool),
        variables: &[impl AsRef<str>],
        (sources, taken): (&'a [Column], &'a [Column]),
    ) -> Self {
        if !makes {
            return Self::default();
        }
        let values = |name: &str| {
            let variable = variable_of(variables, name);
            // The last column of a source has its values.
            let of_source = |column: &JobColumn| column.origin == ColumnOrigin::Source(variable);
            let last = job.columns.iter().rposition(of_source);
            last.map_or(&sources[variable].values, |last| &taken[last].values)
        };
        let unmade = |i: usize| match &job.columns[i].origin {
            ColumnOrigin::Derived { expr, .. } if may_wait(job, i) => {
                Some(RowValues::new(expr, &values))
            }
            _ => None,
        };
        Self {
            columns: (0..job.columns.len()).map(unmade).collect(),
        }
    }

    /// The values of a column of the job, where they are not in it.
    pub fn of(&self, column: usize) -> Option<&RowValues<'a>> {
        self.columns.get(column)?.as_ref()
    }

    /// Whether there are any such.
    pub fn is_empty(&self) -> bool {
        self.columns.iter().all(Option::is_none)
    }
}

/// Whether some columns of a job may be left for the fold to make.
pub fn any_may_wait(job: &Job) -> bool {
    (0..job.columns.len()).any(|i| may_wait(job, i))
}

/// Whether a fold of runs may make a column: where it is read once, run by run, and by nothing else.
pub(super) fn may_wait(job: &Job, column: usize) -> bool {
    let JobColumn { origin, needs, .. } = &job.columns[column];
    // Without a rest: whoever else reads a column is asked here.
    let Needs {
        range: _,
        moments,
        variance: _,
        terms: _,
        ordered,
        edges: _,
        joints,
        products,
        clock,
    } = needs;
    let joined = |other: &JobColumn| {
        let mut joints = other.needs.joints.iter();
        joints.any(|joint| joint.others.contains(&column))
    };
    let read_again = *moments || *ordered || *products || clock.is_some() || !joints.is_empty();
    matches!(origin, ColumnOrigin::Derived { .. }) && !read_again && !job.columns.iter().any(joined)
}

#[cfg(test)]
mod tests {
    use super::super::clock::{Clock, ClockUnit};
    use super::super::derive::Derivation;
    use super::super::joint::{Form, Joint};
    use super::super::resolution::Resolution;
    use super::*;
    use crate::expr::parse_row;
    use crate::photon::{ColumnType, Origin, PhotonBatch, Rows, Values};

    fn column(origin: ColumnOrigin) -> JobColumn {
        JobColumn {
            name: "h".to_owned(),
            origin,
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs: Needs::default(),
        }
    }

    fn derived(text: &str, needs: Needs) -> JobColumn {
        let expr = parse_row(text, &["a", "b"]).unwrap();
        let operands = vec![0, 1];
        JobColumn {
            needs,
            ..column(ColumnOrigin::Derived { expr, operands })
        }
    }

    #[test]
    fn columns_that_a_fold_makes_have_the_values_of_those_that_are_made_before() {
        let terms = || Needs {
            terms: true,
            ..Needs::default()
        };
        let names = ["a", "b"];
        let sources = || vec![column(ColumnOrigin::Source(0)), derived("b", terms())];
        let products = vec![derived("a * b", terms()), column(ColumnOrigin::Source(1))];
        let job = Job {
            columns: sources().into_iter().chain(products).collect(),
            outputs: Vec::new(),
        };
        let n = 3 * 4096 + 5;
        let of = |salt: f64| -> Column {
            let values = (0..n).map(|i| (f64::from(i) * salt).sin() / f64::from(i % 7));
            Values::F64(values.collect()).into()
        };
        let mut batch = PhotonBatch {
            origin: Origin {
                granule: "granule".into(),
                ground_track: "gt1l".into(),
                rows: Rows::Range(0..n as u64),
            },
            step: 0,
            lon: vec![0.0; n as usize].into(),
            lat: vec![0.0; n as usize].into(),
            columns: vec![of(12.9), of(78.2)],
        };
        let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let before = Derivation::default().take(&job, &names, &mut batch.clone());
        let mut derivation = Derivation::default();
        for _ in 0..2 {
            let taken = derivation.take_for((&job, true), &names, &mut batch);
            let sources = std::mem::replace(&mut batch.columns, taken);
            let unmade = Unmade::new((&job, true), &names, (&sources, &batch.columns));
            assert!(!unmade.is_empty());
            for (i, before) in before.iter().enumerate() {
                let Values::F64(expected) = &before.values else {
                    unreachable!("all are float64");
                };
                let Some(values) = unmade.of(i) else {
                    assert_eq!(batch.columns[i].values.len(), n as usize);
                    continue;
                };
                assert!(batch.columns[i].values.is_empty());
                let mut found = vec![0.0; n as usize];
                for (tile, room) in found.chunks_mut(1000).enumerate() {
                    values.fill(tile * 1000, room);
                }
                assert_eq!(bits(&found), bits(expected));
            }
            let taken = std::mem::replace(&mut batch.columns, sources);
            derivation.give_back(&job, taken, &mut batch);
            assert_eq!(batch.columns[0].values.len(), n as usize);
        }
    }

    #[test]
    fn what_something_else_reads_is_not_left_for_a_fold_to_make() {
        let waits = |needs: Needs, other: Needs| {
            let other = JobColumn {
                needs: other,
                ..column(ColumnOrigin::Source(0))
            };
            let job = Job {
                columns: vec![derived("a + b", needs), other],
                outputs: Vec::new(),
            };
            may_wait(&job, 0)
        };
        let none = Needs::default;
        let terms = Needs {
            terms: true,
            range: true,
            edges: Some(vec![0.0, 1.0]),
            ..none()
        };
        assert!(waits(terms, none()));
        let joined = |others: Vec<usize>| Needs {
            joints: vec![Joint {
                form: Form::Ends,
                others,
            }],
            ..none()
        };
        for needs in [
            Needs {
                moments: true,
                ..none()
            },
            Needs {
                ordered: true,
                ..none()
            },
            Needs {
                products: true,
                ..none()
            },
            Needs {
                clock: Clock::since(0, (1970, 1), ClockUnit::Seconds),
                ..none()
            },
            joined(vec![1]),
        ] {
            assert!(!waits(needs.clone(), none()), "{needs:?}");
        }
        assert!(!waits(none(), joined(vec![0])) && waits(none(), joined(vec![1])));
    }
}
