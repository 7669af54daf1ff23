"""The workloads: seeded photons, written as .npy files that every engine reads.

    python workloads.py --data target/bench-data --size 1e6 [--only NAME]... [--engine PATH]

Each workload is a folder with lon.npy and lat.npy (f64, degrees), h.npy (f32, metres), ids.npy and
ids_sphere.npy (u64, from icefold's own `engine ids`, so that all engines group by the same ids),
and workload.json. A folder is whole once workload.json is there.
"""

import argparse
import json
import os
import shutil
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import healpix_geo.nested as healpix
import numpy as np

SCHEMA = 1
SEED = 20180915
EARTH = 6_371_007.2  # metres; the radius of the sphere with the area of WGS84
INCLINATION = np.radians(92.0)  # of the orbit
SHARD_ORDER = 6
PHOTON_SPACING = 0.7  # metres between laser shots
WIDE_SPACING = 64.0  # metres: thinned, so that 1e7 photons touch 1e5 to 1e6 cells
HOME = (31.0, -78.0)  # the shard of the single-shard workloads holds this position, degrees


@dataclass(frozen=True)
class Workload:
    about: str
    order: int
    positions: Callable
    shuffled: bool = False


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


WORKLOADS = {
    "shard12": Workload("one shard, along track, 4096 cells at most", 12, one_shard),
    "shard19": Workload("the same photons, cells of 12 m: sparse", 19, one_shard),
    "wide10": Workload("many tracks, one photon every 64 m", 10, many_tracks),
    "wide12": Workload("the same photons, finer cells", 12, many_tracks),
    "shard12_shuffled": Workload("shard12 in no order", 12, one_shard, shuffled=True),
    "wide12_shuffled": Workload("wide12 in no order", 12, many_tracks, shuffled=True),
    "presorted": Workload("wide12, ascending by cell", 12, presorted),
    "uniform": Workload("anywhere on the sphere", 12, uniform),
    "one_cell": Workload("every photon in one cell", 12, one_cell),
    "all_distinct": Workload("every photon in a cell of its own, in no order", 19, all_distinct),
    "polar": Workload("within half a degree of the poles", 12, polar),
    "zipf": Workload("cells of very unequal popularity, in no order", 12, zipf),
    "empty": Workload("no photons", 12, empty),
}


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


def generator(text):
    """A seeded generator for one purpose, whatever else is made."""
    return np.random.default_rng([SEED, zlib.crc32(text.encode())])


def photons(workload, size):
    """lon, lat, h of a workload; equal for workloads that differ in their order alone."""
    shape = workload.positions.__name__
    lon, lat = workload.positions(size, workload.order, generator(f"{shape} positions"))
    h = heights(lon, lat, generator(f"{shape} heights"))
    if workload.shuffled:
        order = generator(f"{shape} order").permutation(len(lon))
        lon, lat, h = lon[order], lat[order], h[order]
    return {"lon": lon, "lat": lat, "h": h}


def description(name, photons):
    workload = WORKLOADS[name]
    return {
        "schema": SCHEMA,
        "name": name,
        "about": workload.about,
        "seed": SEED,
        "photons": photons,
        "shard_order": SHARD_ORDER,
        "cell_order": workload.order,
    }


def size_name(size):
    """1e6 for 1000000; all digits where powers of ten do not say it."""
    short = f"{size:.0e}".replace("e+0", "e").replace("e+", "e")
    return short if int(float(short)) == size else str(size)


def is_whole(folder, name, size):
    try:
        found = json.loads((folder / "workload.json").read_text())
    except (OSError, ValueError):
        return False
    return found == description(name, 0 if name == "empty" else size)


def check_ids(folder, name):
    """Compares icefold's ids with those of healpix-geo. Positions on an edge may differ by
    rounding: at most one in ten thousand, and away from the poles' and the date line's own."""
    lon, lat, ids, sphere = (
        np.load(folder / f"{array}.npy") for array in ("lon", "lat", "ids", "ids_sphere")
    )
    order = np.uint8(WORKLOADS[name].order)
    for ours, ellipsoid in ((ids, "WGS84"), (sphere, "sphere")):
        theirs = healpix.lonlat_to_healpix(lon, lat, order, ellipsoid=ellipsoid)
        differ = int((ours != theirs).sum())
        allowed = 2e-3 if name == "polar" else 1e-4
        if differ > allowed * len(lon):
            raise SystemExit(
                f"{folder}: {differ} of {len(lon)} ids differ from healpix-geo's on {ellipsoid}"
            )


def make(name, data, size, engine):
    """Makes one workload where it is missing; `engine` is the bench program that finds ids."""
    folder = Path(data) / size_name(size) / name
    if is_whole(folder, name, size):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    arrays = photons(WORKLOADS[name], size)
    for array, values in arrays.items():
        np.save(folder / f"{array}.npy", values)
    text = json.dumps(description(name, len(arrays["lon"])), indent=1)
    unchecked = folder / "workload.json"
    unchecked.write_text(text)
    try:
        subprocess.run([engine, "ids", "--workload", folder], check=True)
        check_ids(folder, name)
    except BaseException:
        os.remove(unchecked)
        raise
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--size", type=float, default=1e6)
    parser.add_argument("--only", action="append", choices=list(WORKLOADS))
    parser.add_argument("--engine", type=Path, required=True)
    arguments = parser.parse_args()
    for name in arguments.only or WORKLOADS:
        print(make(name, arguments.data, int(arguments.size), arguments.engine))


if __name__ == "__main__":
    main()
