//! Boxes of positions: what is settled at once, at edges of cells and of the grid.

use super::*;

fn bounds(lon: [f64; 2], lat: [f64; 2]) -> Bounds {
    Bounds { lon, lat }
}

/// Cells of a degree from 10 to 130 degrees of longitude and from 0 to 60 of latitude.
fn degrees(chunk_shape: [u32; 2]) -> Rectilinear {
    grid("EPSG:4326", 1.0, [10.0, 0.0, 130.0, 60.0], chunk_shape)
}

#[test]
fn boxes_inside_of_a_cell_have_it_at_every_order_whatever_the_shape_of_shards() {
    for shape in [[1, 1], [1, 8], [8, 1], [4, 4], [6, 10], [8, 24]] {
        let grid = degrees(shape);
        for order in (0..=grid.finest_order().get()).map(Order) {
            let locator = grid.locator(order);
            let side = grid.level(order).side;
            for (row, column) in
                (0..60).flat_map(|row| (0..120).step_by(7).map(move |column| (row, column)))
            {
                let (lon, lat) = (10.25 + f64::from(column), 59.75 - f64::from(row));
                let id = grid.level(order).id(row / side[0], column / side[1]);
                for turn in [0.0, 360.0, -360.0] {
                    let lon = lon + turn;
                    let found = locator.cell_of_bounds(&bounds([lon, lon + 0.5], [lat - 0.5, lat]));
                    assert_eq!(found, Some(id), "{shape:?} {order}: {lon} {lat}");
                    assert_eq!(locator.cell(lon, lat), id);
                }
            }
        }
    }
}

#[test]
fn boxes_across_edges_of_cells_or_of_the_grid_are_not_settled() {
    let locator = degrees([4, 4]).locator(Order(2));
    for (lon, lat) in [
        // From one cell to another.
        ([20.5, 21.5], [30.2, 30.3]),
        ([20.5, 20.6], [29.5, 30.5]),
        // Across the western, eastern, southern and northern edge.
        ([9.9, 10.1], [30.2, 30.3]),
        ([129.9, 130.1], [30.2, 30.3]),
        ([20.5, 20.6], [-0.1, 0.1]),
        ([20.5, 20.6], [59.9, 60.1]),
        // A whole turn, and what is no box.
        ([10.5, 370.5], [30.2, 30.3]),
        ([10.5, 200.0], [30.2, 30.3]),
        ([20.6, 20.5], [30.2, 30.3]),
        ([20.5, 20.6], [30.3, 30.2]),
        ([f64::NAN; 2], [30.2, 30.3]),
        ([20.5, 20.6], [f64::NAN; 2]),
        // Beyond where positions are.
        ([-541.0, -540.5], [30.2, 30.3]),
        ([540.5, 541.0], [30.2, 30.3]),
    ] {
        assert_eq!(
            locator.cell_of_bounds(&bounds(lon, lat)),
            None,
            "{lon:?} {lat:?}"
        );
    }
    assert_eq!(locator.cell_of_bounds(&Bounds::NONE), None);
}

#[test]
fn boxes_beside_the_grid_are_settled_as_outside_on_each_of_its_sides() {
    let locator = degrees([4, 4]).locator(Order(2));
    for (lon, lat) in [
        ([130.5, 130.6], [30.2, 30.3]),
        ([8.5, 8.6], [30.2, 30.3]),
        ([539.9, 540.0], [30.2, 30.3]),
        ([-540.0, -539.9], [30.2, 30.3]),
        ([-170.5, -170.4], [30.2, 30.3]),
        ([20.5, 20.6], [-0.2, -0.1]),
        ([20.5, 20.6], [60.1, 60.2]),
        ([20.5, 22.6], [60.1, 64.2]),
    ] {
        assert_eq!(
            locator.cell_of_bounds(&bounds(lon, lat)),
            Some(OUTSIDE),
            "{lon:?} {lat:?}"
        );
    }
    let polar = grid(
        "EPSG:3413",
        1000.0,
        [-64_000.0, -64_000.0, 64_000.0, 64_000.0],
        [8, 8],
    );
    let locator = polar.locator(polar.finest_order());
    for lon in [0.0, 90.0, 180.0, -90.0] {
        let lon = [lon - 45.0, lon - 44.99];
        assert_eq!(
            locator.cell_of_bounds(&bounds(lon, [89.0, 89.01])),
            Some(OUTSIDE)
        );
        // A kilometre and more across an edge: 64 km are 0.58 degrees.
        assert_eq!(locator.cell_of_bounds(&bounds(lon, [89.41, 89.43])), None);
    }
}

#[test]
fn boxes_as_far_as_positions_go_and_boxes_of_one_position_are_settled() {
    let around = grid("EPSG:4326", 1.0, [-180.0, -90.0, 180.0, 90.0], [10, 10]);
    let locator = around.locator(around.finest_order());
    for lon in [
        [-540.0, -539.9],
        [539.1, 540.0 - 1e-9],
        [-179.9, -179.5],
        [170.1, 170.2],
        [12.5, 12.5],
    ] {
        let found = locator.cell_of_bounds(&bounds(lon, [5.1, 5.1]));
        assert_eq!(found, Some(locator.cell(lon[0], 5.1)), "{lon:?}");
    }
    assert_eq!(
        locator.cell_of_bounds(&bounds([-180.1, -179.9], [5.1, 5.1])),
        None
    );
}

#[test]
fn the_western_edge_is_of_the_first_column_whatever_number_it_has() {
    for i in 0..3000 {
        let west = f64::from(i) * 0.1 - 200.1;
        let grid = grid("EPSG:4326", 0.25, [west, 0.0, west + 60.0, 40.0], [16, 8]);
        let finest = grid.finest_order();
        let first = grid.level(finest).id(7, 0);
        let locator = grid.locator(finest);
        let mut cells = [0; 3];
        locator.cells(
            &[west, west.next_down(), west + 60.1],
            &[38.125; 3],
            &mut cells,
        );
        assert_eq!(cells, [first, OUTSIDE, OUTSIDE], "{west}");
        // Of a whole turn, what is just west of it is of the last column.
        let around = super::grid("EPSG:4326", 0.25, [west, 0.0, west + 360.0, 40.0], [16, 8]);
        let last = around.level(finest).id(7, 1439);
        let found = around.locator(finest).cell(west.next_down(), 38.125);
        assert_eq!(found, last, "{west}");
    }
}
