//! How the program ends: what an error prints, and the exit code.

use std::io::Write;

use crate::error::{Error, Kind};
use crate::text;

use super::signals;
use super::words::CommandLine;

/// Exit code of a tolerant run that left granules or rows out.
const PARTIAL: u8 = 3;

/// The exit code of what was done, whole or not.
pub fn exit_code(whole: bool) -> u8 {
    if whole { 0 } else { PARTIAL }
}

/// Says on standard error what went wrong, and gives back the exit code.
pub fn failed(error: &Error) -> u8 {
    signals::yield_to_the_last();
    // Standard error may be closed or full; the exit code still tells.
    let text = text::lines(&error.render(&CommandLine));
    let _ = writeln!(std::io::stderr(), "error: {text}");
    code_of(error.kind())
}

/// The exit code of a program that stops with an error of this kind.
fn code_of(kind: Kind) -> u8 {
    match kind {
        Kind::Argument | Kind::Config | Kind::Map => 2,
        Kind::Granule
        | Kind::TooLarge
        | Kind::NoGranule
        | Kind::Report
        | Kind::Store
        | Kind::Pieces
        | Kind::Io
        | Kind::Spilled
        | Kind::Gate => 1,
        Kind::Mismatch => 4,
        Kind::Device => 5,
        Kind::Interrupted | Kind::Resumable => 130,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_what_was_found_and_what_broke_have_codes_of_their_own() {
        let codes = [
            (Kind::Argument, 2),
            (Kind::Map, 2),
            (Kind::Granule, 1),
            (Kind::Spilled, 1),
            (Kind::Mismatch, 4),
            (Kind::Device, 5),
            (Kind::Interrupted, 130),
            (Kind::Resumable, 130),
        ];
        for (kind, code) in codes {
            assert_eq!(code_of(kind), code, "{kind:?}");
        }
    }
}
