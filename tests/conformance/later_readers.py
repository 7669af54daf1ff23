"""Readers that need Python 3.12: xdggs 0.7 and the DGGS convention's own name for a grid, and the values that GDAL reads.

    python later_readers.py CELLS RASTER

Cells of the store CELLS decode by the convention of Zarr and by that of xdggs to the same centres, at every order. GDAL
(3.12, in rasterio's wheel) reads every array of the store RASTER, at every overview, in its place on the map, with the bits
that zarr-python reads; of cells it says that it does not know their codec, as STORE.md has it.
"""

import os
import sys
import warnings

import numpy as np
import rasterio
import xarray as xr
import xdggs
import zarr

warnings.simplefilter("ignore")


def groups(store):
    """The root, and the names of overviews."""
    found = sorted(name for name in os.listdir(store) if name != "provenance" and os.path.isfile(f"{store}/{name}/zarr.json"))
    return [None, *(name for name in found if isinstance(zarr.open(f"{store}/{name}", mode="r"), zarr.Group))]


def check_cells(store):
    assert tuple(map(int, xdggs.__version__.split(".")[:2])) >= (0, 7), xdggs.__version__
    for group in groups(store):
        dataset = xr.open_zarr(store, chunks=None, **({} if group is None else {"group": group}))
        said = dataset.attrs["dggs"]
        decoded = {of: dataset.dggs.decode(convention=of) for of in ("zarr", "xdggs")}
        for of, found in decoded.items():
            info = found.dggs.grid_info
            assert (info.level, info.indexing_scheme) == (said["refinement_level"], "nested"), (group, of, info)
            np.testing.assert_array_equal(found["cell_ids"].values, dataset["cell_ids"].values)
        a, b = (found.dggs.cell_centers() for found in decoded.values())
        for axis in ("longitude", "latitude"):
            np.testing.assert_array_equal(a[axis].values, b[axis].values)
        # On the ellipsoid: centres lie within a cell's width of what the store says of its box.
        assert dataset.attrs["geospatial_lat_min"] <= a["latitude"].min() <= dataset.attrs["geospatial_lat_max"], group
    return len(groups(store))


def check_raster(store):
    arrays = 0
    for group in groups(store):
        path = store if group is None else f"{store}/{group}"
        opened = zarr.open_group(path, mode="r")
        x, y = opened["x"][...], opened["y"][...]
        width, height = x[1] - x[0], y[1] - y[0]
        for name, array in opened.arrays():
            if array.ndim != 2:
                continue
            with rasterio.open(f'ZARR:"{store}":/{name if group is None else f"{group}/{name}"}') as of_gdal:
                values, raw = of_gdal.read(1), array[...]
                assert values.dtype == raw.dtype and values.tobytes() == np.ascontiguousarray(raw).tobytes(), (path, name)
                assert of_gdal.crs == "EPSG:3413", of_gdal.crs
                edges = (x[0] - width / 2, width, 0.0, y[0] - height / 2, 0.0, height)
                assert of_gdal.transform.to_gdal() == edges, (of_gdal.transform, edges)
            arrays += 1
    return arrays


def check_refused(store):
    try:
        rasterio.open(f'ZARR:"{store}":/count')
    except rasterio.errors.RasterioIOError as error:
        assert "sharding_indexed" in str(error), error
    else:
        raise AssertionError("GDAL opens cells: STORE.md says that it does not before 3.13")


def main():
    cells, raster = sys.argv[1:]
    orders, arrays = check_cells(cells), check_raster(raster)
    check_refused(cells)
    print(f"xdggs {xdggs.__version__}: {orders} orders; GDAL {rasterio.__gdal_version__}: {arrays} arrays")


if __name__ == "__main__":
    main()
