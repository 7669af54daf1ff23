//! Runs, maps and stores from code over granules that a test can spoil, and what has to come of them.

use std::fmt::Debug;
use std::path::Path;

use icefold::error::Kind;
use icefold::inspect::{Look, inspect};
use icefold::pipeline::Survey;
use icefold::run::Finalized;
use icefold::{Finalize, Granules, MakeMap, Mapped, Outcome, Result, Run, config};
use serde_json::{Value, json};

use super::Ears;
use crate::support::Site;

impl Site {
    /// A run over these granules into `out/a.zarr`.
    pub fn code(&self, config: impl AsRef<Path>, granules: &[&Path]) -> Run<'static> {
        self.code_to("a.zarr", config, granules)
    }

    /// A run over these granules into `out/STORE`.
    pub fn code_to(
        &self,
        store: &str,
        config: impl AsRef<Path>,
        granules: &[&Path],
    ) -> Run<'static> {
        let run = Run::new(loaded(config), Granules::named(granules));
        run.into_store(self.out(store)).threads(2)
    }

    /// A run of atl03 over `map.json` into `out/STORE`.
    pub fn over(&self, store: &str) -> Run<'static> {
        self.over_as(store, "atl03")
    }

    /// A run over `map.json` into `out/STORE`.
    pub fn over_as(&self, store: &str, config: impl AsRef<Path>) -> Run<'static> {
        let run = Run::new(loaded(config), Mapped::by(self.path("map.json")));
        run.into_store(self.out(store)).threads(2)
    }

    /// A run of atl03 over `map.json`, whose granules are below this folder, into `out/STORE`.
    pub fn over_in(&self, store: &str, root: &Path) -> Run<'static> {
        let mapped = Mapped::by(self.path("map.json")).in_folder(root);
        let run = Run::new(loaded("atl03"), mapped);
        run.into_store(self.out(store)).threads(2)
    }

    /// A run of atl03 over some shards of `map.json`, as pieces of `out/STORE`.
    pub fn part(&self, store: &str, shards: &str) -> Run<'static> {
        self.part_as(store, "atl03", shards)
    }

    /// A run over some shards of `map.json`, as pieces of `out/STORE`.
    pub fn part_as(&self, store: &str, config: impl AsRef<Path>, shards: &str) -> Run<'static> {
        let mapped = Mapped::by(self.path("map.json")).shards(shards.parse().unwrap());
        let run = Run::new(loaded(config), mapped);
        run.into_store(self.out(store)).threads(2)
    }

    /// What makes `out/STORE` of its pieces.
    pub fn making(&self, store: &str) -> Finalize<'static> {
        Finalize::new(self.out(store)).threads(2)
    }
}

fn loaded(config: impl AsRef<Path>) -> config::Config {
    config::load(config.as_ref().to_str().unwrap()).unwrap()
}

/// What can be executed while somebody listens.
pub trait Asked {
    /// What it reports, and whether nothing was left out.
    fn heard(self, ears: &Ears) -> Result<(Value, bool)>;
}

impl Asked for Run<'_> {
    fn heard(self, ears: &Ears) -> Result<(Value, bool)> {
        let outcome = self.watch(ears).execute()?;
        let report = match &outcome {
            Outcome::Store(done) | Outcome::Pieces(done) => json!(done.report),
            Outcome::Standing(standing) => standing.report.clone(),
        };
        Ok((report, outcome.is_whole()))
    }
}

impl Asked for Finalize<'_> {
    fn heard(self, ears: &Ears) -> Result<(Value, bool)> {
        let finalized = self.watch(ears).execute()?;
        let report = match &finalized {
            Finalized::Store(made) => json!(made.report),
            Finalized::Standing(standing) => standing.report.clone(),
        };
        Ok((report, finalized.is_whole()))
    }
}

impl Asked for MakeMap<'_> {
    fn heard(self, ears: &Ears) -> Result<(Value, bool)> {
        let built = self.watch(ears).execute()?;
        let said = json!({
            "shards": built.map.shards.len(),
            "granules": built.map.granules.len(),
            "failed": built.failed.len(),
            "without_photons": built.without_photons.len(),
            "photons": built.photons,
            "bad_coordinates": built.bad_coordinates,
        });
        Ok((said, built.failed.is_empty()))
    }
}

/// The report of what must end whole, and what was said on the way.
#[track_caller]
pub fn done(asked: impl Asked) -> (Value, String) {
    executed(asked, true)
}

/// The report of what must leave something out, and what was said on the way.
#[track_caller]
pub fn partly(asked: impl Asked) -> (Value, String) {
    executed(asked, false)
}

#[track_caller]
fn executed(asked: impl Asked, whole: bool) -> (Value, String) {
    let ears = Ears::default();
    let (report, is_whole) = asked.heard(&ears).unwrap_or_else(|error| panic!("{error}"));
    let said: Vec<String> = ears.notes().iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    assert_eq!(is_whole, whole, "{said}");
    (report, said)
}

/// What a run would do.
#[track_caller]
pub fn surveyed(run: Run) -> Survey {
    run.planned().unwrap().survey().unwrap()
}

/// The message of an error, which must be of this kind and say these things in order.
#[track_caller]
pub fn refused<T: Debug>(result: Result<T>, kind: Kind, says: &[&str]) -> String {
    let error = result.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.kind(), kind, "{message}");
    let mut rest = &message[..];
    for part in says {
        let Some(at) = rest.find(part) else {
            panic!("no '{part}' in '{rest}' of: {message}");
        };
        rest = &rest[at + part.len()..];
    }
    message
}

/// What is there, for programs.
#[track_caller]
pub fn looked(path: impl AsRef<Path>) -> Value {
    json!(inspect(path.as_ref(), Look::default()).unwrap())
}

/// What is there, for people.
#[track_caller]
pub fn shown(path: impl AsRef<Path>) -> String {
    inspect(path.as_ref(), Look::default()).unwrap().to_string()
}

/// What comes of looking.
pub fn seen(path: impl AsRef<Path>) -> Result<icefold::inspect::Inspection> {
    inspect(path.as_ref(), Look::default())
}
