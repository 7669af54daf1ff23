"""Reads tables of cells as their readers do, pyarrow and pandas, and prints hashes of their columns.

Run as `python read_tables.py TABLE...`. Every table must hold the same values and the same metadata.
Prints one JSON line: `arrays`, the SHA-256 of each column's little-endian bytes, to be compared with
the writer's own of the store, and `metadata` of the schema and its fields.
"""

import hashlib
import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet


def read(path):
    if path.endswith(".parquet"):
        return pa.parquet.read_table(path), pd.read_parquet(path)
    return pa.feather.read_table(path), pd.read_feather(path)


def values(column):
    column = column.combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    assert column.null_count == 0
    while pa.types.is_fixed_size_list(column.type):
        column = column.flatten()
    return column.to_numpy()


def texts(metadata):
    return {key.decode(): value.decode() for key, value in (metadata or {}).items()}


first = None
for path in sys.argv[1:]:
    table, frame = read(path)
    assert list(frame.columns) == table.column_names, path
    ids = values(table["cell_ids"])
    assert ids.dtype == np.uint64 and np.all(ids[1:] > ids[:-1]), path
    assert np.array_equal(frame["cell_ids"].to_numpy(), ids), path
    for field in table.schema:
        text = texts(field.metadata)
        key = {"cell_ids": "grid_name", "lon": "standard_name", "lat": "standard_name"}.get(field.name, "statistic")
        assert key in text and not field.nullable, (path, field)
    found = {
        "arrays": {
            name: hashlib.sha256(values(table[name]).tobytes()).hexdigest()
            for name in table.column_names
        },
        "metadata": {
            "": {k: v for k, v in texts(table.schema.metadata).items() if k != "pandas"},
            **{
                field.name: {
                    k: v for k, v in texts(field.metadata).items() if not k.startswith("PARQUET:")
                }
                for field in table.schema
            },
        },
    }
    assert first is None or found == first, path
    first = found
print(json.dumps(first))
