//! Tests: integers as they are stored are told apart as the same integers in 64 bits are, of every type.

use super::*;
use crate::config::{Filter, FilterOp};
use crate::decode::extremes::Extremes;
use crate::photon::Values;
use crate::read::Attributes;
use crate::read::buffers::Buffers;
use crate::read::meaning::Meaning;
use FilterOp::{Eq, Ge, Gt, In, Le, Lt, Ne, NotIn};
use proptest::prelude::*;

const TYPES: [Dtype; 6] = [
    Dtype::I8,
    Dtype::U8,
    Dtype::I16,
    Dtype::U16,
    Dtype::I32,
    Dtype::U32,
];

/// Integers of a type, as they are stored and in 64 bits: the bits of any, cut to the type.
fn both(dtype: Dtype, any: &[i64]) -> (Integers, Values) {
    let mut integers = Buffers::default().take_integers(dtype, any.len());
    let bits = 8 * dtype.size() as u32;
    match integers.target() {
        Target::B8(out) => out.iter_mut().zip(any).for_each(|(x, &any)| *x = any as u8),
        Target::B16(out) => out
            .iter_mut()
            .zip(any)
            .for_each(|(x, &any)| *x = any as u16),
        Target::B32(out) => out
            .iter_mut()
            .zip(any)
            .for_each(|(x, &any)| *x = any as u32),
        other => unreachable!("{other:?}"),
    }
    let wide = |&any: &i64| {
        let unsigned = any & ((1 << bits) - 1);
        let is_negative = dtype.is_signed() && unsigned >> (bits - 1) == 1;
        unsigned - if is_negative { 1 << bits } else { 0 }
    };
    (integers, Values::I64(any.iter().map(wide).collect()))
}

/// Any bits, and often the ends of types, fill values and what is beside them.
fn any_integers(most: usize) -> impl Strategy<Value = Vec<i64>> {
    let near = prop::sample::select(vec![
        0_i64,
        -1,
        -2,
        4,
        i8::MIN.into(),
        i8::MAX.into(),
        u8::MAX.into(),
        i16::MIN.into(),
        i16::MAX.into(),
        u16::MAX.into(),
        i32::MIN.into(),
        i32::MAX.into(),
        u32::MAX.into(),
    ]);
    let one = prop_oneof![any::<i64>(), -5_i64..6, near];
    prop::collection::vec(one, 1..most)
}

/// Numbers that integers are compared with, of the type and far from it.
fn constant() -> impl Strategy<Value = f64> {
    let odd = prop::sample::select(vec![
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        9_223_372_036_854_775_808.0,
        -9_223_372_036_854_775_808.0,
        -0.0,
        0.5,
    ]);
    let ends = any_integers(2).prop_map(|integers| integers[0] as f64);
    prop_oneof![3 => (-6_i32..7).prop_map(f64::from), 2 => ends, 1 => odd]
}

fn filter(op: FilterOp, values: Vec<f64>, keep: bool) -> RowFilter {
    RowFilter::new(&Filter {
        dataset: "/{group}/heights/class".into(),
        column: None,
        moment: None,
        per_segment: false,
        words: Vec::new(),
        op,
        values,
        keep,
    })
}

fn op() -> impl Strategy<Value = FilterOp> {
    prop::sample::select(vec![Eq, Ne, Ge, Le, Gt, Lt, In, NotIn])
}

proptest! {
    #[test]
    fn a_filter_keeps_what_it_keeps_of_the_same_integers_in_64_bits(
        any in any_integers(2_300), dtype in prop::sample::select(TYPES.to_vec()), op in op(),
        constants in prop::collection::vec(constant(), 1..4), keep in any::<bool>(), skip in 0_usize..3,
    ) {
        let (integers, wide) = both(dtype, &any);
        let filter = filter(op, constants, keep);
        let rows = skip.min(any.len())..any.len();
        // Marks that are 0 stay so.
        let marks: Vec<u8> = rows.clone().map(|row| u8::from(row % 7 != 3)).collect();
        let (mut found, mut expected) = (marks.clone(), marks);
        filter.narrow_integers(&integers, rows.clone(), &mut found);
        filter.narrow(&wide, rows, &mut expected);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn nulls_are_those_of_the_same_integers_in_64_bits(
        any in any_integers(300), dtype in prop::sample::select(TYPES.to_vec()),
        fills in any_integers(4), bounds in (any_integers(2), any_integers(2)),
        (has_low, has_high) in any::<(bool, bool)>(), known in any::<bool>(),
    ) {
        let (integers, wide) = both(dtype, &any);
        let listed: Vec<String> = fills.iter().map(i64::to_string).collect();
        let attributes = Attributes::of_field(|name| match name {
            "missing_value" => Some(format!("[{}]", listed.join(", "))),
            "valid_min" if has_low => Some(bounds.0[0].to_string()),
            "valid_max" if has_high => Some(bounds.1[0].to_string()),
            _ => None,
        });
        let meaning = Meaning::new(&attributes, dtype).unwrap();
        let stored = known.then(|| (0..any.len()).map(|row| row % 5 != 1).collect());
        let found = meaning.mark_integers(&integers, stored.as_ref());
        prop_assert_eq!(found, meaning.mark(&wide, stored.as_ref()));
    }

    #[test]
    fn what_extremes_decide_is_what_comparing_gives(
        values in prop::collection::vec(
            prop_oneof![6 => -9_i32..10, 1 => Just(i32::MAX)].prop_map(|x| {
                if x == i32::MAX { f64::NAN } else { f64::from(x) / 2.0 }
            }),
            1..12,
        ),
        op in op(), constants in prop::collection::vec(constant(), 1..3), keep in any::<bool>(),
    ) {
        let filter = filter(op, constants, keep);
        let mut marks = vec![1; values.len()];
        let extremes = Extremes::of(&values);
        filter.narrow(&Values::F64(values.into()), 0..marks.len(), &mut marks);
        if let Some(all) = filter.decides(&extremes) {
            prop_assert!(marks.iter().all(|&mark| mark == u8::from(all)), "{:?}: {:?}", extremes, marks);
        }
    }
}

#[test]
fn a_filter_of_moments_is_decided_where_no_edge_is_crossed() {
    let from = filter(Ge, vec![10.0], true);
    let of = |times: &[f64]| from.decides(&Extremes::of(times));
    assert_eq!(of(&[10.0, 30.0, 20.0]), Some(true));
    assert_eq!(of(&[9.9, -3.0]), Some(false));
    assert_eq!(of(&[9.9, 10.0]), None);
    assert_eq!(of(&[10.0, f64::NAN]), None);
    assert_eq!(of(&[f64::NAN, 3.0]), Some(false));
}

#[test]
fn only_integers_of_up_to_32_bits_stay_as_they_are_stored() {
    for dtype in Dtype::ALL {
        assert_eq!(Integers::are(dtype), TYPES.contains(&dtype), "{dtype:?}");
    }
}
