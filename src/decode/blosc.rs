//! Decoder of the blosc filter (32001): frames of Blosc 1.
//!
//! On the line: one of the filters that `filter.rs` undoes. A frame is 16 bytes of header, where each
//! block starts, and the blocks, of one length but for the last. A block is one stream, or one for
//! each byte of an element; a stream stands behind its length, as it is where it did not shrink. What
//! is decoded is put back in order, block by block (c-blosc, `README_CHUNK_FORMAT.rst`).

use super::blosclz::blosclz;
use super::codecs;
use super::inflate::{Defect, Inflater, sized};
use super::unshuffle::unshuffle;

const HEADER: usize = 16;

/// Of frames since Blosc 1.0, and of streams of each compressor. Blosc 2 counts on.
const FRAME_VERSION: u8 = 2;
const STREAM_VERSION: u8 = 1;

/// Flags of a frame; its compressor is in the three bits above them.
const BYTES_GROUPED: u8 = 1;
const COPIED: u8 = 2;
const BITS_GROUPED: u8 = 4;
const RESERVED: u8 = 8;
const WHOLE: u8 = 16;
const COMPRESSOR_SHIFT: u32 = 5;

/// A block that would be in more streams than these, or in shorter ones, is in one. Newer frames that are
/// not split have a flag that says so; older ones have none, and those without it go by this.
const MOST_STREAMS: usize = 16;
const LEAST_STREAM: usize = 128;

/// What a frame says of its blocks.
struct Frame<'a> {
    bytes: &'a [u8],
    compressor: Compressor,
    order: Order,
    element: usize,
    block: usize,
    /// Of a block that is not the shorter last one.
    streams: usize,
}

#[derive(Clone, Copy)]
enum Compressor {
    BloscLz,
    Lz4,
    Zlib,
    Zstd,
}

/// How the bytes of a block were put before compressing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    AsTheyAre,
    Bytes,
    Bits,
}

/// Decodes a frame into the front of `out`; returns how many bytes it gave. Bytes behind its end are
/// not looked at. `between` grows to no more than `out`.
pub fn blosc(
    stored: &[u8],
    inflater: &mut Inflater,
    between: &mut Vec<u8>,
    out: &mut [u8],
) -> Result<usize, Defect> {
    let header = stored.first_chunk::<HEADER>().ok_or(Defect::Damaged)?;
    let [version, stream_version, flags, element, ..] = *header;
    let (length, block) = (number(header, 4)?, number(header, 8)?);
    if version != FRAME_VERSION || flags & RESERVED != 0 {
        return Err(Defect::Damaged);
    }
    if length == 0 {
        return Ok(0);
    }
    let out = out.get_mut(..length).ok_or(Defect::Long)?;
    let bytes = stored.get(..number(header, 12)?).ok_or(Defect::Damaged)?;
    if element == 0 || block == 0 || block > length {
        return Err(Defect::Damaged);
    }
    if flags & COPIED != 0 {
        let copied = bytes.get(HEADER..).filter(|b| b.len() == length);
        out.copy_from_slice(copied.ok_or(Defect::Damaged)?);
        return Ok(length);
    }
    if stream_version != STREAM_VERSION {
        return Err(Defect::Damaged);
    }
    let element = usize::from(element);
    let frame = Frame {
        bytes,
        compressor: compressor(flags)?,
        order: order(flags)?,
        element,
        block,
        streams: streams(flags, element, block)?,
    };
    for (index, room) in out.chunks_mut(block).enumerate() {
        frame.decode(index, inflater, between, room)?;
    }
    Ok(length)
}

fn compressor(flags: u8) -> Result<Compressor, Defect> {
    match flags >> COMPRESSOR_SHIFT {
        0 => Ok(Compressor::BloscLz),
        1 => Ok(Compressor::Lz4),
        2 => Err(Defect::Snappy),
        3 => Ok(Compressor::Zlib),
        4 => Ok(Compressor::Zstd),
        _ => Err(Defect::Damaged),
    }
}

fn order(flags: u8) -> Result<Order, Defect> {
    match (flags & BYTES_GROUPED != 0, flags & BITS_GROUPED != 0) {
        (false, false) => Ok(Order::AsTheyAre),
        (true, false) => Ok(Order::Bytes),
        (false, true) => Ok(Order::Bits),
        // Blosc 2 marks its longer header so.
        (true, true) => Err(Defect::Damaged),
    }
}

/// The streams of a block of full length.
fn streams(flags: u8, element: usize, block: usize) -> Result<usize, Defect> {
    if flags & WHOLE != 0 || element > MOST_STREAMS || block / element < LEAST_STREAM {
        return Ok(1);
    }
    if block.is_multiple_of(element) {
        Ok(element)
    } else {
        Err(Defect::Damaged)
    }
}

impl Frame<'_> {
    /// Decodes the block of this index, which gives as many bytes as `out` has.
    fn decode(
        &self,
        index: usize,
        inflater: &mut Inflater,
        between: &mut Vec<u8>,
        out: &mut [u8],
    ) -> Result<(), Defect> {
        let start = number(self.bytes, HEADER + 4 * index)?;
        let mut rest = self.bytes.get(start..).ok_or(Defect::Damaged)?;
        let between = sized(between, out.len());
        let streams = if out.len() == self.block {
            self.streams
        } else {
            1
        };
        let target = match self.order {
            Order::Bytes => &mut *between,
            Order::AsTheyAre | Order::Bits => &mut *out,
        };
        for part in target.chunks_exact_mut(target.len() / streams) {
            let stream;
            (stream, rest) = next_stream(rest)?;
            self.decompress(stream, inflater, part)?;
        }
        match self.order {
            Order::AsTheyAre => {}
            Order::Bytes => unshuffle(between, self.element, out),
            Order::Bits => {
                // Blosc leaves a block as it is whose elements are no multiple of 8.
                if (out.len() / self.element).is_multiple_of(8) {
                    bytes_of_bits(out, self.element, between);
                    unshuffle(between, self.element, out);
                }
            }
        }
        Ok(())
    }

    /// Decodes one stream, which fills `out`.
    fn decompress(
        &self,
        stream: &[u8],
        inflater: &mut Inflater,
        out: &mut [u8],
    ) -> Result<(), Defect> {
        if stream.len() == out.len() {
            out.copy_from_slice(stream);
            return Ok(());
        }
        let filled = match self.compressor {
            Compressor::BloscLz => blosclz(stream, out).ok(),
            Compressor::Lz4 => lz4_flex::block::decompress_into(stream, out).ok(),
            Compressor::Zlib => inflater.inflate(stream, out).ok(),
            Compressor::Zstd => codecs::zstd(stream, out).ok(),
        };
        match filled {
            Some(filled) if filled == out.len() => Ok(()),
            _ => Err(Defect::Damaged),
        }
    }
}

/// The stream at the front of `bytes`, and what is behind it.
fn next_stream(bytes: &[u8]) -> Result<(&[u8], &[u8]), Defect> {
    let rest = bytes.get(4..).ok_or(Defect::Damaged)?;
    rest.split_at_checked(number(bytes, 0)?)
        .ok_or(Defect::Damaged)
}

/// The number in four bytes from `at` on. What is negative in Blosc is longer than any frame.
fn number(bytes: &[u8], at: usize) -> Result<usize, Defect> {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk());
    let four = four.ok_or(Defect::Damaged)?;
    Ok(u32::from_le_bytes(*four) as usize)
}

/// Groups by byte of an element the bits that stand grouped by bit: in 8 groups for each byte. There are
/// a multiple of 8 elements; bytes beyond the last stand as they are.
fn bytes_of_bits(bits: &[u8], element: usize, out: &mut [u8]) {
    let count = bits.len() / element;
    let whole = count * element;
    out[whole..].copy_from_slice(&bits[whole..]);
    if count == 0 {
        return;
    }
    let plane = count / 8;
    let groups = bits[..whole].chunks_exact(count);
    for (bits, bytes) in groups.zip(out[..whole].chunks_exact_mut(count)) {
        for (i, eight) in bytes.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let row = |k: usize| u64::from(bits[k * plane + i]) << (8 * k);
            *eight = transposed((0..8).map(row).sum()).to_le_bytes();
        }
    }
}

/// Bit `i` of byte `k` becomes bit `k` of byte `i`: blocks of 1, 2 and 4 bits change places across the
/// diagonal.
fn transposed(mut bits: u64) -> u64 {
    for (shift, upper) in [
        (7, 0x00aa_00aa_00aa_00aa),
        (14, 0x0000_cccc_0000_cccc),
        (28, 0x0000_0000_f0f0_f0f0),
    ] {
        let differ = (bits ^ bits >> shift) & upper;
        bits ^= differ ^ differ << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::super::inflate::Workspace;
    use super::*;
    use proptest::prelude::*;

    /// What c-blosc 1.21 makes of [`plain`].
    const FRAMES: [(&str, &str); 4] = [
        (
            "blosclz, bytes grouped, two streams",
            "02010102580200005802000066000000140000003800000023fafafafae0170301fafbe01a0001fbfce01a0001\
             fcfde01a0001fdfee01a0001feffe01a0001ff00e01a00010001e01a0004010202020212000000230000000\
             0e0d003010001e0410002010101",
        ),
        (
            "lz4, bits grouped, two streams",
            "02012402580200005802000055000000140000001b0000002ffa000200351ffb0200361ffc0200361ffd020035\
             5000fe00fe001e0000002ffe000200311fff0200362f00010200350f010037800201020102010201",
        ),
        (
            "zlib, as it is, two streams",
            "0201600258020000580200004e0000001400000019000000785efbc5f08b4af037d5e01faac1bf5483ff8010\
             00bca6936319000000785efbc7f08f0af03fd5200323b520f5001314020026b84811",
        ),
        (
            "zstd, bytes grouped, three blocks in one stream each",
            "0201910258020000000100007a0000001c0000003c0000005c0000001c00000028b52ffd6000009500003\
             0fafafbfcfd000510003c15e4922c2990581c00000028b52ffd60000095000030fdfdfeff0001051000a3f0\
             f4922c293c2c1a00000028b52ffd20588d00004800000001020202020102000053270111",
        ),
    ];

    /// Numbers of two bytes that change now and then.
    fn plain() -> Vec<u8> {
        (0..300_u16)
            .flat_map(|i| (i / 37 + 250).to_le_bytes())
            .collect()
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
        let byte = |pair: &[char]| {
            let digit = |c: char| c.to_digit(16).unwrap() as u8;
            digit(pair[0]) << 4 | digit(pair[1])
        };
        digits.chunks(2).map(byte).collect()
    }

    fn decoded(frame: &[u8], room: usize) -> Result<Vec<u8>, Defect> {
        let mut out = vec![9; room];
        let Workspace {
            inflater, block, ..
        } = &mut Workspace::new();
        let filled = blosc(frame, inflater, block, &mut out)?;
        assert!(block.len() <= room);
        out.truncate(filled);
        Ok(out)
    }

    #[test]
    fn frames_of_c_blosc_come_back_and_fit_no_smaller_room() {
        for (name, hex) in FRAMES {
            let frame = bytes(hex);
            assert_eq!(decoded(&frame, 600), Ok(plain()), "{name}");
            assert_eq!(decoded(&frame, 700), Ok(plain()), "{name}");
            assert_eq!(decoded(&frame, 599), Err(Defect::Long), "{name}");
            let longer = [&frame[..], &[1, 2, 3]].concat();
            assert_eq!(decoded(&longer, 600), Ok(plain()), "{name}");
            for cut in 0..frame.len() {
                let said = decoded(&frame[..cut], 600);
                assert_eq!(said, Err(Defect::Damaged), "{name} up to {cut}");
            }
        }
    }

    #[test]
    fn a_header_that_contradicts_itself_is_damaged() {
        let frame = bytes(FRAMES[0].1);
        let with = |at: usize, new: &[u8]| {
            let mut frame = frame.clone();
            frame[at..at + new.len()].copy_from_slice(new);
            decoded(&frame, 600)
        };
        assert_eq!(with(0, &[2]), Ok(plain()));
        for (at, new) in [
            (0, &[1][..]),
            (0, &[5]),
            (1, &[2]),
            (2, &[1 | RESERVED]),
            // Copied, but of another length; Blosc 2; compressors that there are not; in one stream.
            (2, &[1 | COPIED]),
            (2, &[BYTES_GROUPED | BITS_GROUPED]),
            (2, &[1 | 5 << COMPRESSOR_SHIFT]),
            (2, &[1 | WHOLE]),
            (3, &[0]),
            (3, &[1]),
            (8, &[0, 0]),
            (8, &[255, 255, 255, 255]),
            (12, &[255, 255, 255, 255]),
            // Where the first block starts, and how long its first stream is.
            (16, &[255, 255, 255, 255]),
            (20, &[255, 255, 255, 255]),
        ] {
            assert_eq!(with(at, new), Err(Defect::Damaged), "{new:?} at {at}");
        }
        assert_eq!(with(2, &[1 | 2 << COMPRESSOR_SHIFT]), Err(Defect::Snappy));
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(plain in prop::collection::vec(0_u8..3, 0..3000)) {
            prop_assert_eq!(decoded(&encode::blosc(&plain), plain.len()), Ok(plain));
        }

        #[test]
        fn a_damaged_frame_ends(
            (which, at, byte, room) in (0..FRAMES.len(), 0_usize..1000, any::<u8>(), 0_usize..700),
        ) {
            let mut frame = bytes(FRAMES[which].1);
            let at = at % frame.len();
            frame[at] = byte;
            if let Ok(out) = decoded(&frame, room) {
                prop_assert!(out.len() <= room);
            }
        }
    }
}
