//! The real granules: rows, fills and values as h5py reads them.

use std::path::PathBuf;

use icefold::config::{Access, BeamChoice, Beams, Config, FilterOp};
use icefold::read::hdf5::{GranuleFile, inspect};

use super::{Photon, Whole, atl03, atl06, filter, link, read, variable};

const ATL03: &str = "ATL03_20181014002445_02350104_006_02_gt1l_subset.h5";
const ATL06: &str = "processed_ATL06_20190222155947_08580212_001_01.h5";
const ATL06_FILLS: &str = "processed_ATL06_20181015100401_02560110_003_01.h5";
const MINI: &str = "synthetic_atl03_mini.h5";

fn granule(name: &str) -> PathBuf {
    crate::data().join("icesat2").join(name)
}

/// Sums of the bits of column 0, latitude and longitude, wrapping: any changed value shows.
fn checksums(photons: &[Photon]) -> [u64; 3] {
    photons.iter().fold([0, 0, 0], |[v, lat, lon], p| {
        let value = p.values[0].unwrap_or(0);
        [
            v.wrapping_add(value),
            lat.wrapping_add(p.lat),
            lon.wrapping_add(p.lon),
        ]
    })
}

fn rows_of(whole: &Whole) -> Vec<u64> {
    whole.tracks.iter().map(|(_, _, rows)| *rows).collect()
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn atl03_photons_equal_h5py() {
    let whole = read(&granule(ATL03), &atl03(&["h_ph"]), 1 << 20).unwrap();
    assert_eq!(rows_of(&whole), [2909, 0, 0, 0, 0, 0]);
    assert_eq!(whole.tracks[0].1, "present");
    assert_eq!(whole.tracks[1].1, "missing");
    assert_eq!(whole.counts.kept, 2909);
    assert_eq!(
        checksums(&whole.photons),
        [
            3_193_204_899_437,
            1_098_459_094_742_325_800,
            3_948_590_625_654_465_644
        ]
    );
    assert_eq!(whole.bytes_read, 2909 * (8 + 8 + 4));
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn atl06_fills_are_nulls_and_all_null_photons_are_rejected() {
    let config = atl06(&["h_li", "h_li_sigma"]);
    let whole = read(&granule(ATL06), &config, 1 << 20).unwrap();
    assert_eq!(rows_of(&whole), [9481, 9449, 9300, 9301, 8024, 7943]);
    assert_eq!(whole.counts.read, 53_498);
    assert_eq!(whole.counts.rejected["null"], 4356);
    assert_eq!(whole.counts.rejected.len(), 1);
    assert_eq!(
        checksums(&whole.photons),
        [
            56_604_490_316_627,
            16_456_514_201_700_917_596,
            13_239_627_992_215_813_205
        ]
    );
    // With a column that is never null, the same photons are kept and counted as null in h_li.
    let config = atl06(&["h_li", "segment_id"]);
    let whole = read(&granule(ATL06), &config, 1 << 20).unwrap();
    assert_eq!(whole.counts.kept, 53_498);
    assert_eq!(whole.counts.nulls["h_li"], 4356);
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn strong_beams_are_left_or_right_as_the_granule_flew() {
    let strong = |transition| Config {
        beams: Some(Beams {
            choice: BeamChoice::Strong,
            exclude_transition: transition,
        }),
        ..atl06(&["h_li"])
    };
    // Backward, then forward: atlas_beam_type of each ground track as h5py reads it.
    let whole = read(&granule(ATL06), &strong(false), 1 << 20).unwrap();
    assert_eq!(rows_of(&whole), [9481, 0, 9300, 0, 8024, 0]);
    let all = read(&granule(ATL06_FILLS), &atl06(&["h_li"]), 1 << 20).unwrap();
    let whole = read(&granule(ATL06_FILLS), &strong(true), 1 << 20).unwrap();
    let [_, b, _, d, _, f] = rows_of(&all)[..] else {
        panic!("{:?}", rows_of(&all));
    };
    assert_eq!(rows_of(&whole), [0, b, 0, d, 0, f]);
    assert!(b > 0 && d > 0, "{b} {d}");
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_quality_filter_counts_before_nulls() {
    let mut config = atl06(&["h_li", "h_li_sigma"]);
    let dataset = "land_ice_segments/atl06_quality_summary";
    config.filters = vec![filter(dataset, None, FilterOp::Eq, 0.0)];
    let whole = read(&granule(ATL06), &config, 1 << 20).unwrap();
    assert_eq!(whole.counts.kept, 45_264);
    assert_eq!(
        whole.counts.rejected["filter: atl06_quality_summary eq 0"],
        8234
    );
    assert_eq!(whole.counts.rejected.len(), 1);
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_ground_track_of_nothing_but_fills_in_one_element_arrays_keeps_no_photon() {
    let mut config = atl06(&["h_li", "h_li_sigma"]);
    let whole = read(&granule(ATL06_FILLS), &config, 1 << 20).unwrap();
    assert_eq!(rows_of(&whole), [60, 60, 188, 188, 12, 12]);
    assert_eq!(whole.counts.rejected["null"], 58 + 138 + 12);
    assert!(whole.photons.iter().all(|p| p.ground_track != "gt3l"));
    config.ground_tracks = vec!["gt3l".into()];
    let whole = read(&granule(ATL06_FILLS), &config, 1 << 20).unwrap();
    assert_eq!((whole.counts.read, whole.counts.kept), (12, 0));
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn latitudes_beyond_the_pole_are_bad_coordinates() {
    let mut config = atl03(&["h_ph"]);
    let dataset = "heights/signal_conf_ph";
    config.filters = vec![filter(dataset, Some(0), FilterOp::Ne, -2.0)];
    let whole = read(&granule(MINI), &config, 1 << 20).unwrap();
    assert_eq!(rows_of(&whole), [2432, 0, 2432, 0, 0, 0]);
    assert_eq!(whole.counts.rejected["bad_coordinate"], 2432);
    assert_eq!(
        whole.counts.rejected["filter: signal_conf_ph[:,0] ne -2"],
        348
    );
    assert_eq!(whole.counts.kept, 2084);
    assert!(whole.photons.iter().all(|p| p.ground_track == "gt1l"));
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_block_size_does_not_change_what_is_read() {
    let mut segments = atl03(&["h_ph", "delta_time"]);
    segments.link = Some(link());
    let path = "/{group}/geolocation/segment_id";
    segments.variables.push(variable("segment_id", path, true));
    segments.filters = vec![filter(
        "heights/signal_conf_ph",
        Some(0),
        FilterOp::Ne,
        -2.0,
    )];
    let heights = atl06(&["h_li", "h_li_sigma", "segment_id"]);
    let cases = [
        (ATL03, &segments),
        (MINI, &segments),
        (ATL06_FILLS, &heights),
    ];
    for (name, config) in cases {
        let whole = read(&granule(name), config, 1 << 20).unwrap();
        assert!(!whole.photons.is_empty());
        for batch_rows in [1, 7, 1000] {
            let split = read(&granule(name), config, batch_rows).unwrap();
            assert_eq!(split.photons, whole.photons, "{name} by {batch_rows}");
            assert_eq!(split.counts, whole.counts, "{name} by {batch_rows}");
        }
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn datasets_of_geolocation_segments_are_broadcast_to_photons() {
    let mut config = atl03(&[]);
    config.link = Some(link());
    for (name, group) in [("segment_id", "geolocation"), ("dem_h", "geophys_corr")] {
        let path = format!("/{{group}}/{group}/{name}");
        config.variables.push(variable(name, &path, true));
    }
    let whole = read(&granule(ATL03), &config, 500).unwrap();
    let sum = |i: usize| -> u64 { whole.photons.iter().filter_map(|p| p.values[i]).sum() };
    assert_eq!((sum(0), sum(1)), (1_480_268_665, 3_184_672_238_873));
    assert!(whole.warnings.is_empty());
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn source_columns_carry_type_units_and_long_name() {
    let file = GranuleFile::open(&granule(ATL06)).unwrap();
    let columns = file
        .source_columns(&atl06(&["h_li", "segment_id"]))
        .unwrap()
        .unwrap();
    assert_eq!(columns[0].dtype.name(), "float32");
    assert_eq!(columns[0].units.as_deref(), Some("meters"));
    assert_eq!(columns[0].long_name.as_deref(), Some("Land Ice height"));
    assert_eq!(columns[1].dtype.name(), "int32");
    assert_eq!(file.source_columns(&atl03(&["h_ph"])).unwrap(), None);
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn inspect_describes_both_products() {
    let found = inspect(&granule(ATL06_FILLS), &Access::default()).unwrap();
    let description = found.json();
    let tracks = description["ground_tracks"].as_array().unwrap();
    assert_eq!(tracks.len(), 6);
    let groups = tracks[0]["groups"].as_array().unwrap();
    let main = groups
        .iter()
        .find(|g| g["path"] == "land_ice_segments")
        .unwrap();
    let datasets = main["datasets"].as_array().unwrap();
    let h_li = datasets.iter().find(|d| d["name"] == "h_li").unwrap();
    assert_eq!(h_li["rows"], 60);
    assert_eq!(h_li["dtype"], "float32");
    assert_eq!(h_li["chunk_shape"], serde_json::json!([10_000]));
    assert_eq!(h_li["filters"], serde_json::json!(["deflate 6"]));
    assert_eq!(h_li["fill_value"], f64::from(f32::MAX));
    assert_eq!(h_li["units"], "meters");

    let text = inspect(&granule(ATL03), &Access::default())
        .unwrap()
        .to_string();
    let line = text
        .lines()
        .find(|l| l.trim_start().starts_with("signal_conf_ph"))
        .unwrap();
    assert!(line.contains("2909 x 5  int8"), "{line}");
    assert!(line.contains("shuffle, deflate 6"), "{line}");
    assert!(text.contains("\ngt1l/heights\n") && text.contains("\ngt1l/geolocation\n"));
    assert!(text.lines().count() < 70, "{text}");
}
