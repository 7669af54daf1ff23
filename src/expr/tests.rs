//! Tests: what the expression language accepts, refuses and computes.

#![allow(clippy::float_cmp, reason = "results are exact")]

use super::*;
use crate::photon::Values;

const COLUMNS: [&str; 3] = ["h_li", "s_li", "n"];

fn rows(text: &str) -> Vec<f64> {
    let expr = parse_row(text, &COLUMNS).unwrap();
    let h = Values::F64(vec![1.5, -2.0, f64::NAN].into());
    let s = Values::F32(vec![0.5, 0.25, 4.0].into());
    let n = Values::I64(vec![3, -7, 0].into());
    evaluate(&expr, 3, &|name| match name {
        "h_li" => &h,
        "s_li" => &s,
        _ => &n,
    })
}

fn evaluate<'a>(expr: &RowExpr, n: usize, column: &dyn Fn(&str) -> &'a Values) -> Vec<f64> {
    let mut out = vec![0.0; n];
    eval_rows(expr, column, &mut out);
    out
}

/// The value of a cell in which every reduction is 4.
fn cell(text: &str) -> f64 {
    let expr = parse_cell(text, &COLUMNS, false).unwrap();
    eval_cell(&expr, &mut |_| 4.0)
}

fn refusal(text: &str) -> String {
    parse_cell(text, &COLUMNS, false).unwrap_err()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn the_standard_error_of_a_weighted_mean_is_scalar_arithmetic_over_one_sum() {
    let expr = parse_cell("1.0 / np.sqrt(np.sum(1.0 / s_li**2))", &COLUMNS, false).unwrap();
    let CellExpr::Binary(BinaryOp::Div, one, root) = expr else {
        panic!("not a division");
    };
    assert_eq!(*one, CellExpr::Number(1.0));
    let over = parse_row("1.0 / s_li**2", &COLUMNS).unwrap();
    let sum = Reduction {
        kind: ReductionKind::Sum,
        over,
        skip_nan: false,
    };
    let sum = Box::new(CellExpr::Reduce(sum));
    assert_eq!(*root, CellExpr::Unary(UnaryFn::Sqrt, sum));
    assert_eq!(rows("1.0 / s_li**2"), [4.0, 16.0, 0.0625]);
}

#[test]
fn precedence_is_pythons() {
    assert_eq!(cell("-mean(n)**2"), -16.0);
    assert_eq!(cell("2**-1 * mean(n)"), 2.0);
    assert_eq!(cell("mean(n) + 2**3**2"), 516.0);
    assert_eq!(cell("2 - 3 - mean(n)"), -5.0);
    assert_eq!(cell("16 / mean(n) / 2"), 2.0);
    assert_eq!(cell("-(mean(n) + 1) * +2"), -10.0);
    assert_eq!(cell("2**-mean(n)"), 0.0625);
}

#[test]
fn literal_powers_are_fixed_products() {
    let x = 1.1_f64;
    let power = |exponent: &str| {
        let expr = parse_cell(&format!("mean(n)**{exponent}"), &COLUMNS, false).unwrap();
        eval_cell(&expr, &mut |_| x)
    };
    assert_eq!(power("2"), x * x);
    assert_eq!(power("3.0"), x * x * x);
    assert_eq!(power("-3"), 1.0 / (x * x * x));
    assert_eq!(power("0"), 1.0);
    assert_eq!(power("0.5"), x.sqrt());
    assert_eq!(power("1.5"), libm::pow(x, 1.5));
    assert_eq!(power("17"), libm::pow(x, 17.0));
}

#[test]
fn rows_widen_and_propagate_nan_as_one_nan() {
    let nan = f64::NAN;
    assert_eq!(rows("n + s_li"), [3.5, -6.75, 4.0]);
    assert_eq!(bits(&rows("minimum(h_li, s_li)")), bits(&[0.5, -2.0, nan]));
    assert_eq!(bits(&rows("np.maximum(0, h_li)")), bits(&[1.5, 0.0, nan]));
    assert_eq!(bits(&rows("-h_li")), bits(&[-1.5, 2.0, nan]));
    assert_eq!(bits(&rows("sqrt(n)")), bits(&[3_f64.sqrt(), nan, 0.0]));
    assert_eq!(rows("where(h_li > 0, n, -s_li)"), [3.0, -0.25, -4.0]);
    assert_eq!(rows("where(h_li != h_li, 1, 0)"), [0.0, 0.0, 1.0]);
    assert_eq!(
        rows("1 / n"),
        [1.0 / 3.0, -1.0 / 7.0, f64::INFINITY],
        "division by zero is no error"
    );
}

#[test]
fn blocks_do_not_change_the_result() {
    let expr = parse_row("where(h_li**2 > 3, exp(h_li), abs(h_li) - 1)", &COLUMNS).unwrap();
    let values: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01 - 4.0).collect();
    let column = Values::F64(values.clone().into());
    let all = evaluate(&expr, values.len(), &|_| &column);
    for (value, expected) in values.iter().zip(all) {
        let one = Values::F64(vec![*value].into());
        assert_eq!(evaluate(&expr, 1, &|_| &one), [expected]);
    }
}

#[test]
fn unless_nan_skips_where_the_second_is_nan() {
    let column = |name: &str| Box::new(RowExpr::Column(name.into()));
    let expr = RowExpr::UnlessNan(column("s"), column("h"));
    let s = Values::F64(vec![1.0, 2.0].into());
    let h = Values::F64(vec![f64::NAN, 5.0].into());
    let out = evaluate(&expr, 2, &|name| if name == "s" { &s } else { &h });
    assert!(out[0].is_nan());
    assert_eq!(out[1], 2.0);
}

#[test]
fn reductions_take_their_parameters() {
    let kind = |text: &str, skip: bool| match parse_cell(text, &COLUMNS, skip).unwrap() {
        CellExpr::Reduce(r) => (r.kind, r.skip_nan),
        other => panic!("{other:?}"),
    };
    let quantile = ReductionKind::Quantile { q: 0.75 };
    assert_eq!(kind("np.quantile(h_li, 0.75)", false), (quantile, false));
    let quantile = ReductionKind::Quantile { q: 0.25 };
    assert_eq!(kind("quantile(h_li, q=.25)", false), (quantile, false));
    let half = ReductionKind::Quantile { q: 0.5 };
    assert_eq!(kind("nanmedian(h_li)", false), (half, true));
    let spread = ReductionKind::Std { ddof: 1 };
    assert_eq!(kind("std(h_li, ddof=1)", true), (spread, true));
    assert_eq!(kind("len(h_li)", true), (ReductionKind::Count, false));
    let weights = RowExpr::Column("s_li".into());
    let average = ReductionKind::WeightedMean { weights };
    assert_eq!(kind("average(h_li, weights=s_li)", false), (average, false));
    assert_eq!(cell("float(np.max(h_li)) - min(h_li)"), 0.0);
}

#[test]
fn refusals_say_where_and_what_instead() {
    let cases = [
        (
            "mean(s_l)",
            "at column 6: unknown name 's_l', did you mean 's_li'",
        ),
        (
            "maen(s_li)",
            "at column 1: unknown function 'maen', did you mean 'mean'",
        ),
        (
            "1 + s_li",
            "at column 5: column 's_li' stands outside a reduction; put it inside one, e.g. mean(s_li)",
        ),
        (
            "sum(h_li - mean(h_li))",
            "at column 12: reduction 'mean' stands where every photon has its own value",
        ),
        (
            "max(h_li, s_li)",
            "max takes 1 argument; of two values, use minimum or maximum, not 2",
        ),
        ("1 + 2", "the expression has no reduction"),
        ("sum(1)", "at column 5: sum is over no column"),
        ("quantile(h_li, 1.5)", "q is 1.5, outside [0, 1]"),
        ("quantile(h_li)", "quantile needs q"),
        ("quantile(h_li, n)", "at column 16: q is a plain number"),
        ("mean(h_li, ddof=1)", "only var, std and cov take ddof"),
        ("var(h_li, ddof=0.5)", "at column 16: ddof is 0.5"),
        (
            "var(h_li, dof=1)",
            "has no parameter 'dof', did you mean 'ddof'",
        ),
        (
            "mean(h_li",
            "at column 10: expected ',' or ')', found the end",
        ),
        (
            "mean(h_li) mean(n)",
            "at column 12: expected an operator or the end, found 'mean'",
        ),
        (
            "h_li[0]",
            "at column 1: unknown name 'h_li[0]': 'h_li' is one column; write h_li",
        ),
        ("__import__('os')", "at column 12: unexpected '\\''"),
        ("os.system(h_li)", "unknown function 'os.system'"),
        ("sum(h_li) // 2", "'//' is not in the language; use '/'"),
        (
            "1e999 * sum(n)",
            "at column 1: number '1e999' is out of range",
        ),
        ("2x * sum(n)", "number '2' runs into a name"),
        ("average(h_li, weights=2)", "the weights use no column"),
        ("mean", "unknown name 'mean'; to call it, write mean(...)"),
        (
            "",
            "at column 1: expected a number, a column, a function or '(', found the end",
        ),
    ];
    for (text, expected) in cases {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn refusals_of_conditions_say_where_and_what_instead() {
    let cases = [
        (
            "where(mean(h_li), 1, 2)",
            "at column 7: a condition stands here, e.g. a < b",
        ),
        (
            "sum(h_li and n > 2)",
            "at column 5: a condition stands here, e.g. a < b",
        ),
        (
            "sum((h_li > 1) & (n > 2))",
            "at column 16: '&' is not in the language; write and between conditions",
        ),
        (
            "sum(~(h_li > 1))",
            "at column 5: '~' is not in the language; write not",
        ),
        (
            "sum(has(n, 0.5))",
            "at column 12: the bits are an integer from 1",
        ),
        (
            "sum(has(n))",
            "has takes 2 arguments: a value and its bits, such as 4, not 1",
        ),
        (
            "sum(clip(n, 1))",
            "clip takes 3 arguments: clip(x, low, high), not 2",
        ),
        (
            "sum(round(n, 0.5))",
            "the decimals of round are an integer, -15 to 15",
        ),
        ("percentile(n, 101)", "q is 101, outside [0, 100]"),
        (
            "sum(1 < n < 3)",
            "at column 11: expected ',' or ')', found '<'",
        ),
    ];
    for (text, expected) in cases {
        let message = refusal(text);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn a_float32_column_is_compared_with_numbers_of_its_own_type() {
    let near = [0.1_f32.next_down(), 0.1, 0.1_f32.next_up()];
    let [single, wide] = [
        Values::F32(near.to_vec().into()),
        Values::F64(near.map(f64::from).to_vec().into()),
    ];
    for (text, of_single, of_wide) in [
        ("where(n <= 0.1, 1, 0)", [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]),
        ("where(n == 1 / 10, 1, 0)", [0.0, 1.0, 0.0], [0.0; 3]),
        ("where(0.1 < n, 1, 0)", [0.0, 0.0, 1.0], [0.0, 1.0, 1.0]),
        ("where(-n >= -0.1, 1, 0)", [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]),
        ("where(abs(n) != 0.1, 1, 0)", [1.0, 0.0, 1.0], [1.0; 3]),
        // Of what is computed, everything is float64.
        (
            "where(n * 1 <= 0.1, 1, 0)",
            [1.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
        ),
    ] {
        let expr = parse_row(text, &["n"]).unwrap();
        for (values, expected) in [(&single, of_single), (&wide, of_wide)] {
            let mut out = [0.0; 3];
            eval_rows(&expr, &|_| values, &mut out);
            assert_eq!(out, expected, "{text} {values:?}");
        }
    }
}

#[test]
fn depth_and_length_are_limited() {
    let nested = format!("{}n{}", "(".repeat(5000), ")".repeat(5000));
    assert!(refusal(&nested).contains("10001 characters, the limit is 4096"));
    let nested = format!("mean({}n{})", "(".repeat(1000), ")".repeat(1000));
    assert!(refusal(&nested).contains("nested deeper than 64"));
    assert!(refusal(&format!("{}mean(n)", "-".repeat(2000))).contains("nested deeper"));
    assert!(refusal(&format!("mean(n){}", "+1".repeat(1000))).contains("nested deeper"));
    assert!(refusal(&"2**".repeat(1000)).contains("nested deeper"));
    assert!(parse_cell(&format!("mean(n){}", "+1".repeat(60)), &COLUMNS, false).is_ok());
}

#[test]
fn conditions_are_1_and_0_and_join_as_in_python() {
    // h_li = 1.5, -2, NaN; s_li = 0.5, 0.25, 4; n = 3, -7, 0.
    assert_eq!(rows("h_li > 0"), [1.0, 0.0, 0.0]);
    assert_eq!(rows("h_li != h_li"), [0.0, 0.0, 1.0]);
    assert_eq!(rows("not h_li > 0"), [0.0, 1.0, 1.0]);
    assert_eq!(rows("h_li > 0 or n == 0 and s_li > 5"), [1.0, 0.0, 0.0]);
    assert_eq!(rows("(h_li > 0 or n == 0) and s_li > 0.4"), [1.0, 0.0, 1.0]);
    assert_eq!(rows("isnan(h_li)"), [0.0, 0.0, 1.0]);
    assert_eq!(rows("2 * isfinite(h_li) - (n < 0)"), [2.0, 1.0, 0.0]);
    assert_eq!(
        rows("where(isfinite(h_li), h_li, pi)"),
        [1.5, -2.0, std::f64::consts::PI]
    );
    assert_eq!(rows("where(h_li > 0, 1, inf)")[1], f64::INFINITY);
    assert_eq!(cell("mean(n) > 3"), 1.0);
    assert_eq!(cell("where(mean(n) > 3 and not isnan(sum(n)), 2, 1)"), 2.0);
}

#[test]
fn bits_are_those_of_whole_numbers() {
    assert_eq!(rows("has(n, 1)"), [1.0, 1.0, 0.0], "-7 is ...11111001");
    assert_eq!(rows("has(n, 3)"), [1.0, 0.0, 0.0]);
    assert_eq!(rows("lacks(n, 6)"), [0.0, 1.0, 1.0]);
    assert_eq!(rows("has(s_li, 4)"), [0.0, 0.0, 1.0]);
    assert_eq!(
        rows("lacks(s_li, 3)"),
        [0.0, 0.0, 1.0],
        "halves have no bits"
    );
    assert_eq!(rows("has(h_li, 1) + lacks(h_li, 1)"), [0.0, 1.0, 0.0]);
}

#[test]
fn functions_of_numpy_give_its_numbers() {
    let nan = f64::NAN;
    assert_eq!(bits(&rows("np.rint(h_li)")), bits(&[2.0, -2.0, nan]));
    assert_eq!(rows("round(n / 2)"), [2.0, -4.0, 0.0]);
    assert_eq!(rows("np.round(s_li, 1)"), [0.5, 0.2, 4.0]);
    assert_eq!(rows("round(n * 100, -3)"), [0.0, -1000.0, 0.0]);
    assert_eq!(bits(&rows("floor(h_li)")), bits(&[1.0, -2.0, nan]));
    assert_eq!(bits(&rows("ceil(h_li)")), bits(&[2.0, -2.0, nan]));
    assert_eq!(bits(&rows("np.clip(h_li, -1, 1)")), bits(&[1.0, -1.0, nan]));
    assert_eq!(rows("square(n)"), [9.0, 49.0, 0.0]);
    assert_eq!(rows("power(n, 3)"), [27.0, -343.0, 0.0]);
    let percentile = parse_cell("percentile(n, 25)", &COLUMNS, false).unwrap();
    let quantile = parse_cell("quantile(n, 0.25)", &COLUMNS, false).unwrap();
    assert_eq!(percentile, quantile);
}

#[test]
fn a_column_may_have_the_name_of_a_constant() {
    let expr = parse_row("pi + np.pi", &["pi"]).unwrap();
    let mut names = Vec::new();
    expr.collect_columns(&mut names);
    assert_eq!(names, ["pi"]);
}

#[test]
fn conditions_as_text_parse_back() {
    for text in [
        "abs(h_li - n) <= 200.0",
        "not (h_li > 1.0 and has(n, 4))",
        "(h_li > 1.0 or isnan(s_li)) and lacks(n, 6)",
        "((h_li > 1.0) + 1.0) > where(n == nan, 1.0, 2.0)",
    ] {
        let condition = parse_condition(text, &COLUMNS).unwrap();
        let shown = condition.to_string();
        assert_eq!(shown, text);
        let again = parse_condition(&shown, &COLUMNS).unwrap();
        assert_eq!(again.to_string(), shown);
    }
    let none = parse_condition("1 < 2", &COLUMNS).unwrap_err();
    assert!(none.contains("the condition is of no column"), "{none}");
}
