"""Where and when photons of centroids are, strata and compositions: `told_check.py CELLS HIVE TABLE GRANULE DELTA`.

Read with zarr, xarray and pyarrow alone, and held to a naive answer over the photons of the granule, which is read with
h5py and located with healpix-geo. In the store of cells coarser orders are of all photons, too.
"""
import pathlib
import sys

import h5py
import numpy as np
import pyarrow.parquet as pq
import xarray as xr
import zarr
from healpix_geo.nested import lonlat_to_healpix

cells, hive, table, granule, delta = sys.argv[1:]
delta = int(delta)
ORDER, COARSE, COARSER_DELTA = 15, 12, 9

with h5py.File(granule) as f:
    heights = f["gt1l/heights"]
    h, lat, lon = (heights[name][:] for name in ("h_ph", "lat_ph", "lon_ph"))
    t, conf = heights["delta_time"][:], heights["signal_conf_ph"][:].astype(int)
keep = conf[:, 0] != -2
h, lat, lon, t, conf = h[keep].astype(float), lat[keep], lon[keep], t[keep], conf[keep]
places = lonlat_to_healpix(lon, lat, 29, "WGS84").astype(np.uint64)
signal = (conf >= 2).any(axis=1)

EPOCH = 5_301_590_418_000_000_000  # 2018-01-01 in nanoseconds since 1850, 18 s ahead of UTC


def area(cell, order):
    """The word of a cell, as mortie's specification has it."""
    bits = 2 * order
    if order <= 27:
        return (((cell >> bits) + 1) << 60) | ((cell & ((1 << bits) - 1)) << (60 - bits)) | order
    path, tail = cell >> (bits - 54), cell & ((1 << (bits - 54)) - 1)
    suffix = 28 + 5 * tail if order == 28 else 29 + 5 * (tail >> 2) + (tail & 3)
    return (((path >> 54) + 1) << 60) | ((path & ((1 << 54) - 1)) << 6) | suffix


def point(cell):
    path = cell >> 4
    return (((path >> 54) + 1) << 60) | ((path & ((1 << 54) - 1)) << 6) | (48 + (cell & 15))


def place(members):
    if len(members) == 1:
        return point(members[0])
    order = 29
    while len({m >> (2 * (29 - order)) for m in members}) > 1:
        order -= 1
    return area(members[0] >> (2 * (29 - order)), order)


def instant(seconds):
    whole = np.floor(seconds)
    return EPOCH + int(whole) * 10**9 + int(np.rint((seconds - whole) * 1e9))


def period(members):
    instants = [instant(m) for m in members]
    low, high = min(instants), max(instants)
    if low == high:
        return ((low >> 31) << 32) | (1 << 31) | (low & ((1 << 31) - 1))
    return ((low >> 31) << 32) | ((high >> 32) + 1)


def digest(keep, delta):
    """Means and weights, places, and periods of the photons."""
    rows = sorted(zip(h[keep], (int(p) for p in places[keep]), t[keep]), key=lambda r: (r[0], point(r[1]), instant(r[2])))
    n = len(rows)
    k1 = lambda q: delta * (np.arcsin(2.0 * q - 1.0) / np.pi + 0.5)
    runs, start = [], 0
    while start < n:
        end = start + 1
        while end < n and k1((end + 1) / n) <= k1(start / n) + 1.0:
            end += 1
        runs.append(rows[start:end])
        start = end
    centroids = [[np.sum([r[0] for r in run]) / len(run), len(run)] for run in runs]
    where, when = [place([r[1] for r in run]) for run in runs], [period([r[2] for r in run]) for run in runs]
    return np.array(centroids, np.float32).reshape(-1, 2), np.array(where, np.uint64), np.array(when, np.uint64)


def composition(keep):
    c = conf[keep & signal]
    if not len(c):
        return 0
    strongest = c.max(axis=1)
    counts = [*(c >= 2).sum(axis=0), *((strongest == level).sum() for level in (2, 3, 4))]
    lanes = [min(255, max(int(np.rint(255.0 * n / len(c))), 1)) if n else 0 for n in counts]
    return sum(lane << (8 * i) for i, lane in enumerate(lanes))


def expected(order, delta):
    ids = (places >> np.uint64(2 * (29 - order))).astype(np.int64)
    found = {}
    for cell in np.unique(ids):
        here = ids == cell
        found[int(cell)] = {
            "all": digest(here, delta),
            "signal": digest(here & signal, delta),
            "noise": digest(here & ~signal, delta),
            "composition": composition(here),
        }
    return found


def same(name, order, want, got):
    assert set(got) == set(want), (name, order)
    merged = 0
    for cell, parts in want.items():
        assert int(got[cell]["composition"]) == parts["composition"], (name, order, cell)
        for field in ("all", "signal", "noise"):
            for a, b in zip(parts[field], got[cell][field]):
                assert a.dtype == b.dtype and a.shape == b.shape, (name, order, cell, field, a.shape, b.shape)
                assert a.tobytes() == b.tobytes(), (name, order, cell, field, a, b)
            merged += int((parts[field][0][:, 1] > 1).sum())
    return merged


def of_cells(order):
    # The finest cells are those of the root.
    d = xr.open_zarr(cells, group=None if order == ORDER else str(order), chunks=None)
    ids = d["cell_ids"].values
    found = {int(cell): {"composition": w} for cell, w in zip(ids, d["composition"].values)}
    for field in ("all", "signal", "noise"):
        rows = d[field]
        where, when = d[rows.attrs["locations"]], d[rows.attrs["times"]]
        assert where.attrs["located"]["grammar"] == "mortie-morton/1"
        assert when.attrs["temporal"] == {"spec": "zagg-toc/1", "shape": "per-centroid", "grammar": "mortie-toc/1"}
        assert where.attrs["offsets"] == rows.attrs["offsets"] == f"{field}_offsets"
        assert where.dims == rows.dims[:1]
        for cell, (start, end) in zip(ids, d[rows.attrs["offsets"]].values):
            found[int(cell)][field] = tuple(a.values[start:end] for a in (rows, where, when))
    return found


def of_hive():
    found = {}
    for path in sorted(pathlib.Path(hive).glob(f"**/{ORDER}/zarr.json")):
        leaf = zarr.open_group(path.parent, mode="r", zarr_format=3, use_consolidated=False)
        words = leaf["morton"][:]
        lists = {}
        for field in ("all", "signal", "noise"):
            block, attrs = leaf[field].attrs["ragged"], leaf[field].attrs
            where, when = leaf[block["locations"]], leaf[attrs["times"]]
            assert where.attrs["ragged"]["element"] == {"dtype": "uint64", "shape": [-1]}
            assert set(where.attrs) == {"ragged", "located"} and set(when.attrs) == {"ragged", "temporal"}
            read = lambda payload, dtype: np.frombuffer(bytes(payload or b""), dtype)
            lists[field] = [
                (read(a, np.float32).reshape(-1, 2), read(b, np.uint64), read(c, np.uint64))
                for a, b, c in zip(leaf[field][:], where[:], when[:])
            ]
        block = leaf["composition"].attrs["composition"]
        assert (block["spec"], block["of"], block["threshold"]) == ("zagg-composition/1", "signal", 2)
        assert leaf["signal"].attrs["stratum"] == "signal"
        for place, word in enumerate(words):
            if len(lists["all"][place][0]):
                cell = (((int(word) >> 60) - 1) << (2 * ORDER)) | ((int(word) & ((1 << 60) - 1)) >> (60 - 2 * ORDER))
                found[cell] = {field: lists[field][place] for field in lists}
                found[cell]["composition"] = leaf["composition"][place]
    return found


def of_table():
    rows = pq.read_table(table).to_pylist()
    found = {}
    for row in rows:
        found[row["cell_ids"]] = {"composition": row["composition"]} | {
            field: (
                np.array([[c["mean"], c["weight"]] for c in row[field]], np.float32).reshape(-1, 2),
                np.array(row[f"{field}_locations"], np.uint64),
                np.array(row[f"{field}_times"], np.uint64),
            )
            for field in ("all", "signal", "noise")
        }
    return found


want = expected(ORDER, delta)
merged = same("cells", ORDER, want, of_cells(ORDER))
assert merged > 20, merged
same("hive", ORDER, want, of_hive())
same("table", ORDER, want, of_table())
same("cells", COARSE, expected(COARSE, COARSER_DELTA), of_cells(COARSE))
print(len(want), "cells agree,", merged, "centroids of several photons")
