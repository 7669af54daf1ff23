//! The Fletcher-32 checksum as HDF5 stores it behind the bytes of a storage chunk.
//!
//! On the line: one of the filters that `filter.rs` undoes. Bytes are summed as big-endian 16-bit
//! words, modulo 65,535; HDF5 File Format Specification, filter 3.

/// Words after which the sums of 32 bits must be folded: 360 words cannot overflow them.
const WORDS: usize = 360;

/// Bytes that the checksum takes.
pub const LENGTH: usize = 4;

/// The checksum of `bytes`.
pub fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    for block in bytes.chunks(2 * WORDS) {
        let words = block.chunks_exact(2);
        let odd = words.remainder().first().copied();
        for word in words {
            low += u32::from(u16::from_be_bytes([word[0], word[1]]));
            high += low;
        }
        (low, high) = (folded(low), folded(high));
        if let Some(last) = odd {
            low += u32::from(last) << 8;
            high += low;
            (low, high) = (folded(low), folded(high));
        }
    }
    (folded(high) << 16) | folded(low)
}

/// The bytes before the checksum, if it fits them.
///
/// Files written on little-endian machines by HDF5 before 1.6.3 have the two bytes of each half
/// swapped; libhdf5 takes both, so both are taken here.
pub fn verified(bytes: &[u8]) -> Option<&[u8]> {
    let (bytes, stored) = bytes.split_last_chunk::<LENGTH>()?;
    let stored = u32::from_le_bytes(*stored);
    let expected = fletcher32(bytes);
    let swapped = ((expected & 0x00ff_00ff) << 8) | ((expected >> 8) & 0x00ff_00ff);
    (stored == expected || stored == swapped).then_some(bytes)
}

fn folded(sum: u32) -> u32 {
    (sum & 0xffff) + (sum >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_fits_its_bytes_and_no_others() {
        for length in [0_usize, 1, 2, 719, 720, 721, 5000] {
            let mut bytes: Vec<u8> = (0..length).map(|i| (i * 37 % 256) as u8).collect();
            let sum = fletcher32(&bytes);
            bytes.extend(sum.to_le_bytes());
            assert_eq!(verified(&bytes).map(<[u8]>::len), Some(length));
            if length > 0 {
                bytes[length / 2] ^= 0x10;
                assert_eq!(verified(&bytes), None, "{length}");
            }
        }
        assert_eq!(verified(&[1, 2, 3]), None);
    }

    /// The widely published values for "abcde" and "abcdef" are of little-endian words; HDF5's are
    /// of big-endian ones: sums of 0x6162, 0x6364 and 0x6500 or 0x6566.
    #[test]
    fn words_are_big_endian_and_an_odd_byte_is_the_high_one() {
        assert_eq!(fletcher32(b"abcde"), 0x4FF0_29C7);
        let low: u32 = 0x6162 + 0x6364 + 0x6566;
        let high: u32 = 3 * 0x6162 + 2 * 0x6364 + 0x6566;
        let fold = |x: u32| (x & 0xffff) + (x >> 16);
        assert_eq!(fletcher32(b"abcdef"), (fold(high) << 16) | fold(low));
    }
}
