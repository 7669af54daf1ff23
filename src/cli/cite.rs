//! `cite`: what to cite of a store.

use std::env::temp_dir;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::error::Result;
use crate::inspect;
use crate::publish::Near;
use crate::source::Remote;

use super::out::{print, print_json};

#[derive(Debug, Args)]
pub struct CiteArgs {
    /// The store
    pub store: PathBuf,
    /// Print BibTeX
    #[arg(long, conflicts_with = "json")]
    pub bibtex: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub fn cite(args: &CiteArgs) -> Result<u8> {
    let near = Near::of(&args.store, (&temp_dir(), &Remote::default()), true)?;
    let citation = near.outcome(inspect::cite(near.path()))?;
    if args.json {
        print_json(&json!(citation))?;
    } else if args.bibtex {
        print(citation.bibtex().trim_end())?;
    } else {
        print(citation.to_string().trim_end())?;
    }
    Ok(0)
}
