//! Values that are not stored, take much memory, or lie as no writer lays them.

use hdf5::plist::dataset_create::AllocTime;
use hdf5::{Dataset, File};
use icefold::config::{Access, Config, FilterOp, NullPolicy};
use icefold::read::hdf5::{GranuleFile, Reader};

use super::synthetic::{Closed, Synthetic, fill};
use super::{atl03, filter, read, refusal};

const ROWS: usize = 500;

fn tolerant(config: Config) -> Config {
    let access = Access {
        tolerant: true,
        ..Access::default()
    };
    Config { access, ..config }
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no '{part}' in: {message}");
    }
}

/// Changes bytes of a finished granule.
fn changed(closed: &Closed, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(&closed.path).unwrap();
    change(&mut bytes);
    std::fs::write(&closed.path, bytes).unwrap();
}

/// A granule whose quality, 1 where it is stored, lacks the chunks of rows 200 to 499.
fn with_a_hole() -> Closed {
    let granule = Synthetic::with_heights(&[5.0; ROWS]);
    let group = granule.within("gt1l/heights");
    let dataset = group.new_dataset::<i8>().shape(200_usize..).chunk(100);
    let dataset = dataset.create("q").unwrap();
    dataset.write_raw(&[1_i8; 200]).unwrap();
    dataset.resize(ROWS).unwrap();
    drop((dataset, group));
    granule.close()
}

#[test]
fn a_row_without_a_storage_chunk_is_refused() {
    let closed = with_a_hole();
    let message = refusal(&closed.path, &atl03(&["q"]));
    assert_says(
        &message,
        &["/gt1l/heights/q has no storage chunk for rows 200 to 299 (300 rows in all)"],
    );
    // What the config does not name is not looked at.
    assert_eq!(
        read(&closed.path, &atl03(&["h_ph"]), 70)
            .unwrap()
            .counts
            .kept,
        500
    );
}

#[test]
fn tolerant_reading_has_nulls_where_no_chunk_is_stored_and_counts_them() {
    let closed = with_a_hole();
    for batch_rows in [70, 250, 1000] {
        let whole = read(&closed.path, &tolerant(atl03(&["h_ph", "q"])), batch_rows).unwrap();
        let nulls: Vec<u64> = (whole.photons.iter())
            .filter_map(|p| p.values[1].is_none().then_some(p.row))
            .collect();
        assert_eq!(nulls, (200..500).collect::<Vec<u64>>());
        assert_eq!(whole.counts.nulls["q"], 300);
        let says = "/gt1l/heights/q has no storage chunk for 300 of its 500 rows, which are null";
        assert_says(&whole.warnings.join("\n"), &[says]);
    }
    // 0 would be kept, as damage made it once.
    let mut config = tolerant(atl03(&["h_ph"]));
    config.filters = vec![filter("heights/q", None, FilterOp::Le, 1.0)];
    let whole = read(&closed.path, &config, 70).unwrap();
    let rejected = &whole.counts.rejected;
    assert_eq!(rejected["not_stored: /gt1l/heights/q"], 300);
    assert_eq!(whole.counts.kept, 200);
    config.filters.clear();
    config.nulls = NullPolicy::Reject;
    config.variables[0].path = "/{group}/heights/q".into();
    assert_says(
        &refusal(&closed.path, &config),
        &["/gt1l/heights/q row 200 is null"],
    );
}

/// Heights that were never written, whose rows hold `value` until they are.
fn unwritten(value: f32, chunk: bool) -> Closed {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", ROWS);
    let group = granule.within("gt1l/heights");
    let mut builder = group.new_dataset::<f32>().shape(ROWS).fill_value(value);
    if chunk {
        builder = builder.chunk(100);
    }
    let dataset: Dataset = builder
        .alloc_time(Some(AllocTime::Late))
        .create("h_ph")
        .unwrap();
    fill(&dataset, f32::MAX, false);
    drop((dataset, group));
    granule.close()
}

#[test]
fn a_dataset_that_was_never_written_is_null_only_if_it_says_so() {
    for chunk in [false, true] {
        let null = unwritten(f32::MAX, chunk);
        let whole = read(&null.path, &atl03(&["h_ph", "lat_ph"]), 70).unwrap();
        assert_eq!((whole.counts.kept, whole.counts.nulls["h_ph"]), (500, 500));
        let zero = unwritten(0.0, chunk);
        for config in [atl03(&["h_ph"]), tolerant(atl03(&["h_ph"]))] {
            let message = refusal(&zero.path, &config);
            assert_says(&message, &["h_ph has 500 rows and none of them is stored"]);
        }
    }
}

#[test]
fn a_filter_mask_that_leaves_out_the_shuffle_is_refused() {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", ROWS);
    granule.write_chunked("gt1l/heights/h_ph", &[1.5_f32; ROWS], 100, None);
    let closed = granule.close();
    let address = {
        let file = File::open(&closed.path).unwrap();
        file.dataset("gt1l/heights/h_ph")
            .unwrap()
            .chunk_info(2)
            .unwrap()
            .addr
    };
    changed(&closed, |bytes| {
        // A key of the index: the length of the chunk, its mask, its place; then its address.
        let key = address.to_le_bytes();
        let at = bytes.windows(8).position(|w| w == key).unwrap();
        let mask = at - 8 * 2 - 4;
        assert_eq!(bytes[mask - 4..mask], 400_u32.to_le_bytes());
        bytes[mask] = 1;
    });
    let message = refusal(&closed.path, &atl03(&["h_ph"]));
    assert_says(
        &message,
        &["chunk at row 200", "mask 0x1 leaves out the shuffle filter"],
    );
}

#[test]
fn a_float_of_another_layout_is_refused() {
    let granule = Synthetic::in_old_format();
    granule.coordinates("gt1l", 20);
    granule.write("gt1l/heights/h_ph", &[1_f32; 20]);
    let closed = granule.close();
    changed(&closed, |bytes| {
        // Class 1 (float) of version 1; 4 bytes; bits 0 to 31; exponent of 8 bits at 23, 23 bits at 0.
        let float = [4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
        let places = bytes.windows(float.len()).enumerate();
        let at: Vec<usize> = places
            .filter(|(_, w)| *w == float)
            .map(|(at, _)| at)
            .collect();
        assert!(!at.is_empty());
        for at in at {
            bytes[at + 12] = 126;
        }
    });
    let message = refusal(&closed.path, &atl03(&["h_ph"]));
    assert_says(
        &message,
        &["/gt1l/heights/h_ph is a float whose bits do not lie as IEEE 754"],
    );
}

#[test]
fn storage_chunks_take_no_more_memory_than_there_is() {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", 200_000);
    granule.write_chunked(
        "gt1l/heights/h_ph",
        &vec![1.5_f32; 200_000],
        100_000,
        Some(1),
    );
    let closed = granule.close();
    let with = |chunk_memory| {
        let access = Access {
            chunk_memory,
            ..Access::default()
        };
        Config {
            access,
            ..atl03(&["h_ph"])
        }
    };
    // Two chunks are kept, and four times one is needed to decode it; coordinates are in no chunks.
    let needed = 2 * 400_000 + 4 * 400_000;
    let message = refusal(&closed.path, &with(Some(needed - 1)));
    let says = format!("takes {needed} bytes");
    assert_says(
        &message,
        &[
            "h_ph has storage chunks of 400000 bytes",
            &says,
            "give at least",
        ],
    );
    let mut shared = with(Some(2 * needed + 1));
    shared.access.granules = 3;
    assert_says(
        &refusal(&closed.path, &shared),
        &["h_ph has storage chunks of"],
    );
    shared.access.granules = 2;
    assert!(read(&closed.path, &shared, 150_000).is_ok());
    for room in [Some(needed), Some(needed + 400_000 * 4), None] {
        let config = with(room);
        let file = GranuleFile::open_with(&closed.path, &config.access).unwrap();
        let types = [icefold::photon::ColumnType::F32];
        let reader = Reader::open(&file, &config, &types, 10).unwrap();
        assert!(room.is_none_or(|room| reader.chunk_bytes() <= room));
        assert_eq!(
            read(&closed.path, &config, 150_000).unwrap().counts.kept,
            200_000
        );
    }
}
