//! parted: sort, segment and reduce of photons over many cells, part by part. Entry point: `fold_parted`.
//!
//! Where cells have few photons each, sorting all keys passes over all memory again and again, and photons
//! are then picked from all over it. Here cells are parted by their high bits, so that each part has some
//! thousand photons: they are brought to their parts once, and sorted there while they stay in the cache.
//! The values of a lone column of float32 come along; other columns are picked by the numbers of photons.
//!
//! ```text
//!   cells  --count-->  photons of each part in each tile
//!          --bring-->  key | payload     part after part, in the order of the batch
//!          --sort-->   keys, payloads    ascending by cell: cell = first + part * 2^bits + key
//!          --reduce--> one array of accumulators after the other, written once and in place
//! ```
//!
//! Accumulators of fixed size are sums over a cell's values, so they are those of every other order of stages.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use crate::photon::{Column, Values};
use crate::stat::{Job, JobColumn, Partials, Value};

use super::super::StageTimes;
use super::scratch::{Buffers, Order};

/// Photons that one task counts and brings to their parts.
const TILE: usize = 65_536;
/// Mean photons of a part: its pairs, twice, stay in the second-level cache.
const PART: usize = 8192;
/// Most bits by which cells are parted: more parts than this have no page each at hand.
const MOST_PART_BITS: u32 = 11;
/// Bits of a key within its part.
const KEY_BITS: u32 = 32;
/// Most bits of a key that one pass sorts by.
const DIGIT_BITS: u32 = 11;
/// Digits of the longest key.
const DIGITS: usize = KEY_BITS.div_ceil(DIGIT_BITS) as usize;
/// Photons of a part that one thread sorts, however few there are of others.
const LARGE_PART: usize = 1 << 18;
/// Rows that one task writes.
const ROWS: usize = 4096;

/// Whether rows can be made part by part: of accumulators of fixed size, and of columns without nulls.
pub fn can_be_parted(columns: &[Column], job: &Job) -> bool {
    let retains = |column: &JobColumn| column.needs.ordered || column.needs.edges.is_some();
    columns.iter().all(|column| column.nulls.is_none()) && !job.columns.iter().any(retains)
}

/// Folds photons of known cells; `None` where cells are too far apart, or too many photons are in one part.
pub fn fold_parted(
    cells: &[u64],
    columns: &[Column],
    job: &Job,
    (buffers, times): (&mut Buffers, &mut StageTimes),
) -> Option<Partials> {
    let mut order = std::mem::take(&mut buffers.order);
    let parted = times.sort.time(|| part_and_sort(cells, columns, &mut order));
    let partials = parted.map(|parted| {
        let mut partials = buffers.take_result(job);
        let keys = &order.keys;
        times.segment.time(|| {
            parted.write_starts(keys, &mut order.firsts);
            parted.write_cells(keys, &order.firsts, &mut partials.cells);
        });
        times
            .reduce
            .time(|| reduce(columns, job, &mut order, &mut partials));
        partials
    });
    buffers.order = order;
    partials
}

/// The values of a lone column of float32.
fn lone(columns: &[Column]) -> Option<&[f32]> {
    match columns {
        [column] => match &column.values {
            Values::F32(values) => Some(values),
            Values::F64(_) | Values::I64(_) => None,
        },
        _ => None,
    }
}

/// Leaves keys and the numbers of photons in the order of cells, or the values of a lone column.
fn part_and_sort(cells: &[u64], columns: &[Column], order: &mut Order) -> Option<Parted> {
    let split = Split::of(cells)?;
    let places = split.places(cells)?;
    let Order {
        pairs: [pairs, _],
        keys,
        photons,
        picked,
        ..
    } = order;
    pairs.resize_with(cells.len(), AtomicU64::default);
    keys.resize(cells.len(), 0);
    Some(if let Some(values) = lone(columns) {
        split.bring(cells, &places, pairs, |photon| values[photon].to_bits());
        picked.narrow.resize(cells.len(), 0.0);
        split.sort(&places, pairs, keys, &mut picked.narrow)
    } else {
        split.bring(cells, &places, pairs, |photon| photon as u32);
        photons.resize(cells.len(), 0);
        split.sort(&places, pairs, keys, photons)
    })
}

/// Writes counts of photons, and the rows of each column.
fn reduce(columns: &[Column], job: &Job, order: &mut Order, partials: &mut Partials) {
    let Order {
        photons,
        firsts,
        picked,
        ..
    } = order;
    firsts
        .par_windows(2)
        .with_min_len(ROWS)
        .map(|at| u64::from(at[1] - at[0]))
        .collect_into_vec(&mut partials.photons);
    let all = partials.columns.iter_mut().zip(columns).zip(&job.columns);
    for ((rows, column), described) in all {
        match &column.values {
            Values::F32(values) => {
                if lone(columns).is_none() {
                    pick(values, photons, &mut picked.narrow);
                }
                rows.fold_segments(&picked.narrow, firsts, described);
            }
            Values::F64(values) => {
                pick(values, photons, &mut picked.wide);
                rows.fold_segments(&picked.wide, firsts, described);
            }
            Values::I64(values) => {
                pick(values, photons, &mut picked.whole);
                rows.fold_segments(&picked.whole, firsts, described);
            }
        }
    }
}

/// Values in the order of photons.
fn pick<T: Value>(values: &[T], photons: &[u32], picked: &mut Vec<T>) {
    photons
        .par_iter()
        .with_min_len(ROWS)
        .map(|&photon| values[photon as usize])
        .collect_into_vec(picked);
}

/// How cells are parted: by how many times 2^`key_bits` they are beyond the first.
#[derive(Debug, Clone, Copy)]
struct Split {
    first: u64,
    key_bits: u32,
    parts: usize,
}

/// Where photons go.
#[derive(Debug)]
struct Places {
    /// Of each tile, the place of its first photon of each part.
    tiles: Vec<Vec<u32>>,
    /// Where each part starts, and the end of all.
    parts: Vec<usize>,
}

/// Photons that are sorted part by part.
#[derive(Debug)]
struct Parted {
    split: Split,
    /// As [`Places::parts`].
    photons: Vec<usize>,
    /// The row of the first cell of each part, and the end of all.
    rows: Vec<usize>,
}

/// What a payload of 32 bits stands for.
trait Payload: Copy + Send {
    fn of(bits: u32) -> Self;
}

impl Payload for u32 {
    fn of(bits: u32) -> Self {
        bits
    }
}

impl Payload for f32 {
    fn of(bits: u32) -> Self {
        Self::from_bits(bits)
    }
}

impl Split {
    /// `None` where there is no cell, or keys within parts have too many bits.
    fn of(cells: &[u64]) -> Option<Self> {
        let (first, last) = cells
            .par_chunks(TILE)
            .map(|cells| {
                cells
                    .iter()
                    .fold((u64::MAX, 0), |(a, b), &c| (a.min(c), b.max(c)))
            })
            .reduce_with(|(a, b), (c, d)| (a.min(c), b.max(d)))?;
        let span = last - first;
        let bits = u64::BITS - span.leading_zeros();
        let wanted = (cells.len() / PART).max(1).ilog2().min(MOST_PART_BITS);
        let part_bits = wanted.max(bits.saturating_sub(KEY_BITS)).min(bits);
        if part_bits > MOST_PART_BITS {
            return None;
        }
        let key_bits = bits - part_bits;
        Some(Self {
            first,
            key_bits,
            parts: (span >> key_bits) as usize + 1,
        })
    }

    /// The part of a cell, and its key there.
    #[inline]
    fn part_and_key(&self, cell: u64) -> (usize, u64) {
        let beyond = cell.wrapping_sub(self.first);
        let part = (beyond >> self.key_bits) as usize;
        (part, beyond & ((1 << self.key_bits) - 1))
    }

    /// Counts; `None` where one part would keep one thread busy when others have nothing left to do.
    fn places(&self, cells: &[u64]) -> Option<Places> {
        let mut tiles: Vec<Vec<u32>> = cells
            .par_chunks(TILE)
            .map(|cells| {
                let mut counts = vec![0; self.parts];
                for &cell in cells {
                    counts[self.part_and_key(cell).0] += 1;
                }
                counts
            })
            .collect();
        let mut parts = Vec::with_capacity(self.parts + 1);
        let (mut next, mut largest) = (0, 0);
        for part in 0..self.parts {
            parts.push(next as usize);
            let start = next;
            for tile in &mut tiles {
                next += std::mem::replace(&mut tile[part], next);
            }
            largest = largest.max((next - start) as usize);
        }
        parts.push(next as usize);
        let share = cells.len() / (2 * rayon::current_num_threads());
        (largest <= share.max(LARGE_PART)).then_some(Places { tiles, parts })
    }

    /// Brings the key and the payload of every photon to its part.
    ///
    /// Every tile owns a disjoint set of places, in the order (part, tile, place in the tile), whichever thread
    /// runs which tile. Relaxed atomics are plain stores; they let threads write to one array at places only
    /// known at run time.
    fn bring(
        &self,
        cells: &[u64],
        places: &Places,
        pairs: &[AtomicU64],
        payload: impl Fn(usize) -> u32 + Sync,
    ) {
        cells
            .par_chunks(TILE)
            .zip(&places.tiles)
            .enumerate()
            .for_each_init(Vec::new, |next, (tile, (cells, places))| {
                next.clear();
                next.extend_from_slice(places);
                let photons = tile * TILE..;
                for (photon, &cell) in photons.zip(cells) {
                    let (part, key) = self.part_and_key(cell);
                    let place = &mut next[part];
                    let pair = key << 32 | u64::from(payload(photon));
                    pairs[*place as usize].store(pair, Relaxed);
                    *place += 1;
                }
            });
    }

    /// Sorts each part by key; photons of one cell keep their order.
    fn sort<P: Payload>(
        self,
        places: &Places,
        pairs: &[AtomicU64],
        keys: &mut [u32],
        payloads: &mut [P],
    ) -> Parted {
        let mut parts = Vec::with_capacity(self.parts);
        let mut rest = (pairs, keys, payloads);
        for ends in places.parts.windows(2) {
            let photons = ends[1] - ends[0];
            let (pairs, more_pairs) = rest.0.split_at(photons);
            let (keys, more_keys) = rest.1.split_at_mut(photons);
            let (payloads, more_payloads) = rest.2.split_at_mut(photons);
            parts.push((pairs, keys, payloads));
            rest = (more_pairs, more_keys, more_payloads);
        }
        let distinct: Vec<usize> = parts
            .into_par_iter()
            .map_init(Room::default, |room, (pairs, keys, payloads)| {
                room.sort(pairs, self.key_bits, (keys, payloads));
                runs(keys)
            })
            .collect();
        let mut next = 0;
        let mut rows: Vec<usize> = distinct
            .iter()
            .map(|&distinct| std::mem::replace(&mut next, next + distinct))
            .collect();
        rows.push(next);
        Parted {
            split: self,
            photons: places.parts.clone(),
            rows,
        }
    }
}

/// Runs of equal keys.
fn runs(keys: &[u32]) -> usize {
    let borders = keys.windows(2).filter(|pair| pair[0] != pair[1]).count();
    borders + usize::from(!keys.is_empty())
}

/// What the photons of a part are sorted in.
#[derive(Debug, Default)]
struct Room {
    from: Vec<u64>,
    to: Vec<u64>,
    /// Of each digit and each of its values, first how many photons have it, then the place of the next.
    places: Vec<u32>,
}

impl Room {
    /// Radix sort by digits of up to 11 bits, the last of which puts keys and payloads where they belong.
    fn sort<P: Payload>(
        &mut self,
        pairs: &[AtomicU64],
        key_bits: u32,
        (keys, payloads): (&mut [u32], &mut [P]),
    ) {
        let digits = key_bits.div_ceil(DIGIT_BITS).max(1) as usize;
        let width = key_bits.div_ceil(digits as u32);
        let bins = 1 << width;
        self.places.clear();
        self.places.resize(digits * bins, 0);
        let (places, _) = self.places.as_mut_slice().split_at_mut(digits * bins);
        self.from.clear();
        let digit = |pair: u64, place: usize| {
            (pair >> (32 + place as u32 * width)) as usize & (bins - 1)
        };
        self.from.extend(pairs.iter().map(|pair| pair.load(Relaxed)));
        for (place, places) in places.chunks_exact_mut(bins).enumerate().take(DIGITS) {
            for &pair in &self.from {
                places[digit(pair, place)] += 1;
            }
            let mut next = 0;
            for count in &mut *places {
                next += std::mem::replace(count, next);
            }
            if place + 1 == digits {
                for &pair in &self.from {
                    let at = &mut places[digit(pair, place)];
                    keys[*at as usize] = (pair >> 32) as u32;
                    payloads[*at as usize] = P::of(pair as u32);
                    *at += 1;
                }
            } else {
                self.to.resize(pairs.len(), 0);
                for &pair in &self.from {
                    let at = &mut places[digit(pair, place)];
                    self.to[*at as usize] = pair;
                    *at += 1;
                }
                std::mem::swap(&mut self.from, &mut self.to);
            }
        }
    }
}

impl Parted {
    /// Segment `i` is photons `starts[i]..starts[i + 1]`.
    fn write_starts(&self, keys: &[u32], starts: &mut Vec<u32>) {
        let rows = self.rows.last().copied().unwrap_or_default();
        starts.resize(rows + 1, 0);
        starts[rows] = keys.len() as u32;
        let mut rest = starts.as_mut_slice();
        let mut parts = Vec::with_capacity(self.split.parts);
        for (photons, rows) in self.photons.windows(2).zip(self.rows.windows(2)) {
            let (starts, more) = rest.split_at_mut(rows[1] - rows[0]);
            parts.push((starts, photons[0]..photons[1]));
            rest = more;
        }
        parts.into_par_iter().for_each(|(starts, photons)| {
            let (first, keys) = (photons.start as u32, &keys[photons]);
            let mut starts = starts.iter_mut();
            let mut last = None;
            for (photon, &key) in (first..).zip(keys) {
                if last != Some(key) {
                    last = Some(key);
                    if let Some(start) = starts.next() {
                        *start = photon;
                    }
                }
            }
        });
    }

    /// The cell of each segment.
    fn write_cells(&self, keys: &[u32], starts: &[u32], cells: &mut Vec<u64>) {
        let Split {
            first, key_bits, ..
        } = self.split;
        let starts = &starts[..starts.len() - 1];
        starts
            .par_iter()
            .enumerate()
            .with_min_len(ROWS)
            .map_init(
                || 0,
                |part, (row, &start)| {
                    // Rows of a task follow one another, and mostly stay in a part.
                    if !(self.rows[*part]..self.rows[*part + 1]).contains(&row) {
                        *part = self.rows.partition_point(|&first| first <= row) - 1;
                    }
                    let beyond = (*part as u64) << key_bits;
                    first + (beyond | u64::from(keys[start as usize]))
                },
            )
            .collect_into_vec(cells);
    }
}
