//! Bytes changed where a granule says how its values are stored, or in the values: an error in one
//! line, or the same values, and never more than a moment.
//!
//! What libhdf5 makes of a file whose structure was changed is its own: changes stay within stored
//! chunks, the B-tree nodes that index them, and the messages of filters and layout.

use std::path::Path;
use std::time::{Duration, Instant};

use icefold::photon::Values;
use icefold::read::hdf5::GranuleFile;
use proptest::prelude::*;

use super::synthetic::{Synthetic, file_of};

const PATH: &str = "/gt1l/heights/h_ph";
const ROWS: usize = 3000;

/// A small granule with 30 chunks of 100 rows, shuffled and deflated.
fn sound() -> Vec<u8> {
    let heights: Vec<f32> = (0..ROWS as u16).map(|i| f32::from(i).sin()).collect();
    let granule = Synthetic::new();
    granule.write_chunked("gt1l/heights/h_ph", &heights, 100, Some(6));
    std::fs::read(granule.close().path).unwrap()
}

fn values(path: &Path) -> icefold::Result<Values> {
    let granule = GranuleFile::open(path)?;
    Ok(granule.read_dataset(PATH, None, 1 << 24)?.column.values)
}

/// Where the file has these bytes.
fn places(bytes: &[u8], what: &[u8]) -> Vec<usize> {
    let windows = bytes.windows(what.len()).enumerate();
    windows
        .filter(|(_, w)| *w == what)
        .map(|(i, _)| i)
        .collect()
}

/// Reads a changed file: an error in one line, or values.
fn read_changed(bytes: &[u8]) -> Result<Option<Values>, TestCaseError> {
    let (_folder, path) = file_of("a.h5", bytes);
    let started = Instant::now();
    let read = values(&path);
    prop_assert!(
        started.elapsed() < Duration::from_secs(20),
        "it took too long"
    );
    match read {
        Ok(values) => Ok(Some(values)),
        Err(e) => {
            let message = e.to_string();
            prop_assert!(
                !message.contains(char::is_control) && message.len() < 700,
                "{}",
                message
            );
            Ok(None)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn changed_bytes_of_stored_chunks_are_noticed(
        chunk in 0_usize..30, places in prop::collection::vec((any::<u16>(), 1_u8..), 1..4),
    ) {
        let sound = sound();
        let (_folder, path) = file_of("a.h5", &sound);
        let expected = values(&path).unwrap();
        let chunk = {
            let file = hdf5::File::open(&path).unwrap();
            file.dataset(PATH).unwrap().chunk_info(chunk).unwrap()
        };
        let mut changed = sound;
        for (at, value) in places {
            changed[chunk.addr as usize + usize::from(at) % chunk.size as usize] ^= value;
        }
        if let Some(values) = read_changed(&changed)? {
            prop_assert_eq!(values, expected);
        }
    }

    #[test]
    fn changed_chunk_indices_are_refused_or_harmless(
        node in any::<u16>(), at in 0_usize..900, value in 1_u8..,
    ) {
        let mut bytes = sound();
        let nodes = places(&bytes, b"TREE\x01");
        prop_assert!(!nodes.is_empty());
        let at = nodes[usize::from(node) % nodes.len()] + at;
        prop_assume!(at < bytes.len());
        bytes[at] ^= value;
        // An entry that points elsewhere gives other values or an error, as it does in libhdf5.
        read_changed(&bytes)?;
    }
}

fn real(name: &str) -> Vec<u8> {
    std::fs::read(crate::data().join("icesat2").join(name)).unwrap()
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn changed_filter_messages_are_refused_or_harmless() {
    let whole = real("synthetic_atl03_mini.h5");
    // Messages of the first version hold the filter's name, after its number and flags.
    let names = [places(&whole, b"deflate\0"), places(&whole, b"shuffle\0")].concat();
    assert!(!names.is_empty());
    let mut random = Random(3);
    for _ in 0..150 {
        let mut bytes = whole.clone();
        let at = names[random.below(names.len())];
        bytes[at - 16 + random.below(40)] ^= 1 << random.below(8);
        let (_folder, path) = file_of("a.h5", &bytes);
        let started = Instant::now();
        for name in [
            "lat_ph",
            "h_ph",
            "signal_conf_ph",
            "quality_ph",
            "delta_time",
        ] {
            let column = (name == "signal_conf_ph").then_some(2);
            let dataset = format!("/gt1l/heights/{name}");
            let read =
                GranuleFile::open(&path).and_then(|g| g.read_dataset(&dataset, column, 1 << 20));
            if let Err(e) = read {
                assert!(!e.to_string().contains(char::is_control), "{e:?}");
            }
        }
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

/// A seeded generator.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % n
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn changed_bytes_in_chunks_of_a_real_granule_are_noticed() {
    let whole = real("ATL03_20181014002445_02350104_006_02_gt1l_subset.h5");
    let (_sound, path) = file_of("sound.h5", &whole);
    let mut random = Random(7);
    for dataset in ["lat_ph", "lon_ph", "h_ph", "delta_time"] {
        let dataset = format!("/gt1l/heights/{dataset}");
        let chunk = {
            let file = hdf5::File::open(&path).unwrap();
            file.dataset(&dataset).unwrap().chunk_info(0).unwrap()
        };
        let read = |path: &Path| {
            let granule = GranuleFile::open(path).unwrap();
            granule.read_dataset(&dataset, None, 1 << 24)
        };
        let expected = read(&path).unwrap();
        for _ in 0..20 {
            let mut bytes = whole.clone();
            let at = chunk.addr as usize + random.below(chunk.size as usize);
            bytes[at] ^= 1 << random.below(8);
            let (_folder, path) = file_of("a.h5", &bytes);
            if let Ok(values) = read(&path) {
                assert_eq!(values, expected);
            }
        }
    }
}
