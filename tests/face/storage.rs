//! Filters, other files and values that are not stored: what all that opens granules says of them.

use std::path::{Path, PathBuf};

use hdf5::File;
use icefold::Result;
use icefold::config::{self, Access};
use icefold::error::Kind;
use icefold::inspect::{Look, inspect};
use serde_json::Value;

use super::from_code::{done, partly, refused};
use crate::support::folder;
use crate::support::granules::one;
use crate::support::site::Site;

/// What comes of all that opens a granule, which may lead into these folders.
fn opened(site: &Site, granule: &Path, external: &[&Path]) -> [Result<()>; 4] {
    let config = config::load("atl03").unwrap();
    let run = || site.code("atl03", &one(granule)).external(external);
    let map = site.mapping("atl03", &one(granule)).external(external);
    let access = Access {
        external: external.iter().map(PathBuf::from).collect(),
        ..Access::default()
    };
    let look = Look {
        config: Some(&config),
        access: Some(&access),
        ..Look::default()
    };
    [
        run().execute().map(|_| ()),
        run().planned().unwrap().survey().map(|_| ()),
        map.execute().map(|_| ()),
        inspect(granule, look).map(|_| ()),
    ]
}

#[test]
fn links_are_followed_only_where_they_may_lead() {
    let (site, elsewhere) = (Site::new(), folder());
    let part = site.good("part.h5", -45.0);
    let outside = elsewhere.path().join("part.h5");
    std::fs::rename(part, &outside).unwrap();
    let granule = site.path("a.h5");
    let file = File::create(&granule).unwrap();
    file.link_external(outside.to_str().unwrap(), "/gt1l", "gt1l")
        .unwrap();
    file.close().unwrap();
    for result in opened(&site, &granule, &[]) {
        let says = [
            "granule a.h5: /gt1l is an external link to",
            "allow_external",
        ];
        refused(result, Kind::Granule, &says);
        assert!(site.written().is_empty(), "{:?}", site.written());
    }
    for result in opened(&site, &granule, &[elsewhere.path()]) {
        result.unwrap();
    }
    let report = std::fs::read_to_string(site.out("a.run.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["photons"]["kept"], 3000);
    let nowhere = site.code("atl03", &one(&granule));
    refused(
        nowhere.external([site.path("none")]).planned(),
        Kind::Argument,
        &["none is not a folder"],
    );
}

#[test]
fn a_filter_that_is_not_built_in_is_named() {
    let site = Site::new();
    let granule = site.with_filter("a.h5");
    for result in opened(&site, &granule, &[]) {
        let says = [
            "/gt1l/heights/lat_ph is stored with the filter bitshuffle (32008)",
            "h5repack",
        ];
        let said = refused(result, Kind::Granule, &says);
        assert!(!said.contains("can't open directory"), "{said}");
    }
}

#[test]
fn a_tolerant_run_takes_rows_that_are_not_stored_for_null() {
    let site = Site::new();
    let granule = site.good("a.h5", -45.0);
    let file = File::open_rw(&granule).unwrap();
    // What builds a dataset holds the file open.
    {
        let group = file.group("gt1l/heights").unwrap();
        let heights: Vec<f32> = group.dataset("h_ph").unwrap().read_raw().unwrap();
        group.unlink("h_ph").unwrap();
        let holes = group.new_dataset::<f32>().shape(2500_usize..).chunk(500);
        let holes = holes.create("h_ph").unwrap();
        holes.write_raw(&heights[..2500]).unwrap();
        holes.resize(3000).unwrap();
    }
    file.close().unwrap();
    let says = ["/gt1l/heights/h_ph has no storage chunk for rows 2500 to 2999"];
    refused(
        site.code("atl03", &one(&granule)).execute(),
        Kind::Granule,
        &says,
    );
    let tolerant = site.code("atl03", &one(&granule));
    let (report, message) = partly(tolerant.tolerant(true));
    assert_eq!(report["photons"]["rejected_by"]["null"], 500);
    assert_eq!(report["granules"]["done"][0]["rows_not_stored"], 500);
    assert!(
        message.contains("h_ph has no storage chunk for 500 of its 3000 rows"),
        "{message}"
    );
}

#[test]
fn a_granule_without_ground_tracks_is_read_beside_others() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let empty = site.path("b.h5");
    let file = File::create(&empty).unwrap();
    file.create_group("METADATA").unwrap();
    file.create_group("orbit_info").unwrap();
    file.close().unwrap();
    let run = site.code("atl03", &[&good, &empty]);
    let (report, message) = done(run);
    assert_eq!(report["photons"]["kept"], 3000);
    assert_eq!(
        report["granules"]["done"][1]["ground_tracks"][0]["status"],
        "missing"
    );
    assert!(
        message.contains("b.h5 has no photons; check that it is of what is asked for"),
        "{message}"
    );
}
