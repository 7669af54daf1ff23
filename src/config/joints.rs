//! Joint sums that outputs need: of several columns, or of what granules are.
//!
//! Beside `job.rs`, whose builder asks for them.

use super::job::Builder;
use super::{Composed, Told};
use crate::expr::{Condition, ReductionKind, Relation, RowExpr};
use crate::stat::{Composition, Form, Joint, Measure, MeasureKind, Members, Roles};

impl Builder<'_> {
    /// Of joint sums of a column; `None` for other kinds.
    pub(super) fn joint_measure(&mut self, column: usize, kind: &ReductionKind) -> Option<Measure> {
        let others: Vec<usize> = match kind {
            ReductionKind::Related { .. } | ReductionKind::End { .. } => {
                kind.others().iter().map(|of| self.column(of)).collect()
            }
            ReductionKind::Marks { .. } => Vec::new(),
            _ => return None,
        };
        let (column, kind) = match kind {
            ReductionKind::Related { relation, .. } => {
                return Some(self.related(column, &others, *relation));
            }
            ReductionKind::End { end, .. } => {
                let joint = self.joint(column, Form::Ends, &others);
                (column, MeasureKind::End { joint, end: *end })
            }
            ReductionKind::Marks { mark } => {
                let joint = self.joint(column, Form::Marks(*mark), &others);
                (column, MeasureKind::Marks { joint })
            }
            _ => return None,
        };
        Some(Measure {
            column,
            kind,
            skip_nan: false,
        })
    }

    /// The same columns have one joint, whichever of them is the value.
    fn related(&mut self, value: usize, others: &[usize], relation: Relation) -> Measure {
        let mut columns = vec![value];
        columns.extend(others);
        let roles = columns.clone();
        columns.sort_unstable();
        columns.dedup();
        for &column in &columns {
            self.columns[column].needs.products = true;
        }
        let place = |column: &usize| columns.partition_point(|c| c < column);
        let roles: Vec<usize> = roles.iter().map(place).collect();
        let form = Form::Products(columns.len());
        let joint = self.joint(columns[0], form, &columns[1..]);
        Measure {
            column: columns[0],
            kind: MeasureKind::Related {
                joint,
                relation,
                roles: Roles::of(&roles),
            },
            skip_nan: false,
        }
    }

    /// The column of a digest, and the place of the joint of its photons where centroids say more of them.
    pub(super) fn digested(&mut self, name: &str, told: &Told) -> (usize, Option<usize>) {
        if *told == Told::default() {
            return (self.retained(name), None);
        }
        let column = self.column(&RowExpr::Column(name.to_owned()));
        let mut others = Vec::new();
        let mut clock = None;
        if let Some((times, of_times)) = &told.time {
            let times = self.column(&RowExpr::Column(times.clone()));
            self.columns[times].needs.clock = Some(*of_times);
            others.push(times);
            clock = Some(*of_times);
        }
        let members = Members {
            location: told.location,
            clock,
        };
        (
            column,
            Some(self.joint(column, Form::Members(members), &others)),
        )
    }

    /// The columns that count the photons of a composition: finite values only, so that other ones are told apart.
    pub(super) fn composed(&mut self, composed: &Composed) -> Composition {
        let (signal, lanes) = composed.counted();
        let mut counted = |condition: &Condition<RowExpr>| {
            let column = self.column_where(&composed.column, condition);
            self.columns[column].needs.range = true;
            column
        };
        Composition {
            signal: counted(&signal),
            lanes: lanes.map(|lane| lane.as_ref().map(&mut counted)),
        }
    }

    /// The place of a joint among those of its column.
    fn joint(&mut self, column: usize, form: Form, others: &[usize]) -> usize {
        let joint = Joint {
            form,
            others: others.to_vec(),
        };
        let joints = &mut self.columns[column].needs.joints;
        joints.iter().position(|j| *j == joint).unwrap_or_else(|| {
            joints.push(joint);
            joints.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_yaml;
    use crate::photon::{ColumnType, Dtype, SourceColumn};
    use crate::stat::{Job, JobOutput};

    fn job(outputs: &str) -> Job {
        let text = format!(
            "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables: {{h: h, t: \
             t, x: x}}\naggregation:\n  variables:\n{outputs}output:\n  grid: {{type: healpix, parent_order: 2, \
             child_order: 6}}\n"
        );
        let config = parse_yaml("test", &text).unwrap();
        let source = |name: &str| SourceColumn {
            name: name.to_owned(),
            column_type: ColumnType::F64,
            dtype: Dtype::F64,
            units: None,
            long_name: None,
        };
        Job::new(&config, &["h", "t", "x"].map(source))
    }

    fn kind(job: &Job, output: usize) -> (usize, MeasureKind) {
        let JobOutput::Scalar(expr) = &job.outputs[output] else {
            unreachable!("an output of one number")
        };
        let mut found = None;
        expr.each_reduction(&mut |measure| found = Some((measure.column, measure.kind)));
        found.unwrap()
    }

    #[test]
    fn all_that_is_asked_of_the_same_columns_has_one_joint() {
        let job = job("    a: {function: slope, source: h, params: {x: t}}\n    \
             b: {expression: \"slope_err(h, t) + cov(t, h) + corr(t, h)\"}\n    \
             c: {function: intercept, source: t, params: {x: [h]}}\n    \
             d: {function: slope, source: h, params: {x: [t, x]}}\n    \
             e: {function: slope, source: h, params: {x: [x, t]}}\n    \
             f: {function: slope, source: h, params: {x: t}, where: \"x > 0\"}\n");
        let joints = job.columns.iter().flat_map(|column| &column.needs.joints);
        let forms: Vec<Form> = joints.map(|joint| joint.form).collect();
        assert_eq!(
            forms,
            [Form::Products(2), Form::Products(3), Form::Products(2)]
        );
        let roles = |output| match kind(&job, output) {
            (_, MeasureKind::Related { roles, .. }) => roles.places().to_vec(),
            other => unreachable!("{other:?}"),
        };
        let found: Vec<Vec<u8>> = [0, 2, 3, 4].map(roles).to_vec();
        assert_eq!(
            found,
            [vec![0, 1], vec![1, 0], vec![0, 1, 2], vec![0, 2, 1]]
        );
        assert!(job.columns.iter().all(|column| column.needs.products));
    }

    #[test]
    fn ends_are_of_their_value_and_marks_need_no_values() {
        let job = job("    a: {function: first, source: h, params: {by: t}}\n    \
             b: {function: last, source: t, params: {by: h}}\n    \
             c: {function: n_cycles, source: t}\n    \
             d: {expression: \"last(h, t) - first(h, t)\"}\n");
        assert_eq!(
            (kind(&job, 0).0, kind(&job, 1).0, kind(&job, 3).0),
            (0, 1, 0)
        );
        let joints = job.columns.iter().map(|column| column.needs.joints.len());
        assert_eq!(joints.collect::<Vec<_>>(), [1, 2]);
        assert!(
            job.columns
                .iter()
                .all(|column| !column.needs.values() && !column.needs.products)
        );
    }
}
