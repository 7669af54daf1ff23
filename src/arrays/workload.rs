//! Photons made on the spot for `icefold bench`, from a seed, the same on every machine.
//!
//! Beside the line: takes the place of `input.rs` where there is nothing to read. Names and shapes are those
//! of the workloads in `benches/head_to_head/workloads/`; the photons are others, as making these needs no
//! Python.

use std::sync::Arc;

use super::photons::Photons;
use crate::config::Dtype;
use crate::grid::{Grid, Order, sin_cos};
use crate::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use crate::photon::{Counts, SourceColumn};

/// A shape of photons.
///
/// ```
/// use icefold::arrays::Workload;
///
/// let workload = Workload::named("one_cell").unwrap();
/// assert_eq!(workload.photons(1000).batch.len(), 1000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    pub name: &'static str,
    pub about: &'static str,
    pub cell_order: u8,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Passes over one shard, a shot every 0.7 m.
    OneShard,
    /// Tracks over the Antarctic, a photon every 64 m.
    ManyTracks,
    /// Those tracks in no order.
    Shuffled,
    /// Anywhere on the sphere.
    Uniform,
    /// All in one cell.
    OneCell,
    /// Cells of very unequal popularity, in no order.
    Zipf,
    /// Each in a cell of its own, in no order.
    AllDistinct,
}

/// All that there are.
///
/// ```
/// use icefold::arrays::WORKLOADS;
///
/// assert!(WORKLOADS.iter().any(|workload| workload.name == "zipf"));
/// ```
pub const WORKLOADS: [Workload; 8] = [
    workload("shard12", "along track in one shard", 12, Shape::OneShard),
    workload(
        "shard19",
        "the same photons, cells of 12 m",
        19,
        Shape::OneShard,
    ),
    workload(
        "wide12",
        "many tracks, a photon every 64 m",
        12,
        Shape::ManyTracks,
    ),
    workload("wide12_shuffled", "wide12 in no order", 12, Shape::Shuffled),
    workload("uniform", "anywhere on the sphere", 12, Shape::Uniform),
    workload("one_cell", "every photon in one cell", 12, Shape::OneCell),
    workload(
        "zipf",
        "cells of unequal popularity, in no order",
        12,
        Shape::Zipf,
    ),
    workload(
        "all_distinct",
        "one photon a cell, in no order",
        19,
        Shape::AllDistinct,
    ),
];

const fn workload(
    name: &'static str,
    about: &'static str,
    cell_order: u8,
    shape: Shape,
) -> Workload {
    Workload {
        name,
        about,
        cell_order,
        shape,
    }
}

/// Degrees of latitude to a metre.
const DEGREES: f64 = 1.0 / 111_194.9;
/// Between laser shots along the track, and between photons of the wide workloads; metres.
const SPACING: f64 = 0.7;
const WIDE_SPACING: f64 = 64.0;
/// Photons of a pass over a shard.
const PASS: u64 = 1 << 17;
/// Cells of `zipf`.
const POPULAR: u64 = 100_000;
/// Where the single shard is: longitude and latitude in degrees.
const HOME: (f64, f64) = (31.0, -78.0);

impl Workload {
    /// The workload of this name.
    pub fn named(name: &str) -> Option<Self> {
        WORKLOADS.into_iter().find(|workload| workload.name == name)
    }

    pub fn order(self) -> Order {
        Order::new(self.cell_order).unwrap_or(Order::MAX)
    }

    /// So many photons, with one float32 column.
    pub fn photons(self, count: usize) -> Photons {
        let (lon, lat): (Vec<f64>, Vec<f64>) = (0..count as u64)
            .map(|i| self.position(i, count as u64))
            .unzip();
        let heights = lon
            .iter()
            .zip(&lat)
            .zip(0..)
            .map(|((&lon, &lat), i)| height(lon, lat, i));
        let heights: Vec<f32> = heights.collect();
        Photons {
            batch: PhotonBatch {
                origin: Origin {
                    granule: Arc::from(self.name),
                    ground_track: Arc::from(""),
                    rows: Rows::Range(0..count as u64),
                },
                step: 0,
                lon: lon.into(),
                lat: lat.into(),
                columns: vec![Column {
                    values: Values::F32(heights.into()),
                    nulls: None,
                }],
            },
            sources: vec![SourceColumn {
                name: "h".to_owned(),
                column_type: ColumnType::F32,
                dtype: Dtype::F32,
                units: None,
                long_name: None,
            }],
            counts: Counts::default(),
        }
    }

    /// Longitude and latitude of photon `i` of `count`, in degrees.
    fn position(self, i: u64, count: u64) -> (f64, f64) {
        match self.shape {
            Shape::OneShard => {
                let (pass, shot) = (i / PASS, i % PASS);
                let along = (shot as f64 - PASS as f64 / 2.0) * SPACING + 0.5 * centred(i, 1);
                let across = 30_000.0 * centred(pass, 2) + 0.5 * centred(i, 3);
                // Both directions; a fifth as much east as north.
                let along = if pass.is_multiple_of(2) {
                    along
                } else {
                    -along
                };
                let east = 0.2 * along + across;
                let lon = HOME.0 + east * DEGREES / cos_of(HOME.1);
                (lon, HOME.1 + along * DEGREES)
            }
            Shape::ManyTracks => track(i),
            Shape::Shuffled => track(permuted(i, count)),
            Shape::Uniform => {
                let lat = libm::asin(2.0 * unit(i, 4) - 1.0).to_degrees();
                (360.0 * unit(i, 5) - 180.0, lat)
            }
            Shape::OneCell => self.inside(home_cell(self.order()), i),
            Shape::Zipf => {
                // The inverse of the logarithm that sums of 1 / k approach.
                let rank = libm::exp(unit(i, 6) * libm::log(POPULAR as f64)) as u64;
                let cell = permuted(rank.min(POPULAR) - 1, POPULAR);
                self.inside(home_cell(self.order()) + cell, i)
            }
            Shape::AllDistinct => self.inside(home_cell(self.order()) + permuted(i, count), i),
        }
    }

    /// A position in a cell, near its centre.
    fn inside(self, cell: u64, i: u64) -> (f64, f64) {
        let grid = Grid::default();
        let (lon, lat) = grid.center(self.order(), cell);
        let size = libm::sqrt(4.0 * std::f64::consts::PI / grid.cells(self.order()) as f64);
        let reach = 0.1 * size.to_degrees();
        let lon = lon + reach * centred(i, 7) / cos_of(lat);
        (lon, lat + reach * centred(i, 8))
    }
}

/// Position of photon `i` along tracks between 62 S and the turn at 88 S and back.
fn track(i: u64) -> (f64, f64) {
    let per_track = (56.0 / DEGREES / WIDE_SPACING) as u64;
    let (track, shot) = (i / per_track, i % per_track);
    let u = (shot as f64 * WIDE_SPACING + 0.5 * centred(i, 9)) * DEGREES;
    let inclination = 92f64.to_radians();
    let (sin, cos) = sin_cos((-62.0 - u).to_radians());
    let (sin_tilt, cos_tilt) = sin_cos(inclination);
    let lat = libm::asin(sin_tilt * sin).to_degrees();
    let lon = 360.0 * unit(track, 10) + libm::atan2(cos_tilt * sin, cos).to_degrees();
    ((lon + 180.0).rem_euclid(360.0) - 180.0, lat)
}

/// The first cell of the home shard.
fn home_cell(order: Order) -> u64 {
    let shard = Order::new(6).unwrap_or(order).min(order);
    let grid = Grid::default();
    let home = grid.locator(shard).cell(HOME.0, HOME.1);
    grid.down(home, shard, order).start
}

/// An ice sheet with waves and noise, and one photon in twenty of background.
fn height(lon: f64, lat: f64, i: u64) -> f32 {
    let from_pole = (lat + 90.0) / 22.5;
    let surface = 3_800.0 / (1.0 + from_pole * from_pole);
    let (wave, _) = sin_cos((lat * 700.0).to_radians());
    let noise = 0.3 * (centred(i, 11) + centred(i, 12));
    let background = if unit(i, 13) < 0.05 {
        500.0 * centred(i, 14)
    } else {
        0.0
    };
    (surface + 40.0 * wave + lon.abs() * 1e-3 + noise + background) as f32
}

fn cos_of(degrees: f64) -> f64 {
    sin_cos(degrees.to_radians()).1
}

/// `SplitMix64`: bits that look random, the same for the same place and purpose.
fn bits(i: u64, purpose: u64) -> u64 {
    let mut z = i
        .wrapping_add(purpose << 48)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// In [0, 1).
fn unit(i: u64, purpose: u64) -> f64 {
    (bits(i, purpose) >> 11) as f64 * f64::EPSILON / 2.0
}

/// In [-1, 1).
fn centred(i: u64, purpose: u64) -> f64 {
    2.0 * unit(i, purpose) - 1.0
}

/// A permutation of `0..count`: a Feistel network over the power of four above, walked until it is
/// back inside.
fn permuted(i: u64, count: u64) -> u64 {
    let half = (u64::BITS - count.saturating_sub(1).leading_zeros())
        .div_ceil(2)
        .max(1);
    let mask = (1 << half) - 1;
    let mut at = i;
    loop {
        let (mut left, mut right) = (at >> half, at & mask);
        for round in 0..4 {
            (left, right) = (right, left ^ (bits(right, 20 + round) & mask));
        }
        at = left << half | right;
        if at < count {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::grid::{Latitude, Locator};

    fn cells(name: &str, count: usize) -> (Vec<u64>, BTreeSet<u64>) {
        let workload = Workload::named(name).unwrap();
        let photons = workload.photons(count).batch;
        let locator = Locator::new(workload.order(), Latitude::AuthalicWgs84);
        let positions = photons.lon.iter().zip(&photons.lat);
        let cells: Vec<u64> = positions
            .map(|(&lon, &lat)| locator.cell(lon, lat))
            .collect();
        let distinct = cells.iter().copied().collect();
        (cells, distinct)
    }

    #[test]
    fn workloads_have_the_cells_that_their_names_say() {
        let photons = 20_000;
        assert_eq!(cells("one_cell", photons).1.len(), 1);
        assert_eq!(cells("all_distinct", photons).1.len(), photons);
        assert!(cells("uniform", photons).1.len() > photons / 2);
        let (along, distinct) = cells("shard12", photons);
        let runs = along.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(
            distinct.len() < 50 && runs < 100,
            "{} {runs}",
            distinct.len()
        );
        let (zipf, distinct) = cells("zipf", photons);
        let most = distinct
            .iter()
            .map(|c| zipf.iter().filter(|z| *z == c).count())
            .max();
        assert!(most > Some(photons / 50) && distinct.len() > photons / 10);
    }

    #[test]
    fn a_shuffle_has_the_same_photons() {
        let count = 10_007;
        let places: BTreeSet<u64> = (0..count).map(|i| permuted(i, count)).collect();
        assert_eq!(places.len() as u64, count);
        assert_eq!(cells("wide12", 5000).1, cells("wide12_shuffled", 5000).1);
        assert_ne!(cells("wide12", 5000).0, cells("wide12_shuffled", 5000).0);
    }
}
