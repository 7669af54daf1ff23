//! Bytes of elements to values: byte order, width, one column of several, without loss.
//!
//! On the line: after `filter.rs`, before the columns of a batch. Integers of every width become
//! i64; those of u64 beyond it wrap, and `columns.rs` refuses them. Floats keep their width.

use crate::photon::stored::{Element, Kind, Order, Stride};

/// Values to fill: those of rows that follow one another.
#[derive(Debug)]
pub enum Target<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    I64(&'a mut [i64]),
}

impl Element {
    /// Fills `target` from the elements at `stride` in `bytes`, which must reach that far.
    pub fn convert(self, bytes: &[u8], stride: Stride, target: &mut Target) {
        if self.is_native() && stride.step == self.size() {
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
            (kind, _) => unreachable!("values of {kind:?} have a target of their own type"),
        }
    }
}

impl<'a> Target<'a> {
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
        }
    }

    /// The first `count` values, and the others.
    pub fn split(self, count: usize) -> (Self, Self) {
        fn at<T>(values: &mut [T], count: usize) -> (&mut [T], &mut [T]) {
            values.split_at_mut(count)
        }
        match self {
            Self::F32(v) => {
                let (a, b): (&'a mut [f32], _) = at(v, count);
                (Self::F32(a), Self::F32(b))
            }
            Self::F64(v) => {
                let (a, b): (&'a mut [f64], _) = at(v, count);
                (Self::F64(a), Self::F64(b))
            }
            Self::I64(v) => {
                let (a, b): (&'a mut [i64], _) = at(v, count);
                (Self::I64(a), Self::I64(b))
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
