//! What a config may not ask of photons in memory: what would choose them and only a run looks at.
//!
//! Beside the line: `input.rs` asks it before it reads.

use crate::config::{Config, Variable};
use crate::error::{Error, Result};

/// Refuses what would choose photons and is not looked at here: conditions, and of arrays also filters and a region.
pub(super) fn check_chosen(config: &Config, tables: bool) -> Result<()> {
    let odd = |v: &Variable| v.column.is_some() || v.cycle.is_some() || v.join.is_some();
    let chosen = !config.filters.is_empty() || config.region.is_some();
    let what = if config.axis.is_some() {
        Some("photons in memory have no steps of time")
    } else if config.variables.iter().any(odd) {
        Some("arrays and tables have neither columns of 2-D datasets nor joined granules")
    } else if config.conditions.is_empty() {
        (!tables && chosen).then_some("arrays are read whole, without filters and without a region")
    } else {
        Some("photons in memory are not chosen by filters with an expression")
    };
    if config.counts_marks() {
        let message = "photons in memory are of no granule, and some output counts granules, cycles or tracks; leave it \
                       out, or make a run of it";
        return Err(Error::config(&config.name, message));
    }
    what.map_or(Ok(()), |what| {
        let message = format!("{what}; leave them out, or make a run of it");
        Err(Error::config(&config.name, message))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_yaml;

    #[test]
    fn what_would_choose_photons_and_is_not_looked_at_is_refused() {
        let config = |filters: &str| {
            let text = format!(
                "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  \
                 variables: {{h: h}}\n  filters: [{filters}]\naggregation:\n  variables:\n    \
                 n: {{function: count, source: h}}\noutput:\n  \
                 grid: {{type: healpix, parent_order: 2, child_order: 6}}\n"
            );
            parse_yaml("test", &text).unwrap()
        };
        let condition = config("{expression: 'h > 1'}");
        assert!(check_chosen(&condition, true).is_err());
        assert!(check_chosen(&condition, false).is_err());
        let compared = config("{dataset: h, op: gt, value: 1}");
        assert!(
            check_chosen(&compared, true).is_ok(),
            "tables are filtered as they are read"
        );
        assert!(check_chosen(&compared, false).is_err());
        assert!(check_chosen(&config(""), false).is_ok());
        let steps = config("").text + "time: {edges: [2019, 2020], dataset: t}\n";
        assert!(check_chosen(&parse_yaml("test", &steps).unwrap(), true).is_err());
    }
}
