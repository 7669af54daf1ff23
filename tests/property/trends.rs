//! Fits, covariances and correlations are those of real arithmetic, rounded once; ends and deviations are those of sorting.

use arrow::buffer::NullBuffer;
use icefold::photon::{Column, ColumnType, Values};
use proptest::prelude::*;

use super::least_squares::{Fit, Number, fits, is_nearest, is_nearest_root, real, whole};
use super::{shuffle, split};
use crate::support::healpix::{self, Sphere};
use crate::support::{Photons, Question, bits, cell_ids, column, values};

/// Heights; times in seconds years after their epoch; another column of any magnitude; integers.
const YAML: &str = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/lat", longitude: "/{group}/lon"}
  variables: {h: "/{group}/h", t: "/{group}/t", x: "/{group}/x", k: "/{group}/k"}
aggregation:
  variables:
    slope: {function: slope, source: h, params: {x: t}, dtype: float64}
    slope_err: {function: slope_err, source: h, params: {x: t}, dtype: float64}
    intercept: {function: intercept, source: h, params: {x: t}, dtype: float64}
    intercept_err: {function: intercept_err, source: h, params: {x: t}, dtype: float64}
    cov: {function: cov, source: h, params: {x: t}, dtype: float64}
    cov_0: {expression: "cov(t, h, ddof=0)", dtype: float64}
    corr: {function: corr, source: t, params: {x: h}, dtype: float64}
    tilt: {function: slope, source: h, params: {x: [t, x, k]}, dtype: float64}
    tilt_err: {function: slope_err, source: h, params: {x: [t, x, k]}, dtype: float64}
    tilt_a: {function: intercept, source: h, params: {x: [x, t]}, dtype: float64}
    tilt_a_err: {function: intercept_err, source: h, params: {x: [x, t]}, dtype: float64}
    some: {function: slope, source: h, params: {x: k}, where: "x > 0", dtype: float64}
    rate: {expression: "slope(h - k / 4, t) * 31557600", dtype: float64}
    first: {function: first, source: h, params: {by: k}}
    last: {function: last, source: h, params: {by: k}}
    mad: {function: nanmad, source: h, dtype: float64}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
"#;

const TYPES: [ColumnType; 4] = [
    ColumnType::F32,
    ColumnType::F64,
    ColumnType::F64,
    ColumnType::I64,
];

fn height() -> impl Strategy<Value = f32> {
    prop_oneof![
        12 => -500.0f32..4000.0,
        4 => 1000.0f32..1000.01,
        1 => Just(f32::NAN),
        1 => Just(f32::INFINITY),
    ]
}

prop_compose! {
    /// Up to 60 photons in three cells, one value in twenty of each column null.
    fn photons()(
        rows in prop::collection::vec(
            (0u8..3, 0.0f64..1e-3, height(), 0u16..600, (-18.0f64..4.0, -1.0f64..1.0), -3i64..40, 0u8..20),
            0..60,
        ),
        step in prop_oneof![Just(1e-4), Just(0.25), Just(2_000_000.0)],
    ) -> Photons {
        let column = |values, null: u8| Column {
            values,
            nulls: Some(rows.iter().map(|row| row.6 != null).collect::<NullBuffer>()),
        };
        Photons {
            lon: rows.iter().map(|row| -45.0 + f64::from(row.0) * 0.11 + row.1).collect(),
            lat: rows.iter().map(|row| 70.0 + row.1).collect(),
            columns: vec![
                column(Values::F32(rows.iter().map(|row| row.2).collect()), 0),
                column(Values::F64(rows.iter().map(|row| 1.2e8 + f64::from(row.3) * step).collect()), 1),
                column(Values::F64(rows.iter().map(|row| row.4.1 * 10f64.powf(row.4.0)).collect()), 2),
                column(Values::I64(rows.iter().map(|row| row.5).collect()), 3),
            ],
        }
    }
}

/// Found and true, where there is a truth; else not a number.
fn check(
    name: &str,
    found: f64,
    truth: Option<&Number>,
    is: fn(f64, &Number) -> bool,
) -> Result<(), TestCaseError> {
    match truth {
        Some(truth) => prop_assert!(
            is(found, truth),
            "{} is {}, and the truth {}",
            name,
            found,
            truth
        ),
        None => prop_assert!(found.is_nan(), "{} is {}", name, found),
    }
    Ok(())
}

/// The values of those photons where each of these columns has a finite one.
fn complete(photons: &Photons, inside: &[usize], columns: &[usize]) -> Vec<Vec<f64>> {
    let counts = |&i: &usize| {
        let mut of = columns.iter().map(|&c| &photons.columns[c]);
        of.all(|column| column.is_valid(i) && column.values.get_f64(i).is_finite())
    };
    let rows: Vec<usize> = inside.iter().copied().filter(counts).collect();
    let of = |&c: &usize| {
        rows.iter()
            .map(|&i| photons.columns[c].values.get_f64(i))
            .collect()
    };
    columns.iter().map(of).collect()
}

fn check_cell(
    photons: &Photons,
    inside: &[usize],
    found: &dyn Fn(&str) -> f64,
) -> Result<(), TestCaseError> {
    let check_fit = |names: [&str; 2], fitted: &Option<Fit>, at: usize| {
        let fitted = fitted.as_ref();
        let variances = fitted.and_then(|fit| fit.variances.as_ref());
        check(
            names[0],
            found(names[0]),
            fitted.map(|fit| &fit.coefficients[at]),
            is_nearest,
        )?;
        check(
            names[1],
            found(names[1]),
            variances.map(|v| &v[at]),
            is_nearest_root,
        )
    };
    let pairs = complete(photons, inside, &[0, 1]);
    let line = fits(&pairs);
    check_fit(["slope", "slope_err"], &line, 1)?;
    check_fit(["intercept", "intercept_err"], &line, 0)?;
    let plane = fits(&complete(photons, inside, &[0, 1, 2, 3]));
    check_fit(["tilt", "tilt_err"], &plane, 1)?;
    let plane = fits(&complete(photons, inside, &[0, 2, 1]));
    check_fit(["tilt_a", "tilt_a_err"], &plane, 0)?;
    // Covariances, from what is left of the means.
    let n = pairs[0].len() as u64;
    let centred = |column: &[f64]| -> Vec<Number> {
        let exact: Vec<Number> = column.iter().map(|&x| real(x)).collect();
        let mean = exact.iter().sum::<Number>() / whole(n.max(1));
        exact.iter().map(|x| x - &mean).collect()
    };
    let (h, t) = (centred(&pairs[0]), centred(&pairs[1]));
    let dot = |a: &[Number], b: &[Number]| a.iter().zip(b).map(|(a, b)| a * b).sum::<Number>();
    let both = dot(&h, &t);
    for (name, ddof) in [("cov", 1), ("cov_0", 0)] {
        let truth = (n > ddof).then(|| &both / whole(n - ddof));
        check(name, found(name), truth.as_ref(), is_nearest)?;
    }
    let apart = dot(&h, &h) * dot(&t, &t);
    let squared = (apart > whole(0)).then(|| &both * &both / apart);
    let corr = found("corr");
    check("corr", corr.abs(), squared.as_ref(), is_nearest_root)?;
    prop_assert!(corr.is_nan() || corr == 0.0 || (corr > 0.0) == (both > whole(0)));
    // A condition leaves photons out of both columns.
    let positive =
        |&i: &usize| photons.columns[2].is_valid(i) && photons.columns[2].values.get_f64(i) > 0.0;
    let some: Vec<usize> = inside.iter().copied().filter(positive).collect();
    let some = fits(&complete(photons, &some, &[0, 3]));
    check(
        "some",
        found("some"),
        some.as_ref().map(|fit| &fit.coefficients[1]),
        is_nearest,
    )?;
    check_derived(photons, inside, found("rate"))?;
    check_ends(photons, inside, found)
}

/// The slope of what is computed for each photon, then one multiplication.
fn check_derived(photons: &Photons, inside: &[usize], found: f64) -> Result<(), TestCaseError> {
    let mut columns = complete(photons, inside, &[0, 3, 1]);
    let k = columns.remove(1);
    columns[0]
        .iter_mut()
        .zip(k)
        .for_each(|(h, k)| *h -= k / 4.0);
    let Some(fit) = fits(&columns) else {
        prop_assert!(found.is_nan());
        return Ok(());
    };
    let near = |slope: f64| slope * 31_557_600.0 == found;
    let around = found / 31_557_600.0;
    let candidates = [around.next_down(), around, around.next_up()];
    let slope = candidates
        .into_iter()
        .find(|&s| is_nearest(s, &fit.coefficients[1]));
    prop_assert!(slope.is_some_and(near), "{} of {:?}", found, slope);
    Ok(())
}

fn check_ends(
    photons: &Photons,
    inside: &[usize],
    found: &dyn Fn(&str) -> f64,
) -> Result<(), TestCaseError> {
    let pairs = complete(photons, inside, &[3, 0]);
    let mut pairs: Vec<(f64, f64)> = pairs[0]
        .iter()
        .copied()
        .zip(pairs[1].iter().copied())
        .collect();
    pairs.sort_by(|a, b| a.partial_cmp(b).expect("finite"));
    let expected = [pairs.first(), pairs.last()].map(|end| end.map_or(f64::NAN, |(_, h)| *h));
    let ends = [found("first"), found("last")];
    prop_assert_eq!(ends.map(f64::to_bits), expected.map(f64::to_bits));
    let numbers = |&i: &usize| {
        photons.columns[0].is_valid(i) && !photons.columns[0].values.get_f64(i).is_nan()
    };
    let heights = inside.iter().copied().filter(numbers);
    let mut heights: Vec<f64> = heights
        .map(|i| photons.columns[0].values.get_f64(i))
        .collect();
    let centre = median(&mut heights);
    let mut off: Vec<f64> = heights.iter().map(|h| (h - centre).abs()).collect();
    let (mad, expected) = (
        found("mad"),
        if centre.is_finite() {
            median(&mut off)
        } else {
            f64::NAN
        },
    );
    prop_assert!(
        mad == expected || (mad.is_nan() && expected.is_nan()),
        "{} {}",
        mad,
        expected
    );
    Ok(())
}

fn median(x: &mut [f64]) -> f64 {
    x.sort_by(f64::total_cmp);
    let Some(last) = x.len().checked_sub(1) else {
        return f64::NAN;
    };
    let (low, high) = (x[last / 2], x[x.len() / 2]);
    if low == high {
        low
    } else {
        high - (high - low) * 0.5
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn fits_are_those_of_real_arithmetic_rounded_once(photons in photons()) {
        let question = Question::new(YAML, &TYPES);
        let rows: Vec<usize> = (0..photons.len()).collect();
        let tables = question.answer(&photons, std::slice::from_ref(&rows), 2);
        let order = question.config.grid.cell_order.get();
        let cell_of = |i: usize| healpix::cell(order, Sphere::AuthalicWgs84, photons.lon[i], photons.lat[i]);
        for (place, cell) in cell_ids(&tables).into_iter().enumerate() {
            let inside: Vec<usize> = rows.iter().copied().filter(|&i| cell_of(i) == cell).collect();
            check_cell(&photons, &inside, &|name| values(&tables, name)[place])?;
        }
    }

    #[test]
    fn order_batches_and_threads_do_not_change_a_bit_of_fits(
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

/// One cell.
fn one_cell(h: Vec<f32>, t: Vec<f64>) -> Photons {
    let n = h.len();
    Photons {
        lon: vec![20.0; n],
        lat: vec![10.0; n],
        columns: vec![
            column(Values::F32(h.into())),
            column(Values::F64(t.into())),
            column(Values::F64(vec![1.0; n].into())),
            column(Values::I64((0..n as i64).collect())),
        ],
    }
}

/// What sums of float64 get wrong by half: a hundredth of a second, four years after the epoch.
#[test]
fn a_slope_over_a_hundredth_of_a_second_years_after_the_epoch_has_all_its_digits() {
    let n = 100;
    let times: Vec<f64> = (0..n)
        .map(|i| 1.2e8 + f64::from(i) * 2f64.powi(-13))
        .collect();
    let heights = (0..n).map(|i| 1500.0 + 0.5 * i as f32).collect();
    let question = Question::new(YAML, &TYPES);
    let tables = question.answer(&one_cell(heights, times), &[(0..n as usize).collect()], 2);
    let found = |name: &str| values(&tables, name)[0];
    assert_eq!(found("slope"), 0.5 * 2f64.powi(13));
    assert_eq!(found("intercept"), 1500.0 - 0.5 * 2f64.powi(13) * 1.2e8);
    assert_eq!((found("slope_err"), found("corr")), (0.0, 1.0));
    // One of the three other columns is constant.
    assert!(found("tilt").is_nan() && found("tilt_a_err").is_nan());
}

/// Golden bits: those of a change of these are a change of **Bits**.
#[test]
fn bits_of_a_fit_stay() {
    let heights: Vec<f32> = (0..500)
        .map(|i| 1000.0 + ((i * 7919) % 997) as f32 * 0.013)
        .collect();
    let times = (0..500)
        .map(|i| 1.3e8 + f64::from((i * 104_729) % 9973) * 3600.0)
        .collect();
    let question = Question::new(YAML, &TYPES);
    let tables = question.answer(&one_cell(heights, times), &[(0..500).collect()], 2);
    let names = [
        "slope",
        "slope_err",
        "intercept",
        "intercept_err",
        "cov",
        "corr",
        "mad",
    ];
    let found = names.map(|name| values(&tables, name)[0].to_bits());
    assert_eq!(
        found.map(|bits| format!("{bits:016x}")),
        [
            "3e07e524bb474bd5",
            "3e512d1d22d3f510",
            "408f740904c1963a",
            "4002cd174f3ccd8c",
            "40f2aafacf940f30",
            "3f5feb00def5ea15",
            "400a429000000000"
        ]
    );
}

#[test]
fn several_tiles_in_one_cell_give_the_fit_of_all() {
    let n = 100_000;
    let heights: Vec<f32> = (0..n).map(|i| (i % 977) as f32 * 0.37 - 100.0).collect();
    let times: Vec<f64> = (0..n).map(|i| 1e8 + f64::from(i) * 0.7).collect();
    let photons = one_cell(heights, times);
    let question = Question::new(YAML, &TYPES);
    let mut places: Vec<usize> = (0..n as usize).collect();
    let expected = bits(&question.answer(&photons, &[places.clone()], 1));
    shuffle(&mut places, 3);
    for threads in [1, 3] {
        let batches = split(&places, &[65_537, 1, 4096]);
        assert_eq!(
            bits(&question.answer(&photons, &batches, threads)),
            expected,
            "{threads}"
        );
    }
}
