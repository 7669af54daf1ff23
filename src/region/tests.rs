//! Tests: what is inside, whoever cuts it, and what is refused.

use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Region {
    Region::of_geojson(text).unwrap()
}

/// A position that lies on edges and corners of whole numbers as often as not.
fn position() -> impl Strategy<Value = (f64, f64)> {
    let lon = prop_oneof![
        -540.0f64..540.0,
        (-540i32..=540).prop_map(f64::from),
        Just(180.0),
        Just(-180.0),
        Just(179.999_999_999_999_97),
    ];
    let lat = prop_oneof![-90.0f64..=90.0, (-90i32..=90).prop_map(f64::from)];
    (lon, lat)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_position_lies_in_exactly_one_part_of_the_earth(
        (lon, lat) in position(),
        cut in -179i32..180,
        parallel in -89i32..90,
        slant in -20i32..20,
    ) {
        // North and south of a slanted line, and the north cut by a meridian.
        let (west, east) = (f64::from(parallel), f64::from((parallel + slant).clamp(-89, 89)));
        let south = format!(
            "[[[-180,-90],[180,-90],[180,{east}],[-180,{west}],[-180,-90]]]"
        );
        let north = format!("[[[-180,{west}],[180,{east}],[180,90],[-180,90],[-180,{west}]]]");
        let polygon = |rings: &str| of(&format!(r#"{{"type":"Polygon","coordinates":{rings}}}"#));
        prop_assert_eq!(
            [&south, &north].iter().filter(|rings| polygon(rings).contains(lon, lat)).count(), 1
        );
        let cut = f64::from(cut);
        let boxes = [
            Region::of_box(-180.0, -90.0, cut, 90.0).unwrap(),
            Region::of_box(cut, -90.0, 180.0, 90.0).unwrap(),
        ];
        prop_assert_eq!(boxes.iter().filter(|part| part.contains(lon, lat)).count(), 1);
        let across = [Region::of_box(150.0, -90.0, cut.min(149.0), 90.0), Region::of_box(cut.min(149.0), -90.0, 150.0, 90.0)];
        prop_assert_eq!(across.iter().filter(|part| part.as_ref().unwrap().contains(lon, lat)).count(), 1);
    }

    #[test]
    fn a_hole_and_what_fills_it_share_no_position((lon, lat) in position()) {
        let whole = Region::of_box(-170.0, -60.0, 170.0, 60.0).unwrap();
        let hole = "[[-20,-10],[30,-10],[0,40],[-20,-10]]";
        let ring = of(&format!(
            r#"{{"type":"Polygon","coordinates":[[[-170,-60],[170,-60],[170,60],[-170,60],[-170,-60]],{hole}]}}"#
        ));
        let filling = of(&format!(r#"{{"type":"Polygon","coordinates":[{hole}]}}"#));
        let [whole, ring, filling] = [whole, ring, filling].map(|part| part.contains(lon, lat));
        prop_assert_eq!(whole, ring ^ filling);
        prop_assert!(!(ring && filling));
    }

    #[test]
    fn a_region_comes_back_from_its_geojson_with_every_bit(
        points in prop::collection::vec((-180.0f64..180.0, -90.0f64..90.0), 3),
    ) {
        let mut ring: Vec<[f64; 2]> = points.into_iter().map(|(lon, lat)| [lon, lat]).collect();
        ring.push(ring[0]);
        let region = of(&json!({"type": "Polygon", "coordinates": [ring]}).to_string());
        let again = of(&region.to_geojson().to_string());
        prop_assert_eq!(region.sha256(), again.sha256());
    }
}

proptest! {
    #[test]
    fn a_spoiled_text_is_a_region_or_refused_and_never_a_panic(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon",
            "coordinates":[[[-10,60],[20,60.5],[20,70],[-10,60]],[[0,61],[9,62],[9,63],[0,61]]]}}]}"#;
        let mut bytes = text.as_bytes().to_vec();
        for (place, value) in places {
            // Of what is written there already, so that most of it stays JSON.
            let place = place.index(bytes.len());
            bytes[place] = bytes[usize::from(value) % bytes.len()];
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(region) = Region::of_geojson(&String::from_utf8_lossy(&bytes)) {
            prop_assert_eq!(region.facts().sha256.len(), 64);
        }
    }
}

#[test]
fn a_box_is_the_polygon_of_its_corners_however_that_is_written() {
    let expected = Region::of_box(-10.0, 60.0, 20.0, 70.0).unwrap();
    for text in [
        r#"{"type":"Polygon","coordinates":[[[-10,60],[20,60],[20,70],[-10,70],[-10,60]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[20,70.0],[20,60],[-10,60],[-10,60],[-10,70],[20,70]]]}"#,
        r#"{"type":"Feature","properties":null,"geometry":
            {"type":"Polygon","coordinates":[[[-10,60,5],[20,60,7],[20,70,1],[-10,70,0],[-10,60,9]]]}}"#,
        r#"{"type":"FeatureCollection","name":"x","crs":{"type":"name","properties":
            {"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[{"type":"Feature","id":1,"geometry":
            {"type":"GeometryCollection","geometries":[{"type":"MultiPolygon","coordinates":
            [[[[-10,60],[20,60],[20,70],[-10,70],[-10,60]]]]},{"type":"MultiPolygon","coordinates":[]}]}}]}"#,
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
    let facts = expected.facts();
    assert_eq!(facts.bbox, [-10.0, 60.0, 20.0, 70.0]);
    assert_eq!((facts.polygons, facts.positions), (1, 4));
    let shown = facts.to_string();
    assert!(
        shown.starts_with("1 polygon of 4 positions within -10,60,20,70 (sha256 "),
        "{shown}"
    );
}

#[test]
fn a_box_across_the_antimeridian_is_two_polygons_there() {
    let region = Region::of_box(170.0, -80.0, -170.0, -60.0).unwrap();
    let cut = of(r#"{"type":"MultiPolygon","coordinates":[
        [[[170,-80],[180,-80],[180,-60],[170,-60],[170,-80]]],
        [[[-180,-80],[-170,-80],[-170,-60],[-180,-60],[-180,-80]]]]}"#);
    assert_eq!(region, cut);
    for (lon, inside) in [
        (170.0, true),
        (180.0, true),
        (-180.0, true),
        (-170.0, false),
        (190.0, false),
        (185.0, true),
        (-190.0, true),
        (0.0, false),
    ] {
        assert_eq!(region.contains(lon, -70.0), inside, "{lon}");
    }
    assert_eq!(
        Region::of_box(180.0, 0.0, -170.0, 1.0).unwrap(),
        Region::of_box(-180.0, 0.0, -170.0, 1.0).unwrap()
    );
    assert_eq!(
        Region::of_box(170.0, 0.0, -180.0, 1.0).unwrap(),
        Region::of_box(170.0, 0.0, 180.0, 1.0).unwrap()
    );
}

#[test]
fn many_polygons_and_long_rings_are_the_same_region_in_any_order() {
    // A chessboard of 20 by 20 boxes, whose fields touch at corners.
    let field = |x: i32, y: i32| {
        let (x, y) = (f64::from(x), f64::from(y));
        json!([[
            [x, y],
            [x + 1.0, y],
            [x + 1.0, y + 1.0],
            [x, y + 1.0],
            [x, y]
        ]])
    };
    let mut fields: Vec<Value> = (0..400)
        .filter(|i| (i / 20 + i % 20) % 2 == 0)
        .map(|i| field(i / 20, i % 20))
        .collect();
    let board =
        |fields: &[Value]| of(&json!({"type": "MultiPolygon", "coordinates": fields}).to_string());
    let region = board(&fields);
    fields.reverse();
    fields.push(fields[7].clone());
    assert_eq!(board(&fields), region);
    for i in 0..1600 {
        let (lon, lat) = (f64::from(i / 40) / 2.0, f64::from(i % 40) / 2.0);
        let dark = (lon.floor() + lat.floor()) as i32 % 2 == 0;
        assert_eq!(region.contains(lon, lat), dark, "{lon} {lat}");
    }
}

#[test]
fn what_is_no_region_is_refused_by_its_place() {
    let ring = |inner: &str| format!(r#"{{"type":"Polygon","coordinates":[{inner}]}}"#);
    for (text, says) in [
        ("[1, 2]".to_owned(), "is a list, not an object of GeoJSON"),
        ("{".to_owned(), "is not GeoJSON: "),
        ("{}".to_owned(), "has no type"),
        (r#"{"type":"Curve"}"#.to_owned(), r#"has the type "Curve", which GeoJSON does not know"#),
        (r#"{"type":"FeatureCollection","features":[]}"#.to_owned(), "has no polygon"),
        (r#"{"type":"FeatureCollection"}"#.to_owned(), "has features nothing, not a list"),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","geometry":null}]}"#.to_owned(),
            "features[0] (id a) is a Feature without a geometry",
        ),
        (
            r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":
                {"type":"Point","coordinates":[1,2]}}]}"#.to_owned(),
            "features[0].geometry is a Point, which has no inside",
        ),
        (
            r#"{"type":"Feature","geometry":{"type":"LineString","coordinates":[]}}"#.to_owned(),
            "geometry is a LineString, which has no inside",
        ),
        (r#"{"type":"Polygon","coordinates":[]}"#.to_owned(), "coordinates has no ring"),
        (r#"{"type":"MultiPolygon","coordinates":[3]}"#.to_owned(), "coordinates[0] is a number, not a list of rings"),
        (ring("[[0,0],[1,0],[1,1]]"), "coordinates[0] begins at [0.0, 0.0] and ends at [1.0, 1.0]; a ring is closed"),
        (ring("[[0,0],[1,0],[0,0]]"), "coordinates[0] has 3 positions; a ring has at least 4"),
        (ring("[[0,0],[1,1],[2,2],[0,0]]"), "coordinates[0] has 3 positions that differ, and all of them lie on one line"),
        (
            ring("[[0,0],[2,2],[2,0],[0,2],[0,0]]"),
            "coordinates[0] crosses itself: its edge",
        ),
        (ring("[[0,0],[1,0],[1,91],[0,0]]"), "coordinates[0][2] is [1, 91], whose latitude 91 is beyond 90 degrees"),
        (ring("[[0,0],[190,0],[1,9],[0,0]]"), "coordinates[0][1] is [190, 0], whose longitude 190 is beyond 180"),
        (ring("[[0,0],[\"1\",0],[1,9],[0,0]]"), "coordinates[0][1] is [\"1\",0], not a position"),
        (ring("[[0,0],[1],[1,9],[0,0]]"), "coordinates[0][1] is [1], not a position"),
        (ring("7"), "coordinates[0] is a number, not a ring of positions"),
        (
            r#"{"type":"Polygon","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3031"}},
                "coordinates":[]}"#.to_owned(),
            "crs is urn:ogc:def:crs:EPSG::3031, and a region is in longitude and latitude on WGS84",
        ),
        (r#"{"type":"Polygon","crs":7,"coordinates":[]}"#.to_owned(), "crs is 7, and"),
    ] {
        let error = Region::of_geojson(&text).unwrap_err().to_string();
        assert!(error.starts_with("region: ") && error.contains(says), "{text}: {error}");
    }
}

#[test]
fn what_is_no_box_is_refused_with_its_numbers() {
    for (text, says) in [
        (
            "1,2,3",
            "region [1.0, 2.0, 3.0] has 3 numbers; a box has four: west, south, east, north",
        ),
        ("1,2,3,4,5,6", "has 6 numbers"),
        (
            "10,5,20,5",
            "region [10, 5, 20, 5] has south 5 and north 5; south is below north",
        ),
        ("10,6,20,5", "has south 6 and north 5"),
        (
            "10,5,10,6",
            "has west 10 and east 10, which is no width; for all longitudes give -180 and 180",
        ),
        (
            "180,5,-180,6",
            "has west 180 and east -180, which is no width",
        ),
        ("10,5,190,6", "has east 190, which is beyond 180 degrees"),
        ("-181,5,10,6", "has west -181, which is beyond 180 degrees"),
        ("0,-91,10,6", "has south -91, which is beyond 90 degrees"),
        ("0,5,10,nan", "has north NaN, which is beyond 90 degrees"),
        ("0,5,inf,6", "has east inf, which is beyond 180 degrees"),
    ] {
        let error = text.parse::<Region>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_file_that_is_no_geojson_is_refused_by_its_format() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, says) in [
        (
            "a.gpkg",
            &b"SQLite format 3\0"[..],
            "is GeoPackage, which is not read; convert it: ogr2ogr -f GeoJSON",
        ),
        ("a.fgb", b"fgb\x03fgb", "is FlatGeobuf, which is not read"),
        (
            "a.geojson",
            b"PAR1",
            if cfg!(feature = "parquet") {
                "cannot be read as Parquet: "
            } else {
                "is Parquet, which cannot be read: this icefold was built without its feature parquet"
            },
        ),
        ("a.shp", b"", "is a shapefile, which is not read"),
        ("a.kml", b"<kml>", "is KML, which is not read"),
        ("a.wkt", b"", "is well-known text, which is not read"),
        ("a.json", b"nonsense", "is not GeoJSON: expected"),
        (
            "a.txt",
            b"{\"type\":\"Polygon\"}",
            "has coordinates nothing, not a list",
        ),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = Region::read(&path).unwrap_err().to_string();
        let begins = format!("region {}: ", path.display());
        assert!(
            error.starts_with(&begins) && error.contains(says),
            "{name}: {error}"
        );
    }
    let folder_itself = Region::read(folder.path()).unwrap_err().to_string();
    assert!(
        folder_itself.contains("is not a regular file"),
        "{folder_itself}"
    );
    let missing = folder.path().join("none.geojson").display().to_string();
    let error = missing.parse::<Region>().unwrap_err().to_string();
    assert!(
        error.contains("cannot read") && error.contains(&missing),
        "{error}"
    );
    let marked = folder.path().join("marked.geojson");
    std::fs::write(
        &marked,
        b"\xef\xbb\xbf{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}",
    )
    .unwrap();
    assert!(Region::read(&marked).unwrap().contains(0.5, 0.25));
}
