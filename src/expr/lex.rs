//! Tokens of the expression language: text to tokens with positions, before `parse.rs`.
//!
//! Dotted names (`np.sqrt`) are one token, and so are columns of a dataset (`conf[3]`). Positions are columns of the text, counted from 1.

use super::functions::at;

/// One token and the column that it starts at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub column: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    Name(String),
    /// An operator or a bracket, one of [`SYMBOLS`] or [`WORDS`].
    Symbol(&'static str),
    End,
}

/// Longest first, so that `**` is not read as two `*`.
const SYMBOLS: [&str; 15] = [
    "**", "==", "!=", "<=", ">=", "<", ">", "=", "+", "-", "*", "/", "(", ")", ",",
];

/// Operators that are words.
const WORDS: [&str; 3] = ["and", "or", "not"];

/// Splits the text into tokens; the last one is [`TokenKind::End`].
///
/// Fails on a character that no token starts with and on a number that f64 cannot hold.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        if c.is_ascii_whitespace() {
            i += 1;
            continue;
        }
        let rest = &chars[i..];
        let (kind, length) = if c.is_ascii_digit() || (c == '.' && starts_digit(rest, 1)) {
            number(rest, i + 1)?
        } else if starts_name(rest, 0) {
            name(rest)
        } else {
            symbol(rest, i + 1)?
        };
        tokens.push(Token {
            kind,
            column: i + 1,
        });
        i += length;
    }
    tokens.push(Token {
        kind: TokenKind::End,
        column: chars.len() + 1,
    });
    Ok(tokens)
}

fn starts_digit(rest: &[char], i: usize) -> bool {
    rest.get(i).is_some_and(char::is_ascii_digit)
}

fn starts_name(rest: &[char], i: usize) -> bool {
    rest.get(i)
        .is_some_and(|c| c.is_ascii_alphabetic() || *c == '_')
}

fn digits(rest: &[char], from: usize) -> usize {
    let end = rest[from..].iter().position(|c| !c.is_ascii_digit());
    end.map_or(rest.len(), |n| from + n)
}

fn number(rest: &[char], column: usize) -> Result<(TokenKind, usize), String> {
    let mut end = digits(rest, 0);
    if rest.get(end) == Some(&'.') {
        end = digits(rest, end + 1);
    }
    if matches!(rest.get(end), Some('e' | 'E')) {
        let sign = usize::from(matches!(rest.get(end + 1), Some('+' | '-')));
        if starts_digit(rest, end + 1 + sign) {
            end = digits(rest, end + 1 + sign);
        }
    }
    let text: String = rest[..end].iter().collect();
    if starts_name(rest, end) {
        return Err(at(column, format!("number '{text}' runs into a name")));
    }
    match text.parse::<f64>() {
        // What is written without a point is that number and no other.
        Ok(value)
            if text
                .parse::<u128>()
                .is_ok_and(|whole| value as u128 != whole) =>
        {
            let message = format!(
                "number '{text}' is beyond the whole numbers of float64, in which expressions compute"
            );
            Err(at(column, message))
        }
        Ok(value) if value.is_finite() => Ok((TokenKind::Number(value), end)),
        _ => Err(at(column, format!("number '{text}' is out of range"))),
    }
}

fn name(rest: &[char]) -> (TokenKind, usize) {
    let is_inside = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let mut end = 0;
    loop {
        while rest.get(end).is_some_and(is_inside) {
            end += 1;
        }
        if rest.get(end) == Some(&'.') && starts_name(rest, end + 1) {
            end += 1;
        } else {
            end += column_index(&rest[end..]);
            let name: String = rest[..end].iter().collect();
            let word = WORDS.into_iter().find(|word| *word == name);
            return (word.map_or(TokenKind::Name(name), TokenKind::Symbol), end);
        }
    }
}

/// The length of `[3]`, which belongs to the name before it.
fn column_index(rest: &[char]) -> usize {
    if rest.first() != Some(&'[') {
        return 0;
    }
    let end = digits(rest, 1);
    if end > 1 && rest.get(end) == Some(&']') {
        end + 1
    } else {
        0
    }
}

fn symbol(rest: &[char], column: usize) -> Result<(TokenKind, usize), String> {
    let two: String = rest.iter().take(2).collect();
    if two == "//" {
        return Err(at(column, "'//' is not in the language; use '/'"));
    }
    for (python, word) in [("&", "and"), ("|", "or"), ("~", "not"), ("!", "not")] {
        if two.starts_with(python) && two != "!=" {
            let message = format!(
                "'{python}' is not in the language; write {word} between conditions, and has(x, bits) or \
                 lacks(x, bits) for bits"
            );
            return Err(at(column, message));
        }
    }
    for symbol in SYMBOLS {
        if two.starts_with(symbol) {
            return Ok((TokenKind::Symbol(symbol), symbol.len()));
        }
    }
    let found = rest.iter().take(1).collect::<String>();
    Err(at(
        column,
        format!(
            "unexpected '{}'; allowed are numbers, column names, + - * / **, parentheses and functions",
            found.escape_debug()
        ),
    ))
}
