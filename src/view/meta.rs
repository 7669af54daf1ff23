//! What a page is told of a store before it asks for cells.

use serde_json::{Map, Value, json};

use super::source::{OrderShown, Source, label};
use crate::digest::hex;
use crate::error::Result;
use crate::picture::{is_change, looks};
use crate::store::{ArrayInfo, made_of};

/// Everything but cells, as JSON.
pub fn meta(source: &Source) -> Result<Value> {
    let finest = source.orders.last().map(|order| &order.reader);
    let steps = finest.and_then(|reader| reader.times()).map(|times| {
        let said = (0..times.len() as usize).map(|step| times.said(step));
        json!({"name": times.name, "steps": said.collect::<Vec<_>>()})
    });
    let attributes = finest.map(|reader| reader.attributes().clone());
    Ok(json!({
        "title": source.title,
        "version": env!("CARGO_PKG_VERSION"),
        "framed": source.framed.said(),
        "looks": looks(),
        "orders": source.orders.iter().map(order).collect::<Vec<_>>(),
        "variables": source.variables.iter().map(variable).collect::<Vec<_>>(),
        "first": first(&source.variables),
        "axis": steps,
        "left_out": source.left_out,
        "attributes": said(&attributes.unwrap_or_default()),
        "provenance": made_of(&source.path)?,
    }))
}

fn order(shown: &OrderShown) -> Value {
    let (grid, order) = (shown.grid, shown.grid.cell_order);
    let rows = grid.kind.rectilinear().map(|rows| {
        let (bounds, [width, height]) = (rows.bounds(), rows.resolution(order));
        json!({
            "west": bounds[0],
            "north": bounds[3],
            "width": width,
            "height": height,
            "shape": rows.shape(order),
            "words": rows.in_words(order),
        })
    });
    json!({
        "order": order.get(),
        "cells": shown.reader.cells(),
        "grid": grid.kind.title(),
        "latitude": grid.kind.latitude(),
        "rows": rows,
    })
}

fn variable(info: &ArrayInfo) -> Value {
    let text = |key: &str| info.attributes.get(key).and_then(Value::as_str);
    json!({
        "name": info.name,
        "dtype": info.dtype.name(),
        "units": text("units"),
        "long_name": text("long_name"),
        "change": is_change(&label(info)),
        "fill": hex(&info.fill),
        "steps": info.at_steps,
    })
}

/// The variable that is shown first: one that is no count, where there is one.
fn first(variables: &[ArrayInfo]) -> usize {
    let is_count = |info: &ArrayInfo| {
        let statistic = info.attributes.get("statistic").and_then(Value::as_str);
        statistic.is_some_and(|name| name.contains("count") || name.starts_with("n_"))
    };
    let liked = ["median", "mean", "average", "slope"];
    let is_liked = |info: &ArrayInfo| {
        let statistic = info.attributes.get("statistic").and_then(Value::as_str);
        statistic.is_some_and(|name| liked.contains(&name))
    };
    let by = |is: &dyn Fn(&ArrayInfo) -> bool| variables.iter().position(is);
    by(&is_liked)
        .or_else(|| by(&|info| !is_count(info)))
        .unwrap_or(0)
}

/// Attributes of a store that are text, and no technical ones.
fn said(attributes: &Map<String, Value>) -> Map<String, Value> {
    const SHOWN: [&str; 7] = [
        "title",
        "summary",
        "source",
        "references",
        "history",
        "time_coverage_start",
        "time_coverage_end",
    ];
    let shown = SHOWN.iter().filter_map(|key| {
        let value = attributes.get(*key)?.as_str()?;
        Some(((*key).to_owned(), json!(value)))
    });
    shown.collect()
}
