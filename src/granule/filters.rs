//! Row filters: which photons are kept, and the reason under which the others are counted.
//!
//! On the line: `reader.rs` narrows the photons of a block filter by filter. Comparisons are exact:
//! floats as f64, integers as integers, never rounded to one another's type.

use std::cmp::Ordering;

use crate::batch::Values;
use crate::config::{Filter, FilterOp};

/// One filter of the config, ready to compare.
#[derive(Debug, Clone)]
pub(crate) struct RowFilter {
    op: FilterOp,
    values: Vec<f64>,
    keep: bool,
    /// The key in `Counts::rejected`, e.g. `filter: signal_conf_ph[:,0] ne -2`.
    pub reason: String,
}

impl RowFilter {
    pub fn new(filter: &Filter) -> Self {
        Self {
            op: filter.op,
            values: filter.values.clone(),
            keep: filter.keep,
            reason: reason(filter),
        }
    }

    /// Drops from `kept` the rows that the filter rejects.
    pub fn narrow(&self, values: &Values, kept: &mut Vec<u32>) {
        match values {
            Values::F32(v) => kept.retain(|&i| self.keeps(v[i as usize], order_f32)),
            Values::F64(v) => kept.retain(|&i| self.keeps(v[i as usize], order_f64)),
            Values::I64(v) => kept.retain(|&i| self.keeps(v[i as usize], order_i64)),
        }
    }

    fn keeps<T: Copy>(&self, x: T, order: fn(T, f64) -> Option<Ordering>) -> bool {
        self.holds(x, order) == self.keep
    }

    /// NaN has no order, so it compares false, and true for `ne` and `not_in`.
    fn holds<T: Copy>(&self, x: T, order: fn(T, f64) -> Option<Ordering>) -> bool {
        let equals_any = || {
            self.values
                .iter()
                .any(|&c| order(x, c) == Some(Ordering::Equal))
        };
        let first = || self.values.first().and_then(|&c| order(x, c));
        match self.op {
            FilterOp::Eq | FilterOp::In => equals_any(),
            FilterOp::Ne | FilterOp::NotIn => !equals_any(),
            FilterOp::Ge => first().is_some_and(Ordering::is_ge),
            FilterOp::Le => first().is_some_and(Ordering::is_le),
            FilterOp::Gt => first().is_some_and(Ordering::is_gt),
            FilterOp::Lt => first().is_some_and(Ordering::is_lt),
        }
    }
}

fn order_f32(x: f32, c: f64) -> Option<Ordering> {
    f64::from(x).partial_cmp(&c)
}

fn order_f64(x: f64, c: f64) -> Option<Ordering> {
    x.partial_cmp(&c)
}

/// The order of an integer and a float as real numbers; `None` for NaN.
pub(super) fn order_i64(x: i64, c: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if c.is_nan() {
        return None;
    }
    if c >= LIMIT {
        return Some(Ordering::Less);
    }
    if c < -LIMIT {
        return Some(Ordering::Greater);
    }
    // Exact: |floor(c)| <= 2^63, and every f64 of that size has an i64. A fraction puts c above.
    let floor = c.floor();
    Some(x.cmp(&(floor as i64)).then(if c > floor {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}

/// `filter: <dataset>[:,<column>] <op> <value>`, as the config declares it.
fn reason(filter: &Filter) -> String {
    let dataset = filter.dataset.rsplit('/').next().unwrap_or(&filter.dataset);
    let column = filter.column.map_or(String::new(), |c| format!("[:,{c}]"));
    let op = match filter.op {
        FilterOp::Eq => "eq",
        FilterOp::Ne => "ne",
        FilterOp::Ge => "ge",
        FilterOp::Le => "le",
        FilterOp::Gt => "gt",
        FilterOp::Lt => "lt",
        FilterOp::In => "in",
        FilterOp::NotIn => "not_in",
    };
    let numbers: Vec<String> = filter.values.iter().map(f64::to_string).collect();
    let values = match filter.op {
        FilterOp::In | FilterOp::NotIn => format!("[{}]", numbers.join(", ")),
        _ => numbers.join(", "),
    };
    let inverted = if filter.keep { "" } else { " (keep: false)" };
    format!("filter: {dataset}{column} {op} {values}{inverted}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use FilterOp::{Eq, Ge, Gt, In, Le, Lt, Ne, NotIn};

    fn filter(op: FilterOp, values: &[f64], keep: bool) -> Filter {
        Filter {
            dataset: "/{group}/heights/signal_conf_ph".into(),
            column: Some(0),
            op,
            values: values.to_vec(),
            keep,
        }
    }

    fn kept(op: FilterOp, constants: &[f64], keep: bool, values: &Values) -> Vec<u32> {
        let mut kept = (0..values.len() as u32).collect();
        RowFilter::new(&filter(op, constants, keep)).narrow(values, &mut kept);
        kept
    }

    #[test]
    fn each_op_keeps_what_it_says() {
        let integers = Values::I64(vec![-2, -1, 0, 1, 2]);
        let floats = Values::F32(vec![-2.0, -1.0, 0.0, 1.0, 2.0]);
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
        for values in [Values::F64(vec![f64::NAN]), Values::F32(vec![f32::NAN])] {
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
        let values = Values::I64(vec![large - 1, large, large + 1]);
        let power = [9_007_199_254_740_992.0];
        assert_eq!(kept(Eq, &power, true, &values), [0]);
        assert_eq!(kept(Gt, &power, true, &values), [1, 2]);
        let ends = Values::I64(vec![i64::MIN, i64::MAX]);
        assert_eq!(kept(Lt, &[2_f64.powi(63)], true, &ends), [0, 1]);
        assert_eq!(kept(Eq, &[-(2_f64.powi(63))], true, &ends), [0]);
        assert_eq!(kept(Ge, &[f64::INFINITY], true, &ends), [0_u32; 0]);
        assert_eq!(kept(Gt, &[f64::NEG_INFINITY], true, &ends), [0, 1]);
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
}
