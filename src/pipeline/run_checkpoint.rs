//! Stopping and going on without a shard map: what has been merged goes to disk beside the store, and comes back.
//!
//! Beside the line. The twin of `checkpoint.rs`, for runs in which no shard is whole before the last granule.

use std::path::Path;
use std::time::{Duration, Instant};

use super::checkpoint::Resumed;
use super::{Line, Options, Survey, Tally};
use crate::error::{Dialect, Result};
use crate::merge::{RunPartials, available_space};
use crate::piece::{KeptErrors, Question, RunCheckpoint};

/// Where what is merged is saved, and how often.
#[derive(Debug, Clone, Copy)]
pub struct RunCheckpoints<'a> {
    pub folder: &'a Path,
    pub question: &'a Question,
    /// The store that is replaced in the end.
    pub replaces: Option<(u64, u64)>,
    /// What an earlier run saved there, and this one goes on with.
    pub taken_up: Option<&'a RunCheckpoint>,
    /// Granules of a checkpoint that is there and of which this run makes no use.
    pub unused: usize,
    /// What was left out of granules, until the store's error table is made.
    pub errors: &'a KeptErrors,
    pub every: Duration,
}

/// The partials of an earlier run, if there is one to go on with and they are what it saved.
///
/// # Errors
/// A folder that cannot be used.
pub(super) fn take_up<'a>(
    (survey, options): (&'a Survey, &Options<'a>),
    tally: &mut Tally,
    dialect: &dyn Dialect,
) -> Result<(RunPartials<'a>, Resumed<'a>)> {
    let (grid, job) = (&survey.schema.grid, &survey.job);
    let (budget, spill) = (options.partials, options.spill);
    let taken_up = |of: RunCheckpoints<'a>| Some((of, of.taken_up?));
    if let Some((checkpoints, saved)) = options.checkpoints.and_then(taken_up) {
        let from = (checkpoints.folder, &*saved.runs);
        let taken_up = RunPartials::take_up((grid, job), (budget, spill), from);
        let odd = match &taken_up {
            Err(error) => Some(error.render(dialect)),
            Ok(partials) => uncovered(partials, saved),
        };
        match (taken_up, odd) {
            (Ok(partials), None) => {
                let errors = RunCheckpoint::errors_in(checkpoints.folder);
                let merged = |name: &str| saved.granules.iter().any(|one| one.name == name);
                errors.leave_in(checkpoints.errors, merged)?;
                return Ok((partials, Resumed::Run(saved)));
            }
            (_, odd) => tally.notes.push(format!(
                "granules are read again: {}",
                odd.unwrap_or_default()
            )),
        }
    }
    let none = RunPartials::new(grid, job, budget, spill);
    Ok((none, Resumed::Nothing))
}

/// The first shard whose partials have other photons than were saved.
fn uncovered(partials: &RunPartials, saved: &RunCheckpoint) -> Option<String> {
    let found = partials
        .shards()
        .map(|shard| (shard, partials.photons_of(shard)));
    let said = saved
        .photons
        .iter()
        .map(|(&shard, &photons)| (shard, photons));
    let kept: u64 = saved
        .granules
        .iter()
        .map(|granule| granule.counts.kept)
        .sum();
    if !found.eq(said) {
        return Some("the partials have other photons than the checkpoint says".to_owned());
    }
    (kept != partials.photons()).then(|| {
        let photons = partials.photons();
        format!("the partials have {photons} photons, and their granules added {kept}")
    })
}

impl Line<'_, '_> {
    /// Goes on where an earlier run was stopped: counts are those of its granules.
    pub(super) fn go_on_without_map(&mut self, saved: &RunCheckpoint) {
        for granule in &saved.granules {
            self.tally.counts.add(&granule.counts);
            self.tally.granules.push(granule.clone());
            if let Some(files) = saved.files.get(&granule.name) {
                self.tally.add_sources(&granule.name, files);
            }
        }
        self.files.clone_from(&saved.files);
        self.tally.steps.clone_from(&saved.steps);
        self.tally.rows.clone_from(&saved.rows);
        self.tally.rejected_rows = saved.rejected_rows;
        self.tally.resumed = saved.granules.len() as u64;
        self.errors.go_on(&saved.errors);
    }

    /// Saves what is merged, where it is more than is saved, and it is time or the run is about to stop.
    ///
    /// # Errors
    /// A write fails; the last checkpoint stays.
    pub(super) fn save_without_map(&mut self, last: &mut Instant, stopping: bool) -> Result<()> {
        let Some(options) = self.options.checkpoints else {
            return Ok(());
        };
        let merged = self.tally.granules.len();
        let more = merged > options.unused && merged as u64 > self.tally.resumed;
        if !more || !(stopping || last.elapsed() >= options.every) {
            return Ok(());
        }
        *last = Instant::now();
        // A disk that partials fill would end a run that memory has room for.
        let room = available_space(options.folder.parent().unwrap_or(options.folder));
        if room.is_some_and(|room| room / 2 < self.partials.memory()) {
            const WHAT: &str = "what was merged is not saved for another run to go on with: the store's disk has no room";
            if !self.tally.notes.iter().any(|note| note == WHAT) {
                self.tally.notes.push(WHAT.to_owned());
            }
            return Ok(());
        }
        let merging = Instant::now();
        let Self {
            partials,
            tally,
            files,
            errors,
            ..
        } = self;
        RunCheckpoint::record(options.folder, |folder| {
            let left = RunCheckpoint::errors_in(folder);
            let whole = |name: &str| tally.granules.iter().any(|one| one.name == name);
            options.errors.leave_in(&left, whole)?;
            let runs = partials.leave_in(folder)?;
            let photons = partials
                .shards()
                .map(|shard| (shard, partials.photons_of(shard)));
            Ok(RunCheckpoint {
                replaces: options.replaces,
                granules: tally.granules.clone(),
                files: files.clone(),
                photons: photons.collect(),
                steps: tally.steps.clone(),
                rows: tally.rows.clone(),
                rejected_rows: tally.rejected_rows,
                errors: errors.of_rows(),
                runs,
                ..RunCheckpoint::new(options.question.clone())
            })
        })?;
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        Ok(())
    }
}
