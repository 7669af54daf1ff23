"""Photons as Parquet tables whose pages have checksums, and as Arrow IPC beside columns that nothing reads.

pyarrow_tables.py FOLDER writes there v1.parquet, v2.parquet (versions of pages), lists.parquet, and
plain.arrow, lz4.feather, zstd.arrow, lz4.arrows.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
n = 1500
i = np.arange(n)
flat = pa.table({
    "lon": np.full(n, -45.0),
    "lat": 70 + i * 1e-4,
    "h": pa.array(np.sin(i * 0.37) * 40, pa.float32(), mask=i % 17 == 0),
    "k": i % 50,
    "flag": pa.array(np.zeros(n), pa.int8()),
})
how = {"write_page_checksum": True, "data_page_size": 1500, "write_batch_size": 100}
pq.write_table(flat, folder / "v1.parquet", compression="snappy", row_group_size=700, **how)
pq.write_table(flat, folder / "v2.parquet", compression="zstd", data_page_version="2.0",
               use_dictionary=["k"], column_encoding={"lat": "BYTE_STREAM_SPLIT"}, **how)
lengths = np.arange(0, n + 1, 5)
lists = {
    name: pa.ListArray.from_arrays(pa.array(lengths, pa.int32()), flat[name].combine_chunks())
    for name in ["lon", "lat", "h", "k"]
}
lists["flag"] = pa.array(np.zeros(n // 5), pa.int8())
pq.write_table(pa.table(lists), folder / "lists.parquet", compression="none", **how)

others = pa.table({
    "text": [f"x{j % 7}" for j in i],
    "category": pa.array([f"c{j % 3}" for j in i]).dictionary_encode(),
    "pair": pa.array([{"a": int(j), "b": [str(j)] * int(j % 3)} for j in i]),
    "nothing": pa.nulls(n),
    "union": pa.UnionArray.from_sparse(pa.array(i % 2, pa.int8()), [pa.array(i), pa.array(i * 0.5)]),
    "view": pa.array([f"long text number {j}" for j in i], pa.string_view()),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([n], pa.int32()), pa.array([1.5])),
    "when": pa.array(i, pa.timestamp("ns")),
})
wide = others
for place, name in enumerate(["h", "lon", "lat", "k", "flag"]):
    wide = wide.add_column(2 * place, name, flat[name])


def write(name, opened, codec):
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with opened(str(folder / name), wide.schema, options=options) as writer:
        writer.write_table(wide, max_chunksize=400)


write("plain.arrow", pa.ipc.new_file, None)
write("zstd.arrow", pa.ipc.new_file, "zstd")
write("lz4.arrows", pa.ipc.new_stream, "lz4")
feather.write_feather(wide, folder / "lz4.feather", compression="lz4", chunksize=700)
