"""Opens stores as somebody does who never heard of them: by their path or address, and nothing else.

    python first_open.py FOLDER STORE...

FOLDER is served over plain HTTP that lists no folder and says 404 to whoever asks for one. Each STORE in it is opened
with xarray, zarr-python and zarrita, at its path and at its address, and every value is the same. Cells decode with
xdggs, from 0.7 on by both conventions; GDAL (that of rasterio) lists what there is.
"""

import functools
import http.server
import io
import json
import os
import re
import sys
import threading
import warnings

import fsspec
import numpy as np
import rasterio
import xarray as xr
import xdggs  # noqa: F401  (registers the `dggs` accessor)
import zarr

warnings.simplefilter("error")
# What libraries say of their own future.
for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
    warnings.simplefilter("ignore", category)
import zarrita  # noqa: E402


class NoListing(http.server.SimpleHTTPRequestHandler):
    """Files by their names, and parts of them; of a folder nothing is said."""

    asked: list[str] = []

    def send_head(self):
        self.asked.append(self.path)
        path = self.translate_path(self.path)
        if not os.path.isfile(path):
            self.send_error(404)
            return None
        with open(path, "rb") as file:
            whole = file.read()
        part = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        first, last = 0, len(whole) - 1
        if part and part[1]:
            first, last = int(part[1]), min(int(part[2] or last), last)
        elif part:
            first = max(len(whole) - int(part[2]), 0)
        self.send_response(206 if part else 200)
        if part:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(whole)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        return io.BytesIO(whole[first : last + 1])

    def log_message(self, *_):
        pass


def serve(folder):
    handler = functools.partial(NoListing, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def same(a, b, what):
    assert a.dtype == b.dtype and a.shape == b.shape, (what, a.dtype, b.dtype, a.shape, b.shape)
    assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes(), what


def check_group(store, url, group):
    """One group at its path and at its address: the same Datasets, whatever reads them."""
    where = {} if group is None else {"group": group}
    with xr.open_zarr(store, chunks=None, **where) as here, xr.open_zarr(url, chunks=None, **where) as there:
        assert set(here.variables) == set(there.variables) and "count" in here, list(here.variables)
        for name in here.variables:
            same(here[name].values, there[name].values, (store, group, name))
        assert here.attrs == there.attrs and here.attrs["Conventions"] == "CF-1.13, ACDD-1.3"
        path = store if group is None else f"{store}/{group}"
        for name in here.variables:
            if here[name].ndim == 0:
                continue
            raw = zarr.open_group(path, mode="r")[name][...]
            of_zarrita = zarrita.Array.open(zarrita.LocalStore(path) / name)[(slice(None),) * raw.ndim]
            same(np.asarray(of_zarrita), raw, (store, group, name, "zarrita"))
        return here.load()


def check_cells(dataset):
    """The grid, by every convention that xdggs reads, and cells where the box says that they are."""
    # The convention's ellipsoid is spelled as its text has it, which xdggs reads from 0.7 on.
    later = tuple(map(int, xdggs.__version__.split(".")[:2])) >= (0, 7)
    decoded = [dataset.dggs.decode(convention=convention) for convention in ("xdggs", *(["zarr"] if later else []))]
    for found in decoded:
        info = found.dggs.grid_info
        assert (info.level, info.indexing_scheme) == (dataset.attrs["dggs"]["refinement_level"], "nested")
    a, b = (found.dggs.cell_centers() for found in (decoded[0], decoded[-1]))
    for axis in ("longitude", "latitude"):
        same(a[axis].values, b[axis].values, axis)
    said = {key: dataset.attrs[f"geospatial_{key}"] for key in ("lat_min", "lat_max", "lon_min", "lon_max")}
    latitude, longitude = a["latitude"].values, (a["longitude"].values + 180) % 360 - 180
    assert (said["lat_min"] <= latitude).all() and (latitude <= said["lat_max"]).all(), said
    width = (said["lon_max"] - said["lon_min"]) % 360 or 360
    assert ((longitude - said["lon_min"]) % 360 <= width).all(), said


def check_gdal(store):
    """GDAL's Zarr driver lists every array from the root. Its values need GDAL 3.12 (rasters) or 3.13 (cells), which no
    wheel for this Python has; later_readers.py reads those of rasters with a newer one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(f"ZARR:{store}") as opened:
            assert opened.driver == "Zarr"
            listed = {name.rsplit(":", 1)[1].lstrip("/") for name in opened.subdatasets}
    with open(f"{store}/zarr.json") as file:
        members = json.load(file)["consolidated_metadata"]["metadata"]
    arrays = {path for path, document in members.items() if document["node_type"] == "array"}
    assert listed == arrays, (listed, arrays)


def check(folder, name, base):
    store, url = f"{folder}/{name}", f"{base}/{name}"
    root = check_group(store, url, None)
    groups = [group for group in os.listdir(store) if os.path.isfile(f"{store}/{group}/zarr.json")]
    kinds = {group: zarr.open(f"{store}/{group}", mode="r") for group in groups}
    overviews = [group for group, kind in kinds.items() if isinstance(kind, zarr.Group) and group != "provenance"]
    for group in overviews:
        coarse = check_group(store, url, group)
        assert int(coarse["count"].sum()) == int(root["count"].sum()), group
        if "dggs" in coarse.attrs:
            check_cells(coarse)
    assert set(xr.open_groups(store, engine="zarr", chunks=None)) == {"/", *(f"/{group}" for group in overviews)}
    if "dggs" in root.attrs:
        check_cells(root)
    check_gdal(store)
    # Opening takes the root's document, and none of every array.
    NoListing.asked.clear()
    xr.open_zarr(url, chunks=None)["count"]
    documents = {path for path in NoListing.asked if path.endswith("zarr.json")}
    assert documents == {f"/{name}/zarr.json"}, documents
    made = zarr.open_group(url, path="provenance", mode="r").attrs
    assert made["granules"] and made["config_sha256"] == root.attrs["icefold"]["config_sha256"]
    print(f"{name}: {len(root.variables)} variables, {len(overviews)} overviews")


def main():
    folder, *names = sys.argv[1:]
    base = serve(folder)
    assert not fsspec.filesystem("http").exists(f"{base}/"), "the server lists"
    for name in names:
        check(folder, name, base)


if __name__ == "__main__":
    main()
