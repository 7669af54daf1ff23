//! Conditions in numpy's words: `&`, `|` and `~` between conditions in parentheses, made `and`, `or` and `not`.
//!
//! Beside `digests.rs`. In Python these bind tighter than comparisons, `a >= 2 | b >= 2` asks something else than it seems
//! to: so what stands between them has to be in parentheses, or a call, and then both mean the same.

/// The condition in words; as it is where it has no such operator.
///
/// # Errors
/// In words: a comparison beside one of them that is in no parentheses.
pub(super) fn in_words(text: &str) -> Result<String, String> {
    let chars: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
    either(&chars)
}

fn either(chars: &[char]) -> Result<String, String> {
    let parts = split(chars, '|');
    let alone = parts.len() == 1;
    let parts = parts.into_iter().map(|part| both(part, alone));
    Ok(parts.collect::<Result<Vec<_>, _>>()?.join(" or "))
}

fn both(chars: &[char], alone: bool) -> Result<String, String> {
    let parts = split(chars, '&');
    let alone = alone && parts.len() == 1;
    let parts = parts.into_iter().map(|part| operand(part, alone));
    Ok(parts.collect::<Result<Vec<_>, _>>()?.join(" and "))
}

/// What stands between operators, or all of a text that has none.
fn operand(chars: &[char], alone: bool) -> Result<String, String> {
    let chars = trimmed(chars);
    if let Some((&'~', rest)) = chars.split_first() {
        return Ok(format!("not {}", operand(rest, false)?));
    }
    let opens = chars.first() == Some(&'(');
    if opens && closing(chars) == Some(chars.len() - 1) {
        return Ok(format!("({})", either(&chars[1..chars.len() - 1])?));
    }
    let text: String = chars.iter().collect();
    let name = chars.iter().position(|c| *c == '(');
    let is_call = name.is_some_and(|open| {
        let named = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
        open > 0 && chars[..open].iter().all(named) && {
            closing(&chars[open..]) == Some(chars.len() - open - 1)
        }
    });
    if alone || is_call {
        return Ok(text);
    }
    Err(format!(
        "has '{text}' beside &, | or ~, which bind tighter than comparisons; put it in parentheses"
    ))
}

/// Parts between an operator that stands in no parentheses.
fn split(chars: &[char], operator: char) -> Vec<&[char]> {
    let mut depth = 0;
    chars
        .split(|&c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0 && c == operator
        })
        .collect()
}

fn trimmed(chars: &[char]) -> &[char] {
    let start = chars.iter().position(|c| !c.is_whitespace());
    let end = chars.iter().rposition(|c| !c.is_whitespace());
    match (start, end) {
        (Some(start), Some(end)) => &chars[start..=end],
        _ => &[],
    }
}

/// Where the parenthesis closes with which these begin.
fn closing(chars: &[char]) -> Option<usize> {
    let mut depth = 0;
    chars.iter().position(|&c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    })
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn operators_of_numpy_become_words_where_both_mean_the_same() {
        for (text, words) in [
            ("(a >= 2) | (b >= 2)", "(a >= 2) or (b >= 2)"),
            ("~((a >= 2) | (b >= 2))", "not ((a >= 2) or (b >= 2))"),
            (
                "(a > 1) & ~(b == 0) | np.isnan(c)",
                "(a > 1) and not (b == 0) or np.isnan(c)",
            ),
            ("a >= 2 or b >= 2", "a >= 2 or b >= 2"),
            ("((a >= 2) & (b < 1))", "((a >= 2) and (b < 1))"),
            ("has(a, 3)", "has(a, 3)"),
            ("(a + b) * (a - b) > 0", "(a + b) * (a - b) > 0"),
        ] {
            assert_eq!(in_words(text).unwrap(), words, "{text}");
        }
        for text in [
            "a >= 2 | b >= 2",
            "(a >= 2) & b >= 2",
            "~a >= 2",
            "(a) + (b) > 2 & (a > 1)",
            "isnan(a) > 2 | (b > 1)",
            "(a >= 2) |",
        ] {
            let message = in_words(text).unwrap_err();
            assert!(
                message.contains("put it in parentheses"),
                "{text}: {message}"
            );
        }
    }
}
