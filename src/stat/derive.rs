//! Derived columns: elementwise expressions evaluated per photon before a backend sees the batch.

use arrow::buffer::NullBuffer;

use crate::expr::{RowExpr, eval_rows};
use crate::photon::{Column, PhotonBatch, Values};

use super::job::{ColumnOrigin, Job};

/// Turns source columns into the job's columns and back, batch after batch in the same memory.
#[derive(Debug, Default)]
pub struct Derivation {
    spare: Vec<Vec<f64>>,
}

impl Derivation {
    /// The columns of the job, from a batch of source columns (one per variable, of these names). Those
    /// that the job takes as they are leave the batch until [`Derivation::give_back`].
    pub fn take(
        &mut self,
        job: &Job,
        variables: &[impl AsRef<str>],
        batch: &mut PhotonBatch,
    ) -> Vec<Column> {
        let derived: Vec<Option<Column>> = job
            .columns
            .iter()
            .map(|column| match &column.origin {
                ColumnOrigin::Source(_) => None,
                ColumnOrigin::Derived { expr, operands } => {
                    Some(self.derive((expr, operands), variables, batch))
                }
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
                (None, ColumnOrigin::Derived { .. }) => unreachable!("derived above"),
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
                (ColumnOrigin::Derived { .. }, Values::F64(values)) => self.spare.push(values),
                (ColumnOrigin::Derived { .. }, _) => {}
            }
        }
    }

    fn derive(
        &mut self,
        (expr, operands): (&RowExpr, &[usize]),
        variables: &[impl AsRef<str>],
        batch: &PhotonBatch,
    ) -> Column {
        let sources = &batch.columns;
        let lookup = |name: &str| -> &Values {
            let variable = variables
                .iter()
                .position(|variable| variable.as_ref() == name)
                .unwrap_or_else(|| unreachable!("column {name} is declared"));
            &sources[variable].values
        };
        let mut values = self.spare.pop().unwrap_or_default();
        values.resize(batch.len(), 0.0);
        eval_rows(expr, &lookup, &mut values);
        Column {
            values: Values::F64(values),
            nulls: operands.iter().fold(None, |nulls, &operand| {
                NullBuffer::union(nulls.as_ref(), sources[operand].nulls.as_ref())
            }),
        }
    }
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
            values: Values::F64(values.to_vec()),
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
            lon: vec![0.0; 3],
            lat: vec![0.0; 3],
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
