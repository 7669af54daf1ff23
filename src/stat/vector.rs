//! Counts of values between edges that follow from the photons: bins of equal width, from the cell's or its chunk's numbers.
//!
//! Beside `finish.rs`. Edges are known once a cell, or all cells of a Zarr chunk, are whole, so values are retained until then,
//! as for quantiles. Edges and bins are those of `numpy.histogram` in float64: edge i is `i * step + low` with
//! `step = (high - low) / n`, the last one `high`; a bin has its lower edge, and the last one both.

use crate::expr::CellExpr;
use crate::photon::ColumnType;

use super::job::Measure;
use super::order::Key;
use super::part::KeySlice;

/// A number of the photons of a cell, or of its Zarr chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct OfPhotons {
    pub expr: CellExpr<Measure>,
    pub of_chunk: bool,
}

/// What an output counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    pub column: usize,
    /// Added to each value, one after the other.
    pub shifts: Vec<OfPhotons>,
    pub low: OfPhotons,
    pub high: OfPhotons,
    pub bins: usize,
}

/// Counting the values of a cell.
#[derive(Debug)]
pub struct Counting {
    column_type: ColumnType,
    shifts: Vec<f64>,
    edges: Vec<f64>,
    /// Below, bins, above.
    counts: Vec<u64>,
}

impl Vector {
    /// The numbers that edges follow from.
    pub fn exprs(&self) -> Vec<&CellExpr<Measure>> {
        self.numbers().map(|of| &of.expr).collect()
    }

    fn numbers(&self) -> impl Iterator<Item = &OfPhotons> {
        self.shifts.iter().chain([&self.low, &self.high])
    }

    /// Whether any of them is of all photons of a Zarr chunk.
    pub fn is_of_chunk(&self) -> bool {
        self.numbers().any(|of| of.of_chunk)
    }

    /// Bins between these numbers; `None` where they are no edges. Numbers that are equal are half a unit away from theirs,
    /// as numpy has it.
    pub fn counting(
        &self,
        shifts: Vec<f64>,
        [low, high]: [f64; 2],
        of: ColumnType,
    ) -> Option<Counting> {
        let (low, high) = if low == high {
            (low - 0.5, high + 0.5)
        } else {
            (low, high)
        };
        let shifted = shifts.iter().all(|shift| shift.is_finite());
        if !shifted || !low.is_finite() || !high.is_finite() || low > high {
            return None;
        }
        let step = (high - low) / self.bins as f64;
        // Farther apart than a number can be.
        if !step.is_finite() {
            return None;
        }
        let edges = (0..self.bins).map(|i| i as f64 * step + low);
        Some(Counting {
            column_type: of,
            shifts,
            edges: edges.chain([high]).collect(),
            counts: vec![0; self.bins + 2],
        })
    }
}

impl Counting {
    /// Takes some values.
    pub fn take(&mut self, values: KeySlice) {
        match values {
            KeySlice::Narrow(keys) => keys.iter().for_each(|&key| self.take_key(key.into())),
            KeySlice::Wide(keys) => keys.iter().for_each(|&key| self.take_key(key)),
        }
    }

    fn take_key(&mut self, key: u64) {
        let value = Key(key).to_f64(self.column_type);
        let value = self.shifts.iter().fold(value, |value, shift| value + shift);
        let last = self.edges.len() - 1;
        let place = if value == self.edges[last] {
            last
        } else {
            // NaN is in no bin.
            self.edges.partition_point(|edge| *edge <= value)
        };
        self.counts[place] += 1;
    }

    /// Below, bins, above.
    pub fn finish(self) -> Vec<u64> {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::super::ordered::Ordered;
    use super::*;

    fn counted(
        low: f64,
        high: f64,
        bins: usize,
        shifts: &[f64],
        values: &[f64],
    ) -> Option<Vec<u64>> {
        let number = |x: f64| OfPhotons {
            expr: CellExpr::Number(x),
            of_chunk: false,
        };
        let vector = Vector {
            column: 0,
            shifts: shifts.iter().map(|&shift| number(shift)).collect(),
            low: number(low),
            high: number(high),
            bins,
        };
        let mut ordered = Ordered::new(ColumnType::F64);
        ordered.push_cell(values);
        let mut counting = vector.counting(shifts.to_vec(), [low, high], ColumnType::F64)?;
        counting.take(ordered.values(0));
        Some(counting.finish())
    }

    #[test]
    fn bins_are_those_of_numpy() {
        // numpy.histogram([...], 4, (0, 1)), and what is beyond.
        let values = [
            0.0,
            0.25,
            0.2499999,
            0.5,
            1.0,
            -0.1,
            1.1,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ];
        assert_eq!(
            counted(0.0, 1.0, 4, &[], &values).unwrap(),
            [2, 2, 1, 1, 1, 2]
        );
        // Edges that are no decimal fractions: 3 * 0.1 is above 0.3.
        assert_eq!(
            counted(0.0, 1.0, 10, &[], &[0.3, 0.6, 0.7]).unwrap()[1..11],
            [0, 0, 1, 0, 0, 1, 1, 0, 0, 0]
        );
        assert_eq!(
            counted(2.0, 2.0, 2, &[], &[1.4, 1.5, 2.0, 2.5]).unwrap(),
            [1, 1, 2, 0]
        );
        assert_eq!(
            counted(-1.0, 1.0, 2, &[-10.0], &[9.5, 10.5]).unwrap(),
            [0, 1, 1, 0]
        );
        // (0.3 - 0.1) + 0.6 is below 0.8, and 0.3 + (-0.1 + 0.6) is not.
        let of = |shifts: &[f64]| counted(0.0, 1.6, 2, shifts, &[0.3]).unwrap();
        assert_eq!(of(&[-0.1, 0.6]), [0, 1, 0, 0]);
        assert_eq!(of(&[-0.1 + 0.6]), [0, 0, 1, 0]);
        assert_eq!(counted(1.0, 0.0, 2, &[], &[0.5]), None);
        assert_eq!(counted(f64::NAN, 0.0, 2, &[], &[0.5]), None);
    }
}
