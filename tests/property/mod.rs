//! What holds for any photons: the answer depends on nothing but the photons, and equals the oracle.

mod cuts;
mod exact;
mod grows;
mod least_squares;
mod missing;
mod oracle;
mod overviews;
mod plan;
mod regions;
mod spill;
mod tables;
mod terms;
mod trends;

use arrow::buffer::NullBuffer;
use icefold::finalize::CellTable;
use icefold::photon::{Column, ColumnType, Values};
use proptest::prelude::*;

use crate::support::{self, Photons, Question, cell_ids, column, values};
use oracle::{Answer, answer};

pub const YAML: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h", s: "/{group}/s", k: "/{group}/k"}
aggregation:
  variables:
    count: {function: len, source: h, dtype: int64}
    h_min: {function: min, source: h}
    h_max: {function: max, source: h}
    h_mean: {function: mean, source: h, dtype: float64}
    h_var: {function: var, source: h, dtype: float64}
    h_std: {function: nanstd, source: h, params: {ddof: 1}, dtype: float64}
    h_median: {function: median, source: h, dtype: float64}
    h_q: {function: nanquantile, source: h, params: {q: 0.3}, dtype: float64}
    h_weighted: {function: average, source: h, params: {weights: "1.0 / s**2"}, dtype: float64}
    h_sigma: {expression: "1.0 / np.sqrt(np.sum(1.0 / s**2))", dtype: float64}
    k_min: {function: min, source: k}
    k_sum: {function: sum, source: k, dtype: float64}
    spread: {expression: "np.quantile(h, 0.75) - np.quantile(h, 0.25)", dtype: float64}
    h_slope: {function: slope, source: h, params: {x: k}, dtype: float64}
    h_slope_err: {expression: "slope_err(h, k)", dtype: float64}
    s_first: {function: first, source: s, params: {by: h}}
    h_mad: {function: mad, source: h, dtype: float64}
    bins: {function: histogram, source: h, params: {edges: [-10, 0, 5.5, 100]}}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
"#;

pub const TYPES: [ColumnType; 3] = [ColumnType::F32, ColumnType::F32, ColumnType::I64];

fn question() -> Question {
    Question::new(YAML, &TYPES)
}

/// Heights as granules have them, and every special value.
fn height() -> impl Strategy<Value = f32> {
    prop_oneof![
        20 => -500.0f32..4000.0,
        1 => Just(f32::NAN),
        1 => Just(f32::from_bits(0xffc1_2345)),
        1 => Just(f32::INFINITY),
        1 => Just(f32::NEG_INFINITY),
        1 => Just(-0.0f32),
        1 => Just(f32::from_bits(1)),
        1 => Just(16_383.999f32),
        // Far below a unit, and a little.
        2 => (-140.0f32..-10.0, -1.0f32..1.0).prop_map(|(e, x)| x * e.exp2()),
    ]
}

prop_compose! {
    /// Up to 300 photons in a few cells of two shards: along the pole side of a shard edge.
    fn photons()(
        rows in prop::collection::vec(
            (0u8..12, 0.0f64..1e-3, height(), 0.01f32..10.0, -1000i64..1000, any::<[bool; 3]>(), 0u8..8),
            0..300,
        ),
    ) -> Photons {
        let valid = |which: usize| -> NullBuffer {
            // One photon in eight has nulls.
            rows.iter().map(|row| row.6 != 0 || row.5[which]).collect()
        };
        Photons {
            lon: rows.iter().map(|row| -45.0 + f64::from(row.0) * 0.11 + row.1).collect(),
            lat: rows.iter().map(|row| 70.0 + f64::from(row.0 % 3) * 0.5 + row.1).collect(),
            columns: vec![
                Column {
                    values: Values::F32(rows.iter().map(|row| row.2).collect()),
                    nulls: Some(valid(0)),
                },
                Column {
                    values: Values::F32(rows.iter().map(|row| row.3).collect()),
                    nulls: Some(valid(1)),
                },
                Column {
                    values: Values::I64(rows.iter().map(|row| row.4).collect()),
                    nulls: Some(valid(2)),
                },
            ],
        }
    }
}

/// Cuts places into batches at pseudo-random lengths.
pub fn split(places: &[usize], lengths: &[usize]) -> Vec<Vec<usize>> {
    let mut rest = places;
    let mut batches = Vec::new();
    for &length in lengths.iter().cycle() {
        if rest.is_empty() || lengths.is_empty() {
            break;
        }
        let (batch, more) = rest.split_at(length.clamp(1, rest.len()));
        batches.push(batch.to_vec());
        rest = more;
    }
    batches
}

fn in_order(photons: &Photons) -> Vec<usize> {
    (0..photons.len()).collect()
}

fn bits(
    question: &Question,
    photons: &Photons,
    batches: &[Vec<usize>],
    threads: usize,
) -> Vec<Vec<u8>> {
    support::bits(&question.answer(photons, batches, threads))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn order_batches_and_threads_do_not_change_a_bit(
        photons in photons(),
        seed in any::<u64>(),
        lengths in prop::collection::vec(1usize..80, 1..6),
        threads in 1usize..=8,
    ) {
        let question = question();
        let whole = bits(&question, &photons, &[in_order(&photons)], 1);
        let mut shuffled = in_order(&photons);
        shuffle(&mut shuffled, seed);
        prop_assert!(bits(&question, &photons, &[shuffled.clone()], threads) == whole);
        prop_assert!(bits(&question, &photons, &split(&shuffled, &lengths), threads) == whole);
        prop_assert!(bits(&question, &photons, &split(&in_order(&photons), &lengths), 2) == whole);
    }

    #[test]
    fn the_answer_equals_the_oracle(photons in photons()) {
        let question = question();
        let tables = question.answer(&photons, &[in_order(&photons)], 2);
        check_against_oracle(&photons, &tables);
    }
}

/// Every number of the tables is the oracle's, within its tolerance.
#[track_caller]
pub fn check_against_oracle(photons: &Photons, tables: &[CellTable]) {
    let expected: Vec<Answer> = answer(photons);
    let ids: Vec<u64> = expected.iter().map(|cell| cell.cell).collect();
    assert_eq!(cell_ids(tables), ids);
    for (name, tolerance) in oracle::TOLERANCES {
        let ours = values(tables, name);
        for (ours, cell) in ours.iter().zip(&expected) {
            let truth = cell.values[name];
            let near = (ours - truth).abs() <= tolerance * truth.abs().max(1.0);
            assert!(
                ours.to_bits() == truth.to_bits() || near || (ours.is_nan() && truth.is_nan()),
                "{} in cell {}: {} but the oracle says {}",
                name,
                cell.cell,
                ours,
                truth
            );
        }
    }
}

/// Fisher-Yates with a small generator.
pub fn shuffle(places: &mut [usize], seed: u64) {
    let mut state = seed | 1;
    for i in (1..places.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        places.swap(i, (state >> 33) as usize % (i + 1));
    }
}

#[test]
fn several_tiles_of_photons_in_one_cell_give_the_same_bits_for_any_threads() {
    let n = 300_000;
    let photons = Photons {
        lon: vec![10.0; n],
        lat: (0..n)
            .map(|i| if i % 5 == 0 { -20.0 } else { 40.0 })
            .collect(),
        columns: vec![
            column(Values::F32(
                (0..n).map(|i| (i % 977) as f32 * 0.37 - 100.0).collect(),
            )),
            column(Values::F32((0..n).map(|i| 0.1 + (i % 13) as f32).collect())),
            column(Values::I64((0..n as i64).collect())),
        ],
    };
    let question = question();
    let mut shuffled = in_order(&photons);
    shuffle(&mut shuffled, 7);
    let whole = bits(&question, &photons, &[in_order(&photons)], 1);
    for threads in [1, 2, 3, 8] {
        let batches = split(&shuffled, &[65_535, 1, 65_537]);
        assert_eq!(
            bits(&question, &photons, &batches, threads),
            whole,
            "{threads}"
        );
    }
}
