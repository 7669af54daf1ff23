//! Joining: the rows of many tables become those of one, each copied once.
//!
//! Beside `partial.rs`, which merges two tables. Tables that are nearly all values wait until their cells are complete, and
//! are joined here; along a track few of them have a cell in common, so most of it is copying, which all threads do:
//!
//! ```text
//!   table 0   |7 8 9|           |30 31|
//!   table 1         |9 12 17|               stretches of rows; that of cell 9 joins the row before
//!   table 2                |17 18|
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::gather::Stretch;
use super::job::{Job, JobOutput};
use super::ordered::Ordered;
use super::partial::Partials;

impl Partials {
    /// The union of tables; equal cells merge exactly.
    #[must_use]
    pub fn of_tables(tables: &[Self], job: &Job) -> Self {
        Self::of_tables_but(tables, job, |_, values, of, stretches| {
            values.join(of, stretches);
        })
    }

    /// The same with the order statistics that outputs need in place of the values that are retained: for jobs that need no
    /// more of them ([`Job::only_selects`]).
    #[must_use]
    pub fn of_tables_chosen(tables: &[Self], job: &Job) -> Self {
        Self::of_tables_but(tables, job, |column, values, of, stretches| {
            values.join_chosen(of, stretches, &job.quantiles(column));
        })
    }

    /// Bytes of the values that are retained of the row that has most.
    pub fn most_value_bytes(&self) -> u64 {
        let rows = (0..self.len()).map(|row| self.value_bytes(row..row + 1));
        rows.max().unwrap_or(0)
    }

    /// `join` makes the values of a column out of those of the tables.
    fn of_tables_but(
        tables: &[Self],
        job: &Job,
        join: impl Fn(usize, &mut Ordered, &[&Ordered], &[Stretch]),
    ) -> Self {
        let stretches = stretches(tables);
        let mut joined = Self::empty(job);
        // Values apart, and at once.
        let values: Vec<Option<Ordered>> = joined
            .columns
            .iter_mut()
            .map(|column| column.ordered.take())
            .collect();
        let all: Vec<_> = tables.iter().map(|table| (table, 0..table.len())).collect();
        joined.reserve(&all);
        for stretch in &stretches {
            joined.append(&tables[stretch.table], stretch.rows.clone());
        }
        for (i, (column, values)) in joined.columns.iter_mut().zip(values).enumerate() {
            column.ordered = values.map(|mut ordered| {
                let of = tables.iter().filter_map(|t| t.columns[i].ordered.as_ref());
                join(i, &mut ordered, &of.collect::<Vec<_>>(), &stretches);
                ordered
            });
        }
        joined
    }
}

impl Job {
    /// Whether all that outputs need of retained values are quantiles, so that a cell's values may be given up once its
    /// order statistics are known.
    pub fn only_selects(&self) -> bool {
        let plain = |output: &JobOutput| match output {
            JobOutput::Scalar(_) | JobOutput::Histogram(_) | JobOutput::Composition(_) => true,
            JobOutput::Digest { .. } | JobOutput::OfChunk(_) | JobOutput::Vector(_) => false,
        };
        self.outputs.iter().all(plain)
            && (0..self.columns.len()).all(|column| !self.has_mad(column))
    }
}

/// The rows of all tables, ascending by cell, as stretches of rows of one table.
fn stretches(tables: &[Partials]) -> Vec<Stretch> {
    let mut at = vec![0; tables.len()];
    let first = |(i, table): (usize, &Partials)| Some(Reverse((*table.cells.first()?, i)));
    let mut next: BinaryHeap<Reverse<(u64, usize)>> =
        tables.iter().enumerate().filter_map(first).collect();
    let (mut stretches, mut last) = (Vec::new(), None);
    while let Some(Reverse((cell, table))) = next.pop() {
        let (start, cells) = (at[table], &tables[table].cells);
        let end = next.peek().map_or(cells.len(), |Reverse((next, _))| {
            start + cells[start..].partition_point(|cell| cell <= next)
        });
        stretches.push(Stretch {
            table,
            rows: start..end,
            joins: last == Some(cell),
        });
        last = Some(cells[end - 1]);
        at[table] = end;
        if let Some(&cell) = cells.get(end) {
            next.push(Reverse((cell, table)));
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::CellExpr;
    use crate::photon::ColumnType;
    use crate::stat::finish_output;
    use crate::stat::{
        ColumnOrigin, JobColumn, Measure, MeasureKind, Needs, Remainder, Resolution,
    };
    use proptest::prelude::*;

    fn job() -> Job {
        let column = |column_type, ordered| JobColumn {
            name: format!("{column_type:?}"),
            origin: ColumnOrigin::Source(0),
            column_type,
            resolution: Resolution::DEFAULT,
            needs: Needs {
                range: true,
                moments: true,
                variance: true,
                terms: true,
                ordered,
                edges: Some(vec![0.0, 1.0]),
                ..Needs::default()
            },
        };
        Job {
            columns: vec![
                column(ColumnType::F32, true),
                column(ColumnType::F64, false),
                column(ColumnType::I64, true),
            ],
            outputs: Vec::new(),
        }
    }

    /// A table of cells, each with so many values.
    fn table(cells: &[(u64, usize)], salt: usize, job: &Job) -> Partials {
        let mut partials = Partials::empty(job);
        let mut cells = cells.to_vec();
        cells.sort_unstable();
        cells.dedup_by_key(|(cell, _)| *cell);
        for (cell, n) in cells {
            partials.cells.push(cell);
            partials.photons.push(1 + n as u64);
            let value = |i: usize| ((i * 7 + salt * 31 + cell as usize) % 101) as f64 * 1e-7 - 3e-6;
            let wide: Vec<f64> = (0..n).map(value).collect();
            let narrow: Vec<f32> = wide.iter().map(|&v| v as f32).collect();
            let whole: Vec<i64> = (0..n as i64).map(|i| i * 3 - 50 + salt as i64).collect();
            partials.columns[0].push_cell(&narrow, &job.columns[0]);
            partials.columns[1].push_cell(&wide, &job.columns[1]);
            partials.columns[2].push_cell(&whole, &job.columns[2]);
            let rule = job.columns[1].remainder_rule();
            let remainder = rule.and_then(|rule| Remainder::of(cell, &wide, &rule));
            partials.columns[1].remainders.append(remainder);
        }
        partials
    }

    fn in_order(mut table: Partials) -> Partials {
        for column in &mut table.columns {
            column.ordered.iter_mut().for_each(Ordered::sort);
        }
        table
    }

    proptest! {
        #[test]
        fn many_tables_joined_are_what_merging_two_by_two_gives(
            tables in prop::collection::vec(
                prop::collection::vec((0u64..60, 0usize..30), 0..30), 0..7),
        ) {
            let job = job();
            let tables: Vec<Partials> = (0..).zip(&tables).map(|(salt, cells)| table(cells, salt, &job)).collect();
            let merged = tables.iter().fold(Partials::empty(&job), |all, table| all.merge(table, &job));
            let joined = Partials::of_tables(&tables, &job);
            prop_assert_eq!(in_order(joined), in_order(merged));
        }
    }

    fn quantile_of(column: usize, q: f64) -> JobOutput {
        JobOutput::Scalar(CellExpr::Reduce(Measure {
            column,
            kind: MeasureKind::Quantile { q },
            skip_nan: true,
        }))
    }

    proptest! {
        #[test]
        fn what_is_chosen_while_joining_is_what_is_selected_afterwards(
            tables in prop::collection::vec(
                prop::collection::vec((0u64..12, prop_oneof![0usize..30, 600usize..900]), 0..8), 0..6),
            quantiles in prop::collection::vec(0.0f64..=1.0, 0..5),
        ) {
            let mut job = job();
            for q in quantiles {
                job.outputs.extend([quantile_of(0, q), quantile_of(2, q)]);
            }
            prop_assert!(job.only_selects());
            let tables: Vec<Partials> = (0..).zip(&tables).map(|(salt, cells)| table(cells, salt, &job)).collect();
            let mut joined = Partials::of_tables(&tables, &job);
            joined.select_values(&job);
            let mut chosen = Partials::of_tables_chosen(&tables, &job);
            chosen.select_values(&job);
            prop_assert_eq!(chosen.value_bytes(0..chosen.len()), 0);
            for i in 0..joined.len() {
                for (column, ordered) in chosen.columns.iter().enumerate() {
                    let lens = [&joined.columns[column], ordered].map(|c| c.ordered.as_ref().map(|o| o.len(i)));
                    prop_assert_eq!(lens[0], lens[1]);
                }
                for output in 0..job.outputs.len() {
                    let shown = |of: &Partials| format!("{:?}", finish_output(&job, of, output, i));
                    prop_assert_eq!(shown(&chosen), shown(&joined));
                }
            }
            joined.columns.iter_mut().chain(&mut chosen.columns).for_each(|c| c.ordered = None);
            prop_assert_eq!(chosen, joined);
        }
    }

    #[test]
    fn values_are_needed_by_more_than_quantiles() {
        let mut job = job();
        job.outputs = vec![quantile_of(0, 0.5), JobOutput::Histogram(1)];
        assert!(job.only_selects());
        let scalar = |kind| {
            JobOutput::Scalar(CellExpr::Reduce(Measure {
                column: 0,
                kind,
                skip_nan: true,
            }))
        };
        for more in [
            scalar(MeasureKind::Mad),
            JobOutput::OfChunk(CellExpr::Number(1.0)),
            JobOutput::Digest {
                column: 0,
                delta: 100,
                coarser: 100,
                members: None,
            },
        ] {
            job.outputs.push(more);
            assert!(!job.only_selects());
            job.outputs.pop();
        }
    }

    #[test]
    fn tables_that_do_not_meet_are_joined_in_as_many_stretches() {
        let job = job();
        let tables = [
            table(&[(10, 2), (11, 2)], 0, &job),
            table(&[(1, 1), (2, 1)], 1, &job),
            table(&[(11, 3), (20, 1)], 2, &job),
        ];
        let found = stretches(&tables);
        let shown: Vec<_> = found
            .iter()
            .map(|s| (s.table, s.rows.clone(), s.joins))
            .collect();
        assert_eq!(shown, [(1, 0..2, false), (0, 0..2, false), (2, 0..2, true)]);
        assert_eq!(Partials::of_tables(&tables, &job).photons, [2, 2, 3, 7, 2]);
        assert!(Partials::of_tables(&[], &job).is_empty());
    }
}
