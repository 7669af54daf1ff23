"""Writes every numeric dataset of a granule of one or two dimensions as h5py reads it.

Run as `python dump.py GRANULE FOLDER`. `FOLDER/values` gets the values one dataset after the other,
at most seven columns of each, as little-endian int64, uint64, float32 or float64; `FOLDER/index.json` a list of
path, column (null for 1-D), kind and number of values.
"""

import json
import pathlib
import sys

import h5py

KINDS = {"i": "<i8", "u": "<u8"}

granule, folder = sys.argv[1], pathlib.Path(sys.argv[2])
index = []
with h5py.File(granule) as file, open(folder / "values", "wb") as out:

    def dump(path, item):
        if not isinstance(item, h5py.Dataset) or item.ndim not in (1, 2):
            return
        if item.dtype.kind not in "iuf" or item.dtype.itemsize not in (1, 2, 4, 8):
            return
        if item.dtype.kind == "f" and item.dtype.itemsize == 2:
            return
        if h5py.check_enum_dtype(item.dtype):
            return
        values = item[()]
        columns = [None]
        if item.ndim == 2:
            # Of a histogram of hundreds of columns, some at both ends.
            count = values.shape[1]
            columns = sorted({*range(min(5, count)), count // 2, count - 1})
        for column in columns:
            one = values if column is None else values[:, column]
            kind = KINDS.get(one.dtype.kind, f"<f{one.dtype.itemsize}")
            out.write(one.astype(kind).tobytes())
            index.append(
                {"path": f"/{path}", "column": column, "kind": kind, "values": len(one)}
            )

    file.visititems(dump)
(folder / "index.json").write_text(json.dumps(index))
