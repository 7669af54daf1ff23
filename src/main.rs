//! The `icefold` program: parse the command line, run one verb, turn an error into an exit code.

use std::process::ExitCode;

use icefold::cli;

fn main() -> ExitCode {
    ExitCode::from(cli::run().unwrap_or_else(|error| cli::failed(&error)))
}
