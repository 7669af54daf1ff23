//! Stretches on their way: what a device has folded of a granule by itself, and what it gave back to the reader.
//!
//! On the line: in place of batches, where the device decodes. Photons of a stretch that it cannot fold are read by a
//! reader of their own, row for row as in a run on the host: the same batches, counts and errors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::backend::StageTimes;
use crate::backend::cuda::Begun;
use crate::backend::stretches::{Finished, Folded, StretchFacts};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::photon::ColumnType;
use crate::photon::Counts;
use crate::photon::stored::StoredColumn;
use crate::photon::stretch::StretchRoom;
use crate::read::{GranuleReport, Input, ReadCost, Spent, StoredStretch, marks_of};
use crate::source::Bytes;
use crate::stat::{Job, Partials};

use super::schedule::Scheduled;
use super::{Device, Granule, Line};

/// A stretch of a file that is on its way.
pub type BegunStretch = Begun<Arc<dyn Bytes>>;

/// What a device has folded of a granule, and who reads what it gave back.
#[derive(Debug, Default)]
pub(super) struct OnDevice {
    counts: Counts,
    spent: Spent,
    facts: StretchFacts,
    /// Reads stretches again, and for how many seconds it did.
    again: Option<Box<Input>>,
    seconds: f64,
    /// Why the granule cannot be read.
    failed: Option<Error>,
}

/// How much of a ground track the device takes as it is stored; or why it takes none, in words.
pub(super) fn room(config: &Config, job: &Job, device: &Device) -> Result<StretchRoom, String> {
    if let Some(why) = why_host(config) {
        return Err(why);
    }
    device.stretch_room(job)
}

/// Why no device takes photons of this config as they are stored, whatever the device; `None` where some may.
pub fn why_host(config: &Config) -> Option<String> {
    let some = !config.conditions.is_empty();
    some.then(|| "conditions over columns are the host's".to_owned())
}

impl Line<'_, '_> {
    /// Adds partials of photons of a granule, which are all in this step of time, to those of the run.
    pub(super) fn merge(
        &mut self,
        mut partials: Partials,
        name: &str,
        (step, photons): (u32, u64),
        granule: &mut Granule,
    ) -> Result<()> {
        partials.mark(&marks_of(name), self.job);
        for (column, partials) in self.job.columns.iter().zip(&partials.columns) {
            let values = partials.remainders.values();
            if values > 0 {
                *granule.remainders.entry(column.name.clone()).or_default() += values;
            }
        }
        if self.config.axis.is_some() {
            let grid = self.grid;
            partials.renumber(|cell| grid.slot(cell, step));
            *granule.steps.entry(step).or_default() += photons;
        }
        let merging = Instant::now();
        let (run, added) = (&mut self.partials, &partials);
        self.device.install(|| run.add(added))?;
        self.device.recycle(partials, self.job);
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        Ok(())
    }

    /// Folds a stretch, on the device or after all on the host; `share` of its granule was read with it.
    pub(super) fn take_stretch(
        &mut self,
        (begun, share): (BegunStretch, f64),
        (scheduled, types): (&Scheduled, &[ColumnType]),
        granule: &mut Granule,
    ) -> Result<()> {
        if granule.on_device.failed.is_some() {
            return Ok(());
        }
        let mut times = StageTimes::default();
        let question = (&self.config.grid, self.job);
        let (finished, stretch) = self.device.finish(begun, question, &mut times)?;
        self.tally.stages.add(&times);
        match finished {
            Finished::Folded(folded) => {
                let Folded {
                    counts,
                    partials,
                    facts,
                } = *folded;
                let kept = counts.kept;
                self.options
                    .watch
                    .batch(&stretch.granule, kept as usize, share);
                let on_device = &mut granule.on_device;
                on_device.counts.add(&counts);
                on_device.facts.add(&facts);
                on_device.spent += bytes_of(&stretch);
                match partials {
                    Some(partials) => {
                        let of = (stretch.step, kept);
                        self.merge(partials, &stretch.granule, of, granule)
                    }
                    None => Ok(()),
                }
            }
            Finished::Host(why) => {
                let facts = &mut granule.on_device.facts;
                facts.read_on_host(&why, stretch.len());
                self.read_again((&stretch, share), (scheduled, types), granule)
            }
        }
    }

    /// Reads the rows of a stretch as a run on the host does. What is wrong with them is kept until the granule ends.
    fn read_again(
        &mut self,
        (stretch, share): (&StoredStretch, f64),
        (scheduled, types): (&Scheduled, &[ColumnType]),
        granule: &mut Granule,
    ) -> Result<()> {
        let started = Instant::now();
        let watch = self.options.watch;
        let again = granule.on_device.again.take();
        let open = || {
            let (path, rows) = (&scheduled.granule, self.options.batch_rows);
            let wanted = scheduled.wanted.clone();
            Input::open(path, self.config, types, rows, wanted).map(Box::new)
        };
        let mut input = match again.map_or_else(open, Ok) {
            Ok(input) => input,
            Err(error) => {
                granule.on_device.failed = Some(error);
                return Ok(());
            }
        };
        input.only(stretch.track, &stretch.rows);
        loop {
            match self.device.install(|| input.next_batch(watch)) {
                Ok(None) => break,
                Ok(Some(batch)) => {
                    watch.batch(&batch.origin.granule, batch.len(), share);
                    let batch = self.take(batch, granule)?;
                    input.recycle(batch);
                }
                Err(error) if watch.stop() => return Err(error),
                Err(error) => {
                    granule.on_device.failed = Some(error);
                    break;
                }
            }
        }
        granule.on_device.again = Some(input);
        granule.on_device.seconds += started.elapsed().as_secs_f64();
        Ok(())
    }
}

impl OnDevice {
    /// Why the granule cannot be read, if it cannot.
    pub fn take_failed(&mut self) -> Option<Error> {
        self.failed.take()
    }

    /// Photons that the reader kept to itself, by the reason.
    pub fn read_here(&mut self, read_here: &BTreeMap<String, u64>) {
        for (why, &photons) in read_here {
            self.facts.read_on_host(why, photons);
        }
    }

    /// Adds what the device folded, and what was read again, to what a granule says of itself; gives what was done.
    pub fn settle(self, end: &mut GranuleReport) -> StretchFacts {
        end.counts.add(&self.counts);
        end.cost.add(&ReadCost::new(self.spent, 0.0));
        if let Some(mut input) = self.again {
            end.counts.add(input.counts());
            end.cost.add(&input.report(self.seconds).cost);
            for odd in input.take_oddities() {
                if !end.warnings.contains(&odd) {
                    end.warnings.push(odd);
                }
            }
        }
        self.facts
    }
}

/// Bytes of a stretch as it is stored, and of its values.
fn bytes_of(stretch: &StoredStretch) -> Spent {
    let stored = |column: &StoredColumn<_>| -> u64 {
        let chunks = column.chunks.iter();
        chunks.map(|chunk| chunk.size() as u64).sum()
    };
    let sources = stretch.sources.iter().map(|source| &source.stored);
    Spent {
        stored: sources.clone().map(stored).sum(),
        decoded: sources
            .map(|column| (column.rows.end - column.rows.start) * column.form.element.size() as u64)
            .sum(),
        ..Spent::default()
    }
}
