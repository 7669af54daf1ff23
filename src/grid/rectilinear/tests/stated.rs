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
    for part in [0.25, 0.5, 1.5, 2.5, 99.99, 100.001] {
        let asked = asked("EPSG:3031", 1.0, [0.0, 0.0, 8.0 * part, 8.0], [8, 8]);
        let (key, why) = Rectilinear::whole(&asked).unwrap_err();
        assert!(
            key == "bounds" && why.contains("no whole shards"),
            "{part}: {why}"
        );
    }
}

#[test]
fn a_grid_has_the_shards_blocks_and_chunks_that_were_asked_for() {
    let whole = Asked {
        chunk_inner: Some([4, 6]),
        ..asked("EPSG:3031", 10.0, [-0.0, 0.0, 600.0, 320.0], [8, 12])
    };
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
    // Whichever zero was said, and whatever bytes depend on tells grids apart.
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
    let inner = |inner| {
        Rectilinear::new(&Asked {
            chunk_inner: Some(inner),
            ..whole
        })
        .is_ok()
    };
    assert!(inner([1, 1]) && inner([8, 12]) && !inner([0, 6]) && !inner([4, 0]) && !inner([3, 6]));
    // As many cells as a shard may have.
    assert!(
        Rectilinear::new(&Asked {
            chunk_shape: [1 << 14, 1 << 14],
            chunk_inner: None,
            ..whole
        })
        .is_ok()
    );
    assert!(
        Rectilinear::new(&Asked {
            chunk_shape: [1 << 14, 1 << 15],
            chunk_inner: None,
            ..whole
        })
        .is_err()
    );
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
