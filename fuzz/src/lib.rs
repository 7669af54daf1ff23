//! Entry points for fuzzing: any bytes in, no panic, no hang, no memory beyond a chunk's length; and
//! what must hold of every answer.
//!
//! The files of icefold are compiled in by path, without the rest of the crate: they need nothing
//! else of it, and fuzzing stays quick to build.

#![allow(dead_code, reason = "the crate uses the rest of these files")]

mod cap;
mod chunks;
mod config;
mod decode;
#[path = "../../src/error/mod.rs"]
mod error;
#[cfg(feature = "documents")]
#[path = "../../tests/fuzz/documents.rs"]
pub mod documents;
#[cfg(feature = "documents")]
#[path = "../../tests/fuzz/edits.rs"]
mod edits;
#[path = "../../src/guard.rs"]
mod guard;
mod photon;
#[path = "../../src/read/product.rs"]
mod product;
mod read;
#[path = "../../src/read/hdf5/link.rs"]
mod runs;
mod source;
mod tables;
#[path = "../../src/text.rs"]
mod text;

pub use tables::{arrow, parquet};

use chunks::entries::{Entries, Entry};
use chunks::table::{Grid, Places, Table};
use decode::convert::Target;
use decode::encode;
use decode::inflate::Workspace;
use libdeflater::{CompressionLvl, Compressor};
use photon::stored::{Element, Kind, Order, Pipeline, Step, Stride};
use runs::Runs;

/// Takes numbers off the front of the input; zeros where it has ended.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    fn number<const N: usize>(&mut self) -> u64 {
        (0..N).fold(0, |sum, _| sum << 8 | u64::from(self.byte()))
    }

    /// Small mostly, any size now and then.
    fn any(&mut self) -> u64 {
        match self.byte() % 8 {
            0 => self.number::<8>(),
            1 => u64::MAX - self.number::<1>(),
            2 => self.number::<4>(),
            3..6 => self.number::<1>(),
            _ => self.number::<2>(),
        }
    }

    fn steps(&mut self) -> Vec<Step> {
        (0..self.byte() % 6)
            .map(|_| match self.byte() % 9 {
                0 | 1 => Step::Shuffle {
                    element: 1 + usize::from(self.byte() % 9),
                },
                2 => Step::Fletcher32,
                3 => Step::Lzf,
                4 => Step::Lz4,
                5 => Step::Zstd,
                6 => Step::Blosc,
                _ => Step::Deflate,
            })
            .collect()
    }

    fn element(&mut self) -> Element {
        const KINDS: [Kind; 10] = [
            Kind::I8,
            Kind::I16,
            Kind::I32,
            Kind::I64,
            Kind::U8,
            Kind::U16,
            Kind::U32,
            Kind::U64,
            Kind::F32,
            Kind::F64,
        ];
        let order = if self.byte() % 2 == 0 {
            Order::Little
        } else {
            Order::Big
        };
        Element {
            kind: KINDS[usize::from(self.byte()) % KINDS.len()],
            order,
        }
    }
}

/// Filters in any order over bytes that are no chunk, then over a chunk, then over that chunk with
/// bytes changed.
pub fn chunk(data: &[u8]) {
    let mut input = Input(data);
    let steps = input.steps();
    let mask = input.byte().into();
    let length = input.number::<2>() as usize % 5000;
    let changes: Vec<(u16, u8)> = (0..input.byte() % 4)
        .map(|_| (input.number::<2>() as u16, input.byte()))
        .collect();
    let element = input.element();
    let Some(pipeline) = Pipeline::new(steps.clone()) else {
        return;
    };
    let mut work = Workspace::new();
    let mut out = vec![0; length];
    let _ = pipeline.decode(mask, input.0, &mut work, &mut out);
    let most = pipeline.stored_lengths(length, 0).end() + input.0.len();
    assert!(
        work.a.len() <= most && work.b.len() <= most,
        "a buffer grew"
    );

    let plain = input.0;
    let mut stored = encode(&steps, mask, plain);
    let mut out = vec![0; plain.len()];
    let sizes = pipeline.stored_lengths(plain.len(), mask);
    assert!(
        stored.len() == 0 || sizes.contains(&stored.len()),
        "{} not in {sizes:?}",
        stored.len()
    );
    assert_eq!(pipeline.decode(mask, &stored, &mut work, &mut out), Ok(()));
    assert_eq!(out, plain);
    for (at, value) in changes {
        if let Some(at) = usize::from(at).checked_rem(stored.len()) {
            stored[at] ^= value;
        }
    }
    let _ = pipeline.decode(mask, &stored, &mut work, &mut out);
    convert(element, &out, &mut input);
}

fn convert(element: Element, bytes: &[u8], input: &mut Input) {
    let size = element.size();
    let step = size * (1 + usize::from(input.byte() % 5));
    let first = size * (usize::from(input.byte()) % (step / size));
    let rows = bytes.len() / step;
    let stride = Stride { first, step };
    match element.kind {
        Kind::F32 => element.convert(bytes, stride, &mut Target::F32(&mut vec![0.0; rows])),
        Kind::F64 => element.convert(bytes, stride, &mut Target::F64(&mut vec![0.0; rows])),
        _ => element.convert(bytes, stride, &mut Target::I64(&mut vec![0; rows])),
    }
}

fn encode(steps: &[Step], mask: u32, plain: &[u8]) -> Vec<u8> {
    let mut bytes = plain.to_vec();
    for (i, step) in steps.iter().enumerate() {
        if mask >> i & 1 == 1 {
            continue;
        }
        match *step {
            Step::Fletcher32 => {
                let sum = decode::checksum::fletcher32(&bytes).to_le_bytes();
                bytes.extend(sum);
            }
            Step::Lzf => bytes = encode::lzf(&bytes),
            Step::Lz4 => bytes = encode::lz4(&bytes),
            Step::Zstd => bytes = encode::zstd(&bytes),
            Step::Blosc => bytes = encode::blosc(&bytes),
            Step::Shuffle { element } => {
                let count = bytes.len() / element;
                let mut out = Vec::with_capacity(bytes.len());
                for k in 0..element {
                    out.extend((0..count).map(|i| bytes[i * element + k]));
                }
                out.extend(&bytes[count * element..]);
                bytes = out;
            }
            Step::Deflate => {
                let mut compressor = Compressor::new(CompressionLvl::fastest());
                let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
                let length = compressor
                    .zlib_compress(&bytes, &mut out)
                    .expect("room is enough");
                out.truncate(length);
                bytes = out;
            }
        }
    }
    bytes
}

/// Any chunk table of any dataset: those accepted cover all rows, within the file, without overlap.
pub fn table(data: &[u8]) {
    let mut input = Input(data);
    let pipeline = Pipeline::new(input.steps()).expect("fewer than 32 filters");
    let grid = Grid {
        rows: input.any(),
        columns: input.any().max(1),
        chunk_rows: input.any().max(1),
        chunk_columns: input.any().max(1),
        element: input.element(),
    };
    let column = input.any() % grid.columns;
    let file = input.any();
    let mut entries = Entries::new(file);
    while !input.0.is_empty() {
        let regular = input.byte() % 8;
        let number = u64::from(input.byte());
        let entry = Entry {
            row: if regular == 0 {
                input.any()
            } else {
                number.wrapping_mul(grid.chunk_rows)
            },
            column: if regular == 1 { input.any() } else { 0 },
            address: input.any(),
            size: input.any(),
            mask: if regular == 2 {
                input.number::<4>() as u32
            } else {
                0
            },
        };
        if !entries.push(entry) {
            break;
        }
    }
    if let Ok(table) = Table::new(grid, column, pipeline, entries) {
        let Places::Chunks(chunks) = &table.places else {
            panic!("chunks are stored as such");
        };
        let stored: u64 = (chunks.iter())
            .map(|(number, _)| table.rows_of(*number))
            .map(|rows| rows.end - rows.start)
            .sum();
        let missing = table.holes().map_or(0, |holes| {
            assert!(!holes.first.is_empty() && holes.rows >= holes.first.end - holes.first.start);
            holes.rows
        });
        assert_eq!(stored + missing, grid.rows, "rows without a chunk");
        let mut spans: Vec<(u64, u64)> = chunks
            .iter()
            .map(|(_, c)| (c.address, c.address + c.size as u64))
            .collect();
        spans.sort_unstable();
        assert!(spans.iter().all(|s| s.1 <= file), "beyond the file");
        assert!(spans.windows(2).all(|s| s[0].1 <= s[1].0), "overlap");
        let reach = table.stride.first
            + (grid.chunk_rows as usize - 1) * table.stride.step
            + grid.element.size();
        assert!(reach <= table.length, "a column beyond its chunk");
    }
}

/// Any name: one that is a product's says of which granule, and says so again with more around it.
pub fn product(data: &[u8]) {
    let name = |text: &str| product::ProductName::of(std::path::Path::new(text));
    // Pieces of names, so that some are whole.
    const PIECES: [&str; 16] = [
        "ATL06",
        "ATL11",
        "ATL14",
        "QL",
        "-01",
        "_20190105163308",
        "_01260202",
        "_000110",
        "_0318",
        "_GL",
        "_100m",
        "_006",
        "_01",
        "_007_02",
        ".h5",
        "\u{e9}",
    ];
    let mut text = String::new();
    for &byte in data.iter().take(64) {
        match byte {
            0..160 => text.push_str(PIECES[usize::from(byte % 16)]),
            _ => text.push(char::from(byte - 128)),
        }
    }
    let Some(found) = name(&text) else {
        return;
    };
    assert!(found.granule.starts_with(&found.product));
    assert!((1..=2).contains(&found.rank.release.len()));
    let Some(file) = std::path::Path::new(&*text).file_name() else {
        return;
    };
    let again = name(&format!("copy of {}", file.to_string_lossy()));
    assert_eq!(again.map(|name| name.granule), Some(found.granule));
}

/// Any counts, index and range of photons.
pub fn link(data: &[u8]) {
    let mut input = Input(data);
    let hostile = input.byte() % 4 == 0;
    let base = input.number::<1>();
    let (from, to) = (input.number::<2>(), input.number::<2>());
    let mut counts = Vec::new();
    let mut index = Vec::new();
    while !input.0.is_empty() {
        counts.push(if hostile {
            input.any() as i64
        } else {
            i64::from(input.byte() % 16)
        });
        index.push(input.any() as i64);
    }
    let sum: i128 = counts.iter().map(|&n| i128::from(n)).sum();
    let photons = u64::try_from(sum).unwrap_or(u64::MAX);
    let Ok(settled) = Runs::settle(&counts, &index, base, photons) else {
        return;
    };
    if let Some(found) = settled.odd {
        assert!(found.disagreeing <= found.non_empty && found.non_empty <= counts.len());
    }
    let runs = settled.runs;
    if photons > 1 << 16 {
        return;
    }
    let (from, to) = (from.min(photons), to.min(photons));
    let range = from.min(to)..from.max(to);
    let segments = runs.segments_of(range.clone());
    assert_eq!(segments.of_photon.len() as u64, range.end - range.start);
    let rows = segments.rows.end - segments.rows.start;
    assert!(segments.of_photon.iter().all(|&s| u64::from(s) < rows));
    assert!(segments.rows.end <= counts.len() as u64);
}

/// A changed document of this kind.
#[cfg(feature = "documents")]
pub fn document(kind: &str, data: &[u8]) {
    use std::sync::OnceLock;
    static SEEDS: OnceLock<documents::Seeds> = OnceLock::new();
    let seeds = SEEDS.get_or_init(|| {
        let folder = std::env::var_os("ICEFOLD_FUZZ_SEEDS")
            .expect("ICEFOLD_FUZZ_SEEDS is a folder of seeds");
        let scratch = std::env::temp_dir().join(format!("icefold-fuzz-{}", std::process::id()));
        documents::Seeds::open(folder.as_ref(), &scratch)
    });
    let target = documents::TARGETS.iter().find(|(name, _)| *name == kind);
    target.expect("a kind of document").1(seeds, data);
}
