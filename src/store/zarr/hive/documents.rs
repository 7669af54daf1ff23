//! The documents of a hive: manifest, groups, arrays and stamps, as zagg writes them.
//!
//! Below `write.rs`, `leaf.rs` and `column.rs`. Sources: zagg's hive layout and store specification, sections 1.2, 4.4
//! to 4.6. What says when something was written is the time of the newest granule, and is left out where names of
//! granules do not tell: equal inputs make equal bytes.

use serde_json::{Map, Value, json};

use super::super::metadata::{Attributes, dggs_convention, object};
use super::tree::{SPEC, STAMP};
use super::vlen;
use crate::finalize::{Kind, OutputArray, StoreSchema};
use crate::grid::{GridConfig, Order};
use crate::store::origin::Origin;

/// How fields of coarser cells come about.
const COLUMN: &str = "zagg-column/1";

/// The manifest at the root.
pub fn manifest(schema: &StoreSchema, overviews: &[Order], origin: &Origin) -> Value {
    let grid = schema.grid;
    let shard = grid.shard_order.get();
    let mut document = json!({
        "spec": SPEC,
        "dataset": {
            "short_name": origin.product.as_deref().unwrap_or("icefold"),
            "version": origin.release.as_deref().unwrap_or(""),
        },
        "cell_order": grid.cell_order.get(),
        "shard_order": shard,
        "split_schedule": vec![1; shard.into()],
        "path_grouping": 1,
        "pyramid": pyramid(schema, overviews),
        "icefold": icefold(schema),
    });
    add_time(&mut document, "generated_at", origin);
    document
}

/// Coarser cells that are there, and those that zagg may make of them.
fn pyramid(schema: &StoreSchema, overviews: &[Order]) -> Value {
    let shard = schema.grid.shard_order;
    let declared: Vec<u8> = overviews
        .iter()
        .filter(|order| **order > shard)
        .map(|order| order.get())
        .collect();
    if declared.is_empty() {
        return json!({"spec": "zagg-pyramid/1", "overview": {"orders": []}});
    }
    let mut levels = vec![json!({"node": shard.get(), "cells": declared})];
    let ladder = (0..shard.get()).rev();
    levels.extend(ladder.map(|node| json!({"node": node, "cells": [node + 1]})));
    // Words belong to the field of their digest.
    let fields = schema.arrays.iter().filter(|array| !is_words(array));
    let fields = fields.map(|array| {
        let mut field = field(array);
        if let Some(members) = field.as_object_mut()
            && array_is_exact(array)
        {
            members.insert("dtype".to_owned(), json!(array.dtype.name()));
            members.insert("fill_value".to_owned(), fill_value(array));
        }
        (array.name.clone(), field)
    });
    let fields: Map<String, Value> = fields.collect();
    json!({
        "spec": "zagg-pyramid/2",
        "overviews": levels,
        "overview": {
            "all_time": false,
            "fold_source": "cascade",
            "exact_levels": 1,
            "fields": fields,
        },
    })
}

fn fill_value(array: &OutputArray) -> Value {
    if array.fill_value.is_nan() {
        json!("NaN")
    } else if array.dtype.is_float() {
        json!(array.fill_value)
    } else {
        json!(array.fill_value as i128 as i64)
    }
}

/// The law by which zagg folds values of an output, where it has one.
fn law(array: &OutputArray) -> Option<&'static str> {
    let plain = array.kind == Kind::Scalar;
    match array.statistic.as_str() {
        "count" | "sum" | "nansum" if plain => Some("sum"),
        "min" | "nanmin" if plain => Some("min"),
        "max" | "nanmax" if plain => Some("max"),
        _ => None,
    }
}

fn array_is_exact(array: &OutputArray) -> bool {
    law(array).is_some()
}

/// Whether zagg folds an output to coarser cells.
pub fn is_composable(array: &OutputArray) -> bool {
    law(array).is_some() || array.kind.is_ragged()
}

fn is_words(array: &OutputArray) -> bool {
    matches!(array.kind, Kind::Words(_))
}

fn field(array: &OutputArray) -> Value {
    if let Kind::Digest {
        delta,
        coarser,
        channels,
    } = array.kind
    {
        let mut field = object(json!({
            "class": "approximate",
            "method": "tdigest_kway",
            "delta": delta,
            "overview_delta": coarser,
            "dtype": "float32",
            "inner_shape": [2],
        }));
        if channels.location {
            field.insert("location".to_owned(), json!("leaf_id"));
        }
        if channels.time {
            field.insert("temporal".to_owned(), json!("per-centroid"));
        }
        return Value::Object(field);
    }
    match law(array) {
        Some(law) => json!({"class": "exact", "method": law, "nan_policy": "skip"}),
        None => json!({"class": "none"}),
    }
}

/// What icefold says of itself.
fn icefold(schema: &StoreSchema) -> Value {
    let mut facts = object(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "config_sha256": schema.config_sha256,
        "shard_order": schema.grid.shard_order.get(),
        "layout": "hive",
    }));
    if let Some(region) = &schema.region {
        facts.insert("region".to_owned(), json!(region.facts()));
    }
    Value::Object(facts)
}

/// The `zarr.json` of a group of cells of one order.
pub fn group(schema: &StoreSchema, order: Order) -> Value {
    let repository = "https://github.com/espg/mortie/blob/main/docs";
    let specification = format!("{repository}/{}", "specification.md");
    json!({
        "zarr_format": 3,
        "node_type": "group",
        "attributes": {
            "zarr_conventions": [dggs_convention(), {
                "schema_url": format!("{specification}#dggs-attrs"),
                "spec_url": specification,
                "uuid": "3e22156d-ea9e-4e01-95fe-e3809a4b41e7",
                "name": "morton-dggs",
                "description": "Packed-u64 morton (HEALPix) DGGS convention",
            }],
            "dggs": {
                "name": "morton",
                "refinement_level": order.get(),
                "spatial_dimension": "cells",
                "ellipsoid": {
                    "name": "WGS84",
                    "semimajor_axis": 6_378_137.0,
                    "inverse_flattening": 298.257_223_563,
                },
                "compression": "none",
                "coordinate": "morton",
            },
            "latitude": schema.grid.kind.latitude(),
            "icefold": icefold(schema),
        },
    })
}

/// The stamp that says that a Zarr is whole.
pub fn stamp(cells_with_data: u64, coverage: Option<Value>, origin: &Origin) -> Value {
    let mut stamp = json!({
        "spec": SPEC,
        "complete": true,
        "cells_with_data": cells_with_data,
    });
    add_time(&mut stamp, "written_at", origin);
    if let (Some(members), Some(coverage)) = (stamp.as_object_mut(), coverage) {
        members.insert("coverage".to_owned(), coverage);
    }
    stamp
}

/// The root of a leaf.
pub fn leaf(stamp: Value) -> Value {
    root(&Map::from_iter([(STAMP.to_owned(), stamp)]))
}

/// The root of a column: coarser cells of one shard, which has this id.
pub fn column(
    schema: &StoreSchema,
    (id, orders): (&str, &[Order]),
    stamp: Value,
    origin: &Origin,
) -> Value {
    let shard = schema.grid.shard_order;
    let fields = schema.arrays.iter();
    let fields = fields.filter(|array| is_composable(array) && !is_words(array));
    let fields: Map<String, Value> = fields
        .map(|array| (array.name.clone(), field(array)))
        .collect();
    let others = schema.arrays.iter().filter(|array| !is_composable(array));
    let others: Vec<&str> = others.map(|array| array.name.as_str()).collect();
    let groups: Map<String, Value> = orders
        .iter()
        .map(|&order| {
            let cells = schema.grid.kind.within(shard, order);
            let group = json!({"regime": "leaf-column", "merges_from_raw": 1, "n_cells": cells});
            (order.to_string(), group)
        })
        .collect();
    let mut block = json!({
        "spec": COLUMN,
        "node": id,
        "order": shard.get(),
        "source_cell_order": schema.grid.cell_order.get(),
        "window": "all",
        "fields": fields,
        "groups": groups,
        "cells_with_data_order": orders.first().map(|order| order.get()),
    });
    add_time(&mut block, "generated_at", origin);
    let mut attributes = Map::from_iter([
        ("role".to_owned(), json!("column")),
        ("zagg_column".to_owned(), block),
    ]);
    if !others.is_empty() {
        // Exact statistics of the photons of coarser cells, which zagg has no law for.
        attributes.insert("icefold".to_owned(), json!({"of_photons": others}));
    }
    attributes.insert(STAMP.to_owned(), stamp);
    root(&attributes)
}

fn root(attributes: &Map<String, Value>) -> Value {
    json!({"zarr_format": 3, "node_type": "group", "attributes": attributes})
}

fn add_time(document: &mut Value, key: &str, origin: &Origin) {
    if let (Some(members), Some(time)) = (document.as_object_mut(), &origin.newest) {
        members.insert(key.to_owned(), json!(time));
    }
}

/// How the cells of an array are cut: so many in it, and so many in an inner chunk of its one file; all of them where it
/// has no inner chunks.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub cells: u64,
    pub chunk: Option<u64>,
}

impl Cut {
    /// Of the arrays of a leaf.
    pub fn of_leaf(grid: &GridConfig) -> Self {
        let chunk = grid.chunk_order.filter(|chunk| *chunk > grid.shard_order);
        Self {
            cells: grid.shard_cells(),
            chunk: chunk.map(|chunk| grid.kind.within(chunk, grid.cell_order)),
        }
    }
}

/// The `zarr.json` of an array of lists.
pub fn lists(cut: Cut, attributes: &Attributes) -> Value {
    let bytes = json!({"name": "bytes", "configuration": {"endian": "little"}});
    let chain = json!([
        {"name": "vlen-bytes", "configuration": {}},
        {"name": "zstd", "configuration": {"level": super::leaf::LEVEL, "checksum": false}},
    ]);
    let codecs = match cut.chunk {
        None => chain,
        Some(chunk) => json!([{"name": "sharding_indexed", "configuration": {
            "chunk_shape": [chunk],
            "codecs": chain,
            "index_codecs": [bytes, {"name": "crc32c"}],
            "index_location": "end",
        }}]),
    };
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": [cut.cells],
        "data_type": vlen::DATA_TYPE,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [cut.cells]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": "",
        "codecs": codecs,
        "attributes": attributes,
        "dimension_names": ["cells"],
        "storage_transformers": [],
    })
}
