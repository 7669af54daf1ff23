//! The oracle: every statistic the slow, plain way, photon by photon, in f64, in cells of the papers' equations.

use std::collections::{BTreeMap, HashMap};

use icefold::photon::Values;

use crate::support::Photons;
use crate::support::healpix::{self, Sphere};

/// Relative to the value, or absolute below 1. Order statistics and counts have none.
pub const TOLERANCES: [(&str, f64); 15] = [
    ("count", 0.0),
    ("h_min", 0.0),
    ("h_max", 0.0),
    ("h_mean", 1e-10),
    ("h_var", 1e-6),
    ("h_std", 1e-6),
    ("h_median", 0.0),
    ("h_q", 0.0),
    ("h_weighted", 1e-12),
    ("h_sigma", 1e-12),
    ("k_min", 0.0),
    ("k_sum", 1e-12),
    ("spread", 0.0),
    ("bins_below", 0.0),
    ("bins_above", 0.0),
];

pub struct Answer {
    pub cell: u64,
    pub values: HashMap<&'static str, f64>,
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn variance(x: &[f64], ddof: usize) -> f64 {
    let m = mean(x);
    if x.len() <= ddof || x.iter().any(|v| !v.is_finite()) {
        return f64::NAN;
    }
    x.iter().map(|v| (v - m) * (v - m)).sum::<f64>() / (x.len() - ddof) as f64
}

fn quantile(x: &[f64], q: f64) -> f64 {
    let mut sorted = x.to_vec();
    if sorted.is_empty() || sorted.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    sorted.sort_by(f64::total_cmp);
    let h = (sorted.len() - 1) as f64 * q;
    let (low, high) = (sorted[h.floor() as usize], sorted[h.ceil() as usize]);
    if low == high {
        low
    } else if h.fract() >= 0.5 {
        high - (high - low) * (1.0 - h.fract())
    } else {
        low + (high - low) * h.fract()
    }
}

/// Minimum or maximum; -0 is 0, NaN if any is.
fn extreme(x: &[f64], pick: fn(f64, f64) -> f64) -> f64 {
    let nan = x.is_empty() || x.iter().any(|v| v.is_nan());
    if nan {
        f64::NAN
    } else {
        x.iter().copied().reduce(pick).unwrap() + 0.0
    }
}

pub fn answer(photons: &Photons) -> Vec<Answer> {
    let mut cells: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for i in 0..photons.len() {
        let cell = healpix::cell(12, Sphere::AuthalicWgs84, photons.lon[i], photons.lat[i]);
        cells.entry(cell).or_default().push(i);
    }
    cells
        .into_iter()
        .map(|(cell, rows)| one_cell(photons, cell, &rows))
        .collect()
}

fn one_cell(photons: &Photons, cell: u64, rows: &[usize]) -> Answer {
    let [h, s, k] = [0, 1, 2].map(|c| &photons.columns[c]);
    let of = |column: &icefold::photon::Column| -> Vec<f64> {
        let valid = rows.iter().filter(|&&i| column.is_valid(i));
        valid.map(|&i| column.values.get_f64(i)).collect()
    };
    let both = rows.iter().filter(|&&i| h.is_valid(i) && s.is_valid(i));
    let pairs: Vec<(f64, f64)> = both
        .map(|&i| {
            (
                h.values.get_f64(i),
                1.0 / (s.values.get_f64(i) * s.values.get_f64(i)),
            )
        })
        .collect();
    let (hs, ss) = (of(h), of(s));
    let numbers: Vec<f64> = hs.iter().copied().filter(|v| !v.is_nan()).collect();
    let inside = |low: f64, high: f64| numbers.iter().filter(|&&v| low <= v && v < high).count();
    let Values::I64(ks) = &k.values else {
        unreachable!()
    };
    let ks: Vec<i64> = rows
        .iter()
        .filter(|&&i| k.is_valid(i))
        .map(|&i| ks[i])
        .collect();
    // Nothing to sum is no value.
    let unless_empty = |n: usize, x: f64| if n == 0 { f64::NAN } else { x };
    let values = HashMap::from([
        ("count", hs.len() as f64),
        ("h_min", extreme(&hs, f64::min)),
        ("h_max", extreme(&hs, f64::max)),
        ("h_mean", mean(&hs)),
        ("h_var", variance(&hs, 0)),
        ("h_std", variance(&numbers, 1).sqrt()),
        ("h_median", quantile(&hs, 0.5)),
        ("h_q", quantile(&numbers, 0.3)),
        (
            "h_weighted",
            pairs.iter().map(|p| p.0 * p.1).sum::<f64>() / pairs.iter().map(|p| p.1).sum::<f64>(),
        ),
        (
            "h_sigma",
            unless_empty(
                ss.len(),
                1.0 / ss.iter().map(|s| 1.0 / (s * s)).sum::<f64>().sqrt(),
            ),
        ),
        ("k_min", ks.iter().copied().min().map_or(0.0, |k| k as f64)),
        (
            "k_sum",
            unless_empty(ks.len(), ks.iter().sum::<i64>() as f64),
        ),
        ("spread", quantile(&hs, 0.75) - quantile(&hs, 0.25)),
        ("bins_below", inside(f64::NEG_INFINITY, -10.0) as f64),
        (
            "bins_above",
            (inside(100.0, f64::INFINITY) + numbers.iter().filter(|&&v| v == f64::INFINITY).count()
                - numbers.iter().filter(|&&v| v == 100.0).count()) as f64,
        ),
    ]);
    Answer { cell, values }
}
