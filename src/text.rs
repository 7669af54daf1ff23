//! Text for people: aligned columns, grouped digits, and names that cannot change what a terminal does.
//!
//! Beside the line. Names, units and messages in files are other people's text: of any length, with any
//! characters.

/// Characters of a table's cell that are shown.
const WIDEST: usize = 120;

/// The text with control characters written out, as `\u{1b}`; line ends too.
pub fn one_line(text: &str) -> String {
    escaped(text, |_| false)
}

/// What a library says, in one line and not at length: its white space drawn together, cut after 200 characters.
pub fn condensed(text: &impl ToString) -> String {
    const LONGEST: usize = 200;
    let text = text.to_string();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words.filter(|w| !w.is_empty()).collect::<Vec<_>>();
    let line = line.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// As [`one_line`], but for line ends and tabs.
pub fn lines(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmless(c) || keep(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    out
}

/// Neither a control character nor one that turns the direction of the text around it.
fn is_harmless(c: char) -> bool {
    let turns =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// A cell of a table: one line, cut where it is very long.
fn cell(text: &str) -> String {
    let text = one_line(text);
    if text.char_indices().nth(WIDEST).is_none() {
        text
    } else {
        let end = text.char_indices().nth(WIDEST - 3).map_or(0, |(at, _)| at);
        format!("{}...", &text[..end])
    }
}

/// The text and as many spaces as make it `width` characters.
pub fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

/// Lines of equal columns, two spaces apart, without trailing space.
pub fn aligned(table: &[Vec<String>]) -> String {
    let cells = |line: &Vec<String>| line.iter().map(|text| cell(text)).collect();
    let table: Vec<Vec<String>> = table.iter().map(cells).collect();
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| {
        let cells = table.iter().filter_map(|line| line.get(c));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in &table {
        let cells = line.iter().zip(&widths).map(|(cell, &w)| padded(cell, w));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A count with a comma between thousands.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}

/// Bytes in the largest binary unit of which there is one.
pub fn size(bytes: u64) -> String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB")];
    let (unit, name) = units
        .into_iter()
        .find(|(unit, _)| bytes >= *unit)
        .unwrap_or((1 << 10, "KiB"));
    format!("{:.1} {name}", bytes as f64 / unit as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_the_largest_unit_that_they_fill() {
        let found = [512, 1 << 20, 3 << 29, 5 << 40].map(size);
        assert_eq!(found, ["0.5 KiB", "1.0 MiB", "1.5 GiB", "5.0 TiB"]);
    }

    #[test]
    fn tables_align_and_have_no_trailing_space() {
        let table = [["a", "bb"], ["ccc", ""]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(aligned(&table), "a    bb\nccc\n");
    }

    #[test]
    fn cells_of_any_length_are_shown_in_part() {
        let table = [vec!["x".repeat(200_000), "y".into()], vec!["é".repeat(300)]];
        let text = aligned(&table);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("{}...  y", "x".repeat(WIDEST - 3)));
        assert_eq!(lines[1].chars().count(), WIDEST);
    }

    #[test]
    fn what_could_steer_a_terminal_is_written_out() {
        assert_eq!(
            one_line("a\u{1b}[2J\nb\u{202e}"),
            "a\\u{1b}[2J\\nb\\u{202e}"
        );
        assert_eq!(lines("a\u{7}\n\tb\r"), "a\\u{7}\n\tb\\r");
        assert_eq!(one_line("Grönland, 日本 ±0.5°"), "Grönland, 日本 ±0.5°");
    }

    #[test]
    fn thousands_are_grouped() {
        let found = [0, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(found, ["0", "999", "1,000", "1,234,567"]);
    }
}
