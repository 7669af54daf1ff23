"""Writes granules whose heights are packed by filters that HDF5 has not built in.

Run as `python codecs.py FOLDER`. `packed.h5` has one dataset for each filter that is undone, `bzip2.h5`,
`snappy.h5` and `unknown.h5` one for each that is not. Chunks are written as they are, packed by numcodecs.
"""

import os
import struct
import sys

import h5py
import numcodecs
import numpy as np

ROWS, CHUNK = 2530, 400
BLOSC, LZ4, ZSTD, BZIP2, UNKNOWN = 32001, 32004, 32015, 307, 40123
# What HDF5's filter keeps with a dataset; the last names the compressor.
SNAPPY = (2, 2, 4, 4 * CHUNK, 5, 1, 3)


def lz4(raw, block=600):
    """HDF5's LZ4 filter: lengths in front, blocks that do not shrink as they are."""
    out = struct.pack(">QI", len(raw), block)
    for start in range(0, len(raw), block):
        part = raw[start : start + block]
        # numcodecs puts the length in front of a block.
        packed = numcodecs.LZ4().encode(part)[4:]
        stored = packed if len(packed) < len(part) else part
        out += struct.pack(">I", len(stored)) + stored
    return out


def direct(group, name, values, number, pack, parameters=(), shuffle=True):
    """A dataset of this filter, behind a shuffle or not, whose chunks `pack` packs."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((CHUNK,))
    if shuffle:
        plist.set_shuffle()
    plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, parameters)
    kind = h5py.h5t.py_create(values.dtype)
    space = h5py.h5s.create_simple(values.shape)
    dataset = h5py.h5d.create(group.id, name.encode(), kind, space, plist)
    size = values.dtype.itemsize
    for start in range(0, len(values), CHUNK):
        part = np.zeros(CHUNK, values.dtype)
        part[: len(values[start : start + CHUNK])] = values[start : start + CHUNK]
        raw = part.tobytes()
        if shuffle:
            raw = np.frombuffer(raw, "u1").reshape(-1, size).T.tobytes()
        dataset.write_direct_chunk((start,), pack(raw), 0)


def blosc(compressor, order, level=5, block=0):
    """Packs float32 in frames of c-blosc; one block is split into streams, several short ones are not."""
    codec = numcodecs.Blosc(compressor, level, order, block)
    return lambda raw: codec.encode(np.frombuffer(raw, "f4"))


def heights(file):
    """The group of a ground track with positions."""
    group = file.create_group("gt1l/heights")
    group["lat_ph"] = 70 + 1e-5 * np.arange(ROWS)
    group["lon_ph"] = -45 + 1e-5 * np.arange(ROWS)
    return group


def main(folder):
    random = np.random.default_rng(5)
    values = np.cumsum(random.normal(0, 1, ROWS)).astype("f4")
    with h5py.File(os.path.join(folder, "packed.h5"), "w") as file:
        group = heights(file)
        group["plain"] = values
        for name, filters in {"lzf": {}, "lzf_shuffled": {"shuffle": True},
                              "lzf_checked": {"fletcher32": True}}.items():
            group.create_dataset(name, data=values, chunks=(CHUNK,), compression="lzf", **filters)
        steps = np.repeat(values[::10], 10)[:ROWS].astype("f4")
        group["steps"] = steps
        group.create_dataset("lzf_steps", data=steps, chunks=(CHUNK,), compression="lzf")
        direct(group, "zstd", values, ZSTD, lambda raw: numcodecs.Zstd(level=3).encode(raw))
        direct(group, "lz4", values, LZ4, lz4)
        direct(group, "lz4_steps", steps, LZ4, lz4)
        for compressor in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
            for order in range(3):
                for block in (0, 256):
                    name = f"blosc_{compressor}_{order}_{block}"
                    pack = blosc(compressor, order, block=block)
                    direct(group, name, values, BLOSC, pack, shuffle=False)
        direct(group, "blosc_copied", values, BLOSC, blosc("lz4", 1, level=0))
    for name, number, parameters in (("bzip2", BZIP2, ()), ("snappy", BLOSC, SNAPPY),
                                     ("unknown", UNKNOWN, ())):
        with h5py.File(os.path.join(folder, name + ".h5"), "w") as file:
            direct(heights(file), "h_ph", values, number,
                   lambda raw: numcodecs.BZ2().encode(raw), parameters)


main(sys.argv[1])
