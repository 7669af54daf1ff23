//! Storage chunks decoded on a device: they go there as they were stored, and come back as values.
//!
//! What is done with each chunk is in `src/backend/gpu/tasks.rs`; here bytes move and kernels are launched. A chunk that
//! fails is decoded again by the host, which has its values or the words for what is wrong with it, so which chunks
//! fail on a device cannot change a result.

use std::collections::BTreeMap;
use std::fmt;

use crate::backend::gpu::host_chunks::{self, Undecoded};
use crate::backend::gpu::numbers::{Status, UNIT};
use crate::backend::gpu::streams;
use crate::backend::gpu::tasks::{Batch, Filter, Launch, Place, Side, State, WhyHost, batches};
use crate::error::{Error, Result as IcefoldResult};
use crate::photon::Values;
use crate::photon::stored::{Source, StoredColumn};

use super::Cuda;
use super::kernels::{Argument, Kernel};
use super::machine::{Fault, Machine, Queue, Result};
use super::memory::{Gpu, Lease, filled, launched};
use super::tile::WORKGROUP;

/// Bytes that a batch of chunks takes at most, of half a device's memory.
const BATCH_BYTES: u64 = 1 << 30;
/// Blocks of decoders at most: each decodes one chunk after the other.
const MOST_BLOCKS: u32 = 1 << 14;
const WARPS: u32 = WORKGROUP / 32;

/// Columns that were decoded, and by whom.
#[derive(Debug)]
pub struct Decoded {
    pub columns: Vec<Values>,
    /// Chunks that the device decoded.
    pub on_device: usize,
    /// Chunks that it left to the host, and those that failed there.
    pub left: BTreeMap<WhyHost, usize>,
    pub failed: BTreeMap<Status, usize>,
}

/// Why columns were not decoded.
#[derive(Debug)]
pub enum NotDecoded {
    Device(Error),
    /// The host cannot decode a chunk, either.
    Chunk(Undecoded),
}

impl fmt::Display for NotDecoded {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Device(error) => error.fmt(f),
            Self::Chunk(why) => why.fmt(f),
        }
    }
}

/// What a batch has on the device.
#[derive(Debug)]
pub(super) struct There {
    pub stored: Lease,
    pub states: Lease,
    pub work: Lease,
    pub values: Lease,
}

/// Streams on the device, to be inflated there.
#[derive(Debug)]
pub struct Streams {
    batch: Batch,
    there: There,
}

impl<M: Machine> Cuda<M> {
    /// Puts zlib streams on the device, each with the bytes that there is room for.
    ///
    /// # Errors
    /// The device failed, or they are longer than a device takes.
    pub fn upload_streams(&self, streams: &[(&[u8], u32)]) -> IcefoldResult<Streams> {
        self.settled(upload_streams(self.first(), streams))
    }

    /// Inflates them, without waiting for it; what was inflated before is inflated again.
    ///
    /// # Errors
    /// The device failed.
    pub fn inflate(&self, streams: &mut Streams) -> IcefoldResult<()> {
        self.settled(inflate(self.first(), streams))
    }

    /// What each stream gave: its bytes, or what is wrong with it.
    ///
    /// # Errors
    /// The device failed, or says what cannot be.
    pub fn read_streams(
        &self,
        streams: &Streams,
    ) -> IcefoldResult<Vec<std::result::Result<Vec<u8>, Status>>> {
        self.settled(read_streams(self.first(), streams))
    }

    /// All of that.
    ///
    /// # Errors
    /// Theirs.
    pub fn inflated(
        &self,
        streams: &[(&[u8], u32)],
    ) -> IcefoldResult<Vec<std::result::Result<Vec<u8>, Status>>> {
        let mut there = self.upload_streams(streams)?;
        self.inflate(&mut there)?;
        self.read_streams(&there)
    }

    /// Decodes columns still in chunks.
    ///
    /// # Errors
    /// The device failed, or a chunk has no values.
    pub fn decoded<B: Source>(
        &self,
        columns: &[StoredColumn<B>],
    ) -> std::result::Result<Decoded, NotDecoded> {
        let there = self.settled(on_device(self.first(), columns));
        let (mut decoded, of_host) = there.map_err(NotDecoded::Device)?;
        for (number, column) in columns.iter().enumerate() {
            let values = &mut decoded.columns[number];
            let asked = &of_host[number];
            let done = self
                .install(|| host_chunks::decode((number, column), values, |place| asked[place]));
            done.map_err(NotDecoded::Chunk)?;
        }
        Ok(decoded)
    }
}

/// What the device decoded, and which chunks of each column it did not.
fn on_device<M: Machine, B: Source>(
    gpu: &Gpu<M>,
    columns: &[StoredColumn<B>],
) -> Result<(Decoded, Vec<Vec<bool>>)> {
    let mut decoded = Decoded {
        columns: columns.iter().map(host_chunks::zeros).collect(),
        on_device: 0,
        left: BTreeMap::new(),
        failed: BTreeMap::new(),
    };
    let mut of_host: Vec<Vec<bool>> = columns
        .iter()
        .map(|column| vec![false; column.chunks.len()])
        .collect();
    let mut wanted = Vec::new();
    let mut places = Vec::new();
    for (number, column) in columns.iter().enumerate() {
        for (place, chunk) in column.chunks.iter().enumerate() {
            wanted.push((&*column.form, chunk));
            places.push((number, place));
        }
    }
    let most = (gpu.machine.memory() / 2).min(BATCH_BYTES) / u64::from(UNIT);
    let (all, left) = batches(&wanted, most);
    for (which, why) in left {
        let (column, place) = places[which];
        of_host[column][place] = true;
        *decoded.left.entry(why).or_default() += 1;
    }
    for batch in all {
        let bring = |place: &Place, out: &mut [u8]| {
            let (column, chunk) = places[place.wanted];
            let column = &columns[column];
            // What does not come is no stream: the host is told why.
            let brought = column.bytes.bring(column.chunks[chunk].place.start, out);
            brought.is_ok()
        };
        let size = |place: &Place| wanted[place.wanted].1.size();
        let (there, unread) = upload(gpu, &batch, size, bring)?;
        for launch in &batch.launches {
            run(gpu, Queue::Main, (&batch, launch), &there)?;
        }
        let states: Vec<State> = gpu.download(&there.states, 0, batch.states.len() as u64)?;
        let words: Vec<u32> = gpu.download(&there.values, 0, batch.words)?;
        for ((place, state), unread) in batch.chunks.iter().zip(&states).zip(unread) {
            let (column, chunk) = places[place.wanted];
            match streams::status_of(state)? {
                Status::Good if !unread => {
                    let first = columns[column]
                        .rows_of(&columns[column].chunks[chunk])
                        .start;
                    let rows = &columns[column].chunks[chunk].rows;
                    let row = (first + rows.start as u64 - columns[column].rows.start) as usize;
                    let words = &words[place.word as usize..];
                    copy(words, &mut decoded.columns[column], row, rows.len());
                    decoded.on_device += 1;
                }
                status => {
                    of_host[column][chunk] = true;
                    let status = if unread { Status::Short } else { status };
                    *decoded.failed.entry(status).or_default() += 1;
                }
            }
        }
    }
    Ok((decoded, of_host))
}

/// Puts words where rows of a column are.
fn copy(words: &[u32], to: &mut Values, row: usize, rows: usize) {
    let wide = |i: usize| u64::from(words[2 * i]) | u64::from(words[2 * i + 1]) << 32;
    match to {
        Values::F32(v) => {
            let values = words.iter().map(|&word| f32::from_bits(word));
            v[row..row + rows]
                .iter_mut()
                .zip(values)
                .for_each(|(to, value)| *to = value);
        }
        Values::F64(v) => {
            let to = v[row..row + rows].iter_mut().enumerate();
            to.for_each(|(i, to)| *to = f64::from_bits(wide(i)));
        }
        Values::I64(v) => {
            let to = v[row..row + rows].iter_mut().enumerate();
            to.for_each(|(i, to)| *to = wide(i) as i64);
        }
    }
}

/// Puts the bytes of a batch on the device; which chunks' bytes did not come.
fn upload<M: Machine>(
    gpu: &Gpu<M>,
    batch: &Batch,
    size: impl Fn(&Place) -> usize,
    mut bring: impl FnMut(&Place, &mut [u8]) -> bool,
) -> Result<(There, Vec<bool>)> {
    let mut bytes = vec![0; (batch.stored * u64::from(UNIT)) as usize];
    let mut unread = Vec::with_capacity(batch.chunks.len());
    for place in &batch.chunks {
        let start = place.stored as usize * UNIT as usize;
        let came = bring(place, &mut bytes[start..start + size(place)]);
        unread.push(!came);
    }
    let there = There {
        stored: gpu.upload(&bytes)?,
        // Kernels write there, too: it is an upload's again after the wait behind them.
        states: gpu.upload(&batch.states)?,
        work: gpu.scratch::<u8>(batch.work * u64::from(UNIT))?,
        values: gpu.scratch::<u32>(batch.words)?,
    };
    Ok((there, unread))
}

fn upload_streams<M: Machine>(gpu: &Gpu<M>, asked: &[(&[u8], u32)]) -> Result<Streams> {
    let batch = streams::batch(asked).ok_or_else(|| {
        let all: usize = asked.iter().map(|(bytes, _)| bytes.len()).sum();
        Fault::Wrong(format!(
            "streams of {all} bytes are longer than a device takes"
        ))
    })?;
    let size = |place: &Place| asked[place.wanted].0.len();
    let (there, _) = upload(gpu, &batch, size, |place, out| {
        out.copy_from_slice(asked[place.wanted].0);
        true
    })?;
    Ok(Streams { batch, there })
}

fn inflate<M: Machine>(gpu: &Gpu<M>, Streams { batch, there }: &mut Streams) -> Result<()> {
    there.states = gpu.upload(&batch.states)?;
    let mut launches = batch.launches.iter();
    launches.try_for_each(|launch| run(gpu, Queue::Main, (batch, launch), there).map(drop))
}

fn read_streams<M: Machine>(
    gpu: &Gpu<M>,
    Streams { batch, there }: &Streams,
) -> Result<Vec<std::result::Result<Vec<u8>, Status>>> {
    let states: Vec<State> = gpu.download(&there.states, 0, batch.states.len() as u64)?;
    let work: Vec<u8> = gpu.download(&there.work, 0, batch.work * u64::from(UNIT))?;
    streams::inflated(batch, &states, &work)
}

/// Does the tasks of one launch in a queue. What it has beside the batch's memory until it is done.
pub(super) fn run<M: Machine>(
    gpu: &Gpu<M>,
    queue: Queue,
    (batch, launch): (&Batch, &Launch),
    there: &There,
) -> Result<[Lease; 2]> {
    let own = [
        gpu.upload_in(queue, &launch.tasks)?,
        gpu.scratch_in::<u32>(queue, 1)?,
    ];
    let [tasks, next] = &own;
    let n = launch.tasks.len() as u32;
    let (from, from_units) = match launch.from {
        Side::Stored => (&there.stored, batch.stored as u32),
        Side::Work => (&there.work, batch.work as u32),
    };
    let word = Argument::Word;
    let (chunks, work_units) = (word(batch.states.len() as u32), word(batch.work as u32));
    let (from_units, work, states) = (word(from_units), there.work.at(), there.states.at());
    let (tasks, from) = (tasks.at(), from.at());
    let by_warps = n.div_ceil(WARPS);
    let steps = match launch.filter {
        Filter::Inflate => {
            let inflate = vec![
                word(n),
                chunks,
                from_units,
                work_units,
                tasks,
                from,
                work,
                states,
                next.at(),
            ];
            let check = vec![word(n), chunks, work_units, tasks, work, states];
            vec![
                Some(filled::<u32>(next, 1, 0)?),
                launched(Kernel::Inflate, by_warps.min(MOST_BLOCKS), inflate),
                launched(Kernel::InflateCheck, by_warps, check),
            ]
        }
        Filter::Shuffle => {
            let arguments = vec![
                word(n),
                chunks,
                from_units,
                work_units,
                tasks,
                from,
                work,
                states,
            ];
            vec![launched(Kernel::UnfilterShuffle, n, arguments)]
        }
        Filter::Fletcher32 => {
            let arguments = vec![word(n), chunks, from_units, tasks, from, states];
            vec![launched(Kernel::UnfilterFletcher32, by_warps, arguments)]
        }
        Filter::Values => {
            let (words, values) = (word(batch.words as u32), there.values.at());
            let arguments = vec![
                word(n),
                chunks,
                from_units,
                words,
                tasks,
                from,
                values,
                states,
            ];
            vec![launched(Kernel::UnfilterValues, n, arguments)]
        }
    };
    let steps: Vec<_> = steps.into_iter().flatten().collect();
    gpu.run_in(queue, &steps)?;
    drop(steps);
    Ok(own)
}
