"""Opens a store as its readers do: xarray, xdggs and zarr-python.

Run as `python open_store.py STORE [--order N]` with xarray, xdggs 0.6 and zarr 3.1. Checks what the
format promises and prints one JSON line with the SHA-256 of each array's little-endian bytes, to be
compared with the writer's own. Leaves with status 1 and a message at the first promise not kept.
"""

import argparse
import hashlib
import json
import pathlib
import sys
import warnings

import numpy as np
import xarray as xr
import xdggs  # noqa: F401  (registers the `dggs` accessor)
import zarr

CONVENTION = {
    "schema_url": "https://raw.githubusercontent.com/zarr-conventions/dggs/refs/tags/v1/schema.json",
    "spec_url": "https://github.com/zarr-conventions/dggs/blob/v1/README.md",
    "uuid": "7b255807-140c-42ca-97f6-7a1cfecdbc38",
    "name": "dggs",
    "description": "Discrete Global Grid Systems convention for zarr",
}
MULTISCALES = {
    "schema_url": "https://raw.githubusercontent.com/zarr-conventions/multiscales/refs/tags/v1/schema.json",
    "spec_url": "https://github.com/zarr-conventions/multiscales/blob/v1/README.md",
    "uuid": "d35379db-88df-4056-af3a-620245f8e347",
    "name": "multiscales",
    "description": "Multiscale layout of zarr datasets",
}
WGS84 = {"inverse_flattening": 298.257223563}
SPHERE = {"name": "sphere", "radius": 6370997.0}
SAID = {
    *("Conventions", "title", "summary", "source", "references", "history"),
    *("time_coverage_start", "time_coverage_end"),
    *(f"geospatial_{axis}_{what}" for axis in ("lat", "lon") for what in ("min", "max", "units")),
}
REQUIRED = {"grid_mapping", "statistic", "source"}
OPTIONAL = {"resolution", "units", "long_name", "edges", "bins"}


class Broken(Exception):
    """A promise of the format that the store does not keep."""


def expect(what, found, wanted):
    if found != wanted:
        raise Broken(f"{what} is {found!r}, not {wanted!r}")


def ellipsoid(latitude, axis):
    if latitude == "geodetic-spherical":
        return SPHERE
    return {"name": "WGS84", axis: 6378137.0} | WGS84


def check_root(root, orders):
    """The root lists all orders, finest first, where there are several, and has all that is below but the provenance."""
    attributes = dict(root.attrs)
    members = {name: array.metadata.to_dict() for name, array in root.arrays()}
    for order in orders[:-1]:
        group = root[str(order)]
        members[str(order)] = {"attributes": dict(group.attrs), "zarr_format": 3, "node_type": "group"}
        members |= {f"{order}/{name}": array.metadata.to_dict() for name, array in group.arrays()}
    check_consolidated(pathlib.Path(root.store.root) / "zarr.json", members)
    if len(orders) == 1:
        expect("the root's zarr_conventions", attributes["zarr_conventions"], [CONVENTION])
        expect("multiscales", "multiscales" in attributes, False)
        return
    expect("the root's zarr_conventions", attributes["zarr_conventions"], [MULTISCALES, CONVENTION])
    layout = []
    assets = {order: str(order) for order in orders} | {orders[-1]: "."}
    for finer, order in zip([None, *orders[::-1]], orders[::-1]):
        group = root if order == orders[-1] else root[str(order)]
        level = {"asset": assets[order], "dggs": dict(group.attrs["dggs"])}
        if finer is not None:
            level["derived_from"] = assets[finer]
            level["transform"] = {"scale": [2.0 ** (finer - order)]}
        layout.append(level)
    expect("the layout of the root", attributes["multiscales"]["layout"], layout)


def check_consolidated(path, members):
    """The document of a group has those of its members, each as it stands by itself."""
    inline = json.loads(path.read_text())["consolidated_metadata"]
    expect("the kind of the consolidated metadata", (inline["kind"], inline["must_understand"]), ("inline", False))
    expect("the names in it", sorted(inline["metadata"]), sorted(members))
    for name, found in inline["metadata"].items():
        itself = json.loads((path.parent / name / "zarr.json").read_text())
        itself.pop("consolidated_metadata", None)
        expect(f"the document of {name} in it", found, itself)


def check_said(attributes):
    """What CF and ACDD ask of a Dataset, where the store says what it was made of."""
    expect("Conventions", attributes["Conventions"], "CF-1.13, ACDD-1.3")
    for key in ("title", "summary", "source", "history", "geospatial_lat_min", "geospatial_lon_max"):
        if not attributes[key] and attributes[key] != 0:
            raise Broken(f"{key} is {attributes[key]!r}")
    if not -90 <= attributes["geospatial_lat_min"] <= attributes["geospatial_lat_max"] <= 90:
        raise Broken("the latitudes are no range")


def check_group(group, order):
    attributes = dict(group.attrs)
    own = {"dggs", "icefold", "latitude", "zarr_conventions"}
    if not own <= set(attributes) <= own | SAID | {"multiscales"}:
        raise Broken(f"the group has attributes {sorted(attributes)}")
    check_said(attributes)
    attributes["zarr_conventions"] = [c for c in attributes["zarr_conventions"] if c != MULTISCALES]
    latitude = attributes["latitude"]
    if latitude not in ("authalic-wgs84", "geodetic-spherical"):
        raise Broken(f"latitude is {latitude!r}")
    expect("zarr_conventions", attributes["zarr_conventions"], [CONVENTION])
    dggs = {
        "name": "healpix",
        "refinement_level": order,
        "indexing_scheme": "nested",
        "spatial_dimension": "cells",
        "ellipsoid": ellipsoid(latitude, "semi_major_axis"),
        "coordinate": "cell_ids",
        "compression": "none",
    }
    expect("dggs", attributes["dggs"], dggs)
    icefold = attributes["icefold"]
    expect("the set of icefold keys", sorted(icefold), ["config_sha256", "shard_order", "version"])
    if not 0 <= icefold["shard_order"] <= order:
        raise Broken(f"shard_order is {icefold['shard_order']}, cell order {order}")
    return latitude


def check_arrays(group, order, latitude):
    """Checks every array's metadata and returns the names of the outputs."""
    arrays = dict(group.arrays())
    ids = arrays.pop("cell_ids")
    expect("the type of cell_ids", ids.dtype, np.dtype("uint64"))
    coordinate = {
        "grid_name": "healpix",
        "level": order,
        "indexing_scheme": "nested",
        "ellipsoid": ellipsoid(latitude, "semimajor_axis"),
    }
    expect("the attributes of cell_ids", dict(ids.attrs), coordinate)
    crs = arrays.pop("crs")
    expect("the shape of crs", crs.shape, ())
    expect("grid_mapping_name of crs", crs.attrs["grid_mapping_name"], "healpix")
    expect("refinement_level of crs", crs.attrs["refinement_level"], order)
    for name, array in [("cell_ids", ids), *sorted(arrays.items())]:
        dimensions = ("cells",) if array.ndim == 1 else ("cells", f"{name}_bins")
        expect(f"dimension_names of {name}", array.metadata.dimension_names, dimensions)
        expect(f"cells of {name}", array.shape[0], ids.shape[0])
        codecs = [codec.to_dict()["name"] for codec in array.metadata.codecs]
        expect(f"codecs of {name}", codecs, ["sharding_indexed"])
    for name, array in arrays.items():
        keys = set(array.attrs)
        if not REQUIRED <= keys <= REQUIRED | OPTIONAL:
            raise Broken(f"{name} has attributes {sorted(keys)}")
        expect(f"grid_mapping of {name}", array.attrs["grid_mapping"], "crs")
    return sorted(arrays)


def check_values(dataset, group, names, order):
    """Compares xarray's view with zarr's and returns the hash of each array."""
    ids = dataset["cell_ids"].values
    expect("the type of cell_ids in xarray", ids.dtype, np.dtype("uint64"))
    if not np.all(ids[1:] > ids[:-1]):
        raise Broken("cell_ids do not ascend")
    if ids.size and ids[-1] >= 12 * 4**order:
        raise Broken(f"order {order} has no cell {ids[-1]}")
    hashes = {}
    for name in ["cell_ids", *names]:
        stored = group[name]
        values = dataset[name].values
        expect(f"the type of {name} in xarray", values.dtype, stored.dtype)
        little = np.ascontiguousarray(stored[...]).astype(stored.dtype.newbyteorder("<"))
        if values.tobytes() != np.asarray(stored[...]).tobytes():
            raise Broken(f"xarray and zarr read different values of {name}")
        hashes[name] = {
            "dtype": stored.dtype.name,
            "shape": list(stored.shape),
            "sha256": hashlib.sha256(little.tobytes()).hexdigest(),
        }
    return hashes


def check_grid(dataset, order):
    """Decodes the grid and finds cells by their own centres."""
    decoded = dataset.dggs.decode(convention="xdggs")
    expect("grid_info.level", decoded.dggs.grid_info.level, order)
    expect("grid_info.indexing_scheme", decoded.dggs.grid_info.indexing_scheme, "nested")
    centers = decoded.dggs.cell_centers()
    ids = dataset["cell_ids"].values
    for row in {0, ids.size // 2, ids.size - 1} if ids.size else ():
        latitude, longitude = (float(centers[axis][row]) for axis in ("latitude", "longitude"))
        found = decoded.dggs.sel_latlon(latitude=[latitude], longitude=[longitude])
        expect(f"the cell at the centre of row {row}", list(found["cell_ids"].values), [ids[row]])
    if ids.size:
        return {"latitude": float(centers["latitude"][0]), "longitude": float(centers["longitude"][0])}
    return None


def check(path, order):
    root = zarr.open_group(path, mode="r", use_consolidated=False)
    expect("zarr_format", root.metadata.zarr_format, 3)
    finest = root.attrs["dggs"]["refinement_level"]
    orders = sorted([finest, *(int(name) for name, _ in root.groups() if name != "provenance")])
    check_root(root, orders)
    order = orders[-1] if order is None else order
    group = root if order == finest else root[str(order)]
    latitude = check_group(group, order)
    names = check_arrays(group, order, latitude)
    # As it is opened the first time: nothing is said of where what is, nor of metadata.
    where = {} if order == finest else {"group": str(order)}
    with xr.open_zarr(path, chunks=None, **where) as dataset:
        expect("the names in xarray", sorted(dataset.variables), sorted(["cell_ids", "crs", *names]))
        hashes = check_values(dataset, group, names, order)
        first = check_grid(dataset, order)
    groups = xr.open_groups(path, engine="zarr", chunks=None)
    expect("the groups in xarray", sorted(groups), sorted(["/", *(f"/{o}" for o in orders[:-1])]))
    found = groups["/" if order == finest else f"/{order}"]
    expect("cells in the groups", found.sizes["cells"], hashes["cell_ids"]["shape"][0])
    return {
        "order": order,
        "orders": orders,
        "latitude": latitude,
        "cells": hashes["cell_ids"]["shape"][0],
        "first_center": first,
        "arrays": hashes,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--order", type=int, help="group to open; the finest by default")
    arguments = parser.parse_args()
    # What a reader warns about is about the store: it fails here. What libraries say about their own
    # future is not.
    warnings.simplefilter("error")
    for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.simplefilter("ignore", category)
    try:
        found = check(arguments.store, arguments.order)
    except Exception as error:  # every failure is a message, whatever library it comes from
        sys.exit(f"{arguments.store}: {type(error).__name__}: {error}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
