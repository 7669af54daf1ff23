"""Recomputes a store with steps of seasons with h5py, healpix-geo, numpy and pandas.

Run as `python steps_check.py STORE GRANULE...`, of granules as `tests/support/timed.rs` makes them. Times and their
bounds are those that xarray decodes; the season of a photon is pandas' quarter that begins in December. Leaves with
status 1 and a message at the first thing that differs.
"""

import sys

import h5py
import healpix_geo
import numpy as np
import pandas as pd
import xarray as xr
import xdggs  # noqa: F401  (registers the `dggs` accessor)


def photons(granules):
    for granule in granules:
        with h5py.File(granule) as file:
            for track in ("gt1l", "gt2r"):
                heights = file[track]["heights"]
                yield tuple(heights[name][:] for name in ("lat_ph", "lon_ph", "h_ph", "delta_time"))


def expect(what, ours, theirs):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape or not np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"):
        sys.exit(f"{what} is {ours} and not {theirs}")


def main(store, granules):
    lat, lon, h, seconds = (np.concatenate(parts) for parts in zip(*photons(granules)))
    moments = pd.Timestamp("2018-01-01") + pd.to_timedelta(seconds, unit="s")
    seasons = pd.PeriodIndex(moments, freq="Q-NOV")
    ds = xr.open_zarr(store, chunks=None)
    expect("dims", list(ds["n"].dims), ["time", "cells"])
    expect("dims of a histogram", list(ds["bins"].dims), ["time", "cells", "bins_bins"])
    centers = ds.dggs.decode(convention="xdggs").dggs.cell_centers()
    expect("centres of cells", centers["latitude"].shape, (ds.sizes["cells"],))
    steps = pd.period_range(seasons.min(), seasons.max(), freq="Q-NOV")
    expect("time", ds["time"].values, steps.start_time.values.astype(ds["time"].dtype))
    ends = steps.end_time.ceil("s").values.astype(ds["time_bnds"].dtype)
    expect("the ends of steps", ds["time_bnds"].values[:, 1], ends)
    expect("the starts of steps", ds["time_bnds"].values[:, 0], ds["time"].values)
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, 7, ellipsoid="WGS84")
    expect("cell_ids", ds["cell_ids"].values, np.unique(cells))
    of_step = steps.get_indexer(seasons)
    compared = 0
    for step in range(len(steps)):
        at = ds.isel(time=step)
        there = np.zeros(ds.sizes["cells"], dtype=bool)
        for i, cell in enumerate(ds["cell_ids"].values):
            values = h[(cells == cell) & (of_step == step)]
            if values.size == 0:
                continue
            there[i] = True
            compared += 1
            expect("n", at["n"].values[i], values.size)
            expect("h_max", at["h_max"].values[i], values.max())
            expect("h_median", at["h_median"].values[i], np.float32(np.median(values.astype("f8"))))
            expect("bins", at["bins"].values[i], np.histogram(values, [0, 100, 200])[0])
            if abs(at["h_mean"].values[i] - values.astype("f8").mean()) > 1e-4:
                sys.exit(f"h_mean is {at['h_mean'].values[i]} of {values}")
        for name, fill in (("n", 0), ("h_max", -1), ("h_mean", np.nan), ("h_median", np.nan)):
            expect(f"{name} without photons", at[name].values[~there], np.full((~there).sum(), fill, at[name].dtype))
    label = ds["n"].sel(time="2019-06-01").sum().item()
    expect("a step by its date", label, (seasons == pd.Period("2019-08", "Q-NOV")).sum())
    print(f"{compared} cells at {len(steps)} steps: numpy agrees")


main(sys.argv[1], sys.argv[2:])
