//! What the seam answers of each grid.

use serde_json::json;

use super::*;
use crate::grid::{AskedRectilinear, Crs, vertices};

/// Shards of 512 by 128 cells, in six of which a zone of UTM is; the finest order is 7.
fn utm() -> Rectilinear {
    let asked = AskedRectilinear {
        crs: Crs::named("EPSG:32618").unwrap(),
        resolution: [10.0, 20.0],
        bounds: [3e5, 4e6, 3e5 + 2560.0, 4e6 + 20_480.0],
        chunk_shape: [512, 128],
        chunk_inner: Some([256, 64]),
    };
    Rectilinear::new(&asked).unwrap()
}

fn order(order: u8) -> Order {
    Order::new(order).unwrap()
}

#[test]
fn grids_have_the_names_that_stores_and_people_know_them_by() {
    let (healpix, rectilinear) = (Grid::default(), Grid::Rectilinear(utm()));
    assert_eq!(
        (healpix.name(), healpix.indexing(), healpix.title()),
        ("healpix", "nested", "HEALPix")
    );
    assert_eq!(
        (rectilinear.name(), rectilinear.indexing()),
        ("rectilinear", "blocks")
    );
    assert_eq!(rectilinear.title(), "a rectilinear grid");
    assert_eq!(
        (healpix.latitude(), rectilinear.latitude()),
        ("authalic-wgs84", "geodetic")
    );
    assert_eq!(
        (healpix.group(order(7)), rectilinear.group(order(0))),
        ("7".into(), "rectilinear_shards".into())
    );
    assert_eq!(
        (healpix.finest(), rectilinear.finest()),
        (Order::MAX, order(8))
    );
}

#[test]
fn grids_that_differ_have_different_identities() {
    let other = |change: fn(&mut AskedRectilinear)| {
        let mut asked = AskedRectilinear {
            crs: Crs::named("EPSG:32618").unwrap(),
            resolution: [10.0, 20.0],
            bounds: [3e5, 4e6, 3e5 + 2560.0, 4e6 + 20_480.0],
            chunk_shape: [512, 128],
            chunk_inner: Some([256, 64]),
        };
        change(&mut asked);
        Grid::Rectilinear(Rectilinear::new(&asked).unwrap())
    };
    let grids = [
        Grid::from(Latitude::AuthalicWgs84),
        Grid::from(Latitude::GeodeticSpherical),
        Grid::Rectilinear(utm()),
        other(|asked| asked.crs = Crs::named("EPSG:32619").unwrap()),
        other(|asked| asked.resolution[0] = 5.0),
        other(|asked| asked.bounds[0] += 10.0),
        other(|asked| asked.bounds[3] += 10.0),
        other(|asked| asked.chunk_shape = [256, 128]),
    ];
    for (i, grid) in grids.iter().enumerate() {
        assert!(
            grids[..i]
                .iter()
                .all(|other| other.identity() != grid.identity())
        );
    }
}

#[test]
fn kinds_of_grids_are_told_apart() {
    let (healpix, rectilinear) = (Grid::default(), Grid::Rectilinear(utm()));
    assert_eq!(healpix.healpix(), Some(Latitude::AuthalicWgs84));
    assert_eq!((healpix.rectilinear(), rectilinear.healpix()), (None, None));
    assert_eq!(rectilinear.rectilinear(), Some(utm()));
    assert!(!healpix.has_edges() && rectilinear.has_edges());
    assert!(healpix.lies_between_vertices() && !rectilinear.lies_between_vertices());
}

#[test]
fn cells_inside_of_others_are_counted_by_area_by_side_and_in_bits() {
    let healpix = Grid::default();
    let rectilinear = Grid::Rectilinear(utm());
    // Of cells in a shard of 512 by 128, the highest place takes 16 bits.
    for (grid, outer, inner, within, across, bits) in [
        (healpix, 3, 3, 1, 1, 0),
        (healpix, 3, 6, 64, 8, 6),
        (healpix, 0, 29, 1 << 58, 1 << 29, 58),
        (healpix, 6, 3, 1, 1, 0),
        (rectilinear, 0, 8, 512 * 128, 512, 16),
        (rectilinear, 5, 8, 64, 8, 6),
        (rectilinear, 7, 7, 1, 1, 0),
    ] {
        let (outer, inner) = (order(outer), order(inner));
        assert_eq!(grid.within(outer, inner), within, "{outer} {inner}");
        assert_eq!(grid.across(outer, inner), across, "{outer} {inner}");
        assert_eq!(grid.place_bits(outer, inner), bits, "{outer} {inner}");
    }
    assert_eq!(healpix.down(5, order(1), order(3)), 80..96);
}

#[test]
fn a_way_up_keeps_the_order_of_cells_but_not_of_slots() {
    let up = Grid::default().up(order(5), order(3));
    assert!(up.keeps_order() && up.with_steps(1).keeps_order());
    assert!(!up.with_steps(2).keeps_order());
    assert_eq!((up.of(37), up.with_steps(2).of(75)), (2, 5));
}

#[test]
fn cells_are_found_again_by_their_words_and_centres() {
    for k in [0, 4, 29] {
        let grid = Grid::default();
        let cell = grid.cells(order(k)) / 3;
        assert_eq!(
            grid.of_key(grid.key(order(k), cell)),
            Some((order(k), cell))
        );
        let (lon, lat) = grid.center(order(k), cell);
        assert_eq!(grid.locator(order(k)).cell(lon, lat), cell);
        let (middle_lon, middle_lat) = grid.middle(order(k), cell);
        assert!((middle_lon - lon).abs() < 1e-9 && (middle_lat - lat).abs() < 1e-9);
        assert_eq!(
            grid.vertices(order(k), cell),
            vertices(order(k), cell, Latitude::AuthalicWgs84)
        );
        assert_eq!(
            grid.of_spelled(&grid.spelled(order(k), cell)),
            Some((order(k), cell))
        );
    }
    let shards = Grid::Rectilinear(utm());
    assert_eq!(shards.of_key(shards.key(order(0), 3)), Some((order(0), 3)));
    assert_eq!(shards.of_key(shards.cells(order(0))), None);
}

#[test]
fn ids_of_healpix_are_described_as_xdggs_reads_them() {
    let of_ids = Grid::default().of_ids(order(6));
    let expected = json!({
        "grid_name": "healpix",
        "level": 6,
        "indexing_scheme": "nested",
        "ellipsoid": {"name": "WGS84", "semimajor_axis": 6_378_137.0, "inverse_flattening": 298.257_223_563},
    });
    assert_eq!(Value::Object(of_ids), expected);
    assert!(Grid::Rectilinear(utm()).of_ids(order(0)).is_empty());
}

#[test]
fn a_grid_is_read_back_from_the_attributes_of_its_order_alone() {
    let grid = Grid::Rectilinear(utm());
    let stated = json!({"icefold": {"grid": utm().stated(order(5))}});
    let stated = stated.as_object().unwrap();
    assert_eq!(Grid::of_attributes(stated, order(5)), Ok(grid));
    let error = Grid::of_attributes(stated, order(4)).unwrap_err();
    assert!(error.contains("of order 5, not 4"), "{error}");
    let healpix = Grid::from(Latitude::GeodeticSpherical);
    let mut group = Map::from_iter([("dggs".to_owned(), json!(healpix.of_group(order(5))))]);
    group.insert("latitude".to_owned(), json!(healpix.latitude()));
    assert_eq!(Grid::of_attributes(&group, order(5)), Ok(healpix));
}
