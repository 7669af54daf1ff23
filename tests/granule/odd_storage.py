"""Writes a granule with one dataset per way in which HDF5 can store values.

Run as `python odd_storage.py PATH`. The group `chunks` has those that need no libhdf5, the group
`hdf5` those that do; `refused` those of no supported type.
"""

import struct
import sys
import zlib

import h5py
import numpy as np

ROWS = 2530
random = np.random.default_rng(3)
smooth = np.cumsum(random.normal(0, 1, ROWS))


def deflated_twice(file, path, values, chunk):
    """Deflate as filter 0 and again as filter 1; whole chunks are written as they are."""
    space = h5py.h5s.create_simple(values.shape)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((chunk,))
    plist.set_deflate(6)
    plist.set_filter(h5py.h5z.FILTER_DEFLATE, h5py.h5z.FLAG_OPTIONAL, (6,))
    kind = h5py.h5t.py_create(values.dtype)
    dataset = h5py.h5d.create(file.id, path.encode(), kind, space, plist)
    for start in range(0, len(values), chunk):
        block = np.zeros(chunk, values.dtype)
        part = values[start : start + chunk]
        block[: len(part)] = part
        bytes_ = zlib.compress(zlib.compress(block.tobytes(), 6), 6)
        dataset.write_direct_chunk((start,), bytes_, 0)


def masked(group, name, values, chunk):
    """Shuffle and deflate, the second left out of some chunks, as their filter masks say."""
    dataset = group.create_dataset(
        name, shape=values.shape, dtype=values.dtype, chunks=(chunk,), shuffle=True,
        compression="gzip",
    )
    for number, start in enumerate(range(0, len(values), chunk)):
        block = np.zeros(chunk, values.dtype)
        part = values[start : start + chunk]
        block[: len(part)] = part
        raw = block.tobytes()
        mask = 2 * (number % 2)
        raw = np.frombuffer(raw, "u1").reshape(-1, values.dtype.itemsize).T.tobytes()
        if not mask & 2:
            raw = zlib.compress(raw, 6)
        dataset.id.write_direct_chunk((start,), raw, mask)


def main(path):
    with h5py.File(path, "w", userblock_size=1024) as file:
        chunks, hdf5, refused = (file.create_group(n) for n in ("chunks", "hdf5", "refused"))
        for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"):
            for order in "<>":
                kind_ = np.dtype(order + kind)
                if kind_.kind == "f":
                    values = smooth.astype(kind_)
                else:
                    info = np.iinfo(kind_)
                    high = min(info.max, 2**63 - 1)
                    values = random.integers(info.min, high, ROWS, endpoint=True).astype(kind_)
                    values[:2] = info.min, high
                name = ("little_" if order == "<" else "big_") + kind
                chunks.create_dataset(name, data=values, chunks=(250,), shuffle=True,
                                      compression="gzip")
                chunks.create_dataset(name + "_plain", data=values, chunks=(1000,))
        chunks.create_dataset("deflate", data=smooth, chunks=(1000,), compression="gzip")
        chunks.create_dataset("shuffle", data=smooth, chunks=(999,), shuffle=True)
        chunks.create_dataset("fletcher", data=smooth, chunks=(333,), fletcher32=True)
        chunks.create_dataset("all", data=smooth, chunks=(100,), fletcher32=True, shuffle=True,
                              compression="gzip")
        chunks.create_dataset("one_row", data=smooth[:40], chunks=(1,), compression="gzip")
        chunks.create_dataset("one_chunk", data=smooth, chunks=(ROWS,), compression="gzip")
        chunks.create_dataset("long_chunk", data=smooth, chunks=(5000,), maxshape=(None,),
                              compression="gzip")
        chunks.create_dataset("grown", data=smooth, chunks=(100,), maxshape=(None,))
        chunks["grown"].resize((ROWS - 77,))
        deflated_twice(file, "chunks/twice", smooth, 300)
        masked(chunks, "masked", smooth.astype("f4"), 300)
        flags = random.integers(-2, 5, (ROWS, 5)).astype("i1")
        chunks.create_dataset("flags", data=flags, chunks=(1000, 5), shuffle=True,
                              compression="gzip")
        chunks.create_dataset("tiled", data=flags.astype(">i4"), chunks=(700, 2),
                              compression="gzip", fletcher32=True)

        chunks.create_dataset("contiguous", data=smooth)
        chunks.create_dataset("contiguous_flags", data=flags.astype(">i2"))
        chunks.create_dataset("empty", shape=(0,), dtype="f8")
        holes = refused.create_dataset("missing_chunks", shape=(ROWS,), dtype="f8", chunks=(100,),
                                    compression="gzip", fillvalue=-7.5)
        holes[500:900] = smooth[500:900]
        hdf5.create_dataset("scaleoffset", data=np.arange(ROWS), chunks=(500,), scaleoffset=0)
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        small = h5py.h5d.create(hdf5.id, b"compact", h5py.h5t.NATIVE_DOUBLE,
                                h5py.h5s.create_simple((100,)), compact)
        small.write(h5py.h5s.ALL, h5py.h5s.ALL, smooth[:100])
        if h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
            refused.create_dataset("szip", data=smooth, chunks=(500,), compression="szip")
        chunks.create_dataset("lzf", data=smooth, chunks=(500,), compression="lzf")
        refused.create_dataset("half", data=smooth.astype("f2"), chunks=(500,),
                               compression="gzip")
    with open(path, "r+b") as file:
        file.write(b"a userblock before the HDF5 file" + struct.pack("<I", 0))


main(sys.argv[1])
