//! Profiles of the atmosphere (ATL09) joined to photons.

use std::path::{Path, PathBuf};

use hdf5::File;
use icefold::error::Kind;
use icefold::store::StoreReader;

use super::from_code::{done, refused};
use super::joins::{run, tracks};
use crate::support::Site;
use crate::support::joined::Track;

/// Of the orbit of the pass, which begins before it.
const NAME: &str = "ATL09_20190105160012_01260201_006_01.h5";
const NULL: i32 = i32::MAX;

fn config(site: &Site, join: &str, outputs: &str) -> PathBuf {
    let text = format!(
        r#"
data_source:
  groups: [gt1l, gt1r]
  coordinates: {{latitude: "/{{group}}/heights/lat_ph", longitude: "/{{group}}/heights/lon_ph"}}
  joins: {{air: {{product: ATL09, by: profiles{join}}}}}
  variables:
    h_ph: "/{{group}}/heights/h_ph"
    cloud: {{path: cloud_flag_asr, join: air}}
aggregation:
  variables:
{outputs}
output:
  grid: {{type: healpix, parent_order: 2, child_order: 4}}
"#
    );
    let path = site.path("air.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

const OUTPUTS: &str = r#"    photons: {function: count, source: h_ph}
    known: {function: count, source: cloud}
    cloud: {expression: "sum(cloud)", dtype: float64}
    clear: {function: count, source: h_ph, where: "cloud <= 1"}
"#;

/// Profiles that begin at these geolocation segments, each with its flag.
fn write(path: &Path, rows: &[(i32, i8)]) {
    let file = File::create(path).unwrap();
    let (ids, flags): (Vec<i32>, Vec<i8>) = rows.iter().copied().unzip();
    let at = |name: &str| format!("profile_1/high_rate/{name}");
    let set = file.new_dataset::<i32>().shape(ids.len());
    let set = set.create(at("segment_id").as_str()).unwrap();
    set.write_raw(&ids).unwrap();
    let fill = set.new_attr::<i32>().create("_FillValue").unwrap();
    fill.write_scalar(&NULL).unwrap();
    let set = file.new_dataset::<i8>().shape(flags.len());
    let set = set.create(at("cloud_flag_asr").as_str()).unwrap();
    set.write_raw(&flags).unwrap();
    file.close().unwrap();
}

/// Every 14 or 15 geolocation segments from before the pass on, with a gap of three profiles and a null.
fn profiles() -> Vec<(i32, i8)> {
    let mut rows = Vec::new();
    let mut id = 399_970;
    for row in 0..12 {
        rows.push((id, (row % 6) as i8));
        if row == 7 {
            rows.push((NULL, 5));
        }
        id += if row == 5 { 43 } else { 14 + row % 2 };
    }
    rows
}

/// The flag of a geolocation segment: that of the profile which begins at it or last before it, not too far away.
fn flag(rows: &[(i32, i8)], id: i32, span: i32) -> Option<i8> {
    let mut known = rows.iter().rev();
    let (first, flag) = known.find(|(first, _)| *first != NULL && *first <= id)?;
    (id - first < span).then_some(*flag)
}

/// The flags of all photons of ground tracks.
fn flags(tracks: &[(&str, Track)], span: i32) -> Vec<Option<i8>> {
    let rows = profiles();
    let mut flags = Vec::new();
    for (_, track) in tracks {
        for (id, count) in track.segment_id.iter().zip(&track.count) {
            flags.extend((0..*count).map(|_| flag(&rows, *id, span)));
        }
    }
    flags
}

fn values(site: &Site) -> [f64; 4] {
    let reader = StoreReader::open(site.out("a.zarr")).unwrap();
    ["photons", "known", "cloud", "clear"].map(|name| {
        let values = reader.read(name).unwrap().as_f64();
        values.iter().sum()
    })
}

#[test]
fn photons_have_the_profile_that_begins_at_their_segment_or_last_before_it() {
    let site = Site::new();
    let tracks = tracks();
    let photons = site.of_pass("ATL03", "02", &tracks);
    let air = site.path(NAME);
    write(&air, &profiles());
    for (join, span) in [("", 20), (", span: 15", 15), (", span: 100", 100)] {
        let flags = flags(&tracks, span);
        let known: Vec<i8> = flags.iter().filter_map(|flag| *flag).collect();
        let clear = known.iter().filter(|flag| **flag <= 1).count() as f64;
        let expected = [
            flags.len() as f64,
            known.len() as f64,
            known.iter().map(|flag| f64::from(*flag)).sum(),
            clear,
        ];
        let config = config(&site, join, OUTPUTS);
        let mut content = None;
        for rows in [1000, 64, 7, 1] {
            let run = run(&config, &[air.clone(), photons.clone()], &site);
            let report = done(run.overwrite(true).batch_rows(rows)).0;
            assert_eq!(values(&site), expected, "{join} {rows}");
            let first = content.get_or_insert_with(|| report["content_sha256"].clone());
            assert_eq!(report["content_sha256"], *first, "{rows}");
            let join = &report["granules"]["done"][0]["joins"][0];
            assert_eq!(join["granule"], NAME);
            assert_eq!(join["matched"].as_u64(), Some(known.len() as u64));
            let unmatched = flags.len() - known.len();
            assert_eq!(join["unmatched"].as_u64(), Some(unmatched as u64));
        }
    }
    assert!(flags(&tracks, 20).contains(&None), "the gap is part of it");
}

#[test]
fn one_orbit_serves_its_passes_and_no_other() {
    let site = Site::new();
    let tracks = tracks();
    let photons = site.of_pass("ATL03", "02", &tracks);
    let config = config(&site, "", OUTPUTS);
    let other_cycle = site.path("ATL09_20190405160012_01260301_006_01.h5");
    write(&other_cycle, &profiles());
    let says =
        ["data_source.joins.air joins ATL09, and there is no ATL09 of release 006 of its pass"];
    let alone = run(&config, &[photons.clone(), other_cycle.clone()], &site);
    refused(alone.execute(), Kind::Argument, &says);
    let air = site.path(NAME);
    write(&air, &profiles());
    let second = site.path("ATL03_20190105164000_01260203_006_02.h5");
    std::fs::copy(&photons, &second).unwrap();
    let all = [photons.clone(), second, other_cycle, air.clone()];
    let report = done(run(&config, &all, &site)).0;
    let granules = report["granules"]["done"].as_array().unwrap();
    assert_eq!(granules.len(), 2);
    for granule in granules {
        assert_eq!(granule["joins"][0]["granule"], NAME);
    }
    // Another file of the orbit, of the same version: which of them is not guessed.
    let again = site.path("ATL09_20190105160013_01260201_006_01.h5");
    write(&again, &profiles()[..5]);
    let says = [
        "there are two files of its release 006 and version 01, ",
        "name one of them",
    ];
    let both = run(
        &config,
        &[photons.clone(), air.clone(), again.clone()],
        &site,
    );
    refused(both.overwrite(true).execute(), Kind::Argument, &says);
    std::fs::remove_file(&again).unwrap();
    // Profiles that go back.
    let mut back = profiles();
    back.swap(3, 4);
    write(&air, &back);
    let says = [
        &*format!("granule {NAME}: /profile_1/high_rate/segment_id row 4 is 4000"),
        "behind 4000",
    ];
    let run = run(&config, &[photons, air], &site);
    refused(run.overwrite(true).execute(), Kind::Granule, &says);
}
