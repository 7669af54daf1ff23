//! Tests: what filters keep, of every type, and what they refuse.

use super::*;
use FilterOp::{Eq, Ge, Gt, In, Le, Lt, Ne, NotIn};

fn filter(op: FilterOp, values: &[f64], keep: bool) -> Filter {
    Filter {
        dataset: "/{group}/heights/signal_conf_ph".into(),
        column: Some(0),
        moment: None,
        per_segment: false,
        words: Vec::new(),
        op,
        values: values.to_vec(),
        keep,
    }
}

fn kept(op: FilterOp, constants: &[f64], keep: bool, values: &Values) -> Vec<u32> {
    let mut marks = vec![1; values.len()];
    let filter = RowFilter::new(&filter(op, constants, keep));
    filter.narrow(values, 0..values.len(), &mut marks);
    (0..values.len() as u32)
        .filter(|&i| marks[i as usize] == 1)
        .collect()
}

#[test]
fn each_op_keeps_what_it_says() {
    let integers = Values::I64(vec![-2, -1, 0, 1, 2].into());
    let floats = Values::F32(vec![-2.0, -1.0, 0.0, 1.0, 2.0].into());
    for values in [integers, floats] {
        for (op, constants, expected) in [
            (Eq, vec![-1.0], vec![1]),
            (Ne, vec![-2.0], vec![1, 2, 3, 4]),
            (Ge, vec![1.0], vec![3, 4]),
            (Le, vec![-1.0], vec![0, 1]),
            (Gt, vec![0.5], vec![3, 4]),
            (Lt, vec![-1.5], vec![0]),
            (In, vec![2.0, -2.0], vec![0, 4]),
            (NotIn, vec![2.0, -2.0], vec![1, 2, 3]),
        ] {
            assert_eq!(kept(op, &constants, true, &values), expected, "{op:?}");
            let rest: Vec<u32> = (0..5).filter(|i| !expected.contains(i)).collect();
            assert_eq!(kept(op, &constants, false, &values), rest, "not {op:?}");
        }
    }
}

#[test]
fn nan_compares_false_except_ne_and_not_in() {
    for values in [
        Values::F64(vec![f64::NAN].into()),
        Values::F32(vec![f32::NAN].into()),
    ] {
        for op in [Eq, Ge, Le, Gt, Lt, In] {
            assert!(kept(op, &[0.0], true, &values).is_empty(), "{op:?}");
            assert!(kept(op, &[f64::NAN], true, &values).is_empty(), "{op:?}");
        }
        for op in [Ne, NotIn] {
            assert_eq!(kept(op, &[f64::NAN], true, &values), [0], "{op:?}");
        }
    }
}

#[test]
fn integers_beyond_two_to_the_53_compare_exactly() {
    let large = (1_i64 << 53) + 1;
    let values = Values::I64(vec![large - 1, large, large + 1].into());
    let power = [9_007_199_254_740_992.0];
    assert_eq!(kept(Eq, &power, true, &values), [0]);
    assert_eq!(kept(Gt, &power, true, &values), [1, 2]);
    let ends = Values::I64(vec![i64::MIN, i64::MAX].into());
    assert_eq!(kept(Lt, &[2_f64.powi(63)], true, &ends), [0, 1]);
    assert_eq!(kept(Eq, &[-(2_f64.powi(63))], true, &ends), [0]);
    assert_eq!(kept(Ge, &[f64::INFINITY], true, &ends), [0_u32; 0]);
    assert_eq!(kept(Gt, &[f64::NEG_INFINITY], true, &ends), [0, 1]);
}

#[test]
fn thresholds_are_rounded_to_the_floats_that_they_are_compared_with() {
    let near = [0.1_f32.next_down(), 0.1, 0.1_f32.next_up()];
    let singles = Values::F32(near.to_vec().into());
    let doubles = Values::F64(near.map(f64::from).to_vec().into());
    for (op, of_singles, of_doubles) in [
        (Eq, &[1][..], &[][..]),
        (In, &[1], &[]),
        (Ne, &[0, 2], &[0, 1, 2]),
        (NotIn, &[0, 2], &[0, 1, 2]),
        (Le, &[0, 1], &[0]),
        (Lt, &[0], &[0]),
        (Ge, &[1, 2], &[1, 2]),
        (Gt, &[2], &[1, 2]),
    ] {
        assert_eq!(kept(op, &[0.1], true, &singles), of_singles, "{op:?}");
        assert_eq!(kept(op, &[0.1], true, &doubles), of_doubles, "{op:?}");
    }
    let ends = Values::F32(vec![f32::MAX, f32::INFINITY].into());
    assert_eq!(kept(Lt, &[1e39], true, &ends), [0]);
    assert_eq!(kept(Le, &[1e39], true, &ends), [0, 1]);
}

#[test]
fn a_number_that_no_value_of_the_type_is_equal_to_is_refused() {
    for (dtype, odd, fine) in [
        (Dtype::F32, 1e39, 0.1),
        (Dtype::I8, 0.5, -128.0),
        (Dtype::I8, 128.0, 127.0),
        (Dtype::U16, -1.0, 65_535.0),
        (Dtype::I32, f64::NAN, 0.0),
    ] {
        for op in [Eq, Ne, In, NotIn] {
            let why = filter(op, &[fine, odd], true)
                .check(dtype, None)
                .unwrap_err();
            assert!(why.contains(&format!("with {odd}")), "{why}");
            assert_eq!(filter(op, &[fine], true).check(dtype, None), Ok(()));
        }
        assert_eq!(filter(Le, &[odd], true).check(dtype, None), Ok(()));
    }
    assert_eq!(
        filter(Eq, &[f64::NAN], true).check(Dtype::F32, None),
        Ok(())
    );
}

#[test]
fn the_reason_is_the_filter_as_declared() {
    let name = |f: &Filter| RowFilter::new(f).reason;
    assert_eq!(
        name(&filter(Ne, &[-2.0], true)),
        "filter: signal_conf_ph[:,0] ne -2"
    );
    assert_eq!(
        name(&Filter {
            column: None,
            ..filter(In, &[1.0, 2.5], false)
        }),
        "filter: signal_conf_ph in [1, 2.5] (keep: false)"
    );
}
