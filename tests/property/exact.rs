//! Sums, means and variances are those of real arithmetic, rounded once, whatever the magnitudes.

use arrow::buffer::NullBuffer;
use icefold::backend::{Device, DeviceChoice, StageTimes};
use icefold::photon::{Column, ColumnType, Values};
use icefold::stat::Derivation;
use num_bigint::BigInt;
use num_rational::BigRational;
use proptest::prelude::*;

use super::{shuffle, split};
use crate::support::healpix::{self, Sphere};
use crate::support::{Photons, Question, bits, cell_ids, values};

/// Float32; float64 with and without a variance; times; integers of a coarse unit.
const YAML: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables:
    h: "/{group}/h"
    d: "/{group}/d"
    m: "/{group}/m"
    t: {path: "/{group}/t", resolution: 2^-17}
    k: {path: "/{group}/k", resolution: 2^14}
aggregation:
  variables:
    h_sum: {function: sum, source: h, dtype: float64}
    h_mean: {function: mean, source: h, dtype: float64}
    h_var: {function: var, source: h, params: {ddof: 1}, dtype: float64}
    h_std: {function: std, source: h, dtype: float64}
    h_narrow: {function: mean, source: h}
    d_mean: {function: mean, source: d, dtype: float64}
    d_var: {function: var, source: d, dtype: float64}
    d_half: {expression: "var(d * 0.5)", dtype: float64}
    m_sum: {function: sum, source: m, dtype: float64}
    m_mean: {function: mean, source: m, dtype: float64}
    t_mean: {function: mean, source: t, dtype: float64}
    t_std: {function: std, source: t, dtype: float64}
    k_sum: {function: sum, source: k, dtype: float64}
    k_var: {function: var, source: k, dtype: float64}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
"#;

const TYPES: [ColumnType; 5] = [
    ColumnType::F32,
    ColumnType::F64,
    ColumnType::F64,
    ColumnType::F64,
    ColumnType::I64,
];

/// Magnitudes from 1e-30 to the range.
fn mixed() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-30.0f64..4.2, -1.0f64..1.0).prop_map(|(e, x)| x * 10f64.powf(e)),
        2 => -16_000.0f64..16_000.0,
        1 => (-1000i32..1000).prop_map(f64::from),
        1 => Just(0.0),
    ]
}

prop_compose! {
    /// Up to 120 photons in a few cells, one value in forty of each column null.
    fn photons()(
        rows in prop::collection::vec(
            (0u8..4, 0.0f64..1e-3, [mixed(), mixed(), mixed()], 1e8f64..1e8 + 64.0, any::<i32>(), 0u8..40),
            0..120,
        ),
    ) -> Photons {
        let column = |values, null: u8| Column {
            values,
            nulls: Some(rows.iter().map(|row| row.5 != null).collect::<NullBuffer>()),
        };
        let float = |i: usize| rows.iter().map(move |row| row.2[i]);
        Photons {
            lon: rows.iter().map(|row| -45.0 + f64::from(row.0) * 0.11 + row.1).collect(),
            lat: rows.iter().map(|row| 70.0 + row.1).collect(),
            columns: vec![
                column(Values::F32(float(0).map(|x| x as f32).collect()), 0),
                column(Values::F64(float(1).collect()), 1),
                column(Values::F64(float(2).collect()), 2),
                column(Values::F64(rows.iter().map(|row| row.3).collect()), 3),
                column(Values::I64(rows.iter().map(|row| i64::from(row.4) << 24 | i64::from(row.5)).collect()), 4),
            ],
        }
    }
}

fn real(x: f64) -> BigRational {
    BigRational::from_float(x).expect("a finite number")
}

fn whole(n: i64) -> BigRational {
    BigRational::from(BigInt::from(n))
}

fn distance(a: &BigRational, b: &BigRational) -> BigRational {
    if a > b { a - b } else { b - a }
}

/// Whether no other float64 is nearer to the truth, which is at most `moved` from what is known of it.
fn is_nearest(found: f64, truth: &BigRational, moved: &BigRational) -> bool {
    let off = distance(&real(found), truth);
    let neighbours = [found.next_up(), found.next_down()];
    let nearest = neighbours
        .map(|x| distance(&real(x), truth))
        .into_iter()
        .min();
    off <= nearest.expect("two neighbours") + moved + moved
}

/// What is asked of a column, in real arithmetic.
struct Truth {
    n: i64,
    sum: BigRational,
    squares: BigRational,
}

impl Truth {
    fn of(numbers: &[BigRational]) -> Self {
        Self {
            n: numbers.len() as i64,
            sum: numbers.iter().sum(),
            squares: numbers.iter().map(|x| x * x).sum(),
        }
    }

    fn mean(&self) -> BigRational {
        &self.sum / whole(self.n)
    }

    fn variance(&self, ddof: i64) -> Option<BigRational> {
        let spread = &self.squares - &self.sum * &self.sum / whole(self.n);
        (self.n > ddof).then(|| spread / whole(self.n - ddof))
    }
}

/// Checks every statistic of one cell; `found` gives an array's value there.
fn check(
    photons: &Photons,
    rows: &[usize],
    found: &dyn Fn(&str) -> f64,
) -> Result<(), TestCaseError> {
    let exact = whole(0);
    let of = |column: usize, half: bool| {
        let column = &photons.columns[column];
        let valid = rows.iter().filter(|&&row| column.is_valid(row));
        let numbers: Vec<BigRational> = valid
            .map(|&row| match &column.values {
                Values::I64(v) => whole(v[row]),
                floats if half => real(floats.get_f64(row) * 0.5),
                floats => real(floats.get_f64(row)),
            })
            .collect();
        (!numbers.is_empty()).then(|| Truth::of(&numbers))
    };
    let nearest = |name: &str, truth: &BigRational, moved: &BigRational| {
        let found = found(name);
        prop_assert!(
            is_nearest(found, truth, moved),
            "{} is {}, and not {}",
            name,
            found,
            truth
        );
        Ok(())
    };
    if let Some(h) = of(0, false) {
        nearest("h_sum", &h.sum, &exact)?;
        nearest("h_mean", &h.mean(), &exact)?;
        prop_assert_eq!(found("h_narrow"), f64::from(found("h_mean") as f32));
        match h.variance(1) {
            Some(variance) => nearest("h_var", &variance, &exact)?,
            None => prop_assert!(found("h_var").is_nan()),
        }
        let std = found("h_std");
        let variance = h.variance(0).unwrap();
        let ends = [std.next_down().next_down(), std.next_up().next_up()].map(|x| real(x.max(0.0)));
        let [low, high] = ends.map(|x| &x * &x);
        prop_assert!(low <= variance && variance <= high, "h_std is {}", std);
    }
    if let Some(d) = of(1, false) {
        // Values move by 2^-172 at most, and squares by as much as that makes of them.
        let fine = real(2f64.powi(-172));
        nearest("d_mean", &d.mean(), &fine)?;
        let variance = d.variance(0).unwrap();
        nearest("d_var", &variance, &(&fine * real(65_536.0)))?;
        let half = of(1, true).and_then(|d| d.variance(0)).unwrap();
        nearest("d_half", &half, &(&fine * real(65_536.0)))?;
    }
    if let Some(m) = of(2, false) {
        let half = real(2f64.powi(-35));
        let sums = &half * whole(m.n);
        nearest("m_sum", &m.sum, &sums)?;
        nearest("m_mean", &m.mean(), &half)?;
    }
    if let Some(t) = of(3, false) {
        nearest("t_mean", &t.mean(), &exact)?;
        let (std, variance) = (found("t_std"), t.variance(0).unwrap());
        let off = distance(&(real(std) * real(std)), &variance);
        prop_assert!(off <= &variance * real(1e-15), "t_std is {}", std);
    }
    if let Some(k) = of(4, false) {
        nearest("k_sum", &k.sum, &exact)?;
        nearest("k_var", &k.variance(0).unwrap(), &exact)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn statistics_of_any_magnitudes_are_those_of_real_arithmetic(photons in photons()) {
        let question = Question::new(YAML, &TYPES);
        let rows: Vec<usize> = (0..photons.len()).collect();
        let tables = question.answer(&photons, std::slice::from_ref(&rows), 2);
        let order = question.config.grid.cell_order.get();
        let cell_of = |i: usize| {
            healpix::cell(order, Sphere::AuthalicWgs84, photons.lon[i], photons.lat[i])
        };
        for (place, cell) in cell_ids(&tables).into_iter().enumerate() {
            let inside = rows.iter().copied();
            let inside = inside.filter(|&i| cell_of(i) == cell);
            let found = |name: &str| values(&tables, name)[place];
            check(&photons, &inside.collect::<Vec<_>>(), &found)?;
        }
    }

    #[test]
    fn order_batches_and_threads_do_not_change_a_bit_of_remainders(
        photons in photons(),
        seed in any::<u64>(),
        lengths in prop::collection::vec(1usize..40, 1..6),
        threads in 1usize..=4,
    ) {
        let question = Question::new(YAML, &TYPES);
        let mut places: Vec<usize> = (0..photons.len()).collect();
        let expected = bits(&question.answer(&photons, &[places.clone()], 1));
        prop_assert!(bits(&question.answer(&photons, &split(&places, &lengths), threads)) == expected);
        shuffle(&mut places, seed);
        prop_assert!(bits(&question.answer(&photons, &split(&places, &lengths), threads)) == expected);
    }
}

/// One cell of these values.
fn one_cell(h: Vec<f32>, d: Vec<f64>, t: Vec<f64>) -> Photons {
    let n = h.len();
    let column = crate::support::column;
    Photons {
        lon: vec![20.0; n],
        lat: vec![10.0; n],
        columns: vec![
            column(Values::F32(h.into())),
            column(Values::F64(d.clone().into())),
            column(Values::F64(d.into())),
            column(Values::F64(t.into())),
            column(Values::I64((0..n as i64).collect())),
        ],
    }
}

#[test]
fn tiny_values_and_spreads_of_large_times_keep_their_digits() {
    let near = |found: f64, truth: f64| {
        assert!(
            (found - truth).abs() <= 1e-12 * truth.abs(),
            "{found} {truth}"
        );
    };
    for scale in [1e-6, 1e-9, 1e-11, 1e-12, 1e-15, 1e-25] {
        let steps = || (1..=200).map(f64::from);
        let x: Vec<f64> = steps().map(|i| i * scale).collect();
        let times = steps().map(|i| 3e7 + i * 1e-4).collect();
        let photons = one_cell(x.iter().map(|&x| x as f32).collect(), x, times);
        let question = Question::new(YAML, &TYPES);
        let tables = question.answer(&photons, &[(0..200).collect()], 2);
        let found = |name: &str| values(&tables, name)[0];
        near(found("d_mean"), 100.5 * scale);
        near(found("m_mean"), 100.5 * scale);
        near(found("m_sum"), 20_100.0 * scale);
        near(found("d_var"), 3333.25 * scale * scale);
        near(found("d_half"), 0.25 * 3333.25 * scale * scale);
        // Float32 has another 6e-8 of its own.
        let off = (found("h_mean") / (100.5 * scale) - 1.0).abs();
        assert!(off <= 1e-7, "{scale}: {off}");
        let off = (found("t_std") / (3333.25f64.sqrt() * 1e-4) - 1.0).abs();
        assert!(off <= 1e-6, "{off}");
    }
}

#[test]
fn values_that_a_million_photons_hide_are_in_the_sum() {
    let n = 300_000;
    let h: Vec<f32> = (0..n)
        .map(|i| if i % 1000 == 7 { 1e-13 } else { 1000.0 })
        .collect();
    let tiny = h.iter().filter(|&&h| h < 1.0).count() as i64;
    let zeros = vec![0.0; n];
    let photons = one_cell(h, zeros.clone(), zeros);
    let question = Question::new(YAML, &TYPES);
    let all: Vec<usize> = (0..n).collect();
    let expected = real(f64::from(1e-13f32)) * whole(tiny) + whole(1000 * (n as i64 - tiny));
    for batches in [vec![all.clone()], split(&all, &[65_537, 1, 4095])] {
        let tables = question.answer(&photons, &batches, 3);
        assert!(is_nearest(
            values(&tables, "h_sum")[0],
            &expected,
            &whole(0)
        ));
    }
}

#[test]
fn partials_that_are_written_where_others_were_keep_nothing_of_them() {
    let question = Question::new(YAML, &TYPES);
    let device = Device::open(&DeviceChoice::Cpu, 2).unwrap();
    let (job, grid) = (&question.job, &question.config.grid);
    let fold = |h: f32| {
        let photons = one_cell(vec![h; 10], vec![f64::from(h); 10], vec![0.0; 10]);
        let mut batch = photons.batch(&(0..10).collect::<Vec<_>>());
        let variables = &question.config.variables;
        batch.columns = Derivation::default().take(job, variables, &mut batch);
        let mut times = StageTimes::default();
        device.fold(&batch, grid, job, &mut times).unwrap()
    };
    let expected = fold(1e-9);
    for h in [1e-9, 2.0, 1e-9, 3.0] {
        device.recycle(fold(1e-9), job);
        let found = fold(h);
        let remain = !found.columns[0].remainders.rows().is_empty();
        assert_eq!(remain, h < 1.0, "{h}");
        assert_eq!(found == expected, h < 1.0, "{h}");
        device.recycle(found, job);
    }
}
