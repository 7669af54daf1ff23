//! Standard output, on which a reader may hang up (`icefold inspect x | head`) without that being an error.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use crate::error::{Error, Result};
use crate::text;

use super::paint::{painted, shows_colours};

/// Says something to people on standard error. Nobody may be listening, or the disk that it is sent
/// to be full: neither is a reason to stop.
pub fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{}", text::one_line(&text.to_string()));
}

/// Writes text to standard output, with a line end if it lacks one.
pub fn print(text: &str) -> Result<()> {
    write_out(&text::lines(text))
}

/// Writes text that has its colours already, if any.
pub fn print_painted(text: &str) -> Result<()> {
    write_out(text)
}

fn write_out(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match write!(out, "{text}{end}").and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write", "standard output", e))
        }
        _ => Ok(()),
    }
}

/// Writes a summary to standard output, in colours where it is a terminal.
pub fn print_summary(text: &str) -> Result<()> {
    if !shows_colours() {
        return print(text);
    }
    // Names in it cannot have colours of their own: they are written out first.
    write_out(&painted(&text::lines(text)))
}

/// Writes a JSON document to standard output.
pub fn print_json(value: &serde_json::Value) -> Result<()> {
    print(&format!("{value:#}"))
}
