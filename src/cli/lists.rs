//! `--granules-from`: granules that a file lists, for the verbs that read many.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::source::{Remote, get_text, granules_of, is_object};

/// Lists of granules.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Read the granules that a list names, too: plain lines, a STAC item collection, or what CMR or earthaccess answered
    /// as JSON; a file or an https:// URL
    #[arg(long, value_name = "LIST")]
    pub granules_from: Vec<PathBuf>,
    /// Which links of a granule are followed where a list has several
    #[arg(long, value_enum, default_value_t = Links::Https, requires = "granules_from")]
    pub links: Links,
}

/// Kinds of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Links {
    /// Over HTTPS, from anywhere
    Https,
    /// From S3, which NASA's buckets allow within their region
    S3,
}

impl ListArgs {
    /// The granules of the command line and of the lists.
    ///
    /// # Errors
    /// A list that cannot be read or is none.
    pub fn with(&self, granules: &[PathBuf], remote: &Remote) -> Result<Vec<PathBuf>> {
        let mut all = granules.to_vec();
        for list in &self.granules_from {
            let text = text(list, remote)?;
            let named = granules_of(&text, self.links == Links::S3).map_err(|why| {
                let list = crate::source::shown(&list.to_string_lossy());
                Error::argument(format!(
                    "--granules-from {list} {why}; give plain lines, a STAC item collection, or CMR's or earthaccess' JSON"
                ))
            })?;
            all.extend(named.into_iter().map(PathBuf::from));
        }
        Ok(all)
    }
}

fn text(list: &Path, remote: &Remote) -> Result<String> {
    if is_object(list) {
        return get_text(&list.to_string_lossy(), remote);
    }
    std::fs::read_to_string(list).map_err(|e| Error::io("read", list, e))
}
