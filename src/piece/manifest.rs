//! The manifest: what all runs over the same pieces share, from config and shard map to columns and orders.
//!
//! Beside the line. It is written once, before the first piece, and every later run has to agree with it. So
//! the pieces in one folder always fit together, and a store is assembled from them without opening a
//! granule.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::begin_anew;
use crate::config::{self, CellPolicy, Config};
use crate::error::{Error, Result, Setting, phrase};
use crate::grid::Order;
use crate::place::{Opened, open, seal, write_document};
use crate::plan::Found;
use crate::plan::ShardMap;
use crate::region::Region;
use crate::store::Layout;

/// Version of the pieces' format.
const SCHEMA_VERSION: u32 = 2;
/// The file's name among the pieces.
pub(super) const NAME: &str = "manifest.json";

/// What pieces are pieces of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema_version: u32,
    pub icefold_version: String,
    pub config: ManifestConfig,
    pub map: ManifestMap,
    /// Columns, and what else a look at all granules found.
    pub found: Found,
    /// Coarser orders that the store has, finest first.
    pub overviews: Vec<u8>,
    /// `cells` or `fullsphere`.
    pub layout: String,
}

/// The config that all runs have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestConfig {
    pub name: String,
    pub sha256: String,
    /// The YAML.
    pub text: String,
    /// The area as GeoJSON, from wherever it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Value>,
    /// Whether the store has all cells of the area.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cells_of_region: bool,
}

/// The shard map that all runs are over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestMap {
    /// Where it was when the first run began.
    pub path: String,
    /// Of its shards and their granules.
    pub sha256: String,
    pub shard_order: u8,
    /// NESTED ids, in the order of the map.
    pub shards: Vec<u64>,
}

/// What manifests of all versions have.
#[derive(Deserialize)]
struct Version {
    schema_version: u32,
    icefold_version: String,
}

/// What a run would write of the store, to hold against a manifest.
#[derive(Debug)]
pub struct Asked<'a> {
    pub config: &'a Config,
    pub map: &'a ShardMap,
    pub overviews: &'a [Order],
    pub layout: Layout,
}

impl Asked<'_> {
    /// The manifest of the first run over these pieces.
    pub fn manifest(&self, found: Found) -> Manifest {
        let Self { config, map, .. } = self;
        Manifest {
            schema_version: SCHEMA_VERSION,
            icefold_version: env!("CARGO_PKG_VERSION").to_owned(),
            config: ManifestConfig {
                name: config.name.clone(),
                sha256: config.sha256.clone(),
                text: config.text.clone(),
                region: config.region.as_ref().map(Region::to_geojson),
                cells_of_region: config.cells == CellPolicy::Region,
            },
            map: ManifestMap {
                path: map.path.display().to_string(),
                sha256: map.identity(),
                shard_order: config.grid.shard_order.get(),
                shards: map.shards.iter().map(|shard| shard.id).collect(),
            },
            found,
            overviews: self.overviews.iter().map(|order| order.get()).collect(),
            layout: self.layout.name().to_owned(),
        }
    }

    /// Whether a manifest is of the same store.
    ///
    /// # Errors
    /// The first difference, with both sides.
    pub fn agree(&self, manifest: &Manifest, pieces: &Path) -> Result<()> {
        let shards: Vec<u64> = self.map.shards.iter().map(|shard| shard.id).collect();
        if manifest.map.sha256 == self.map.identity() && manifest.map.shards != shards {
            return Err(Error::pieces(
                pieces,
                format!(
                    "{NAME} lists {} shards, and not those of the shard map, which has {} in another order \
                     or others",
                    manifest.map.shards.len(),
                    shards.len()
                ),
            )
            .with_remedy(phrase![
                "give the map that the pieces were begun with, or ",
                begin_anew()
            ]));
        }
        let overviews: Vec<u8> = self.overviews.iter().map(|order| order.get()).collect();
        let mine = [
            ("config", self.config.sha256.clone()),
            ("shard map", self.map.identity()),
            ("overviews", format!("{overviews:?}")),
            ("layout", self.layout.name().to_owned()),
        ];
        let theirs = [
            &manifest.config.sha256,
            &manifest.map.sha256,
            &format!("{:?}", manifest.overviews),
            &manifest.layout,
        ];
        let names = [&self.config.name, &manifest.config.name];
        for ((what, mine), theirs) in mine.into_iter().zip(theirs) {
            if mine == *theirs {
                continue;
            }
            let named = match what {
                "config" => format!(" ({} then, {} now)", names[1], names[0]),
                _ => String::new(),
            };
            let message = format!("were begun with {what} {theirs} and this run has {mine}{named}");
            return Err(Error::pieces(pieces, message).with_remedy(phrase![
                format!("give the same {what} or another "),
                Setting::Store,
                ", or begin anew: with ",
                Setting::Overwrite,
                " and no ",
                Setting::Shards,
                ", or by removing the folder"
            ]));
        }
        Ok(())
    }
}

impl ManifestConfig {
    /// The area, if there is one.
    ///
    /// # Errors
    /// In words, what is no area.
    pub fn region(&self) -> Result<Option<Region>, String> {
        self.region.as_ref().map(Region::of_value).transpose()
    }
}

impl Manifest {
    /// The manifest in a folder of pieces, and its hash; `None` where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, or is of another version of icefold.
    pub fn read(pieces: &Path) -> Result<Option<(Self, String)>> {
        let path = pieces.join(NAME);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io("read", path, e)),
        };
        let refused = |message: String| Error::pieces(pieces, message);
        // What is of another version may have another shape, and the first had no hash.
        let version = open(&bytes).map(|opened: Opened<Version>| opened.document);
        let version = version.or_else(|why| match serde_json::from_slice::<Version>(&bytes) {
            Ok(version) if version.schema_version == 1 => Ok(version),
            _ => Err(why),
        });
        let unusable = |why| refused(format!("{NAME} {why}")).with_remedy(begin_anew());
        let found = version.map_err(unusable)?;
        let mine = (SCHEMA_VERSION, env!("CARGO_PKG_VERSION"));
        if (found.schema_version, &*found.icefold_version) != mine {
            return Err(refused(format!(
                "are of icefold {} (format {}), and this is {} (format {})",
                found.icefold_version, found.schema_version, mine.1, mine.0
            ))
            .with_remedy(phrase![
                "finish with that version, or begin anew with ",
                Setting::Overwrite
            ]));
        }
        let opened: Opened<Self> = open(&bytes).map_err(unusable)?;
        Ok(Some((opened.document, opened.sha256)))
    }

    /// Writes the manifest, and gives back its hash; a reader never sees half of it.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, pieces: &Path) -> Result<String> {
        let (bytes, sha256) = seal(self, true);
        write_document(&pieces.join(NAME), &bytes)?;
        Ok(sha256)
    }

    /// The config, parsed as it was, whose columns are those that were found.
    ///
    /// # Errors
    /// A text or columns that were changed.
    pub fn config(&self, pieces: &Path) -> Result<Config> {
        let region = self.config.region().map_err(|why| {
            let error = Error::pieces(pieces, format!("{NAME} has a region that {why}"));
            error.with_remedy(phrase!["begin anew with ", Setting::Overwrite])
        })?;
        let mut config = config::parse_with_region(&self.config.name, &self.config.text, region)?;
        if self.config.cells_of_region {
            config = config.with_cells_of_region();
        }
        if config.sha256 != self.config.sha256 {
            return Err(Error::pieces(
                pieces,
                format!(
                    "{NAME} has a config of sha256 {}, and says {}",
                    config.sha256, self.config.sha256
                ),
            )
            .with_remedy(phrase!["begin anew with ", Setting::Overwrite]));
        }
        let read: Vec<&str> = config.variables.iter().map(|v| v.name.as_str()).collect();
        let found: Vec<&str> = self.found.columns.iter().map(|c| c.name.as_str()).collect();
        if read != found {
            return Err(Error::pieces(
                pieces,
                format!(
                    "{NAME} has a config of the columns {read:?}, and says that {found:?} were found"
                ),
            )
            .with_remedy(phrase!["begin anew with ", Setting::Overwrite]));
        }
        Ok(config)
    }

    /// Coarser orders that the store has, finest first.
    pub fn overviews(&self) -> Vec<Order> {
        let orders = self.overviews.iter();
        orders.filter_map(|&order| Order::new(order)).collect()
    }

    /// How the store's arrays are laid out.
    pub fn layout(&self) -> Layout {
        Layout::named(&self.layout).unwrap_or_default()
    }
}
