"""Exports of icefold as GeoPandas, OGR and rasterio see them, beside the store that they are of.

    export_check.py rows STORE PARQUET FGB CSV POINTS
    export_check.py placed STORE PARQUET FGB CSV
    export_check.py raster STORE PARQUET NEAREST SHARE COUNTS

Oracles: healpix-geo says which cell a position is in and where a cell's sides are, PROJ projects, Shapely cuts polygons.
"""

import sys
import warnings

import geopandas
import healpix_geo.nested as healpix
import numpy as np
import pyarrow.parquet
import pyogrio
import pyproj
import rasterio
import rioxarray
import shapely
import shapely.affinity
import xarray as xr

# Areas and middles are wanted in the plane of degrees.
warnings.filterwarnings("ignore", "Geometry is in a geographic CRS")
WGS84 = "WGS84"
RADIUS = 6_371_007.18


def opened(store):
    return xr.open_zarr(store, chunks=None, mask_and_scale=False)


def order_of(ds):
    return int(ds.attrs["dggs"]["refinement_level"])


def side_of(order):
    """The side of a cell in metres."""
    return np.sqrt(4 * np.pi / (12 * 4**order)) * RADIUS


def ground(lon, lat, lon0, lat0):
    """Metres east and north of a position nearby."""
    east = (np.asarray(lon) - lon0 + 540) % 360 - 180
    return np.radians(east) * np.cos(np.radians(lat0)) * RADIUS, np.radians(np.asarray(lat) - lat0) * RADIUS


def check_places(frame, order, points):
    """Positions in polygons are in the cells that healpix-geo says, to a hundredth of a cell."""
    rng = np.random.default_rng(7)
    bounds = frame.geometry.bounds.to_numpy()
    # Some in the boxes of polygons, some all around where photons were.
    which = rng.integers(len(frame), size=20_000)
    low, high = bounds[which, :2], bounds[which, 2:]
    lon, lat = (low + (high - low) * rng.random((len(which), 2))).T
    cells = healpix.lonlat_to_healpix(lon, lat, order, ellipsoid=WGS84)
    index = frame.sindex.query(shapely.points(lon, lat), predicate="intersects")
    found = {}
    for point, polygon in index.T:
        found.setdefault(point, set()).add(int(frame.cell_ids.iloc[polygon]))
    known = set(frame.cell_ids.astype("uint64").tolist())
    by_id = frame.set_index("cell_ids").geometry
    wrong = 0
    for i, cell in enumerate(cells.tolist()):
        ours = found.get(i, set())
        if cell in ours or (cell not in known and not ours):
            continue
        # Near a side of the polygon that it should be in, or should not be in: how far on the ground?
        other = by_id[cell] if cell in known else by_id[next(iter(ours))]
        near = shapely.shortest_line(shapely.points(lon[i], lat[i]), other.boundary)
        x, y = ground(*near.coords[1], *near.coords[0])
        assert np.hypot(x, y) < side_of(order) / 100, (lon[i], lat[i], cell, ours)
        wrong += 1
    assert wrong < len(cells) / 100, wrong
    return len(cells)


def check_areas(frame, order):
    """All cells have the same area on the ellipsoid."""
    geod = pyproj.Geod(ellps=WGS84)
    whole = 5.10065621724e14 / (12 * 4**order)
    for geometry in frame.geometry.iloc[:: max(1, len(frame) // 200)]:
        # Lines in degrees, so cut finely, and no side of the outline is a geodesic.
        area = abs(geod.geometry_area_perimeter(shapely.segmentize(geometry, 0.05))[0])
        assert abs(area / whole - 1) < 0.02, (area, whole, geometry)


def rows(store, parquet, fgb, csv, points):
    ds = opened(store)
    order = order_of(ds)
    frame = geopandas.read_parquet(parquet)
    assert frame.crs.equals(pyproj.CRS("OGC:CRS84")), frame.crs
    assert np.array_equal(frame.cell_ids, ds.cell_ids)
    for name in ("count", "mean", "min"):
        assert np.array_equal(frame[name], ds[name].to_numpy(), equal_nan=True), name
    assert frame.geometry.is_valid.all() and set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert all(p.exterior.is_ccw for g in frame.geometry for p in getattr(g, "geoms", [g]))
    total = frame.total_bounds
    assert total[0] >= -180 and total[1] >= -90 and total[2] <= 180 and total[3] <= 90
    checked = check_places(frame, order, points)
    check_areas(frame, order)
    # The middles, and the boxes of the covering, by which readers leave out row groups.
    lon, lat = healpix.healpix_to_lonlat(frame.cell_ids.to_numpy().astype("uint64"), order, ellipsoid=WGS84)
    x, y = ground(frame.lon, frame.lat, lon, lat)
    assert np.hypot(x, y).max() < side_of(order) / 1e5
    assert ((frame.lon >= -180) & (frame.lon < 180)).all()
    stored = pyarrow.parquet.read_table(parquet, columns=["bbox"])["bbox"].combine_chunks()
    boxes = np.stack([stored.field(side).to_numpy() for side in ("xmin", "ymin", "xmax", "ymax")], 1)
    assert np.array_equal(boxes, frame.geometry.bounds.to_numpy())
    west, south, east, north = boxes[len(boxes) // 2]
    part = geopandas.read_parquet(parquet, bbox=(west, south, east, north))
    assert 0 < len(part) <= len(frame) and frame.cell_ids.iloc[len(boxes) // 2] in set(part.cell_ids)
    points_of = geopandas.read_parquet(points)
    assert set(points_of.geom_type) == {"Point"} and np.array_equal(points_of.geometry.x, frame.lon)
    # OGR orders features by their places.
    info = pyogrio.read_info(fgb)
    assert info["geometry_type"] == "MultiPolygon" and info["features"] == len(frame) and info["crs"] == "EPSG:4326", info
    features = pyogrio.read_dataframe(fgb).sort_values("cell_ids", ignore_index=True)
    assert np.array_equal(features.cell_ids.astype("uint64"), frame.cell_ids)
    assert np.array_equal(features["mean"], frame["mean"], equal_nan=True)
    assert all(a.equals(b) for a, b in zip(features.geometry, frame.geometry))
    some = pyogrio.read_dataframe(fgb, bbox=(west, south, east, north))
    assert set(some.cell_ids) == set(frame.cell_ids[frame.intersects(shapely.box(west, south, east, north))])
    lines = pyogrio.read_dataframe(csv)
    assert all(a.equals(b) for a, b in zip(lines.geometry, frame.geometry))
    assert np.array_equal(lines["mean"].astype(float), frame["mean"], equal_nan=True)
    several = sum(g.geom_type == "MultiPolygon" for g in frame.geometry)
    print(f"{len(frame)} cells, {several} across the antimeridian, {checked} positions: all agree")


def placed(store, parquet, fgb, csv):
    """Of a grid of rows and columns: squares in its own system."""
    ds = xr.open_zarr(store, chunks=None, mask_and_scale=False, decode_coords="all", consolidated=False)
    crs = pyproj.CRS(ds.attrs["crs"])
    frame = geopandas.read_parquet(parquet)
    if crs.is_geographic:
        assert frame.crs.equals(pyproj.CRS("OGC:CRS84"))
    else:
        assert frame.crs.to_epsg() == crs.to_epsg(), frame.crs
        both = pyproj.Transformer.from_crs(4326, crs, always_xy=True), pyproj.Transformer.from_crs(4326, frame.crs, always_xy=True)
        lon, lat = frame.lon.to_numpy(), frame.lat.to_numpy()
        assert np.allclose(both[0].transform(lon, lat), both[1].transform(lon, lat), atol=1e-6)
        assert np.allclose(both[0].transform(lon, lat), (frame.x, frame.y), atol=1e-3)
    width = abs(float(ds.x[1] - ds.x[0]))
    height = abs(float(ds.y[1] - ds.y[0]))
    values = ds["count"].to_numpy()[frame.row, frame.column]
    assert np.array_equal(values, frame["count"]) and (values > 0).all() and len(frame) == (ds["count"] > 0).sum()
    assert np.array_equal(frame.x, ds.x.to_numpy()[frame.column]) and np.array_equal(frame.y, ds.y.to_numpy()[frame.row])
    # Of degrees beyond 180 the polygons are turned.
    turns = np.round((frame.geometry.centroid.x - frame.x) / 360) * 360 if crs.is_geographic else 0
    close = lambda a, b: np.allclose(a, b, atol=1e-7 * width, rtol=0)
    assert close(frame.geometry.centroid.x - turns, frame.x) and close(frame.geometry.centroid.y, frame.y)
    assert np.allclose(frame.geometry.area, width * height)
    features = pyogrio.read_dataframe(fgb).sort_values(["row", "column"], ignore_index=True)
    expected = frame.sort_values(["row", "column"], ignore_index=True)
    assert features.crs.to_epsg() == crs.to_epsg()
    assert all(a.equals(b) for a, b in zip(features.geometry, expected.geometry))
    lines = pyogrio.read_dataframe(csv)
    assert all(a.equals(b) for a, b in zip(lines.geometry, frame.geometry))
    print(f"{len(frame)} cells of {crs.to_string()}: all agree")


def raster(store, parquet, nearest, share, counts):
    ds = opened(store)
    order = order_of(ds)
    frame = geopandas.read_parquet(parquet).set_index("cell_ids")
    means = dict(zip(ds.cell_ids.to_numpy().tolist(), ds["mean"].to_numpy().tolist()))
    tif = rasterio.open(nearest)
    rows, columns = tif.shape
    band = tif.read(1)
    # Every pixel with a value, and as many without one.
    there = np.argwhere(~np.isnan(band))
    rng = np.random.default_rng(3)
    picked = np.concatenate([there, rng.integers([0, 0], [rows, columns], size=(len(there) + 1000, 2))])
    x, y = rasterio.transform.xy(tif.transform, picked[:, 0], picked[:, 1])
    x, y = np.asarray(x), np.asarray(y)
    to_degrees = pyproj.Transformer.from_crs(tif.crs, "OGC:CRS84", always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    cells = healpix.lonlat_to_healpix(lon, lat, order, ellipsoid=WGS84)
    expected = np.array([means.get(cell, np.nan) for cell in cells.tolist()])
    found = band[picked[:, 0], picked[:, 1]]
    wrong = ~((found == expected) | (np.isnan(found) & np.isnan(expected)))
    # None but on a side, to rounding.
    assert wrong.sum() <= 2, (wrong.sum(), lon[wrong], lat[wrong])
    as_xarray = rioxarray.open_rasterio(nearest, masked=True)
    assert as_xarray.rio.crs == tif.crs and np.array_equal(as_xarray[0], band, equal_nan=True)
    # Every cell whose polygon holds a middle is on the raster.
    assert {means[c] for c in cells[: len(there)].tolist()} == set(band[~np.isnan(band)].tolist())

    # Shares: each polygon, projected by PROJ, cut by Shapely with each pixel of its box.
    tif, of_counts = rasterio.open(share), rasterio.open(counts)
    assert tif.shape == of_counts.shape and of_counts.nodata is None and np.isnan(tif.nodata)
    total, weight, sums = (np.zeros(tif.shape) for _ in range(3))
    inverse = ~tif.transform
    from_degrees = pyproj.Transformer.from_crs("OGC:CRS84", tif.crs, always_xy=True)
    count = dict(zip(ds.cell_ids.to_numpy().tolist(), ds["count"].to_numpy().tolist()))
    # A raster that goes beyond 180 degrees has cells of the other side a turn to the east; one that goes around and on has each
    # cell once, between -180 and 180 degrees where it holds these, else in its first turn.
    around = tif.crs.is_geographic or tif.crs.to_epsg() == 6933
    half = from_degrees.transform(180, 0)[0] if around else None
    turn = 2 * half / tif.transform.a if around else None
    rows, columns = tif.shape
    first, last = (inverse * (-half, 0))[0] if around else 0, columns
    if around and first >= 0 and first + turn <= columns:
        last = first + turn
    else:
        first, last = 0, min(columns, turn or columns)
    held = shapely.box(first, 0, last, rows)
    for cell, geometry in frame.geometry.items():
        parts = []
        for polygon in getattr(geometry, "geoms", [geometry]):
            lon, lat = np.array(polygon.exterior.coords).T
            px, py = inverse * from_degrees.transform(lon, lat)
            parts.append(shapely.Polygon(np.stack([px, py], 1)))
        whole = sum(part.area for part in parts)
        shifts = [0] if turn is None else [-turn, 0, turn]
        for part in [shapely.affinity.translate(part, shift) for part in parts for shift in shifts]:
            part = part.intersection(held)
            if not part.area:
                continue
            west, north, east, south = part.bounds
            for row in range(max(0, int(np.floor(north))), min(rows, int(np.ceil(south)))):
                for column in range(max(0, int(np.floor(west))), min(columns, int(np.ceil(east)))):
                    area = part.intersection(shapely.box(column, row, column + 1, row + 1)).area
                    sums[row, column] += count[cell] * area / whole
                    if not np.isnan(means[cell]):
                        total[row, column] += area * means[cell]
                        weight[row, column] += area
    found = tif.read(1)
    # Slivers are rounding for one or the other.
    real = weight > 1e-9
    assert np.isnan(found[weight == 0]).all() and not np.isnan(found[real]).any()
    error = np.abs(found[real] - total[real] / weight[real])
    assert error.max() < 1e-6 * (1 + np.abs(found[real]).max()), error.max()
    found = of_counts.read(1)
    assert abs(found.sum() - sum(count.values())) < 1e-6, found.sum()
    assert np.abs(found - sums).max() < 1e-6 * sums.max(), np.abs(found - sums).max()
    print(f"{len(there)} pixels nearest, {real.sum()} shared in {tif.crs}: all agree; counts {found.sum():.6f} of {sum(count.values())}")


{"rows": rows, "placed": placed, "raster": raster}[sys.argv[1]](*sys.argv[2:])
