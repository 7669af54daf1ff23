//! Decoder of blosclz, blosc's own compressor.
//!
//! On the line: `blosc.rs` takes blocks out of frames and passes their streams through this.

use super::codecs::{literals, repeat};
use super::inflate::Defect;

/// Decodes a stream of blosclz into the front of `out`; returns how many bytes it gave.
///
/// As LZF, with literals first; but a byte of 255 of a length is followed by another byte of it, and the
/// longest distance that LZF has grows by what two more bytes say, the high one first.
pub fn blosclz(stream: &[u8], out: &mut [u8]) -> Result<usize, Defect> {
    const FAR: usize = 0x1fff;
    let (mut at, mut filled) = (0, 0);
    let byte = |at: &mut usize| {
        let byte = stream.get(*at).copied().ok_or(Defect::Damaged)?;
        *at += 1;
        Ok::<usize, Defect>(byte.into())
    };
    while at < stream.len() {
        let mut control = byte(&mut at)?;
        if at == 1 {
            // The upper bits of the first name a level of compression.
            control &= 31;
        }
        if control < 32 {
            literals(&stream[at..], out, filled, control + 1)?;
            at += control + 1;
            filled += control + 1;
            continue;
        }
        let mut length = (control >> 5) + 2;
        if control >> 5 == 7 {
            loop {
                let more = byte(&mut at)?;
                length += more;
                if more < 255 {
                    break;
                }
            }
        }
        let mut distance = ((control & 31) << 8) + byte(&mut at)?;
        if distance == FAR {
            distance += (byte(&mut at)? << 8) + byte(&mut at)?;
        }
        repeat(out, filled, distance + 1, length)?;
        filled += length;
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn copies_of_blosclz_reach_beyond_what_lzf_can() {
        let plain: Vec<u8> = (0..9000_u32).map(|i| ((i * i) >> 7) as u8).collect();
        let mut stream = Vec::new();
        for part in plain.chunks(32) {
            stream.push(part.len() as u8 - 1);
            stream.extend(part);
        }
        // The upper bits of the first byte are no part of its count.
        stream[0] |= 1 << 5;
        // 9 bytes and 255 and 3 more, from 8192 and 800 before; one of 3 from 1 before; one literal.
        stream.extend([
            7 << 5 | 31,
            255,
            3,
            255,
            800_u16.to_be_bytes()[0],
            800_u16.to_be_bytes()[1],
        ]);
        stream.extend([1 << 5, 0, 0, 77]);
        let mut expected = plain.clone();
        expected.extend(&plain[9000 - 8992..][..267]);
        let last = expected[expected.len() - 1];
        expected.extend([last, last, last, 77]);
        let mut out = vec![0; expected.len()];
        assert_eq!(blosclz(&stream, &mut out), Ok(expected.len()));
        assert_eq!(out, expected);
        assert!(blosclz(&stream, &mut out[1..]).is_err());
        assert!(blosclz(&[0, 1, 1 << 5, 1], &mut out).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_end(stream in prop::collection::vec(any::<u8>(), 0..300), room in 0_usize..600) {
            if let Ok(filled) = blosclz(&stream, &mut vec![0; room]) {
                prop_assert!(filled <= room);
            }
        }
    }
}
