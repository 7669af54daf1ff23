//! Every dataset equals what h5py reads, bit for bit, and what the reader `hdf5-reader` does, which
//! shares no code with either.

use std::path::{Path, PathBuf};

use icefold::photon::Values;
use icefold::read::hdf5::GranuleFile;
use serde::Deserialize;

use crate::support::{folder, python, succeed};

/// More rows than any dataset here has.
const MOST: u64 = 1 << 20;

/// One column as h5py read it.
#[derive(Debug, Deserialize)]
struct Theirs {
    path: String,
    column: Option<usize>,
    kind: String,
    values: usize,
    #[serde(skip)]
    bytes: Vec<u8>,
}

/// What h5py reads of a granule.
fn h5py(granule: &Path) -> Vec<Theirs> {
    let out = folder();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/granule/dump.py");
    succeed(python().arg(script).arg(granule).arg(out.path()));
    let index = std::fs::read_to_string(out.path().join("index.json")).unwrap();
    let mut all: Vec<Theirs> = serde_json::from_str(&index).unwrap();
    let bytes = std::fs::read(out.path().join("values")).unwrap();
    let mut rest = &bytes[..];
    for one in &mut all {
        let size = if one.kind == "<f4" { 4 } else { 8 };
        let (front, back) = rest.split_at(one.values * size);
        (one.bytes, rest) = (front.to_vec(), back);
    }
    assert!(rest.is_empty());
    all
}

fn bytes_of(values: &Values) -> Vec<u8> {
    match values {
        Values::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Values::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Values::I64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
    }
}

/// Compares every dataset; returns how many columns there were.
fn compare(granule: &Path) -> usize {
    let file = GranuleFile::open(granule).unwrap();
    let theirs = h5py(granule);
    for one in &theirs {
        if one.path.starts_with("/refused") {
            continue;
        }
        let ours = file.read_dataset(&one.path, one.column, MOST).unwrap();
        let same = bytes_of(&ours.column.values) == one.bytes;
        assert!(same, "{} {:?} differs from h5py", one.path, one.column);
        let apart = one.path.starts_with("/hdf5/");
        if apart || one.path.starts_with("/chunks/") {
            assert_eq!(ours.through_hdf5, apart, "{}", one.path);
        }
    }
    theirs.len()
}

fn real() -> Vec<PathBuf> {
    let folder = crate::data().join("icesat2");
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut granules: Vec<PathBuf> = entries.collect();
    granules.sort();
    assert!(granules.len() >= 4);
    granules
}

/// A granule with every way of storing values.
fn odd() -> (tempfile::TempDir, PathBuf) {
    let folder = folder();
    let path = folder.path().join("odd.h5");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/granule/odd_storage.py");
    succeed(python().arg(script).arg(&path));
    (folder, path)
}

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn every_dataset_of_every_real_granule_equals_h5py() {
    let columns: usize = real().iter().map(|granule| compare(granule)).sum();
    assert!(columns > 500, "{columns}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python")]
fn every_way_of_storing_values_equals_h5py_or_is_refused_by_name() {
    let (_folder, path) = odd();
    assert!(compare(&path) > 60);
    let file = GranuleFile::open(&path).unwrap();
    for name in ["missing_chunks", "szip", "half"] {
        let dataset = format!("/refused/{name}");
        let error = match file.read_dataset(&dataset, None, MOST) {
            // The library that made the file, or the one that reads it, may have szip.
            Ok(_) if name == "szip" => continue,
            Ok(_) => panic!("{dataset} was read"),
            Err(error) => error.to_string(),
        };
        let line = error.len() < 600 && !error.contains('\n');
        assert!(line && error.contains(&dataset), "{error}");
    }
}

/// What `hdf5-reader` reads of a column, as bytes of our types; `None` where it does not support it.
fn second(file: &hdf5_reader::Hdf5File, one: &Theirs) -> Option<Vec<u8>> {
    let dataset = file.dataset(&one.path).ok()?;
    macro_rules! read {
        ($type:ty) => {
            dataset.read_array::<$type>().ok().map(|array| {
                let step = array.shape().get(1).copied().unwrap_or(1);
                let values = array.iter().skip(one.column.unwrap_or(0)).step_by(step);
                values.copied().collect::<Vec<_>>()
            })
        };
        ($type:ty, $wide:ty) => {
            read!($type).map(|v| {
                v.into_iter()
                    .flat_map(|x| <$wide>::from(x).to_le_bytes())
                    .collect()
            })
        };
    }
    // It reads a type as itself only.
    read!(f64, f64)
        .or_else(|| read!(f32, f32))
        .or_else(|| read!(i8, i64))
        .or_else(|| read!(u8, u64))
        .or_else(|| read!(i16, i64))
        .or_else(|| read!(u16, u64))
        .or_else(|| read!(i32, i64))
        .or_else(|| read!(u32, u64))
        .or_else(|| read!(i64, i64))
        .or_else(|| read!(u64, u64))
}

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn a_second_reader_agrees_where_it_supports_the_file() {
    let (_folder, odd) = odd();
    let mut compared = 0;
    for granule in real().into_iter().chain([odd]) {
        let file = hdf5_reader::Hdf5File::open(&granule).unwrap();
        let ours = GranuleFile::open(&granule).unwrap();
        for one in h5py(&granule) {
            if one.path.starts_with("/refused") {
                continue;
            }
            let Some(theirs) = second(&file, &one) else {
                eprintln!("{} is not read by hdf5-reader", one.path);
                continue;
            };
            let column = ours
                .read_dataset(&one.path, one.column, MOST)
                .unwrap()
                .column;
            let same = bytes_of(&column.values) == theirs;
            assert!(same, "{} {:?} differs", one.path, one.column);
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared}");
}
