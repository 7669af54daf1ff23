//! Fingerprints: a hash of all that says what bytes of partials mean.
//!
//! Beside `mod.rs`, which writes it into every block: columns by name, origin and type, the unit
//! that values are held in, which accumulators there are, and which cells.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::Fingerprint;
use crate::grid::GridConfig;
use crate::stat::job::{ColumnOrigin, Job, JobColumn, Needs};
use crate::stat::joint::Joint;

impl Job {
    /// Equal for jobs whose partials have the same columns and accumulators, whatever outputs are
    /// made of them.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut text = format!("columns {}\n", self.columns.len());
        self.columns.iter().for_each(|c| describe(c, &mut text));
        Fingerprint(Sha256::digest(text.as_bytes()).into())
    }
}

impl Fingerprint {
    /// Of partials over cells of this grid.
    #[must_use]
    pub fn over(self, grid: &GridConfig) -> Self {
        let cells = format!(
            "cells of order {} in shards of order {}, {}",
            grid.cell_order,
            grid.shard_order,
            grid.kind.identity()
        );
        let cells = match grid.steps {
            0 | 1 => cells,
            steps => format!("{cells}, at {steps} steps"),
        };
        let hash = Sha256::new().chain_update(self.0);
        Self(hash.chain_update(cells.as_bytes()).finalize().into())
    }
}

/// Texts stand behind their lengths, so that no two descriptions read the same.
fn describe(column: &JobColumn, text: &mut String) {
    let mut add = |part: std::fmt::Arguments| {
        // Writing to a string cannot fail.
        let _ = text.write_fmt(part);
    };
    add(format_args!("name {} {}\n", column.name.len(), column.name));
    let mut origin = &column.origin;
    while let ColumnOrigin::Where {
        of,
        condition,
        operands,
    } = origin
    {
        let condition = condition.to_string();
        add(format_args!(
            "where {} {condition} {operands:?}\n",
            condition.len()
        ));
        origin = of;
    }
    match origin {
        ColumnOrigin::Where { .. } => {}
        ColumnOrigin::Source(variable) => add(format_args!("source {variable}\n")),
        ColumnOrigin::Derived { expr, operands } => {
            let expr = expr.to_string();
            add(format_args!("derived {} {expr} {operands:?}\n", expr.len()));
        }
    }
    // Without a rest: columns that need other accumulators have other bytes.
    let Needs {
        range,
        moments,
        variance,
        terms,
        ordered,
        edges,
        joints,
        products: _,
        clock: _,
    } = &column.needs;
    let exponent = column.resolution.exponent();
    add(format_args!("{:?} 2^-{exponent}\n", column.column_type));
    for (needed, name) in [
        (range, "range"),
        (moments, "moments"),
        (variance, "variance"),
        (terms, "terms"),
        (ordered, "ordered"),
    ] {
        if *needed {
            add(format_args!("{name}\n"));
        }
    }
    if let Some(edges) = edges {
        add(format_args!("edges"));
        for edge in edges {
            add(format_args!(" {:016x}", edge.to_bits()));
        }
        add(format_args!("\n"));
    }
    for joint in joints {
        let Joint { form, others } = joint;
        add(format_args!("joint {form:?} {others:?}\n"));
    }
}
