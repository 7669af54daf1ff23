//! Beams: which ground tracks are read, by what granules say of them.

use std::path::{Path, PathBuf};

use hdf5::types::FixedAscii;
use serde_json::{Value, json};

use super::granules::Heights;
use super::{Site, json as json_of, refuse};
use crate::support::icefold;
use crate::support::tables::table_yaml;

const SIX: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];

/// What a granule says of its beams.
#[derive(Default)]
struct Says {
    /// Type and number of the spot, of each of the first ground tracks.
    attributes: Vec<[Option<&'static str>; 2]>,
    orientation: Option<Vec<i8>>,
}

impl Site {
    /// A granule of six ground tracks of 100 photons, each a little east of the one before.
    fn six(&self, name: &str, says: &Says) -> PathBuf {
        let path = self.path(name);
        let file = hdf5::File::create(&path).unwrap();
        for (i, track) in SIX.iter().enumerate() {
            Heights::along(-45.0 + i as f64 * 0.01, 100).write(&file, track);
        }
        for (track, values) in SIX.iter().zip(&says.attributes) {
            let group = file.group(track).unwrap();
            for (attribute, value) in ["atlas_beam_type", "atlas_spot_number"].iter().zip(values) {
                if let Some(value) = value {
                    let text = FixedAscii::<16>::from_ascii(value).unwrap();
                    let created = group.new_attr::<FixedAscii<16>>().create(*attribute);
                    created.unwrap().write_scalar(&text).unwrap();
                }
            }
        }
        if let Some(orientation) = &says.orientation {
            let group = file.create_group("orbit_info").unwrap();
            let dataset = group.new_dataset::<i8>().shape(orientation.len());
            dataset
                .create("sc_orient")
                .unwrap()
                .write_raw(orientation)
                .unwrap();
        }
        file.close().unwrap();
        path
    }

    fn choosing(&self, name: &str, beams: &str) -> PathBuf {
        let changed = self.atl03_with("  groups:", &format!("  beams: {beams}\n  groups:"));
        let path = self.path(name);
        std::fs::rename(changed, &path).unwrap();
        path
    }

    /// Names of the ground tracks of which photons were read, and the report.
    fn tracks_read(&self, beams: &str, granules: &[&Path]) -> (Vec<String>, Value) {
        let config = self.choosing("beams.yaml", beams);
        let mut run = self.run(config, granules);
        let (report, warnings) = json_of(run.args(["--overwrite", "--allow-empty", "--json"]), 0);
        assert!(!warnings.contains("no photons"), "{warnings}");
        let done = report["granules"]["done"].as_array().unwrap().iter();
        let tracks = done.flat_map(|granule| granule["ground_tracks"].as_array().unwrap());
        let read = tracks.filter(|track| track["rows"].as_u64() > Some(0));
        let read: Vec<String> = read
            .map(|t| t["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(report["photons"]["read"], 100 * read.len());
        (read, report)
    }
}

/// Attributes of the product, flying forward.
fn forward() -> Says {
    let of = |spot: &'static str, kind: &'static str| [Some(kind), Some(spot)];
    Says {
        attributes: vec![
            of("6", "weak"),
            of("5", "strong"),
            of("4", "weak"),
            of("3", "Strong"),
            of("2", "weak"),
            of("1", "strong"),
        ],
        // What the attributes say counts, whatever this does.
        orientation: Some(vec![0]),
    }
}

fn turned(orientation: &[i8]) -> Says {
    Says {
        orientation: Some(orientation.to_vec()),
        ..Says::default()
    }
}

#[test]
fn beams_are_chosen_by_attributes_and_else_by_orientation_and_never_by_name() {
    let site = Site::new();
    let by_attributes = site.six("attributes.h5", &forward());
    let spots_only = Says {
        attributes: forward()
            .attributes
            .iter()
            .map(|[_, spot]| [None, *spot])
            .collect(),
        ..Says::default()
    };
    let by_spots = site.six("spots.h5", &spots_only);
    let by_forward = site.six("forward.h5", &turned(&[1, 1]));
    let by_backward = site.six("backward.h5", &turned(&[0]));
    let (left, right) = (["gt1l", "gt2l", "gt3l"], ["gt1r", "gt2r", "gt3r"]);
    for (granule, strong, by) in [
        (&by_attributes, right, "atlas_beam_type"),
        (&by_spots, right, "atlas_spot_number"),
        (&by_forward, right, "sc_orient"),
        (&by_backward, left, "sc_orient"),
    ] {
        let weak = if strong == left { right } else { left };
        let (read, report) = site.tracks_read("strong", &[granule]);
        assert_eq!(read, strong);
        let tracks = &report["granules"]["done"][0]["ground_tracks"];
        let first = usize::from(strong == right);
        let spot = if strong == right { 5 } else { 1 };
        let beam = json!({"type": "strong", "spot": spot, "by": by});
        assert_eq!(
            tracks[first],
            json!({"name": strong[0], "status": "present", "rows": 100, "beam": beam})
        );
        assert_eq!(tracks[1 - first]["status"], "another beam");
        assert_eq!(tracks[1 - first]["beam"]["type"], "weak");
        assert_eq!(site.tracks_read("weak", &[granule]).0, weak);
        // The outer two, whichever way it flies.
        let outer = site.tracks_read("{spots: [6, 1]}", &[granule]).0;
        assert_eq!(outer, ["gt1l", "gt3r"]);
        let one = site.tracks_read("{spots: [3]}", &[granule]).0;
        assert_eq!(one, [if strong == right { "gt2r" } else { "gt2l" }]);
    }
    // In one run, each granule by what it says.
    let (both, _) = site.tracks_read("{type: strong}", &[&by_backward, &by_forward]);
    assert_eq!(both, [left, right].concat());
}

#[test]
fn a_spacecraft_that_turns_is_refused_or_left_out() {
    let site = Site::new();
    for orientation in [&[2][..], &[0, 1], &[1, 2]] {
        let granule = site.six("turning.h5", &turned(orientation));
        let config = site.choosing("strong.yaml", "strong");
        let shown = format!("/orbit_info/sc_orient is {orientation:?}");
        let says = [
            "turning.h5: ",
            &shown,
            "gt1l changes its beam",
            "transition: exclude",
        ];
        refuse(site.run(config, &[&granule]).arg("--overwrite"), 1, &says);
        let exclude = "{type: strong, transition: exclude}";
        let alone = site.choosing("exclude.yaml", exclude);
        let says = ["of the beams that are chosen (strong, those in transition excluded)"];
        refuse(site.run(alone, &[&granule]).arg("--overwrite"), 2, &says);
        let forward = site.six("with.h5", &turned(&[1]));
        let (read, report) = site.tracks_read(exclude, &[&granule, &forward]);
        assert_eq!(read, ["gt1r", "gt2r", "gt3r"]);
        let track = &report["granules"]["done"][0]["ground_tracks"][0];
        assert_eq!(
            track,
            &json!({"name": "gt1l", "status": "in transition", "rows": 0,
                "unread": {"reason": "beam: in transition", "photons": 100}})
        );
    }
    // Attributes tell the beam of each ground track even then.
    let told = Says {
        orientation: Some(vec![2]),
        ..forward()
    };
    let granule = site.six("told.h5", &told);
    assert_eq!(
        site.tracks_read("strong", &[&granule]).0,
        ["gt1r", "gt2r", "gt3r"]
    );
}

#[test]
fn what_does_not_tell_a_beam_is_refused() {
    let site = Site::new();
    let with = |attributes: [Option<&'static str>; 2], orientation: Option<Vec<i8>>| Says {
        attributes: vec![attributes],
        orientation,
    };
    for (says, beams, expected) in [
        (
            Says::default(),
            "strong",
            "nothing tells which beam gt1l is of",
        ),
        (
            with([Some("strong"), Some("6")], None),
            "strong",
            "gt1l is strong by its atlas_beam_type and of spot 6 by its atlas_spot_number",
        ),
        (
            with([Some("loud"), None], None),
            "weak",
            "attribute atlas_beam_type of gt1l is 'loud', and strong or weak is expected",
        ),
        (
            with([None, Some("7")], None),
            "weak",
            "attribute atlas_spot_number of gt1l is '7', and 1 to 6 is expected",
        ),
        (
            with([Some("strong"), None], Some(vec![1])),
            "{spots: [6]}",
            "gt1l is strong by its atlas_beam_type and weak by /orbit_info/sc_orient",
        ),
    ] {
        let granule = site.six("odd.h5", &says);
        let config = site.choosing("odd.yaml", beams);
        refuse(
            &mut site.run(config, &[&granule]),
            1,
            &["granule odd.h5: ", expected],
        );
    }
    let good = site.six("good.h5", &forward());
    for (beams, says) in [
        ("loud", "data_source.beams: unknown value 'loud'"),
        ("{}", "data_source.beams: has neither type nor spots"),
        (
            "{type: strong, spots: [1]}",
            "data_source.beams: has both type and spots",
        ),
        (
            "{spots: [0]}",
            "data_source.beams.spots: has 0; spots are 1 to 6",
        ),
        ("{spots: [7]}", "data_source.beams.spots: has 7"),
        (
            "{spots: []}",
            "data_source.beams.spots: [] are not one or more spots, each once",
        ),
        ("{spots: [3, 3]}", "[3, 3] are not one or more spots"),
        ("{type: strong, transition: keep}", "unknown value 'keep'"),
        ("{kind: strong}", "unknown key 'kind'"),
    ] {
        let config = site.choosing("wrong.yaml", beams);
        refuse(&mut site.run(config, &[&good]), 2, &[says]);
    }
    let table = site.path("table.yaml");
    let text = table_yaml().replace("reader: table", "reader: table\n  beams: strong");
    std::fs::write(&table, text).unwrap();
    refuse(
        &mut site.run(&table, &[&good]),
        2,
        &["data_source.beams: is not for tables"],
    );
    assert_eq!(site.written(), [""; 0]);
}

#[test]
fn maps_know_the_beams_that_they_were_made_of() {
    let site = Site::new();
    let granule = site.six("a.h5", &forward());
    let config = site.choosing("strong.yaml", "strong");
    json_of(site.plan(&config, &[&granule]).arg("--json"), 0);
    assert_eq!(site.map()["metadata"]["positions"]["beams"], "strong");
    let over_map = |config: &Path, store: &str| {
        let mut run = site.run_to(store, config, &[]);
        run.arg("--plan").arg(site.path("map.json")).arg("--json");
        json_of(&mut run, 0)
    };
    let (report, warnings) = over_map(&config, "strong.zarr");
    assert_eq!((&report["photons"]["kept"], &*warnings), (&json!(300), ""));
    let (_, direct) = site.tracks_read("strong", &[&granule]);
    assert_eq!(report["content_sha256"], direct["content_sha256"]);
    assert_eq!(report["config"]["sha256"], direct["config"]["sha256"]);
    let weak = site.choosing("weak.yaml", "weak");
    let (_, warnings) = over_map(&weak, "weak.zarr");
    assert!(
        warnings.contains("was made from other positions"),
        "{warnings}"
    );
    let mut explain = icefold();
    let output = explain
        .args(["run", "--explain", "--json"])
        .arg(&weak)
        .output()
        .unwrap();
    let explained: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        explained["data_source.beams"],
        json!({"value": "weak", "origin": "config"})
    );
}
