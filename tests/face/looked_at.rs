//! A granule that is looked at: which it is, when and where, and all that is in it; files that
//! are no whole granules are told what is wrong with them.

use std::path::{Path, PathBuf};

use hdf5::File;
use icefold::error::Kind;
use icefold::inspect::{Inspection, Look, inspect};
use serde_json::{Value, json};

use super::from_code::{done, refused, shown};
use crate::support::data;
use crate::support::granules::{Heights, one};
use crate::support::site::{Site, assert_same};

/// All datasets of a granule.
fn listed(path: &Path) -> Inspection {
    let all = Look {
        all: true,
        ..Look::default()
    };
    inspect(path, all).unwrap()
}

fn found(path: &Path) -> Value {
    json!(listed(path))
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_real_granule_tells_its_cycle_orientation_time_and_box() {
    let name = "processed_ATL06_20181015100401_02560110_003_01.h5";
    let granule = data().join("icesat2").join(name);
    let found = found(&granule);
    for (key, value) in [
        ("product", json!("ATL06")),
        ("release", json!("003")),
        ("version", json!("01")),
        ("cycle", json!(1)),
        ("rgt", json!(256)),
        ("region", json!(10)),
        ("orientation", json!("forward")),
    ] {
        assert_eq!(found[key], value, "{key}");
    }
    // What the granule itself says of the subset that is in it.
    let time = &found["time_span"];
    assert!(
        time["start"].as_str().unwrap() >= "2018-10-15T10:10:18.655Z",
        "{time}"
    );
    assert!(
        time["end"].as_str().unwrap() <= "2018-10-15T10:11:40.739Z",
        "{time}"
    );
    let side = |key: &str| found["bounding_box"][key].as_f64().unwrap();
    assert!(side("west") >= -110.5749 && side("east") <= -106.5935);
    assert!(side("south") >= -79.0025 && side("north") <= -73.8996);
    assert!(side("west") < side("east") && side("south") < side("north"));

    let datasets = found["datasets"].as_array().unwrap().iter();
    let paths: Vec<&str> = datasets.map(|d| d["path"].as_str().unwrap()).collect();
    for path in [
        "/orbit_info/sc_orient",
        "/gt1l/land_ice_segments/h_li",
        "/METADATA",
    ] {
        let is_there = paths.iter().any(|found| found.starts_with(path));
        assert_eq!(is_there, path != "/METADATA", "{path}");
    }
    let text = shown(&granule);
    assert!(
        text.contains(
            "product ATL06, release 003, version 01, cycle 1, reference ground track 256"
        ),
        "{text}"
    );
    assert!(text.contains("orientation forward"), "{text}");
    assert!(
        text.contains("all lists the datasets of all groups"),
        "{text}"
    );
}

/// A granule with groups that no config reads.
fn odd_granule(site: &Site) -> PathBuf {
    let path = site.good("a.h5", -45.0);
    let file = File::append(&path).unwrap();
    file.create_group("orbit_info").unwrap();
    let write = |path: &str, values: &[i8]| {
        let builder = file.new_dataset::<i8>().shape(values.len());
        builder.create(path).unwrap().write_raw(values).unwrap();
    };
    write("orbit_info/sc_orient", &[0, 2]);
    write("orbit_info/cycle_number", &[7]);
    file.create_group("gt1l/ocean\u{1b}[2J").unwrap();
    let waves = file
        .new_dataset::<f32>()
        .shape((4, 3))
        .chunk((2, 3))
        .deflate(4);
    let waves = waves.create("gt1l/ocean\u{1b}[2J/waves").unwrap();
    waves.write_raw(&[0.5_f32; 12]).unwrap();
    let unit = "m".parse::<hdf5::types::VarLenUnicode>().unwrap();
    let units = waves.new_attr::<hdf5::types::VarLenUnicode>();
    let units = units.create("units").unwrap();
    units.write_scalar(&unit).unwrap();
    drop((waves, units));
    file.close().unwrap();
    path
}

#[test]
fn all_datasets_are_listed_on_request_and_no_name_steers_the_terminal() {
    let site = Site::new();
    let path = odd_granule(&site);
    let found = found(&path);
    assert_eq!(found["orientation"], json!(["backward", "transition"]));
    assert_eq!(found["cycle"], json!(7));
    assert_eq!(found["product"], Value::Null);
    assert_eq!(found["bounding_box"]["west"], json!(-45.0));
    assert_eq!(found["bounding_box"]["south"], json!(70.0));
    let datasets = found["datasets"].as_array().unwrap();
    assert_eq!(datasets.len(), 7, "{datasets:#?}");
    let waves = datasets.iter().find(|d| d["name"] == "waves").unwrap();
    assert_eq!(waves["shape"], json!([4, 3]));
    assert_eq!(waves["chunk_shape"], json!([2, 3]));
    assert_eq!(waves["filters"], json!(["deflate 4"]));
    assert_eq!(waves["units"], json!("m"));
    assert_eq!(waves["dtype"], json!("float32"));
    let text = listed(&path).to_string();
    assert!(
        text.contains("7 datasets") && text.contains("\\u{1b}[2J/waves"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'));
    let text = shown(&path);
    assert!(
        text.contains("orientation backward and transition"),
        "{text}"
    );
    assert!(text.contains("1 with 1 datasets"), "{text}");
}

/// The file with bytes of its superblock (version 0) changed.
fn patched(path: &Path, name: &str, patches: &[(usize, &[u8])]) -> PathBuf {
    let mut bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes[8], 0, "a superblock of version 0");
    for (at, patch) in patches {
        bytes[*at..at + patch.len()].copy_from_slice(patch);
    }
    let path = path.with_file_name(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_granule_whose_userblock_was_cut_off_is_read_and_said_to_be_one() {
    let site = Site::new();
    let whole = site.old("a.h5");
    let length = std::fs::metadata(&whole).unwrap().len();
    let moved = |by: u64| [512_u64.to_le_bytes(), (length + by).to_le_bytes()];
    let [base, end] = moved(512);
    let stripped = patched(&whole, "stripped.h5", &[(24, &base), (40, &end)]);
    done(site.code_to("whole.zarr", "atl03", &one(&whole)));
    let (_, said) = done(site.code_to("stripped.zarr", "atl03", &one(&stripped)));
    assert!(
        said.contains("its userblock of 512 bytes was cut off"),
        "{said}"
    );
    assert_same(&site.out("whole.zarr"), &site.out("stripped.zarr"));
    // With another block in its place, too.
    let mut bytes = vec![b'#'; 512];
    bytes.extend(std::fs::read(&whole).unwrap());
    let behind = site.path("behind.h5");
    std::fs::write(&behind, bytes).unwrap();
    let (_, said) = done(site.code_to("behind.zarr", "atl03", &one(&behind)));
    assert_eq!(said, "");
    assert_same(&site.out("whole.zarr"), &site.out("behind.zarr"));
    let [base, end] = moved(513);
    let short = patched(&whole, "short.h5", &[(24, &base), (40, &end)]);
    refused(
        site.code("atl03", &one(&short)).execute(),
        Kind::Granule,
        &["short.h5: is truncated"],
    );
}

#[test]
fn a_file_that_its_writer_left_open_is_not_fetched_again() {
    let site = Site::new();
    let whole = site.old("a.h5");
    let open = [1, 0, 0, 0];
    let end = 2048_u64.to_le_bytes();
    // Open for writing, and its root is beyond the end that it knows.
    let crashed = patched(
        &whole,
        "crashed.h5",
        &[(20, &open), (40, &end), (64, &[0xee; 8])],
    );
    let says = [
        "crashed.h5: was not closed by the program that wrote it",
        "knows 2048 of",
        "h5clear -s",
    ];
    let message = refused(
        site.code("atl03", &one(&crashed)).execute(),
        Kind::Granule,
        &says,
    );
    assert!(!message.contains("fetch"), "{message}");
    let end = (1_u64 << 40).to_le_bytes();
    let cut = patched(&whole, "cut.h5", &[(20, &open), (40, &end)]);
    let says = [
        "cut.h5: was not closed",
        "says 1099511627776 bytes where the file has",
    ];
    refused(
        site.code("atl03", &one(&cut)).execute(),
        Kind::Granule,
        &says,
    );
}

#[test]
fn what_stands_in_front_of_the_signature_is_named_with_the_way_to_cut_it_off() {
    let site = Site::new();
    let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".to_vec();
    let before = bytes.len();
    bytes.extend(std::fs::read(site.good("a.h5", -45.0)).unwrap());
    let path = site.path("saved.h5");
    std::fs::write(&path, bytes).unwrap();
    let cut = format!("tail -c +{}", before + 1);
    let says = ["saved.h5: has 38 bytes in front", "HTTP/1.1 200 OK", &cut];
    refused(
        site.code("atl03", &one(&path)).execute(),
        Kind::Granule,
        &says,
    );
}

#[test]
fn a_dataset_of_another_levels_length_is_told_its_level() {
    let site = Site::new();
    let path = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 3000))]);
    let file = File::append(&path).unwrap();
    for name in ["geolocation", "geophys_corr"] {
        file.create_group(&format!("gt1l/{name}")).unwrap();
    }
    let write = |path: &str, values: Vec<f64>| {
        let builder = file.new_dataset::<f64>().shape(values.len());
        builder.create(path).unwrap().write_raw(&values).unwrap();
    };
    write("gt1l/geophys_corr/dem_h", vec![1.5; 3]);
    // What builds a dataset holds the file open.
    {
        let counts = file.new_dataset::<i32>().shape(3);
        let counts = counts.create("gt1l/geolocation/segment_ph_cnt").unwrap();
        counts.write_raw(&[1000_i32; 3]).unwrap();
        let begins = file.new_dataset::<i64>().shape(3);
        let begins = begins.create("gt1l/geolocation/ph_index_beg").unwrap();
        begins.write_raw(&[1_i64, 1001, 2001]).unwrap();
    }
    file.close().unwrap();
    let with = |variable: &str| {
        let text = include_str!("../../src/config/atl03.yaml");
        let text = text.replace("  filters:", &format!("    dem: {variable}\n  filters:"));
        let text = text.replace(
            "\noutput:",
            "    dem: {function: mean, source: dem}\n\noutput:",
        );
        let config = site.path("dem.yaml");
        std::fs::write(&config, text).unwrap();
        config
    };
    let config = with("\"/{group}/geophys_corr/dem_h\"");
    let says = [
        "dem_h has 3 rows",
        "as long as the level segments: say `level: segments` of the variable",
    ];
    refused(
        site.code(&config, &one(&path)).execute(),
        Kind::Granule,
        &says,
    );
    let config = with("{path: \"/{group}/geophys_corr/dem_h\", level: segments}");
    done(site.code(&config, &one(&path)));
    let config = with("{path: \"/{group}/heights/h_ph\", level: segments}");
    let says = ["h_ph has 3000 rows", "as long as the base level"];
    refused(
        site.code(&config, &one(&path)).overwrite(true).execute(),
        Kind::Granule,
        &says,
    );
}

#[test]
fn of_a_file_of_many_groups_the_first_are_shown() {
    let site = Site::new();
    let path = site.path("many.h5");
    let file = File::create(&path).unwrap();
    let track = file.create_group("gt1l").unwrap();
    for number in 0..10_100 {
        track.create_group(&format!("g{number}")).unwrap();
    }
    drop((track, file));
    let found = found(&path);
    assert_eq!(found["described_at_most"], 10_000);
    let text = shown(&path);
    assert!(
        text.contains("only the first 10000 groups and datasets are shown"),
        "{text}"
    );
    let says = ["many.h5", "has data at /{group}/heights/lat_ph"];
    refused(
        site.code("atl03", &one(&path)).execute(),
        Kind::Argument,
        &says,
    );
}
