//! The built-in configs: each reads its product and no other, and keeps what its flags say.

use icefold::config::{self, Change};
use icefold::error::Kind;
use icefold::store::StoreReader;
use icefold::{Granules, Run};

use super::from_code::{done, partly, refused};
use crate::support::Site;
use crate::support::granules::one;
use crate::support::products::{ROWS, error_in, height, height_in, is_bad, is_bad_in, metres};

/// The product that a built-in config reads.
fn product(name: &str) -> String {
    name[..5].to_uppercase()
}

/// Rows whose flag is good and that have a height.
fn kept() -> Vec<usize> {
    (0..ROWS)
        .filter(|&i| !is_bad(i) && height(i) < 1e30)
        .collect()
}

fn mean(rows: &[usize], value: impl Fn(usize) -> f64, weight: impl Fn(usize) -> f64) -> f64 {
    let sum: f64 = rows.iter().map(|&i| value(i) * weight(i)).sum();
    sum / rows.iter().map(|&i| weight(i)).sum::<f64>()
}

/// What a built-in config makes of a granule of its product: the one value of each of these arrays.
#[track_caller]
fn values<const N: usize>(name: &str, arrays: [&str; N]) -> [f64; N] {
    let site = Site::new();
    let granule = site.product("g.h5", &product(name));
    done(site.code(name, &one(&granule)));
    let store = StoreReader::open(site.out("a.zarr")).unwrap();
    arrays.map(|array| {
        let values = store.read(array).unwrap().as_f64();
        assert_eq!(values.len(), 1, "{name}: all rows lie in one cell");
        values[0]
    })
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= expected.abs() * 1e-6,
        "{found} and {expected}"
    );
}

#[test]
fn photons_of_a_surface_are_those_that_are_sure_of_it() {
    for (name, surface) in [
        ("atl03-land", 0),
        ("atl03-ocean", 1),
        ("atl03-sea-ice", 2),
        ("atl03-land-ice", 3),
    ] {
        // Rows of another surface are below 3 in this one's column, and one row in ten is of no quality.
        let rows: Vec<usize> = (0..ROWS)
            .filter(|i| i % 5 == surface && i % 10 != 3)
            .collect();
        let [count, h] = values(name, ["count", "h_mean"]);
        assert_eq!(count, rows.len() as f64, "{name}");
        near(h, mean(&rows, |i| i as f64 * 0.5 + 10.0, |_| 1.0));
    }
    assert_eq!(values("atl03", ["count"]), [ROWS as f64]);
}

#[test]
fn heights_of_good_segments_are_kept_and_weighted() {
    let kept = kept();
    let h = |i: usize| f64::from(height(i));
    let plain = mean(&kept, h, |_| 1.0);
    let by_length = mean(&kept, h, |i| f64::from(metres(i)));
    let [count, weighted] = values("atl06", ["count", "h_mean"]);
    assert_eq!(count, kept.len() as f64);
    near(weighted, mean(&kept, h, |i| f64::from(metres(i)).powi(-2)));
    let [count, weighted, leads, lead] =
        values("atl07", ["count", "h_mean", "ssh_count", "ssh_mean"]);
    let thirds: Vec<usize> = kept.iter().copied().filter(|i| i % 3 == 0).collect();
    assert_eq!((count, leads), (kept.len() as f64, thirds.len() as f64));
    near(weighted, by_length);
    near(lead, mean(&thirds, h, |i| f64::from(metres(i))));
    let [count, weighted] = values("atl10", ["count", "fb_mean"]);
    assert_eq!(count, kept.len() as f64);
    near(weighted, by_length);
    let [count, ortho, waves] = values("atl13", ["count", "h_ortho_mean", "h_stdev_median"]);
    assert_eq!((count, waves), (kept.len() as f64, 0.125));
    near(ortho, plain);
}

#[test]
fn terrain_and_canopy_are_counted_apart() {
    let kept = kept();
    let [count, te, canopies, canopy] = values(
        "atl08",
        ["te_count", "te_mean", "canopy_count", "canopy_mean"],
    );
    assert_eq!(count, kept.len() as f64);
    near(te, mean(&kept, |i| f64::from(height(i)), |_| 1.0));
    let with_canopy = (0..ROWS).filter(|&i| !is_bad(i) && i % 2 == 1).count();
    assert_eq!((canopies, canopy), (with_canopy as f64, 12.5));
}

#[test]
fn heights_of_two_cycles_are_those_of_their_columns_and_their_change_is_of_rows_with_both() {
    let used = |cycle: usize| move |i: &usize| !is_bad_in(*i, cycle) && height_in(*i, cycle) < 1e30;
    let rows = |keep: &dyn Fn(&usize) -> bool| (0..ROWS).filter(|i| keep(i)).collect::<Vec<_>>();
    let (first, second) = (rows(&used(0)), rows(&used(2)));
    let both = rows(&|i| used(0)(i) && used(2)(i));
    let change = |i: usize| f64::from(height_in(i, 2)) - f64::from(height_in(i, 0));
    let weight = |i: usize| {
        let square = |cycle| f64::from(error_in(i, cycle)).powi(2);
        1.0 / (square(0) + square(2))
    };
    let [count, h, second_count, second_h, dh_count, dh] = values(
        "atl11",
        [
            "count",
            "h_mean",
            "second_count",
            "second_mean",
            "dh_count",
            "dh_mean",
        ],
    );
    let counts = (first.len() as f64, second.len() as f64, both.len() as f64);
    assert_eq!((count, second_count, dh_count), counts);
    near(h, mean(&first, |i| f64::from(height_in(i, 0)), |_| 1.0));
    near(
        second_h,
        mean(&second, |i| f64::from(height_in(i, 2)), |_| 1.0),
    );
    near(dh, mean(&both, change, weight));
}

#[test]
fn a_cycle_that_a_granule_has_not_and_columns_of_no_cycle_are_refused() {
    let site = Site::new();
    let granule = site.product("g.h5", "ATL11");
    let with = |changes: &[&str]| {
        let changes: Vec<Change> = changes.iter().map(|text| text.parse().unwrap()).collect();
        let config = config::load_with("atl11", &changes)?;
        let run = Run::new(config, Granules::named(one(&granule)));
        run.into_store(site.out("a.zarr")).execute()
    };
    let says = [
        "granule g.h5: /pt2/h_corr has no column of cycle 6",
        "/pt2/cycle_number is 3, 5, 7",
    ];
    let changed = with(&["data_source.cycles.second=6"]);
    refused(changed, Kind::Granule, &says);
    // Where cycles are told is beside the dataset.
    let elsewhere = "data_source.variables.q_first={path: '/{group}/stats/flag', cycle: first}";
    let says = ["/pt2/stats/flag does not exist"];
    refused(with(&[elsewhere]), Kind::Granule, &says);
    let one_value = "data_source.variables.q_first={path: '/{group}/latitude', cycle: first}";
    let says = ["/pt2/latitude is asked for, which is of shape (40), and /pt2/cycle_number has 3"];
    refused(with(&[one_value]), Kind::Granule, &says);
    for (change, says) in [
        (
            "data_source.variables.h_first={path: '/{group}/h_corr', cycle: frist}",
            "h_first.cycle: 'frist' is neither the number of a cycle nor in data_source.cycles, did you mean 'first'",
        ),
        (
            "data_source.variables.h_first={path: '/{group}/h_corr', cycle: 3, column: 0}",
            "h_first.cycle: stands beside column; keep one",
        ),
        (
            "data_source.cycles.first=100",
            "data_source.cycles.first: is 100; cycles are 1 to 99",
        ),
    ] {
        refused(with(&[change]), Kind::Config, &[says]);
    }
    let named = config::load("atl11").unwrap();
    let numbers = named.text.replace("cycle: first", "cycle: 3");
    let numbers = numbers.replace("cycle: second", "cycle: 7");
    let numbers = numbers.replace("  cycles: {first: 3, second: 7}\n", "");
    let numbers = config::parse_yaml("mine", &numbers).unwrap();
    assert_eq!(numbers.sha256, named.sha256);
}

#[test]
fn the_ocean_has_no_flag_and_two_means() {
    let rows: Vec<usize> = (0..ROWS).filter(|&i| height(i) < 1e30).collect();
    let h = |i: usize| f64::from(height(i));
    let [count, weighted, plain, swh, bias] = values(
        "atl12",
        ["count", "h_mean", "h_plain", "swh_mean", "ssbias_mean"],
    );
    assert_eq!((count, swh, bias), (rows.len() as f64, 2.0, -0.25));
    near(plain, mean(&rows, h, |_| 1.0));
    near(
        weighted,
        mean(&rows, h, |i| if i % 2 == 0 { 4.0 } else { 16.0 }),
    );
}

#[test]
fn the_ice_sheets_have_rows_and_columns_of_a_kilometre() {
    let site = Site::new();
    let granule = site.product("g.h5", "ATL06");
    done(site.code("atl06-greenland", &one(&granule)));
    let store = StoreReader::open(site.out("a.zarr")).unwrap();
    let grid = store.grid();
    let level = grid.kind.rectilinear().unwrap().level(grid.cell_order);
    // PROJ has these rows at x = -38.2 and y = -2187816 in EPSG:3413, 4 m more to the north at the last.
    let cells: Vec<[u32; 2]> = store
        .cell_ids()
        .unwrap()
        .into_iter()
        .map(|id| level.row_column(id))
        .collect();
    assert_eq!(cells, [[1675, 719]]);
    let count = store.read("count").unwrap().as_f64();
    assert_eq!(count, [kept().len() as f64]);
    let weighted = mean(
        &kept(),
        |i| f64::from(height(i)),
        |i| f64::from(metres(i)).powi(-2),
    );
    near(store.read("h_mean").unwrap().as_f64()[0], weighted);
    // The other sheet has none of it.
    let (report, _) = done(site.code_to("b.zarr", "atl06-antarctica", &one(&granule)));
    assert_eq!(report["photons"]["rejected_by"]["outside_grid"], ROWS);
}

#[test]
fn the_sea_floor_is_what_is_sure_and_within_reach() {
    let rows: Vec<usize> = (0..ROWS)
        .filter(|i| matches!(i % 4, 0 | 3) && i % 8 != 0 && *i <= 35)
        .collect();
    let [count, ortho, depth] = values("atl24", ["count", "h_ortho_mean", "depth_mean"]);
    assert_eq!(count, rows.len() as f64);
    near(ortho, mean(&rows, |i| -(i as f64) * 0.5, |_| 1.0));
    near(depth, mean(&rows, |i| 0.25 + i as f64 * 0.5, |_| 1.0));
}

#[test]
fn a_config_reads_its_product_and_no_other() {
    let site = Site::new();
    let names: Vec<&str> = config::built_in()
        .iter()
        .map(|config| config.name)
        .collect();
    for &name in &names {
        let other = if product(name) == "ATL06" {
            "ATL07"
        } else {
            "ATL06"
        };
        let granule = site.product("other.h5", other);
        let wanted = product(name);
        let says = [
            "granule other.h5: is of ",
            other,
            &format!("and config {name} reads {wanted} (data_source.product)"),
            &format!("such as the built-in {}", other.to_lowercase()),
        ];
        let run = site.code(name, &one(&granule));
        refused(run.execute(), Kind::Granule, &says);
    }
    // By the name of the file, where the file does not say.
    let named = "ATL06_20190105163308_01260202_006_02.h5";
    let granule = site.product_unsaid(named, "ATL06");
    let says = [named, "is of ATL06", "config atl08 reads ATL08"];
    refused(
        site.code("atl08", &one(&granule)).execute(),
        Kind::Granule,
        &says,
    );
    // One that nothing tells the product of is read as far as its datasets go.
    let granule = site.product_unsaid("g.h5", "ATL08");
    done(site.code("atl08", &one(&granule)));
}

#[test]
fn a_granule_of_another_product_is_left_out_and_reported_when_tolerant() {
    let site = Site::new();
    let granules = [site.product("a.h5", "ATL13"), site.product("b.h5", "ATL24")];
    let both = [granules[0].as_path(), granules[1].as_path()];
    let (report, _) = partly(site.code("atl13", &both).tolerant(true));
    assert_eq!(report["photons"]["read"], ROWS);
    let reason = report["granules"]["failed"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains("is of ATL24, and config atl13 reads ATL13"),
        "{reason}"
    );
    let says = ["granule b.h5: is of ATL24"];
    refused(site.mapping("atl13", &both).execute(), Kind::Granule, &says);
}

#[test]
fn the_text_of_a_built_in_config_is_the_config() {
    let site = Site::new();
    for built_in in config::built_in() {
        let path = site.path("mine.yaml");
        std::fs::write(&path, built_in.text).unwrap();
        let (mine, named) = (
            config::load(path.to_str().unwrap()),
            config::load(built_in.name),
        );
        let (mine, named) = (mine.unwrap(), named.unwrap());
        assert_eq!(mine.sha256, named.sha256, "{}", built_in.name);
        assert_eq!(named.product, Some(product(built_in.name)));
        assert!(built_in.about().ends_with('.') && built_in.about().contains("ATL"));
        assert!(
            built_in.text.contains("# Sources: ") || built_in.name.len() == 5,
            "{}",
            built_in.name
        );
    }
}

#[test]
fn a_change_is_as_if_the_text_had_it() {
    let site = Site::new();
    let change = |text: &str| text.parse::<Change>().unwrap();
    let changed = config::load_with(
        "atl06",
        &[
            change("output.grid.child_order=10"),
            change("data_source.filters=null"),
            change(
                "aggregation.variables.h_q10={function: quantile, source: h_li, params: {q: 0.1}}",
            ),
        ],
    )
    .unwrap();
    let text = include_str!("../../src/config/atl06.yaml");
    let by_hand = text
        .replace("child_order: 12", "child_order: 10")
        .replace("  filters:\n    - {dataset: \"/{group}/land_ice_segments/atl06_quality_summary\", op: eq, value: 0}\n", "")
        .replace("    h_q25:", "    h_q10: {function: quantile, source: h_li, params: {q: 0.1}}\n    h_q25:");
    let path = site.path("by_hand.yaml");
    std::fs::write(&path, by_hand).unwrap();
    assert_eq!(
        changed.sha256,
        config::load(path.to_str().unwrap()).unwrap().sha256
    );
    assert_ne!(changed.sha256, config::load("atl06").unwrap().sha256);
    // Pieces of a store keep the text, of which the same config comes again.
    assert_eq!(
        config::parse_yaml("atl06", &changed.text).unwrap().sha256,
        changed.sha256
    );
    let same = config::load_with("atl06", &[change("output.grid.child_order=12")]).unwrap();
    assert_eq!(same.sha256, config::load("atl06").unwrap().sha256);
}

#[test]
fn what_a_change_says_is_checked_as_a_text_is() {
    for (changes, says) in [
        (
            &["output.grid.childorder=10"][..],
            "config atl03: output.grid: unknown key 'childorder', did you mean 'child_order'",
        ),
        (
            &["output.grid.child_order=40"],
            "config atl03: output.grid.child_order: is 40; an order is 0 to 29",
        ),
        (
            &["output.grid.child_order=ten"],
            "config atl03: output.grid.child_order: expected a whole number",
        ),
        (
            &["data_source.filters[0].op=nee"],
            "config atl03: data_source.filters[0].op: unknown value 'nee', did you mean 'ne'",
        ),
        (
            &["output.grid.child_order=4"],
            "output.grid.parent_order: is 6, finer than child_order 4",
        ),
        (
            &["output.grid.child_order=9", "output.grid.child_order=8"],
            "config atl03: output.grid.child_order is set twice",
        ),
        (
            &["data_source.product=ATL3"],
            "data_source.product: 'ATL3' is not the name of a product, e.g. ATL06",
        ),
        (&["data_source.variables.h_ph=null"], "h_ph"),
        (&["output.grid.child_order="], "it has no value"),
    ] {
        let changes: Vec<Change> = changes.iter().map(|text| text.parse().unwrap()).collect();
        let message = config::load_with("atl03", &changes)
            .unwrap_err()
            .to_string();
        assert!(message.contains(says), "{message}\n{says}");
        let is_of_the_text =
            message.contains("line ") && !says.contains("parent_order") && says != "h_ph";
        assert!(!is_of_the_text, "{message}");
    }
}
