//! Files that cannot be used: each is refused in one line that names the object and the remedy.

use std::io::{Seek, SeekFrom, Write};

use hdf5::types::FixedAscii;
use icefold::config::{Access, FilterOp};

use super::synthetic::{Synthetic, file_of, fill, truncated};
use super::{atl03, atl06, filter, read, refusal};

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "no '{part}' in: {message}");
    }
}

#[test]
fn paths_that_hold_no_granule_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = atl03(&["h_ph"]);
    let missing = refusal(&folder.path().join("none.h5"), &config);
    assert_says(&missing, &["none.h5: no such file"]);
    assert_says(&refusal(folder.path(), &config), &["is a directory"]);
    for (bytes, says) in [
        (
            &b"<!DOCTYPE html>\n<html>"[..],
            "starts with \"<!DOCTYPE html>\"",
        ),
        (b"PK\x03\x04\x14\0\0\0", "starts with the bytes 50 4b 03 04"),
        (b"", "the file is empty"),
    ] {
        let (_folder, path) = file_of("text.h5", bytes);
        assert_says(&refusal(&path, &config), &["text.h5: is not HDF5", says]);
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_truncated_granule_is_refused_wherever_it_is_cut() {
    let config = atl06(&["h_li"]);
    let name = "processed_ATL06_20181015100401_02560110_003_01.h5";
    let path = crate::data().join("icesat2").join(name);
    let whole = std::fs::metadata(&path).unwrap().len();
    for bytes in [9, 40, 1000, whole / 2, whole - 1] {
        let (_folder, cut) = truncated(&path, bytes);
        let has = format!("the file has {bytes} bytes");
        assert_says(
            &refusal(&cut, &config),
            &[name, "is truncated", &has, "fetch it again"],
        );
    }
}

#[test]
fn a_damaged_storage_chunk_is_refused_by_dataset() {
    let heights: Vec<f32> = (0..1000_u16).map(|i| f32::from(i).sin()).collect();
    let granule = Synthetic::new();
    granule.coordinates("gt1l", heights.len());
    let dataset = granule.write_chunked("gt1l/heights/h_ph", &heights, 100, Some(6));
    let chunk = dataset.chunk_info(5).unwrap();
    drop(dataset);
    let closed = granule.close();
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .open(&closed.path)
        .unwrap();
    file.seek(SeekFrom::Start(chunk.addr)).unwrap();
    file.write_all(&[0xff; 64]).unwrap();
    let message = refusal(&closed.path, &atl03(&["h_ph"]));
    assert_says(
        &message,
        &[
            "cannot read /gt1l/heights/h_ph rows 500 to 599",
            "compressed stream",
        ],
    );
}

#[test]
fn a_missing_dataset_names_the_nearest() {
    let closed = Synthetic::with_heights(&[1.0]).close();
    let message = refusal(&closed.path, &atl03(&["h_phh"]));
    assert_says(
        &message,
        &[
            "granule a.h5: /gt1l/heights/h_phh does not exist",
            "is h_ph;",
        ],
    );
    let mut config = atl03(&["h_ph"]);
    config.filters = vec![filter("height/q", None, FilterOp::Eq, 0.0)];
    let message = refusal(&closed.path, &config);
    assert_says(&message, &["/gt1l holds no height", "is heights;"]);
}

#[test]
fn a_wrong_length_names_both() {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", 12);
    granule.write("gt1l/heights/h_ph", &[0_f32; 10]);
    let message = refusal(&granule.close().path, &atl03(&["h_ph"]));
    let expected = "granule a.h5: /gt1l/heights/h_ph has 10 rows, lat_ph has 12; ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn columns_of_2d_datasets_must_be_chosen_and_exist() {
    let granule = Synthetic::with_heights(&[1.0, 2.0]);
    granule.write_shaped("gt1l/heights/conf", &[2, 5], &[0_i8; 10]);
    granule.write_shaped("gt1l/heights/cube", &[2, 1, 1], &[0_i8; 2]);
    let closed = granule.close();
    let refused = |dataset: &str, column| {
        let mut config = atl03(&["h_ph"]);
        config.filters = vec![filter(dataset, column, FilterOp::Eq, 0.0)];
        refusal(&closed.path, &config)
    };
    assert_says(
        &refused("heights/conf", None),
        &["is 2-D with 5 columns", "give `column`"],
    );
    assert_says(
        &refused("heights/conf", Some(5)),
        &["has 5 columns and column 5 is asked for"],
    );
    assert_says(
        &refused("heights/h_ph", Some(0)),
        &["is 1-D and column 0 is asked for"],
    );
    assert_says(&refused("heights/cube", None), &["has 3 dimensions"]);
    assert_says(
        &refusal(&closed.path, &atl03(&["conf"])),
        &["/gt1l/heights/conf is 2-D"],
    );
}

#[test]
fn unsupported_types_are_named() {
    let granule = Synthetic::with_heights(&[1.0]);
    granule.write(
        "gt1l/heights/text",
        &[FixedAscii::<4>::from_ascii("abcd").unwrap()],
    );
    granule.write("gt1l/heights/huge", &[u64::MAX]);
    let odd = granule.write("gt1l/heights/odd", &[1_f32]);
    let attribute = odd.new_attr::<hdf5::types::VarLenAscii>();
    let attribute = attribute.create("_FillValue").unwrap();
    let none = hdf5::types::VarLenAscii::from_ascii("none").unwrap();
    attribute.write_scalar(&none).unwrap();
    drop((attribute, odd));
    let closed = granule.close();
    let refused = |name: &str| refusal(&closed.path, &atl03(&[name]));
    assert_says(
        &refused("text"),
        &["/gt1l/heights/text is text, and a number is needed"],
    );
    assert_says(
        &refused("huge"),
        &["huge row 0 is 18446744073709551615, above"],
    );
    assert_says(&refused("odd"), &["attribute _FillValue is 'none'"]);
}

#[test]
fn integer_coordinates_are_refused() {
    let granule = Synthetic::new();
    granule.write("gt1l/heights/lat_ph", &[1_i32]);
    fill(&granule.write("gt1l/heights/lon_ph", &[1_f64]), 0_i8, false);
    granule.write("gt1l/heights/h_ph", &[0_f32]);
    let message = refusal(&granule.close().path, &atl03(&["h_ph"]));
    assert_says(
        &message,
        &["/gt1l/heights/lat_ph is int32", "float32 or float64"],
    );
}

#[test]
fn a_granule_without_any_ground_track_says_what_it_holds() {
    let granule = Synthetic::new();
    granule.group("orbit_info");
    granule.group("profile_1");
    let message = refusal(&granule.close().path, &atl03(&["h_ph"]));
    assert_says(
        &message,
        &[
            "none of the ground tracks gt1l, gt1r",
            "orbit_info, profile_1",
        ],
    );
}

/// A granule with any bytes changed reads as something, or is refused in one line.
#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn changed_bytes_are_read_or_refused_and_never_a_panic() {
    let path = crate::data()
        .join("icesat2")
        .join("synthetic_atl03_mini.h5");
    let whole = std::fs::read(path).unwrap();
    let mut config = atl03(&["h_ph"]);
    config.filters = vec![filter(
        "heights/signal_conf_ph",
        Some(0),
        FilterOp::Ne,
        -2.0,
    )];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut refused = 0;
    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..=next(5) {
            // Metadata lies mostly in front.
            let within = [12_000, bytes.len()][next(2)];
            bytes[next(within)] = next(256) as u8;
        }
        let (_folder, path) = file_of("a.h5", &bytes);
        let _ = icefold::read::hdf5::inspect(&path, &Access::default());
        if let Err(e) = read(&path, &config, 1 << 20) {
            assert!(!e.to_string().contains(char::is_control), "{e:?}");
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");
}
