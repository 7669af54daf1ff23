//! The `icefold` program: parse the command line, run one verb, turn an error into an exit code.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match icefold::cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Standard error may be closed or full; the exit code still tells.
            let text = icefold::text::lines(&error.to_string());
            let _ = writeln!(std::io::stderr(), "error: {text}");
            ExitCode::from(error.exit_code())
        }
    }
}
