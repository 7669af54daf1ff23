//! `--allow-external`: where granules may lead, for the verbs that open them.

use std::path::PathBuf;

use clap::Args;

use crate::config::Access;
use crate::error::{Error, Result};

use super::words::CommandLine;

/// Where granules may lead.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Follow external links, external raw data and virtual datasets to files in this folder and below,
    /// too, beside the granule's own
    #[arg(long = "allow-external", value_name = "DIR")]
    pub allow_external: Vec<PathBuf>,
}

impl AccessArgs {
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

    /// The rules of a verb that has no others.
    ///
    /// # Errors
    /// As [`AccessArgs::folders`].
    pub fn rules(&self, tolerant: bool) -> Result<Access> {
        Ok(Access {
            external: self.folders()?,
            tolerant,
            dialect: &CommandLine,
            ..Access::default()
        })
    }
}
