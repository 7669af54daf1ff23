//! Ground tracks and granules that are chosen by what they say of themselves.

use std::path::{Path, PathBuf};

use hdf5::File;
use hdf5::types::VarLenUnicode;
use icefold::config;
use icefold::error::Kind;
use serde_json::{Value, json};

use super::from_code::{done, partly, refused};
use crate::support::granules::paths;
use crate::support::site::Site;
use crate::support::timed::{DAY, PHOTONS, tell};

/// A config with a piece below `data_source`.
fn choosing(site: &Site, piece: &str) -> PathBuf {
    let path = site.stepped("chosen.yaml", "");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("  groups:", &format!("  {piece}\n  groups:")),
    )
    .unwrap();
    path
}

/// Granules of the cycles 3, 4 and 6; the last does not say so in its name.
fn granules(site: &Site) -> [PathBuf; 3] {
    let [a, b, c] = [
        ("ATL03_20190215000000_00010305_006_01.h5", -45.0),
        ("ATL03_20190515000000_00020406_006_01.h5", -45.2),
        ("c.h5", -44.8),
    ]
    .map(|(name, lon)| site.timed(name, lon, |i| 400.0 * DAY + i as f64));
    tell(&c, "orbit_info", "cycle_number", 6_i8);
    tell(&c, "orbit_info", "rgt", 3_i16);
    tell(&a, "orbit_info", "cycle_number", 3_i8);
    for (granule, flight) in [(&a, 0.5), (&b, 1.5), (&c, 2.5)] {
        tell(granule, "ancillary_data", "qa_mark", flight);
        let file = File::open_rw(granule).unwrap();
        for (track, spot) in [("gt1l", "1"), ("gt2r", "4")] {
            let group = file.group(track).unwrap();
            let text: VarLenUnicode = spot.parse().unwrap();
            let attribute = group
                .new_attr::<VarLenUnicode>()
                .create("atlas_spot_number");
            attribute.unwrap().write_scalar(&text).unwrap();
        }
        file.close().unwrap();
    }
    [a, b, c]
}

#[test]
fn granules_and_ground_tracks_are_left_out_by_what_they_say_and_not_read() {
    let site = Site::new();
    let granules = granules(&site);
    let run = |filters: &str| {
        let config = choosing(&site, &format!("filters: [{filters}]"));
        done(site.code(config, &paths(&granules)).overwrite(true)).0
    };
    let all = 6 * PHOTONS;
    for (filter, kept, reason) in [
        (
            "{granule: cycle, op: ge, value: 4}",
            4,
            "granule cycle ge 4",
        ),
        (
            "{granule: cycle, op: in, values: [3, 6]}",
            4,
            "granule cycle in [3, 6]",
        ),
        ("{granule: rgt, op: eq, value: 3}", 2, "granule rgt eq 3"),
        (
            "{granule: qa_mark, op: lt, value: 2}",
            4,
            "granule qa_mark lt 2",
        ),
        (
            "{granule: /ancillary_data/qa_mark, op: lt, value: 2, keep: false}",
            2,
            "granule /ancillary_data/qa_mark lt 2 (keep: false)",
        ),
        (
            "{track: atlas_spot_number, op: eq, value: 1}",
            3,
            "track atlas_spot_number eq 1",
        ),
    ] {
        let report = run(filter);
        let (kept, unread) = (kept * PHOTONS, all - kept * PHOTONS);
        assert_eq!(report["photons"]["read"], kept, "{filter}");
        assert_eq!(report["photons"]["kept"], kept);
        assert_eq!(
            report["photons"]["unread_by"],
            json!({format!("filter: {reason}"): unread})
        );
    }
    // The first that rejects counts, and those of photons come behind.
    let both = run(
        "{dataset: '/{group}/heights/h_ph', op: ge, value: 0}, {granule: cycle, op: ne, value: 3}, \
         {track: atlas_spot_number, op: ne, value: 1}",
    );
    assert_eq!(both["photons"]["read"], 2 * PHOTONS);
    let by = &both["photons"]["unread_by"];
    assert_eq!(by["filter: granule cycle ne 3"], 2 * PHOTONS);
    assert_eq!(by["filter: track atlas_spot_number ne 1"], 2 * PHOTONS);
    let track = &both["granules"]["done"][0]["ground_tracks"][0];
    assert_eq!(track["status"], "left out by a filter", "{track}");
    assert_eq!(
        (&track["rows"], &track["unread"]["photons"]),
        (&json!(0), &json!(PHOTONS))
    );
}

#[test]
fn a_run_over_a_map_leaves_out_what_a_run_over_its_granules_does() {
    let site = Site::new();
    let granules = granules(&site);
    let config = choosing(&site, "filters: [{granule: cycle, op: ge, value: 4}]");
    site.mapping(&config, &paths(&granules)).execute().unwrap();
    let direct = done(site.code(&config, &paths(&granules))).0;
    let mapped = done(site.over_as("b.zarr", &config)).0;
    for key in ["content_sha256", "photons"] {
        assert_eq!(direct[key], mapped[key]);
    }
}

#[test]
fn beams_are_a_list_of_ground_tracks_too() {
    let site = Site::new();
    let granules = granules(&site);
    let config = choosing(&site, "beams: [gt2r]");
    let report = done(site.code(config, &paths(&granules))).0;
    assert_eq!(report["photons"]["kept"], 3 * PHOTONS);
    let tracks = &report["granules"]["done"][0]["ground_tracks"];
    assert_eq!(tracks[0]["status"], "another beam");
    assert_eq!(
        tracks[1]["beam"],
        json!({"type": "weak", "spot": 4, "by": "atlas_spot_number"})
    );
    let unread: &Value = &report["photons"]["unread_by"];
    assert_eq!(*unread, json!({"beam: another beam": 3 * PHOTONS}));
}

#[test]
fn what_is_not_said_or_contradicts_itself_is_refused() {
    let site = Site::new();
    let [a, b, c] = granules(&site);
    let run = |filter: &str, granule: &Path| {
        let config = choosing(&site, &format!("filters: [{filter}]"));
        site.code(config, &[granule]).overwrite(true).execute()
    };
    let says = ["c.h5: nothing tells region, and a filter compares it"];
    refused(
        run("{granule: region, op: eq, value: 5}", &c),
        Kind::Granule,
        &says,
    );
    let says = [
        "nothing tells attribute groundtrack_id of gt1l",
        "remove the filter",
    ];
    refused(
        run("{track: groundtrack_id, op: eq, value: x}", &a),
        Kind::Granule,
        &says,
    );
    tell(&b, "orbit_info", "cycle_number", 5_i8);
    let says = ["/orbit_info/cycle_number is 5, and its name says cycle 4"];
    refused(
        run("{granule: cycle, op: eq, value: 5}", &b),
        Kind::Granule,
        &says,
    );
    {
        let file = File::open_rw(&a).unwrap();
        let group = file.group("ancillary_data").unwrap();
        let set = group.new_dataset_builder().with_data(&[1_i32, 2, 2]);
        set.create("several").unwrap();
        drop(group);
        file.close().unwrap();
    }
    let says = ["/ancillary_data/several has 2 different values"];
    refused(
        run("{granule: several, op: eq, value: 1}", &a),
        Kind::Granule,
        &says,
    );
    // A tolerant run goes on without such a granule.
    let config = choosing(&site, "filters: [{granule: region, op: eq, value: 5}]");
    let report = partly(site.code(config, &[&a, &c]).overwrite(true).tolerant(true)).0;
    assert_eq!(report["photons"]["kept"], 2 * PHOTONS);
    assert_eq!(report["granules"]["failed"][0]["granule"], "c.h5");
}

#[test]
fn filters_and_lists_that_mean_nothing_are_refused_by_name() {
    let site = Site::new();
    for (piece, says) in [
        (
            "filters: [{granule: cycle, track: a, op: eq, value: 1}]",
            "filters[0]: has both granule and track",
        ),
        (
            "filters: [{granule: cycle, dataset: /a, op: eq, value: 1}]",
            "filters[0]: has dataset beside granule",
        ),
        (
            "filters: [{granule: a/b, op: eq, value: 1}]",
            "filters[0].granule: 'a/b' is none of cycle, rgt, region",
        ),
        (
            "filters: [{track: a/b, op: eq, value: 1}]",
            "filters[0].track: 'a/b' is not the name of an attribute",
        ),
        (
            "filters: [{granule: cycle, value: 1}]",
            "filters[0]: key 'op' is missing",
        ),
        (
            "filters: [{granule: cycle, op: in, value: 1}]",
            "filters[0]: in and not_in take values",
        ),
        (
            "filters: [{track: a, op: ge, value: strong}]",
            "filters[0].value: 'strong' is a text",
        ),
        (
            "beams: [gt1l, gt3r]",
            "beams[1]: 'gt3r' is none of data_source.groups: gt1l, gt2r",
        ),
        ("beams: [gt1l, gt1l]", "beams[1]: 'gt1l' is listed twice"),
        ("beams: []", "data_source.beams: no ground track"),
    ] {
        let path = choosing(&site, piece);
        let message = config::load(path.to_str().unwrap())
            .unwrap_err()
            .to_string();
        assert!(message.contains(says), "{message}");
    }
}
