//! What a file is to a config, before it is read: something that fits, something else, or broken.
//!
//! Beside the line.

use std::path::Path;

use super::hdf5::{Outline, lacking, of_other_product};
use super::table::columns_read;
use super::{Described, GranulePath, Input, of_any_product, table};
use crate::config::{Config, GranuleKind};
use crate::error::{Error, Result};

/// What a file is to a config.
#[derive(Debug)]
pub enum Probe {
    /// All that the config needs of it can be opened.
    Fits(Box<Described>),
    /// It opens, and has nothing that the config reads, or not all of it; why, in words.
    Other(String),
    /// It cannot be opened, or is damaged.
    Broken(Error),
}

impl Input {
    /// What a file is to a config: whether it opens, and fits.
    pub fn probe(path: &Path, config: &Config) -> Probe {
        match Self::other(path, config) {
            Ok(None) => {}
            Ok(Some(why)) => return Probe::Other(why),
            Err(error) => return Probe::Broken(error),
        }
        match Self::describe(&GranulePath::alone(path), config) {
            Ok(described) => Probe::Fits(Box::new(described)),
            Err(error) => Probe::Broken(error),
        }
    }

    /// Why a file that opens does not fit the config; `None` where it may.
    fn other(path: &Path, config: &Config) -> Result<Option<String>> {
        let alone = GranulePath::alone(path);
        let lacks = |what: String| format!("has no {what}, which is asked for");
        match config.granules {
            GranuleKind::Hdf5 => {
                let granule = of_any_product(&alone, config)?;
                if let Some(why) = of_other_product(&granule, config) {
                    return Ok(Some(why));
                }
                if let Some(path) = lacking(&granule, config)? {
                    return Ok(Some(lacks(path)));
                }
                let blank = Outline::of(&granule, config)?.is_blank();
                Ok(blank.then(|| "has none of the groups that are asked for".to_owned()))
            }
            GranuleKind::Table => {
                let table = table(&alone, config)?;
                let mut needed = columns_read(config).into_iter();
                let missing = needed.find(|name| !table.has(name));
                Ok(missing.map(|name| lacks(format!("column {name}"))))
            }
        }
    }
}
