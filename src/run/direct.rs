//! Runs over granules as they are: from config and plan to store and report.
//!
//! What every run has is here, too; `pieces.rs` goes on from it over a shard map.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::backend::Device;
use crate::backend::choose::Chosen;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::left_out::errors_path;
use crate::merge::{available_space, spill_estimate};
use crate::piece::{Question, RunCheckpoint};
use crate::pipeline::{self, Options, Survey};
use crate::place::{Inputs, Step, begin as begin_work, hidden};
use crate::plan::Plan;
use crate::report::{RunFacts, RunReport};
use crate::store::{Target, Whole};
use crate::watch::Note;

use super::geotiff;
use super::grown::Grown;
use super::outcome::Done;
use super::saved::Saved;
use super::session::Session;
use super::settings::Settings;

/// One run from config and plan to store and report.
pub(super) struct Work<'a> {
    pub config: &'a Config,
    pub plan: &'a Plan,
    pub target: Target<'a>,
    pub table: Option<&'a Path>,
    /// Where the arrays of a raster go as GeoTIFF.
    pub geotiff: Option<&'a Path>,
    pub report: &'a Path,
    /// What is never written over.
    pub inputs: &'a Inputs,
    /// Has the store's name.
    pub session: &'a Session<'a>,
    /// Partials of all granules stay beside the store.
    pub keep_partials: bool,
    pub settings: &'a Settings<'a>,
}

impl<'a> Work<'a> {
    /// Makes all that the run writes, and gives it its names; what an earlier run had merged is kept with `resume`.
    ///
    /// # Errors
    /// As [`pipeline::fold`] and [`pipeline::write`]; targets that cannot or must not be written.
    pub fn execute(
        &self,
        (resume, every): (bool, Duration),
        mut grown: Option<Box<Grown>>,
    ) -> Result<Done> {
        let started = Instant::now();
        let saved = Saved::find(self, resume)?;
        self.check_target(&saved)?;
        let errors = errors_path(self.target.store);
        let settings = self.settings;
        let early = settings.open_device()?;
        let survey = pipeline::survey(self.config, self.plan, settings.tolerant)?;
        self.say_drift(&survey);
        self.check_layout(&survey)?;
        let question = Question::new(&self.config.sha256, &survey.columns, settings.hashed);
        let mut saved = saved.held_against(&question, &survey, settings);
        let mut keep = self.keep_partials;
        if let Some(grown) = &mut grown {
            keep |= RunCheckpoint::is_in(&grown.folder);
            saved = saved.or_grown(grown, (&question, &survey), self)?;
            grown.look_at_standing(self)?;
        }
        let saved = saved.keeping(self.target.store, keep);
        // What is not gone on with gives no leave to replace a store.
        let target = self.check_target(&saved)?;
        let kept = saved.errors();
        let spill = spill_folder(target.store);
        let options = self.options(&survey, &errors, &spill);
        let options = Options {
            checkpoints: Some(saved.options(&question, (&target, &kept), every)),
            ..options
        };
        let listing = grown.as_ref().map(|grown| self.positions(grown));
        let carried = grown.as_ref().zip(listing.as_ref());
        let carried = carried.and_then(|(grown, listing)| self.carried(grown, listing));
        let options = Options {
            carried: carried.as_ref(),
            ..options
        };
        self.check_disk(&survey, &options);
        let chosen = settings.settle_device(early, self.config, &survey)?;
        let device = &chosen.device;
        let interrupted = |error: Error| saved.interrupted(error, &question, &survey);
        let mut folded = self.fold(&survey, device, &options).map_err(interrupted)?;
        let partials = folded.kept.take();
        let written = device.install(|| pipeline::write(folded, &survey, target, &options));
        let (whole, tally) = written.map_err(interrupted)?;
        let mut facts = self.facts(&chosen, &survey, &options);
        facts.written_bytes = Some(whole.bytes);
        facts.update = grown.map(|grown| grown.told_of(&tally));
        let Whole {
            written, mut steps, ..
        } = whole;
        let files = device.install(|| geotiff::add(&mut steps, self.geotiff))?;
        steps.extend(partials.map(Step::Folder));
        let seconds = started.elapsed().as_secs_f64();
        let mut report = RunReport::new(&facts, &tally, Some(&written), seconds);
        report.geotiff = files;
        let clear = saved.to_clear(target.store);
        self.session
            .end(steps, (self.report, report.to_json()), &clear)?;
        Ok(Done {
            path: target.store.to_path_buf(),
            whole: tally.is_whole(),
            report,
            tally,
        })
    }

    /// What is written where, once nothing stands there that must stay.
    fn check_target(&self, saved: &Saved) -> Result<Target<'a>> {
        let target = Target {
            overwrite: self.target.overwrite || saved.may_replace(self.target.store),
            ..self.target
        };
        crate::store::check_target(target.store, target.overwrite, self.inputs)?;
        self.check_tables(target.overwrite)?;
        Ok(target)
    }

    /// What differs between granules, and is no reason to stop.
    pub fn say_drift(&self, survey: &Survey) {
        for what in survey.drift.iter().cloned() {
            self.settings.watch.note(Note::Drift { what });
        }
    }

    /// The store holds what the config asks for.
    pub fn check_layout(&self, survey: &Survey) -> Result<()> {
        let checked = self.target.check(&survey.schema);
        checked.map_err(|message| Error::config(&self.config.name, message))
    }

    /// Says so where partials may need more disk than there is: an upper bound, so no reason to stop.
    pub fn check_disk(&self, survey: &Survey, options: &Options) {
        let cells = survey.listed.as_ref().map_or(u64::MAX, |listed| {
            let pairs: usize = listed.iter().map(|shard| shard.granules.len()).sum();
            (pairs as u64).saturating_mul(self.config.grid.shard_cells())
        });
        let most = spill_estimate(&survey.job, survey.rows, cells);
        // Nothing goes to disk that memory has room for.
        let room = available_space(options.spill).filter(|_| most / 2 > options.partials);
        if let Some(room) = room.filter(|room| *room < most) {
            self.settings.watch.note(Note::DiskMayFill {
                most,
                store: self.target.store.to_path_buf(),
                room,
            });
        }
    }

    pub fn options<'o>(&self, survey: &Survey, errors: &'o Path, spill: &'o Path) -> Options<'o>
    where
        'a: 'o,
    {
        let options = self.settings.options(self.config, survey, (errors, spill));
        Options {
            table: self.table,
            ..options
        }
    }

    pub fn fold<'f>(
        &self,
        survey: &'f Survey,
        device: &Device,
        options: &Options<'f>,
    ) -> Result<pipeline::Folded<'f>>
    where
        'a: 'f,
    {
        let folded = pipeline::fold(self.config, survey, device, options);
        if let Some(what) = device.warning() {
            self.settings.watch.note(Note::Device { what });
        }
        folded
    }

    pub fn facts<'f>(
        &'f self,
        chosen: &Chosen,
        survey: &'f Survey,
        options: &Options,
    ) -> RunFacts<'f> {
        RunFacts {
            command: self.settings.command.clone(),
            config_name: &self.config.name,
            config_sha256: &self.config.sha256,
            without_effect: &self.config.idle,
            region: self.config.region.as_ref(),
            axis: self.config.axis.as_ref(),
            device: chosen.device.name(),
            device_reason: chosen.reason.render(self.settings.dialect),
            device_details: chosen.details(&survey.job),
            threads: self.settings.threads,
            memory_bytes: self.settings.memory.0,
            batch_rows: options.batch_rows,
            partials_bytes: options.partials,
            traffic: &self.config.access.remote.traffic,
            plan: self.plan,
            job: &survey.job,
            store: self.target.store,
            table: self.table,
            written_bytes: None,
            map_sha256: None,
            drift: &survey.drift,
            conventions: &survey.conventions,
            pieces: None,
            update: None,
        }
    }
}

/// Where partials go that memory has no room for: hidden beside the store, of this process alone.
pub(super) fn spill_folder(store: &Path) -> PathBuf {
    let folder = hidden(store, "spill");
    begin_work(&folder);
    folder
}
