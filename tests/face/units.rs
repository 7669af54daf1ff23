//! Units and other conventions of granules that are read together, and what the report says of them.

use std::path::{Path, PathBuf};

use hdf5::types::VarLenAscii;
use icefold::error::Kind;

use super::from_code::{done, partly, refused};
use crate::support::Site;
use crate::support::tables::{Row, record_batch, table_yaml, with_metadata, write_batch};

/// A granule whose heights are in these units.
fn granule(site: &Site, name: &str, units: Option<&str>) -> PathBuf {
    let path = site.good(name, -45.0);
    let file = hdf5::File::open_rw(&path).unwrap();
    if let Some(units) = units {
        let heights = file.dataset("gt1l/heights/h_ph").unwrap();
        let attribute = heights.new_attr::<VarLenAscii>().create("units").unwrap();
        let units = VarLenAscii::from_ascii(units).unwrap();
        attribute.write_scalar(&units).unwrap();
    }
    file.close().unwrap();
    path
}

#[test]
fn granules_in_other_units_are_an_error_or_left_out_by_name() {
    let site = Site::new();
    let granules = [("a.h5", "meters"), ("b.h5", "feet"), ("c.h5", "m")]
        .map(|(name, units)| granule(&site, name, Some(units)));
    let paths: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    let says = "granule b.h5: column h_ph is in feet in granule b.h5, in meters in granule a.h5";
    refused(site.code("atl03", &paths).execute(), Kind::Granule, &[says]);
    let (report, _) = partly(site.code("atl03", &paths).tolerant(true));
    assert_eq!(report["photons"]["read"], 6000);
    let reason = report["granules"]["failed"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(says), "{reason}");
    let store = icefold::store::StoreReader::open(site.out("a.zarr"));
    assert!(store.is_ok());
}

#[test]
fn units_that_one_granule_lacks_are_a_note() {
    let site = Site::new();
    let granules = [
        granule(&site, "a.h5", Some("meters")),
        granule(&site, "b.h5", None),
    ];
    let (report, message) = done(site.code("atl03", &[&granules[0], &granules[1]]));
    let note = "granule b.h5: column h_ph has no units, in granule a.h5 it is in meters; taken for the \
                same";
    assert_eq!(report["drift"][0], note);
    assert!(message.contains(&format!("note: {note}")), "{message}");
}

#[test]
fn metadata_of_fields_mean_what_attributes_mean_and_the_report_tells() {
    let site = Site::new();
    let row = |i: i64| Row {
        lon: -45.0,
        lat: 70.0,
        h: Some(i as f32),
        k: Some(i),
        flag: 0,
    };
    let batch = record_batch(&(0..10).map(row).collect::<Vec<_>>());
    let packed = [
        ("scale_factor", "0.5"),
        ("add_offset", "100"),
        ("_FillValue", "9"),
        ("valid_max", "7"),
    ];
    let batch = with_metadata(&batch, "k", &packed);
    let path = site.path("packed.parquet");
    write_batch(&path, &batch, 4);
    let config = site.path("table.yaml");
    std::fs::write(&config, table_yaml()).unwrap();
    let (report, message) = done(site.code(&config, &[&path]));
    assert_eq!(report["photons"]["null_by"]["k"], 2);
    assert_eq!(report["photons"]["outside_valid_range_by"]["k"], 1);
    let says = "column k: 1 values lie outside its valid_max 7 and are null";
    assert!(message.contains(says), "{message}");
    let applied = serde_json::json!([{
        "dataset": "k", "dtype": "int64", "read_as": "float64", "scale_factor": 0.5,
        "add_offset": 100.0, "fill_values": [9], "valid_max": 7, "granules": 1,
    }]);
    assert_eq!(report["conventions"], applied);
    let ignoring = table_yaml().replace("output:", "output:\n  valid_range: ignore");
    std::fs::write(&config, ignoring).unwrap();
    let (ignored, message) = done(site.code_to("b.zarr", &config, &[&path]));
    assert_eq!(ignored["photons"]["null_by"]["k"], 1);
    assert!(!message.contains("valid_max"), "{message}");
    assert_ne!(ignored["config"]["sha256"], report["config"]["sha256"]);
    // Degrees are asked for where coordinates say what they are.
    let radians = with_metadata(&batch, "lat", &[("units", "radians")]);
    write_batch(&path, &radians, 4);
    let says = "packed.parquet: column lat: attribute units is 'radians'";
    refused(
        site.code_to("c.zarr", &config, &[&path]).execute(),
        Kind::Granule,
        &[says],
    );
}
