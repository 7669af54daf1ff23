//! The command of the program that makes a store again: what stores say, whoever made them.
//!
//! Below `provenance.rs`. The library knows no command line, but for this: who reads a store has the program, and not the code
//! that called the library. What goes by another name on every machine has one that stands for it.

use super::layout::Layout;
use super::target::Target;
use crate::config::{CellPolicy, Config};

/// The command that makes this store again, of the config and the granules that it names; `hashed` where it has their
/// hashes.
pub fn command(config: &Config, target: &Target, hashed: bool) -> String {
    let mut words = vec!["icefold run config.yaml granules/ --store store.zarr".to_owned()];
    if config.region.is_some() {
        words.push("--region region.geojson".to_owned());
    }
    if config.cells == CellPolicy::Region {
        words.push("--cells-of-region".to_owned());
    }
    let grid = config.grid;
    if target.layout != Layout::of_grid(&grid) {
        words.push(format!("--layout {}", target.layout));
    }
    let overviews = target
        .overviews
        .iter()
        .map(|order| match grid.kind.rectilinear() {
            Some(of) => of.factor_of_order(*order).unwrap_or_default().to_string(),
            None => order.to_string(),
        });
    let overviews: Vec<String> = overviews.collect();
    if !overviews.is_empty() {
        words.push(format!("--overviews {}", overviews.join(",")));
    }
    if hashed {
        words.push("--hash-granules".to_owned());
    }
    words.join(" ")
}
