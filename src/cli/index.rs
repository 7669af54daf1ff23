//! `icefold index`: granules to an index, and `--index`: what verbs are told by one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::builder::BoolishValueParser;
use clap::{ArgMatches, Args, ValueEnum};
use serde_json::json;

use crate::error::{Error, Result};
use crate::index::Made;
use crate::pipeline::Memory;
use crate::plan::Indexed;
use crate::run::{Granules, MakeIndex};
use crate::source::Remote;
use crate::text::size;

use super::access::AccessArgs;
use super::args::ProgressArg;
use super::changes::ChangeArgs;
use super::exit::exit_code;
use super::lists::ListArgs;
use super::machine::threads;
use super::out::{print, print_json};
use super::plan::strict_or_tolerant;
use super::progress::Progress;
use super::words::CommandLine;

/// The command line of `index`.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// Granules, or folders of granules
    #[arg(value_name = "GRANULE|DIR", required_unless_present = "granules_from")]
    pub granules: Vec<PathBuf>,
    #[command(flatten)]
    pub lists: ListArgs,
    /// The index to write, or to bring up to date: only granules that are new or changed are opened
    #[arg(short, long, value_name = "INDEX.parquet")]
    pub output: PathBuf,
    /// A config that says where positions are [default: the built-in one of each granule's product]
    #[arg(long)]
    pub config: Option<String>,
    #[command(flatten)]
    pub changes: ChangeArgs,
    /// Take granules out of the index whose files are not there any more
    #[arg(long)]
    pub remove_gone: bool,
    /// Granules read at the same time [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Stop at the first granule that cannot be read (the default)
    #[arg(long)]
    pub strict: bool,
    /// Leave out granules that cannot be read, say which, and exit with 3
    #[arg(long, env = "ICEFOLD_TOLERANT")]
    #[arg(value_parser = BoolishValueParser::new())]
    pub tolerant: bool,
    #[command(flatten)]
    pub access: AccessArgs,
    /// Memory, of which half of what the program leaves is for storage chunks, such as 512MiB or 4GiB
    #[arg(long, env = "ICEFOLD_MEMORY", value_name = "SIZE", default_value_t = Memory::DEFAULT)]
    pub memory: Memory,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What a verb is told of granules before it opens any.
#[derive(Debug, Args)]
pub struct KnownArgs {
    /// An index of granules, which icefold index makes: those that cannot count are not opened, and of objects nothing is
    /// fetched that is kept there; without granules, all that it knows are read
    #[arg(long, value_name = "INDEX.parquet")]
    pub index: Option<PathBuf>,
    /// Which objects are asked whether they are what the index knows
    #[arg(long, value_enum, default_value_t = Check::All, requires = "index")]
    pub index_check: Check,
}

/// Objects that are held to the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// All, by a request for each; one that changed is opened as if the index did not know it
    All,
    /// Those that are read, when they are: one that changed is an error
    Read,
}

impl KnownArgs {
    /// The granules that are named, or those of the index.
    ///
    /// # Errors
    /// A file that is no index.
    pub fn granules(&self, named: Vec<PathBuf>) -> Result<Granules> {
        match &self.index {
            Some(index) if named.is_empty() => Granules::in_index(index),
            _ => Ok(Granules::named(named)),
        }
    }

    /// How objects are read that an index knows.
    pub fn remote(&self, remote: Remote) -> Remote {
        Remote {
            unasked: self.index_check == Check::Read,
            ..remote
        }
    }
}

pub fn index(
    args: &IndexArgs,
    matches: Option<&ArgMatches>,
    interrupted: Arc<AtomicBool>,
) -> Result<u8> {
    let started = Instant::now();
    strict_or_tolerant(matches)?;
    let config = args.config.as_ref().map(|config| args.changes.load(config));
    let config = config.transpose()?;
    if let Some(flag) = args.changes.given().filter(|_| config.is_none()) {
        return Err(Error::argument(format!(
            "{flag} changes a config, and none is named; name one with --config, or leave it out"
        )));
    }
    let remote = args.access.remote(Arc::clone(&interrupted));
    let traffic = Arc::clone(&remote.traffic);
    let progress = Progress::new(ProgressArg::Auto, interrupted);
    let granules = Granules::named(args.lists.with(&args.granules, &remote)?);
    let mut asked = MakeIndex::new(granules, &args.output)
        .remove_gone(args.remove_gone)
        .tolerant(args.tolerant && !args.strict)
        .external(args.access.folders()?)
        .remote(remote)
        .threads(threads(args.threads))
        .memory(args.memory)
        .dialect(&CommandLine)
        .watch(&progress);
    if let Some(config) = config {
        asked = asked.config(config);
    }
    let made = asked.execute()?;
    let took = traffic.took();
    let seconds = started.elapsed().as_secs_f64();
    if args.json {
        let gone = made.gone.iter().map(|gone| &gone.address);
        print_json(&json!({
            "index": args.output.display().to_string(),
            "granules": made.granules,
            "new": made.new,
            "changed": made.changed,
            "same": made.same,
            "others": made.others,
            "gone": gone.collect::<Vec<_>>(),
            "removed": made.gone.iter().filter(|gone| gone.removed).count(),
            "failed": made.failed.len(),
            "written": made.written,
            "bytes": made.bytes,
            "requests": took.requests,
            "bytes_received": took.received,
            "seconds": seconds,
        }))?;
    } else {
        print(&said(args, &made, seconds))?;
    }
    Ok(exit_code(made.failed.is_empty()))
}

fn said(args: &IndexArgs, made: &Made, seconds: f64) -> String {
    let index = args.output.display();
    let Made {
        granules,
        new,
        changed,
        same,
        others,
        ..
    } = made;
    let text = format!(
        "{index}\n  {granules} granules, {}: {new} new, {changed} changed, {same} as they were, {others} not named \
         now; {seconds:.2} s",
        size(made.bytes)
    );
    if made.written {
        text
    } else {
        format!("{text}; nothing to write")
    }
}

/// What came of an index, as a line; `None` where there was none.
pub fn of_index(indexed: Option<&Indexed>) -> Option<String> {
    let indexed = indexed?;
    let others = match (indexed.changed, indexed.unknown) {
        (0, 0) => String::new(),
        (changed, unknown) => format!(", {changed} changed since, {unknown} not in it"),
    };
    Some(format!(
        "{} granules were not opened, as {} knows them{others}",
        indexed.spared,
        indexed.index.display()
    ))
}
