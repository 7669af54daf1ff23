"""Holds a store of a region to what Python makes of the same photons.

Run as `python region_check.py REGION.geojson STORE GRANULE...`. Nothing of icefold is used but the store: positions are
decided with fractions, which round nothing, cells come from healpix-geo. Leaves with status 1 where a cell differs.
"""

import json
import sys
from fractions import Fraction

import h5py
import healpix_geo
import numpy as np
import xarray as xr

TRACKS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")


def polygons(value):
    kind = value["type"]
    if kind == "FeatureCollection":
        return [p for feature in value["features"] for p in polygons(feature)]
    if kind == "Feature":
        return polygons(value["geometry"])
    return value["coordinates"] if kind == "MultiPolygon" else [value["coordinates"]]


def winds(ring, lon, lat):
    """Whether the parallel east of a position is cut an odd number of times."""
    odd = False
    for (ax, ay), (bx, by) in zip(ring, ring[1:]):
        above = [y >= lat if lat == 90 else y > lat for y in (ay, by)]
        if above[0] == above[1]:
            continue
        # What lies wholly on one side needs no fraction.
        if max(ax, bx) < lon:
            continue
        if min(ax, bx) <= lon:
            ax, ay, bx, by = map(Fraction, (ax, ay, bx, by))
            cut = ax + (Fraction(lat) - ay) * (bx - ax) / (by - ay)
            if cut <= Fraction(lon):
                continue
        odd = not odd
    return odd


def inside(areas, lon, lat):
    lon = lon - 360 if lon >= 180 else lon
    return any(winds(rings[0], lon, lat) and not any(winds(hole, lon, lat) for hole in rings[1:]) for rings in areas)


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


def main(region, store, granules):
    with open(region) as file:
        areas = polygons(json.load(file))
    lat, lon, h = (np.concatenate(parts) for parts in zip(*photons(granules)))
    keep = np.array([inside(areas, x, y) for x, y in zip(lon.tolist(), lat.tolist())], dtype=bool)
    lat, lon, h = lat[keep], lon[keep], h[keep]
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, 12, ellipsoid="WGS84")
    ids, place, count = np.unique(cells, return_inverse=True, return_counts=True)
    lowest = np.full(ids.size, np.inf, dtype="float32")
    np.minimum.at(lowest, place, h)
    ds = xr.open_zarr(store, chunks=None)
    for name, theirs in (("cell_ids", ids), ("count", count), ("h_min", lowest)):
        if not np.array_equal(ds[name].values, theirs):
            sys.exit(f"{name} differs: {ds[name].values} and {theirs}")
    print(f"{h.size} photons in {ids.size} cells: fractions agree")


main(sys.argv[1], sys.argv[2], sys.argv[3:])
