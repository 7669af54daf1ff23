//! Grids as they are asked for, counted, stated and described.

use super::*;

#[test]
fn the_largest_grids_that_may_be_asked_for_are_read_back() {
    // 2^31 columns less one, whose last shard ends at 2^31.
    let most = grid(
        "EPSG:3031",
        1.0,
        [0.0, 0.0, 2_147_483_647.0, 1.0],
        [1, 1 << 28],
    );
    assert_eq!(most.shape(most.finest_order()), [1, 1 << 31]);
    let stated = serde_json::json!({"icefold": {"grid": most.stated(Order(1))}});
    let found = Rectilinear::of_attributes(stated.as_object().unwrap());
    assert_eq!(found.unwrap(), Ok((most, Order(1))));
    for (columns, block) in [
        (2_147_483_648.0, [1, 1]),
        (1e10, [1, 10_000]),
        (1e10, [1, 1]),
    ] {
        let asked = asked("EPSG:3031", 1.0, [0.0, 0.0, columns, 1.0], block);
        assert!(Rectilinear::new(&asked).is_err() && Rectilinear::whole(&asked).is_err());
    }
}

#[test]
fn bounds_of_whole_shards_are_known_whatever_their_rounding() {
    for (size, columns, block) in [
        (0.1, 3600, 100),
        (0.0007, 500_000, 1),
        (0.3, 600_000, 2),
        (1e-3, 999_999, 3),
    ] {
        let asked = asked(
            "EPSG:3031",
            size,
            [
                -0.7,
                -0.3,
                f64::from(columns) * size - 0.7,
                30.0 * size - 0.3,
            ],
            [3, block],
        );
        let made = Rectilinear::whole(&asked).unwrap();
        assert_eq!(made.shards(), [10, columns / block]);
        assert_eq!(Rectilinear::new(&asked).unwrap(), made);
    }
    for columns in 400_000..400_100 {
        let bounds = [-0.7, -0.3, f64::from(columns) * 0.0007 - 0.7, 29.7];
        let made = Rectilinear::whole(&asked(
            "EPSG:3031",
            0.0007,
            [bounds[0], 0.0, bounds[2], 0.0007],
            [1, 1],
        ));
        assert_eq!(made.unwrap().shards(), [1, columns]);
    }
    for part in [0.25, 0.5, 1.5, 2.5, 99.99, 100.001] {
        let asked = asked("EPSG:3031", 1.0, [0.0, 0.0, 8.0 * part, 8.0], [8, 8]);
        let (key, why) = Rectilinear::whole(&asked).unwrap_err();
        assert!(
            key == "bounds" && why.contains("no whole shards"),
            "{part}: {why}"
        );
    }
}

/// 4 x 5 shards of 8 x 12 cells, each of 2 x 2 chunks.
fn in_chunks() -> Asked {
    Asked {
        chunk_inner: Some([4, 6]),
        ..asked("EPSG:3031", 10.0, [-0.0, 0.0, 600.0, 320.0], [8, 12])
    }
}

#[test]
fn a_grid_has_the_shards_blocks_and_chunks_that_were_asked_for() {
    let whole = in_chunks();
    let grid = Rectilinear::new(&whole).unwrap();
    assert_eq!((grid.shards(), grid.inner()), ([4, 5], Some([4, 6])));
    assert_eq!(
        (
            grid.block(Order(3)),
            grid.block(Order(2)),
            grid.block(Order(0))
        ),
        ([8, 12], [4, 6], [1, 1])
    );
    assert_eq!(
        (
            grid.finest_order(),
            grid.order_of_factor(2),
            grid.order_of_factor(4)
        ),
        (Order(3), Some(Order(2)), Some(Order(1)))
    );
    assert_eq!(
        (grid.resolution(Order(2)), grid.resolution(Order(0))),
        ([20.0; 2], [120.0, 80.0])
    );
    assert_eq!(
        grid.in_words(Order(3)),
        "rectilinear EPSG:3031, 32 x 60 cells of 10.0 x 10.0 from 0.0 320.0, shards of 8 x 12"
    );
    let inner = |inner| {
        Rectilinear::new(&Asked {
            chunk_inner: Some(inner),
            ..whole
        })
        .is_ok()
    };
    assert!(inner([1, 1]) && inner([8, 12]) && !inner([0, 6]) && !inner([4, 0]) && !inner([3, 6]));
    // As many cells as a shard may have.
    let of_shard = |chunk_shape| {
        Rectilinear::new(&Asked {
            chunk_shape,
            chunk_inner: None,
            ..whole
        })
        .is_ok()
    };
    assert!(of_shard([1 << 14, 1 << 14]) && !of_shard([1 << 14, 1 << 15]));
}

#[test]
fn whatever_bytes_depend_on_tells_grids_apart() {
    let whole = in_chunks();
    let grid = Rectilinear::new(&whole).unwrap();
    // Whichever zero was said.
    let same = Asked {
        bounds: [0.0, 0.0, 600.0, 320.0],
        ..whole
    };
    assert_eq!(
        Rectilinear::new(&same).unwrap().canonical(),
        grid.canonical()
    );
    let north = |north| Asked {
        bounds: [0.0, -320.0, 600.0, north],
        ..whole
    };
    assert_eq!(
        Rectilinear::new(&north(0.0)).unwrap().canonical(),
        Rectilinear::new(&north(-0.0)).unwrap().canonical()
    );
    for other in [
        Asked {
            crs: Crs::named("EPSG:3976").unwrap(),
            ..whole
        },
        Asked {
            resolution: [10.0, 5.0],
            ..whole
        },
        Asked {
            bounds: [10.0, 0.0, 600.0, 320.0],
            ..whole
        },
        Asked {
            bounds: [0.0, 0.0, 600.0, 330.0],
            ..whole
        },
        Asked {
            bounds: [0.0, 0.0, 900.0, 320.0],
            ..whole
        },
        Asked {
            chunk_shape: [16, 12],
            ..whole
        },
        Asked {
            chunk_inner: None,
            ..whole
        },
    ] {
        assert_ne!(
            Rectilinear::new(&other).unwrap().canonical(),
            grid.canonical()
        );
    }
}

#[test]
fn ids_in_large_shards_are_their_bits_in_turn() {
    let grid = grid(
        "EPSG:3031",
        1.0,
        [0.0, 0.0, 40_000.0, 20_000.0],
        [1 << 14, 1 << 14],
    );
    let level = grid.level(grid.finest_order());
    for i in 0..4000_u32 {
        let (row, column) = (i * 7919 % 32_768, i * 104_729 % 49_152);
        let shard = u64::from(row >> 14) * 3 + u64::from(column >> 14);
        let bits = |value: u32, odd: u32| {
            (0..14).fold(0, |all, bit| {
                all | u64::from(value >> bit & 1) << (2 * bit + odd)
            })
        };
        let id = (shard << 28) + bits(column, 0) + bits(row, 1);
        assert_eq!(
            (level.id(row, column), level.row_column(id)),
            (id, [row, column])
        );
    }
}

#[test]
fn groups_say_where_their_cells_are_as_gis_programs_read_it() {
    let grid = grid(
        "EPSG:32618",
        10.0,
        [3e5, 4e6, 301_280.0, 4_000_640.0],
        [64, 128],
    );
    let (mapping, described) = (
        Tiling::of_mapping(grid, Order(6)),
        Tiling::of_group(grid, Order(6)),
    );
    // West, width, 0, north, 0 and height, downwards, of cells twice as wide.
    assert_eq!(mapping["GeoTransform"], "300000 20 0 4000640 0 -20");
    assert_eq!(
        (&mapping["crs_wkt"], &mapping["spatial_ref"]),
        (&grid.crs().wkt().into(), &grid.crs().wkt().into())
    );
    let expected = serde_json::json!({
        "crs": "EPSG:32618",
        "resolution": [20.0, 20.0],
        "bounds": [3e5, 4e6, 301_280.0, 4_000_640.0],
        "proj:code": "EPSG:32618",
        "spatial:dimensions": ["y", "x"],
        "spatial:shape": [32, 64],
        "spatial:bbox": [3e5, 4e6, 301_280.0, 4_000_640.0],
        "spatial:transform_type": "affine",
        "spatial:transform": [20.0, 0.0, 3e5, 0.0, -20.0, 4_000_640.0],
        "spatial:registration": "pixel",
    });
    assert_eq!(serde_json::Value::Object(described), expected);
}

#[test]
fn chunks_of_shards_are_numbered_by_rows_in_one_shard_after_the_other() {
    let with = |chunk_inner| {
        let asked = Asked {
            chunk_inner,
            ..asked("EPSG:3031", 1.0, [0.0, 0.0, 36.0, 16.0], [8, 12])
        };
        Rectilinear::new(&asked).unwrap()
    };
    let check = |grid: Rectilinear, order: Order, [high, wide]: [u32; 2]| {
        let [rows, columns] = grid.shape(order);
        let block = grid.block(order);
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)))
        {
            let shard = row / block[0] * 3 + column / block[1];
            let [row_in, column_in] = [row % block[0] / high, column % block[1] / wide];
            let per_row = block[1] / wide;
            let chunk = shard * (block[0] / high * per_row) + row_in * per_row + column_in;
            let cell = grid.level(order).id(row, column);
            assert_eq!(
                grid.chunk_of(order, cell),
                u64::from(chunk),
                "{order} {row} {column}"
            );
        }
    };
    check(with(Some([4, 6])), Order(3), [4, 6]);
    check(with(Some([2, 12])), Order(3), [2, 12]);
    // Of cells twice as wide, half as many; where chunks are cut between them, whole shards.
    check(with(Some([4, 6])), Order(2), [2, 3]);
    check(with(Some([8, 1])), Order(2), [4, 6]);
    check(with(Some([8, 6])), Order(1), [2, 3]);
    check(with(None), Order(3), [8, 12]);
}

#[test]
fn vertices_are_corners_in_turn_from_the_one_before_the_easternmost() {
    let degrees = grid("EPSG:4326", 1.0, [10.0, 0.0, 34.0, 16.0], [8, 12]);
    let cell = degrees.level(Order(3)).id(3, 5);
    let expected = [(15.0, 12.0), (16.0, 12.0), (16.0, 13.0), (15.0, 13.0)];
    assert_eq!(degrees.vertices(Order(3), cell), expected);
    assert_eq!(degrees.spelled(Order(3), cell), "3.5");
    for crs in ["EPSG:3031", "EPSG:3413", "EPSG:3574"] {
        let grid = grid(crs, 50_000.0, [-1.6e6, -1.2e6, 1.6e6, 1.2e6], [8, 16]);
        let (order, plane) = (grid.finest_order(), grid.crs().projection());
        for (row, column) in (0..48)
            .step_by(5)
            .flat_map(|row| (0..64).map(move |column| (row, column)))
        {
            let cell = grid.level(order).id(row, column);
            let (x, y) = (
                f64::from(column) * 50_000.0 - 1.6e6,
                1.2e6 - f64::from(row) * 50_000.0,
            );
            let corners = [
                (x, y - 50_000.0),
                (x + 50_000.0, y - 50_000.0),
                (x + 50_000.0, y),
                (x, y),
            ];
            let found = grid.vertices(order, cell);
            let (middle, _) = grid.center(order, cell);
            let east = |(lon, _): (f64, f64)| (lon - middle + 540.0).rem_euclid(360.0);
            assert!(
                found.iter().all(|at| east(*at) <= east(found[1])),
                "{crs} {row} {column}"
            );
            let first = corners
                .iter()
                .position(|&(x, y)| plane.unproject(x, y) == found[0])
                .unwrap();
            for i in 0..4 {
                let (x, y) = corners[(first + i) % 4];
                assert_eq!(found[i], plane.unproject(x, y), "{crs} {row} {column}");
            }
        }
    }
}
