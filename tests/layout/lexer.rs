//! Splits Rust, CUDA C++ and WGSL source into code and comments, line by line: enough of the three
//! languages to know what is inside a comment or a string, and no more.

/// One line of source.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What the compiler reads, without the contents of strings.
    pub code: String,
    /// What follows `//` or stands in `/* */`.
    pub comment: String,
    /// What stands in strings, [`OPENING`] before each that begins here.
    pub text: String,
}

/// Stands before the content of a string.
const OPENING: char = '\0';

/// Where the reading is, between two characters.
enum State {
    Code,
    LineComment,
    /// Inside this many `/*`.
    BlockComment(usize),
    Text,
    /// A raw string that ends with this: `"##`, say.
    RawText(String),
}

/// The lines of `source`.
pub fn lines(source: &str) -> Vec<Line> {
    let mut state = State::Code;
    let mut lines = Vec::new();
    for text in source.lines() {
        let mut line = Line::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (next, used) = step(&state, rest, &mut line);
            rest = &rest[used..];
            if let Some(next) = next {
                state = next;
            }
        }
        if matches!(state, State::LineComment) {
            state = State::Code;
        }
        lines.push(line);
    }
    lines
}

/// What strings of `source` hold, escapes as they are written, with the number of the line where each begins.
pub fn strings(source: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (number, line) in lines(source).into_iter().enumerate() {
        let mut texts = line.text.split(OPENING);
        let rest_of_last = texts.next().unwrap_or_default();
        if let Some((_, last)) = found.last_mut().filter(|_| !rest_of_last.is_empty()) {
            // A line that ends in `\` goes on at the next one's first word.
            if last.ends_with('\\') {
                last.pop();
            }
            last.push_str(rest_of_last.trim_start());
        }
        found.extend(texts.map(|text| (number + 1, text.to_owned())));
    }
    found
}

/// Takes the next piece of `rest` into `line`; returns the state after it where that changes, and
/// the piece's length.
fn step(state: &State, rest: &str, line: &mut Line) -> (Option<State>, usize) {
    let first = rest.chars().next().map_or(0, char::len_utf8);
    match state {
        State::Code => code(rest, first, line),
        State::LineComment => {
            line.comment.push_str(rest);
            (None, rest.len())
        }
        State::BlockComment(1) if rest.starts_with("*/") => (Some(State::Code), 2),
        State::BlockComment(depth) if rest.starts_with("*/") => {
            (Some(State::BlockComment(depth - 1)), 2)
        }
        State::BlockComment(depth) if rest.starts_with("/*") => {
            (Some(State::BlockComment(depth + 1)), 2)
        }
        State::BlockComment(_) => {
            line.comment.push_str(&rest[..first]);
            (None, first)
        }
        State::Text if rest.starts_with('\\') => {
            let escaped = rest[1..].chars().next().map_or(0, char::len_utf8);
            line.text.push_str(&rest[..=escaped]);
            (None, 1 + escaped)
        }
        State::Text if rest.starts_with('"') => (Some(State::Code), first),
        State::RawText(end) if rest.starts_with(end.as_str()) => (Some(State::Code), end.len()),
        State::Text | State::RawText(_) => {
            line.text.push_str(&rest[..first]);
            (None, first)
        }
    }
}

/// `step` in code.
fn code(rest: &str, first: usize, line: &mut Line) -> (Option<State>, usize) {
    if rest.starts_with("//") {
        return (Some(State::LineComment), 2);
    }
    if rest.starts_with("/*") {
        return (Some(State::BlockComment(1)), 2);
    }
    if rest.starts_with('"') {
        line.text.push(OPENING);
        return (Some(State::Text), 1);
    }
    let in_a_name = line
        .code
        .ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if let Some(hashes) = raw_string(rest).filter(|_| !in_a_name || line.code.ends_with('b')) {
        line.text.push(OPENING);
        return (
            Some(State::RawText(format!("\"{}", "#".repeat(hashes)))),
            hashes + 2,
        );
    }
    if let Some(length) = quoted_character(rest) {
        return (None, length);
    }
    line.code.push_str(&rest[..first]);
    (None, first)
}

/// The number of `#` where `rest` opens a raw string.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.bytes().take_while(|&byte| byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The length of the quoted character that `rest` opens with; a lifetime is none.
fn quoted_character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    if let Some(escape) = inside.strip_prefix('\\') {
        // The escaped character itself may be a quote.
        let end = escape.char_indices().skip(1).find(|(_, c)| *c == '\'')?.0;
        return Some(end + 3);
    }
    let character = inside.chars().next()?;
    let length = character.len_utf8();
    inside[length..].starts_with('\'').then_some(length + 2)
}

#[test]
fn code_and_comments_come_apart() {
    let source = r##"let a = "// no \" comment"; // one
let b: &'a str = r#"unsafe " "#; /* two /* nested */ still */ let d = ['"', '\''];
/* three
four */ end
let e = br"x" ; // five "six
"##;
    let line = |code: &str, comment: &str| (code.to_owned(), comment.to_owned());
    let expected = [
        line("let a = ; ", " one"),
        line("let b: &'a str = ;  let d = [, ];", " two  nested  still "),
        line("", " three"),
        line(" end", "four "),
        line("let e = b ; ", " five \"six"),
    ];
    let found = lines(source).into_iter();
    let found: Vec<_> = found.map(|line| (line.code, line.comment)).collect();
    assert_eq!(found, expected);
}

#[test]
fn strings_are_whole_over_several_lines() {
    let source =
        "f(\"one \\\n   two\", '\"', r#\"a \"b\" \\\"#); // \"no\"\nlet c = \"\"; g(\"x\\\"y\")\n";
    let found = strings(source);
    let expected = [(1, "one two"), (2, "a \"b\" \\"), (3, ""), (3, "x\\\"y")];
    let expected: Vec<_> = expected.map(|(n, text)| (n, text.to_owned())).into();
    assert_eq!(found, expected);
}
