//! What a device is to do with storage chunks: their filters one after the other, as tasks of kernels.
//!
//! On the line: between columns still in chunks (`src/photon/stored.rs`) and a device's `decode.rs`, which moves
//! bytes and launches. What a device does not do, and why, is decided here, chunk by chunk: the host does it.
//!
//! Bytes stand in two memories: as they were stored, and at work, where each chunk has two places in turn. A filter
//! takes from one and gives to the other; a checksum is compared where its bytes are.

use std::collections::BTreeMap;

use crate::photon::stored::{Form, Step, StoredChunk};

use super::numbers::{
    ELEMENT_WIDE, LONGEST_CHUNK, STATE_WORDS, Status, TASK_WORDS, element_word, units,
};

/// Words of a task, and of the state of a chunk, as kernels read them.
pub type Task = [u32; TASK_WORDS];
pub type State = [u32; STATE_WORDS];

/// Why the host decodes a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyHost {
    /// It is packed with this, for which there are no kernels.
    Filter(&'static str),
    /// It is longer, stored or decoded, than a device takes, or than fits its memory beside nothing else.
    Long,
    /// Its filters are undone in an order that no writer leaves.
    Order,
}

impl WhyHost {
    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::Filter(name) => format!("{name} is not undone on devices"),
            Self::Long => "the chunk is too long for a device".to_owned(),
            Self::Order => "the shuffle filter is left out of the chunk".to_owned(),
        }
    }
}

/// A chunk that is wanted.
pub type Wanted<'a> = (&'a Form, &'a StoredChunk);

/// What a kernel does with chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    Inflate,
    Shuffle,
    Fletcher32,
    /// Elements become values; the last of all.
    Values,
}

/// Where bytes are that a kernel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Stored,
    Work,
}

/// Tasks that one launch does: of different chunks, the longest first.
#[derive(Debug, PartialEq, Eq)]
pub struct Launch {
    pub filter: Filter,
    pub from: Side,
    pub tasks: Vec<Task>,
}

/// Chunks that are decoded together.
#[derive(Debug, Default)]
pub struct Batch {
    pub chunks: Vec<Place>,
    pub states: Vec<State>,
    /// Units of both memories, and words of values.
    pub stored: u64,
    pub work: u64,
    pub words: u64,
    pub launches: Vec<Launch>,
}

/// Where a chunk of a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which it is of those that are wanted.
    pub wanted: usize,
    /// The unit of the stored bytes, and the word of the values, where it begins.
    pub stored: u32,
    pub word: u32,
}

/// How long a chunk is on its way.
#[derive(Debug, Default, Clone, Copy)]
struct Room {
    stored: u64,
    /// Units of its two places at work.
    work: [u64; 2],
    /// Words of its values.
    words: u64,
}

impl Room {
    /// Units of all.
    fn units(&self) -> u64 {
        self.stored + self.work.iter().sum::<u64>() + units(4 * self.words)
    }
}

/// Steps of one chunk, in order: what is done, the bytes that there may be afterwards, and what the filter is told.
type Steps = Vec<(Filter, u32, u32)>;

/// Why the host decodes a chunk, or what a device does with it.
fn steps(form: &Form, chunk: &StoredChunk) -> Result<Steps, WhyHost> {
    if form.pipeline.skips_shuffle(chunk.mask) {
        return Err(WhyHost::Order);
    }
    let fits = |bytes: usize| u32::try_from(bytes).ok().filter(|&b| b <= LONGEST_CHUNK);
    fits(chunk.size()).ok_or(WhyHost::Long)?;
    fits(chunk.length).ok_or(WhyHost::Long)?;
    let undone = form.pipeline.undone(chunk.mask, chunk.length).into_iter();
    undone
        .map(|(step, room)| {
            let room = fits(room).ok_or(WhyHost::Long)?;
            match step {
                Step::Deflate => Ok((Filter::Inflate, room, 0)),
                Step::Shuffle { element } => {
                    let element = u32::try_from(element).map_err(|_| WhyHost::Long)?;
                    Ok((Filter::Shuffle, room, element))
                }
                Step::Fletcher32 => Ok((Filter::Fletcher32, room, 0)),
                Step::Lzf => Err(WhyHost::Filter("lzf")),
                Step::Lz4 => Err(WhyHost::Filter("lz4")),
                Step::Zstd => Err(WhyHost::Filter("zstd")),
                Step::Blosc => Err(WhyHost::Filter("blosc")),
            }
        })
        .collect()
}

/// The room that a chunk takes.
fn room(form: &Form, chunk: &StoredChunk, steps: &Steps) -> Room {
    let wide = element_word(form.element) & ELEMENT_WIDE != 0;
    let mut room = Room {
        stored: units(chunk.size() as u64),
        work: [0; 2],
        words: chunk.rows.len() as u64 * if wide { 2 } else { 1 },
    };
    let moving = steps
        .iter()
        .filter(|(filter, ..)| *filter != Filter::Fletcher32);
    for (place, (_, bytes, _)) in moving.enumerate() {
        let most = &mut room.work[place % 2];
        *most = units(u64::from(*bytes)).max(*most);
    }
    room
}

/// Batches of those chunks that a device decodes, of at most so many units each, and why the host decodes the others.
pub fn batches(wanted: &[Wanted], most_units: u64) -> (Vec<Batch>, Vec<(usize, WhyHost)>) {
    let (mut all, mut of_host) = (Vec::<Building>::new(), Vec::new());
    for (place, one) in wanted.iter().enumerate() {
        let found = steps(one.0, one.1).and_then(|steps| {
            let room = room(one.0, one.1, &steps);
            if room.units() > most_units {
                return Err(WhyHost::Long);
            }
            Ok((steps, room))
        });
        match found {
            Err(why) => of_host.push((place, why)),
            Ok((steps, room)) => {
                let full = |batch: &Building| batch.units + room.units() > most_units;
                if all.last().is_none_or(full) {
                    all.push(Building::default());
                }
                if let Some(batch) = all.last_mut() {
                    let word = batch.batch.words;
                    batch.add((place, one), &steps, room, word as u32);
                    batch.batch.words += room.words;
                }
            }
        }
    }
    (all.into_iter().map(Building::done).collect(), of_host)
}

/// One batch of those chunks that a device decodes, each with the word where its values go, of so many words in all; and
/// why the host decodes the others.
pub fn placed(wanted: &[(Wanted, u32)], words: u64) -> (Batch, Vec<(usize, WhyHost)>) {
    let (mut all, mut of_host) = (Building::default(), Vec::new());
    all.batch.words = words;
    for (place, (one, word)) in wanted.iter().enumerate() {
        match steps(one.0, one.1) {
            Err(why) => of_host.push((place, why)),
            Ok(steps) => {
                let room = room(one.0, one.1, &steps);
                all.add((place, one), &steps, room, *word);
            }
        }
    }
    (all.done(), of_host)
}

/// A batch to which chunks are added.
#[derive(Debug, Default)]
struct Building {
    batch: Batch,
    /// Units that it takes.
    units: u64,
    /// By what comes first: the place among a chunk's filters, values behind all; with how long each task is.
    launches: BTreeMap<(usize, Filter, Side), Vec<(u64, Task)>>,
}

impl Building {
    fn add(
        &mut self,
        (wanted, &(form, chunk)): (usize, &Wanted),
        steps: &Steps,
        room: Room,
        word: u32,
    ) {
        let Self {
            batch,
            launches,
            units,
        } = self;
        *units += room.units();
        let number = batch.states.len() as u32;
        let stored = batch.stored as u32;
        batch.chunks.push(Place {
            wanted,
            stored,
            word,
        });
        let length = chunk.size() as u32;
        batch.states.push([Status::Good as u32, length, 0, 0]);
        let work = [batch.work, batch.work + room.work[0]].map(|unit| unit as u32);
        batch.stored += room.stored;
        batch.work += room.work.iter().sum::<u64>();
        let (mut at, mut from, mut next) = (stored, Side::Stored, 0);
        for (turn, &(filter, bytes, told)) in steps.iter().enumerate() {
            let moves = filter != Filter::Fletcher32;
            let to = if moves { work[next % 2] } else { at };
            let task = [number, at, to, bytes, told, 0, 0, 0];
            let tasks = launches.entry((turn, filter, from)).or_default();
            tasks.push((room.stored, task));
            if moves {
                (at, from, next) = (to, Side::Work, next + 1);
            }
        }
        let first = form.stride.first + (chunk.rows.start - chunk.begins) * form.stride.step;
        let task = [
            number,
            at,
            word,
            chunk.length as u32,
            chunk.rows.len() as u32,
            first as u32,
            form.stride.step as u32,
            element_word(form.element),
        ];
        let tasks = launches
            .entry((usize::MAX, Filter::Values, from))
            .or_default();
        tasks.push((room.stored, task));
    }

    fn done(self) -> Batch {
        let launches = self.launches.into_iter();
        let launches = launches.map(|((_, filter, from), mut tasks)| {
            tasks.sort_by_key(|(units, _)| std::cmp::Reverse(*units));
            Launch {
                filter,
                from,
                tasks: tasks.into_iter().map(|(_, task)| task).collect(),
            }
        });
        Batch {
            launches: launches.collect(),
            ..self.batch
        }
    }
}

#[cfg(test)]
mod tests;
