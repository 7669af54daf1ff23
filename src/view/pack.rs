//! Packing for browsers: bytes of equal rank together, deflated in the format of zlib, which every browser inflates; and
//! base 64 for text.

use libdeflater::{CompressionLvl, Compressor};

/// Deflated, in the format of zlib: quickly for who is waiting, or small for a file.
pub fn deflated(bytes: &[u8], small: bool) -> Vec<u8> {
    let level = CompressionLvl::new(if small { 9 } else { 1 }).unwrap_or_default();
    let mut compressor = Compressor::new(level);
    let mut packed = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let length = compressor
        .zlib_compress(bytes, &mut packed)
        .expect("the bound is enough");
    packed.truncate(length);
    packed
}

/// All first bytes of values of so many bytes, then all second ones: like stands with like, and deflates better.
pub fn shuffled(bytes: &[u8], width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for rank in 0..width {
        out.extend(bytes.iter().skip(rank).step_by(width));
    }
    out
}

/// Differences from one number to the next, the first from itself, modulo 2^64.
pub fn differences(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut last = None;
    numbers
        .flat_map(|number| {
            let from = last.replace(number).unwrap_or(number);
            number.wrapping_sub(from).to_le_bytes()
        })
        .collect()
}

/// RFC 4648, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, i| {
            (word << 8) | u32::from(part.get(i).copied().unwrap_or_default())
        });
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i)) as usize & 63];
            text.push(if i > part.len() { '=' } else { digit.into() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_are_as_their_formats_have_them() {
        // RFC 4648, section 10.
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), text);
        }
        assert_eq!(shuffled(&[1, 2, 3, 4, 5, 6], 2), [1, 3, 5, 2, 4, 6]);
        let numbers = differences([7, 9, 3].into_iter());
        let (words, _) = numbers.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        assert_eq!(words, [0, 2, u64::MAX - 5]);
        let bytes: Vec<u8> = (0..50_000).map(|i| (i / 7) as u8).collect();
        for small in [false, true] {
            let packed = deflated(&bytes, small);
            let mut back = vec![0; bytes.len()];
            let mut inflate = libdeflater::Decompressor::new();
            inflate.zlib_decompress(&packed, &mut back).unwrap();
            assert!(back == bytes && packed.len() < bytes.len());
        }
    }
}
