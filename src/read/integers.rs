//! Integers of up to 32 bits in the type in which they are stored: of datasets that only filters look at.
//!
//! On the line: `hdf5/columns.rs` decodes into them, and nothing makes int64 of them. A class of photons then takes a
//! byte a photon, and 32 of them are compared at a time. A range of integers is a first one and how many follow it: by
//! how much a value is larger than the first, in the bits of the type and without a sign, says whether it is one of them,
//! of types with a sign and without one (`x - low <= high - low`, modulo 2 to the number of bits).

use std::ops::Range;

use arrow::buffer::BooleanBuffer;
use multiversion::multiversion;

use super::filters::RowFilter;
use crate::config::Dtype;
use crate::decode::convert::Target;

/// Values of a type of integers of up to 32 bits, as bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Integers {
    dtype: Dtype,
    pub(super) bits: Bits,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bits {
    B8(Vec<u8>),
    B16(Vec<u16>),
    B32(Vec<u32>),
}

/// Integers from one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span<T> {
    low: T,
    /// How many are behind the first.
    more: T,
}

/// Rows that are compared with one range after the other: their hits stay in the cache.
const RUN: usize = 1 << 10;

impl Integers {
    /// Whether integers of a type are held as they are stored.
    pub fn are(dtype: Dtype) -> bool {
        !dtype.is_float() && dtype.size() <= 4
    }

    /// Of a type that they are of.
    pub(super) fn new(dtype: Dtype, bits: Bits) -> Self {
        Self { dtype, bits }
    }

    pub fn len(&self) -> usize {
        match &self.bits {
            Bits::B8(v) => v.len(),
            Bits::B16(v) => v.len(),
            Bits::B32(v) => v.len(),
        }
    }

    /// What to decode into.
    pub fn target(&mut self) -> Target<'_> {
        match &mut self.bits {
            Bits::B8(v) => Target::B8(v),
            Bits::B16(v) => Target::B16(v),
            Bits::B32(v) => Target::B32(v),
        }
    }

    /// Which of them lie in one of these ranges of integers, both ends included, or in none of them where not `inside`;
    /// `None` where there are none such.
    pub fn found(&self, ranges: &[[i64; 2]], inside: bool) -> Option<BooleanBuffer> {
        let mut marks = vec![1; self.len()];
        self.narrow(ranges, inside, 0..self.len(), &mut marks);
        let any = marks.contains(&1);
        any.then(|| BooleanBuffer::collect_bool(marks.len(), |i| marks[i] == 1))
    }

    /// Clears the marks of those that do not lie in one of the ranges, or that do where not `inside`.
    fn narrow(&self, ranges: &[[i64; 2]], inside: bool, rows: Range<usize>, marks: &mut [u8]) {
        let spans = ranges.iter().filter_map(|range| self.clamped(*range));
        match &self.bits {
            Bits::B8(v) => {
                let spans: Vec<_> = spans.map(|span| span.map(|x| x as u8)).collect();
                narrow_b8(&v[rows], &spans, inside, marks);
            }
            Bits::B16(v) => {
                let spans: Vec<_> = spans.map(|span| span.map(|x| x as u16)).collect();
                narrow_b16(&v[rows], &spans, inside, marks);
            }
            Bits::B32(v) => {
                let spans: Vec<_> = spans.map(|span| span.map(|x| x as u32)).collect();
                narrow_b32(&v[rows], &spans, inside, marks);
            }
        }
    }

    /// What the type has of a range; `None` where that is nothing.
    fn clamped(&self, [low, high]: [i64; 2]) -> Option<Span<i64>> {
        let all = self.dtype.whole_numbers()?;
        // Both are integers of up to 32 bits then, and so is what is between them.
        let low = i64::try_from(i128::from(low).max(*all.start())).ok()?;
        let high = i64::try_from(i128::from(high).min(*all.end())).ok()?;
        (low <= high).then_some(Span {
            low,
            more: high - low,
        })
    }
}

impl RowFilter {
    /// As [`RowFilter::narrow`], of integers as they are stored.
    pub fn narrow_integers(&self, values: &Integers, rows: Range<usize>, marks: &mut [u8]) {
        let (ranges, inside) = self.of_integers();
        values.narrow(&ranges, inside, rows, marks);
    }
}

impl<T> Span<T> {
    /// In the bits of a type.
    fn map<U>(self, bits: impl Fn(T) -> U) -> Span<U> {
        Span {
            low: bits(self.low),
            more: bits(self.more),
        }
    }
}

macro_rules! narrow {
    ($values:ident, $spans:ident, $inside:ident, $marks:ident) => {
        for (marks, values) in $marks.chunks_mut(RUN).zip($values.chunks(RUN)) {
            let mut hits = [0; RUN];
            for span in $spans {
                for (hit, &x) in hits.iter_mut().zip(values) {
                    *hit |= u8::from(x.wrapping_sub(span.low) <= span.more);
                }
            }
            let others = u8::from(!$inside);
            for (mark, &hit) in marks.iter_mut().zip(&hits) {
                *mark &= hit ^ others;
            }
        }
    };
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn narrow_b8(values: &[u8], spans: &[Span<u8>], inside: bool, marks: &mut [u8]) {
    narrow!(values, spans, inside, marks);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn narrow_b16(values: &[u16], spans: &[Span<u16>], inside: bool, marks: &mut [u8]) {
    narrow!(values, spans, inside, marks);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn narrow_b32(values: &[u32], spans: &[Span<u32>], inside: bool, marks: &mut [u8]) {
    narrow!(values, spans, inside, marks);
}

#[cfg(test)]
mod tests;
