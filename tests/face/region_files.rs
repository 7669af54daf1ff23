//! Regions from GeoParquet: the positions of the same polygons as GeoJSON, and what is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Float64Array, Int32Array, ListArray, RecordBatch, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use icefold::Region;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use serde_json::{Value, json};

use super::from_code::done;
use crate::support::granules::paths;
use crate::support::site::{Site, tree};

type Ring = Vec<[f64; 2]>;

/// Two polygons, one of them with a hole.
fn area() -> Vec<Vec<Ring>> {
    let ring = |x: f64, y: f64, size: f64| -> Ring {
        vec![
            [x, y],
            [x + size, y],
            [x + size, y + 0.9 * size],
            [x, y + size],
            [x, y],
        ]
    };
    vec![
        vec![ring(-46.0, 69.0, 1.5), ring(-45.6, 69.3, 0.3)],
        vec![ring(-44.0, 69.1, 0.5)],
    ]
}

fn geojson(polygons: &[Vec<Ring>]) -> Region {
    let text = json!({"type": "MultiPolygon", "coordinates": polygons}).to_string();
    Region::of_geojson(&text).unwrap()
}

fn wkb_polygon(rings: &[Ring]) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(3_u32.to_le_bytes());
    bytes.extend((rings.len() as u32).to_le_bytes());
    for ring in rings {
        bytes.extend((ring.len() as u32).to_le_bytes());
        bytes.extend(ring.iter().flatten().flat_map(|x| x.to_le_bytes()));
    }
    bytes
}

fn wkb_column(rows: &[Option<Vec<u8>>]) -> ArrayRef {
    Arc::new(rows.iter().map(Option::as_deref).collect::<BinaryArray>())
}

/// Lists of so many items each.
fn lists(items: ArrayRef, lengths: &[usize]) -> ArrayRef {
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    Arc::new(ListArray::new(field, offsets, items, None))
}

/// Polygons as lists of rings of structs.
fn nested(polygons: &[Vec<Ring>]) -> ArrayRef {
    let rings: Vec<&Ring> = polygons.iter().flatten().collect();
    let axis = |which: usize| -> ArrayRef {
        let numbers = rings
            .iter()
            .flat_map(|ring| ring.iter().map(move |p| p[which]));
        Arc::new(numbers.collect::<Float64Array>())
    };
    let field = |name: &str| Arc::new(Field::new(name, DataType::Float64, true));
    let positions = StructArray::from(vec![(field("x"), axis(0)), (field("y"), axis(1))]);
    let of_ring: Vec<usize> = rings.iter().map(|ring| ring.len()).collect();
    let of_polygon: Vec<usize> = polygons.iter().map(Vec::len).collect();
    lists(lists(Arc::new(positions), &of_ring), &of_polygon)
}

/// A file of a column of geometries, of which the metadata say this; `None` writes none.
fn write(path: &Path, geometries: ArrayRef, facts: impl Into<Option<Value>>) {
    let rows = geometries.len() as i32;
    let columns = [
        (
            "id",
            Arc::new((0..rows).collect::<Int32Array>()) as ArrayRef,
        ),
        ("geometry", geometries),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.map(|(name, column)| (name, column, true)),
    )
    .unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    if let Some(facts) = facts.into() {
        let geo = json!({
            "version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": facts},
        });
        writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), geo.to_string()));
    }
    writer.close().unwrap();
}

fn facts(more: &Value) -> Value {
    let mut facts = json!({"encoding": "WKB", "geometry_types": []});
    for (key, value) in more.as_object().unwrap() {
        facts[key] = value.clone();
    }
    facts
}

fn projjson(authority: &str, code: &Value) -> Value {
    json!({"type": "GeographicCRS", "name": "a system", "id": {"authority": authority, "code": code}})
}

#[test]
fn polygons_of_geoparquet_are_those_of_geojson_however_they_are_encoded() {
    let site = Site::new();
    let area = area();
    let expected = geojson(&area);
    let path = site.path("area.parquet");
    let rows: Vec<_> = area.iter().map(|rings| Some(wkb_polygon(rings))).collect();
    for more in [
        json!({}),
        json!({"edges": "planar", "orientation": "counterclockwise"}),
        json!({"crs": projjson("OGC", &json!("CRS84"))}),
        json!({"crs": projjson("EPSG", &json!(4326)), "epoch": 2021.5}),
    ] {
        write(&path, wkb_column(&rows), facts(&more));
        assert_eq!(Region::read(&path).unwrap(), expected);
    }
    write(&path, nested(&area), facts(&json!({"encoding": "polygon"})));
    assert_eq!(Region::read(&path).unwrap(), expected);
    let one = lists(nested(&area), &[2]);
    write(&path, one, facts(&json!({"encoding": "multipolygon"})));
    assert_eq!(Region::read(&path).unwrap(), expected);
    // Its name does not tell what a file is.
    let unnamed = site.path("area");
    std::fs::copy(&path, &unnamed).unwrap();
    assert_eq!(Region::read(&unnamed).unwrap(), expected);
}

#[test]
fn a_run_with_a_region_from_geoparquet_has_the_bytes_of_one_from_geojson() {
    let site = Site::new();
    let granules = site.three();
    let path = site.path("area.parquet");
    let rows: Vec<_> = area()
        .iter()
        .map(|rings| Some(wkb_polygon(rings)))
        .collect();
    write(&path, wkb_column(&rows), facts(&json!({})));
    let run = |store: &str, region: Region| {
        done(
            site.code_to(store, "atl03", &paths(&granules))
                .region(region),
        )
        .0
    };
    let from_file = run("a.zarr", Region::read(&path).unwrap());
    run("b.zarr", geojson(&area()));
    assert!(from_file["photons"]["kept"].as_u64() > Some(0));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    // A config names the file as others.
    let config = site.atl03_with(
        "output:",
        &format!("region: {{file: {}}}\noutput:", path.display()),
    );
    done(site.code_to("c.zarr", config, &paths(&granules)));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("c.zarr")));
}

#[test]
fn edges_along_great_circles_are_followed_where_the_file_says_so() {
    let site = Site::new();
    let path = site.path("area.parquet");
    let ring: Ring = vec![[-60.0, 60.0], [0.0, 60.0], [-30.0, 50.0], [-60.0, 60.0]];
    let column = || wkb_column(&[Some(wkb_polygon(std::slice::from_ref(&ring)))]);
    let read = |edges: &str| {
        write(&path, column(), facts(&json!({"edges": edges})));
        Region::read(&path).unwrap()
    };
    let (planar, spherical) = (read("planar"), read("spherical"));
    assert_eq!(planar, geojson(&[vec![ring.clone()]]));
    assert_eq!(planar.facts().positions, 3);
    assert!(spherical.facts().positions > 100);
    // The circle goes up to 63.4349 degrees north.
    for (lat, inside) in [
        (59.9, [true; 2]),
        (60.1, [false, true]),
        (63.434_948, [false, true]),
    ] {
        let found = [&planar, &spherical].map(|region| region.contains(-30.0, lat));
        assert_eq!(found, inside, "{lat}");
    }
    assert!(!spherical.contains(-30.0, 63.434_950));
    // Neighbours share their edge, whichever way each goes along it.
    let other: Ring = vec![[-60.0, 60.0], [-30.0, 75.0], [0.0, 60.0], [-60.0, 60.0]];
    let north = wkb_column(&[Some(wkb_polygon(&[other]))]);
    write(&path, north, facts(&json!({"edges": "spherical"})));
    let north = Region::read(&path).unwrap();
    let on_edges = spherical.to_geojson()["coordinates"][0][0].clone();
    let on_edges: Ring = serde_json::from_value(on_edges).unwrap();
    let arc = on_edges.into_iter().filter(|p| p[1] > 60.5);
    let around = (0..400).map(|place| [-49.9 + f64::from(place) * 0.0998, 62.0]);
    for [lon, lat] in arc.chain(around) {
        let both = [&spherical, &north].map(|region| region.contains(lon, lat));
        assert!(both[0] ^ both[1], "{lon} {lat} {both:?}");
    }
    let across: Ring = vec![[170.0, 0.0], [-170.0, 0.5], [175.0, 10.0], [170.0, 0.0]];
    let column = wkb_column(&[Some(wkb_polygon(&[across]))]);
    write(&path, column, facts(&json!({"edges": "spherical"})));
    refused(
        &path,
        "is a great circle across the antimeridian or a pole; cut the polygon there",
    );
}

#[track_caller]
fn refused(path: &Path, says: &str) {
    let error = Region::read(path).unwrap_err().to_string();
    let begins = format!("region {}: ", path.display());
    assert!(
        error.starts_with(&begins) && error.contains(says),
        "{error}"
    );
}

#[test]
fn what_is_no_polygon_in_degrees_is_refused_by_its_row() {
    let site = Site::new();
    let path = site.path("area.parquet");
    let good = wkb_polygon(&area()[0]);
    let with = |rows: &[Option<Vec<u8>>], facts: Option<Value>, says: &str| {
        write(&path, wkb_column(rows), facts);
        refused(&path, says);
    };
    let one = [Some(good.clone())];
    with(
        &one,
        None,
        "is Parquet without the metadata geo of GeoParquet",
    );
    for (more, says) in [
        (
            json!({"crs": projjson("EPSG", &json!(3413))}),
            "column geometry is in the reference system EPSG:3413 (a system), and a region is in longitude and latitude",
        ),
        (
            json!({"crs": null}),
            "its reference system is not known (crs: null)",
        ),
        (
            json!({"crs": {"name": "local"}}),
            "is in a reference system without an id (local)",
        ),
        (
            json!({"edges": "curved"}),
            "has edges \"curved\"; they are planar or spherical",
        ),
        (
            json!({"encoding": "point"}),
            "is encoded as point, which has no inside",
        ),
        (
            json!({"encoding": "WKT"}),
            "is encoded as WKT, which GeoParquet does not know",
        ),
        (json!({"encoding": null}), "has no encoding"),
        (
            json!({"encoding": "polygon"}),
            "row 0 has Binary where a list of rings",
        ),
    ] {
        with(&one, Some(facts(&more)), says);
    }
    let plain = || Some(facts(&json!({})));
    with(
        &[Some(good.clone()), None],
        plain(),
        "column geometry row 1 has no geometry",
    );
    with(
        &[Some(good.clone()), Some(vec![9])],
        plain(),
        "row 1 starts with 9",
    );
    with(
        &[Some(good[..40].to_vec())],
        plain(),
        "row 0 ends too early",
    );
    with(&[], plain(), "has no polygon");
    let mut beyond = area()[0].clone();
    beyond[1][2][0] = 190.0;
    let says = "row 0, polygon 0, ring 1, position 2 is [190, ";
    with(&[Some(wkb_polygon(&beyond))], plain(), says);
    let mut open = area()[0].clone();
    open[0].pop();
    with(&[Some(wkb_polygon(&open))], plain(), "ring 0 begins at");
    let crossing: Ring = vec![[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0], [0.0, 0.0]];
    with(
        &[Some(wkb_polygon(&[crossing]))],
        plain(),
        "ring 0 crosses itself",
    );
    with(&[Some(wkb_polygon(&[]))], plain(), "polygon 0 has no ring");
    write(&path, nested(&area()), facts(&json!({})));
    refused(&path, "row 0 is List");
}

#[test]
fn no_damage_of_a_file_panics() {
    let site = Site::new();
    let path: PathBuf = site.path("area.parquet");
    let rows: Vec<_> = area()
        .iter()
        .map(|rings| Some(wkb_polygon(rings)))
        .collect();
    write(&path, wkb_column(&rows), facts(&json!({})));
    let bytes = std::fs::read(&path).unwrap();
    let expected = geojson(&area());
    let mut same = 0;
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        std::fs::write(&path, &damaged).unwrap();
        // Of other columns and facts, or an error, or other positions.
        if let Ok(region) = Region::read(&path) {
            same += usize::from(region == expected);
        }
    }
    assert!(same > 0);
    for length in [0, 3, 4, 8, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        refused(&path, "cannot be read as Parquet");
    }
}
