//! What a config would read of a granule, and how much work that is.
//!
//! Beside the line: `icefold inspect GRANULE --config CONFIG`. Opens what a run would open, and reads
//! metadata only.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::file::GranuleFile;
use super::fit::of_other_product;
use super::ground_track::{GroundTrackStatus, GroundTrackSummary};
use super::reader::Reader;
use crate::config::Config;
use crate::photon::ColumnType;
use crate::read::Siblings;
use crate::text::aligned;
use crate::{Error, Result};

/// Decoded bytes that one core gives in a second, for an estimate: deflated alone, and deflated after
/// a shuffle, as one core of an AMD EPYC has them (a record under `benches/record/`).
const DEFLATED: f64 = 0.6e9;
const SHUFFLED: f64 = 1.5e9;

/// One dataset of each ground track, under the path with `{group}`.
#[derive(Debug, Default)]
struct Needed {
    rows: u64,
    decoded: u64,
    stored: u64,
    seconds: f64,
    through_hdf5: bool,
}

/// What a run of `config` reads of the granule: `datasets` with `path`, `rows`, `decoded_bytes`,
/// `stored_bytes` and `read_by`, and `total` with the estimated seconds of one core.
///
/// # Errors
/// As a run: a dataset that is missing or cannot be used. A granule of another product than the
/// config's is an error of the config.
pub(super) fn cost(path: &Path, config: &Config) -> Result<Value> {
    let granule = GranuleFile::open_with(path, &config.access)?;
    if let Some(why) = of_other_product(&granule, config) {
        return Err(Error::granule(granule.name(), why));
    }
    let siblings = Siblings::in_folder_of(path, config)?.of(path, config);
    let siblings = siblings.map_err(|why| granule.error(why.to_string()))?;
    let granule = granule.beside(&siblings)?;
    let types: Vec<ColumnType> = match granule.source_columns(config)? {
        Some(columns) => columns.iter().map(|c| c.column_type).collect(),
        None => vec![ColumnType::F64; config.variables.len()],
    };
    let reader = Reader::open(&granule, config, &types, 1)?;
    check_product(&granule, &reader, config)?;
    let mut needed: BTreeMap<String, Needed> = BTreeMap::new();
    let mut photons = 0;
    for track in &reader.tracks {
        photons = u64::saturating_add(photons, track.rows);
        for source in track.all() {
            let data = track.data(source);
            let failed = |message: String| Error::granule(granule.name(), message);
            let storage = data.storage().map_err(failed)?;
            if track.is_without_rows(source) {
                continue;
            }
            let path = track.template(source, config);
            let entry = needed.entry(path).or_default();
            let rate = if storage.shuffled { SHUFFLED } else { DEFLATED };
            entry.rows = entry.rows.saturating_add(data.rows);
            entry.decoded = entry.decoded.saturating_add(storage.raw);
            entry.stored += storage.stored;
            entry.seconds += storage.raw as f64 / rate;
            entry.through_hdf5 |= !data.is_indexed();
        }
    }
    let total = |of: fn(&Needed) -> u64| needed.values().map(of).fold(0, u64::saturating_add);
    let seconds: f64 = needed.values().map(|n| n.seconds).sum();
    Ok(json!({
        "config": config.name,
        "photons": photons,
        "datasets": needed.iter().map(|(path, n)| json!({
            "path": path,
            "rows": n.rows,
            "decoded_bytes": n.decoded,
            "stored_bytes": n.stored,
            "read_by": if n.through_hdf5 { "libhdf5" } else { "icefold" },
        })).collect::<Vec<_>>(),
        "total": {
            "decoded_bytes": total(|n| n.decoded),
            "stored_bytes": total(|n| n.stored),
            "granule_bytes": granule.bytes(),
            "estimated_core_seconds": (seconds * 1e3).round() / 1e3,
        },
    }))
}

/// Refuses a granule none of whose ground tracks has the group that the config reads.
fn check_product(granule: &GranuleFile, reader: &Reader, config: &Config) -> Result<()> {
    let tracks = reader.ground_tracks();
    let present = tracks
        .iter()
        .filter(|t| t.status != GroundTrackStatus::Missing);
    let present: Vec<&str> = present.map(|track| track.name.as_str()).collect();
    let lacks = |track: &GroundTrackSummary| {
        matches!(
            track.status,
            GroundTrackStatus::Missing | GroundTrackStatus::NoData
        )
    };
    let Some(first) = present.first().filter(|_| tracks.iter().all(lacks)) else {
        return Ok(());
    };
    let base = config
        .latitude
        .rsplit_once('/')
        .map_or("", |(base, _)| base);
    let base = base.replacen("{group}", first, 1);
    let holds = match granule.find_group(first)? {
        Some(group) => granule.names(&group, first)?.join(", "),
        None => "nothing".to_owned(),
    };
    let message = format!(
        "does not fit granule {}: it reads {base}, and {first} holds {holds}; none of the ground tracks \
         {} has that group: use a config for the product",
        granule.name(),
        present.join(", ")
    );
    Err(Error::config(&config.name, message))
}

/// The description that [`cost`] gives, as a table.
pub(super) fn cost_text(cost: &Value) -> String {
    let megabytes = |value: &Value| format!("{:.2}", value.as_f64().unwrap_or(0.0) / 1e6);
    let header = ["dataset", "rows", "stored MB", "decoded MB", "read by"];
    let mut table = vec![header.map(str::to_owned).to_vec()];
    for dataset in cost["datasets"].as_array().map_or(&[][..], Vec::as_slice) {
        table.push(vec![
            dataset["path"].as_str().unwrap_or("?").to_owned(),
            dataset["rows"].to_string(),
            megabytes(&dataset["stored_bytes"]),
            megabytes(&dataset["decoded_bytes"]),
            dataset["read_by"].as_str().unwrap_or("?").to_owned(),
        ]);
    }
    let total = &cost["total"];
    let mut text = format!(
        "\nconfig {} reads {} photons:\n",
        cost["config"].as_str().unwrap_or("?"),
        cost["photons"]
    );
    if cost["photons"] == 0 {
        text.push_str("nothing: its ground tracks are empty, or not there\n");
        return text;
    }
    text.push_str(&aligned(&table));
    let _ = writeln!(
        text,
        "in all {} of {} MB, decoded {} MB: about {} s of one core",
        megabytes(&total["stored_bytes"]),
        megabytes(&total["granule_bytes"]),
        megabytes(&total["decoded_bytes"]),
        total["estimated_core_seconds"],
    );
    text
}
