//! The inverse of the shuffle filter: bytes grouped by significance become elements again.
//!
//! On the line: one of the filters that `filter.rs` undoes. Blocks of 16 elements are transposed by
//! interleaving 16-byte rows pairwise, which compiles to byte-unpack instructions of 128 bits,
//! present on every 64-bit processor, so no choice at run time is needed.

/// Elements that are transposed together, and bytes of a row of one significance.
const BLOCK: usize = 16;

type Row = [u8; BLOCK];

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
    match element {
        2 => blocks::<2>(&shuffled[..whole], count, body),
        4 => blocks::<4>(&shuffled[..whole], count, body),
        8 => blocks::<8>(&shuffled[..whole], count, body),
        _ => each(shuffled, element, count, 0, body),
    }
    rest.copy_from_slice(&shuffled[whole..]);
}

/// The elements from `first` on, byte by byte.
fn each(shuffled: &[u8], element: usize, count: usize, first: usize, out: &mut [u8]) {
    for (i, bytes) in out.chunks_exact_mut(element).enumerate().skip(first) {
        for (k, byte) in bytes.iter_mut().enumerate() {
            *byte = shuffled[k * count + i];
        }
    }
}

fn blocks<const N: usize>(shuffled: &[u8], count: usize, out: &mut [u8]) {
    let mut planes = [&shuffled[..0]; N];
    for (plane, bytes) in planes.iter_mut().zip(shuffled.chunks_exact(count)) {
        *plane = bytes;
    }
    let whole = count / BLOCK;
    for (block, out) in out.chunks_exact_mut(BLOCK * N).enumerate() {
        let mut rows = [[0; BLOCK]; N];
        for (row, plane) in rows.iter_mut().zip(planes) {
            row.copy_from_slice(&plane[block * BLOCK..][..BLOCK]);
        }
        for (row, out) in transposed(rows).iter().zip(out.chunks_exact_mut(BLOCK)) {
            out.copy_from_slice(row);
        }
    }
    each(shuffled, N, count, whole * BLOCK, out);
}

/// N rows of 16 bytes, of which byte i of every row belongs to element i, as 16 elements of N bytes.
///
/// A pass interleaves row k with row k + N/2 into rows 2k and 2k + 1; after log2 N of them every
/// element stands together.
#[inline(always)]
fn transposed<const N: usize>(mut rows: [Row; N]) -> [Row; N] {
    let mut width = 1;
    while width < N {
        let mut next = [[0; BLOCK]; N];
        for k in 0..N / 2 {
            let (low, high) = interleaved(&rows[k], &rows[k + N / 2]);
            next[2 * k] = low;
            next[2 * k + 1] = high;
        }
        rows = next;
        width *= 2;
    }
    rows
}

#[inline(always)]
fn interleaved(a: &Row, b: &Row) -> (Row, Row) {
    let (mut low, mut high) = ([0; BLOCK], [0; BLOCK]);
    for i in 0..BLOCK / 2 {
        low[2 * i] = a[i];
        low[2 * i + 1] = b[i];
        high[2 * i] = a[BLOCK / 2 + i];
        high[2 * i + 1] = b[BLOCK / 2 + i];
    }
    (low, high)
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
