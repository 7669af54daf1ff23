//! Bits that no change may move unnoticed: ids of positions, and every statistic over photons that a
//! formula makes. `docs/PROMISE.md` says when they may change, and what that takes.

use std::fmt::Write;

use arrow::array::{Array, ArrayData};
use arrow::buffer::NullBuffer;
use icefold::grid::{Latitude, Locator, Order};
use icefold::photon::{Column, ColumnType, Values};
use sha2::{Digest, Sha256};

use crate::support::{Photons, Question, column};

const YAML: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables:
    h: "/{group}/h"
    t: "/{group}/t"
    k: "/{group}/k"
    s: {path: "/{group}/s", resolution: 2^-20}
aggregation:
  variables:
    count: {function: count, source: h}
    h_min: {function: min, source: h}
    h_max: {function: nanmax, source: h}
    h_sum: {function: sum, source: h, dtype: float64}
    h_mean: {function: mean, source: h, dtype: float64}
    h_mean32: {function: nanmean, source: h}
    h_var: {function: var, source: h, dtype: float64}
    h_std: {function: nanstd, source: h, params: {ddof: 1}, dtype: float64}
    h_median: {function: median, source: h, dtype: float64}
    h_q: {function: nanquantile, source: h, params: {q: 0.3}, dtype: float64}
    h_weighted: {function: average, source: h, params: {weights: "1 / s**2"}, dtype: float64}
    h_bins: {function: histogram, source: h, params: {edges: [-10, 0, 5.5, 2000]}}
    t_mean: {function: mean, source: t, dtype: float64}
    t_min: {function: min, source: t}
    s_var: {function: var, source: s, dtype: float64}
    k_max: {function: max, source: k}
    k_sum: {function: sum, source: k, dtype: float64}
    spread: {expression: "quantile(h, 0.75) - quantile(h, 0.25)", dtype: float64}
    sigma: {expression: "1 / sqrt(sum(1 / s**2))", dtype: float64}
    logs: {expression: "mean(where(h > 100, log(abs(h)), s**1.5))", dtype: float64}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;

const TYPES: [ColumnType; 4] = [
    ColumnType::F32,
    ColumnType::F64,
    ColumnType::I64,
    ColumnType::F64,
];

/// The first 16 digits of the SHA-256 of each array's values.
const GOLDEN: &str = "
e9b762e9c1323a84 cell_ids
9be8f58a8ac640af count
ce388d4e01798597 h_min
05ed252276cd9efd h_max
5546f19b6ae1efc5 h_sum
547942bea9c31b80 h_mean
2b3850ee8c7aebb5 h_mean32
43415b6f42143a29 h_var
9bfa0e368bed12a7 h_std
5f470dd8066477ba h_median
9834bedcb51da3bd h_q
f6cbed2e258b2f16 h_weighted
8372c2e2a7904f34 h_bins
a022bee2dd32b2e8 h_bins_below
0bfbfd9d652b5aa7 h_bins_above
479d3fb7076ee988 t_mean
50dfb17e033a3d1f t_min
6379fd15f3f03f56 s_var
8b443caea79ceee6 k_max
c38b893221d948b3 k_sum
8278df3b7ed9d788 spread
68db1f3c42c231c1 sigma
9cef3480240f3260 logs
";

/// 6,000 photons in some hundred cells on both sides of the edge of a shard, with special values in some.
fn photons() -> Photons {
    let mut state = 1u64;
    // A multiplicative generator: whole numbers below 2^31, the same everywhere.
    let mut next = || {
        state = state * 48_271 % 2_147_483_647;
        state
    };
    let unit = 2f64.powi(-31);
    let mut rows = Photons {
        lon: Vec::new(),
        lat: Vec::new(),
        columns: Vec::new(),
    };
    let (mut h, mut t, mut k, mut s, mut valid) = (vec![], vec![], vec![], vec![], vec![]);
    for i in 0..6_000 {
        let [a, b, c, d, e] = [next(), next(), next(), next(), next()];
        rows.lon.push(-90.2 + a as f64 * unit * 0.4);
        rows.lat.push(69.9 + b as f64 * unit * 0.2);
        h.push(match i % 1_000 {
            7 => f32::NAN,
            8 => f32::INFINITY,
            9 => f32::NEG_INFINITY,
            10 => f32::from_bits(1),
            11 => -0.0,
            _ => (c as f64 * unit * 3_000.0 - 300.0) as f32,
        });
        t.push(d as f64 * unit * 1e-3 + 1e-9);
        k.push(e as i64 - 1_000_000_000);
        s.push(e as f64 * unit * 4.0 + 0.01);
        valid.push(i % 13 != 0);
    }
    let valid: NullBuffer = valid.into();
    rows.columns = vec![
        Column {
            values: Values::F32(h.into()),
            nulls: Some(valid),
        },
        column(Values::F64(t.into())),
        column(Values::I64(k.into())),
        column(Values::F64(s.into())),
    ];
    rows
}

fn add(hash: &mut Sha256, data: &ArrayData) {
    data.buffers()
        .iter()
        .for_each(|buffer| hash.update(buffer.as_slice()));
    data.child_data().iter().for_each(|child| add(hash, child));
}

#[test]
fn no_statistic_changes_a_bit_unnoticed() {
    let question = Question::new(YAML, &TYPES);
    let photons = photons();
    let places: Vec<usize> = (0..photons.len()).collect();
    let tables = question.answer(&photons, &[places], 2);
    assert!(tables.len() > 1, "more than one shard");
    let mut found = String::from("\n");
    for field in tables[0].rows.schema().fields() {
        let mut hash = Sha256::new();
        for table in &tables {
            let values = table.rows.column_by_name(field.name()).unwrap();
            add(&mut hash, &values.to_data());
        }
        let digits = format!("{:x}", hash.finalize());
        writeln!(found, "{} {}", &digits[..16], field.name()).unwrap();
    }
    assert_eq!(
        found, GOLDEN,
        "a change of results: docs/PROMISE.md says what it takes"
    );
}

#[test]
fn ids_of_positions_stay_what_they_are() {
    for (lon, lat, order, latitude, id) in [
        (-45.0, 70.0, 13, Latitude::AuthalicWgs84, 264_441_036),
        (
            -45.0,
            70.0,
            29,
            Latitude::AuthalicWgs84,
            1_135_765_604_766_317_583,
        ),
        (106.8, -77.5, 13, Latitude::AuthalicWgs84, 606_727_105),
        (-45.0, 70.0, 13, Latitude::GeodeticSpherical, 264_441_603),
    ] {
        let locator = Locator::new(Order::new(order).unwrap(), latitude);
        assert_eq!(locator.cell(lon, lat), id, "{lon} {lat} at order {order}");
    }
}
