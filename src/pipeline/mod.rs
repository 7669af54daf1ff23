//! The line, from granules to a store.
//!
//! ```text
//! survey -> schedule -> [ read -> derive -> fold -> merge ] per granule -> finish -> store
//!                                                                           '-> piece -> assemble -> store
//! ```
//!
//! Reading has a thread of its own behind a bounded channel, so the next batch is decoded while the device
//! works on this one. The partials of a granule join those of the run only when the granule has been read
//! whole: one that fails half way leaves nothing behind. In a run over a shard map each shard is finished
//! into a piece as soon as its last granule has been merged (`pieces.rs`), and `assemble.rs` makes the store
//! of the pieces; other runs finish all shards into the store at the end; `grown.rs` and `carried.rs` have what those do that add to a store.

mod accept;
mod assemble;
mod budget;
mod carried;
mod checkpoint;
mod described;
mod errors;
mod finish;
mod grown;
mod options;
mod pieces;
mod run_checkpoint;
mod schedule;
#[cfg(test)]
mod second_grid_tests;
mod source;
mod stretches;
mod survey;
mod tally;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::backend::stretches::StretchFacts;
use crate::backend::{Device, StageTimes};
use crate::config::{Config, GridConfig};
use crate::error::{Error, Result};
use crate::left_out::RejectedRows;
use crate::left_out::RowSpool;
use crate::merge::RunPartials;
use crate::photon::stretch::StretchRoom;
use crate::photon::{ColumnMemory, Counts, PhotonBatch};
use crate::piece::{Added, Again, GranuleFile};
use crate::place::FolderPlace;
use crate::read::{Failed, GranuleReport};
use crate::stat::{Derivation, Job};
use crate::watch::{Reading, ToRead};

pub use assemble::{Assembled, Assembly, assemble};
pub use budget::{Memory, parse_memory};
pub use carried::{Carried, Listing, odd_array, whole_order};
pub use checkpoint::PieceOptions;
pub use described::describe;
use errors::Errors;
use finish::Finish;
pub use options::{BATCH_ROWS, Options};
use pieces::PieceLine;
pub use run_checkpoint::RunCheckpoints;
use schedule::Schedule;
use source::{Ended, Message, Source};
use stretches::OnDevice;
pub use stretches::why_host;
pub use survey::{Survey, absent, survey};
pub use tally::{StageSeconds, Tally};
pub use write::{write, write_rows};

/// Everything that follows from the granules, before it is finished; of a run into pieces that is done.
#[derive(Debug)]
pub struct Folded<'a> {
    pub partials: RunPartials<'a>,
    pub tally: Tally,
    pub errors: Errors,
    /// Partials that are kept for later runs, whole, where they wait for their name.
    pub kept: Option<FolderPlace>,
}

/// Reads every granule once and folds it into partials.
///
/// # Errors
/// Strict: the first granule or row that cannot be used. Always: an interrupt, and a run in which no
/// granule could be read.
pub fn fold<'a>(
    config: &'a Config,
    survey: &'a Survey,
    device: &Device,
    options: &Options<'a>,
) -> Result<Folded<'a>> {
    let granules = survey.granules.iter().map(ToRead::from);
    let _reading = Reading::begin(options.watch, &granules.collect::<Vec<_>>());
    let mut tally = Tally::default();
    let (partials, resumed) =
        checkpoint::take_up(survey, options, &mut tally, config.access.dialect)?;
    let again = resumed.again(options);
    let mut merged = resumed.merged();
    merged.extend(options.carried.iter().flat_map(|of| of.granules()));
    let schedule = Schedule::new(survey, |name| merged.contains(name));
    let (job, schema) = (&survey.job, &survey.schema);
    let finish = Finish { job, schema };
    let memory = device.columns(options.columns);
    tally.stretches = device.takes_stretches().then(StretchFacts::default);
    let mut line = Line {
        config,
        grid: schema.grid,
        job,
        device,
        options,
        derivation: Derivation::into_memory(memory.clone()),
        memory,
        room: stretches::room(config, job, device),
        partials,
        tally,
        errors: Errors::new(options),
        files: BTreeMap::new(),
        added: BTreeMap::new(),
        again: again.cloned().unwrap_or_default(),
        pieces: options
            .pieces
            .map(|options| PieceLine::new(options.pieces, finish, survey)),
    };
    line.go_on(survey, resumed)?;
    for name in merged {
        if !line.again.granules.contains(name) {
            options.watch.granule_left_out(name);
        }
    }
    for failed in &survey.failed {
        line.leave_out(failed.clone(), "survey")?;
    }
    line.begin(survey, &schedule)?;
    if let Some(again) = again {
        line.read_all(survey, Schedule::within(survey, again)?)?;
    }
    line.read_all(survey, schedule)?;
    survey.open.close();
    line.make_anew(survey)?;
    line.tally.say_of_columns(line.memory.as_deref());
    let tally = &line.tally;
    // Of pieces, others may be done already.
    let of_others = options.pieces.is_some() || options.carried.is_some();
    let none = tally.granules.is_empty() && !of_others;
    if let Some(first) = tally.failed.first().filter(|_| none) {
        return Err(Error::no_granule(tally.failed.len(), &first.reason));
    }
    if let Some(pieces) = &line.pieces {
        pieces.conserved().check(&tally.counts, job)?;
    }
    Ok(Folded {
        kept: line.keep()?,
        partials: line.partials,
        tally: line.tally,
        errors: line.errors,
    })
}

/// One granule on its way through the line.
#[derive(Debug, Default)]
struct Granule {
    /// Rows rejected on this side of the reader: out of a column's range.
    rejected: Counts,
    rows: RejectedRows,
    errors: RowSpool,
    /// Values that are not whole units, by column.
    remainders: BTreeMap<String, u64>,
    /// Photons by step of time.
    steps: BTreeMap<u32, u64>,
    on_device: OnDevice,
}

struct Line<'l, 'a> {
    config: &'a Config,
    /// With the steps of time that cells are parted into; devices know of none.
    grid: GridConfig,
    job: &'a Job,
    device: &'l Device,
    options: &'l Options<'a>,
    derivation: Derivation,
    /// What columns are decoded into, where the device has such.
    memory: Option<Arc<dyn ColumnMemory>>,
    /// How much of a ground track the device takes as it is stored, or why it takes none.
    room: Result<StretchRoom, String>,
    partials: RunPartials<'a>,
    tally: Tally,
    errors: Errors,
    /// What the files of merged granules were, where that is saved.
    files: BTreeMap<String, Vec<(String, Option<GranuleFile>)>>,
    /// What granules added to the partials.
    added: BTreeMap<String, Added>,
    /// Granules that were merged before and still are to be read again for some shards.
    again: Again,
    pieces: Option<PieceLine<'a>>,
}

impl Line<'_, '_> {
    /// Shards that are whole before anything is read.
    fn begin(&mut self, survey: &Survey, schedule: &Schedule) -> Result<()> {
        let Some(pieces) = &mut self.pieces else {
            return Ok(());
        };
        for shard in survey.listed.iter().flatten() {
            for granule in &shard.absent {
                pieces.leave_out(granule, &[shard.id]);
            }
        }
        for shard in schedule.without_granules() {
            pieces.write(shard, &mut self.partials, &mut self.tally)?;
        }
        Ok(())
    }

    fn read_all(&mut self, survey: &Survey, mut schedule: Schedule) -> Result<()> {
        let watch = self.options.watch;
        let granules = schedule.take_granules();
        let source = Source {
            granules: &granules,
            config: self.config,
            types: &survey.types,
            batch_rows: self.options.batch_rows,
            open: &survey.open,
            device: self.device,
            memory: self.memory.clone(),
            room: self.room.as_ref().ok().copied(),
            watch,
        };
        source.stream(|messages, give_back| {
            let mut granule = Granule::default();
            let mut place = 0;
            let mut saved = Instant::now();
            for message in messages {
                if watch.stop() {
                    self.partials.discard()?;
                    self.save(&mut saved, true)?;
                    return Err(Error::interrupted());
                }
                match message {
                    Message::Batch(batch, share) => {
                        watch.batch(&batch.origin.granule, batch.len(), share);
                        let batch = self.take(batch, &mut granule)?;
                        // Nobody wants it where reading has ended.
                        let _ = give_back.send(batch);
                        continue;
                    }
                    Message::Stretch(begun, share) => {
                        let of = (&granules[place], &survey.types[..]);
                        self.take_stretch((*begun, share), of, &mut granule)?;
                        continue;
                    }
                    Message::DeviceFailed(error) => return Err(error),
                    Message::End(end) => {
                        let listed = schedule.shards(place);
                        self.end(std::mem::take(&mut granule), *end, listed)?;
                    }
                    Message::Failed { name, error } => {
                        // What was read before comes first.
                        let first = std::mem::take(&mut granule).on_device.take_failed();
                        self.fail(name, first.unwrap_or(error), schedule.shards(place))?;
                    }
                }
                if let Some(pieces) = &mut self.pieces {
                    for shard in schedule.read(place) {
                        let write = || pieces.write(shard, &mut self.partials, &mut self.tally);
                        self.device.install(write)?;
                    }
                    watch.shards_open(schedule.open());
                    self.tally.most_open = schedule.most_open() as u64;
                }
                self.save(&mut saved, false)?;
                place += 1;
            }
            Ok(())
        })
    }

    /// Folds a batch, and gives it back.
    fn take(&mut self, mut batch: PhotonBatch, granule: &mut Granule) -> Result<PhotonBatch> {
        let mut times = StageTimes::default();
        accept::keep_by_conditions(self, &mut batch, granule);
        if batch.is_empty() {
            return Ok(batch);
        }
        let partials = accept::fold_in_range(self, &mut batch, granule, &mut times)?;
        self.tally.stages.add(&times);
        let of = (batch.step, batch.len() as u64);
        self.merge(partials, &batch.origin.granule, of, granule)?;
        Ok(batch)
    }

    fn close(&mut self, granule: Granule, mut end: GranuleReport, listed: &[u64]) -> Result<()> {
        let facts = granule.on_device.settle(&mut end);
        if let Some(stretches) = &mut self.tally.stretches {
            stretches.add(&facts);
            if let Err(why) = &self.room {
                stretches.read_on_host(why, end.counts.read);
            }
        }
        let merging = Instant::now();
        let run = &mut self.partials;
        let photons = self.device.install(|| run.commit())?;
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        let read = end.counts.read;
        self.options.watch.granule_done(&end.name, read);
        end.counts.move_to_rejected(&granule.rejected);
        end.remainders = granule.remainders;
        let merged: u64 = photons.values().sum();
        if merged != end.counts.kept {
            return Err(Error::gate(format!(
                "granule {}: {} photons kept and {merged} merged: the sums do not balance",
                end.name, end.counts.kept
            )));
        }
        if self.again.granules.remove(&end.name) {
            return self.read_again_whole(&end, &photons);
        }
        self.errors.rows(&end.name, granule.errors)?;
        if let Some(pieces) = &mut self.pieces {
            pieces.read(&end.name, listed, &photons);
        }
        for (&step, &photons) in &granule.steps {
            *self.tally.steps.entry(step).or_default() += photons;
        }
        let (shards, steps) = (photons, granule.steps);
        self.added.insert(end.name.clone(), Added { shards, steps });
        self.tally.add(end, granule.rows);
        Ok(())
    }

    /// A granule that was read to its end, unless what a device gave back of it cannot be read.
    fn end(&mut self, mut granule: Granule, end: Ended, listed: &[u64]) -> Result<()> {
        let Ended {
            report,
            files,
            read_here,
        } = end;
        if let Some(error) = granule.on_device.take_failed() {
            return self.fail(report.name, error, listed);
        }
        if let Some(pieces) = &mut self.pieces {
            pieces.know(&files);
        }
        if self.room.is_ok() {
            granule.on_device.read_here(&read_here);
        }
        let name = report.name.clone();
        let anew = !self.again.granules.contains(&name);
        self.close(granule, report, listed)?;
        if !anew {
            return Ok(());
        }
        self.tally.add_sources(&name, &files);
        if self.options.checkpoints.is_some() {
            self.files.insert(name, files);
        }
        Ok(())
    }

    fn fail(&mut self, name: String, error: Error, listed: &[u64]) -> Result<()> {
        self.options.watch.granule_left_out(&name);
        self.partials.discard()?;
        // Without it, shards would lack what they had.
        if !self.options.tolerant || self.is_needed(&name) {
            return Err(error);
        }
        if let Some(pieces) = &mut self.pieces {
            pieces.leave_out(&name, listed);
        }
        let failed = Failed {
            granule: name,
            reason: error.render(self.config.access.dialect),
        };
        self.leave_out(failed, "read")
    }

    fn leave_out(&mut self, failed: Failed, stage: &'static str) -> Result<()> {
        self.errors
            .granule(&failed.granule, stage, &failed.reason)?;
        self.tally.failed.push(failed);
        Ok(())
    }
}
