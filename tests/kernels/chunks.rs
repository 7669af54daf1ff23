//! Storage chunks decoded on a device: filters in any order and number, masks, elements of every kind, and damage. The
//! host's reader decodes the same columns, and what comes of a chunk is what it has: values, or words.

use std::path::Path;
use std::sync::Arc;

use icefold::backend::cuda::{Decoded, NotDecoded};
use icefold::backend::gpu::host_chunks;
use icefold::demo::{Recipe, write_granules_with};
use icefold::photon::Values;
use icefold::photon::stored::{
    Element, Form, Kind, Order, Pipeline, Step, StoredChunk, StoredColumn, Stride,
};
use icefold::read::hdf5::GranuleFile;

use crate::support::deflate::Random;

use super::inflate::compressed;
use super::{Subject, on_emulation_and_device};

type Column = StoredColumn<Vec<u8>>;

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

fn shuffled(plain: &[u8], element: usize) -> Vec<u8> {
    let count = plain.len() / element;
    let group = |k: usize| (0..count).map(move |i| plain[i * element + k]);
    let whole = (0..element).flat_map(group);
    whole
        .chain(plain[count * element..].iter().copied())
        .collect()
}

/// As HDF5 has it: words of 16 bits, high byte first, modulo 65,535.
fn fletcher32(bytes: &[u8]) -> u32 {
    let fold = |x: u64| {
        if x == 0 {
            0
        } else {
            ((x - 1) % 65_535 + 1) as u32
        }
    };
    let (mut low, mut high) = (0_u64, 0_u64);
    for word in bytes.chunks(2) {
        low += u64::from(word[0]) << 8 | u64::from(word.get(1).copied().unwrap_or(0));
        high += low;
    }
    fold(high) << 16 | fold(low)
}

fn applied(step: Step, bytes: &[u8]) -> Vec<u8> {
    match step {
        Step::Shuffle { element } => shuffled(bytes, element),
        Step::Deflate => compressed(bytes, 6),
        Step::Fletcher32 => {
            let sum = fletcher32(bytes);
            let swapped = (sum & 0x00ff_00ff) << 8 | sum >> 8 & 0x00ff_00ff;
            let sum = if bytes.len().is_multiple_of(3) {
                swapped
            } else {
                sum
            };
            [bytes, &sum.to_le_bytes()].concat()
        }
        // Never decoded here.
        _ => bytes.to_vec(),
    }
}

/// A column of any form, in chunks of which one is missing.
fn column(random: &mut Random, steps: &[Step]) -> Column {
    let element = Element {
        kind: random.of(&KINDS),
        order: random.of(&[Order::Little, Order::Big]),
    };
    let beside = random.of(&[0, 0, 3]);
    let step = element.size() + beside;
    let stride = Stride {
        first: random.below(beside + 1),
        step,
    };
    let (chunk_rows, rows) = (random.of(&[1, 7, 100, 700]), 2000);
    let (start, end) = (random.below(rows / 2), rows - random.below(rows / 3));
    let (mut bytes, mut chunks) = (vec![9; random.below(20)], Vec::new());
    let missing = random.below(rows.div_ceil(chunk_rows));
    for number in start / chunk_rows..=(end - 1) / chunk_rows {
        let alphabet = random.of(&[1, 3, 256]);
        let plain: Vec<u8> = (0..chunk_rows * step)
            .map(|_| random.below(alphabet) as u8)
            .collect();
        // Only deflate and checksums are left out.
        let left_out = |i: usize| !matches!(steps[i], Step::Shuffle { .. });
        let mask = if random.once_in(3) {
            random.word() as u32
        } else {
            0
        };
        let mask = (0..steps.len())
            .filter(|&i| left_out(i))
            .fold(0, |bits, i| bits | mask & 1 << i);
        if number == missing {
            continue;
        }
        let active = steps.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 0);
        let stored = active.fold(plain.clone(), |bytes, (_, &step)| applied(step, &bytes));
        let first = number * chunk_rows;
        chunks.push(StoredChunk {
            number: number as u64,
            rows: start.max(first) - first..end.min(first + chunk_rows) - first,
            place: bytes.len() as u64..(bytes.len() + stored.len()) as u64,
            begins: 0,
            length: plain.len(),
            mask,
        });
        bytes.extend(stored);
    }
    Column {
        form: Arc::new(Form {
            element,
            pipeline: Pipeline::new(steps.to_vec()).unwrap(),
            rows: rows as u64,
            chunk_rows: chunk_rows as u64,
            stride,
            is_plain: false,
        }),
        bytes,
        rows: start as u64..end as u64,
        chunks,
    }
}

fn any_steps(random: &mut Random) -> Vec<Step> {
    let step = |random: &mut Random| match random.below(4) {
        0 => Step::Shuffle {
            element: random.of(&[1, 2, 4, 8, 5]),
        },
        1 => Step::Fletcher32,
        _ => Step::Deflate,
    };
    (0..random.below(5)).map(|_| step(random)).collect()
}

fn words(values: &Values) -> Vec<u64> {
    match values {
        Values::F32(v) => v.iter().map(|x| x.to_bits().into()).collect(),
        Values::F64(v) => v.iter().map(|x| x.to_bits()).collect(),
        Values::I64(v) => v.iter().map(|&x| x as u64).collect(),
    }
}

/// What the host has of columns: their values, or the words for the first chunk that has none.
pub fn by_host<B: icefold::photon::stored::Source>(
    columns: &[StoredColumn<B>],
) -> Result<Vec<Vec<u64>>, String> {
    let decoded = columns.iter().enumerate().map(|(number, column)| {
        let mut values = host_chunks::zeros(column);
        let done = host_chunks::decode((number, column), &mut values, |_| true);
        done.map(|()| words(&values))
            .map_err(|why| format!("{number} {}: {why}", why.chunk))
    });
    decoded.collect()
}

/// The same of a device.
pub fn found(decoded: &Result<Decoded, NotDecoded>) -> Result<Vec<Vec<u64>>, String> {
    match decoded {
        Ok(decoded) => Ok(decoded.columns.iter().map(words).collect()),
        Err(NotDecoded::Chunk(why)) => Err(format!("{} {}: {why}", why.column, why.chunk)),
        Err(NotDecoded::Device(error)) => unreachable!("{error}"),
    }
}

fn filters_in_any_order_and_number_are_undone<S: Subject>() {
    let cuda = S::open();
    let mut random = Random::new(5);
    for turn in 0..40 {
        let steps: Vec<_> = (0..3).map(|_| any_steps(&mut random)).collect();
        let columns: Vec<Column> = steps
            .iter()
            .map(|steps| column(&mut random, steps))
            .collect();
        let decoded = cuda.decoded(&columns);
        assert!(found(&decoded) == by_host(&columns), "{turn}: {steps:?}");
        let decoded = decoded.unwrap();
        let all: usize = columns.iter().map(|column| column.chunks.len()).sum();
        assert_eq!(
            (decoded.on_device, decoded.left.len()),
            (all, 0),
            "{turn}: {steps:?}"
        );
    }
}

/// Whichever chunks a device flags: values, and words for what is wrong, are the host's.
fn what_is_damaged_has_the_hosts_values_or_words<S: Subject>() {
    let cuda = S::open();
    let mut random = Random::new(6);
    let (mut refused, mut values) = (0, 0);
    for turn in 0..60 {
        let steps: Vec<_> = (0..2).map(|_| any_steps(&mut random)).collect();
        let mut columns: Vec<Column> = steps.iter().map(|s| column(&mut random, s)).collect();
        for column in &mut columns {
            if random.once_in(2) {
                continue;
            }
            let chunk = random.below(column.chunks.len().max(1));
            let Some(chunk) = column.chunks.get_mut(chunk) else {
                continue;
            };
            match random.below(6) {
                0 => chunk.length += random.below(2) * column.form.stride.step,
                1 => chunk.place.end -= 1,
                2 => chunk.place = column.bytes.len() as u64 - 1..column.bytes.len() as u64 + 9,
                3 => chunk.mask ^= 1 << random.below(3),
                _ => column.bytes[chunk.place.start as usize] ^= 1 << random.below(8),
            }
        }
        let (expected, decoded) = (by_host(&columns), cuda.decoded(&columns));
        assert!(found(&decoded) == expected, "{turn}: {steps:?}");
        refused += usize::from(decoded.is_err());
        values += usize::from(decoded.is_ok());
    }
    assert!(values > 10 && refused > 10, "{values} and {refused}");
}

/// What has no kernel stays on the host, and it is said which.
fn other_filters_are_left_to_the_host_by_name<S: Subject>() {
    let cuda = S::open();
    let mut random = Random::new(8);
    let plain: Vec<u8> = (0..200).collect();
    let mut lz4 = (plain.len() as u64).to_be_bytes().to_vec();
    // One block, stored as it is.
    lz4.extend((plain.len() as u32).to_be_bytes());
    lz4.extend((plain.len() as u32).to_be_bytes());
    lz4.extend(&plain);
    let mut packed = column(&mut random, &[Step::Lz4]);
    packed.form = Arc::new(Form {
        element: Element {
            kind: Kind::U8,
            order: Order::Little,
        },
        stride: Stride { first: 0, step: 1 },
        chunk_rows: 200,
        rows: 200,
        ..(*packed.form).clone()
    });
    packed.rows = 0..200;
    packed.chunks = vec![StoredChunk {
        number: 0,
        rows: 0..200,
        place: 0..lz4.len() as u64,
        begins: 0,
        length: 200,
        mask: 0,
    }];
    packed.bytes = lz4;
    let columns = [packed, column(&mut random, &[Step::Deflate])];
    let decoded = cuda.decoded(&columns);
    assert_eq!(found(&decoded), by_host(&columns));
    let decoded = decoded.unwrap();
    let left: Vec<(String, usize)> = decoded
        .left
        .iter()
        .map(|(why, n)| (why.words(), *n))
        .collect();
    assert_eq!(left, [("lz4 is not undone on devices".to_owned(), 1)]);
    assert_eq!(decoded.on_device, columns[1].chunks.len());
}

/// Every dataset of a granule that is read chunk by chunk: decoded by the device, with nothing left or flagged but by
/// the filters named, to what the host has.
fn decodes_every_chunk<S: Subject>(path: &Path) -> usize {
    let cuda = S::open();
    let granule = GranuleFile::open(path).unwrap();
    let named = granule.in_chunks().unwrap();
    let mut chunks = 0;
    for (name, column) in named {
        let name = format!("{} {name}", path.display());
        let columns = [column];
        let decoded = cuda.decoded(&columns);
        assert!(found(&decoded) == by_host(&columns), "{name}");
        let decoded = decoded.unwrap();
        let all = columns[0].chunks.len();
        assert_eq!(
            (decoded.on_device, decoded.failed.len()),
            (all, 0),
            "{name}"
        );
        chunks += all;
    }
    chunks
}

fn every_chunk_of_synthetic_granules_is_the_hosts<S: Subject>() {
    let folder = crate::support::folder();
    let recipe = Recipe {
        granules: 1,
        segments_per_track: 60,
        seed: 3,
    };
    let granules = write_granules_with(folder.path(), &recipe).unwrap();
    let chunks: usize = granules
        .iter()
        .map(|path| decodes_every_chunk::<S>(path))
        .sum();
    assert!(chunks > 30, "{chunks}");
}

#[cfg(icefold_test_data)]
fn every_chunk_of_real_granules_is_the_hosts<S: Subject>() {
    let folder = std::fs::read_dir(crate::data().join("icesat2")).unwrap();
    let mut paths: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
    paths.sort();
    for path in &paths {
        let chunks = decodes_every_chunk::<S>(path);
        assert!(chunks > 0, "{}", path.display());
    }
}

on_emulation_and_device!(
    every_chunk_of_synthetic_granules_is_the_hosts,
    filters_in_any_order_and_number_are_undone,
    what_is_damaged_has_the_hosts_values_or_words,
    other_filters_are_left_to_the_host_by_name,
);

#[cfg(icefold_test_data)]
on_emulation_and_device!(every_chunk_of_real_granules_is_the_hosts);
