//! Stopping and going on: what has been merged and is in no piece yet goes to disk, and comes back.
//!
//! Beside the line, for runs over a shard map.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Tally;
use super::pieces::PieceLine;
use super::run_checkpoint;
use super::{Line, Options, Survey};
use crate::error::{Dialect, Result};
use crate::left_out::ErrorSummary;
use crate::merge::RunPartials;
use crate::piece::{Again, Checkpoint, Pieces, RunCheckpoint};

/// What an earlier run had merged, and this one goes on with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resumed<'a> {
    Nothing,
    Pieces(&'a Checkpoint),
    /// Of a run without a shard map.
    Run(&'a RunCheckpoint),
}

/// Where finished shards go, and how often what is in none of them is saved.
#[derive(Debug, Clone, Copy)]
pub struct PieceOptions<'a> {
    pub pieces: &'a Pieces,
    /// The shards that the run is about, ascending, done or not.
    pub shards: &'a [u64],
    /// Of an earlier run over these shards.
    pub checkpoint: Option<&'a Checkpoint>,
    /// From one checkpoint to the next.
    pub every: Duration,
}

/// Partials to begin with: those of the checkpoint where there is one that can be used.
///
/// # Errors
/// A folder that cannot be used.
pub(super) fn take_up<'a>(
    survey: &'a Survey,
    options: &Options<'a>,
    tally: &mut Tally,
    dialect: &dyn Dialect,
) -> Result<(RunPartials<'a>, Resumed<'a>)> {
    let (grid, job) = (&survey.schema.grid, &survey.job);
    let (budget, folder) = (options.partials, options.spill);
    let Some(pieces) = options.pieces else {
        return run_checkpoint::take_up((survey, options), tally, dialect);
    };
    if let Some(checkpoint) = pieces.checkpoint {
        match RunPartials::restore(grid, job, budget, folder, &checkpoint.runs) {
            Ok(partials) => match uncovered(&partials, survey, checkpoint) {
                None => return Ok((partials, Resumed::Pieces(checkpoint))),
                Some(why) => tally.notes.push(format!("granules are read again: {why}")),
            },
            Err(error) => tally.notes.push(format!(
                "granules are read again: {}",
                error.render(dialect)
            )),
        }
    }
    pieces.pieces.forget(pieces.shards)?;
    let none = RunPartials::restore(grid, job, budget, folder, &[])?;
    Ok((none, Resumed::Nothing))
}

/// The first shard to be done whose partials have other photons than its granules added.
fn uncovered(partials: &RunPartials, survey: &Survey, checkpoint: &Checkpoint) -> Option<String> {
    let covered = checkpoint.covered();
    let mut shards = survey.listed.iter().flatten().map(|shard| shard.id);
    shards.find_map(|shard| {
        let (found, said) = (partials.photons_of(shard), covered.get(&shard).copied());
        let said = said.unwrap_or_default();
        (found != said).then(|| {
            format!(
                "the partials of shard {shard} have {found} photons, and its granules added {said}"
            )
        })
    })
}

impl<'a> Resumed<'a> {
    /// File names of granules that are merged already.
    pub fn merged(self) -> BTreeSet<&'a str> {
        let granules = match self {
            Self::Nothing => &[][..],
            Self::Pieces(checkpoint) => &checkpoint.granules,
            Self::Run(checkpoint) => &checkpoint.granules,
        };
        granules.iter().map(|granule| &*granule.name).collect()
    }

    /// What of it is read again.
    pub fn again(self, options: &Options<'a>) -> Option<&'a Again> {
        let is_run = matches!(self, Self::Run(_));
        options.checkpoints.filter(|_| is_run)?.again
    }
}

impl Line<'_, '_> {
    /// Goes on where a checkpoint ends: counts are those of its granules, and partials of shards that
    /// were finished after it only count.
    ///
    /// # Errors
    /// A sorted run that cannot be read.
    pub(super) fn go_on(&mut self, survey: &Survey, resumed: Resumed) -> Result<()> {
        let checkpoint = match resumed {
            Resumed::Nothing => return Ok(()),
            Resumed::Run(saved) => {
                self.go_on_without_map(saved);
                return Ok(());
            }
            Resumed::Pieces(checkpoint) => checkpoint,
        };
        for granule in &checkpoint.granules {
            self.tally.counts.add(&granule.counts);
            self.tally.granules.push(granule.clone());
        }
        self.tally.rows.clone_from(&checkpoint.rows);
        self.tally.rejected_rows = checkpoint.rejected_rows;
        self.tally.resumed = checkpoint.granules.len() as u64;
        self.errors.go_on(&checkpoint.errors);
        let Some(pieces) = &mut self.pieces else {
            return Ok(());
        };
        pieces.go_on(checkpoint);
        let to_do: BTreeSet<u64> = survey
            .listed
            .iter()
            .flatten()
            .map(|shard| shard.id)
            .collect();
        let held: Vec<u64> = self.partials.shards().collect();
        for shard in held.into_iter().filter(|shard| !to_do.contains(shard)) {
            for window in self.partials.take_shard(shard)?.without_values() {
                pieces.conserve(&window?.table);
            }
        }
        Ok(())
    }

    /// Saves what is merged and in no piece, where it is time, or the run is about to stop.
    ///
    /// # Errors
    /// A write fails; the last checkpoint stays.
    pub(super) fn save(&mut self, last: &mut Instant, stopping: bool) -> Result<()> {
        let Some(options) = self.options.pieces else {
            return self.save_without_map(last, stopping);
        };
        let due = stopping || last.elapsed() >= options.every;
        let Some(pieces) = self.pieces.as_ref().filter(|_| due) else {
            return Ok(());
        };
        let merging = Instant::now();
        let runs = self.partials.save()?;
        let checkpoint = Checkpoint {
            granules: self.tally.granules.clone(),
            rows: self.tally.rows.clone(),
            rejected_rows: self.tally.rejected_rows,
            errors: self.errors.of_rows(),
            runs,
            ..pieces.checkpoint(options.pieces.sha256())
        };
        options.pieces.record(options.shards, &checkpoint)?;
        self.partials.recorded()?;
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        *last = Instant::now();
        Ok(())
    }
}

impl PieceLine<'_> {
    /// As [`Line::go_on`].
    fn go_on(&mut self, checkpoint: &Checkpoint) {
        self.conserved = checkpoint.conserved.clone();
        self.sources.clone_from(&checkpoint.sources);
        for (shard, contributions) in &checkpoint.contributions {
            if self.to_do.contains(shard) {
                self.contributions.insert(*shard, contributions.clone());
            }
        }
    }

    /// What this part of the run knows of a checkpoint; the rest is empty.
    fn checkpoint(&self, manifest_sha256: &str) -> Checkpoint {
        let manifest = self.pieces.manifest();
        Checkpoint {
            config_sha256: manifest.config.sha256.clone(),
            map_sha256: manifest.map.sha256.clone(),
            manifest_sha256: manifest_sha256.to_owned(),
            open: self.to_do.iter().copied().collect(),
            granules: Vec::new(),
            sources: self.sources.clone(),
            contributions: self.contributions.clone(),
            conserved: self.conserved.clone(),
            rows: Vec::new(),
            rejected_rows: 0,
            errors: ErrorSummary::default(),
            runs: Vec::new(),
        }
    }
}
