//! Photons that are kept whole for digests that say where and when: value, place and time of each.
//!
//! Below `joint.rs`, whose rows they become: the key of the value, the word of the place and that of the time, where they
//! are asked for, else 0. Values alone would do for a digest; which place belongs to which value is what they do not say.
//! In a cell photons are put in the order of all three, so that of equal values the same ones share a centroid in whatever
//! order they came.

use std::ops::Range;

use super::clock::{Clock, either_time};
use super::job::{Job, JobOutput};
use super::joint::{Form, JointRows};
use super::order::Key;
use super::partial::Partials;
use super::scale::ranks_of_centroids;
use super::tdigest::TDigest;
use super::total::Total;
use crate::grid::{Locator, common_word, point_to_word};
use crate::photon::{Column, ColumnType};

/// Words of a photon.
pub(super) const WORDS: usize = 3;

/// What is said of each centroid beside its mean and weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Channels {
    /// The cell that holds all its photons.
    pub location: bool,
    /// The period that holds all its photons.
    pub time: bool,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Location,
    Time,
}

/// What is kept of a photon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Members {
    pub location: bool,
    /// How the column beside the value counts time.
    pub clock: Option<Clock>,
}

/// What is kept of photons whose places are known, if those are kept.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    clock: Option<Clock>,
    positions: Option<Positions<'a>>,
}

/// Where photons are, for their words.
#[derive(Debug, Clone, Copy)]
pub struct Positions<'a> {
    pub locator: Locator,
    pub lon: &'a [f64],
    pub lat: &'a [f64],
}

impl Channels {
    /// Each that is told.
    pub fn all(self) -> impl Iterator<Item = Channel> {
        let location = self.location.then_some(Channel::Location);
        location
            .into_iter()
            .chain(self.time.then_some(Channel::Time))
    }
}

impl Members {
    pub fn channels(self) -> Channels {
        Channels {
            location: self.location,
            time: self.clock.is_some(),
        }
    }

    /// These, with where photons are if that is kept; `None` where it is kept and nobody knows it.
    pub fn at(self, positions: Option<Positions>) -> Option<Placed> {
        let positions = positions.filter(|_| self.location);
        (positions.is_some() == self.location).then_some(Placed {
            clock: self.clock,
            positions,
        })
    }
}

impl Placed<'_> {
    /// Adds photons of a cell to rows of it: those whose value is finite, and whose time is. The columns are the value,
    /// and the time where there is one.
    pub fn add(&self, rows: &mut JointRows, cell: u64, columns: &[&Column], photons: Range<usize>) {
        for photon in photons {
            let Some(key) = super::ends::finite_key(columns[0], photon) else {
                continue;
            };
            let time = self.clock.map(|clock| word_of(clock, columns[1], photon));
            let place = self.positions.map(|at| {
                let cell = at.locator.cell(at.lon[photon], at.lat[photon]);
                point_to_word(cell)
            });
            match time {
                // Without a time it is in no centroid that has one.
                Some(None) => {}
                time => rows.push(
                    cell,
                    &[key, place.unwrap_or(0), time.flatten().unwrap_or(0)],
                ),
            }
        }
    }
}

/// The word of a photon's time, where it has one.
fn word_of(clock: Clock, column: &Column, photon: usize) -> Option<u64> {
    let time = column.values.get_f64(photon);
    clock.word(time).filter(|_| column.is_valid(photon))
}

/// How many photons have a finite time that has no word.
pub fn without_word(clock: Clock, column: &Column, photons: Range<usize>) -> u64 {
    let lacks = |photon: &usize| {
        let time = column.values.get_f64(*photon);
        time.is_finite() && column.is_valid(*photon) && clock.word(time).is_none()
    };
    photons.filter(lacks).count() as u64
}

/// The digest of these rows, with what all photons of a centroid have in common.
fn digest_of(rows: &JointRows, cell: u64, delta: u32, of: (Members, ColumnType)) -> TDigest {
    let (members, column_type) = of;
    let words = rows.words(rows.rows_of(cell));
    let (photons, _) = words.as_chunks::<WORDS>();
    let mut photons = photons.to_vec();
    photons.sort_unstable();
    let runs = ranks_of_centroids(photons.len(), delta);
    let centroids = runs.into_iter().map(|run| {
        let of_run = &photons[run];
        let many = of_run.len() as u64;
        let value = |photon: &[u64; WORDS]| Key(photon[0]).to_f64(column_type);
        let mean = match of_run {
            [one] => value(one),
            several => {
                let mut sum = Total::default();
                for photon in several {
                    sum.add(value(photon), 1);
                }
                sum.over(many)
            }
        };
        let of_words = |place: usize, both: fn(u64, u64) -> u64| {
            let words = of_run.iter().map(|photon| photon[place]);
            words.reduce(both).unwrap_or_default()
        };
        let place = of_words(1, common_word);
        (mean as f32, many as f32, [place, of_words(2, either_time)])
    });
    TDigest::with_words(members.channels(), centroids)
}

impl Partials {
    /// The digest of a column in row `i`, with what photons are kept of in a joint of this place.
    pub fn digest_of_members(
        &self,
        job: &Job,
        (column, joint): (usize, usize),
        i: usize,
        delta: u32,
    ) -> TDigest {
        let described = &job.columns[column];
        let Form::Members(members) = described.needs.joints[joint].form else {
            unreachable!("such an output has a joint of photons that are kept whole")
        };
        let rows = &self.columns[column].joints[joint];
        let of = (members, described.column_type);
        digest_of(rows, self.cells[i], delta, of)
    }
}

impl JobOutput {
    /// What its centroids say beside means and weights; `None` of what is no digest.
    pub fn channels(&self, job: &Job) -> Option<Channels> {
        let Self::Digest {
            column, members, ..
        } = self
        else {
            return None;
        };
        let joints = &job.columns[*column].needs.joints;
        Some(
            members.map_or_else(Channels::default, |joint| match joints[joint].form {
                Form::Members(members) => members.channels(),
                _ => Channels::default(),
            }),
        )
    }
}
