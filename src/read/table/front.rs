//! The front of a compressed page, of which the rest stays as it is.
//!
//! Below `lists.rs`: levels stand in front of the values of a page and are a small part of it. Formats: Snappy,
//! "Format Description"; LZ4 Block Format; RFC 8878, "Zstandard Compression".

use std::io::Read;

use parquet::basic::Compression;
use zstd::stream::read::Decoder;

/// The first `count` bytes that `stored` is compressed from; `None` where it is damaged, or of a codec whose
/// streams have no front of their own here.
pub(super) fn front(codec: Compression, stored: &[u8], count: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(count);
    match codec {
        Compression::UNCOMPRESSED => out.extend_from_slice(stored.get(..count)?),
        Compression::SNAPPY => snappy(stored, &mut out, count)?,
        Compression::LZ4_RAW => lz4(stored, &mut out, count)?,
        Compression::ZSTD(_) => {
            let decoder = Decoder::with_buffer(stored).ok()?;
            decoder.take(count as u64).read_to_end(&mut out).ok()?;
        }
        _ => return None,
    }
    (out.len() == count).then_some(out)
}

/// Elements are literals, or copies of what came before.
fn snappy(mut input: &[u8], out: &mut Vec<u8>, count: usize) -> Option<()> {
    // The length of all of it, seven bits a byte.
    while take(&mut input)? & 0x80 != 0 {}
    while out.len() < count {
        let tag = take(&mut input)?;
        let short = usize::from(tag >> 2);
        let (length, distance) = match tag & 3 {
            0 => {
                let length = if short < 60 {
                    short
                } else {
                    number(&mut input, short - 59)?
                };
                literal(&mut input, out, length.checked_add(1)?, count)?;
                continue;
            }
            1 => {
                let low = usize::from(take(&mut input)?);
                ((short & 7) + 4, usize::from(tag >> 5) << 8 | low)
            }
            2 => (short + 1, number(&mut input, 2)?),
            _ => (short + 1, number(&mut input, 4)?),
        };
        copy(out, distance, length, count)?;
    }
    Some(())
}

/// Sequences of a literal and a copy of what came before.
fn lz4(mut input: &[u8], out: &mut Vec<u8>, count: usize) -> Option<()> {
    let longer = |input: &mut &[u8], short: u8| -> Option<usize> {
        let mut length = usize::from(short);
        let mut last = if short == 15 { 255 } else { 0 };
        while last == 255 {
            last = take(input)?;
            length = length.checked_add(last.into())?;
        }
        Some(length)
    };
    while out.len() < count {
        let token = take(&mut input)?;
        let length = longer(&mut input, token >> 4)?;
        literal(&mut input, out, length, count)?;
        if out.len() < count {
            let distance = number(&mut input, 2)?;
            let length = longer(&mut input, token & 15)?.checked_add(4)?;
            copy(out, distance, length, count)?;
        }
    }
    Some(())
}

fn take(input: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = input.split_first()?;
    *input = rest;
    Some(first)
}

/// A number of so many bytes, the lowest first.
fn number(input: &mut &[u8], bytes: usize) -> Option<usize> {
    let (front, rest) = input.split_at_checked(bytes)?;
    *input = rest;
    let wide = front
        .iter()
        .rev()
        .fold(0_u64, |sum, &b| sum << 8 | u64::from(b));
    usize::try_from(wide).ok()
}

/// Adds bytes of the input, no more than are wanted.
fn literal(input: &mut &[u8], out: &mut Vec<u8>, length: usize, count: usize) -> Option<()> {
    let wanted = length.min(count - out.len());
    let (front, _) = input.split_at_checked(wanted)?;
    out.extend_from_slice(front);
    *input = input.get(length..).unwrap_or_default();
    Some(())
}

/// Adds bytes of the output once more, no more than are wanted.
fn copy(out: &mut Vec<u8>, distance: usize, length: usize, count: usize) -> Option<()> {
    let start = out.len().checked_sub(distance).filter(|_| distance > 0)?;
    for at in start..start + length.min(count - out.len()) {
        out.push(out[at]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use parquet::basic::ZstdLevel;

    use super::*;

    #[test]
    fn elements_of_snappy_are_literals_and_copies() {
        // A literal of 4, a copy of 5 from 4 before, one of 3 from 1 before, a literal of 61.
        let mut stored = vec![
            73,
            3 << 2,
            b'a',
            b'b',
            b'c',
            b'd',
            1 << 2 | 1,
            4,
            2 << 2 | 2,
            1,
            0,
        ];
        stored.extend([60 << 2, 60]);
        stored.extend([b'x'; 61]);
        let plain = [b"abcdabcdaaaa".as_slice(), &[b'x'; 61]].concat();
        for count in 0..=plain.len() {
            let front = front(Compression::SNAPPY, &stored, count);
            assert_eq!(front.as_deref(), Some(&plain[..count]), "{count}");
        }
        assert_eq!(front(Compression::SNAPPY, &stored, plain.len() + 1), None);
        assert_eq!(front(Compression::SNAPPY, &[9, 2 << 2 | 2, 1, 0], 2), None);
    }

    #[test]
    fn any_front_of_what_is_compressed_is_that_of_the_whole() {
        let plain: Vec<u8> = (0..5000_u32).map(|i| (i * i % 251 % 7) as u8).collect();
        let lz4 = lz4_flex::block::compress(&plain);
        let zstd = zstd::bulk::compress(&plain, 3).unwrap();
        for (codec, stored) in [
            (Compression::LZ4_RAW, lz4),
            (Compression::ZSTD(ZstdLevel::default()), zstd),
            (Compression::UNCOMPRESSED, plain.clone()),
        ] {
            for count in [0, 1, 2, 100, 3333, plain.len()] {
                let front = front(codec, &stored, count);
                assert_eq!(front.as_deref(), Some(&plain[..count]), "{codec} {count}");
            }
            assert_eq!(front(codec, &stored, plain.len() + 1), None);
            for end in 0..20 {
                assert_eq!(
                    front(codec, &stored[..end], plain.len()),
                    None,
                    "{codec} {end}"
                );
            }
        }
    }
}
