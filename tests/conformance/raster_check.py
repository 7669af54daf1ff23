"""Rasters as xarray and pyproj see them: PROJ's rows and columns, the right place on the map, numpy's numbers.

    raster_check.py points EPSG:3031 RESOLUTION WEST SOUTH EAST NORTH COUNT points.parquet
    raster_check.py check STORE points.parquet REPORT.json
    raster_check.py ice STORE ATL06.h5
"""

import json
import sys

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import xarray as xr


def places(crs, lon, lat):
    return pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, lat)


def points(crs, resolution, west, south, east, north, count, path):
    """Positions in the bounds and around them, none within a millionth of a cell of an edge."""
    random = np.random.default_rng(7)
    x = west + (east - west) * (1.1 * random.random(count) - 0.05)
    y = south + (north - south) * (1.1 * random.random(count) - 0.05)
    lon, lat = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(x, y)
    lat = np.clip(lat, -90, 90)
    lon = lon + 360 * (random.integers(0, 3, count) - 1) * (np.abs(lon) < 170)
    x, y = places(crs, lon, lat)
    if crs == "EPSG:4326":
        x = (x - west) % 360 + west
    off = [np.abs(v - np.round(v)) for v in ((x - west) / resolution, (north - y) / resolution)]
    far = (off[0] > 1e-6) & (off[1] > 1e-6)
    value = np.arange(count, dtype=np.float64)
    columns = {"lon": lon, "lat": lat, "value": value, "x": x, "y": y}
    pq.write_table(pa.table({name: column[far] for name, column in columns.items()}), path)


def check(store, path, report):
    rows = pq.read_table(path).to_pandas()
    with open(report) as file:
        photons = json.load(file)["photons"]
    ds = xr.open_zarr(store, decode_coords="all", chunks=None)
    # Where it is: by CF, by the text, by the conventions.
    code = ds.attrs["crs"]
    for crs in [
        pyproj.CRS.from_cf(ds.crs.attrs),
        pyproj.CRS.from_wkt(ds.crs.attrs["spatial_ref"]),
        pyproj.CRS(ds.attrs["proj:code"]),
    ]:
        assert f"EPSG:{crs.to_epsg()}" == code, (crs, code)
    parameters = {k: v for k, v in ds.crs.attrs.items() if k not in ("crs_wkt", "spatial_ref")}
    by_cf = pyproj.Transformer.from_crs(4326, pyproj.CRS.from_cf(parameters), always_xy=True)
    some = rows.iloc[:1000]
    x, y = by_cf.transform(some.lon.to_numpy(), some.lat.to_numpy())
    if code != "EPSG:4326":
        assert np.allclose(x, some.x, rtol=0, atol=1e-6) and np.allclose(y, some.y, rtol=0, atol=1e-6)
    west, width, _, north, _, height = map(float, ds.crs.attrs["GeoTransform"].split())
    assert np.array_equal(ds.x, west + (np.arange(ds.x.size) + 0.5) * width)
    assert np.array_equal(ds.y, north + (np.arange(ds.y.size) + 0.5) * height)
    assert ds.attrs["spatial:transform"] == [width, 0, west, 0, height, north]
    assert ds["count"].dims == ("y", "x") and ds["count"].encoding["grid_mapping"] == "crs"
    # Rows and columns, and numbers, are those of PROJ and numpy.
    column = np.floor((rows.x.to_numpy() - west) / width).astype(int)
    row = np.floor((north - rows.y.to_numpy()) / -height).astype(int)
    inside = (row >= 0) & (row < ds.y.size) & (column >= 0) & (column < ds.x.size)
    assert photons["rejected_by"].get("outside_grid", 0) == (~inside).sum() > 0, photons
    place = (row * ds.x.size + column)[inside]
    value = rows.value.to_numpy()[inside]
    count = np.bincount(place, minlength=ds["count"].size).reshape(ds["count"].shape)
    assert np.array_equal(ds["count"], count)
    sums = np.bincount(place, value, minlength=count.size).reshape(count.shape)
    assert np.array_equal(ds["sum"].where(count > 0, 0), sums)
    assert np.isnan(ds["sum"].to_numpy()[count == 0]).all()
    assert ds.bins.dims == ("y", "x", "bins_bins") and np.array_equal(ds.bins.sum("bins_bins"), count)
    coarse = xr.open_zarr(store, group="rectilinear_2", chunks=None)
    blocks = count.reshape(count.shape[0] // 2, 2, -1, 2).sum((1, 3))
    assert np.array_equal(coarse["count"], blocks)
    assert np.array_equal(coarse.x[:3], west + (np.arange(3) + 0.5) * 2 * width)
    print(f"{inside.sum()} points in {(count > 0).sum()} cells of {code}: PROJ and numpy agree")


def ice(store, granule):
    """The store of a config atl06-antarctica or atl06-greenland beside the granule, by h5py, PROJ and numpy."""
    ds = xr.open_zarr(store, consolidated=False, decode_coords="all", chunks=None)
    west, width, _, north, _, height = map(float, ds.crs.attrs["GeoTransform"].split())
    cells, heights, errors = [], [], []
    with h5py.File(granule) as file:
        for track in ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"):
            rows = file[f"{track}/land_ice_segments"]
            h, s = rows["h_li"][:], rows["h_li_sigma"][:]
            good = (rows["atl06_quality_summary"][:] == 0) & (h < 1e30) & (s < 1e30)
            x, y = places(ds.attrs["crs"], rows["longitude"][:][good], rows["latitude"][:][good])
            row, column = np.floor((north - y) / -height), np.floor((x - west) / width)
            cells.append((row * ds.x.size + column).astype(int))
            heights.append(h[good].astype(float))
            errors.append(s[good].astype(float))
    cell, h, s = map(np.concatenate, (cells, heights, errors))
    shape = ds["count"].shape
    total = lambda values: np.bincount(cell, values, minlength=shape[0] * shape[1]).reshape(shape)
    count = total(np.ones_like(h))
    assert np.array_equal(ds["count"], count) and count.sum() > 40_000
    some = count > 0
    expected = {"h_mean": total(h / s**2) / np.where(some, total(1 / s**2), np.nan)}
    for name, of, start in (("h_min", np.minimum, np.inf), ("h_max", np.maximum, -np.inf)):
        expected[name] = np.full(shape, start)
        of.at(expected[name].reshape(-1), cell, h)
    for name, values in expected.items():
        found = ds[name].to_numpy()
        assert np.isnan(found[~some]).all()
        assert np.allclose(found[some], values[some], rtol=1e-6, atol=0), name
    print(f"{count.sum():.0f} segments in {some.sum()} cells of {ds.attrs['crs']}: PROJ and numpy agree")


if sys.argv[1] == "ice":
    ice(*sys.argv[2:])
elif sys.argv[1] == "points":
    numbers = [float(number) for number in sys.argv[3:8]]
    points(sys.argv[2], *numbers, int(sys.argv[8]), sys.argv[9])
else:
    check(*sys.argv[2:])
