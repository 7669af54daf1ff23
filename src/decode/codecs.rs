//! Decoders of the compressors that other tools put into HDF5: LZF, LZ4 and Zstandard.
//!
//! On the line: filters that `filter.rs` undoes. The room of the output is given and never exceeded,
//! whatever a stream says of itself.

use super::inflate::Defect;

/// Bytes of an LZ4 chunk before its first block: its length, and that of a block.
const LZ4_HEADER: usize = 12;

/// Decodes an LZF stream into the front of `out`; returns how many bytes it gave.
///
/// A control byte below 32 is followed by one more literals than it says. Others hold three bits of a
/// length, less two, and five of a distance, less one; seven in the length says that a byte of it
/// follows, and a byte of the distance always does (liblzf, `lzf_d.c`, describes the format).
pub fn lzf(stream: &[u8], out: &mut [u8]) -> Result<usize, Defect> {
    let (mut at, mut filled) = (0, 0);
    let byte = |at: &mut usize| {
        let byte = stream.get(*at).copied().ok_or(Defect::Damaged)?;
        *at += 1;
        Ok::<usize, Defect>(byte.into())
    };
    while at < stream.len() {
        let control = byte(&mut at)?;
        if control < 32 {
            literals(&stream[at..], out, filled, control + 1)?;
            at += control + 1;
            filled += control + 1;
            continue;
        }
        let mut length = control >> 5;
        if length == 7 {
            length += byte(&mut at)?;
        }
        length += 2;
        let distance = ((control & 31) << 8) + byte(&mut at)? + 1;
        repeat(out, filled, distance, length)?;
        filled += length;
    }
    Ok(filled)
}

/// Writes the first `length` bytes of a stream behind the first `filled`.
pub fn literals(stream: &[u8], out: &mut [u8], filled: usize, length: usize) -> Result<(), Defect> {
    let literals = stream.get(..length).ok_or(Defect::Damaged)?;
    let room = out.get_mut(filled..filled + length).ok_or(Defect::Long)?;
    room.copy_from_slice(literals);
    Ok(())
}

/// Writes `length` bytes behind the first `filled`, which are those `distance` before. They may reach
/// into what is written, which repeats it.
pub fn repeat(out: &mut [u8], filled: usize, distance: usize, length: usize) -> Result<(), Defect> {
    let from = filled.checked_sub(distance).ok_or(Defect::Damaged)?;
    if out.len() - filled < length {
        return Err(Defect::Long);
    }
    if distance >= length {
        out.copy_within(from..from + length, filled);
    } else {
        for i in 0..length {
            out[filled + i] = out[from + i];
        }
    }
    Ok(())
}

/// Decodes what HDF5's LZ4 filter (32004) leaves of a chunk: its length in 8 bytes and that of a block
/// in 4, both big-endian, then blocks, each behind its length in 4 bytes; one that did not shrink
/// stands as it is.
pub fn lz4(stream: &[u8], out: &mut [u8]) -> Result<usize, Defect> {
    let (header, mut rest) = stream
        .split_first_chunk::<LZ4_HEADER>()
        .ok_or(Defect::Damaged)?;
    let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |n, &b| n << 8 | u64::from(b));
    let (length, block) = (number(&header[..8]), number(&header[8..]));
    let length = usize::try_from(length).map_err(|_| Defect::Long)?;
    let mut room = out.get_mut(..length).ok_or(Defect::Long)?;
    let block = usize::try_from(block).map_err(|_| Defect::Damaged)?;
    if block == 0 && length > 0 {
        return Err(Defect::Damaged);
    }
    while !room.is_empty() {
        let (front, back) = room.split_at_mut(block.min(room.len()));
        let (size, bytes) = rest.split_first_chunk::<4>().ok_or(Defect::Damaged)?;
        let size = u32::from_be_bytes(*size) as usize;
        let stored = bytes.get(..size).ok_or(Defect::Damaged)?;
        if size == front.len() {
            front.copy_from_slice(stored);
        } else {
            let decoded = lz4_flex::block::decompress_into(stored, front);
            if decoded.ok() != Some(front.len()) {
                return Err(Defect::Damaged);
            }
        }
        rest = &bytes[size..];
        room = back;
    }
    Ok(length)
}

/// Decodes Zstandard frames into the front of `out`; returns how many bytes they gave.
pub fn zstd(stream: &[u8], out: &mut [u8]) -> Result<usize, Defect> {
    zstd::bulk::decompress_to_buffer(stream, out).map_err(|_| Defect::Damaged)
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use proptest::prelude::*;

    type Decode = fn(&[u8], &mut [u8]) -> Result<usize, Defect>;
    type Encode = fn(&[u8]) -> Vec<u8>;

    const CODECS: [(&str, Encode, Decode); 3] = [
        ("lzf", encode::lzf, lzf),
        ("lz4", encode::lz4, lz4),
        ("zstd", encode::zstd, zstd),
    ];

    proptest! {
        #[test]
        fn what_was_packed_comes_back_and_fits_no_smaller_room(
            bytes in prop::collection::vec(0_u8..3, 1..2000),
        ) {
            for (name, encode, decode) in CODECS {
                let stored = encode(&bytes);
                let mut out = vec![9; bytes.len() + 5];
                prop_assert_eq!(decode(&stored, &mut out).ok(), Some(bytes.len()), "{}", name);
                prop_assert_eq!(&out[..bytes.len()], &bytes[..]);
                prop_assert!(decode(&stored, &mut out[..bytes.len() - 1]).is_err());
            }
        }

        #[test]
        fn any_bytes_end(stored in prop::collection::vec(any::<u8>(), 0..300), room in 0_usize..600) {
            for (_, _, decode) in CODECS {
                if let Ok(filled) = decode(&stored, &mut vec![0; room]) {
                    prop_assert!(filled <= room);
                }
            }
        }
    }

    /// "aaaaaaaaaa" and "abcabcabc" as liblzf packs them.
    #[test]
    fn copies_may_overlap_themselves() {
        let mut out = [0; 32];
        assert_eq!(lzf(&[0, b'a', 7 << 5, 0, 0], &mut out).ok(), Some(10));
        assert_eq!(&out[..10], b"aaaaaaaaaa");
        let stream = [2, b'a', b'b', b'c', 4 << 5, 2];
        assert_eq!(lzf(&stream, &mut out).ok(), Some(9));
        assert_eq!(&out[..9], b"abcabcabc");
        for cut in 1..stream.len() {
            assert_ne!(lzf(&stream[..cut], &mut out).ok(), Some(9));
        }
        assert!(lzf(&[1 << 5, 0], &mut out).is_err());
    }
}
