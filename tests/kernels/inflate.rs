//! inflate: against libdeflate, which the host inflates with, over streams that are right and streams that are not. A
//! device flags a stream if and only if the host has no bytes of it; what it does not flag has the host's bytes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use icefold::backend::cuda::Cuda;
use icefold::backend::gpu::numbers::Status;
use libdeflater::{CompressionLvl, Compressor, Decompressor};

use crate::support::deflate::{Random, adler32};
use crate::support::streams::{Stream, damaged, stream};

use super::{Subject, on_emulation_and_device};

/// Streams of one launch.
const TOGETHER: usize = 400;

/// What the host makes of a stream; `None` where it is damaged or too long.
pub fn by_host(stream: &Stream) -> Option<Vec<u8>> {
    let mut out = vec![0; stream.room as usize];
    let filled = Decompressor::new()
        .zlib_decompress(&stream.bytes, &mut out)
        .ok()?;
    out.truncate(filled);
    Some(out)
}

/// What a device makes of streams.
pub type Answers = Vec<Result<Vec<u8>, Status>>;

/// The device's answers are the host's; counts what was flagged.
fn agrees<S: Subject>(
    cuda: &Cuda<S>,
    streams: &[Stream],
    name: &str,
    seen: &mut BTreeMap<Status, usize>,
) {
    let inflated = |asked: &[(&[u8], u32)]| cuda.inflated(asked).unwrap();
    agree(inflated, streams, name, seen);
}

/// The same of any device.
pub fn agree(
    inflated: impl Fn(&[(&[u8], u32)]) -> Answers,
    streams: &[Stream],
    name: &str,
    seen: &mut BTreeMap<Status, usize>,
) {
    let asked: Vec<(&[u8], u32)> = streams.iter().map(|s| (&s.bytes[..], s.room)).collect();
    let found = inflated(&asked);
    assert_eq!(found.len(), streams.len());
    for (i, (found, stream)) in found.into_iter().zip(streams).enumerate() {
        let status = found.as_ref().err().copied().unwrap_or(Status::Good);
        *seen.entry(status).or_default() += 1;
        // An adapter that does only so much at once.
        if status == Status::Work {
            continue;
        }
        let expected = by_host(stream);
        assert!(
            found.as_ref().ok() == expected.as_ref(),
            "{name}, stream {i}: the device says {status:?} with {:?} bytes, the host has {:?} of \
             room {}:\n{:02x?}",
            found.map(|bytes| bytes.len()),
            expected.map(|bytes| bytes.len()),
            stream.room,
            stream.bytes,
        );
    }
}

/// Streams of which some are right and some are not.
pub fn any(seed: u64, count: usize) -> Vec<Stream> {
    let mut random = Random::new(seed + 1);
    let made = (0..count).map(|_| {
        let wrong = random.once_in(3);
        let made = stream(&mut random, wrong);
        if random.once_in(2) {
            damaged(&mut random, made)
        } else {
            made
        }
    });
    made.collect()
}

/// Streams: as many as a second bears, or as `ICEFOLD_FUZZ_SECONDS` have.
fn in_turns(mut turn: impl FnMut(u64)) {
    let seconds = std::env::var("ICEFOLD_FUZZ_SECONDS").ok();
    let Some(seconds) = seconds.and_then(|s| s.parse().ok()) else {
        return (0..4).for_each(turn);
    };
    let (started, most) = (Instant::now(), Duration::from_secs_f64(seconds));
    for seed in 0.. {
        if started.elapsed() > most {
            return;
        }
        turn(seed);
    }
}

fn any_stream_is_flagged_if_and_only_if_the_host_has_no_bytes_of_it<S: Subject>() {
    let cuda = S::open();
    let (mut seen, mut streams) = (BTreeMap::new(), 0);
    in_turns(|seed| {
        let made = any(seed, TOGETHER);
        agrees(&cuda, &made, &format!("seed {seed}"), &mut seen);
        streams += TOGETHER;
    });
    println!("{streams} streams, {seen:?}");
    for status in [
        Status::Good,
        Status::Header,
        Status::Block,
        Status::Code,
        Status::Distance,
        Status::Short,
        Status::Long,
        Status::Checksum,
    ] {
        assert!(seen.contains_key(&status), "{status:?} in {seen:?}");
    }
    assert!(seen[&Status::Good] > streams / 4, "{seen:?}");
    assert!(!seen.contains_key(&Status::Work), "{seen:?}");
}

/// Streams that are as they should be are all inflated: what is flagged above is flagged for a reason.
fn streams_of_every_kind_are_inflated<S: Subject>() {
    let cuda = S::open();
    let mut random = Random::new(77);
    let made: Vec<Stream> = (0..TOGETHER).map(|_| stream(&mut random, false)).collect();
    let mut seen = BTreeMap::new();
    agrees(&cuda, &made, "streams", &mut seen);
    assert_eq!(seen, BTreeMap::from([(Status::Good, TOGETHER)]));
}

/// Bytes that compress well, badly, in runs and in steps.
fn plain(kind: usize, length: usize) -> Vec<u8> {
    let mut random = Random::new(length as u64 + 1);
    match kind {
        0 => vec![7; length],
        1 => (0..length).map(|_| random.word() as u8).collect(),
        2 => (0..length).map(|i| (i / 300) as u8).collect(),
        3 => {
            let value = |i: usize| (70.0 + i as f64 * 1e-6).to_le_bytes();
            (0..length.div_ceil(8))
                .flat_map(value)
                .take(length)
                .collect()
        }
        _ => (0..length).map(|_| random.below(3) as u8 * 17).collect(),
    }
}

/// A stream as libdeflate compresses it.
pub fn compressed(plain: &[u8], level: i32) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(level).unwrap());
    let mut out = vec![0; compressor.zlib_compress_bound(plain.len())];
    let length = compressor.zlib_compress(plain, &mut out).unwrap();
    out.truncate(length);
    out
}

fn what_libdeflate_compresses_comes_back<S: Subject>() {
    let mut streams = Vec::new();
    for kind in 0..5 {
        for length in [0, 1, 2, 3, 257, 258, 259, 4000, 33_000] {
            for level in [0, 1, 6, 12] {
                let plain = plain(kind, length);
                streams.push(Stream {
                    bytes: compressed(&plain, level),
                    room: length as u32,
                });
            }
        }
    }
    let cuda = S::open();
    let mut seen = BTreeMap::new();
    agrees(&cuda, &streams, "streams", &mut seen);
    assert_eq!(seen, BTreeMap::from([(Status::Good, streams.len())]));
}

#[cfg(icefold_test_python)]
fn what_zlib_compresses_comes_back<S: Subject>() {
    let folder = crate::support::folder();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kernels/zlib_streams.py");
    let made = crate::support::succeed(crate::support::python().arg(script).arg(folder.path()));
    let count: usize = crate::support::stdout(&made).trim().parse().unwrap();
    let read = |name: String| std::fs::read(folder.path().join(name)).unwrap();
    let streams = (0..count).map(|i| Stream {
        bytes: read(format!("{i}.zlib")),
        room: read(format!("{i}.plain")).len() as u32,
    });
    let streams: Vec<Stream> = streams.collect();
    assert!(count > 100);
    let cuda = S::open();
    let mut seen = BTreeMap::new();
    agrees(&cuda, &streams, "streams", &mut seen);
    assert_eq!(seen, BTreeMap::from([(Status::Good, count)]));
}

/// Bits as they stand in a stream, the first lowest.
fn bits(text: &str) -> Vec<u8> {
    let bits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let byte = |bits: &[u8]| {
        bits.iter()
            .rev()
            .fold(0, |byte, bit| byte << 1 | (bit - b'0'))
    };
    bits.chunks(8).map(byte).collect()
}

/// A whole stream of these bits, which give these bytes.
fn wrapped(text: &str, plain: &[u8]) -> Stream {
    let sum = adler32(plain).to_be_bytes();
    Stream {
        bytes: [&[0x78, 0x9c][..], &bits(text), &sum].concat(),
        room: plain.len() as u32 + 2,
    }
}

/// What RFC 1951 leaves open, or no compressor gives; and whether the host takes it.
pub fn odd() -> Vec<Stream> {
    // 258 lengths, one distance; lengths of the code of lengths in their order: 0, 1 and 18.
    let header = "1 01 10000 00000 1011 000 000 110 010 000 000 000 000 000 000 000 000 000 000 000 000 000 110";
    // As above but for how many are literals: code lengths 0: 2 bits, 1: 3 bits, 18: 3 bits leave codes over.
    let cases = [
        (
            "an incomplete code of lengths",
            wrapped(&format!("{header} 0"), b""),
        ),
        // Fixed codes: literal 'a' is 0x30 + 0x61, then the end.
        ("fixed", wrapped("1 10 10010001 0000000", b"a")),
        // Length 3 by 0000001, distance 1 by 00000.
        (
            "a match that repeats one byte",
            wrapped("1 10 10010001 0000001 00000 0000000", b"aaaa"),
        ),
        // Distances 30 and 31 are 16385 + 8192 at least: before the first byte.
        (
            "a distance that no compressor gives",
            wrapped("1 10 10010001 0000001 11110 0000000000000 0000000", b"a"),
        ),
        (
            "before the first byte",
            wrapped("1 10 0000001 00000 0000000", b""),
        ),
        // Symbols 286 and 287 are 258: 11000110 and 11000111.
        (
            "a length that no compressor gives",
            wrapped("1 10 10010001 11000110 00000 0000000", &[b'a'; 259]),
        ),
        (
            "another",
            wrapped("1 10 10010001 11000111 00000 0000000", &[b'a'; 259]),
        ),
        ("a block of no kind", wrapped("1 11 000000", b"")),
        (
            "nothing stored",
            wrapped("1 00 00000 0000000000000000 1111111111111111", b""),
        ),
        (
            "lengths that do not fit",
            wrapped("1 00 00000 0000000000000000 1111111111111110", b""),
        ),
        (
            "more stored than there is",
            wrapped("1 00 00000 1100000000000000 0011111111111111", b"abc"),
        ),
        ("no last block", wrapped("0 10 0000000", b"")),
        (
            "empty blocks",
            wrapped("0 10 0000000 0 10 0000000 1 10 0000000", b""),
        ),
    ];
    let good = [
        "fixed",
        "a match that repeats one byte",
        "a length that no compressor gives",
        "another",
        "nothing stored",
        "empty blocks",
    ];
    for (name, stream) in &cases {
        assert_eq!(by_host(stream).is_some(), good.contains(name), "{name}");
    }
    cases.into_iter().map(|(_, stream)| stream).collect()
}

fn odd_codes_mean_what_they_mean_to_the_host<S: Subject>() {
    let streams = odd();
    let cuda = S::open();
    agrees(&cuda, &streams, "streams", &mut BTreeMap::new());
}

/// Every byte of a stream cut off, and every bit of it changed.
fn no_change_of_a_stream_goes_unseen<S: Subject>() {
    let plain = plain(3, 90);
    let whole = Stream {
        bytes: compressed(&plain, 9),
        room: 90,
    };
    let cut = (0..whole.bytes.len()).map(|length| Stream {
        bytes: whole.bytes[..length].to_vec(),
        ..whole.clone()
    });
    let changed = (0..8 * whole.bytes.len()).map(|bit| {
        let mut changed = whole.clone();
        changed.bytes[bit / 8] ^= 1 << (bit % 8);
        changed
    });
    let rooms = (0..90).map(|room| Stream {
        room,
        ..whole.clone()
    });
    let streams: Vec<Stream> = cut.chain(changed).chain(rooms).collect();
    let cuda = S::open();
    agrees(&cuda, &streams, "streams", &mut BTreeMap::new());
}

/// Matches as far back as there are any, over stored blocks of the greatest length, and lengths around a warp.
fn the_farthest_distances_reach_their_bytes<S: Subject>() {
    let mut long = plain(1, 70_000);
    for distance in [32_768, 32_767, 16_385, 24_577, 1, 2, 31, 32, 33, 63, 64, 65] {
        for length in [3, 31, 32, 33, 64, 65, 257, 258] {
            let from = long.len() - distance;
            (0..length).for_each(|i| long.push(long[from + i]));
            long.push(long.len() as u8);
        }
    }
    let streams: Vec<Stream> = [0, 1, 9, 12]
        .map(|level| Stream {
            bytes: compressed(&long, level),
            room: long.len() as u32,
        })
        .to_vec();
    let cuda = S::open();
    let mut seen = BTreeMap::new();
    agrees(&cuda, &streams, "streams", &mut seen);
    assert_eq!(seen, BTreeMap::from([(Status::Good, streams.len())]));
}

on_emulation_and_device!(
    any_stream_is_flagged_if_and_only_if_the_host_has_no_bytes_of_it,
    streams_of_every_kind_are_inflated,
    what_libdeflate_compresses_comes_back,
    odd_codes_mean_what_they_mean_to_the_host,
    no_change_of_a_stream_goes_unseen,
    the_farthest_distances_reach_their_bytes,
);

#[cfg(icefold_test_python)]
on_emulation_and_device!(what_zlib_compresses_comes_back);
