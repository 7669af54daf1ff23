//! Colours of what a run says at its end, for terminals only: not where the output goes elsewhere, nor where `NO_COLOR` is set.

use std::io::IsTerminal;

/// Colours of terminals, by what they stand for here.
#[derive(Debug, Clone, Copy)]
enum Ink {
    Heading,
    Good,
    Odd,
    Command,
    Quiet,
}

impl Ink {
    /// The number of the sequence that begins it (ECMA-48, section 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Self::Heading => "1",
            Self::Good => "32",
            Self::Odd => "33",
            Self::Command => "36",
            Self::Quiet => "2",
        }
    }

    fn over(self, text: &str) -> String {
        format!("\u{1b}[{}m{text}\u{1b}[0m", self.code())
    }
}

/// Whether standard output shows colours. `NO_COLOR` counts where it is not empty (no-color.org).
pub fn shows_colours() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !unwanted && !dumb && std::io::stdout().is_terminal()
}

/// A summary with its colours: what was kept is green, what was left out yellow, hashes are dim.
///
/// Only colours are added: without them the text is what it was.
pub fn painted(summary: &str) -> String {
    summary.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let text = line.trim_end_matches('\n');
    let end = &line[text.len()..];
    let Some(rest) = text.strip_prefix("  ") else {
        let heading = if text.is_empty() {
            String::new()
        } else {
            Ink::Heading.over(text)
        };
        return heading + end;
    };
    // A label has 16 columns; a command is one from its first word on.
    let named = rest.char_indices().nth(16).map(|(at, _)| rest.split_at(at));
    let painted = match named {
        Some((label, value)) if label.ends_with(' ') => match ink(label.trim()) {
            Some(ink) => format!("  {label}{}", ink.over(value)),
            None => format!("  {label}{value}"),
        },
        _ => format!("  {rest}"),
    };
    painted + end
}

fn ink(label: &str) -> Option<Ink> {
    match label {
        "kept" | "photons kept" | "occupied cells" => Some(Ink::Good),
        "rejected" | "not read" | "null" | "left out" | "ground tracks" | "without weight" => {
            Some(Ink::Odd)
        }
        "content" | "time" => Some(Ink::Quiet),
        _ => None,
    }
}

/// What is proposed to be run, with what it is for behind it.
pub fn proposal(command: &str, meaning: &str, colours: bool) -> String {
    let meaning = format!("# {meaning}");
    if colours {
        let (command, meaning) = (Ink::Command.over(command), Ink::Quiet.over(&meaning));
        return format!("  {meaning}\n  {command}\n");
    }
    format!("  {meaning}\n  {command}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without its colours.
    fn washed(text: &str) -> String {
        let mut parts = text.split("\u{1b}[");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| {
            all + part.split_once('m').map_or(part, |(_, rest)| rest)
        })
    }

    #[test]
    fn colours_change_no_letter() {
        let summary = "land ice\n  granules         4 read\n  photons          12 read\n    kept           10\n    \
                       rejected       2 (bad_coordinate)\n  content          sha256 ab\n\nmore\n";
        let shown = painted(summary);
        assert_eq!(washed(&shown), summary);
        assert!(shown.contains("\u{1b}[32m 10\u{1b}[0m"), "{shown:?}");
        assert!(
            shown.contains("\u{1b}[33m 2 (bad_coordinate)\u{1b}[0m"),
            "{shown:?}"
        );
        assert!(shown.contains("  granules         4 read\n"), "{shown:?}");
        assert!(shown.starts_with("\u{1b}[1mland ice"), "{shown:?}");
    }

    #[test]
    fn a_proposal_is_a_command_below_its_meaning() {
        let plain = proposal("icefold inspect a.zarr", "what is in it", false);
        assert_eq!(plain, "  # what is in it\n  icefold inspect a.zarr\n");
        assert_eq!(washed(&proposal("a", "b", true)), proposal("a", "b", false));
    }
}
