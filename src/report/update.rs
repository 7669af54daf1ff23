//! What a run added to a store that stood, and what of it stayed.
//!
//! Beside the line: part of the run report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names that are told one by one.
const SHOWN: usize = 3;

/// How a store that stood became another.
///
/// ```no_run
/// use icefold::report::UpdateReport;
/// use icefold::{Granules, Run, config};
///
/// # fn main() -> icefold::Result<()> {
/// let run = Run::new(config::load("atl03")?, Granules::found_in("granules")?);
/// let outcome = run.into_store("photons.zarr").update(true).execute()?;
/// let update: Option<&UpdateReport> = outcome.done().and_then(|done| done.report.update.as_ref());
/// println!("{} granules were added", update.map_or(0, |update| update.added.len()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UpdateReport {
    /// What the store was made of again: `partials` that were kept, `shards` of which those without anything new
    /// stayed, or `all` granules.
    pub by: String,
    /// Why all granules were read, where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Granules that are new.
    pub added: Vec<String>,
    /// Granules that are gone, and the files that take their places.
    pub replaced: Vec<ReplacedReport>,
    /// Granules whose files are others now, under the same names.
    pub changed: Vec<String>,
    /// Granules that were taken out.
    pub removed: Vec<String>,
    /// Granules whose photons stayed: they were not read, or only for shards that were made anew.
    pub granules_before: u64,
    /// Kept photons of these, in partials. They are among `photons`; where shards stayed nobody counted them, and this is
    /// null.
    pub photons_before: Option<u64>,
    /// Of these granules, those that were read for shards that were made anew.
    pub granules_again: u64,
    /// Cells that stayed, where shards did.
    pub cells_before: u64,
}

/// A granule that is gone, and what takes its place.
///
/// ```
/// use icefold::report::ReplacedReport;
///
/// let text = r#"{"granule": "ATL06_20200101000000_00010601_005_01.h5", "by": "ATL06_20200101000000_00010601_006_01.h5"}"#;
/// let replaced: ReplacedReport = serde_json::from_str(text).unwrap();
/// assert!(replaced.by.contains("_006_"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplacedReport {
    pub granule: String,
    pub by: String,
}

impl UpdateReport {
    /// What was not read as a whole, in a summary.
    pub(super) fn said_of_granules(&self) -> String {
        let again = match self.granules_again {
            0 => String::new(),
            n => format!(", {n} of these again for shards made anew"),
        };
        match (&*self.by, self.granules_before) {
            (_, 0) => String::new(),
            ("partials", n) => format!(", {n} of them before{again}"),
            (_, n) => format!(", {n} stayed{again}"),
        }
    }

    /// What differs from the store that stands.
    pub(crate) fn in_words(&self) -> String {
        let mut said = Vec::new();
        let mut say = |what: &str, names: &[String]| {
            if !names.is_empty() {
                said.push(format!("{what} {}", listed(names)));
            }
        };
        say("new:", &self.added);
        let replaced = self.replaced.iter();
        let replaced = replaced.map(|one| format!("{} by {}", one.granule, one.by));
        say("replaced:", &replaced.collect::<Vec<_>>());
        say("another file than it was:", &self.changed);
        say("taken out:", &self.removed);
        if said.is_empty() {
            return "no granule is new, and none is gone".to_owned();
        }
        said.join("; ")
    }
}

fn listed(names: &[String]) -> String {
    let first = &names[..names.len().min(SHOWN)];
    match names.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_told_by_name_and_the_rest_counted() {
        assert_eq!(
            UpdateReport::default().in_words(),
            "no granule is new, and none is gone"
        );
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let report = UpdateReport {
            added: names(&["a", "b", "c", "d", "e"]),
            replaced: vec![ReplacedReport {
                granule: "f_5".to_owned(),
                by: "f_6".to_owned(),
            }],
            removed: names(&["g"]),
            ..UpdateReport::default()
        };
        let says = "new: a, b, c and 2 more; replaced: f_5 by f_6; taken out: g";
        assert_eq!(report.in_words(), says);
    }
}
