//! The command line: one file per group of verbs, results on standard output, all else on standard
//! error.

mod access;
mod aggregate;
mod args;
mod bench;
#[cfg(all(feature = "cuda", feature = "hdf5"))]
mod bench_device;
mod cells;
mod changes;
mod cite;
mod clean;
mod demo;
mod devices;
mod exit;
mod export;
mod finalize;
mod grow;
mod index;
mod lists;
mod machine;
mod maps;
mod measure;
mod meter;
mod near;
mod out;
mod overviews;
mod paint;
mod plan;
mod progress;
mod run;
mod settings;
mod show;
mod signals;
mod timed;
mod urls;
mod verify;
mod view;
mod words;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use crate::error::Result;

use args::{Cli, Verb};
pub use exit::failed;
#[doc(hidden)]
pub use machine::cache;

/// Parses the command line of the process, runs its verb and gives back the exit code.
///
/// # Errors
/// Whatever stops the verb; usage errors of the command line itself exit at once with code 2.
pub fn run() -> Result<u8> {
    run_with(std::env::args_os().collect())
}

/// As [`run`], with this command line, the name of the program first.
///
/// # Errors
/// As [`run`].
pub fn run_with(command: Vec<OsString>) -> Result<u8> {
    let matches = Cli::command().get_matches_from(&command);
    machine::called_as(command);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let verb_matches = matches.subcommand().map(|(_, matches)| matches);
    refuse_to_die_of_a_full_disk()?;
    if let Some((name, matches)) = matches.subcommand()
        && let Some(verb) = Cli::command().find_subcommand(name)
    {
        urls::refuse_in(verb, matches)?;
    }
    if let Verb::Run(_) | Verb::Index(_) | Verb::Plan(_) | Verb::Verify(_) | Verb::Inspect(_) =
        cli.verb
    {
        say_where_filters_are_loaded_from();
    }
    match cli.verb {
        Verb::Demo(args) => demo::demo(&args, signals::interrupted()?),
        Verb::Run(args) => run::run(&args, verb_matches, signals::interrupted()?),
        Verb::Index(args) => index::index(&args, verb_matches, signals::interrupted()?),
        Verb::Plan(args) => plan::plan(&args, verb_matches, signals::interrupted()?),
        Verb::Finalize(args) => finalize::finalize(&args, signals::interrupted()?),
        Verb::Inspect(args) => show::inspect(&args),
        Verb::Cite(args) => cite::cite(&args),
        Verb::Render(args) => maps::render(&args),
        Verb::View(args) => view::view(&args),
        Verb::Export(args) => export::export(&args),
        Verb::Verify(args) if args.devices.is_empty() => verify::stores(&args, verb_matches),
        Verb::Verify(args) => verify::devices(&args, signals::interrupted()?),
        Verb::Devices(args) => devices::devices(&args, signals::interrupted),
        Verb::Bench(args) => bench::bench(&args),
        Verb::Aggregate(args) => aggregate::aggregate(&args, verb_matches, signals::interrupted),
        #[cfg(all(feature = "cuda", feature = "hdf5"))]
        Verb::BenchDevice(args) => bench_device::bench_device(&args),
        Verb::Clean(args) => clean::clean(&args),
        Verb::Config(args) => changes::config(&args),
        Verb::Schema(args) => show::schema(&args),
        Verb::Completions(args) => show::completions(&args),
    }
}

/// Code of others runs where HDF5 loads a filter, so it is said.
fn say_where_filters_are_loaded_from() {
    if let Some(folders) = crate::read::hdf5::plugin_folders() {
        out::note(format_args!(
            "note: HDF5_PLUGIN_PATH is set, so filters that are not built in are loaded from {folders}"
        ));
    }
}

/// A write beyond the file size limit becomes an error of that write, reported and cleaned up like a
/// full disk, instead of a signal that ends the process.
#[cfg(unix)]
fn refuse_to_die_of_a_full_disk() -> Result<()> {
    let ignored = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, ignored)
        .map(drop)
        .map_err(|e| crate::Error::argument(format!("cannot ignore SIGXFSZ: {e}")))
}

/// Elsewhere files have no such limit.
#[cfg(not(unix))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "it can fail where there is a limit"
)]
fn refuse_to_die_of_a_full_disk() -> Result<()> {
    Ok(())
}
