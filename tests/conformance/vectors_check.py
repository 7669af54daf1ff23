"""Vectors of zagg's pipeline files beside numpy: each photon's cell and Zarr chunk found anew, then numpy.histogram itself.

    vectors_check.py STORE CONFIG.yaml ATL03.h5
"""

import sys

import h5py
import healpix_geo
import numpy as np
import xarray as xr
import yaml

store, config, granule = sys.argv[1:]
with open(config) as file:
    config = yaml.safe_load(file)
blocks = {}
grid, outputs = config["output"]["grid"], config["aggregation"]["variables"]
lon, lat, h, dem = [], [], [], []
with h5py.File(granule) as file:
    for track in ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"):
        if f"{track}/heights" not in file:
            continue
        rows, segments = file[f"{track}/heights"], file[track]
        keep = rows["signal_conf_ph"][:, 0] != -2
        number = segments["geolocation/segment_ph_cnt"][:]
        lon.append(rows["lon_ph"][:][keep])
        lat.append(rows["lat_ph"][:][keep])
        h.append(rows["h_ph"][:][keep])
        if "geophys_corr/dem_h" in segments:
            dem.append(np.repeat(segments["geophys_corr/dem_h"][:], number)[keep])
# In float64, as numbers are computed here, and not in the columns' float32.
lon, lat, h = (np.concatenate(column).astype(float) for column in (lon, lat, h))
dem = np.concatenate(dem).astype(float) if dem else None
if grid["type"] == "healpix":
    order, inner = grid["child_order"], grid["chunk_inner"]
    cell = healpix_geo.nested.lonlat_to_healpix(lon, lat, np.uint8(order), ellipsoid="WGS84").astype(np.int64)
    chunk = cell >> 2 * (order - inner)
    ds = xr.open_zarr(store, consolidated=False, mask_and_scale=False, chunks=None)
    rows = {int(cell): i for i, cell in enumerate(ds.cell_ids.to_numpy())}
    whole = {name: ds[name].to_numpy() for name in outputs}

    def found(name, number):
        return whole[name][rows[number]].reshape(-1)

else:
    assert grid["crs"] == "EPSG:4326" and grid["bounds"] == [-180, -90, 180, 90]
    ds = xr.open_zarr(store, consolidated=False, mask_and_scale=False, chunks=None)
    row = np.floor((90 - lat) / grid["resolution"]).astype(int)
    column = np.floor((lon + 180) / grid["resolution"]).astype(int)
    cell = row * ds.x.size + column
    rows, columns = grid["chunk_shape"]
    chunk = (row // rows) * (ds.x.size // columns + 1) + column // columns

    def found(name, number):
        """The values of a cell, of shards that are read once."""
        row, column = divmod(number, ds.x.size)
        key = (name, row // rows, column // columns)
        if key not in blocks:
            top, left = key[1] * rows, key[2] * columns
            blocks[key] = ds[name][top : top + rows, left : left + columns].to_numpy()
        return blocks[key][row % rows, column % columns].reshape(-1)

anchors = {}
for number in np.unique(chunk):
    here = chunk == number
    of_chunk = {"h_ph": h[here]} | ({} if dem is None else {"dem_h": dem[here]})
    values = config["aggregation"].get("chunk_precompute", {})
    anchors[number] = {name: eval(value["expression"], {"np": np}, of_chunk) for name, value in values.items()}
assert len(anchors) > 1
counted = cells = 0
for here in (chunk == number for number in np.unique(chunk)):
    # Shards of a raster take much room.
    blocks.clear()
    for number in np.unique(cell[here]):
        values_of = h[cell == number]
        names = anchors[chunk[here][0]] | {"h_ph": values_of}
        for name, output in outputs.items():
            values = found(name, int(number))
            if "expression" in output:
                expected = np.atleast_1d(eval(output["expression"], {"np": np}, names))
            else:
                expected = np.atleast_1d(getattr(np, output["function"])(values_of))
            assert values.dtype == np.dtype(output["dtype"]), (name, values.dtype)
            assert np.array_equal(values, expected.astype(values.dtype)), (name, number, values, expected)
        counted += int(found("waveform_counts", int(number)).sum())
        cells += 1
assert counted > 0
print(f"{cells} cells in {len(anchors)} chunks, {counted} of {len(h)} photons counted: numpy agrees")
