//! Derived columns: elementwise expressions evaluated per photon before a backend sees the batch.

use arrow::buffer::NullBuffer;

use crate::batch::{Column, PhotonBatch, Values};
use crate::config::Variable;
use crate::expr::eval_rows;

use super::job::{ColumnOrigin, Job};

/// The columns of the job, from a batch of source columns (one per variable).
pub fn derive(job: &Job, variables: &[Variable], batch: &PhotonBatch) -> Vec<Column> {
    let n = batch.len();
    let sources = &batch.columns;
    job.columns
        .iter()
        .map(|column| match &column.origin {
            ColumnOrigin::Source(variable) => sources[*variable].clone(),
            ColumnOrigin::Derived { expr, operands } => {
                let lookup = |name: &str| -> &Values {
                    let variable = variables
                        .iter()
                        .position(|v| v.name == name)
                        .unwrap_or_else(|| unreachable!("column {name} is declared"));
                    &sources[variable].values
                };
                Column {
                    values: Values::F64(eval_rows(expr, n, &lookup)),
                    nulls: operands.iter().fold(None, |nulls, &operand| {
                        NullBuffer::union(nulls.as_ref(), sources[operand].nulls.as_ref())
                    }),
                }
            }
        })
        .collect()
}
