//! Stopping and going on without a shard map: what has been merged goes to disk beside the store, and comes back.
//!
//! Beside the line. The twin of `checkpoint.rs`, for runs in which no shard is whole before the last granule.

use std::path::Path;
use std::time::{Duration, Instant};

use super::checkpoint::Resumed;
use super::{Line, Options, Survey, Tally};
use crate::error::{Dialect, Result};
use crate::merge::{RunPartials, available_space};
use crate::piece::{Again, KeptErrors, Question, RunCheckpoint};
use crate::place::FolderPlace;

/// Where what is merged is saved, and how often.
#[derive(Debug, Clone, Copy)]
pub struct RunCheckpoints<'a> {
    pub folder: &'a Path,
    pub question: &'a Question,
    /// The store that is replaced in the end.
    pub replaces: Option<(u64, u64)>,
    /// What an earlier run saved, and this one goes on with, and the folder that has it.
    pub taken_up: Option<(&'a RunCheckpoint, &'a Path)>,
    /// What of it is read again.
    pub again: Option<&'a Again>,
    /// Where partials of all granules go in the end, for later runs that add to the store.
    pub keep: Option<&'a Path>,
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
    if let Some((checkpoints, (saved, folder))) = options.checkpoints.and_then(taken_up) {
        let from = (folder, &*saved.runs);
        let taken_up = RunPartials::take_up((grid, job), (budget, spill), from);
        let odd = match &taken_up {
            Err(error) => Some(error.render(dialect)),
            Ok(partials) => uncovered(partials, saved, checkpoints.again),
        };
        match (taken_up, odd) {
            (Ok(partials), None) => {
                let errors = RunCheckpoint::errors_in(folder);
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
fn uncovered(
    partials: &RunPartials,
    saved: &RunCheckpoint,
    again: Option<&Again>,
) -> Option<String> {
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
    let lacking: u64 = again.map_or(0, |again| {
        let names = again.granules.iter();
        names.map(|name| again.photons_of(saved, name)).sum()
    });
    let kept = kept.saturating_sub(lacking);
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
        self.added.clone_from(&saved.added);
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
        // Until all are read again, and where shards of a store stay, the list would say more than the partials have.
        let half = !self.again.granules.is_empty() || self.options.carried.is_some();
        if half || !more || !(stopping || last.elapsed() >= options.every) {
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
        RunCheckpoint::record(options.folder, |folder| self.leave_in(folder, &options))?;
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        Ok(())
    }

    /// Leaves all that is merged in the folder that is asked for, whole, but for its name.
    ///
    /// # Errors
    /// A write fails: nothing is left.
    pub(super) fn keep(&mut self) -> Result<Option<FolderPlace>> {
        let checkpoints = self.options.checkpoints.and_then(|o| Some((o, o.keep?)));
        // Where shards of a store stay, there are no partials of theirs.
        let whole = checkpoints.filter(|_| self.options.carried.is_none());
        let Some((options, folder)) = whole else {
            return Ok(None);
        };
        let merging = Instant::now();
        let options = RunCheckpoints {
            replaces: None,
            ..options
        };
        let place = RunCheckpoint::begin(folder, |folder| self.leave_in(folder, &options))?;
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        Ok(Some(place))
    }

    /// Leaves all that is merged in a folder, and gives back the list of it.
    fn leave_in(&mut self, folder: &Path, options: &RunCheckpoints) -> Result<RunCheckpoint> {
        let Self {
            partials,
            tally,
            files,
            added,
            errors,
            ..
        } = self;
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
            added: added.clone(),
            rows: tally.rows.clone(),
            rejected_rows: tally.rejected_rows,
            errors: errors.of_rows(),
            runs,
            ..RunCheckpoint::new(options.question.clone())
        })
    }
}
