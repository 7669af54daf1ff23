"""Recomputes a store of the built-in config `atl03` with h5py, healpix-geo and numpy.

Run as `python numpy_check.py STORE GRANULE...`. Nothing of icefold is used but the store that it
wrote: cell ids come from healpix-geo on the WGS84 ellipsoid, statistics from numpy in float64.
Leaves with status 1 and a message at the first cell that differs beyond the documented tolerance.
"""

import sys

import h5py
import healpix_geo
import numpy as np
import xarray as xr

TRACKS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")
RESOLUTION = 2.0**-34


def photons(granules):
    for granule in granules:
        with h5py.File(granule) as file:
            for track in TRACKS:
                if f"{track}/heights/h_ph" not in file:
                    continue
                heights = file[track]["heights"]
                lat, lon, h = (heights[name][:] for name in ("lat_ph", "lon_ph", "h_ph"))
                keep = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90)
                keep &= heights["signal_conf_ph"][:, 0] != -2
                yield lat[keep], lon[keep], h[keep]


def main(store, granules):
    lat, lon, h = (np.concatenate(parts) for parts in zip(*photons(granules)))
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, 12, ellipsoid="WGS84")
    order = np.argsort(cells, kind="stable")
    cells, h = cells[order], h[order].astype("float64")
    ids, starts = np.unique(cells, return_index=True)
    groups = np.split(h, starts[1:])
    ds = xr.open_zarr(store, chunks=None)
    check("cell_ids", ds["cell_ids"].values, ids)
    check("count", ds["count"].values, [g.size for g in groups])
    check("h_min", ds["h_min"].values, [np.float32(g.min()) for g in groups])
    check("h_max", ds["h_max"].values, [np.float32(g.max()) for g in groups])
    check("h_median", ds["h_median"].values, [np.float32(np.median(g)) for g in groups])
    near("h_mean", ds["h_mean"].values, [g.mean() for g in groups])
    near("h_variance", ds["h_variance"].values, [g.var() for g in groups])
    print(f"{ids.size} cells, {h.size} photons: numpy agrees")


def check(name, ours, theirs):
    theirs = np.asarray(theirs)
    if ours.shape != theirs.shape or not np.array_equal(ours, theirs):
        sys.exit(f"{name} differs from numpy")


def near(name, ours, theirs):
    """One rounding to float32, the resolution, and numpy's own float64 rounding."""
    theirs = np.asarray(theirs)
    slack = 2.0**-24 * np.abs(theirs) + 1e-9 * np.abs(theirs) + 4 * RESOLUTION
    worst = np.argmax(np.abs(ours - theirs) - slack)
    if abs(ours[worst] - theirs[worst]) > slack[worst]:
        sys.exit(f"{name} is {ours[worst]} where numpy says {theirs[worst]}")


main(sys.argv[1], sys.argv[2:])
