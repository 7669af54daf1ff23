//! The `icefold` program: parse the command line, run one verb, turn an error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match icefold::cli::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
