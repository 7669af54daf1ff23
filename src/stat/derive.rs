//! Derived columns: elementwise expressions evaluated per photon before a backend sees the batch.

use std::sync::Arc;

use arrow::buffer::NullBuffer;

use crate::expr::{Condition, RowExpr, eval_condition, eval_rows};
use crate::photon::{Buffer, Column, ColumnMemory, PhotonBatch, Values};

use super::job::{ColumnOrigin, Job};
use super::unmade::may_wait;

/// Turns source columns into the job's columns and back, batch after batch in the same memory.
#[derive(Debug, Default)]
pub struct Derivation {
    spare: Vec<Buffer<f64>>,
    memory: Option<Arc<dyn ColumnMemory>>,
}

impl Derivation {
    /// Derives into this memory where there is some.
    pub fn into_memory(memory: Option<Arc<dyn ColumnMemory>>) -> Self {
        Self {
            memory,
            ..Self::default()
        }
    }

    /// The columns of the job, from a batch of source columns (one per variable, of these names). Those
    /// that the job takes as they are leave the batch until [`Derivation::give_back`].
    pub fn take(
        &mut self,
        job: &Job,
        variables: &[impl AsRef<str>],
        batch: &mut PhotonBatch,
    ) -> Vec<Column> {
        self.take_for((job, false), variables, batch)
    }

    /// As [`take`](Self::take). Where the fold `makes` values, those of some columns are left to it: `Unmade` has
    /// them.
    pub fn take_for(
        &mut self,
        (job, makes): (&Job, bool),
        variables: &[impl AsRef<str>],
        batch: &mut PhotonBatch,
    ) -> Vec<Column> {
        let sources = Sources { variables, batch };
        let columns = job.columns.iter().enumerate();
        let derived: Vec<Option<Column>> = columns
            .map(|(i, column)| match &column.origin {
                ColumnOrigin::Source(_) => None,
                ColumnOrigin::Derived { operands, .. } if makes && may_wait(job, i) => {
                    Some(Column {
                        values: Values::F64(Buffer::default()),
                        nulls: sources.nulls(operands),
                    })
                }
                made => Some(self.make(made, &sources)),
            })
            .collect();
        let columns = job.columns.iter().zip(derived).enumerate();
        columns
            .map(|(i, (column, derived))| match (derived, &column.origin) {
                (Some(derived), _) => derived,
                (None, &ColumnOrigin::Source(variable)) if is_last_use(job, i) => {
                    std::mem::replace(&mut batch.columns[variable], Column::empty())
                }
                (None, &ColumnOrigin::Source(variable)) => batch.columns[variable].clone(),
                (None, _) => unreachable!("made above"),
            })
            .collect()
    }

    /// Puts the columns that were taken back into their batch.
    pub fn give_back(&mut self, job: &Job, columns: Vec<Column>, batch: &mut PhotonBatch) {
        for (i, (column, described)) in columns.into_iter().zip(&job.columns).enumerate() {
            match (&described.origin, column.values) {
                (&ColumnOrigin::Source(variable), values) => {
                    if is_last_use(job, i) {
                        let nulls = column.nulls;
                        batch.columns[variable] = Column { values, nulls };
                    }
                }
                // Lent memory goes back to where it came from.
                (origin, Values::F64(values)) if origin.is_derived() && values.capacity() > 0 => {
                    self.spare.push(values);
                }
                (_, _) => {}
            }
        }
    }

    /// Room for so many values, of any content.
    fn room(&mut self, length: usize) -> Buffer<f64> {
        let lent = self.memory.as_deref();
        if let Some(lent) = lent.and_then(|memory| Buffer::lent_by(memory, length)) {
            return lent;
        }
        let mut values = self.spare.pop().unwrap_or_default();
        values.to_mut().resize(length, 0.0);
        values
    }

    /// A column of its own.
    fn make<V: AsRef<str>>(&mut self, origin: &ColumnOrigin, sources: &Sources<V>) -> Column {
        match origin {
            &ColumnOrigin::Source(variable) => sources.batch.columns[variable].clone(),
            ColumnOrigin::Derived { expr, operands } => {
                let mut values = self.room(sources.batch.len());
                eval_rows(expr, &|name| sources.values(name), &mut values);
                Column {
                    values: Values::F64(values),
                    nulls: sources.nulls(operands),
                }
            }
            ColumnOrigin::Where {
                of,
                condition,
                operands,
            } => {
                let column = self.make(of, sources);
                let holds = sources.holds(condition, operands);
                Column {
                    nulls: NullBuffer::union(column.nulls.as_ref(), Some(&holds)),
                    ..column
                }
            }
        }
    }
}

/// The place of a variable among those of these names.
pub(super) fn variable_of(variables: &[impl AsRef<str>], name: &str) -> usize {
    let mut names = variables.iter();
    names
        .position(|variable| variable.as_ref() == name)
        .unwrap_or_else(|| unreachable!("column {name} is declared"))
}

/// The source columns of a batch by name.
struct Sources<'a, V> {
    variables: &'a [V],
    batch: &'a PhotonBatch,
}

impl<V: AsRef<str>> Sources<'_, V> {
    fn values(&self, name: &str) -> &Values {
        &self.batch.columns[variable_of(self.variables, name)].values
    }

    /// Null where any of the operands is.
    fn nulls(&self, operands: &[usize]) -> Option<NullBuffer> {
        let nulls = |operand: &usize| self.batch.columns[*operand].nulls.as_ref();
        operands
            .iter()
            .fold(None, |found: Option<NullBuffer>, operand| {
                NullBuffer::union(found.as_ref(), nulls(operand))
            })
    }

    /// Valid where the condition holds and none of its operands is null.
    fn holds(&self, condition: &Condition<RowExpr>, operands: &[usize]) -> NullBuffer {
        let mut holds = vec![false; self.batch.len()];
        eval_condition(condition, &|name| self.values(name), &mut holds);
        let holds = NullBuffer::from(holds);
        let nulls = self.nulls(operands);
        NullBuffer::union(Some(&holds), nulls.as_ref()).unwrap_or(holds)
    }
}

/// The photons of a batch of source columns (one per variable, of these names) for which a condition holds,
/// one entry per photon; it does not where one of its operands is null.
pub fn holds(
    condition: &Condition<RowExpr>,
    variables: &[impl AsRef<str>],
    batch: &PhotonBatch,
) -> Vec<bool> {
    let mut names = Vec::new();
    condition.each(&mut |side| side.collect_columns(&mut names));
    let place = |name: &String| variables.iter().position(|v| v.as_ref() == name.as_str());
    let operands: Vec<usize> = names.iter().filter_map(place).collect();
    let sources = Sources { variables, batch };
    sources.holds(condition, &operands).iter().collect()
}

/// Whether no later column of the job takes the same source.
fn is_last_use(job: &Job, column: usize) -> bool {
    let later = &job.columns[column + 1..];
    later
        .iter()
        .all(|later| later.origin != job.columns[column].origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse_row;
    use crate::photon::{ColumnType, Origin, Rows};
    use crate::stat::{JobColumn, Needs, Resolution};

    fn column(origin: ColumnOrigin) -> JobColumn {
        JobColumn {
            name: "h".to_owned(),
            origin,
            column_type: ColumnType::F64,
            resolution: Resolution::DEFAULT,
            needs: Needs::default(),
        }
    }

    fn values(values: [f64; 3], valid: Option<[bool; 3]>) -> Column {
        Column {
            values: Values::F64(values.to_vec().into()),
            nulls: valid.map(|valid| NullBuffer::from(valid.to_vec())),
        }
    }

    #[test]
    fn columns_leave_their_batch_once_they_are_used_and_come_back() {
        let names = ["a", "b"];
        let expr = parse_row("b - a", &names).unwrap();
        let job = Job {
            columns: vec![
                column(ColumnOrigin::Source(0)),
                column(ColumnOrigin::Derived {
                    expr,
                    operands: vec![0, 1],
                }),
                column(ColumnOrigin::Source(1)),
                column(ColumnOrigin::Source(0)),
            ],
            outputs: Vec::new(),
        };
        let a = values([1.0, 2.0, 3.0], Some([true, false, true]));
        let b = values([11.0, 22.0, 34.0], Some([true, true, false]));
        let mut batch = PhotonBatch {
            origin: Origin {
                granule: "granule".into(),
                ground_track: "gt1l".into(),
                rows: Rows::Range(0..3),
            },
            step: 0,
            lon: vec![0.0; 3].into(),
            lat: vec![0.0; 3].into(),
            columns: vec![a.clone(), b.clone()],
        };
        let mut derivation = Derivation::default();
        // Twice: the second time in the memory of the first.
        for _ in 0..2 {
            let found = derivation.take(&job, &names, &mut batch);
            let difference = values([10.0, 20.0, 31.0], Some([true, false, false]));
            assert_eq!(found, [a.clone(), difference, b.clone(), a.clone()]);
            assert_eq!(batch.columns, [Column::empty(), Column::empty()]);
            derivation.give_back(&job, found, &mut batch);
            assert_eq!(batch.columns, [a.clone(), b.clone()]);
            assert_eq!(derivation.spare.len(), 1);
        }
    }
}
