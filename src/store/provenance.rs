//! What a store says it was made of: files with their releases, sizes and probes, the config, and the command.
//!
//! Beside `target.rs`, for whoever writes a store. Only files with photons in the store count, and nothing of the machine
//! or of when it was, so the same question has the same bytes however a run was cut. Sources: the CF Conventions 1.13 and
//! the Attribute Convention for Data Discovery 1.3 for what groups say.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::command::command;
use super::footprint::Around;
use super::products::{doi, title};
use super::target::Target;
use crate::config::Config;
use crate::finalize::StoreSchema;
use crate::grid::GridConfig;
use crate::read::product::ProductName;

/// The group of a store.
pub const PROVENANCE: &str = "provenance";
/// What groups follow: the first version of CF with HEALPix, and ACDD.
const CONVENTIONS: &str = "CF-1.13, ACDD-1.3";
/// Attributes that say what was read and how, and nothing of the cells.
pub const OF_INPUTS: [&str; 7] = [
    "summary",
    "source",
    "references",
    "history",
    "product_version",
    "time_coverage_start",
    "time_coverage_end",
];
/// Attributes that say more of the cells than the grid does.
pub const OF_CELLS: [&str; 10] = [
    "Conventions",
    "title",
    "geospatial_lat_min",
    "geospatial_lat_max",
    "geospatial_lat_units",
    "geospatial_lon_min",
    "geospatial_lon_max",
    "geospatial_lon_units",
    "geospatial_bounds",
    "geospatial_bounds_crs",
];
/// What a probe is.
const PROBE: &str = "SHA-256 over the file's length (8 bytes, little-endian), its first and its last 65536 bytes: another \
                     file has another probe, unless the two differ in between only";

/// A file with photons in a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Without folders.
    pub name: String,
    /// Its size, and SHA-256 in hex over its length, its first and its last 64 KiB; of what is no file, such as a pipe,
    /// nothing is known.
    pub probed: Option<(u64, String)>,
    /// SHA-256 in hex over all of it, where that was asked for.
    pub sha256: Option<String>,
    /// Whether it says that its photons were invented.
    pub synthetic: bool,
    /// When its data end, where it says so.
    pub end: Option<String>,
}

/// What a store is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// By name.
    files: Vec<SourceFile>,
    config: String,
    command: String,
}

/// Product, release, whether it is no quick look, and whether it is synthetic.
type ReleaseKey = (String, u16, bool, bool);

/// The files of one release of a product.
#[derive(Debug, Default)]
struct Release {
    files: u64,
    bytes: u64,
}

impl SourceFile {
    /// A file that reports call so: folders may be in front.
    pub fn new(called: &str, probed: Option<(u64, String)>) -> Self {
        let name = called.rsplit('/').next().unwrap_or_default();
        Self {
            name: name.to_owned(),
            probed,
            sha256: None,
            synthetic: false,
            end: None,
        }
    }

    fn bytes(&self) -> u64 {
        self.probed.as_ref().map_or(0, |(bytes, _)| *bytes)
    }

    fn product(&self) -> Option<ProductName> {
        ProductName::of(Path::new(&self.name))
    }
}

/// Release and version in the name of a product's file.
fn release_of(name: &ProductName) -> Option<(u16, u16)> {
    name.rank.release.first().copied()
}

impl Provenance {
    /// Of what is asked for, and of these files, in whatever order.
    pub fn new(config: &Config, target: &Target, mut files: Vec<SourceFile>) -> Self {
        files.sort();
        // One that was looked at several times is one; what more was known of it at one of them comes last.
        files.dedup_by(|next, kept| {
            let other = kept.sha256.is_some() && next.sha256 != kept.sha256;
            let same = next.name == kept.name && next.probed == kept.probed && !other;
            if same {
                std::mem::swap(next, kept);
            }
            same
        });
        let hashed = files.iter().any(|file| file.sha256.is_some());
        Self {
            config: config.stated(),
            command: command(config, target, hashed),
            files,
        }
    }

    /// The files by product and release; those of other names under neither.
    fn releases(&self) -> BTreeMap<ReleaseKey, Release> {
        let mut releases: BTreeMap<_, Release> = BTreeMap::new();
        for file in &self.files {
            let key = file.product().and_then(|name| {
                let (release, _) = release_of(&name)?;
                Some((name.product, release, name.rank.is_final, file.synthetic))
            });
            let found = releases.entry(key.unwrap_or_default()).or_default();
            found.files += 1;
            found.bytes += file.bytes();
        }
        releases
    }

    /// Products, each release by itself, with their DOIs.
    fn products(&self) -> Vec<Value> {
        let releases = self.releases().into_iter();
        let named = releases.filter(|((product, ..), _)| !product.is_empty());
        let products = named.map(|((product, release, is_final, synthetic), of)| {
            let mut item = Map::new();
            item.insert("product".to_owned(), json!(product));
            item.insert("release".to_owned(), json!(format!("{release:03}")));
            if !is_final {
                item.insert("quick_look".to_owned(), json!(true));
            }
            if synthetic {
                item.insert("synthetic".to_owned(), json!(true));
            }
            item.insert("files".to_owned(), json!(of.files));
            item.insert("bytes".to_owned(), json!(of.bytes));
            let title = title(&product).filter(|_| !synthetic);
            item.insert("title".to_owned(), json!(title));
            let doi = doi(&product, release).filter(|_| is_final && !synthetic);
            item.insert("doi".to_owned(), json!(doi));
            Value::Object(item)
        });
        products.collect()
    }

    /// When the first of the granules begins, and the last one ends; where not all say when they end, when it begins.
    fn times(&self) -> Option<[String; 2]> {
        let begins = self.files.iter().filter_map(|file| {
            let name = file.product()?;
            let digits = name.granule.split('_').nth(1)?;
            let is_time = digits.len() == 14 && digits.bytes().all(|b| b.is_ascii_digit());
            is_time.then(|| (said_time(digits), end_of(file)))
        });
        let begins: Vec<(String, Option<String>)> = begins.collect();
        let first = begins.iter().map(|(begin, _)| begin).min()?.clone();
        let last = begins.iter().map(|(begin, _)| begin).max()?.clone();
        let ends: Option<Vec<&String>> = begins.iter().map(|(_, end)| end.as_ref()).collect();
        let end = ends.and_then(|ends| ends.into_iter().max().cloned());
        // One before the last granule begins is none.
        let end = end.filter(|end| end.trim_end_matches('Z') >= last.trim_end_matches('Z'));
        Some([first, end.unwrap_or(last)])
    }

    /// What a group of cells says of itself and of what it was made of.
    pub fn attributes(&self, schema: &StoreSchema, around: Option<Around>) -> Map<String, Value> {
        let cells = cells_of(&schema.grid);
        let outputs: Vec<&str> = schema.arrays.iter().map(|array| &*array.name).collect();
        let products = self.products();
        let said = sources(&products, self.files.len());
        let mut all = Map::new();
        let mut say = |key: &str, value: Value| all.insert(key.to_owned(), value);
        say("Conventions", json!(CONVENTIONS));
        say(
            "title",
            json!(format!("Statistics of ICESat-2 photons in {cells}")),
        );
        let summary = format!(
            "{} of the photons of {said} in {cells}, folded in exact sums by icefold",
            outputs.join(", ")
        );
        say("summary", json!(summary));
        say("source", json!(said));
        let version = env!("CARGO_PKG_VERSION");
        say(
            "history",
            json!(format!("icefold {version}: {}", self.command)),
        );
        let dois = products
            .iter()
            .filter_map(|product| product["doi"].as_str());
        let dois: Vec<String> = dois.map(|doi| format!("https://doi.org/{doi}")).collect();
        if !dois.is_empty() {
            say("references", json!(dois.join(", ")));
        }
        if let Some([start, end]) = self.times() {
            say("time_coverage_start", json!(start));
            say("time_coverage_end", json!(end));
        }
        if let Some(around) = around {
            say("geospatial_lat_min", json!(around.south));
            say("geospatial_lat_max", json!(around.north));
            say("geospatial_lat_units", json!("degrees_north"));
            say("geospatial_lon_min", json!(around.west));
            say("geospatial_lon_max", json!(around.east));
            say("geospatial_lon_units", json!("degrees_east"));
        }
        if let Some(grid) = schema.grid.kind.rectilinear() {
            let [west, south, east, north] = grid.bounds();
            let ring = [
                (west, south),
                (east, south),
                (east, north),
                (west, north),
                (west, south),
            ];
            // Of EPSG:4326 the latitude is first, as ACDD 1.3 says.
            let turned = grid.crs().is_geographic();
            let ring = ring.map(|(x, y)| if turned { (y, x) } else { (x, y) });
            let ring = ring.map(|(first, second)| format!("{first} {second}"));
            say(
                "geospatial_bounds",
                json!(format!("POLYGON (({}))", ring.join(", "))),
            );
            let code = grid.crs().code();
            say("geospatial_bounds_crs", json!(format!("EPSG:{code}")));
        }
        all
    }

    /// All of it, as attributes.
    pub fn facts(&self, config_sha256: &str) -> Value {
        let files = self.files.iter().map(|file| {
            let mut item = Map::new();
            item.insert("name".to_owned(), json!(file.name));
            let name = file.product();
            if let (Some(name), Some((release, version))) =
                (&name, name.as_ref().and_then(release_of))
            {
                item.insert("product".to_owned(), json!(name.product));
                item.insert("release".to_owned(), json!(format!("{release:03}")));
                item.insert("version".to_owned(), json!(format!("{version:02}")));
            }
            if file.synthetic {
                item.insert("synthetic".to_owned(), json!(true));
            }
            let probed = file.probed.as_ref();
            item.insert("bytes".to_owned(), json!(probed.map(|(bytes, _)| bytes)));
            item.insert("probe".to_owned(), json!(probed.map(|(_, probe)| probe)));
            if let Some(sha256) = &file.sha256 {
                item.insert("sha256".to_owned(), json!(sha256));
            }
            Value::Object(item)
        });
        let files: Vec<Value> = files.collect();
        json!({
            "icefold_version": env!("CARGO_PKG_VERSION"),
            "command": self.command,
            "config_sha256": config_sha256,
            "config": self.config,
            "products": self.products(),
            "probe": PROBE,
            "granules": files,
        })
    }

    /// The `zarr.json` of the group.
    pub fn document(&self, config_sha256: &str) -> Value {
        json!({"zarr_format": 3, "node_type": "group", "attributes": self.facts(config_sha256)})
    }
}

/// Fourteen digits of a name as a moment.
fn said_time(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (date, time) = ([part(0, 4), part(4, 6), part(6, 8)], part(8, 14));
    let [h, m, s] = [0, 2, 4].map(|at| time.get(at..at + 2).unwrap_or_default());
    format!("{}T{h}:{m}:{s}Z", date.join("-"))
}

/// When a file says that its data end, if that reads as a moment: `2019-02-22T16:05:12.123456Z`.
fn end_of(file: &SourceFile) -> Option<String> {
    let end = file.end.as_ref()?;
    let shape = |byte: u8| if byte.is_ascii_digit() { b'0' } else { byte };
    let shaped: Vec<u8> = end.bytes().map(shape).collect();
    let rest = shaped.strip_prefix(b"0000-00-00T00:00:00")?;
    let is_fraction = match rest.strip_suffix(b"Z")? {
        [] => true,
        [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(|&byte| byte == b'0'),
        _ => false,
    };
    is_fraction.then(|| end.clone())
}

/// What was read, in words.
fn sources(products: &[Value], files: usize) -> String {
    let counted = |count: u64, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let named: u64 = products
        .iter()
        .filter_map(|product| product["files"].as_u64())
        .sum();
    let mut said: Vec<String> = products
        .iter()
        .map(|product| {
            let text = |key: &str| product[key].as_str().unwrap_or_default().to_owned();
            let quick = if product["quick_look"] == true {
                " (quick look)"
            } else {
                ""
            };
            let count = product["files"].as_u64().unwrap_or_default();
            let what = if product["synthetic"] == true {
                "synthetic granule"
            } else {
                "granule"
            };
            let granules = counted(count, what);
            format!(
                "{granules} of {} release {}{quick}",
                text("product"),
                text("release")
            )
        })
        .collect();
    let others = (files as u64).saturating_sub(named);
    if others > 0 || said.is_empty() {
        said.push(counted(others, "file"));
    }
    said.join(", ")
}

/// The cells of a grid, in words.
fn cells_of(grid: &GridConfig) -> String {
    match grid.kind.rectilinear() {
        Some(of) => format!("cells of {}", of.in_words(grid.cell_order)),
        None => format!(
            "HEALPix cells of order {} (nested, {})",
            grid.cell_order,
            grid.kind.latitude()
        ),
    }
}
