//! What was known of objects before: what they were, and those of their bytes by which they are found to be HDF5.
//!
//! Beside the line. An index (`src/index/`) remembers it. An object that is still what it was is opened without its head,
//! and what of it is kept there is not fetched again; of one that is another now nothing counts.

use std::fmt::Debug;
use std::io;
use std::ops::Range;

use bytes::Bytes as Buffer;

/// Bytes of a number in front of what is kept.
const COUNT: usize = 4;
/// Bytes of a place and a length.
const PLACE: usize = 12;

/// Remembers objects.
pub trait Remembers: Debug + Send + Sync {
    /// What is remembered of an object, by its URL as it is shown.
    fn object(&self, url: &str) -> Option<Remembered>;

    /// What is kept of its bytes, by its place in the index.
    ///
    /// # Errors
    /// It cannot be read, or is not what was written; in words with the remedy.
    fn kept(&self, place: u64) -> io::Result<Vec<(u64, Buffer)>>;
}

/// What an object was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    pub length: u64,
    pub etag: Option<String>,
    /// Nanoseconds from 1970 to its last change; 0 where that is not known.
    pub modified: u64,
    /// Its place in the index.
    pub place: u64,
}

/// Parts of an object in one: the number of parts, place and length of each, then their bytes; little-endian.
pub fn packed(parts: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let bytes: usize = parts.iter().map(|(_, part)| part.len()).sum();
    let mut out = Vec::with_capacity(COUNT + PLACE * parts.len() + bytes);
    out.extend((parts.len() as u32).to_le_bytes());
    for (start, part) in parts {
        out.extend(start.to_le_bytes());
        out.extend((part.len() as u32).to_le_bytes());
    }
    for (_, part) in parts {
        out.extend_from_slice(part);
    }
    out
}

/// The parts that were packed so; `None` where they were not.
pub fn unpacked(packed: &Buffer) -> Option<Vec<(u64, Buffer)>> {
    let word = |at: usize| -> Option<[u8; 4]> { packed.get(at..at + 4)?.try_into().ok() };
    let count = u32::from_le_bytes(word(0)?) as usize;
    let mut at = COUNT.checked_add(PLACE.checked_mul(count)?)?;
    if at > packed.len() {
        return None;
    }
    let mut parts = Vec::with_capacity(count);
    let mut before = 0;
    for number in 0..count {
        let place = COUNT + PLACE * number;
        let start = u64::from_le_bytes(packed.get(place..place + 8)?.try_into().ok()?);
        let length = u32::from_le_bytes(word(place + 8)?) as usize;
        let end = at.checked_add(length).filter(|end| *end <= packed.len())?;
        if start < before || length == 0 {
            return None;
        }
        before = start.checked_add(length as u64)?;
        parts.push((start, packed.slice(at..end)));
        at = end;
    }
    (at == packed.len()).then_some(parts)
}

/// The part that has all of a range, of parts that ascend and do not overlap.
pub fn part_of(parts: &[Range<u64>], range: &Range<u64>) -> Option<usize> {
    let behind = parts.partition_point(|part| part.start <= range.start);
    let place = behind.checked_sub(1)?;
    (range.end <= parts[place].end).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_unpacked_as_they_were_packed() {
        let parts = vec![(0, b"head".to_vec()), (100, vec![7; 3]), (103, vec![8])];
        let bytes = Buffer::from(packed(&parts));
        let found = unpacked(&bytes).unwrap();
        let found: Vec<(u64, Vec<u8>)> = found.iter().map(|(at, b)| (*at, b.to_vec())).collect();
        assert_eq!(found, parts);
        assert!(unpacked(&Buffer::from(packed(&[]))).unwrap().is_empty());
        for cut in 0..bytes.len() {
            assert!(unpacked(&bytes.slice(..cut)).is_none(), "{cut}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert!(unpacked(&longer.into()).is_none());
        let mut many = bytes.to_vec();
        many[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(unpacked(&many.into()).is_none());
        let twice = packed(&[(5, vec![1; 4]), (8, vec![2])]);
        assert!(unpacked(&twice.into()).is_none());
    }

    #[test]
    fn a_range_is_of_a_part_that_has_all_of_it() {
        let parts = [0..4, 10..20];
        for (range, part) in [
            (0..4, Some(0)),
            (1..3, Some(0)),
            (3..5, None),
            (10..20, Some(1)),
            (12..12, Some(1)),
            (9..11, None),
            (20..21, None),
        ] {
            assert_eq!(part_of(&parts, &range), part, "{range:?}");
        }
    }
}
