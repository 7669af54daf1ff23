//! Parts: photons brought together by the high bits of their cells, and sorted by the others in the cache.
//!
//! Below `parted.rs`, which has a picture of it.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

/// Photons that one task counts and brings to their parts.
const TILE: usize = 65_536;
/// Mean photons of a part: its pairs, twice, stay in the second-level cache.
const PART: usize = 8192;
/// Most bits by which cells are parted: more parts than this have no page each at hand.
pub const MOST_PART_BITS: u32 = 11;
/// Bits of a key within its part.
pub const KEY_BITS: u32 = 32;
/// Most bits of a key that one pass sorts by.
const DIGIT_BITS: u32 = 11;
/// Digits of the longest key.
const DIGITS: usize = KEY_BITS.div_ceil(DIGIT_BITS) as usize;
/// Photons of a part that one thread sorts, however few there are of others.
pub const LARGE_PART: usize = 1 << 20;
/// How cells are parted: by how many times 2^`key_bits` they are beyond the first.
#[derive(Debug, Clone, Copy)]
pub struct Split {
    pub first: u64,
    pub key_bits: u32,
    pub parts: usize,
}

/// Where photons go.
#[derive(Debug)]
pub struct Places {
    /// Of each tile, the place of its first photon of each part.
    tiles: Vec<Vec<u32>>,
    /// Where each part starts, and the end of all.
    parts: Vec<usize>,
}

/// Photons that are sorted part by part.
#[derive(Debug)]
pub struct Parted {
    pub split: Split,
    /// Where each part starts among the photons, and the end of all.
    pub photons: Vec<usize>,
    /// The row of the first cell of each part, and the end of all.
    pub rows: Vec<usize>,
}

/// What a payload of 32 bits stands for.
pub trait Payload: Copy + Send {
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
    pub fn of(cells: &[u64]) -> Option<Self> {
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
    pub fn places(&self, cells: &[u64]) -> Option<Places> {
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
    pub fn bring(
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
    pub fn sort<P: Payload>(
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
        let mut rows = Vec::with_capacity(distinct.len() + 1);
        rows.push(0);
        for distinct in distinct {
            rows.push(rows[rows.len() - 1] + distinct);
        }
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
        let digit =
            |pair: u64, place: usize| (pair >> (32 + place as u32 * width)) as usize & (bins - 1);
        self.from
            .extend(pairs.iter().map(|pair| pair.load(Relaxed)));
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
