//! Configs that cannot be used: refused before any granule is opened.

use std::path::Path;

use icefold::config::Config;
use icefold::error::Kind;

use super::from_code::refused;
use crate::support::data;
use crate::support::granules::one;
use crate::support::site::Site;

/// The built-in atl03, one piece of it replaced, is no config.
#[track_caller]
fn spoiled(piece: &str, replacement: &str, says: &[&str]) {
    let site = Site::new();
    refused(
        load(&site.atl03_with(piece, replacement)),
        Kind::Config,
        says,
    );
}

fn load(path: &Path) -> icefold::Result<Config> {
    icefold::config::load(path.to_str().unwrap())
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest() {
    let says = ["changed.yaml: line ", "paren_order", "parent_order"];
    spoiled("parent_order", "paren_order", &says);
    spoiled(
        "  filters:",
        "  filter:",
        &["changed.yaml: line ", "filter", "filters"],
    );
}

#[test]
fn an_expression_with_a_typo_is_refused_at_its_place() {
    let says = ["changed.yaml", "h_mean", "maen", "mean"];
    let typo = "{expression: \"np.maen(h_ph)\", dtype: float32}";
    spoiled(
        "{function: mean, source: h_ph, dtype: float32}",
        typo,
        &says,
    );
    let unknown = "{expression: \"np.mean(h_p)\", dtype: float32}";
    let says = ["changed.yaml", "h_mean", "h_p", "h_ph"];
    spoiled(
        "{function: mean, source: h_ph, dtype: float32}",
        unknown,
        &says,
    );
}

#[test]
fn types_and_orders_that_do_not_exist_are_refused() {
    let says = ["changed.yaml", "dtype", "int7"];
    spoiled("dtype: int32", "dtype: int7", &says);
    let says = ["changed.yaml", "child_order", "30"];
    spoiled("child_order: 12", "child_order: 30", &says);
}

#[test]
fn a_count_beyond_its_type_is_an_error_and_not_a_wrong_count() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let config = site.atl03_with("dtype: int32", "dtype: int8");
    let says = ["count", "int8"];
    refused(site.code(config, &one(&good)).execute(), Kind::Gate, &says);
    assert!(site.written().is_empty());
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_coordinate_system_without_formulas_is_refused_by_name() {
    let site = Site::new();
    let text = std::fs::read_to_string(data().join("pipelines").join("atl03.yaml")).unwrap();
    let config = site.path("mercator.yaml");
    std::fs::write(&config, text.replace("EPSG:4326", "EPSG:3857")).unwrap();
    let says = [
        "line ",
        "output.grid.crs: is 'EPSG:3857'; known are EPSG:4326, EPSG:3031",
    ];
    refused(load(&config), Kind::Config, &says);
}

#[test]
fn a_missing_config_names_the_built_in_ones() {
    let says = [
        "config nope.yaml: no such file",
        "the built-in configs are atl03, ",
        " and atl24",
    ];
    refused(load(Path::new("nope.yaml")), Kind::Config, &says);
}

#[test]
fn all_that_is_wrong_with_a_config_is_said_at_once() {
    let site = Site::new();
    let text = include_str!("../../src/config/atl03.yaml");
    let text = text.replace("op: ne, value: -2", "op: nee, value: -02");
    let text = text.replace("function: median", "function: medain");
    let text = text.replace("child_order: 12", "childorder: 12, parent: 3");
    let path = site.path("many.yaml");
    std::fs::write(&path, text).unwrap();
    let says = [
        "config ",
        "many.yaml: line 14, column 67: data_source.filters[0].op: unknown value 'nee'",
        "\n  line 14, column 79: data_source.filters[0].value: '-02' has a 0 in front",
        "\n  line 31, column 26: aggregation.variables.h_median.function: unknown function 'medain'",
        "\n  line 35, column 67: output.grid: unknown key 'childorder', did you mean 'child_order'",
        "\n  line 35, column 83: output.grid: unknown key 'parent'",
    ];
    let message = refused(load(&path), Kind::Config, &says);
    assert_eq!(message.lines().count(), 5, "{message}");
}
