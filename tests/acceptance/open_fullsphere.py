"""Opens a store of the full-sphere layout as its readers do, and compares it with one of cells.

Run as `python open_fullsphere.py FULLSPHERE CELLS` with xarray and zarr 3.1, on stores of the same
run. Every occupied cell must hold the bits of the other store at the index of its id, all other
cells of its shard the fill value, and shards without photons no file. Leaves with status 1 and a
message at the first promise not kept.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import xarray as xr
import zarr


class Broken(Exception):
    """A promise of the format that the store does not keep."""


def expect(what, found, wanted):
    if found != wanted:
        raise Broken(f"{what} is {found!r}, not {wanted!r}")


def check_metadata(array, name, per_shard):
    expect(f"chunk cells of {name}", (array.shards or array.chunks)[0], per_shard)
    codecs = [codec.to_dict() for codec in array.metadata.codecs]
    expect(f"the first codec of {name}", codecs[0]["name"], "sharding_indexed" if array.shards else "bytes")
    inner = codecs[0]["configuration"]["codecs"] if array.shards else codecs
    expect(f"codecs of {name}", list(inner), [{"name": "bytes", "configuration": {"endian": "little"}}])
    fill = array.metadata.fill_value
    if array.dtype.kind == "f" and not np.isnan(fill):
        raise Broken(f"the fill value of {name} is {fill!r}")


def bits(values):
    return np.ascontiguousarray(values).tobytes()


def check_array(dataset, array, cells, name, ids, shift):
    """Compares one array, shard by shard."""
    per_shard = 1 << shift
    shards = ids >> shift
    fill = np.asarray(array.metadata.fill_value, dtype=array.dtype)
    stored = cells[name][...]
    for shard in np.unique(shards):
        part = slice(int(shard) * per_shard, (int(shard) + 1) * per_shard)
        found = array[part]
        rows = shards == shard
        places = ids[rows] - np.uint64(part.start)
        wanted = np.full(found.shape, fill, dtype=array.dtype)
        wanted[places] = stored[rows]
        if bits(found) != bits(wanted):
            raise Broken(f"{name} differs from the cells in shard {shard}")
        if bits(dataset[name].isel(cells=part).values) != bits(found):
            raise Broken(f"xarray and zarr read different values of {name}")
    return sorted(int(shard) for shard in np.unique(shards))


def check(path, cells_path):
    root = zarr.open_group(path, mode="r", use_consolidated=False)
    (order,) = (int(name) for name, _ in root.groups() if name != "provenance")
    group = root[str(order)]
    cells = zarr.open_group(cells_path, mode="r", use_consolidated=False)
    attributes = dict(group.attrs)
    expect("the layout", attributes["icefold"]["layout"], "fullsphere")
    wanted = {k: v for k, v in cells.attrs["dggs"].items() if k not in ("coordinate", "compression")}
    expect("dggs", attributes["dggs"], wanted)
    ids = cells["cell_ids"][...]
    shift = 2 * (order - attributes["icefold"]["shard_order"])
    names = sorted(name for name, _ in group.arrays() if name != "crs")
    expect("the arrays", names, sorted(n for n, _ in cells.arrays() if n not in ("crs", "cell_ids")))
    with xr.open_zarr(path, group=str(order), chunks=None) as dataset:
        expect("cells", dataset.sizes["cells"], 12 * 4**order)
        for name in names:
            array = group[name]
            check_metadata(array, name, 1 << shift)
            shards = check_array(dataset, array, cells, name, ids, shift)
            files = sorted(int(p.name) for p in (Path(path) / str(order) / name / "c").iterdir())
            expect(f"shards with a file of {name}", files, shards)
            empty = next(s for s in range(12 * 4**order) if s not in shards) << shift
            if bits(array[empty : empty + 1]) != bits(np.full_like(array[empty : empty + 1], array.metadata.fill_value)):
                raise Broken(f"{name} has a value in a shard without photons")
    return f"{len(names)} arrays over {len(shards)} shards, {ids.size} cells"


def main():
    warnings.simplefilter("error")
    for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.simplefilter("ignore", category)
    try:
        found = check(sys.argv[1], sys.argv[2])
    except Exception as error:  # every failure is a message, whatever library it comes from
        sys.exit(f"{sys.argv[1]}: {type(error).__name__}: {error}")
    print(f"the layouts agree: {found}")


if __name__ == "__main__":
    main()
