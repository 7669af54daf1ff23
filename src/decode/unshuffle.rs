//! The inverse of the shuffle filter: bytes grouped by significance become elements again.
//!
//! On the line: one of the filters that `filter.rs` undoes. An element is put together from one byte
//! of each group by shifts, which compiles to as many lanes as the processor has. Bytes become pairs, pairs fours, and
//! fours eights, so that each step widens to twice the lanes and not to eight times.

use multiversion::multiversion;

/// Writes to `out` the elements of `element` bytes whose bytes `shuffled` holds by significance;
/// bytes beyond the last whole element stand as they are. Both have one length.
pub fn unshuffle(shuffled: &[u8], element: usize, out: &mut [u8]) {
    debug_assert_eq!(shuffled.len(), out.len());
    let count = out.len().checked_div(element).unwrap_or(0);
    // As libhdf5: fewer than two elements are not shuffled.
    if element < 2 || count < 2 {
        out.copy_from_slice(shuffled);
        return;
    }
    let whole = count * element;
    let (body, rest) = out.split_at_mut(whole);
    let groups = &shuffled[..whole];
    match element {
        2 => pairs(groups, body),
        4 => fours(groups, body),
        8 => eights(groups, body),
        _ => each(groups, element, body),
    }
    rest.copy_from_slice(&shuffled[whole..]);
}

fn each(groups: &[u8], element: usize, out: &mut [u8]) {
    let count = groups.len() / element;
    for (i, bytes) in out.chunks_exact_mut(element).enumerate() {
        for (k, byte) in bytes.iter_mut().enumerate() {
            *byte = groups[k * count + i];
        }
    }
}

/// Elements that are put together at a time: they stay in registers or next to them.
const TOGETHER: usize = 64;

/// Writes the elements of `TOGETHER` bytes of each group at a time with `$several`, and the others with `each`.
macro_rules! put_together {
    ($groups:ident, $out:ident, $size:literal, $several:ident) => {{
        let out = $out.as_chunks_mut::<$size>().0;
        let count = out.len();
        let mut planes = [&$groups[..count]; $size];
        for (plane, bytes) in planes.iter_mut().zip($groups.chunks_exact(count)) {
            *plane = &bytes[..count];
        }
        let (blocks, rest) = out.as_chunks_mut::<TOGETHER>();
        let first = count - rest.len();
        let mut bytes = [&[] as &[[u8; TOGETHER]]; $size];
        for (bytes, plane) in bytes.iter_mut().zip(planes) {
            *bytes = &plane.as_chunks().0[..blocks.len()];
        }
        for (block, out) in blocks.iter_mut().enumerate() {
            // Plain loops: closures are not always compiled for the instructions of who calls them.
            let mut of = [&[0; TOGETHER]; $size];
            for k in 0..$size {
                of[k] = &bytes[k][block];
            }
            $several(of, out);
        }
        for (i, out) in rest.iter_mut().enumerate() {
            for k in 0..$size {
                out[k] = planes[k][first + i];
            }
        }
    }};
}

#[inline(always)]
fn pair(low: &[u8; TOGETHER], high: &[u8; TOGETHER]) -> [u16; TOGETHER] {
    let mut words = [0; TOGETHER];
    for i in 0..TOGETHER {
        words[i] = u16::from(low[i]) | u16::from(high[i]) << 8;
    }
    words
}

#[inline(always)]
fn four(low: &[u16; TOGETHER], high: &[u16; TOGETHER]) -> [u32; TOGETHER] {
    let mut words = [0; TOGETHER];
    for i in 0..TOGETHER {
        words[i] = u32::from(low[i]) | u32::from(high[i]) << 16;
    }
    words
}

#[inline(always)]
fn several_pairs([a, b]: [&[u8; TOGETHER]; 2], out: &mut [[u8; 2]; TOGETHER]) {
    let words = pair(a, b);
    for i in 0..TOGETHER {
        out[i] = words[i].to_le_bytes();
    }
}

#[inline(always)]
fn several_fours([a, b, c, d]: [&[u8; TOGETHER]; 4], out: &mut [[u8; 4]; TOGETHER]) {
    let words = four(&pair(a, b), &pair(c, d));
    for i in 0..TOGETHER {
        out[i] = words[i].to_le_bytes();
    }
}

#[inline(always)]
fn several_eights([a, b, c, d, e, f, g, h]: [&[u8; TOGETHER]; 8], out: &mut [[u8; 8]; TOGETHER]) {
    let low = four(&pair(a, b), &pair(c, d));
    let high = four(&pair(e, f), &pair(g, h));
    for i in 0..TOGETHER {
        out[i] = (u64::from(low[i]) | u64::from(high[i]) << 32).to_le_bytes();
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn pairs(groups: &[u8], out: &mut [u8]) {
    put_together!(groups, out, 2, several_pairs);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn fours(groups: &[u8], out: &mut [u8]) {
    put_together!(groups, out, 4, several_fours);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn eights(groups: &[u8], out: &mut [u8]) {
    put_together!(groups, out, 8, several_eights);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The filter as HDF5 describes it.
    fn shuffle(plain: &[u8], element: usize) -> Vec<u8> {
        let count = plain.len() / element;
        let whole = count * element;
        let mut out: Vec<u8> = (0..element)
            .flat_map(|k| (0..count).map(move |i| plain[i * element + k]))
            .collect();
        out.extend(&plain[whole..]);
        out
    }

    proptest! {
        #[test]
        fn unshuffling_undoes_shuffling(
            plain in prop::collection::vec(any::<u8>(), 0..3000), element in 1_usize..20,
        ) {
            let mut out = vec![0; plain.len()];
            unshuffle(&shuffle(&plain, element), element, &mut out);
            prop_assert_eq!(out, plain);
        }
    }
}
