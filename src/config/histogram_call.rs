//! Calls of `np.histogram` as text, taken apart: what is counted, in how many bins, and between which edges.
//!
//! Below `vectors.rs`, which gives the parts meaning.

use crate::expr::bare;

/// The parts of a call of a histogram.
pub(super) struct Call<'a> {
    pub of: &'a str,
    pub bins: &'a str,
    pub low: &'a str,
    pub high: &'a str,
    /// The type that counts are made.
    pub dtype: Option<&'a str>,
}

/// The call that a text is; `None` where it is another one.
pub(super) fn call(text: &str) -> Option<Call<'_>> {
    let text = text.trim();
    let open = text.find('(')?;
    if bare(text[..open].trim()) != "histogram" {
        return None;
    }
    let close = open + closing(&text[open..])?;
    let rest = text[close + 1..].trim().strip_prefix("[0]")?.trim();
    let dtype = match rest {
        "" => None,
        cast => {
            let cast = cast.strip_prefix(".astype(")?.strip_suffix(')')?.trim();
            Some(cast.trim_matches(['\'', '"']))
        }
    };
    let [of, bins, range] = <[&str; 3]>::try_from(split(&text[open + 1..close])).ok()?;
    let range = range.trim().strip_prefix('(')?.strip_suffix(')')?;
    let [low, high] = <[&str; 2]>::try_from(split(range)).ok()?;
    Some(Call {
        of,
        bins,
        low,
        high,
        dtype,
    })
}

/// The terms of a sum, each with its sign in front; `None` where something is compared.
pub(super) fn terms(text: &str) -> Option<Vec<&str>> {
    let (mut terms, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && matches!(c, '<' | '>' | '=' | '!') {
            return None;
        }
        let before = text[start..at].trim_end();
        if depth == 0 && matches!(c, '+' | '-') && ends_operand(before) {
            terms.push(before);
            start = at;
        }
    }
    terms.push(text[start..].trim_end());
    terms.retain(|term| !term.trim().is_empty());
    Some(terms)
}

/// Whether a sign after this text is between two terms, and not in front of a number or in its exponent.
fn ends_operand(text: &str) -> bool {
    let Some(last) = text.chars().last() else {
        return false;
    };
    let word = text.rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.')));
    let word = &text[word.map_or(0, |at| at + 1)..];
    let number = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let exponent = number && matches!(last, 'e' | 'E');
    !exponent && !matches!(last, '+' | '-' | '*' | '/' | '(' | ',')
}

/// Where the parenthesis closes with which a text begins.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Parts between commas that stand in no parenthesis.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            parts.push(&text[start..at]);
            start = at + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_a_histogram_comes_apart() {
        let call = call(
            "np.histogram(h - np.median(h), 128, (a - 27.0 * (b), a + 1))[0].astype('uint32')",
        )
        .unwrap();
        assert_eq!(call.of, "h - np.median(h)");
        assert_eq!((call.bins.trim(), call.dtype), ("128", Some("uint32")));
        assert_eq!((call.low, call.high.trim()), ("a - 27.0 * (b)", "a + 1"));
        for text in [
            "np.histogram(h, 128, (0, 1))",
            "np.histogram(h, 128, (0, 1))[1]",
            "np.histogram(h, 128)[0]",
            "np.histogram(h, (0, 1))[0]",
            "np.histogram2d(h, 2, (0, 1))[0]",
            "np.histogram(h, 128, (0, 1))[0].sum()",
            "histogram",
        ] {
            assert!(super::call(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_sum_comes_apart_into_its_terms() {
        let of = |text| terms(text).unwrap();
        assert!(of("").is_empty() && of(" ").is_empty());
        assert_eq!(
            of(" - a * -2 + 1e-3 - (b - c)"),
            [" - a * -2", "+ 1e-3", "- (b - c)"]
        );
        assert_eq!(of("-min(h, 2 - 3)+0.5"), ["-min(h, 2 - 3)", "+0.5"]);
        assert_eq!(of("- gain2e - 1."), ["- gain2e", "- 1."]);
        assert!(terms("- a == b").is_none());
    }
}
