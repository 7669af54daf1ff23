//! Stores compared and looked at.

use icefold::Verify;
use icefold::error::Kind;

use super::from_code::{done, refused, seen, shown};
use crate::support::granules::{Heights, one};
use crate::support::site::Site;

/// Two stores, the second from the same photons but one.
fn pair() -> Site {
    let site = Site::new();
    let mut heights = Heights::along(-45.0, 3000);
    let a = site.granule("a.h5", &[("gt1l", heights.clone())]);
    heights.h[1500] = 55.5;
    let b = site.granule("b.h5", &[("gt1l", heights)]);
    done(site.code_to("a.zarr", "atl03", &one(&a)));
    done(site.code_to("b.zarr", "atl03", &one(&b)));
    site
}

#[test]
fn equal_stores_verify_whatever_made_them() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    done(site.code_to("a.zarr", "atl03", &[&a, &b]));
    let other = site.code_to("b.zarr", "atl03", &[&b, &a]);
    done(other.batch_rows(123).device("cpu".parse().unwrap()));
    let report = Verify::stores(&site.out("a.zarr"), &site.out("b.zarr")).unwrap();
    assert!(report.identical());
    let text = report.to_string();
    assert!(
        text.contains("12/h_mean: identical, ") && text.contains("resolution 2^-34"),
        "{text}"
    );
}

#[test]
fn a_difference_names_array_cell_and_both_values() {
    let site = pair();
    let report = Verify::stores(&site.out("a.zarr"), &site.out("b.zarr")).unwrap();
    assert!(!report.identical());
    let text = report.to_string();
    let differs = text
        .lines()
        .find(|line| line.starts_with("difference: 12/h_max: "))
        .unwrap();
    for part in ["1 of ", "cell ", "55.5 (0x425e0000)"] {
        assert!(differs.contains(part), "{text}");
    }
    assert!(
        text.contains("12/h_mean: ") && text.contains("12/cell_ids: identical"),
        "{text}"
    );
    let mut differences = report.differences.iter().map(ToString::to_string);
    assert!(differences.any(|text| text.starts_with("12/h_max: ")));
}

#[test]
fn what_is_not_a_store_is_refused() {
    let site = pair();
    let (store, none) = (site.out("a.zarr"), site.path("none"));
    let says = ["none: No such file"];
    refused(Verify::stores(&store, &none), Kind::Io, &says);
    let folder = site.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let says = ["folder: has no zarr.json: it is not a zarr store"];
    refused(Verify::stores(&folder, &store), Kind::Store, &says);
    refused(seen(&folder), Kind::Store, &says);
    refused(
        seen(&none),
        Kind::Granule,
        &["none: no such file; check the path"],
    );
    // A store with a damaged piece is not shown as if it were whole.
    let piece = store.join("h_mean/c/0");
    let mut bytes = std::fs::read(&piece).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&piece, bytes).unwrap();
    refused(seen(&store), Kind::Store, &["a.zarr", "h_mean"]);
    std::fs::remove_file(&piece).unwrap();
    refused(seen(&store), Kind::Store, &["a.zarr", "h_mean"]);
}

#[test]
fn a_store_is_inspected_for_people() {
    let site = pair();
    let text = shown(site.out("a.zarr"));
    for part in [
        "order 12: ",
        " occupied cells in ",
        "latitude authalic-wgs84",
        "h_median",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
