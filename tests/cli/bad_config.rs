//! Configs and command lines that cannot be used: refused before any granule is opened.

use super::granules::one;
use super::{Site, refuse};
use crate::support::{data, icefold};

/// A run with the built-in atl03, one piece of it replaced, stops with code 2.
#[track_caller]
fn refused(piece: &str, replacement: &str, says: &[&str]) {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let config = site.atl03_with(piece, replacement);
    refuse(&mut site.run(config, &one(&good)), 2, says);
    assert!(site.written().is_empty());
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    let says = ["changed.yaml: line ", "paren_order", "parent_order"];
    refused("parent_order", "paren_order", &says);
    refused(
        "  filters:",
        "  filter:",
        &["changed.yaml: line ", "filter", "filters"],
    );
}

#[test]
fn an_expression_with_a_typo_is_refused_at_its_place() {
    let says = ["changed.yaml", "h_mean", "maen", "mean"];
    let typo = "{expression: \"np.maen(h_ph)\", dtype: float32}";
    refused(
        "{function: mean, source: h_ph, dtype: float32}",
        typo,
        &says,
    );
    let unknown = "{expression: \"np.mean(h_p)\", dtype: float32}";
    let says = ["changed.yaml", "h_mean", "h_p", "h_ph"];
    refused(
        "{function: mean, source: h_ph, dtype: float32}",
        unknown,
        &says,
    );
}

#[test]
fn types_and_orders_that_do_not_exist_are_refused() {
    let says = ["changed.yaml", "dtype", "int7"];
    refused("dtype: int32", "dtype: int7", &says);
    let says = ["changed.yaml", "child_order", "30"];
    refused("child_order: 12", "child_order: 30", &says);
}

#[test]
fn a_count_beyond_its_type_is_an_error_and_not_a_wrong_count() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let config = site.atl03_with("dtype: int32", "dtype: int8");
    let says = ["count", "int8"];
    refuse(&mut site.run(config, &one(&good)), 1, &says);
    assert!(site.written().is_empty());
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_rectilinear_grid_is_refused_by_name() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let config = data().join("pipelines").join("atl03.yaml");
    let says = [
        "atl03.yaml: line ",
        "rectilinear",
        "not supported",
        "use type: healpix",
    ];
    refuse(&mut site.run(config, &one(&good)), 2, &says);
    assert!(site.written().is_empty());
}

#[test]
fn a_missing_config_names_the_built_in_ones() {
    let says = ["config nope.yaml: no such file", "atl03 and atl06"];
    refuse(icefold().args(["run", "nope.yaml", "a.h5"]), 2, &says);
}

#[test]
fn devices_that_are_not_there_exit_with_5() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    for device in ["tpu", "cuda", "cuda:7", "wgpu:", "wgpu:none"] {
        let mut command = site.run("atl03", &one(&good));
        let named = format!("device {device}: ");
        refuse(command.args(["--device", device]), 5, &[&named, "cpu"]);
    }
    assert!(site.written().is_empty());
}

#[test]
fn counts_that_make_no_sense_are_usage_errors() {
    for (flag, value) in [
        ("--threads", "0"),
        ("--threads", "1000000"),
        ("--threads", "many"),
        ("--batch-rows", "0"),
        ("--batch-rows", "99999999999"),
    ] {
        let mut command = icefold();
        command.args(["run", "atl03", "a.h5", "--store", "a.zarr", flag, value]);
        refuse(&mut command, 2, &["invalid value", value, flag]);
    }
}

#[test]
fn unknown_verbs_and_flags_get_a_suggestion() {
    refuse(
        icefold().arg("rum"),
        2,
        &["unrecognized subcommand 'rum'", "'run'"],
    );
    let says = ["unexpected argument '--overwrit'", "--overwrite"];
    refuse(icefold().args(["run", "atl03", "--overwrit"]), 2, &says);
    let says = ["unexpected argument '--jsn'", "--json"];
    refuse(icefold().args(["inspect", "a", "--jsn"]), 2, &says);
}

#[test]
fn a_run_without_a_store_is_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let mut command = icefold();
    command.args(["run", "atl03"]).arg(good);
    refuse(&mut command, 2, &["no store given", "--store OUT.zarr"]);
}

#[test]
fn all_that_is_wrong_with_a_config_is_said_at_once() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let text = include_str!("../../src/config/atl03.yaml");
    let text = text.replace("op: ne, value: -2", "op: nee, value: -02");
    let text = text.replace("function: median", "function: medain");
    let text = text.replace("child_order: 12", "childorder: 12, parent: 3");
    let path = site.path("many.yaml");
    std::fs::write(&path, text).unwrap();
    let says = [
        "error: config",
        "many.yaml: line 13, column 67: data_source.filters[0].op: unknown value 'nee'",
        "\n  line 13, column 79: data_source.filters[0].value: '-02' has a 0 in front",
        "\n  line 30, column 26: aggregation.variables.h_median.function: unknown function 'medain'",
        "\n  line 34, column 67: output.grid: unknown key 'childorder', did you mean 'child_order'",
        "\n  line 34, column 83: output.grid: unknown key 'parent'",
    ];
    let message = refuse(&mut site.run(&path, &one(&good)), 2, &says);
    assert_eq!(message.lines().count(), 5, "{message}");
    assert!(site.written().is_empty());
}
