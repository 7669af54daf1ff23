//! Shard maps as Parquet say what those in JSON say, and files that are none are refused by column and row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, UInt64Array};
use arrow::record_batch::RecordBatch;
use icefold::error::Kind;
use icefold::grid::{Order, morton};
use icefold::plan::ShardMap;
use icefold::store::StoreReader;
use icefold::{Granules, MakeMap, Mapped, Run, config};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use serde_json::json;

use super::from_code::{done, looked, refused};
use crate::support::granules::paths;
use crate::support::site::{Site, assert_same};

pub(super) fn mapping(
    site: &Site,
    config: impl AsRef<Path>,
    granules: &[&Path],
    name: &str,
) -> MakeMap<'static> {
    let config = config::load(config.as_ref().to_str().unwrap()).unwrap();
    MakeMap::new(config, Granules::named(granules), site.path(name))
}

#[test]
fn runs_over_maps_of_both_forms_are_the_same() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    done(site.mapping("atl03", &granules));
    done(mapping(&site, "atl03", &granules, "map.parquet").threads(1));
    let first = std::fs::read(site.path("map.parquet")).unwrap();
    // Again, over its own, whatever the threads.
    done(mapping(&site, "atl03", &granules, "map.parquet").threads(3));
    assert!(first == std::fs::read(site.path("map.parquet")).unwrap());
    let [json, parquet] =
        ["map.json", "map.parquet"].map(|name| ShardMap::read(&site.path(name)).unwrap());
    assert_eq!(json.identity(), parquet.identity());
    let moved = ShardMap {
        path: parquet.path.clone(),
        ..json.clone()
    };
    assert_eq!(moved, parquet);
    let [a, b] = ["map.json", "map.parquet"].map(|name| {
        let mut found = looked(site.path(name));
        found.as_object_mut().unwrap().remove("map");
        found
    });
    assert_eq!(a, b);
    let atl03 = || config::load("atl03").unwrap();
    let over = |map: &str| Run::new(atl03(), Mapped::by(site.path(map)));
    let (of_json, _) = done(over("map.json").into_store(site.out("a.zarr")));
    let (of_parquet, said) = done(over("map.parquet").into_store(site.out("b.zarr")));
    assert_eq!(said, "");
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    assert_eq!(of_json["content_sha256"], of_parquet["content_sha256"]);
    // Pieces that were begun with one are gone on with by the other.
    let shards = "0..1".parse().unwrap();
    let part = Run::new(atl03(), Mapped::by(site.path("map.json")).shards(shards));
    done(part.into_store(site.out("c.zarr")));
    let (rest, _) = done(
        over("map.parquet")
            .into_store(site.out("c.zarr"))
            .resume(true),
    );
    assert_eq!(rest["pieces"]["kept"], 1);
    assert_same(&site.out("a.zarr"), &site.out("c.zarr"));
}

#[test]
fn a_map_has_the_cells_of_the_region_as_zagg_has_them() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let text = "region: {bbox: [-46.2, 68.3, -44.1, 70.4]}\noutput:\n  aoi_mask: true\n";
    let config = site.atl03_with("output:\n", text);
    done(site.mapping(&config, &granules));
    let map = site.map();
    assert_eq!(map["metadata"]["aoi_mask"], true);
    let masks = map["aoi_mask"].as_array().unwrap();
    assert_eq!(masks.len(), map["shard_keys"].as_array().unwrap().len());
    let mut cells = BTreeSet::new();
    let mut orders = BTreeMap::new();
    for word in masks.iter().flat_map(|mask| mask.as_array().unwrap()) {
        let (order, cell) = morton::from_word(word.as_u64().unwrap()).unwrap();
        *orders.entry(order).or_insert(0) += 1;
        let finer = 2 * (12 - u32::from(order.get()));
        for cell in cell << finer..(cell + 1) << finer {
            assert!(cells.insert(cell), "twice: {cell}");
        }
    }
    assert!(orders.len() > 2, "{orders:?}");
    let (_, said) = done(site.over_as("a.zarr", &config));
    assert!(!said.contains("aoi_mask"), "{said}");
    let store = StoreReader::open(site.out("a.zarr")).unwrap();
    let mask = store.read("aoi_mask").unwrap().bytes;
    let shards: BTreeSet<u64> = ShardMap::read(&site.path("map.json"))
        .unwrap()
        .shards
        .iter()
        .map(|s| s.id)
        .collect();
    let up = store
        .grid()
        .kind
        .up(Order::new(12).unwrap(), Order::new(6).unwrap());
    let ids = store.cell_ids().unwrap().into_iter().zip(mask);
    let of_store: BTreeSet<u64> = ids
        .filter(|(id, mask)| *mask == 1 && shards.contains(&up.of(*id)))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(cells, of_store);
    // In Parquet the same, a text for each shard.
    done(mapping(&site, &config, &granules, "map.parquet"));
    let (_, said) = done(
        Run::new(
            config::load(config.to_str().unwrap()).unwrap(),
            Mapped::by(site.path("map.parquet")),
        )
        .into_store(site.out("b.zarr")),
    );
    assert!(!said.contains("aoi_mask"), "{said}");
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

/// A file with these columns, and the text that is not in one.
fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, meta: Option<&str>) {
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
            .unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    if let Some(meta) = meta {
        writer.append_key_value_metadata(KeyValue::new(
            "zagg:shardmap_meta".to_owned(),
            meta.to_owned(),
        ));
    }
    writer.close().unwrap();
}

/// Columns, the text that is not in one, and what is said of them.
type Case<'a> = (Vec<(&'a str, ArrayRef)>, Option<&'a str>, &'a str);

#[test]
#[allow(clippy::too_many_lines, reason = "a list of cases")]
fn files_that_are_no_maps_are_refused_by_column_and_row() {
    let site = Site::new();
    let path = site.path("bad.parquet");
    let key = 5_347_294_481_781_620_745;
    let keys = || Arc::new(UInt64Array::from(vec![key])) as ArrayRef;
    let text = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let meta = Some("{}");
    let map = || {
        Run::new(
            config::load("atl03").unwrap(),
            Mapped::by(site.path("bad.parquet")),
        )
        .into_store(site.out("a.zarr"))
        .execute()
    };
    let cases: Vec<Case> = vec![
        (
            vec![("shard_keys", keys()), ("granules", text("[]"))],
            None,
            "without the metadata zagg:shardmap_meta",
        ),
        (
            vec![("shard_keys", keys()), ("granules", text("[]"))],
            Some("{"),
            "are no JSON of a map",
        ),
        (
            vec![("granules", text("[]"))],
            meta,
            "has no column shard_keys; it has granules",
        ),
        (
            vec![("shard_keys", keys()), ("lists", text("[]"))],
            meta,
            "has no column granules",
        ),
        (
            vec![
                ("shard_keys", Arc::new(Int64Array::from(vec![1]))),
                ("granules", text("[]")),
            ],
            meta,
            "column shard_keys is of Int64",
        ),
        (
            vec![("shard_keys", keys()), ("granules", keys())],
            meta,
            "column granules is of UInt64",
        ),
        (
            vec![
                (
                    "shard_keys",
                    Arc::new(UInt64Array::from(vec![Some(key), None])),
                ),
                ("granules", Arc::new(StringArray::from(vec!["[]", "[]"]))),
            ],
            meta,
            "column shard_keys row 1 is null",
        ),
        (
            vec![("shard_keys", keys()), ("granules", text("[{}]"))],
            meta,
            "column granules row 0 is no list of granules",
        ),
        (
            vec![
                ("shard_keys", keys()),
                ("granules", Arc::new(StringArray::from(vec![None::<&str>]))),
            ],
            meta,
            "column granules row 0 is null",
        ),
        (
            vec![
                ("shard_keys", Arc::new(UInt64Array::from(vec![3]))),
                ("granules", text("[]")),
            ],
            meta,
            "shard_keys[0] is 3, which is no morton word",
        ),
        (
            vec![
                ("shard_keys", keys()),
                ("granules", text("[]")),
                ("aoi_mask", text("[1")),
            ],
            meta,
            "column aoi_mask row 0 is no JSON of a list of cells",
        ),
        (
            vec![
                ("shard_keys", keys()),
                ("granules", text("[]")),
                ("aoi_mask", Arc::new(StringArray::from(vec![None::<&str>]))),
            ],
            meta,
            "column aoi_mask row 0 is null",
        ),
        (
            vec![
                ("shard_keys", keys()),
                ("granules", text("[]")),
                ("aoi_mask", keys()),
            ],
            meta,
            "column aoi_mask is of UInt64",
        ),
    ];
    for (columns, meta, words) in cases {
        write(&path, columns, meta);
        let message = refused(map(), Kind::Map, &["bad.parquet", words]);
        assert!(
            message.contains("again") || message.contains("name a map"),
            "{message}"
        );
    }
    // Half of a file.
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    refused(
        map(),
        Kind::Map,
        &[
            "bad.parquet",
            "cannot be read as Parquet",
            "make the map again",
        ],
    );
    // What is not a map of icefold is not written over.
    write(&path, vec![("a", keys())], None);
    let granules = site.three();
    refused(
        mapping(&site, "atl03", &paths(&granules), "bad.parquet").execute(),
        Kind::Argument,
        &["bad.parquet"],
    );
}

#[test]
fn the_shard_0_of_rows_and_columns_may_be_a_null_as_zagg_writes_it() {
    let site = Site::new();
    let path = site.path("rows.parquet");
    let meta = r#"{"metadata": {}, "grid_signature": {"type": "rectilinear", "crs": "EPSG:32618",
        "affine": [10, 0, 358300, 0, -10, 4311600], "shape": [1200, 1200], "chunk_shape": [300, 300]}}"#;
    let list = r#"[{"id": "a.h5", "s3": null, "https": null, "time_start": "2019", "assets": {"b": {"id": "c"}}}]"#;
    write(
        &path,
        vec![
            (
                "shard_keys",
                Arc::new(UInt64Array::from(vec![None, Some(5)])),
            ),
            ("granules", Arc::new(StringArray::from(vec![list, "[]"]))),
            ("aoi_mask", Arc::new(StringArray::from(vec!["[1]", "[]"]))),
        ],
        Some(meta),
    );
    let map = ShardMap::read(&path).unwrap();
    assert_eq!(map.keys(), [0, 5]);
    assert_eq!(map.granules[0].id, "a.h5");
    assert_eq!(map.unused, ["aoi_mask", "granules[].assets"]);
    // What no run follows is there all the same, and is written again in either form.
    assert_eq!(map.aoi_mask, Some(vec![json!([1]), json!([])]));
    assert_eq!(map.granules[0].time_start, Some(json!("2019")));
    assert_eq!(map.granules[0].time_end, None);
    assert_eq!(map.granules[0].assets.as_ref().unwrap()["b"]["id"], "c");
    for name in ["again.json", "again.parquet"] {
        let again = ShardMap {
            path: site.path(name),
            ..map.clone()
        };
        again.write().unwrap();
        assert_eq!(ShardMap::read(&site.path(name)).unwrap(), again);
    }
    let text = std::fs::read_to_string(site.path("again.json")).unwrap();
    let short = text.replace("\"aoi_mask\": [\n    [\n      1\n    ],", "\"aoi_mask\": [");
    assert_ne!(short, text);
    std::fs::write(site.path("again.json"), short).unwrap();
    let refused = ShardMap::read(&site.path("again.json")).unwrap_err();
    let says = "has 2 shard_keys and 1 lists of aoi_mask";
    assert!(refused.to_string().contains(says), "{refused}");
}
