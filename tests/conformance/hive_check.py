"""Digests of the same values in a store of cells, a hive and a table: `hive_check.py CELLS HIVE TABLE VALUES`.

Read with zarr, xarray and pyarrow alone, and held to numpy over the values of each cell.
"""
import csv
import pathlib
import sys

import numpy as np
import pyarrow.parquet as pq
import xarray as xr
import zarr

cells, hive, table, values = sys.argv[1:]

heights = {}
with open(values) as rows:
    for row in csv.DictReader(rows):
        heights.setdefault(int(row["cell"]), []).append(float(row["h"]))
order = sorted(heights)

d = xr.open_zarr(cells, chunks=None)
assert d["h_tdigest"].attrs["offsets"] == "h_tdigest_offsets"
offsets, rows = d["h_tdigest_offsets"].values, d["h_tdigest"].values
of_cells = [rows[start:end] for start, end in offsets]

leaves = sorted(pathlib.Path(hive).glob("**/6/zarr.json"))
assert len(leaves) == 1, leaves
leaf = zarr.open_group(leaves[0].parent, mode="r", zarr_format=3, use_consolidated=False)
array = leaf["h_tdigest"]
element = array.attrs["ragged"]["element"]
read = lambda payload: np.frombuffer(payload or b"", element["dtype"]).reshape(element["shape"])
lists = array[:]
of_hive = [read(bytes(lists[cell])) for cell in order]
assert all(len(read(lists[cell])) == 0 for cell in range(16) if cell not in heights)
words = leaf["morton"][:]
assert (words[8:12] == 0).all() and (words[:8] > 0).all(), words
assert (np.diff(words[words > 0]) > 0).all()

t = pq.read_table(table)
column = t.column("h_tdigest").to_pylist()
of_table = [np.array([[c["mean"], c["weight"]] for c in cell], np.float32).reshape(-1, 2) for cell in column]

assert len(of_cells) == len(of_hive) == len(of_table) == len(order)
for cell, *digests in zip(order, of_cells, of_hive, of_table):
    v = np.sort(heights[cell])
    for digest in digests:
        assert digest.tobytes() == digests[0].tobytes(), cell
        assert digest[:, 1].sum() == len(v), cell
        ends = np.cumsum(digest[:, 1]).astype(int)
        parts = np.split(v, ends[:-1])
        means = np.array([part.mean() for part in parts], np.float32)
        assert (means == digest[:, 0]).all(), (cell, means, digest)
        assert (leaf["count"][cell] == len(v)), cell
print(len(order), "cells agree")
