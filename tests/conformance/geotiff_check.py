"""GeoTIFF of icefold as rasterio, rioxarray and rio-cogeo see them, beside the store that they are of.

    geotiff_check.py STORE FOLDER

The store has the arrays count, h_mean (float32) and bins (a histogram of three bins), and overviews of width 2.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio
import rioxarray
import xarray as xr
from rio_cogeo.cogeo import cog_validate

store, folder = sys.argv[1], Path(sys.argv[2])


def group(name):
    return xr.open_zarr(store, group=name, consolidated=False, decode_coords="all", chunks=None, mask_and_scale=False)


full, half = group(None), group("rectilinear_2")
for name in ("count", "h_mean", "bins"):
    path = folder / f"{name}.tif"
    is_cog, errors, warnings = cog_validate(path, strict=True)
    assert is_cog and not errors and not warnings, (errors, warnings)
    bands_of = lambda ds: np.moveaxis(ds[name].to_numpy().reshape(*ds[name].shape[:2], -1), -1, 0)
    with rasterio.open(path) as tif:
        assert tif.crs == rasterio.crs.CRS.from_user_input(full.attrs["crs"]), tif.crs
        west, width, _, north, _, height = map(float, full.crs.attrs["GeoTransform"].split())
        assert tif.transform == rasterio.Affine(width, 0, west, 0, height, north)
        assert tif.block_shapes == [(512, 512)] * tif.count and tif.compression.name == "deflate"
        assert np.array_equal(tif.read(), bands_of(full), equal_nan=True)
        assert tif.dtypes[0] == str(full[name].dtype)
        # Overviews end where one tile holds all of it.
        sides, factors = max(tif.shape), []
        while sides > 512:
            factors.append(2 * (factors or [1])[-1])
            sides = -(-sides // 2)
        assert tif.overviews(1) == factors and len(factors) >= 2
        if name == "h_mean":
            assert np.isnan(tif.nodata) and tif.tags()["statistic"] == "mean"
        else:
            assert tif.nodata is None
        if name == "bins":
            assert tif.descriptions == ("-100.0 to 0.0", "0.0 to 10.0", "10.0 to 100.0"), tif.descriptions
    # The first overview is the store's own, which has statistics of the photons in larger cells.
    with rasterio.open(path, OVERVIEW_LEVEL=0) as tif:
        assert np.array_equal(tif.read(), bands_of(half), equal_nan=True)
    # The second one the store does not have: of each four cells the first by rows that has a value.
    with rasterio.open(path, OVERVIEW_LEVEL=1) as tif:
        shown, finer = tif.read(), bands_of(half)
        rows, columns = shown.shape[1:]
        padded = np.full((finer.shape[0], 2 * rows, 2 * columns), finer[0, 0, 0], finer.dtype)
        padded[:, : finer.shape[1], : finer.shape[2]] = finer
        blocks = padded.reshape(-1, rows, 2, columns, 2).transpose(0, 1, 3, 2, 4).reshape(-1, rows, columns, 4)
        counts = half["count"].to_numpy()
        there = np.zeros((2 * rows, 2 * columns), bool)
        there[: counts.shape[0], : counts.shape[1]] = counts > 0
        there = there.reshape(rows, 2, columns, 2).transpose(0, 2, 1, 3).reshape(rows, columns, 4)
        first = np.take_along_axis(blocks, there.argmax(-1)[None, ..., None], -1)[..., 0]
        assert np.array_equal(shown, first, equal_nan=True)

# GDAL's own program, where it is installed, has it at the right place to a hundredth of a cell.
if gdalinfo := shutil.which("gdalinfo"):
    said = json.loads(subprocess.run([gdalinfo, "-json", folder / "h_mean.tif"], check=True, capture_output=True).stdout)
    assert said["size"] == [full.x.size, full.y.size] and len(said["bands"][0]["overviews"]) >= 2
    west, width, _, north, _, height = map(float, full.crs.attrs["GeoTransform"].split())
    corner = said["cornerCoordinates"]["lowerRight"]
    expected = west + full.x.size * width, north + full.y.size * height
    assert all(abs(a - b) < 0.01 * abs(width) for a, b in zip(corner, expected)), (corner, expected)
    assert full.attrs["crs"].split(":")[1] in said["coordinateSystem"]["wkt"]

# A value is found at its place on the map.
rows, columns = np.nonzero(full["count"].to_numpy())
tif = rioxarray.open_rasterio(folder / "h_mean.tif", masked=True)
for i in range(0, len(rows), max(1, len(rows) // 50)):
    x, y = full.x.to_numpy()[columns[i]], full.y.to_numpy()[rows[i]]
    assert tif.sel(x=x, y=y, method="nearest").item() == full.h_mean.to_numpy()[rows[i], columns[i]]
    assert abs(tif.x - x).min() < 1e-6 * abs(tif.x[1] - tif.x[0])
print(f"{len(rows)} cells with a value: rasterio, rioxarray and rio-cogeo agree")
