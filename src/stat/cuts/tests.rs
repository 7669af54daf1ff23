//! Tests: runs that are cut at once have the sums of their terms one by one.

use proptest::prelude::*;

use super::*;
use crate::photon::ColumnType;
use crate::stat::{ColumnOrigin, Needs, Resolution};

const LIMIT: f64 = TermSum::RANGE;

fn column() -> JobColumn {
    JobColumn {
        name: "h".to_owned(),
        origin: ColumnOrigin::Source(0),
        column_type: ColumnType::F64,
        resolution: Resolution::DEFAULT,
        needs: Needs {
            terms: true,
            ..Needs::default()
        },
    }
}

/// The ends of runs of these lengths, and of one of what is left; none where there are no terms.
fn ends_of(n: usize, lengths: &[usize]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut end = 0;
    for length in lengths {
        end += length;
        if end >= n {
            break;
        }
        ends.push(end);
    }
    ends.push(n);
    ends
}

/// Term by term in 256 bits.
fn plain(terms: &[f64]) -> TermSum {
    let mut sum = Signed256::default();
    for &term in terms {
        sum.merge(Signed256::scaled(term, -UNIT));
    }
    TermSum { sum }
}

/// Runs that are cut at once have the sums of their terms one by one. Says whether they are.
fn agree(terms: &[f64], ends: &[usize]) -> Result<bool, TestCaseError> {
    let mut cuts = Cuts::default();
    // What is left of other terms does not matter.
    cuts.cut(&[1.0 / 3.0; 70]);
    if !cuts.cut(terms) {
        return Ok(false);
    }
    let mut start = 0;
    for &end in ends {
        prop_assert_eq!(
            cuts.sum(start..end),
            plain(&terms[start..end]),
            "{:?}",
            start..end
        );
        start = end;
    }
    Ok(true)
}

/// The rows of runs that are pushed at once, where they can be, or else one by one.
fn rows(terms: &[f64], ends: &[usize], at_once: bool) -> ColumnPartials {
    let column = column();
    let mut partials = ColumnPartials::empty(&column);
    partials.push_cell(&[4.0, f64::NAN], &column);
    let (tile, mut cuts) = ((terms, ends), Cuts::default());
    if !at_once || !partials.push_runs_of_terms(tile, &mut cuts, &column) {
        let mut start = 0;
        for &end in ends {
            partials.push_unfilled(&terms[start..end], &column);
            start = end;
        }
    }
    partials
}

/// Magnitudes of some shapes: of any exponent, alike, products, float32, ties of units and subnormal numbers.
fn term() -> impl Strategy<Value = f64> {
    let tie = 2f64.powi(UNIT - 1);
    let magnitude = prop_oneof![
        1 => (-140f64..63.0, 0.0f64..1.0).prop_map(|(e, x)| x * e.exp2()),
        4 => 0.0f64..4000.0,
        6 => (0.0f32..4000.0, 0.25f32..400.0).prop_map(|(h, w)| f64::from(h) * f64::from(w)),
        6 => (0.25f32..400.0).prop_map(f64::from),
        2 => (0u32..1000).prop_map(f64::from),
        1 => (0u32..40).prop_map(move |halves| f64::from(halves) * tie),
        1 => (0u64..1 << 52).prop_map(f64::from_bits),
        1 => (-76i32..63).prop_map(|e| 2f64.powi(e).next_down()),
        1 => Just(0.0),
        1 => Just(LIMIT.next_down()),
    ];
    (magnitude, any::<bool>()).prop_map(|(x, negative)| if negative { -x } else { x })
}

/// As `term`, and a few that no sum has.
fn any_term() -> impl Strategy<Value = f64> {
    const WRONG: [f64; 5] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, LIMIT, -LIMIT];
    prop_oneof![400 => term(), 1 => prop::sample::select(WRONG.to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn runs_of_terms_of_one_shape_have_the_sums_of_terms_one_by_one(
        shape in prop::collection::vec(term(), 1..4),
        n in 0usize..3000,
        down in -20i32..150,
        lengths in prop::collection::vec(0usize..90, 0..60),
    ) {
        // Scaled by a power of two: down to ties, and to where the grids end.
        let scale = 2f64.powi(-down);
        let terms = (0..n).map(|i| shape[i % shape.len()] * scale);
        let terms: Vec<f64> = terms.collect();
        let ends = ends_of(n, &lengths);
        agree(&terms, &ends)?;
        prop_assert_eq!(rows(&terms, &ends, true), rows(&terms, &ends, false));
    }

    #[test]
    fn rows_of_runs_are_those_of_runs_one_by_one(
        terms in prop::collection::vec(any_term(), 0..400),
        lengths in prop::collection::vec(0usize..40, 0..30),
    ) {
        let ends = ends_of(terms.len(), &lengths);
        agree(&terms, &ends)?;
        prop_assert_eq!(rows(&terms, &ends, true), rows(&terms, &ends, false));
    }

    /// Of whole units in a band of 2^52, which two grids always have.
    #[test]
    fn terms_that_are_alike_are_cut_at_once(
        (units, exponent) in (prop::collection::vec(-(1i64 << 51)..1 << 51, 0..600), -128i32..11),
        finer in any::<bool>(),
        lengths in prop::collection::vec(0usize..40, 0..30),
    ) {
        let largest = 2f64.powi(51 + exponent);
        let terms = units.iter().map(|&n| {
            let small = if finer && n % 3 == 0 { 2f64.powi(-40) } else { 1.0 };
            n as f64 * 2f64.powi(exponent) * small
        });
        let terms: Vec<f64> = terms.chain([largest]).collect();
        let ends = ends_of(terms.len(), &lengths);
        prop_assert!(agree(&terms, &ends)?);
        prop_assert_eq!(rows(&terms, &ends, true), rows(&terms, &ends, false));
    }

    #[test]
    fn how_runs_are_cut_does_not_matter_to_what_they_add_up_to(
        products in prop::collection::vec((0.0f32..4000.0, 0.25f32..400.0), 1..900),
        lengths in prop::collection::vec(1usize..60, 0..40),
        tile in 1usize..300,
    ) {
        let terms: Vec<f64> = products.iter().map(|&(h, w)| f64::from(h) * f64::from(w)).collect();
        let mut sum = TermSum::default();
        for terms in terms.chunks(tile) {
            let rows = rows(terms, &ends_of(terms.len(), &lengths), true);
            rows.terms.unwrap()[1..].iter().for_each(|run| sum.merge(run));
        }
        prop_assert_eq!(sum, plain(&terms));
    }
}

#[test]
fn products_and_weights_are_cut_at_once_and_what_two_grids_do_not_hold_is_not() {
    let single = |i: u32| ((i * 7919) % 4001) as f32 * 0.317 + 0.01;
    let weights: Vec<f64> = (0..3000).map(|i| single(i).into()).collect();
    let products: Vec<f64> = weights.iter().map(|w| w * f64::from(2711.37f32)).collect();
    let ends = ends_of(3000, &[21; 200]);
    for terms in [&weights, &products] {
        assert!(agree(terms, &ends).unwrap());
    }
    let mut cuts = Cuts::default();
    assert!(cuts.cut(&weights) && cuts.one);
    assert!(cuts.cut(&products) && !cuts.one);
    // 2^-76 or more is exact, but not beside 2^62.
    let mut mixed = products.clone();
    mixed[1700] = 2f64.powi(62);
    mixed[2900] = 2f64.powi(-70);
    assert!(!agree(&mixed, &ends).unwrap());
    for wrong in [
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        LIMIT,
        -LIMIT,
    ] {
        for at in [0, 1499, 2999] {
            let mut terms = weights.clone();
            terms[at] = wrong;
            assert!(!agree(&terms, &ends).unwrap(), "{wrong} at {at}");
        }
    }
    assert!(agree(&[], &[0]).unwrap());
}

#[test]
fn long_runs_of_the_largest_terms_do_not_wrap() {
    for term in [
        LIMIT.next_down(),
        2f64.powi(62),
        1.0f64.next_down(),
        2f64.powi(-77).next_down(),
    ] {
        for term in [term, -term] {
            let terms = vec![term; 9000];
            for ends in [
                vec![terms.len()],
                vec![BLOCK, 2 * BLOCK, terms.len()],
                vec![1, BLOCK + 2, terms.len()],
            ] {
                assert!(agree(&terms, &ends).unwrap(), "{term}");
            }
        }
    }
}

#[test]
fn ties_of_units_round_half_to_even_beside_other_runs() {
    let unit = 2f64.powi(UNIT);
    let halves: Vec<f64> = (-9..=9).map(|i| f64::from(i) * 0.5 * unit).collect();
    for beside in [
        0.0,
        -0.0,
        2f64.powi(-77),
        2f64.powi(-76),
        -(2f64.powi(-30)),
        2f64.powi(-27),
    ] {
        let mut terms = halves.repeat(3);
        terms.push(beside);
        let ends: Vec<usize> = (1..=terms.len()).collect();
        assert!(agree(&terms, &ends).unwrap(), "{beside}");
    }
}

#[test]
fn columns_that_need_more_than_terms_are_folded_run_by_run() {
    let mut column = column();
    column.needs.range = true;
    let mut partials = ColumnPartials::empty(&column);
    let tile = (&[1.0, 2.0][..], &[2][..]);
    assert!(!partials.push_runs_of_terms(tile, &mut Cuts::default(), &column));
    assert!(partials.count.is_empty());
}
