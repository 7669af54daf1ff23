//! Photons of several steps of time, parted into batches of one step each.
//!
//! On the line: whoever reads photons parts them, so a batch is of one step from then on. Along a track nearly every
//! batch is of one already, and goes on as it is. Of one that an edge crosses, the photons before it stay where they
//! are, and only the others are copied.

use std::ops::Range;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::NullBuffer;

use super::{Buffer, Column, ColumnType, Origin, PhotonBatch, Values};

/// The steps of time that photons are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InSteps {
    /// All are in this one.
    One(u32),
    /// Runs of photons of one step each, which follow one another.
    Runs(Vec<StepRun>),
}

/// Photons that follow one another, all in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRun {
    pub step: u32,
    pub photons: Range<usize>,
}

/// Room for so many values, of any content.
pub type Room<'a> = &'a mut dyn FnMut(ColumnType, usize) -> Values;

/// Runs of photons that are found one behind the other.
#[derive(Debug, Default)]
pub struct StepRuns(Vec<StepRun>);

impl StepRuns {
    /// The next photons, which are so many, are in a step.
    pub fn push(&mut self, step: u32, count: usize) {
        let end = self.0.last().map_or(0, |last| last.photons.end);
        match self.0.last_mut() {
            Some(last) if last.step == step => last.photons.end += count,
            _ if count > 0 => self.0.push(StepRun {
                step,
                photons: end..end + count,
            }),
            _ => {}
        }
    }
}

impl From<StepRuns> for InSteps {
    fn from(runs: StepRuns) -> Self {
        match &runs.0[..] {
            [only] => Self::One(only.step),
            _ => Self::Runs(runs.0),
        }
    }
}

impl PhotonBatch {
    /// The photons of each step as a batch of their own, by ascending step and in their order; what is copied goes to
    /// memory that `room` gives.
    pub fn parted(mut self, steps: &InSteps, room: Room) -> Vec<Self> {
        let mut runs = match steps {
            InSteps::One(step) => {
                self.step = *step;
                return vec![self];
            }
            InSteps::Runs(runs) => runs.clone(),
        };
        // Those of one step stay in their order.
        runs.sort_by_key(|run| run.step);
        let mut parts = Vec::new();
        let mut front = None;
        for (place, runs) in runs.chunk_by(|a, b| a.step == b.step).enumerate() {
            match runs {
                [only] if only.photons.start == 0 => front = Some((place, only)),
                several => parts.push(self.picked(several, room)),
            }
        }
        if let Some((place, run)) = front {
            parts.insert(place, self.front(run));
        }
        parts
    }

    /// The photons of some runs, all of one step.
    fn picked(&self, runs: &[StepRun], room: Room) -> Self {
        let ranges = || runs.iter().map(|run| run.photons.clone());
        let rows = match runs {
            [only] => self.origin.rows.part(only.photons.clone()),
            _ => self.origin.rows.parts(ranges()),
        };
        let count = ranges().map(|photons| photons.len()).sum();
        let mut degrees = |of: &Buffer<f64>| match room(ColumnType::F64, count) {
            Values::F64(mut out) => {
                copy(of, ranges(), &mut out);
                out
            }
            _ => unreachable!("room is of the type that was asked for"),
        };
        let (lon, lat) = (degrees(&self.lon), degrees(&self.lat));
        let columns = self.columns.iter();
        let columns = columns.map(|column| {
            let mut values = room(column.values.column_type(), count);
            match (&column.values, &mut values) {
                (Values::F32(v), Values::F32(out)) => copy(v, ranges(), out),
                (Values::F64(v), Values::F64(out)) => copy(v, ranges(), out),
                (Values::I64(v), Values::I64(out)) => copy(v, ranges(), out),
                _ => unreachable!("room is of the type that was asked for"),
            }
            let nulls = column.nulls.as_ref();
            let nulls = nulls.map(|nulls| valid(nulls, ranges()));
            Column { values, nulls }
        });
        Self {
            columns: columns.collect(),
            origin: Origin {
                rows,
                ..self.origin.clone()
            },
            step: runs.first().map_or(0, |run| run.step),
            lon,
            lat,
        }
    }

    /// The first photons, which are those of a run, where they are.
    fn front(mut self, run: &StepRun) -> Self {
        let count = run.photons.end;
        self.step = run.step;
        self.origin.rows = self.origin.rows.part(0..count);
        self.lon.truncate(count);
        self.lat.truncate(count);
        for column in &mut self.columns {
            column.values.truncate(count);
            column.nulls = column.nulls.as_ref().map(|nulls| nulls.slice(0, count));
        }
        self
    }
}

/// Copies ranges of values, one behind the other.
fn copy<T: Copy>(values: &[T], ranges: impl Iterator<Item = Range<usize>>, out: &mut [T]) {
    let mut end = 0;
    for range in ranges {
        let start = end;
        end += range.len();
        out[start..end].copy_from_slice(&values[range]);
    }
}

/// Which values of ranges are not null, one behind the other.
fn valid(nulls: &NullBuffer, ranges: impl Iterator<Item = Range<usize>>) -> NullBuffer {
    let mut bits = BooleanBufferBuilder::new(0);
    for range in ranges {
        bits.append_buffer(&nulls.inner().slice(range.start, range.len()));
    }
    NullBuffer::new(bits.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::Rows;
    use proptest::prelude::*;

    fn batch(photons: usize) -> PhotonBatch {
        let of = |from: usize| (from..from + photons).map(|x| x as f64).collect();
        PhotonBatch {
            origin: Origin {
                granule: "a.h5".into(),
                ground_track: "gt1l".into(),
                rows: Rows::Range(10..10 + photons as u64),
            },
            step: 0,
            lon: of(0),
            lat: of(100),
            columns: vec![Column {
                values: Values::I64((0..photons as i64).collect()),
                nulls: Some((0..photons).map(|i| i % 3 != 1).collect()),
            }],
        }
    }

    fn each(steps: &[u32]) -> InSteps {
        let mut runs = StepRuns::default();
        for &step in steps {
            runs.push(step, 1);
        }
        runs.into()
    }

    #[test]
    fn photons_of_one_step_are_one_run() {
        assert_eq!(each(&[3, 3, 3]), InSteps::One(3));
        let mut none = StepRuns::default();
        for (step, count) in [(2, 0), (1, 4), (2, 0), (1, 2)] {
            none.push(step, count);
        }
        assert_eq!(InSteps::from(none), InSteps::One(1));
        let run = |step, photons| StepRun { step, photons };
        let runs = InSteps::Runs(vec![run(3, 0..2), run(1, 2..3), run(3, 3..4)]);
        assert_eq!(each(&[3, 3, 1, 3]), runs);
    }

    #[test]
    fn a_batch_of_one_step_goes_on_as_it_is() {
        let batch = batch(5);
        let lies_at = batch.lon.as_ptr();
        let one = batch.parted(&InSteps::One(3), &mut Values::room);
        assert_eq!((one.len(), one[0].step, one[0].len()), (1, 3, 5));
        assert_eq!(one[0].lon.as_ptr(), lies_at);
    }

    #[test]
    fn photons_before_an_edge_stay_where_they_are() {
        let batch = batch(5);
        let lies_at = batch.lon.as_ptr();
        let mut taken = 0;
        let mut room = |column_type, length| {
            taken += length;
            Values::room(column_type, length)
        };
        let parts = batch.parted(&each(&[4, 4, 4, 2, 2]), &mut room);
        let steps: Vec<_> = parts.iter().map(|part| (part.step, part.len())).collect();
        assert_eq!(steps, [(2, 2), (4, 3)]);
        assert_eq!(parts[1].lon.as_ptr(), lies_at);
        assert_eq!(parts[0].origin.rows, Rows::Range(13..15));
        assert_eq!(taken, 3 * 2);
    }

    proptest! {
        #[test]
        fn each_photon_is_in_the_batch_of_its_step_and_in_its_place_there(
            steps in prop::collection::vec(prop_oneof![4 => 0_u32..2, 1 => 0_u32..9], 1..40),
        ) {
            let whole = batch(steps.len());
            let found: Vec<_> = whole.clone().parted(&each(&steps), &mut Values::room).iter()
                .flat_map(|part| (0..part.len()).map(|i| {
                    let column = &part.columns[0];
                    let row = part.origin.rows.get(i);
                    (part.step, row, part.lon[i], part.lat[i], column.values.get_f64(i), column.is_valid(i))
                }).collect::<Vec<_>>()).collect();
            let mut order: Vec<usize> = (0..steps.len()).collect();
            order.sort_by_key(|&i| steps[i]);
            let expected: Vec<_> = order.iter().map(|&i| {
                let column = &whole.columns[0];
                (steps[i], 10 + i as u64, whole.lon[i], whole.lat[i], column.values.get_f64(i), column.is_valid(i))
            }).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
