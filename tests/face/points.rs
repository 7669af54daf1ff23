//! Tables with points in place of two columns of degrees, as GeoParquet has them.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray};
use arrow::record_batch::RecordBatch;
use icefold::error::Kind;

use super::from_code::{done, refused};
use crate::support::granules::one;
use crate::support::site::Site;
use crate::support::tables::{Row, config, points, record_batch, table_yaml, write_batch};

/// What the format takes where no reference system is said.
const DEGREES: &str =
    r#"{"type":"GeographicCRS","name":"WGS 84","id":{"authority":"OGC","code":"CRS84"}}"#;

/// The rows with a point in well-known binary in place of two coordinates.
fn with_geometry(rows: &[Row], crs: &str) -> RecordBatch {
    let batch = record_batch(rows);
    let points: Vec<Option<Vec<u8>>> = rows
        .iter()
        .map(|row| {
            let mut bytes = vec![1, 1, 0, 0, 0];
            bytes.extend(row.lon.to_le_bytes());
            bytes.extend(row.lat.to_le_bytes());
            (row.lon < 900.0).then_some(bytes)
        })
        .collect();
    let points: BinaryArray = points.iter().map(Option::as_deref).collect();
    let mut columns: Vec<(String, ArrayRef)> = vec![("place".into(), Arc::new(points))];
    for name in ["flag", "h", "k"] {
        columns.push((name.into(), Arc::clone(batch.column_by_name(name).unwrap())));
    }
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let geo = format!(
        r#"{{"version":"1.0.0","primary_column":"place","columns":{{"place":{{"encoding":"WKB","crs":{crs}}}}}}}"#
    );
    let schema = batch.schema().as_ref().clone();
    let metadata = std::collections::HashMap::from([("geo".to_owned(), geo)]);
    let schema = schema.with_metadata(metadata);
    batch.with_schema(Arc::new(schema)).unwrap()
}

fn of_points(site: &Site) -> PathBuf {
    let path = site.path("points.yaml");
    let text = table_yaml();
    let degrees = "coordinates: {latitude: lat, longitude: lon}";
    assert!(text.contains(degrees));
    std::fs::write(
        &path,
        text.replace(degrees, "coordinates: {geometry: place}"),
    )
    .unwrap();
    path
}

#[test]
fn points_in_well_known_binary_give_what_two_columns_give() {
    let site = Site::new();
    let mut rows = points();
    // Null as a point, no coordinate in degrees.
    rows[7].lon = 999.0;
    let degrees = site.path("degrees.parquet");
    let mut spoiled = rows.clone();
    spoiled[7].lon = f64::NAN;
    write_batch(&degrees, &record_batch(&spoiled), 100);
    let points = site.path("points.parquet");
    write_batch(&points, &with_geometry(&rows, DEGREES), 100);
    let run = site.code_to("a.zarr", config(&site), &one(&degrees));
    let (of_degrees, _) = done(run);
    let run = site.code_to("b.zarr", of_points(&site), &one(&points));
    let (of_points, _) = done(run);
    assert_eq!(of_points["photons"], of_degrees["photons"]);
    assert_eq!(of_points["photons"]["rejected_by"]["bad_coordinate"], 1);
    assert_eq!(of_points["content_sha256"], of_degrees["content_sha256"]);
}

#[test]
fn a_table_of_points_names_its_geometry_and_the_way_out() {
    let site = Site::new();
    let table = site.path("geo.parquet");
    write_batch(&table, &with_geometry(&points(), DEGREES), 100);
    let says = [
        "geo.parquet: has no column lon",
        "the points of column place (WKB): name that as their geometry, in a config with coordinates: {geometry: place}",
    ];
    refused(
        site.code(config(&site), &one(&table)).execute(),
        Kind::Granule,
        &says,
    );
    write_batch(&table, &with_geometry(&points(), "null"), 100);
    refused(
        site.code(of_points(&site), &one(&table)).execute(),
        Kind::Granule,
        &["column place", "not known (crs: null)"],
    );
    let crs = r#"{"type":"ProjectedCRS","name":"WGS 84 / UTM zone 33N"}"#;
    write_batch(&table, &with_geometry(&points(), crs), 100);
    let says = [
        "column place is in the reference system WGS 84 / UTM zone 33N",
        "convert it",
    ];
    refused(
        site.code(of_points(&site), &one(&table)).execute(),
        Kind::Granule,
        &says,
    );
    write_batch(&table, &record_batch(&points()), 100);
    let says = ["geo.parquet: has no column place"];
    refused(
        site.code(of_points(&site), &one(&table)).execute(),
        Kind::Granule,
        &says,
    );
    let both = "coordinates: {geometry: h, latitude: lat}";
    let text = table_yaml().replace("coordinates: {latitude: lat, longitude: lon}", both);
    let path = site.path("both.yaml");
    std::fs::write(&path, text).unwrap();
    let says = ["data_source.coordinates.geometry: stands beside latitude"];
    refused(
        icefold::config::load(path.to_str().unwrap()),
        Kind::Config,
        &says,
    );
}
