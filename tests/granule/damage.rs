//! Bytes changed where a granule says how its values are stored, or in the values: an error in one
//! line, or the same values, and never more than a moment.
//!
//! What libhdf5 makes of a file whose structure was changed is its own: changes stay within stored
//! chunks, the B-tree nodes that index them, and the messages of filters and layout.

use std::path::Path;
use std::time::{Duration, Instant};

use icefold::batch::Values;
use icefold::granule::GranuleFile;
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

    #[test]
    fn changed_filter_messages_are_refused_or_harmless(at in 0_usize..60, value in 1_u8..) {
        let mut bytes = sound();
        // The name of the first filter, as libhdf5 writes it into the message.
        let names = places(&bytes, b"shuffle");
        prop_assert_eq!(names.len(), 1);
        bytes[names[0] - 16 + at] ^= value;
        read_changed(&bytes)?;
    }
}

/// Chunks of real granules with bytes changed.
#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn changed_bytes_in_chunks_of_a_real_granule_are_noticed() {
    let folder = crate::data().join("icesat2");
    let name = "ATL03_20181014002445_02350104_006_02_gt1l_subset.h5";
    let whole = std::fs::read(folder.join(name)).unwrap();
    let (_sound, path) = file_of("sound.h5", &whole);
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
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
            bytes[(chunk.addr + next(chunk.size)) as usize] ^= 1 << next(8);
            let (_folder, path) = file_of("a.h5", &bytes);
            if let Ok(values) = read(&path) {
                assert_eq!(values, expected);
            }
        }
    }
}
