"""Holds trends of a store to fractions of Python and to numpy.linalg.lstsq.

Run as `python trends_check.py STORE ORDER GROUP HEIGHT GRANULE...`. Nothing of icefold is used but the store: cell ids
come from healpix-geo on the WGS84 ellipsoid, fits from exact fractions of the values, planes from lstsq of columns in
extended precision without their means. Leaves with status 1 and a message at the first value that is not the nearest float64, or of
which lstsq is too far.
"""

import re
import sys
from fractions import Fraction
from math import isnan, sqrt

import h5py
import healpix_geo
import numpy as np
import xarray as xr

TRACKS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")


def read(granules, group, height):
    """Latitude, longitude, height, time and what the granule is, of photons that have a height."""
    parts = []
    lat, lon = ("lat_ph", "lon_ph") if group == "heights" else ("latitude", "longitude")
    for granule in granules:
        name = re.search(r"_(\d{4})(\d{2})\d{2}_\d{3}_", granule)
        track, cycle = int(name[1]), int(name[2])
        with h5py.File(granule) as file:
            for beam in TRACKS:
                if f"{beam}/{group}" not in file:
                    continue
                rows = file[beam][group]
                columns = [rows[c][:] for c in (lat, lon, height, "delta_time")]
                fill = rows[height].attrs.get("_FillValue", np.nan)
                keep = (abs(columns[0]) <= 90) & (abs(columns[1]) <= 540) & (columns[2] != fill)
                columns = [column[keep] for column in columns]
                size = columns[0].size
                columns += [np.full(size, track), np.full(size, cycle), np.full(size, hash(granule))]
                parts.append(columns)
    return [np.concatenate(part) for part in zip(*parts)]


def exact(h, t):
    """Slope, its squared error, intercept, its squared error; None where there is none."""
    n = len(h)
    h, t = ([Fraction(float(x)) for x in column] for column in (h, t))
    mean_h, mean_t = sum(h) / n, sum(t) / n
    spread = sum((x - mean_t) ** 2 for x in t)
    if spread == 0:
        return None, None, None, None
    slope = sum((x - mean_t) * (y - mean_h) for x, y in zip(t, h)) / spread
    at_zero = mean_h - slope * mean_t
    if n < 3:
        return slope, None, at_zero, None
    rest = sum((y - at_zero - slope * x) ** 2 for x, y in zip(t, h)) / (n - 2)
    return slope, rest / spread, at_zero, rest * (Fraction(1, n) + mean_t**2 / spread)


def check(name, ours, truth, root=False):
    if truth is None:
        good = isnan(ours)
    elif root:
        # Between the squares of the middles to both neighbours.
        low, high = (
            (Fraction(ours) + Fraction(float(np.nextafter(ours, to)))) / 2 for to in (-np.inf, np.inf)
        )
        good = (low < 0 or low * low <= truth) and truth <= high * high
    else:
        good = float(truth) == ours
    if not good:
        sys.exit(f"{name} is {ours}, and the truth {truth and (sqrt(truth) if root else float(truth))}")


def main(store, order, group, height, granules):
    lat, lon, h, t, track, cycle, name = read(granules, group, height)
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, int(order), ellipsoid="WGS84")
    ds = xr.open_zarr(store, chunks=None, decode_times=False)
    if ds.attrs["dggs"]["refinement_level"] != int(order):
        ds = xr.open_zarr(store, group=order, chunks=None, decode_times=False)
    ids, place = np.unique(cells, return_inverse=True)
    if not np.array_equal(ids, ds["cell_ids"].values):
        sys.exit("cell_ids differ")
    ours = {array: ds[array].values for array in ds.data_vars if ds[array].ndim}
    order_of = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order_of], np.arange(ids.size + 1))
    planes = 0
    for i in range(ids.size):
        rows = order_of[starts[i] : starts[i + 1]]
        found = {array: values[i] for array, values in ours.items()}
        y, x = h[rows], t[rows]
        slope, error, at_zero, its_error = exact(y, x)
        check("slope", found["slope"], slope)
        check("slope_err", found["slope_err"], error, root=True)
        check("intercept", found["intercept"], at_zero)
        check("intercept_err", found["intercept_err"], its_error, root=True)
        for array, column in (("tracks", track), ("cycles", cycle), ("granules", name)):
            if found[array] != len(set(column[rows])):
                sys.exit(f"{array} is {found[array]}, and not {len(set(column[rows]))}")
        pairs = sorted(zip(x, y))
        if (found["first"], found["last"]) != (pairs[0][1], pairs[-1][1]):
            sys.exit(f"first and last are {found['first']} and {found['last']}")
        wide = y.astype("float64")
        mad = np.median(np.abs(wide - np.median(wide)))
        if abs(found["mad"] - mad) > 1e-12 * max(1.0, abs(wide).max()):
            sys.exit(f"mad is {found['mad']}, and not {mad}")
        planes += check_plane(found, y, (x, lat[rows], lon[rows]))
    print(f"{ids.size} cells: exact, {planes} planes")


def check_plane(found, y, columns):
    """By lstsq of centred columns; whether there was one that it can solve."""
    centred = [c.astype("longdouble") - c.astype("longdouble").mean() for c in (y, *columns)]
    scales = [abs(c).max() or 1 for c in centred[1:]]
    design = np.stack([np.asarray(c / s, "float64") for c, s in zip(centred[1:], scales)], axis=1)
    if len(y) < 6 or np.linalg.cond(design) > 1e6:
        return 0
    fit, rest, *_ = np.linalg.lstsq(design, np.asarray(centred[0], "float64"), rcond=None)
    slope = float(fit[0] / scales[0])
    inverse = np.linalg.inv(design.T @ design)
    error = sqrt(rest[0] / (len(y) - 4) * inverse[0, 0]) / float(scales[0])
    for name, truth in (("plane", slope), ("plane_err", error)):
        # In terms of the error: a slope of nearly 0 has no digits of its own.
        if abs(found[name] - truth) > 1e-6 * max(abs(truth), error):
            sys.exit(f"{name} is {found[name]}, and not {truth}")
    return 1


if __name__ == "__main__":
    main(*sys.argv[1:5], sys.argv[5:])
