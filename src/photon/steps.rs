//! Photons of several steps of time, parted into batches of one step each.
//!
//! On the line: whoever reads photons parts them, so a batch is of one step from then on. Along a track nearly every
//! batch is of one already, and goes on as it is.

use super::{Buffer, Column, Origin, PhotonBatch, Rows, Values};

/// The steps of time that photons are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InSteps {
    /// All are in this one.
    One(u32),
    /// Each photon's, in their order.
    Each(Vec<u32>),
}

impl PhotonBatch {
    /// The photons of each step as a batch of their own, by ascending step and in their order.
    pub fn parted(mut self, steps: &InSteps) -> Vec<Self> {
        let steps = match steps {
            InSteps::One(step) => {
                self.step = *step;
                return vec![self];
            }
            InSteps::Each(steps) => steps,
        };
        let mut photons: Vec<u32> = (0..self.len() as u32).collect();
        photons.sort_by_key(|&photon| steps[photon as usize]);
        let of_step = photons.chunk_by(|&a, &b| steps[a as usize] == steps[b as usize]);
        let parts = of_step.map(|photons| self.picked(photons, steps[photons[0] as usize]));
        parts.collect()
    }

    /// Some of the photons, all in this step.
    fn picked(&self, photons: &[u32], step: u32) -> Self {
        let rows = photons.iter().map(|&i| self.origin.rows.get(i as usize));
        Self {
            origin: Origin {
                rows: Rows::Listed(rows.collect()),
                ..self.origin.clone()
            },
            step,
            lon: picked(&self.lon, photons),
            lat: picked(&self.lat, photons),
            columns: self.columns.iter().map(|c| c.picked(photons)).collect(),
        }
    }
}

impl Column {
    fn picked(&self, photons: &[u32]) -> Self {
        let valid = |nulls: &arrow::buffer::NullBuffer| {
            photons
                .iter()
                .map(|&i| nulls.is_valid(i as usize))
                .collect()
        };
        Self {
            values: match &self.values {
                Values::F32(v) => Values::F32(picked(v, photons)),
                Values::F64(v) => Values::F64(picked(v, photons)),
                Values::I64(v) => Values::I64(picked(v, photons)),
            },
            nulls: self.nulls.as_ref().map(valid),
        }
    }
}

fn picked<T: Copy>(values: &[T], photons: &[u32]) -> Buffer<T> {
    photons.iter().map(|&i| values[i as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_photon_is_in_the_batch_of_its_step_and_in_its_place_there() {
        let batch = PhotonBatch {
            origin: Origin {
                granule: "a.h5".into(),
                ground_track: "gt1l".into(),
                rows: Rows::Range(10..15),
            },
            step: 0,
            lon: vec![0.0, 1.0, 2.0, 3.0, 4.0].into(),
            lat: vec![5.0, 6.0, 7.0, 8.0, 9.0].into(),
            columns: vec![Column {
                values: Values::I64(vec![20, 21, 22, 23, 24].into()),
                nulls: Some(vec![true, false, true, true, false].into()),
            }],
        };
        let one = batch.clone().parted(&InSteps::One(3));
        assert_eq!((one.len(), one[0].step, one[0].len()), (1, 3, 5));
        let parts = batch.parted(&InSteps::Each(vec![7, 2, 7, 2, 2]));
        let found: Vec<_> = parts
            .iter()
            .map(|part| {
                let column = &part.columns[0];
                let valid: Vec<bool> = (0..part.len()).map(|i| column.is_valid(i)).collect();
                (
                    part.step,
                    part.origin.rows.clone(),
                    column.values.clone(),
                    valid,
                )
            })
            .collect();
        let of = |step, rows: &[u64], values: &[i64], valid: &[bool]| {
            let values = Values::I64(values.to_vec().into());
            (step, Rows::Listed(rows.to_vec()), values, valid.to_vec())
        };
        let expected = [
            of(2, &[11, 13, 14], &[21, 23, 24], &[false, true, false]),
            of(7, &[10, 12], &[20, 22], &[true, true]),
        ];
        assert_eq!(found, expected);
        assert_eq!(parts[1].lat[..], [5.0, 7.0]);
    }
}
