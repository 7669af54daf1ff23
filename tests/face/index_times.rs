//! Maps of a time by other times than an index looked at.

use std::path::{Path, PathBuf};

use hdf5::File;
use hdf5::types::VarLenUnicode;

use crate::support::site::Site;
use crate::support::timed::{DAY, PHOTONS, tell};

/// A granule of a day by its own word, whose photons have a second time, that of another day.
fn twice(site: &Site, name: &str, lon: f64, [day, other]: [f64; 2]) -> PathBuf {
    let granule = site.timed(name, lon, |i| day * DAY + i as f64);
    let end = day * DAY + PHOTONS as f64;
    tell(&granule, "ancillary_data", "start_delta_time", day * DAY);
    tell(&granule, "ancillary_data", "end_delta_time", end);
    let file = File::open_rw(&granule).unwrap();
    let times: Vec<f64> = (0..PHOTONS).map(|i| other * DAY + i as f64).collect();
    for track in ["gt1l", "gt2r"] {
        let set = file.new_dataset::<f64>().shape(PHOTONS);
        let set = set.create(&*format!("{track}/heights/other")).unwrap();
        set.write_raw(&times).unwrap();
        let units = set.new_attr::<VarLenUnicode>().create("units").unwrap();
        let epoch: VarLenUnicode = "seconds since 2018-01-01".parse().unwrap();
        units.write_scalar(&epoch).unwrap();
    }
    file.close().unwrap();
    granule
}

#[test]
fn a_map_by_other_times_has_the_same_bytes_with_an_index() {
    let site = Site::new();
    let granules = [
        // Outside by its word, which the other times bear out, or do not.
        twice(&site, "out.h5", -45.0, [510.0, 510.0]),
        twice(&site, "odd.h5", -44.0, [510.0, 521.0]),
        twice(&site, "in.h5", -43.0, [520.0, 520.0]),
    ];
    let named: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    site.indexed(&named);
    let index = site.path("index.parquet");
    for (dataset, outside, opened) in [
        ("delta_time", &["odd.h5", "out.h5"][..], 0),
        ("other", &["out.h5"], 2),
    ] {
        let time = format!(
            "time: {{from: 2019-06, to: 2019-06, dataset: '/{{group}}/heights/{dataset}'}}"
        );
        let asked = site.stepped("june.yaml", &time);
        let plain = site.mapping(&asked, &named).execute().unwrap();
        assert_eq!(plain.outside_time, outside);
        let expected = site.map_bytes();
        let known = site.mapping(&asked, &named).index(&index);
        let known = known.execute().unwrap();
        assert_eq!(known.outside_time, outside);
        assert_eq!(site.map_bytes(), expected, "{dataset}");
        assert_eq!(known.indexed.unwrap().spared, 3 - opened, "{dataset}");
    }
}
