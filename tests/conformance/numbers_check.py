"""Recomputes a store with steps of reference ground tracks and all cells of a box with h5py, healpix-geo and numpy.

Run as `python numbers_check.py STORE WEST SOUTH EAST NORTH GRANULE...`, of granules as `tests/support/timed.rs` makes them,
whose names tell their track. Leaves with status 1 and a message at the first thing that differs.
"""

import pathlib
import sys

import h5py
import healpix_geo
import numpy as np
import xarray as xr
import xdggs  # noqa: F401  (registers the `dggs` accessor)


def photons(granules):
    for granule in granules:
        rgt = int(pathlib.Path(granule).name.split("_")[2][:4])
        with h5py.File(granule) as file:
            for track in ("gt1l", "gt2r"):
                heights = file[track]["heights"]
                lat, lon, h = (heights[name][:] for name in ("lat_ph", "lon_ph", "h_ph"))
                yield lat, lon, h, np.full(lat.size, rgt)


def expect(what, ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape or not np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"):
        sys.exit(f"{what} is {ours} and not {theirs}")


def main(store, box, granules):
    west, south, east, north = box
    lat, lon, h, rgt = (np.concatenate(parts) for parts in zip(*photons(granules)))
    inside = (lon >= west) & (lon < east) & (lat >= south) & (lat < north)
    lat, lon, h, rgt = (values[inside] for values in (lat, lon, h, rgt))
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, 7, ellipsoid="WGS84")
    ds = xr.open_zarr(store, chunks=None)
    expect("dims", list(ds["n"].dims), ["rgt", "cells"])
    expect("dims of the mask", list(ds["aoi_mask"].dims), ["cells"])
    expect("rgt", ds["rgt"].values, np.unique(rgt).astype("i4"))
    ids = ds["cell_ids"].values
    expect("the mask", ds["aoi_mask"].values, np.ones(ids.size, "u1"))
    # Every cell whose centre is in the box touches it, and none is farther from it than cells are wide.
    every = np.arange(12 * 4**7, dtype="u8")
    lons, lats = healpix_geo.nested.healpix_to_lonlat(every, 7, ellipsoid="WGS84")
    lons = (lons + 180) % 360 - 180
    within = lambda wide: (  # noqa: E731
        (lons >= west - 2 * wide) & (lons < east + 2 * wide) & (lats >= south - wide) & (lats < north + wide)
    )
    if not np.isin(every[within(0)], ids).all() or not np.isin(ids, every[within(1)]).all():
        sys.exit("cells of the region are not those of the box")
    for step, track in enumerate(ds["rgt"].values):
        at = ds.isel(rgt=step)
        counts, tops = np.zeros(ids.size, "i8"), np.full(ids.size, -1, h.dtype)
        of_step = rgt == track
        np.add.at(counts, np.searchsorted(ids, cells[of_step]), 1)
        np.maximum.at(tops, np.searchsorted(ids, cells[of_step]), h[of_step])
        expect("n", at["n"].values, counts.astype(at["n"].dtype))
        expect("h_max", at["h_max"].values, tops)
    expect("a track by its number", ds["n"].sel(rgt=900).sum().item(), (rgt == 900).sum())
    empty = int((ds["n"].sum("rgt") == 0).sum())
    print(f"{ids.size} cells, {empty} of them empty, of {ds.sizes['rgt']} tracks: numpy agrees")


main(sys.argv[1], [float(number) for number in sys.argv[2:6]], sys.argv[6:])
