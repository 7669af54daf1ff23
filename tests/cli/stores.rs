//! `icefold verify` and `icefold inspect` on stores.

use super::granules::{Heights, one};
use super::{Site, json, refuse};
use crate::support::{icefold, stderr, stdout, succeed};

/// Two stores, the second from the same photons but one.
fn pair() -> Site {
    let site = Site::new();
    let mut heights = Heights::along(-45.0, 3000);
    let a = site.granule("a.h5", &[("gt1l", heights.clone())]);
    heights.h[1500] = 55.5;
    let b = site.granule("b.h5", &[("gt1l", heights)]);
    succeed(&mut site.run_to("a.zarr", "atl03", &one(&a)));
    succeed(&mut site.run_to("b.zarr", "atl03", &one(&b)));
    site
}

#[test]
fn equal_stores_verify_whatever_made_them() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    succeed(&mut site.run_to("a.zarr", "atl03", &[&a, &b]));
    let mut other = site.run_to("b.zarr", "atl03", &[&b, &a]);
    succeed(other.args(["--batch-rows", "123", "--device", "cpu"]));
    let mut verify = icefold();
    verify
        .arg("verify")
        .arg(site.out("a.zarr"))
        .arg(site.out("b.zarr"));
    let text = stdout(&succeed(&mut verify));
    assert!(
        text.contains("12/h_mean: identical, ") && text.contains("resolution 2^-34"),
        "{text}"
    );
    let (report, _) = json(verify.arg("--json"), 0);
    assert_eq!(report["identical"], true);
}

#[test]
fn a_difference_names_array_cell_and_both_values() {
    let site = pair();
    let mut verify = icefold();
    verify
        .arg("verify")
        .arg(site.out("a.zarr"))
        .arg(site.out("b.zarr"));
    let output = verify.output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(
        stderr(&output).contains("b.zarr differ"),
        "{}",
        stderr(&output)
    );
    let text = stdout(&output);
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

    let (report, _) = json(verify.arg("--json"), 4);
    assert_eq!(report["identical"], false);
    let differences = report["differences"].as_array().unwrap();
    assert!(
        differences
            .iter()
            .any(|text| text.as_str().unwrap().starts_with("12/h_max: "))
    );
}

#[test]
fn flags_about_folding_are_refused_where_two_stores_are_compared() {
    let site = pair();
    for (flag, value) in [("--memory", "1GiB"), ("--threads", "2")] {
        let mut verify = icefold();
        verify
            .arg("verify")
            .arg(site.out("a.zarr"))
            .arg(site.out("a.zarr"));
        verify.args([flag, value]);
        refuse(&mut verify, 2, &[flag, "--devices"]);
    }
}

#[test]
fn what_is_not_a_store_is_refused() {
    let site = pair();
    let (store, none) = (site.out("a.zarr"), site.path("none"));
    let says = ["none: No such file"];
    refuse(icefold().arg("verify").arg(&store).arg(&none), 1, &says);
    let folder = site.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let says = ["folder: has no zarr.json: it is not a zarr store"];
    refuse(icefold().arg("verify").arg(&folder).arg(&store), 1, &says);
    refuse(icefold().arg("inspect").arg(&folder), 1, &says);
    refuse(
        icefold().arg("inspect").arg(&none),
        1,
        &["none: no such file; check the path"],
    );
    // A store with a damaged piece is not shown as if it were whole.
    let piece = store.join("12/h_mean/c/0");
    let mut bytes = std::fs::read(&piece).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&piece, bytes).unwrap();
    refuse(
        icefold().arg("inspect").arg(&store),
        1,
        &["a.zarr", "h_mean"],
    );
    std::fs::remove_file(&piece).unwrap();
    refuse(
        icefold().arg("inspect").arg(&store),
        1,
        &["a.zarr", "h_mean"],
    );
}

#[test]
fn a_store_is_inspected_for_people() {
    let site = pair();
    let text = stdout(&succeed(icefold().arg("inspect").arg(site.out("a.zarr"))));
    for part in [
        "order 12: ",
        " occupied cells in ",
        "latitude authalic-wgs84",
        "h_median",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
