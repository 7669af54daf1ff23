//! Which files are joined, and what of them is refused.

use icefold::error::Kind;
use icefold::{Granules, Mapped, Run, config};
use serde_json::Value;

use super::from_code::{done, partly, refused};
use super::joins::{ALL, pipeline, run, tracks};
use crate::support::Site;
use crate::support::joined::{PASS, Track, write};
use crate::support::site::assert_same;

#[test]
fn a_granule_without_its_sibling_is_an_error_or_left_out() {
    let site = Site::new();
    let [photons, canopy, ice] = site.pass(&tracks());
    let other = site.path("ATL03_20190305163308_01260302_006_01.h5");
    write(&other, "ATL03", &tracks());
    let config = pipeline(&site, "", ALL);
    let all = [photons.clone(), other.clone(), canopy.clone(), ice.clone()];
    let says = [
        "granule ATL03_20190305163308_01260302_006_01.h5: data_source.joins.canopy joins ATL08, and there is no ATL08 of \
         release 006 of its pass",
    ];
    refused(run(&config, &all, &site).execute(), Kind::Argument, &says);
    let (report, _) = partly(run(&config, &all, &site).tolerant(true));
    assert_eq!(report["granules"]["done"].as_array().unwrap().len(), 1);
    let failed = &report["granules"]["failed"][0];
    assert_eq!(failed["granule"], "ATL03_20190305163308_01260302_006_01.h5");
    let says = [
        "no granule has photons: ",
        "ATL06_",
        "name the granules with the photons, too",
    ];
    refused(
        run(&config, &[ice.clone(), canopy.clone()], &site).execute(),
        Kind::Argument,
        &says[..1],
    );
    // Without the config's word for it, another product is another product.
    let says = ["is of ATL06, and config atl03 reads ATL03"];
    refused(
        Run::new(
            config::load("atl03").unwrap(),
            Granules::named([&photons, &ice]),
        )
        .into_store(site.out("b.zarr"))
        .execute(),
        Kind::Granule,
        &says,
    );
}

#[test]
fn versions_of_a_sibling_are_settled_by_rule_or_refused_by_name() {
    let site = Site::new();
    let [photons, canopy, ice] = site.pass(&tracks());
    let config = pipeline(&site, "", ALL);
    // An earlier version with other classes, another release, and a sibling of no granule.
    let mut spoiled = tracks();
    for (_, track) in &mut spoiled {
        track.class.fill(3);
    }
    let newer = site.of_pass("ATL08", "02", &tracks());
    write(&canopy, "ATL08", &spoiled);
    let foreign = site.path("ATL08_20190305163308_01260302_006_01.h5");
    write(&foreign, "ATL08", &spoiled);
    let release = site.path(&format!("ATL08_{}_01.h5", PASS.replace("_006", "_007")));
    write(&release, "ATL08", &spoiled);
    let all = [
        photons.clone(),
        canopy.clone(),
        newer.clone(),
        foreign,
        release,
        ice.clone(),
    ];
    let (report, _) = done(run(&config, &all, &site));
    assert_eq!(
        report["granules"]["done"][0]["joins"][0]["granule"],
        format!("ATL08_{PASS}_02.h5")
    );
    let superseded: Vec<&Value> = report["granules"]["superseded"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let why = |name: &str| {
        let found = superseded
            .iter()
            .find(|entry| entry["granule"].as_str().unwrap().contains(name));
        found.map(|entry| entry["why"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        why("_006_01.h5").as_deref(),
        Some("an earlier version"),
        "{superseded:?}"
    );
    assert_eq!(
        why("_007_01.h5").as_deref(),
        Some("another release than its granule's")
    );
    let skipped = report["granules"]["skipped"][0]["reason"].as_str().unwrap();
    assert_eq!(
        skipped,
        "is ATL08, which the config joins, and no granule of its pass is read"
    );
    // Two of one version: the same bytes are one, others are named.
    let folder = site.folder("again");
    let twin = folder.join(newer.file_name().unwrap());
    std::fs::copy(&newer, &twin).unwrap();
    let both = [photons, newer, twin.clone(), ice];
    done(run(&config, &both, &site).overwrite(true));
    write(&twin, "ATL08", &spoiled);
    let says = [
        "there are two files of its release 006 and version 02, ",
        "which differ; name one of them",
    ];
    refused(
        run(&config, &both, &site).overwrite(true).execute(),
        Kind::Argument,
        &says,
    );
}

#[test]
fn siblings_that_do_not_fit_are_refused_with_dataset_and_row() {
    let site = Site::new();
    let config = pipeline(&site, "", ALL);
    let text = std::fs::read_to_string(&config).unwrap();
    let ignoring = text.replace("ATL08, by: photons", "ATL08, by: photons, times: ignore");
    std::fs::write(&config, ignoring).unwrap();
    let with = |change: &dyn Fn(&mut Track)| {
        let site = Site::new();
        let mut spoiled = tracks();
        change(&mut spoiled[0].1);
        let [_, canopy, ice] = site.pass(&spoiled);
        let photons = site.of_pass("ATL03", "02", &tracks());
        run(&config, &[photons, canopy, ice], &site)
            .execute()
            .unwrap_err()
            .to_string()
    };
    for (change, says) in [
        (
            &(|track: &mut Track| track.index[5] = 9) as &dyn Fn(&mut Track),
            "/gt1l/signal_photons/classed_pc_indx row 5 is 9, and its geolocation segment has",
        ),
        (
            &|track| track.index[0] = 0,
            "/gt1l/signal_photons/classed_pc_indx row 0 is 0, and its geolocation segment has 3",
        ),
        (
            &|track| track.index[1] = track.index[0],
            "classed_pc_indx row 1 is 1, and so is another row of its geolocation segment",
        ),
        (
            &|track| track.ph_segment_id[7] = 1,
            "ph_segment_id row 7 is 1, behind 4000",
        ),
        (
            &|track| track.ice[3].0 = 400_000,
            "/gt1l/land_ice_segments/segment_id row 3 is 400000, behind 400004",
        ),
        (
            &|track| track.land[1].1 = 7,
            "geolocation segments end with 7",
        ),
        (&|track| _ = track.class.pop(), "classed_pc_flag has"),
        (
            &|track| track.index.truncate(3),
            "classed_pc_indx has 3 rows, ",
        ),
    ] {
        let message = with(change);
        assert!(message.contains(says), "{says}: {message}");
    }
}

#[test]
fn photons_that_were_cut_within_a_segment_are_noticed_by_their_times() {
    let site = Site::new();
    let [photons, canopy, ice] = site.pass(&tracks());
    let config = pipeline(&site, "", ALL);
    // The first photon of the first geolocation segment is gone, as a subset may have it.
    let mut cut = tracks();
    let track = &mut cut[0].1;
    assert_eq!(track.count[0], 3);
    track.count[0] = 2;
    for column in [&mut track.lat, &mut track.lon, &mut track.time] {
        column.remove(0);
    }
    track.h.remove(0);
    track.conf.drain(..5);
    // ATL08 has none of the third photon, so that every place is one of the segment.
    assert_eq!(track.index[..3], [1, 2, 1]);
    write(&photons, "ATL03", &cut);
    let all = [photons, canopy.clone(), ice];
    let says = [
        &*format!(
            "granule ATL08_{PASS}_01.h5: /gt1l/signal_photons/delta_time row 0 is 30000000.0001"
        ),
        "in geolocation segment 400000 has 30000000.0002 in row 0 of /gt1l/heights/delta_time",
        "say times: ignore",
    ];
    refused(run(&config, &all, &site).execute(), Kind::Granule, &says);
    let text = std::fs::read_to_string(&config).unwrap();
    let ignoring = text.replace("ATL08, by: photons", "ATL08, by: photons, times: ignore");
    std::fs::write(&config, &ignoring).unwrap();
    done(run(&config, &all, &site));
    // Without times in one of them, the run says that nothing was compared.
    std::fs::write(&config, text).unwrap();
    let file = hdf5::File::open_rw(&canopy).unwrap();
    file.group("gt1l/signal_photons")
        .unwrap()
        .unlink("delta_time")
        .unwrap();
    file.close().unwrap();
    let said = done(run(&config, &all, &site).overwrite(true)).1;
    assert!(
        said.contains("_01.h5 has no /gt1l/signal_photons/delta_time: that photons of gt1l"),
        "{said}"
    );
}

#[test]
fn a_ground_track_that_a_sibling_lacks_has_no_matches_and_the_run_says_so() {
    let site = Site::new();
    let tracks = tracks();
    let [photons, canopy, ice] = site.pass(&tracks);
    write(&canopy, "ATL08", &tracks[..1]);
    let (report, said) = done(run(
        &pipeline(&site, "", ALL),
        &[photons, canopy, ice],
        &site,
    ));
    let classed = tracks[0]
        .1
        .matched()
        .iter()
        .filter(|photon| photon.class.is_some())
        .count();
    assert_eq!(
        report["granules"]["done"][0]["joins"][0]["matched"],
        classed
    );
    assert!(
        said.contains(
            "has no rows at /gt1r/signal_photons/ph_segment_id: no photon of this ground track"
        ),
        "{said}"
    );
}

#[test]
fn a_run_over_a_map_finds_siblings_and_notices_one_that_changed() {
    let site = Site::new();
    let granules = site.pass(&tracks());
    let config = pipeline(&site, "", ALL);
    let direct = done(run(&config, &granules, &site)).0;
    let made = site
        .mapping(&config, &[&granules[0], &granules[1]])
        .execute()
        .unwrap();
    assert_eq!(
        made.map.granules.len(),
        1,
        "files that are joined are no granules of a map"
    );
    let mapped = |store: &str| {
        let config = config::load(config.to_str().unwrap()).unwrap();
        Run::new(config, Mapped::by(site.path("map.json")))
            .into_store(site.out(store))
            .threads(2)
    };
    let report = done(mapped("b.zarr")).0;
    assert_eq!(report["content_sha256"], direct["content_sha256"]);
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // A part, then a sibling that changed: the part is made again.
    let part = |resume: bool| {
        let config = config::load(config.to_str().unwrap()).unwrap();
        let mapped = Mapped::by(site.path("map.json")).shards("0..1".parse().unwrap());
        Run::new(config, mapped)
            .into_store(site.out("c.zarr"))
            .threads(2)
            .resume(resume)
    };
    done(part(false));
    let kept = done(part(true)).0;
    assert_eq!(kept["pieces"]["kept"], 1);
    let mut other = tracks();
    other[0].1.class.fill(1);
    write(&granules[1], "ATL08", &other);
    let (again, said) = done(part(true));
    assert_eq!(again["pieces"]["written"], 1, "{said}");
    assert!(
        said.contains(&format!("granule ATL08 of ATL03_{PASS}_02.h5")),
        "{said}"
    );
    std::fs::remove_file(&granules[1]).unwrap();
    let says = [&*format!(
        "granule ATL03_{PASS}_02.h5: data_source.joins.canopy joins ATL08"
    )];
    refused(mapped("d.zarr").execute(), Kind::Argument, &says);
}

#[test]
fn pieces_that_were_joined_to_different_files_make_no_store() {
    let site = Site::new();
    // Two shards, each of half of the photons.
    let mut wide = tracks();
    for (_, track) in &mut wide {
        let half = track.lat.len() / 2;
        track.lat[half..].fill(-70.0);
    }
    let granules = site.pass(&wide);
    let config = pipeline(&site, "", ALL);
    let made = site.mapping(&config, &[&granules[0]]).execute().unwrap();
    assert_eq!(made.map.shards.len(), 2);
    let part = |shards: &str, resume: bool| {
        let config = config::load(config.to_str().unwrap()).unwrap();
        let mapped = Mapped::by(site.path("map.json")).shards(shards.parse().unwrap());
        Run::new(config, mapped)
            .into_store(site.out("a.zarr"))
            .threads(2)
            .resume(resume)
    };
    done(part("0..1", false));
    // The other machine has a later version of ATL08, with other classes.
    let mut other = wide.clone();
    other[0].1.class.fill(1);
    let later = site.of_pass("ATL08", "02", &other);
    done(part("1..2", false));
    let says = [
        &*format!("granule ATL08 of ATL03_{PASS}_02.h5 is not one file: shard "),
        &*format!("was made of ATL08_{PASS}_0"),
        &*format!("of ATL08_{PASS}_0"),
        "do one of them again with ",
    ];
    refused(site.making("a.zarr").execute(), Kind::Pieces, &says);
    // A copy with another time is the same file, and a part that is done again has the one that is there now.
    done(part("0..1", true));
    let file = std::fs::File::options().write(true).open(&later).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    done(part("1..2", true));
    site.making("a.zarr").execute().unwrap();
}

#[test]
fn no_store_is_written_over_a_sibling() {
    let site = Site::new();
    let granules = site.pass(&tracks());
    let config = pipeline(&site, "", ALL);
    let run = run(&config, &granules, &site)
        .report(&granules[1])
        .overwrite(true);
    assert!(run.execute().is_err());
    assert!(hdf5::File::open(&granules[1]).is_ok());
}
