//! Bytes of elements to values: byte order, width, one column of several, without loss.
//!
//! On the line: after `filter.rs`, before the columns of a batch. Integers of every width become
//! i64; those of u64 beyond it wrap, and `columns.rs` refuses them. What only filters look at stays as wide as it is
//! stored, as bits. Floats keep their width.

use super::extremes::Extremes;
use crate::photon::stored::{Element, Kind, Order, Stride};

/// Values to fill: those of rows that follow one another.
#[derive(Debug)]
pub enum Target<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    I64(&'a mut [i64]),
    /// Integers of so many bits, with a sign or without one, as they are.
    B8(&'a mut [u8]),
    B16(&'a mut [u16]),
    B32(&'a mut [u32]),
}

impl Element {
    /// Fills `target` from the elements at `stride` in `bytes`, which must reach that far.
    pub fn convert(self, bytes: &[u8], stride: Stride, target: &mut Target) {
        if stride.step == self.size() && target.holds(self) {
            let out = target.bytes();
            out.copy_from_slice(&bytes[stride.first..][..out.len()]);
            return;
        }
        macro_rules! fill {
            ($type:ty, $out:expr, $big:literal, $value:expr) => {
                each(bytes, stride, $out, |b| {
                    let order = if $big {
                        <$type>::from_be_bytes
                    } else {
                        <$type>::from_le_bytes
                    };
                    $value(order(b))
                })
            };
            ($type:ty, $out:expr, $value:expr) => {
                match self.order {
                    Order::Little => fill!($type, $out, false, $value),
                    Order::Big => fill!($type, $out, true, $value),
                }
            };
        }
        match (self.kind, target) {
            (Kind::I8, Target::I64(out)) => fill!(i8, out, i64::from),
            (Kind::I16, Target::I64(out)) => fill!(i16, out, i64::from),
            (Kind::I32, Target::I64(out)) => fill!(i32, out, i64::from),
            (Kind::I64 | Kind::U64, Target::I64(out)) => fill!(i64, out, |x| x),
            (Kind::U8, Target::I64(out)) => fill!(u8, out, i64::from),
            (Kind::U16, Target::I64(out)) => fill!(u16, out, i64::from),
            (Kind::U32, Target::I64(out)) => fill!(u32, out, i64::from),
            (Kind::F32, Target::F32(out)) => fill!(f32, out, |x| x),
            (Kind::F64, Target::F64(out)) => fill!(f64, out, |x| x),
            (Kind::I8 | Kind::U8, Target::B8(out)) => one_byte_of_each(bytes, stride, out),
            (Kind::I16 | Kind::U16, Target::B16(out)) => fill!(u16, out, |x| x),
            (Kind::I32 | Kind::U32, Target::B32(out)) => fill!(u32, out, |x| x),
            (kind, _) => unreachable!("values of {kind:?} have a target of their own type"),
        }
    }
}

impl Target<'_> {
    /// Whether stored bytes of an element are those of a value.
    pub fn holds(&self, element: Element) -> bool {
        let same = matches!(
            (self, element.kind),
            (Self::F32(_), Kind::F32)
                | (Self::F64(_), Kind::F64)
                | (Self::I64(_), Kind::I64 | Kind::U64)
                | (Self::B8(_), Kind::I8 | Kind::U8)
                | (Self::B16(_), Kind::I16 | Kind::U16)
                | (Self::B32(_), Kind::I32 | Kind::U32)
        );
        same && element.is_native()
    }

    /// Between which numbers the values lie; `None` of integers.
    pub(crate) fn extremes(&self) -> Option<Extremes> {
        match self {
            Self::F32(v) => Some(Extremes::of_f32(v)),
            Self::F64(v) => Some(Extremes::of(v)),
            Self::I64(_) | Self::B8(_) | Self::B16(_) | Self::B32(_) => None,
        }
    }

    /// Makes all values 0.
    pub fn clear(mut self) {
        self.bytes().fill(0);
    }

    /// The values as bytes.
    pub fn bytes(&mut self) -> &mut [u8] {
        match self {
            Self::F32(v) => bytemuck::cast_slice_mut(v),
            Self::F64(v) => bytemuck::cast_slice_mut(v),
            Self::I64(v) => bytemuck::cast_slice_mut(v),
            Self::B8(v) => v,
            Self::B16(v) => bytemuck::cast_slice_mut(v),
            Self::B32(v) => bytemuck::cast_slice_mut(v),
        }
    }

    /// The first `count` values, and the others.
    pub fn split(self, count: usize) -> (Self, Self) {
        macro_rules! split {
            ($($kind:ident),*) => {
                match self {
                    $(Self::$kind(v) => {
                        let (front, rest) = v.split_at_mut(count);
                        (Self::$kind(front), Self::$kind(rest))
                    })*
                }
            };
        }
        split!(F32, F64, I64, B8, B16, B32)
    }
}

#[inline(always)]
fn each<T, const N: usize>(
    bytes: &[u8],
    stride: Stride,
    out: &mut [T],
    value: impl Fn([u8; N]) -> T,
) {
    let Some(last) = out.len().checked_sub(1) else {
        return;
    };
    let bytes = &bytes[stride.first..][..last * stride.step + N];
    for (out, row) in out.iter_mut().zip(bytes.chunks(stride.step)) {
        // Every row has N bytes: the slice ends with those of the last.
        *out = value(row.first_chunk().copied().unwrap_or([0; N]));
    }
}

/// One column of bytes, of five columns as of the confidence of photons and of any other number.
fn one_byte_of_each(bytes: &[u8], stride: Stride, out: &mut [u8]) {
    const COLUMNS: usize = 5;
    if stride.step != COLUMNS {
        return each(bytes, stride, out, |[byte]| byte);
    }
    let column = stride.first % COLUMNS;
    let rows = bytes.get(stride.first - column..).unwrap_or_default();
    let (rows, _) = rows.as_chunks::<COLUMNS>();
    if rows.len() < out.len() {
        return each(bytes, stride, out, |[byte]| byte);
    }
    for (out, row) in out.iter_mut().zip(rows) {
        *out = row[column];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KINDS: [Kind; 6] = [
        Kind::I8,
        Kind::U8,
        Kind::I16,
        Kind::U16,
        Kind::I32,
        Kind::U32,
    ];

    proptest! {
        /// Each of several columns, from any row on, of either order.
        #[test]
        fn bits_of_integers_are_those_that_int64_has(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xff), Just(0x80)], 1..400),
            kind in prop::sample::select(KINDS.to_vec()), big in any::<bool>(),
            columns in 1_usize..8, column in 0_usize..8, skip in 0_usize..4,
        ) {
            let order = if big { Order::Big } else { Order::Little };
            let element = Element { kind, order };
            let step = columns * element.size();
            let skip = skip.min(bytes.len() / step);
            let rows = bytes.len() / step - skip;
            let stride = Stride { first: column % columns * element.size() + skip * step, step };
            let mut wide = vec![0_i64; rows];
            element.convert(&bytes, stride, &mut Target::I64(&mut wide));
            macro_rules! bits {
                ($target:ident, $bits:ty) => {{
                    let mut found: Vec<$bits> = vec![7; rows];
                    element.convert(&bytes, stride, &mut Target::$target(&mut found));
                    let expected: Vec<$bits> = wide.iter().map(|&x| x as $bits).collect();
                    prop_assert_eq!(found, expected);
                }};
            }
            match element.size() {
                1 => bits!(B8, u8),
                2 => bits!(B16, u16),
                _ => bits!(B32, u32),
            }
        }
    }

    #[test]
    fn elements_of_either_order_become_the_same_values() {
        let values: [i32; 4] = [i32::MIN, -2, 0, i32::MAX];
        for (order, bytes) in [
            (Order::Little, values.map(i32::to_le_bytes).concat()),
            (Order::Big, values.map(i32::to_be_bytes).concat()),
        ] {
            let kind = Kind::I32;
            let mut out = [0_i64; 4];
            let stride = Stride { first: 0, step: 4 };
            let mut target = Target::I64(&mut out);
            Element { kind, order }.convert(&bytes, stride, &mut target);
            assert_eq!(out, values.map(i64::from));
            // The second of two columns: rows of 8 bytes.
            let mut out = [0_i64; 2];
            let stride = Stride { first: 4, step: 8 };
            let mut target = Target::I64(&mut out);
            Element { kind, order }.convert(&bytes, stride, &mut target);
            assert_eq!(out, [-2, i64::from(i32::MAX)]);
        }
    }

    #[test]
    fn bits_of_floats_survive() {
        let bits = [0x7f80_0001_u32, 0xffc0_0000, 0x8000_0000];
        for (order, bytes) in [
            (Order::Little, bits.map(u32::to_le_bytes).concat()),
            (Order::Big, bits.map(u32::to_be_bytes).concat()),
        ] {
            let mut out = [0_f32; 3];
            let stride = Stride { first: 0, step: 4 };
            let kind = Kind::F32;
            let mut target = Target::F32(&mut out);
            Element { kind, order }.convert(&bytes, stride, &mut target);
            assert_eq!(out.map(f32::to_bits), bits);
        }
    }
}
