//! Runs from code over granules that a test can spoil, and what has to come of them.

use std::path::Path;

use icefold::pipeline::Survey;
use icefold::{Granules, Run, config};
use serde_json::Value;

use super::Ears;
use crate::cli::Site;

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
        let config = config::load(config.as_ref().to_str().unwrap()).unwrap();
        let run = Run::new(config, Granules::named(granules));
        run.into_store(self.out(store)).threads(2)
    }
}

/// The report of a run that must end whole, and what it said.
#[track_caller]
pub fn done(run: Run) -> (Value, String) {
    executed(run, true)
}

/// The report of a run that must leave something out, and what it said.
#[track_caller]
pub fn partly(run: Run) -> (Value, String) {
    executed(run, false)
}

#[track_caller]
fn executed(run: Run, whole: bool) -> (Value, String) {
    let ears = Ears::default();
    let outcome = run.watch(&ears).execute().unwrap();
    let said: Vec<String> = ears.notes().iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    assert_eq!(outcome.is_whole(), whole, "{said}");
    let report = &outcome.done().expect("something was done").report;
    (serde_json::to_value(report).unwrap(), said)
}

/// What a run would do.
#[track_caller]
pub fn surveyed(run: Run) -> Survey {
    run.planned().unwrap().survey().unwrap()
}

/// The message of a run that must stop, saying these things in order.
#[track_caller]
pub fn refused(run: Run, says: &[&str]) -> String {
    let message = run.execute().unwrap_err().to_string();
    let mut rest = &message[..];
    for part in says {
        let Some(at) = rest.find(part) else {
            panic!("no '{part}' in '{rest}' of: {message}");
        };
        rest = &rest[at + part.len()..];
    }
    message
}
