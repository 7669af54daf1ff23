//! Photons made on the spot, each from its number alone, so that all threads can make them at once.

use rayon::prelude::*;

use crate::config::GridConfig;
use crate::grid::{Latitude, Order};
use crate::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use crate::stat::{ColumnOrigin, Job, JobColumn, Needs, Resolution};

/// Where photons are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    AlongTrack,
    OneCell,
    FewCells,
    ManyCells,
    /// A mixture: anywhere, along tracks, and close to where the formulas of locate change.
    Places,
}

impl Workload {
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlongTrack => "along-track",
            Self::OneCell => "one-cell",
            Self::FewCells => "few-cells-shuffled",
            Self::ManyCells => "many-cells-shuffled",
            Self::Places => "places",
        }
    }
}

/// Those that are folded.
pub const WORKLOADS: [Workload; 4] = [
    Workload::AlongTrack,
    Workload::FewCells,
    Workload::OneCell,
    Workload::ManyCells,
];

/// A word that looks random.
fn scatter(i: u64, salt: u64) -> u64 {
    let bits = (i ^ salt << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// A number in [0, 1) that looks random.
fn noise(i: u64, salt: u64) -> f64 {
    scatter(i, salt) as f64 / 2f64.powi(64)
}

/// Sixteen bits that look random, as a key.
pub fn key(i: u64) -> u32 {
    (scatter(i, 9) >> 48) as u32
}

pub fn position(workload: Workload, i: u64) -> (f64, f64) {
    match workload {
        // 0.7 m apart, from pole to pole and back.
        Workload::AlongTrack => {
            let turns = i as f64 * 6.3e-6 / 180.0;
            let up = 180.0 * (turns - turns.floor()) - 90.0;
            let north = if turns.floor() % 2.0 == 0.0 { up } else { -up };
            (-45.0 + i as f64 * 1e-6, north * 0.98)
        }
        Workload::OneCell => (12.5, -33.25),
        Workload::FewCells => (noise(i, 2) * 0.3, 41.7 + noise(i, 3) * 0.3),
        Workload::ManyCells => (noise(i, 4) * 360.0, noise(i, 5) * 180.0 - 90.0),
        Workload::Places => match i % 4 {
            0 | 1 => position(Workload::ManyCells, i),
            2 => position(Workload::AlongTrack, i),
            _ => near_a_seam(i),
        },
    }
}

/// Within a degree of where a face ends, the zones meet or a pole is, and mostly far less.
fn near_a_seam(i: u64) -> (f64, f64) {
    // Geodetic and authalic latitude of the circle where the equatorial zone ends.
    const LATITUDES: [f64; 7] = [0.0, 41.8103, -41.8103, 41.9381, -41.9381, 90.0, -90.0];
    let reach =
        |salt| 10f64.powi(-((scatter(i, salt) >> 60) as i32)) * (2.0 * noise(i, salt) - 1.0);
    let lon = 45.0 * (scatter(i, 10) >> 61) as f64 + reach(11);
    let lat = LATITUDES[(scatter(i, 12) >> 32) as usize % LATITUDES.len()] + reach(13);
    (lon, lat.clamp(-90.0, 90.0))
}

pub fn grid() -> GridConfig {
    let order = |order| Order::new(order).unwrap_or(Order::MAX);
    GridConfig {
        shard_order: order(6),
        chunk_order: None,
        cell_order: order(12),
        kind: Latitude::AuthalicWgs84.into(),
    }
}

/// What is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Of every type, with what each may be asked for.
    All,
    /// The same without order statistics, so that runs can be folded where they stand.
    Unordered,
    /// Heights alone.
    Height,
}

impl Columns {
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Unordered => "unordered",
            Self::Height => "height",
        }
    }
}

pub fn job(columns: Columns) -> Job {
    let everything = columns == Columns::All;
    let count = if columns == Columns::Height { 1 } else { 4 };
    let needs = |terms: bool, ordered: bool| Needs {
        range: true,
        moments: !terms,
        variance: !terms,
        terms,
        ordered,
        ..Needs::default()
    };
    let columns = [
        (ColumnType::F32, 34, needs(false, everything)),
        (ColumnType::F64, 34, needs(false, everything)),
        (ColumnType::F64, 34, needs(true, false)),
        (ColumnType::I64, 0, needs(false, everything)),
    ];
    let describe = |(column_type, exponent, needs)| JobColumn {
        name: format!("{column_type:?}"),
        origin: ColumnOrigin::Source(0),
        column_type,
        resolution: Resolution::new(exponent).unwrap_or(Resolution::DEFAULT),
        needs,
    };
    let columns = columns.into_iter().take(count);
    Job {
        columns: columns.map(describe).collect(),
        outputs: Vec::new(),
    }
}

/// `n` items, made by all threads.
pub fn made<T: Send>(n: usize, item: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let mut items = Vec::new();
    let numbers = (0..n).into_par_iter().with_min_len(1 << 12);
    numbers.map(|i| item(i as u64)).collect_into_vec(&mut items);
    items
}

/// The positions of the photons from this one on.
pub fn positions(workload: Workload, first: u64, n: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut lon, mut lat) = (Vec::new(), Vec::new());
    let numbers = (0..n).into_par_iter().with_min_len(1 << 12);
    numbers
        .map(|i| position(workload, first + i as u64))
        .unzip_into_vecs(&mut lon, &mut lat);
    (lon, lat)
}

pub fn batch(workload: Workload, n: usize, job: &Job) -> PhotonBatch {
    let (lon, lat) = positions(workload, 0, n);
    let height = |i| noise(i, 6) * 4000.0 - 100.0;
    let many = job.columns.len() > 1;
    let column = |described: &JobColumn| Column {
        values: match described.column_type {
            ColumnType::F32 => Values::F32(made(n, |i| height(i) as f32).into()),
            ColumnType::F64 => Values::F64(made(n, height).into()),
            ColumnType::I64 => Values::I64(made(n, |i| height(i) as i64).into()),
        },
        nulls: many.then(|| (0..n as u64).map(|i| noise(i, 7) > 0.01).collect()),
    };
    PhotonBatch {
        origin: Origin {
            granule: "synthetic".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..n as u64),
        },
        lon: lon.into(),
        lat: lat.into(),
        columns: job.columns.iter().map(column).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_on_the_sphere_and_some_are_on_a_seam() {
        let (lon, lat) = positions(Workload::Places, 0, 40_000);
        assert!(lat.iter().all(|lat| (-90.0..=90.0).contains(lat)));
        assert!(lon.iter().all(|lon| lon.is_finite()));
        let at = |seam: f64| lat.iter().filter(|&lat| (lat - seam).abs() < 1e-9).count();
        for seam in [0.0, 41.8103, -41.9381, 90.0] {
            assert!(at(seam) > 50, "{seam}: {}", at(seam));
        }
    }

    #[test]
    fn keys_take_all_of_sixteen_bits_and_no_more() {
        let keys: Vec<u32> = (0..100_000).map(key).collect();
        assert_eq!(keys.iter().fold(0, |all, key| all | key), 0xffff);
        assert_eq!(keys.iter().fold(0xffff, |all, key| all & key), 0);
    }
}
