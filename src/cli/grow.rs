//! How a run goes on with what there is: after an interrupt, and with a store that grows.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use crate::error::{Error, Result};
use crate::run::Run;

#[derive(Debug, Args)]
pub struct GrowArgs {
    /// Go on with a run that was interrupted: keep the shards, or the granules, that are done
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Seconds from one time that what is merged and not finished is saved, for --resume, to the next
    #[arg(
        long,
        env = "ICEFOLD_CHECKPOINT",
        value_name = "SECONDS",
        default_value_t = 300
    )]
    pub checkpoint: u64,
    /// Add to this store, in place of --store: name all granules that it is to have, those that it has and new ones; only
    /// what is new is made
    #[arg(long, value_name = "STORE.zarr", conflicts_with_all = ["overwrite", "plan", "shards"])]
    pub update: Option<PathBuf>,
    /// With --update, take granules out of the store that are not named
    #[arg(long, requires = "update")]
    pub allow_removal: bool,
    /// Keep the partials of all granules beside the store, in OUT.zarr.partials: with them --update reads only what is new
    #[arg(long, conflicts_with_all = ["plan", "shards"])]
    pub keep_partials: bool,
}

impl GrowArgs {
    /// Where the store is.
    ///
    /// # Errors
    /// Both flags name it.
    pub fn store<'s>(
        &'s self,
        store: Option<&'s Path>,
        matches: Option<&ArgMatches>,
    ) -> Result<Option<&'s Path>> {
        let typed = matches.and_then(|matches| matches.value_source("store"));
        if let (Some(update), Some(store), Some(ValueSource::CommandLine)) =
            (&self.update, store, typed)
        {
            return Err(Error::argument(format!(
                "--update {} adds to a store and --store {} makes one; give one of them",
                update.display(),
                store.display()
            )));
        }
        Ok(self.update.as_deref().or(store))
    }

    /// A run that goes on so.
    pub fn settle<'a>(&self, run: Run<'a>) -> Run<'a> {
        run.resume(self.resume)
            .checkpoint(Duration::from_secs(self.checkpoint))
            .update(self.update.is_some())
            .allow_removal(self.allow_removal)
            .keep_partials(self.keep_partials)
    }
}
