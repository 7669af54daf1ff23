//! Runs over a shard map, the whole of it or a part: shards become pieces, and pieces become the store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::backend::Device;
use crate::error::{Action, Error, Kind, Result, Setting, phrase};
use crate::left_out::errors_path;
use crate::piece::{Asked, Checkpoint, Listed, Marker, Owner, Pieces, RunCheckpoint};
use crate::pipeline::Tally;
use crate::pipeline::{self, Assembled, Assembly, Options, PieceOptions, Survey};
use crate::place::write_whole;
use crate::plan::{Selection, ShardMap, Wanted};
use crate::publish::PiecesAway;
use crate::report::{PieceReport, RUN_REPORT, RunReport};
use crate::watch::Note;

use super::direct::{Work, spill_folder};
use super::geotiff;
use super::outcome::Done;

/// A run over a shard map.
pub(super) struct PartRun<'a> {
    pub run: &'a Work<'a>,
    pub map: &'a ShardMap,
    pub granule_root: Option<&'a Path>,
    /// Only pieces are written: the store waits for `icefold finalize`.
    pub part: bool,
    /// Keep pieces that are done, and granules that are merged.
    pub resume: bool,
    /// From one checkpoint of what is in no piece to the next.
    pub checkpoint: Duration,
    /// Where runs on other machines find the pieces.
    pub shared: Option<&'a PiecesAway>,
}

impl PartRun<'_> {
    /// Writes the pieces that are missing, and the store if the run is about all shards.
    ///
    /// # Errors
    /// Pieces that do not fit or that another run works on; as [`pipeline::fold`] and
    /// [`pipeline::assemble`]; what is done stays.
    pub fn execute(&self) -> Result<Done> {
        let started = Instant::now();
        let run = self.run;
        let folder = Pieces::folder_of(run.target.store);
        self.check(&folder)?;
        let early = run.settings.open_device()?;
        if run.target.overwrite && !self.part && folder.exists() {
            let _owner = Owner::claim(&folder, None)?;
            Pieces::clear(&folder)?;
        }
        let (pieces, _owner) = self.begin(&folder)?;
        if run.target.overwrite && !self.part {
            pieces.will_replace(run.target.store)?;
        }
        let mut survey = self.survey(&pieces)?;
        let listed = survey.listed.as_deref().unwrap_or_default();
        let listed = Listed::new(listed, &survey.granules);
        let kept = self.kept(&pieces, &listed)?;
        survey.retain_shards(|shard| !kept.contains_key(&shard));
        run.say_drift(&survey);
        run.check_layout(&survey)?;
        let shards = self.wanted().shards.ids();
        let to_do: Vec<u64> = survey.listed.iter().flatten().map(|s| s.id).collect();
        let checkpoint = self.checkpoint(&pieces, &to_do, &listed)?;
        let spill = pieces.open_shards(shards);
        let errors = errors_path(run.target.store);
        let mut options = run.options(&survey, &errors, &spill);
        options.pieces = Some(PieceOptions {
            pieces: &pieces,
            shards,
            checkpoint: checkpoint.as_ref(),
            every: self.checkpoint,
        });
        run.check_disk(&survey, &options);
        let chosen = run.settings.settle_device(early, run.config, &survey)?;
        let device = &chosen.device;
        let mut tally = self.write_pieces(&pieces, (&survey, device), &options)?;
        let mut facts = run.facts(&chosen, &survey, &options);
        facts.pieces = Some(self.report(&folder, &kept, &tally));
        let mut whole = tally.is_whole() && kept.values().all(|marker| marker.left_out.is_empty());
        facts.map_sha256 = Some(self.map.identity());
        let (path, report) = if self.part {
            self.say_what_is_left(&pieces)?;
            let report = RunReport::new(&facts, &tally, None, started.elapsed().as_secs_f64());
            let text = report.to_json() + "\n";
            write_whole(run.report, RUN_REPORT, text.as_bytes())?;
            (folder, report)
        } else {
            let assembled = self.assemble(&pieces, &survey, device)?;
            settle(&mut tally, &assembled);
            let mut store = assembled.whole;
            let files = device.install(|| geotiff::add(&mut store.steps, run.geotiff))?;
            whole &= assembled.left_out.is_empty() && store.errors.count == 0;
            facts.written_bytes = Some(store.bytes);
            let seconds = started.elapsed().as_secs_f64();
            let mut report = RunReport::new(&facts, &tally, Some(&store.written), seconds);
            report.geotiff = files;
            let text = (run.report, report.to_json());
            // Partials beside it are of a store that stood here before.
            let partials = RunCheckpoint::partials_beside(run.target.store);
            let clear: Vec<PathBuf> = std::iter::once(folder).chain(partials).collect();
            run.session.end(store.steps, text, &clear)?;
            (run.target.store.to_path_buf(), report)
        };
        Ok(Done {
            path,
            report,
            tally,
            whole,
        })
    }

    /// Folds granules into the pieces that are missing.
    fn write_pieces<'p>(
        &self,
        pieces: &Pieces,
        (survey, device): (&'p Survey, &Device),
        options: &Options<'p>,
    ) -> Result<Tally> {
        let folded = self.run.fold(survey, device, options);
        let pipeline::Folded {
            mut tally,
            errors,
            partials,
            ..
        } = folded.map_err(|error| match error.kind() {
            Kind::Interrupted => self.interrupted(pieces),
            _ => error,
        })?;
        tally.errors = errors.summary();
        tally.spilled = partials.spilled();
        partials.remove()?;
        pieces.forget(self.wanted().shards.ids())?;
        Ok(tally)
    }

    fn report(&self, folder: &Path, kept: &BTreeMap<u64, Marker>, tally: &Tally) -> PieceReport {
        let wanted = self.wanted();
        PieceReport {
            folder: folder.display().to_string(),
            written: (wanted.listed.len() - kept.len()) as u64,
            kept: kept.len() as u64,
            photons_kept: kept.values().map(|marker| marker.photons).sum(),
            of: wanted.of as u64,
            granules_resumed: tally.resumed,
            most_open: tally.most_open,
        }
    }

    fn wanted(&self) -> &Wanted {
        let wanted = self.run.plan.wanted.as_ref();
        wanted.unwrap_or_else(|| unreachable!("the plan of a shard map says which shards"))
    }

    /// Store and tables can be written.
    fn check(&self, folder: &Path) -> Result<()> {
        let run = self.run;
        if self.part && run.table.is_some() {
            return Err(Error::argument(phrase![
                Setting::Table,
                " is written with the store, and ",
                Setting::Shards,
                " writes pieces of one"
            ])
            .with_remedy(phrase!["give ", Setting::Table, " to ", Action::Finalize]));
        }
        let overwrite = self.may_overwrite(folder)?;
        // With pieces there, whether the store may be replaced is asked when it is made of them.
        if !(self.part && self.resume && folder.is_dir()) {
            crate::store::check_target(run.target.store, overwrite, run.inputs)?;
            run.check_tables(overwrite)?;
        }
        Pieces::check_place(folder)
    }

    /// Whether the store may be replaced: `--overwrite` was given, now or when the pieces were begun.
    fn may_overwrite(&self, folder: &Path) -> Result<bool> {
        let target = &self.run.target;
        Ok(target.overwrite || (self.resume && Pieces::may_replace(folder, target.store)?))
    }

    /// The checkpoint of an earlier run over these shards, where there is one that can be used.
    fn checkpoint(
        &self,
        pieces: &Pieces,
        to_do: &[u64],
        listed: &Listed,
    ) -> Result<Option<Checkpoint>> {
        if !self.resume {
            return Ok(None);
        }
        match pieces.checkpoint(self.wanted().shards.ids(), to_do, listed)? {
            Ok(checkpoint) => Ok(checkpoint),
            Err(why) => {
                self.note(Note::GranulesAgain { why });
                Ok(None)
            }
        }
    }

    /// The pieces, old or new, and the shards of this run for this run alone.
    fn begin(&self, folder: &Path) -> Result<(Pieces, Owner)> {
        let run = self.run;
        let asked = Asked {
            config: run.config,
            map: self.map,
            overviews: run.target.overviews,
            layout: run.target.layout,
        };
        let there = Pieces::open(folder)?;
        let pieces = if let Some(pieces) = there {
            asked.agree(pieces.manifest(), folder)?;
            pieces
        } else {
            pipeline::absent(run.plan, run.settings.tolerant, run.settings.dialect)?;
            // All granules of the map have their say, so that pieces of all parts fit together.
            let all = self.map.plan(&Selection {
                range: None,
                granule_root: self.granule_root,
                config: Some(run.config),
                duplicates: None,
            })?;
            let found = crate::plan::find(run.config, &all, run.settings.tolerant)?;
            Pieces::begin(folder, &asked, asked.manifest(found))?
        };
        let pieces = self.agreed(pieces, &asked)?;
        let owner = Owner::claim(folder, Some(self.wanted().shards.ids()))?;
        Ok((pieces, owner))
    }

    /// The pieces, under the manifest that runs on other machines have, too.
    fn agreed(&self, pieces: Pieces, asked: &Asked) -> Result<Pieces> {
        let Some(shared) = self.shared else {
            return Ok(pieces);
        };
        let folder = pieces.folder().to_path_buf();
        shared.agree(&folder)?;
        let there = Pieces::open(&folder)?.unwrap_or(pieces);
        asked.agree(there.manifest(), &folder)?;
        Ok(there)
    }

    /// Pieces that are done already; without `--resume` there must be none.
    fn kept(&self, pieces: &Pieces, listed: &Listed) -> Result<BTreeMap<u64, Marker>> {
        let shards = self.wanted().shards.ids();
        if self.run.target.overwrite {
            shards.iter().try_for_each(|&shard| pieces.remove(shard))?;
            return Ok(BTreeMap::new());
        }
        let mut kept = BTreeMap::new();
        let mut changed = BTreeSet::new();
        for &shard in shards {
            if !pieces.is_marked(shard) {
                continue;
            }
            if !self.resume {
                let message = format!("there is a piece of shard {shard} already");
                return Err(Error::pieces(pieces.folder(), message).with_remedy(phrase![
                    Setting::Resume.set(),
                    " to keep what is done, or ",
                    Setting::Overwrite,
                    " to do it again"
                ]));
            }
            let done = pieces.done(shard)?.and_then(|marker| {
                listed.check_shard(shard, &marker.granules, &marker.left_out)?;
                match listed.changed(&marker.sources) {
                    None => Ok(marker),
                    Some((granule, how)) => {
                        changed.insert(granule.clone());
                        Err(format!("granule {granule} {how} since it was read"))
                    }
                }
            });
            match done {
                Ok(marker) if self.run.settings.tolerant || marker.left_out.is_empty() => {
                    kept.insert(shard, marker);
                }
                Ok(marker) => {
                    let why = format!("it was made without {}", marker.left_out.join(", "));
                    self.note(Note::PieceAgain { shard, why });
                }
                Err(why) => self.note(Note::PieceAgain { shard, why }),
            }
        }
        changed
            .iter()
            .try_for_each(|granule| pieces.errors().forget(granule))?;
        Ok(kept)
    }

    /// What the manifest and the plan of this run say, without opening a granule.
    fn survey(&self, pieces: &Pieces) -> Result<Survey> {
        let run = self.run;
        let manifest = pieces.manifest();
        let mut failed = pipeline::absent(run.plan, run.settings.tolerant, run.settings.dialect)?;
        let found = &manifest.found;
        if let Some(first) = found.failed.first().filter(|_| !run.settings.tolerant) {
            let without = format!(
                " and are made without granule {} ({})",
                first.granule, first.reason
            );
            let message = phrase!["were begun with ", Setting::Tolerant, without];
            return Err(Error::pieces(pieces.folder(), message).with_remedy(phrase![
                Setting::Tolerant.set(),
                ", or begin anew with ",
                Setting::Overwrite
            ]));
        }
        failed.extend(found.failed.iter().cloned());
        Survey::new(run.config, run.plan, found, failed)
    }

    fn assemble(&self, pieces: &Pieces, survey: &Survey, device: &Device) -> Result<Assembled> {
        let run = self.run;
        let spill = spill_folder(run.target.store);
        let assembly = Assembly {
            pieces,
            config: run.config,
            job: &survey.job,
            schema: &survey.schema,
            store: run.target.store,
            overwrite: self.may_overwrite(pieces.folder())?,
            table: run.table,
            geometry: run.target.geometry,
            errors: &errors_path(run.target.store),
            memory: run
                .settings
                .partials_memory
                .map_or(run.settings.memory.values(), |memory| memory.0),
            spill: &spill,
            watch: run.settings.watch,
        };
        let assembled = device.install(|| pipeline::assemble(&assembly));
        assembled.map_err(|error| match error.kind() {
            Kind::Interrupted => self.interrupted(pieces),
            _ => error,
        })
    }

    /// What is done, and how to go on.
    fn interrupted(&self, pieces: &Pieces) -> Error {
        let shards = self.wanted().shards.ids();
        let done = shards
            .iter()
            .filter(|&&shard| pieces.is_marked(shard))
            .count();
        Error::resumable(format!(
            "{done} of {} shards are done and kept in {}",
            shards.len(),
            pieces.folder().display()
        ))
        .with_remedy(phrase![
            "run the same command with ",
            Setting::Resume,
            " to go on"
        ])
    }

    fn say_what_is_left(&self, pieces: &Pieces) -> Result<()> {
        self.note(Note::ShardsDone {
            done: pieces.marked()?,
            of: self.wanted().of,
            store: self.run.target.store.to_path_buf(),
        });
        Ok(())
    }

    fn note(&self, note: Note) {
        self.run.settings.watch.note(note);
    }
}

/// The store's numbers in place of those of this run's pieces.
fn settle(tally: &mut Tally, assembled: &Assembled) {
    tally.shards = assembled.shards;
    tally.occupied_cells = assembled.occupied_cells;
    tally.cells_without_weight = assembled.cells_without_weight;
    tally.steps.clone_from(&assembled.steps);
    tally.errors = assembled.whole.errors.clone();
    tally.write_seconds += assembled.seconds;
}
