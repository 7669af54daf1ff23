//! Stretches on a device: they come as they are stored, are decoded there, and what is kept of them is folded there.
//!
//! ```text
//!   reading thread:  stored chunks --slabs--> device, inflate and unfilter launched             begin
//!   main thread:     --wait--> chunks of the host --> select --> fold --> rows of cells         finish
//! ```
//!
//! Beginning does not wait for the device, so that the next stretch is read while this one is decoded, and the one
//! before it folded; a few are on a device at a time (`tickets.rs`), each decoded in a queue of its own, as the chunks of one
//! ground track are too few to keep a device busy. Whatever a device cannot say as the host's reader does
//! ends with the words why, and the host reads the rows again: no result depends on it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rayon::prelude::*;

use crate::backend::StageTimes;
use crate::backend::gpu::host_chunks;
use crate::backend::gpu::numbers::{Status, UNIT};
use crate::backend::gpu::streams::status_of;
use crate::backend::gpu::tasks::{Batch, State, Wanted, WhyHost, placed};
use crate::backend::stretches::{Finished, Folded, StretchFacts};
use crate::config::GridConfig;
use crate::error::{Error, Result as IcefoldResult};
use crate::photon::stored::{Source, StoredColumn};
use crate::photon::stretch::{Stretch, StretchRoom};
use crate::photon::{ColumnMemory, Values};
use crate::stat::Job;

use super::Cuda;
use super::decode::{There, run};
use super::fold::most_photons;
use super::machine::{Fault, Machine, Queue, Result};
use super::memory::{Gpu, Lease};
use super::select::select;
use super::slabs::bring;
use super::stretch_fold::{self, Folding};
use super::tickets::{A_DEVICE, Ticket};
use super::way::Stretching;

/// Words between sources, so that each is aligned for any value.
const ALIGNED: u64 = 64;
/// Bytes of a device's memory that one stretch takes at most: places of chunks reach as far.
const MOST_BYTES: u64 = 60 << 30;

/// A stretch that is on its way.
#[derive(Debug)]
pub struct Begun<B> {
    pub stretch: Stretch<B>,
    /// Seconds that bringing its chunks took.
    bring_seconds: f64,
    /// Why it is not on a device, where it is not.
    there: Result<OnDevice, String>,
}

/// What a device has of a stretch.
#[derive(Debug)]
struct OnDevice {
    /// Which device, and where it is decoded.
    gpu: usize,
    queue: Queue,
    there: There,
    /// What else its kernels have.
    own: Vec<[Lease; 2]>,
    batch: Batch,
    /// The source of every chunk, and its place there.
    chunks: Vec<(usize, usize)>,
    /// The word where the values of each source begin.
    words: Vec<u32>,
    left: Vec<(usize, WhyHost)>,
    /// Given back when the memory is.
    _ticket: Ticket,
}

impl<M: Machine> Cuda<M> {
    /// How much of a ground track a device takes at a time, for a job whose columns are all source columns; or why it
    /// takes none.
    pub fn stretch_room(&self, job: &Job) -> std::result::Result<StretchRoom, String> {
        if self.stretching == Stretching::Host {
            return Err(format!("{} says so", super::way::STRETCHES));
        }
        if let Some(why) = stretch_fold::why_not(job) {
            return Err(why);
        }
        let memory = self.gpus.iter().map(|gpu| gpu.machine.memory()).min();
        let bytes = (memory.unwrap_or(0) / A_DEVICE as u64).min(MOST_BYTES);
        let (photons, photon) = most_photons(bytes, job);
        Ok(StretchRoom {
            bytes,
            photon,
            photons: photons as u64,
        })
    }

    /// Reads a stretch, and has a device decode it; `memory` is for columns. Waits until a device has room for one more,
    /// and not for the device.
    ///
    /// # Errors
    /// The device failed.
    pub fn begin<B: Source>(
        &self,
        stretch: Stretch<B>,
        memory: Option<&dyn ColumnMemory>,
    ) -> IcefoldResult<Begun<B>> {
        if let Some(why) = self.why_no_more() {
            return Ok(Begun {
                stretch,
                bring_seconds: 0.0,
                there: Err(why),
            });
        }
        let ticket = Ticket::of(&self.tickets);
        let (number, queue) = (ticket.device(), ticket.queue());
        let gpu = &self.gpus[number];
        let started = Instant::now();
        let there = match self.put((gpu, queue), &stretch, memory) {
            Ok((there, own, batch, laid)) => Ok(OnDevice {
                gpu: number,
                queue,
                there,
                own,
                batch,
                chunks: laid.chunks,
                words: laid.words,
                left: laid.left,
                _ticket: ticket,
            }),
            Err(Fault::Memory(_)) => Err(no_memory()),
            Err(fault) => Err(self.forgiven(error(gpu, fault))?),
        };
        let bring_seconds = started.elapsed().as_secs_f64();
        Ok(Begun {
            stretch,
            bring_seconds,
            there,
        })
    }

    /// Selects and folds a stretch that was begun; or why the host has to read it.
    ///
    /// # Errors
    /// The device failed.
    pub fn finish<B: Source>(
        &self,
        begun: Begun<B>,
        (grid, job): (&GridConfig, &Job),
        times: &mut StageTimes,
    ) -> IcefoldResult<(Finished, Stretch<B>)> {
        let Begun {
            stretch,
            bring_seconds,
            there,
        } = begun;
        let no_more = self.why_no_more().map_or(Ok(()), Err);
        let there = match no_more.and(there) {
            Ok(there) => there,
            Err(why) => return Ok((Finished::Host(why), stretch)),
        };
        let gpu = &self.gpus[there.gpu];
        let sent = || [&gpu.uploaded, &gpu.in_place].map(|n| n.load(Ordering::Relaxed));
        let before = sent();
        let finished = match self.fold_stretch((gpu, &stretch), there, (grid, job), times) {
            Ok(Finished::Folded(mut folded)) => {
                folded.facts.bring_seconds = bring_seconds;
                Finished::Folded(folded)
            }
            Ok(finished) => finished,
            Err(Fault::Memory(_)) => {
                gpu.release();
                Finished::Host(no_memory())
            }
            Err(fault) => Finished::Host(self.forgiven(error(gpu, fault))?),
        };
        let after = sent();
        times.uploaded_bytes += after[0] - before[0];
        times.in_place_bytes += after[1] - before[1];
        Ok((finished, stretch))
    }

    /// Lays a stretch out, brings its chunks, and launches what decodes them.
    fn put<B: Source>(
        &self,
        (gpu, queue): (&Gpu<M>, Queue),
        stretch: &Stretch<B>,
        memory: Option<&dyn ColumnMemory>,
    ) -> Result<(There, Vec<[Lease; 2]>, Batch, Laid)> {
        let (mut batch, laid) = Laid::new(stretch);
        let unit = u64::from(UNIT);
        // Memory of the queue may be what its kernels still read, of a stretch that nobody finished.
        gpu.machine.upload_behind(queue)?;
        let stored = gpu.landing_in(queue, batch.stored * unit)?;
        let chunks: Vec<_> = laid
            .chunks
            .iter()
            .map(|&(source, chunk)| {
                let column = &stretch.sources[source].stored;
                (&column.bytes, &column.chunks[chunk])
            })
            .collect();
        let install = |work: &mut (dyn FnMut() + Send)| self.install(work);
        let unread = bring(gpu, (&batch.chunks, &chunks), &stored, memory, &install)?;
        for (state, unread) in batch.states.iter_mut().zip(unread) {
            if unread {
                // It is no stream: the host is told why.
                state[0] = Status::Short as u32;
            }
        }
        let there = There {
            stored,
            states: gpu.upload_in(queue, &batch.states)?,
            work: gpu.scratch_in::<u8>(queue, batch.work * unit)?,
            values: gpu.scratch_in::<u32>(queue, batch.words)?,
        };
        let launches = batch.launches.iter();
        let own: Result<_> = launches
            .map(|launch| run(gpu, queue, (&batch, launch), &there))
            .collect();
        Ok((there, own?, batch, laid))
    }

    fn fold_stretch<B: Source>(
        &self,
        (gpu, stretch): (&Gpu<M>, &Stretch<B>),
        on_device: OnDevice,
        (grid, job): (&GridConfig, &Job),
        times: &mut StageTimes,
    ) -> Result<Finished> {
        let mut facts = StretchFacts::of(stretch.len());
        let started = Instant::now();
        let of_host = on_device.of_host(gpu, &mut facts)?;
        let decoded = self.decode_on_host((gpu, stretch), &on_device, &of_host)?;
        facts.decode_seconds = started.elapsed().as_secs_f64();
        if !decoded {
            return Ok(Finished::Host("a storage chunk has no values".to_owned()));
        }
        let OnDevice {
            there,
            own,
            words,
            _ticket: ticket,
            ..
        } = on_device;
        let started = Instant::now();
        let mut fates = select(gpu, (stretch, grid), &there.values, &words)?;
        // Before the ticket: the next one in the queue may take it.
        drop((there, own));
        facts.select_seconds = started.elapsed().as_secs_f64();
        if fates.odd {
            return Ok(Finished::Host("values are to be told of".to_owned()));
        }
        let started = Instant::now();
        let mut partials = None;
        if let Some(selected) = &fates.selected {
            let folding = Folding {
                gpu,
                selected,
                grid,
                job,
                way: self.way,
            };
            let folded = times.fused.time(|| folding.fold(&mut times.batches))?;
            if folded.out_of_range().next().is_some() {
                return Ok(Finished::Host(
                    "values are out of the range of their column".to_owned(),
                ));
            }
            let remains = times.reduce.time(|| folding.remains())?;
            let folded = self.install(|| stretch_fold::with_remains(folded, remains, grid, job))?;
            selected.count_nulls(gpu, stretch, &mut fates.counts)?;
            partials = Some(folded);
        }
        drop(ticket);
        facts.fold_seconds = started.elapsed().as_secs_f64();
        Ok(Finished::Folded(Box::new(Folded {
            counts: fates.counts,
            partials,
            facts,
        })))
    }

    /// Decodes chunks on the host and puts their values where the others are; whether all have some.
    fn decode_on_host<B: Source>(
        &self,
        (gpu, stretch): (&Gpu<M>, &Stretch<B>),
        on_device: &OnDevice,
        of_host: &[usize],
    ) -> Result<bool> {
        let column = |&place: &usize| {
            let (source, chunk) = on_device.chunks[place];
            let stored = &stretch.sources[source].stored;
            let chunk = &stored.chunks[chunk];
            let first = stored.rows_of(chunk).start + chunk.rows.start as u64;
            let alone = StoredColumn {
                form: stored.form.clone(),
                bytes: &stored.bytes,
                rows: first..first + chunk.rows.len() as u64,
                chunks: vec![chunk.clone()],
            };
            let mut values = host_chunks::zeros(&alone);
            host_chunks::decode((source, &alone), &mut values, |_| true).ok()?;
            let row = first - stored.rows.start;
            let width = stretch.sources[source].width();
            Some((u64::from(on_device.words[source]) + row * width, values))
        };
        // A few at a time, so that their values take little memory.
        for some in of_host.chunks(64) {
            let decoded = self.install(|| some.par_iter().map(column).collect::<Option<Vec<_>>>());
            let Some(decoded) = decoded else {
                return Ok(false);
            };
            for (word, values) in decoded {
                let bytes: &[u8] = match &values {
                    Values::F32(v) => bytemuck::cast_slice(v),
                    Values::F64(v) => bytemuck::cast_slice(v),
                    Values::I64(v) => bytemuck::cast_slice(v),
                };
                gpu.overwrite(&on_device.there.values, 4 * word, bytes)?;
            }
        }
        Ok(true)
    }
}

fn error<M: Machine>(gpu: &Gpu<M>, fault: Fault) -> Error {
    fault.into_error(gpu.machine.name(), super::for_memory())
}

fn no_memory() -> String {
    "the device has no memory for it".to_owned()
}

/// Where chunks of a stretch are, and their values go.
struct Laid {
    chunks: Vec<(usize, usize)>,
    words: Vec<u32>,
    left: Vec<(usize, WhyHost)>,
}

impl Laid {
    fn new<B>(stretch: &Stretch<B>) -> (Batch, Self) {
        let (mut next, mut words) = (0, Vec::with_capacity(stretch.sources.len()));
        for source in &stretch.sources {
            words.push(next as u32);
            next += (source.len() * source.width()).next_multiple_of(ALIGNED);
        }
        let mut chunks = Vec::new();
        let mut wanted: Vec<(Wanted, u32)> = Vec::new();
        for (number, source) in stretch.sources.iter().enumerate() {
            let stored = &source.stored;
            for (place, chunk) in stored.chunks.iter().enumerate() {
                let first = stored.rows_of(chunk).start + chunk.rows.start as u64;
                let word = (first - stored.rows.start) * source.width();
                wanted.push(((&*stored.form, chunk), words[number] + word as u32));
                chunks.push((number, place));
            }
        }
        let (batch, left) = placed(&wanted, next);
        let laid = Self {
            chunks,
            words,
            left,
        };
        (batch, laid)
    }
}

impl OnDevice {
    /// Chunks that the host decodes: those that the device does not know, and those that failed there. Waits.
    fn of_host<M: Machine>(&self, gpu: &Gpu<M>, facts: &mut StretchFacts) -> Result<Vec<usize>> {
        let mut of_host = Vec::new();
        for &(place, why) in &self.left {
            of_host.push(place);
            *facts.left.entry(why.words()).or_default() += 1;
        }
        let states: Vec<State> = gpu.download_in(
            self.queue,
            &self.there.states,
            self.batch.states.len() as u64,
        )?;
        let mut failed: BTreeMap<Status, u64> = BTreeMap::new();
        for (place, state) in self.batch.chunks.iter().zip(&states) {
            match status_of(state)? {
                Status::Good => facts.chunks += 1,
                status => {
                    of_host.push(place.wanted);
                    *failed.entry(status).or_default() += 1;
                }
            }
        }
        for (status, chunks) in failed {
            let name = format!("{status:?}").to_lowercase();
            *facts.failed.entry(name).or_default() += chunks;
        }
        Ok(of_host)
    }
}
