//! `--allow-external`: where granules may lead, for the verbs that open them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::config::Access;
use crate::error::{Error, Result};
use crate::source::Remote;

use super::words::CommandLine;

/// Where granules may lead.
#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(flatten)]
    pub external: ExternalArgs,
    /// Read objects without credentials, whatever there are
    #[arg(long, alias = "no-sign-request", env = "ICEFOLD_ANONYMOUS")]
    #[arg(value_parser = BoolishValueParser::new())]
    pub anonymous: bool,
    /// Read and write by http:// of other machines, too: whoever is on the way may change what comes
    #[arg(long)]
    pub allow_http: bool,
    /// Keep whole objects in this folder, and look there first
    #[arg(long, env = "ICEFOLD_CACHE", value_name = "DIR")]
    pub cache: Option<PathBuf>,
    #[command(flatten)]
    pub scratch: ScratchArgs,
}

/// Where is made what goes to a store of objects.
#[derive(Debug, Args)]
pub struct ScratchArgs {
    /// The folder in which is made what is sent to s3:// then; it needs room for all of it [default: the folder of
    /// temporary files]
    #[arg(long, env = "ICEFOLD_SCRATCH", value_name = "DIR")]
    pub scratch: Option<PathBuf>,
}

impl ScratchArgs {
    /// The folder.
    pub fn folder(&self) -> PathBuf {
        self.scratch.clone().unwrap_or_else(std::env::temp_dir)
    }
}

/// How objects are written by verbs that read no granules.
#[derive(Debug, Args)]
pub struct AwayArgs {
    #[command(flatten)]
    pub scratch: ScratchArgs,
    /// Send objects over http:// to other machines, too: whoever is on the way may change them
    #[arg(long)]
    pub allow_http: bool,
}

impl AwayArgs {
    /// How that is done, until somebody wishes to stop.
    pub fn remote(&self, stop: Arc<AtomicBool>) -> Remote {
        Remote {
            allow_http: self.allow_http,
            stop,
            ..Remote::default()
        }
    }
}

/// Where the files of a granule may lead.
#[derive(Debug, Args)]
pub struct ExternalArgs {
    /// Follow external links, external raw data and virtual datasets to files in this folder and below,
    /// too, beside the granule's own
    #[arg(long = "allow-external", value_name = "DIR")]
    pub allow_external: Vec<PathBuf>,
}

impl ExternalArgs {
    /// The folders, which must be there.
    ///
    /// # Errors
    /// One is not.
    pub fn folders(&self) -> Result<Vec<PathBuf>> {
        for folder in &self.allow_external {
            if !folder.is_dir() {
                return Err(Error::argument(format!(
                    "--allow-external {} is not a folder; name one that is there",
                    folder.display()
                )));
            }
        }
        Ok(self.allow_external.clone())
    }
}

impl AccessArgs {
    /// As [`ExternalArgs::folders`].
    ///
    /// # Errors
    /// As there.
    pub fn folders(&self) -> Result<Vec<PathBuf>> {
        self.external.folders()
    }

    /// How objects are read, until somebody wishes to stop.
    pub fn remote(&self, stop: Arc<AtomicBool>) -> Remote {
        Remote {
            anonymous: self.anonymous,
            allow_http: self.allow_http,
            cache: self.cache.clone(),
            stop,
            ..Remote::default()
        }
    }

    /// The rules of a verb that has no others.
    ///
    /// # Errors
    /// As [`AccessArgs::folders`].
    pub fn rules(&self, tolerant: bool) -> Result<Access> {
        Ok(Access {
            external: self.folders()?,
            remote: self.remote(Arc::default()),
            tolerant,
            dialect: &CommandLine,
            ..Access::default()
        })
    }
}
