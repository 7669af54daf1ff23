//! Cells and morton words against the reference table `reference/cells.csv`.

use cdshealpix::nested;
use icefold::grid::morton;
use icefold::grid::{Latitude, Locator, Order};

/// One row of the table; `None` where the table has nulls.
struct Row {
    lon: f64,
    lat: f64,
    expected: Option<Expected>,
}

struct Expected {
    /// NESTED ids on the authalic latitude, as (order, cell).
    authalic: [(u8, u64); 5],
    /// NESTED id of order 12 on the geodetic latitude.
    spherical12: u64,
    word12: u64,
    point29: u64,
}

fn rows() -> Vec<Row> {
    let path = crate::data().join("reference/cells.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some(
            "lat,lon,nested6,nested9,nested12,nested19,nested29,nested12_geodetic_spherical,\
             morton_word12,morton_point29"
        )
    );
    let rows: Vec<Row> = lines.map(row).collect();
    assert_eq!(rows.len(), 5_033);
    rows
}

fn row(line: &str) -> Row {
    let fields: Vec<&str> = line.split(',').collect();
    let id = |i: usize| fields[i].parse::<u64>().unwrap();
    let expected = (fields[2] != "-1").then(|| Expected {
        authalic: [
            (6, id(2)),
            (9, id(3)),
            (12, id(4)),
            (19, id(5)),
            (29, id(6)),
        ],
        spherical12: id(7),
        word12: id(8),
        point29: id(9),
    });
    Row {
        lon: fields[1].parse().unwrap(),
        lat: fields[0].parse().unwrap(),
        expected,
    }
}

fn cell(order: u8, latitude: Latitude, row: &Row) -> u64 {
    Locator::new(Order::new(order).unwrap(), latitude).cell(row.lon, row.lat)
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn authalic_cells_equal_the_reference_up_to_order_19() {
    for row in rows() {
        let Some(expected) = &row.expected else {
            continue;
        };
        for (order, id) in &expected.authalic[..4] {
            let found = cell(*order, Latitude::AuthalicWgs84, &row);
            assert_eq!(found, *id, "({}, {}) at order {order}", row.lon, row.lat);
        }
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn at_order_29_cells_equal_the_reference_or_share_an_edge_with_it() {
    let mut beside = 0;
    for row in rows() {
        let Some(expected) = &row.expected else {
            continue;
        };
        let (order, id) = expected.authalic[4];
        let found = cell(order, Latitude::AuthalicWgs84, &row);
        if found != id {
            beside += 1;
            assert!(
                shares_an_edge(order, id, found),
                "({}, {}): {found} is not beside {id}",
                row.lon,
                row.lat
            );
        }
    }
    // Two good implementations differ in about 1 % of positions at this order.
    assert!(beside < 100, "{beside} of 5029 differ");
}

fn shares_an_edge(order: u8, a: u64, b: u64) -> bool {
    use cdshealpix::compass_point::MainWind::{NE, NW, SE, SW};
    let neighbours = nested::neighbours(order, a, false);
    [SE, NE, SW, NW]
        .into_iter()
        .any(|wind| neighbours.get(wind) == Some(&b))
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn spherical_cells_equal_the_reference_but_for_rows_on_a_corner() {
    let mut beside = Vec::new();
    for row in rows() {
        let Some(expected) = &row.expected else {
            continue;
        };
        let found = cell(12, Latitude::GeodeticSpherical, &row);
        if found != expected.spherical12 {
            beside.push((row.lon, row.lat));
        }
    }
    // +-asin(2/3) as a decimal: the middle of a polar facet, where four cells meet, to 2e-16 rad.
    // Ids must equal only where a position is 1e-12 rad or more from an edge.
    let corner = 41.810_314_895_778_6;
    for (lon, lat) in beside {
        assert_eq!((lon, lat.abs()), (45.0, corner), "latitude {lat}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn morton_words_equal_the_reference() {
    let order = Order::new(12).unwrap();
    for row in rows() {
        let Some(expected) = &row.expected else {
            continue;
        };
        let (_, id12) = expected.authalic[2];
        let (_, id29) = expected.authalic[4];
        assert_eq!(morton::to_word(order, id12), expected.word12);
        assert_eq!(morton::from_word(expected.word12), Some((order, id12)));
        assert_eq!(morton::point_to_word(id29), expected.point29);
        assert_eq!(morton::from_word(expected.point29), None);
    }
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn exactly_the_rows_with_ids_are_accepted() {
    let mut refused = 0;
    for row in rows() {
        let accepted = Locator::accepts(row.lon, row.lat);
        assert_eq!(
            accepted,
            row.expected.is_some(),
            "({}, {})",
            row.lon,
            row.lat
        );
        refused += usize::from(!accepted);
    }
    assert_eq!(refused, 4);
}
