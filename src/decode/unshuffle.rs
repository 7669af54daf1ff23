//! The inverse of the shuffle filter: bytes grouped by significance become elements again.
//!
//! On the line: one of the filters that `filter.rs` undoes. An element is put together from one byte
//! of each group by shifts, which compiles to as many lanes as the processor has.

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

macro_rules! put_together {
    ($groups:ident, $out:ident, $word:ty, $size:literal) => {{
        let out = $out.as_chunks_mut::<$size>().0;
        let count = out.len();
        let mut planes = [&$groups[..count]; $size];
        for (plane, bytes) in planes.iter_mut().zip($groups.chunks_exact(count)) {
            *plane = &bytes[..count];
        }
        for i in 0..count {
            let mut word: $word = 0;
            for k in 0..$size {
                word |= <$word>::from(planes[k][i]) << (8 * k);
            }
            out[i] = word.to_le_bytes();
        }
    }};
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn pairs(groups: &[u8], out: &mut [u8]) {
    put_together!(groups, out, u16, 2);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn fours(groups: &[u8], out: &mut [u8]) {
    put_together!(groups, out, u32, 4);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn eights(groups: &[u8], out: &mut [u8]) {
    put_together!(groups, out, u64, 8);
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
