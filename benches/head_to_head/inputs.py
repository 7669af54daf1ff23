"""Makes the inputs of workloads: seeded photons, written as .npy files that every engine reads.

Each workload is a folder with lon.npy and lat.npy (f64, degrees), h.npy and s.npy (f32: heights in
metres, weights), h1.npy and on where several columns are asked for, ids.npy and ids_sphere.npy
(u64, from icefold's own `engine ids`, so that all engines group by the same ids), and workload.json.
A folder is whole once workload.json is there. Workloads of granules are made by granules.py.
"""

import json
import shutil
import subprocess
import zlib
from pathlib import Path

import healpix_geo.nested as healpix
import numpy as np

import catalog
import granules

SCHEMA = 2
EARTH = 6_371_007.2  # metres; the radius of the sphere with the area of WGS84
INCLINATION = np.radians(92.0)  # of the orbit
SHARD_ORDER = 6
PHOTON_SPACING = 0.7  # metres between laser shots
WIDE_SPACING = 64.0  # metres: thinned, so that 1e7 photons touch 1e5 to 1e6 cells
HOME = (31.0, -78.0)  # the shard of the single-shard workloads holds this position, degrees


def ellipsoid_cells(lon, lat, order):
    return healpix.lonlat_to_healpix(lon, lat, np.uint8(order), ellipsoid="WGS84")


def wrapped(lon):
    """Degrees to [-180, 180)."""
    return (lon + 180.0) % 360.0 - 180.0


def one_shard(size, order, rng):
    """Straight passes over one shard of order 6 at the photon spacing, both ways, one after the
    other; shots scatter by half a metre along and across the track."""
    lon0, lat0 = HOME
    shard = ellipsoid_cells(np.array([lon0]), np.array([lat0]), SHARD_ORDER)[0]
    center = healpix.healpix_to_lonlat(np.array([shard]), np.uint8(SHARD_ORDER), ellipsoid="WGS84")
    lon0, lat0 = wrapped(float(center[0][0])), float(center[1][0])
    reach = 80_000.0  # metres; half the diagonal of a shard, and some more
    shots = int(2 * reach / PHOTON_SPACING)
    lons, lats, found = [], [], 0
    while found < size:
        heading = np.radians(rng.choice([-12.0, 192.0]) + rng.normal(0.0, 1.0))
        along = np.arange(shots) * PHOTON_SPACING - reach + rng.normal(0.0, 0.5, shots)
        across = rng.uniform(-reach, reach) + rng.normal(0.0, 0.5, shots)
        east = along * np.sin(heading) + across * np.cos(heading)
        north = along * np.cos(heading) - across * np.sin(heading)
        lat = lat0 + np.degrees(north / EARTH)
        lon = lon0 + np.degrees(east / (EARTH * np.cos(np.radians(lat))))
        inside = ellipsoid_cells(lon, lat, SHARD_ORDER) == shard
        lons.append(lon[inside])
        lats.append(lat[inside])
        found += int(inside.sum())
    return np.concatenate(lons)[:size], np.concatenate(lats)[:size]


def many_tracks(size, order, rng):
    """Tracks of the orbit over the Antarctic south of 62 degrees, thinned to the wide spacing."""
    first, last = np.radians([-62.0, -118.0])  # the argument of latitude, there and back
    per_track = int(abs(last - first) * EARTH / WIDE_SPACING)
    lons, lats, found = [], [], 0
    while found < size:
        node = rng.uniform(0.0, 2 * np.pi)
        u = np.linspace(first, last, per_track) + rng.normal(0.0, 0.5 / EARTH, per_track)
        across = rng.normal(0.0, 0.5 / EARTH, per_track)
        lat = np.arcsin(np.sin(INCLINATION) * np.sin(u)) + across
        lon = node + np.arctan2(np.cos(INCLINATION) * np.sin(u), np.cos(u))
        lons.append(wrapped(np.degrees(lon)))
        lats.append(np.degrees(lat))
        found += per_track
    return np.concatenate(lons)[:size], np.concatenate(lats)[:size]


def presorted(size, order, rng):
    lon, lat = many_tracks(size, order, rng)
    ascending = np.argsort(ellipsoid_cells(lon, lat, order), kind="stable")
    return lon[ascending], lat[ascending]


def uniform(size, order, rng):
    """Anywhere on the sphere, equally likely."""
    return rng.uniform(-180.0, 180.0, size), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, size)))


def near_center(cells, order, rng):
    """A position in each cell: its centre, moved by much less than its size."""
    lon, lat = healpix.healpix_to_lonlat(cells, np.uint8(order), ellipsoid="WGS84")
    tenth = 0.1 * np.degrees(np.sqrt(4 * np.pi / (12 * 4**order)))
    lat = lat + rng.uniform(-tenth, tenth, len(cells))
    lon = lon + rng.uniform(-tenth, tenth, len(cells)) / np.cos(np.radians(lat))
    return wrapped(lon), lat


def home_cells(count, order):
    """So many consecutive cells, starting with the first of the home shard."""
    shard = ellipsoid_cells(np.array([HOME[0]]), np.array([HOME[1]]), SHARD_ORDER)[0]
    return (int(shard) << 2 * (order - SHARD_ORDER)) + np.arange(count, dtype=np.uint64)


def one_cell(size, order, rng):
    """Every photon in one cell."""
    return near_center(np.repeat(home_cells(1, order), size), order, rng)


def all_distinct(size, order, rng):
    """No two photons in one cell, in no order."""
    return near_center(rng.permutation(home_cells(size, order)), order, rng)


def polar(size, order, rng):
    """Within half a degree of either pole; one in a thousand at the pole or on the date line."""
    lon = rng.uniform(-180.0, 180.0, size)
    lat = (90.0 - 0.5 * np.sqrt(rng.uniform(0.0, 1.0, size))) * rng.choice([-1.0, 1.0], size)
    lat[::2000] = np.sign(lat[::2000]) * 90.0
    lon[1::2000] = rng.choice([-180.0, 180.0], len(lon[1::2000]))
    return lon, lat


def zipf(size, order, rng):
    """A hundred thousand cells, the k-th most popular drawn proportionally to 1 / k."""
    popularity = 1.0 / np.arange(1, 100_001)
    cells = rng.permutation(home_cells(len(popularity), order))
    return near_center(rng.choice(cells, size, p=popularity / popularity.sum()), order, rng)


def empty(size, order, rng):
    """No photons."""
    return np.empty(0), np.empty(0)


def some_cells(size, order, rng, cells):
    """So many cells, equally likely, in no order."""
    return near_center(rng.choice(home_cells(cells, order), size), order, rng)


def heights(lon, lat, rng):
    """An ice sheet's surface (metres) with waves of snow, instrument noise, and a few photons of
    background anywhere within 500 m of it."""
    from_pole = (lat + 90.0) * 111.0  # kilometres
    surface = 3_800.0 / (1.0 + (from_pole / 2_500.0) ** 2)
    surface += 40.0 * np.sin(np.radians(lat) * 700.0)
    surface += 15.0 * np.cos(np.radians(lon) * 300.0)
    h = surface + rng.normal(0.0, 0.3, len(lon))
    background = rng.random(len(lon)) < 0.05
    h[background] += rng.uniform(-500.0, 500.0, int(background.sum()))
    return h.astype(np.float32)


def generator(seed, text):
    """A seeded generator for one purpose, whatever else is made."""
    return np.random.default_rng([seed, zlib.crc32(text.encode())])


GENERATORS = {
    make.__name__: make
    for make in (
        one_shard, many_tracks, presorted, uniform, one_cell, all_distinct, polar, zipf, empty,
        some_cells,
    )
}


def photons(given, size):
    """The arrays of a workload; positions and heights are equal for workloads that differ in their
    order alone, and a shuffled one has the same photons."""
    shape, seed = given["generator"], given["seed"]
    if shape not in GENERATORS:
        raise catalog.Unfit(f"no generator {shape}; there are {', '.join(GENERATORS)}")
    more = {"cells": given["cells"]} if "cells" in given else {}
    positions = generator(seed, f"{shape} positions")
    lon, lat = GENERATORS[shape](size, given["order"], positions, **more)
    arrays = {"lon": lon, "lat": lat, "h": heights(lon, lat, generator(seed, f"{shape} heights"))}
    spread = generator(seed, f"{shape} weights").uniform(0.05, 2.0, len(lon))
    arrays["s"] = (1.0 / spread**2).astype(np.float32)
    for i in range(1, given.get("columns", 1)):
        noise = generator(seed, f"{shape} column {i}").normal(0.0, 1.0, len(lon))
        arrays[f"h{i}"] = (arrays["h"] * (1.0 / (i + 1)) + noise).astype(np.float32)
    if given.get("shuffled"):
        order = generator(seed, f"{shape} order").permutation(len(lon))
        arrays = {name: values[order] for name, values in arrays.items()}
    return arrays


def description(workload, size):
    return {
        "schema": SCHEMA,
        "name": workload.name,
        "about": workload.about,
        "input": workload.input,
        "photons": size,
        "shard_order": min(SHARD_ORDER, workload.input["order"]),
        "cell_order": workload.input["order"],
    }


def photons_of(workload, size):
    """How many photons a workload has in a run of this size."""
    return int(size * workload.scale) if workload.photons is None else workload.photons


def folder_of(workload, data, size):
    return Path(data) / catalog.short(int(size)) / workload.name


def whole(folder, wanted):
    """The description of a folder that holds what is wanted, or None."""
    try:
        found = json.loads((folder / "workload.json").read_text())
    except (OSError, ValueError):
        return None
    return found if all(found.get(key) == value for key, value in wanted.items()) else None


def check_ids(folder, workload):
    """Compares icefold's ids with those of healpix-geo. Positions on an edge may differ by
    rounding: at most one in ten thousand, and away from the poles' and the date line's own."""
    lon, lat, ids, sphere = (
        np.load(folder / f"{array}.npy") for array in ("lon", "lat", "ids", "ids_sphere")
    )
    order = np.uint8(workload.input["order"])
    for ours, ellipsoid in ((ids, "WGS84"), (sphere, "sphere")):
        theirs = healpix.lonlat_to_healpix(lon, lat, order, ellipsoid=ellipsoid)
        differ = int((ours != theirs).sum())
        allowed = 2e-3 if workload.family == "polar" else 1e-4
        if differ > allowed * len(lon):
            raise SystemExit(
                f"{folder}: {differ} of {len(lon)} ids differ from healpix-geo's on {ellipsoid}"
            )


def make(workload, data, size, tools):
    """Makes one workload where it is missing, and returns its folder and description; `tools` has
    the paths of the programs `engine` and `icefold`."""
    folder = folder_of(workload, data, size)
    wanted = description(workload, photons_of(workload, size))
    if workload.kind == "granules":
        wanted.pop("photons")
        wanted["wanted_photons"] = int(size)
    found = whole(folder, wanted)
    if found:
        return folder, found
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if workload.kind == "granules":
        more, arrays = granules.make(workload, folder, int(size), tools)
        if more is None:
            shutil.rmtree(folder)
            return None, None
        wanted |= more
    else:
        arrays = photons(workload.input, wanted["photons"])
    for array, values in arrays.items():
        np.save(folder / f"{array}.npy", values)
    text = json.dumps(wanted, indent=1)
    unchecked = folder / "workload.json"
    unchecked.write_text(text)
    try:
        subprocess.run([tools["engine"], "ids", "--workload", folder], check=True)
        check_ids(folder, workload)
    except BaseException:
        unchecked.unlink()
        raise
    return folder, wanted
