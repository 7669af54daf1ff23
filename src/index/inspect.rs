//! What is in an index, for people and programs.
//!
//! Beside the line: `icefold inspect INDEX.parquet`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::file::Index;
use super::order;
use crate::config::shown_time;
use crate::error::Result;
use crate::source::is_object;
use crate::text::{grouped, size};

/// What is in an index; its text is for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Inspected(Value);

/// Describes an index: `index`, `granules`, of them `objects`, by product and release, `bytes` of granules, `rows` of
/// positions, `time_from` and `time_to` in seconds since 2018-01-01, `cells` of `cell_order` in footprints, `kept_bytes` of structures.
///
/// # Errors
/// As [`Index::open`], and a damaged one.
pub fn inspect(path: &Path) -> Result<Inspected> {
    let index = Index::open(path)?;
    let mut products: BTreeMap<String, u64> = BTreeMap::new();
    let (mut objects, mut bytes, mut rows, mut kept, mut cells) =
        (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let mut span: Option<[f64; 2]> = None;
    index.each(|_, entry| {
        let said = [&entry.product, &entry.release].map(|said| said.as_deref().unwrap_or("?"));
        *products.entry(said.join(" ")).or_default() += 1;
        objects += u64::from(is_object(Path::new(&entry.address)));
        bytes = bytes.saturating_add(entry.bytes);
        rows = rows.saturating_add(entry.rows());
        kept += entry.kept_bytes;
        cells += entry
            .cells
            .iter()
            .map(|run| u64::from(run.count))
            .sum::<u64>();
        if let Some([from, to]) = entry.span {
            let [first, last] = span.unwrap_or([from, to]);
            span = Some([first.min(from), last.max(to)]);
        }
        Ok(())
    })?;
    Ok(Inspected(json!({
        "index": path.display().to_string(),
        "granules": index.len(),
        "objects": objects,
        "products": products,
        "bytes": bytes,
        "rows": rows,
        "time_from": span.map(|span| span[0]),
        "time_to": span.map(|span| span[1]),
        "cell_order": order().get(),
        "cells": cells,
        "kept_bytes": kept,
    })))
}

impl Inspected {
    /// The same as JSON.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl fmt::Display for Inspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.0;
        let number = |key: &str| found[key].as_u64().unwrap_or(0);
        let mut text = format!("index {}\n", found["index"].as_str().unwrap_or_default());
        let mut line = |what: &str, value: String| _ = writeln!(text, "  {what:<16} {value}");
        let (all, objects) = (number("granules"), number("objects"));
        line(
            "granules",
            format!(
                "{}: {} files, {objects} objects",
                grouped(all),
                all.saturating_sub(objects)
            ),
        );
        for (product, granules) in found["products"].as_object().into_iter().flatten() {
            line(&format!("  {product}"), granules.to_string());
        }
        line("positions", grouped(number("rows")));
        line("bytes", size(number("bytes")));
        let end = |key: &str| found[key].as_f64();
        if let (Some(from), Some(to)) = (end("time_from"), end("time_to")) {
            line(
                "time",
                format!("{} to {}", shown_time(&from), shown_time(&to)),
            );
        }
        line(
            "footprints",
            format!(
                "{} cells of order {}",
                grouped(number("cells")),
                number("cell_order")
            ),
        );
        line("structure kept", size(number("kept_bytes")));
        f.write_str(text.trim_end())
    }
}
