//! What a store that stands says of itself, held against a run that is to add to it.
//!
//! Under `grown.rs`. A store has the version of icefold, the config, and the granules with their sizes and probes; all but
//! the granules have to be those of the run.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::config::Config;
use crate::error::{Error, Phrase, Result, Setting, phrase};
use crate::piece::RunCheckpoint;
use crate::region::Region;
use crate::store::{Layout, SourceFile, StoreReader, made_of};

use super::direct::Work;
use super::held::Held;

/// What a store says of itself.
#[derive(Debug)]
pub(super) struct Said {
    /// The files that it was made of.
    files: Vec<SourceFile>,
    /// Occupied cells.
    pub cells: u64,
}

impl Said {
    /// Of the store that a run is to add to.
    ///
    /// # Errors
    /// There is none, it does not say what it was made of, or it is of another question, with both.
    pub fn of(work: &Work) -> Result<Self> {
        let store = work.target.store;
        if !store.exists() {
            return Err(
                Error::store(store, "is not there, so there is nothing to add to")
                    .with_remedy(phrase!["make it first with ", Setting::Store]),
            );
        }
        let reader = StoreReader::open(store)?;
        let Some(made_of) = made_of(store)? else {
            let message = "does not say what it was made of, so nothing can be added to it";
            return Err(Error::store(store, message).with_remedy(anew()));
        };
        let granules = made_of["granules"].as_array();
        let files = granules.into_iter().flatten().map(source).collect();
        let said = Self {
            files,
            cells: reader.cells(),
        };
        check(work, &reader, &made_of)?;
        said.check_hashes(work)?;
        Ok(said)
    }

    /// Its files, held against those of a run.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn held(&self, work: &Work) -> Result<Held> {
        Held::against(&self.files, &work.plan.granules, work.settings.hashed)
    }

    /// Whether the store has the photons of these partials, and no others.
    pub fn is_of(&self, kept: &RunCheckpoint) -> bool {
        let with_photons = kept.granules.iter().filter(|one| one.counts.kept > 0);
        let files = with_photons.filter_map(|one| kept.files.get(&one.name));
        let merged: BTreeSet<SourceFile> = files
            .flatten()
            .filter_map(|(name, file)| Some(bare(&file.as_ref()?.as_source(name))))
            .collect();
        let said: BTreeSet<SourceFile> = self.files.iter().map(bare).collect();
        merged == said
    }

    /// Either all files have a hash, and the run makes such, or none has.
    fn check_hashes(&self, work: &Work) -> Result<()> {
        let mut files = self.files.iter();
        let hashed = work.settings.hashed;
        let Some(other) = files.find(|file| file.sha256.is_some() != hashed) else {
            return Ok(());
        };
        let (then, now) = if hashed {
            ("no hash", "asks for those")
        } else {
            ("a hash", "asks for none")
        };
        let message = format!(
            "has {then} of all of granule {}, and this run {now} of whole granules",
            other.name
        );
        Err(
            Error::store(work.target.store, message).with_remedy(if hashed {
                phrase!["leave out ", Setting::HashGranules]
            } else {
                phrase!["ask for them, too, with ", Setting::HashGranules]
            }),
        )
    }
}

/// What tells files apart.
fn bare(file: &SourceFile) -> SourceFile {
    SourceFile {
        synthetic: false,
        end: None,
        ..file.clone()
    }
}

/// What a store says of one of its files.
fn source(said: &Value) -> SourceFile {
    let text = |key: &str| said[key].as_str().map(str::to_owned);
    let probed = said["bytes"].as_u64().zip(text("probe"));
    SourceFile {
        sha256: text("sha256"),
        synthetic: said["synthetic"] == true,
        ..SourceFile::new(&text("name").unwrap_or_default(), probed)
    }
}

/// What makes any store again.
fn anew() -> Phrase {
    phrase![
        "make it again of all granules, with ",
        Setting::Store,
        " and ",
        Setting::Overwrite
    ]
}

/// The store is of the question of the run.
fn check(work: &Work, reader: &StoreReader, made_of: &Value) -> Result<()> {
    let (config, target) = (work.config, &work.target);
    let (then, now) = (reader.grid(), config.grid);
    let refuse = |what: &str, then: &str, now: &str| {
        let message = format!("has {what} {then}, and this run asks for {now}");
        Err(Error::store(target.store, message)
            .with_remedy(phrase!["ask for the same, or ", anew()]))
    };
    let version = made_of["icefold_version"].as_str().unwrap_or("unknown");
    if version != env!("CARGO_PKG_VERSION") {
        let message = format!(
            "was written by icefold {version}, and this is {}",
            env!("CARGO_PKG_VERSION")
        );
        return Err(Error::store(target.store, message).with_remedy(anew()));
    }
    let layouts = [reader.extent().name(), target.layout.name()];
    if layouts[0] != layouts[1] {
        return refuse("the layout", layouts[0], layouts[1]);
    }
    let orders = [
        ("cells of order", then.cell_order, now.cell_order),
        ("shards of order", then.shard_order, now.shard_order),
    ];
    if let Some((what, then, now)) = orders.into_iter().find(|(_, then, now)| then != now) {
        return refuse(what, &then.to_string(), &now.to_string());
    }
    let attributes = reader.attributes();
    let icefold = attributes.get("icefold");
    let of = |key: &str| icefold.and_then(|icefold| icefold.get(key));
    let region = config.region.as_ref().map(Region::facts);
    let boxes = [
        of("region").map(|region| (region["sha256"].to_string(), region["bbox"].to_string())),
        region.map(|now| {
            let (sha256, bbox) = (Value::from(now.sha256), serde_json::json!(now.bbox));
            (sha256.to_string(), bbox.to_string())
        }),
    ];
    if boxes[0] != boxes[1] {
        let [then, now] = boxes.map(|found| match found {
            None => "of the whole Earth".to_owned(),
            Some((sha256, bbox)) => format!("{bbox} (sha256 {})", short(sha256.trim_matches('"'))),
        });
        return refuse("the region", &then, &now);
    }
    let asked: Vec<u8> = target.overviews.iter().rev().map(|o| o.get()).collect();
    let orders = reader
        .orders()
        .iter()
        .filter(|order| **order != then.cell_order);
    let there: Vec<u8> = orders.map(|order| order.get()).collect();
    // A hive without cells has no place for any.
    let none = layouts[0] == Layout::HIVE.name() && reader.cells() == 0;
    if there != asked && !none {
        return refuse("overviews of", &listed(&there), &listed(&asked));
    }
    check_config(config, target.store, made_of)
}

fn listed(orders: &[u8]) -> String {
    let orders: Vec<String> = orders.iter().rev().map(ToString::to_string).collect();
    match &*orders {
        [] => "no order".to_owned(),
        [one] => format!("order {one}"),
        some => format!("orders {}", some.join(",")),
    }
}

/// The first digits of a hash.
fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

/// The config asks what the store answers; where not, the first line that differs is shown.
fn check_config(config: &Config, store: &Path, made_of: &Value) -> Result<()> {
    let then = made_of["config_sha256"].as_str().unwrap_or_default();
    if then == config.sha256 {
        return Ok(());
    }
    let texts = [
        made_of["config"].as_str().unwrap_or_default().to_owned(),
        config.stated(),
    ];
    let [mut was, mut is] = [&texts[0], &texts[1]].map(|text| text.lines().map(str::trim));
    let lines = loop {
        match (was.next(), is.next()) {
            (None, None) => break String::new(),
            (was, is) if was == is => {}
            (was, is) => {
                let [was, is] = [was, is].map(|line| line.unwrap_or("nothing more"));
                break format!("; it has `{was}`, this run `{is}`");
            }
        }
    };
    let message = format!(
        "answers another question: its config has the hash {}, that of this run {}{lines}",
        short(then),
        short(&config.sha256)
    );
    Err(Error::store(store, message).with_remedy(phrase!["ask the same, or ", anew()]))
}
