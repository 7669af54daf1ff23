//! `icefold cite`: what to cite of a store, as text, BibTeX and JSON.

use serde_json::json;

use super::granules::one;
use super::{Site, refuse};
use crate::support::site::long_track;
use crate::support::{icefold, stdout, succeed};

#[test]
fn a_store_tells_what_to_cite() {
    let site = Site::new();
    let name = "ATL03_20190222155947_08580204_007_01.h5";
    let granule = site.granule(name, &[("gt1l", long_track(-45.0))]);
    succeed(&mut site.run("atl03", &one(&granule)));
    let cite = |flags: &[&str]| {
        let mut cite = icefold();
        cite.arg("cite").arg(site.out("a.zarr")).args(flags);
        stdout(&succeed(&mut cite))
    };
    let text = cite(&[]);
    assert!(
        text.contains("https://doi.org/10.5067/ATLAS/ATL03.007"),
        "{text}"
    );
    assert!(cite(&["--bibtex"]).contains("@dataset{ATL03_007,"));
    let found: serde_json::Value = serde_json::from_str(&cite(&["--json"])).unwrap();
    assert_eq!(found["products"][0]["product"], "ATL03");
    assert_eq!(found["other_files"], json!(0));
    let mut none = icefold();
    none.arg("cite").arg(site.path("none"));
    refuse(&mut none, 1, &["none"]);
}
