//! Derived columns: elementwise expressions evaluated per photon before a backend sees the batch.

use std::sync::Arc;

use arrow::buffer::NullBuffer;

use crate::expr::{RowExpr, eval_rows};
use crate::photon::{Buffer, Column, ColumnMemory, PhotonBatch, Values};

use super::job::{ColumnOrigin, Job};

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
                // Lent memory goes back to where it came from.
                (ColumnOrigin::Derived { .. }, Values::F64(values)) if values.lent().is_none() => {
                    self.spare.push(values);
                }
                (ColumnOrigin::Derived { .. }, _) => {}
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
        let mut values = self.room(batch.len());
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
