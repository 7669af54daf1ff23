//! What is read: granules by name, of lists, of searches and of an index; and how objects are asked for.

use std::path::{Path, PathBuf};

use icefold::source::{Remote, get_text, granules_of, is_object, scheme, shown};
use icefold::{Error, Granules};
use pyo3::prelude::*;

use crate::attend::Told;

/// Granules, as `icefold/_reading.py` puts them together.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Reading {
    named: Vec<PathBuf>,
    /// What searches found, as JSON.
    found: Vec<String>,
    lists: Vec<PathBuf>,
    /// Whether links to S3 go before others.
    direct: bool,
    pub index: Option<PathBuf>,
    /// Whether objects that the index knows are taken for what they were until they are read.
    unasked: bool,
    objects: Objects,
}

/// How objects are asked for, and sent.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Objects {
    anonymous: bool,
    allow_http: bool,
    cache: Option<PathBuf>,
    pub scratch: Option<PathBuf>,
}

impl Objects {
    /// How that is done, until somebody wishes to stop.
    pub fn remote(&self, told: &Told) -> Remote {
        Remote {
            anonymous: self.anonymous,
            allow_http: self.allow_http,
            cache: self.cache.clone(),
            stop: told.stopping(),
            ..Remote::default()
        }
    }
}

impl Reading {
    /// How objects are read, until somebody wishes to stop.
    pub fn remote(&self, told: &Told) -> Remote {
        Remote {
            unasked: self.unasked,
            ..self.objects.remote(told)
        }
    }

    /// Where is made what is sent to a store of objects.
    pub fn scratch(&self) -> Option<&Path> {
        self.objects.scratch.as_deref()
    }

    /// Whether granules are said at all, in any of these ways.
    pub fn names_any(&self) -> bool {
        !(self.named.is_empty() && self.found.is_empty() && self.lists.is_empty())
            || self.index.is_some()
    }

    /// The granules that are named, listed and found, or those of the index where there is none of these.
    ///
    /// # Errors
    /// A list that cannot be read, or what is none; a file that is no index.
    pub fn granules(&self, remote: &Remote) -> icefold::Result<Granules> {
        let mut all = self.named.clone();
        for list in &self.lists {
            let text = text(list, remote)?;
            let name = shown(&list.to_string_lossy());
            all.extend(self.listed(&text, &format!("granules_from={name}"))?);
        }
        for found in &self.found {
            all.extend(self.listed(found, "what granules names")?);
        }
        match &self.index {
            Some(index) if all.is_empty() => Granules::in_index(index),
            _ => Ok(Granules::named(all)),
        }
    }

    fn listed(&self, text: &str, what: &str) -> icefold::Result<Vec<PathBuf>> {
        let named = granules_of(text, self.direct).map_err(|why| {
            Error::argument(format!(
                "{what} {why}; give plain lines, items of STAC, or granules of CMR or earthaccess"
            ))
        })?;
        Ok(named.into_iter().map(PathBuf::from).collect())
    }
}

fn text(list: &Path, remote: &Remote) -> icefold::Result<String> {
    if is_object(list) {
        return get_text(&list.to_string_lossy(), remote);
    }
    std::fs::read_to_string(list).map_err(|e| Error::io("read", list, e))
}

/// A call as reports have it: URLs without user, password and query.
pub fn without_secrets(call: &[String]) -> Vec<String> {
    let word = |word: &String| match scheme(word) {
        Some(_) => shown(word),
        None => word.clone(),
    };
    call.iter().map(word).collect()
}
