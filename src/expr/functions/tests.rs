//! Tests: relations, ends and marks as text, and what is refused.

use crate::expr::parse_cell;

const COLUMNS: [&str; 4] = ["h", "t", "x", "y"];

#[test]
fn relations_ends_and_marks_as_text_parse_back_whatever_nan_says() {
    for text in [
        "cov(h, t, ddof=0)",
        "corr(h, t - 1.0)",
        "slope(h, t)",
        "slope_err(h - x, t, x, y)",
        "intercept(h, t, x)",
        "intercept_err(h, t)",
        "first(h, t)",
        "last(h, t)",
        "n_granules(h)",
        "n_cycles(h)",
        "n_tracks(h)",
    ] {
        for skip_nan in [false, true] {
            let parsed = parse_cell(text, &COLUMNS, skip_nan).unwrap();
            assert_eq!(parsed.to_string(), text);
        }
    }
    let parsed = parse_cell("np.cov(h, t) + mad(h)", &COLUMNS, true).unwrap();
    assert_eq!(parsed.to_string(), "cov(h, t, ddof=1) + nanmad(h)");
}

#[test]
fn operands_that_a_function_does_not_have_are_refused() {
    for (text, says) in [
        (
            "slope(h)",
            "slope: needs another operand, as in slope(y, x)",
        ),
        (
            "slope()",
            "slope takes 4 arguments at most, as in slope(y, x) or",
        ),
        ("slope(h, t, x, y, t)", "slope takes 4 arguments at most"),
        (
            "corr(h, t, x)",
            "corr takes 2 arguments at most, as in corr(y, x), not 3",
        ),
        (
            "first(h)",
            "first: needs another operand, as in first(y, time)",
        ),
        ("n_cycles(h, t)", "n_cycles takes 1 argument, not 2"),
        ("mad(h, t)", "mad takes 1 argument, not 2"),
        ("slope(h, 2)", "'2.0' uses no column"),
        ("slope(h, t, ddof=1)", "only var, std and cov take ddof"),
        (
            "slope(h, mean(t))",
            "reduction 'mean' stands where every photon has its own value",
        ),
        ("nancorr(h, t)", "unknown function 'nancorr'"),
        ("slop(h, t)", "did you mean 'slope'"),
    ] {
        let error = parse_cell(text, &COLUMNS, false).unwrap_err();
        assert!(error.contains(says), "{text}: {error}");
    }
}
