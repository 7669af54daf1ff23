"""Packed and filled values as icefold reads them, against xarray's decoder.

Run as `python decode_packed.py ICEFOLD FOLDER`. Writes one granule with a dataset for every pairing of
types of values, `scale_factor`, `add_offset` and fill values, each row in a cell of its own; folds it to
minima, and compares their type and every value with what `xarray.decode_cf` makes of the same numbers.
Prints how many datasets agree.
"""

import itertools
import subprocess
import sys
import warnings

import h5py
import numpy as np
import xarray as xr
import zarr

icefold, folder = sys.argv[1:]
warnings.simplefilter("ignore")

rows = 6
stored = {
    "i1": [-128, -1, 0, 5, 100, 127],
    "u1": [0, 1, 5, 100, 254, 255],
    "i2": [-32768, -7, 0, 5, 12345, 32767],
    "u2": [0, 7, 5, 12345, 54321, 65535],
    "i4": [-(2**31), -7, 16777217, 5, 123456789, 2**31 - 1],
    "u4": [0, 7, 16777217, 5, 3123456789, 2**32 - 1],
    "i8": [-(2**62) - 1, -7, 2**53 + 1, 5, 123456789, 2**62 + 1],
    "u8": [0, 7, 2**53 + 1, 5, 123456789, 2**64 - 1],
    "f4": [-1.5, 0.1, 1e-30, 5.0, np.inf, 3.4028234663852886e38],
    "f8": [-1.5, 0.1, 1e-300, 5.0, np.inf, 1.0 + 2.0**-52],
}
factors = [None, np.float32(0.01), np.float64(0.01)]
offsets = [None, np.float32(900.1), np.float64(900.1)]

cases = {}
for (kind, values), scale, offset in itertools.product(stored.items(), factors, offsets):
    data = np.array(values, dtype=kind)
    fills = [{}, {"_FillValue": data[3]}, {"missing_value": data[3], "_FillValue": data[3]}]
    if data.dtype.kind == "f":
        fills += [{"_FillValue": data.dtype.type(np.nan)}, {"missing_value": np.float64(5)}]
    for fill in fills:
        attributes = dict(fill)
        if scale is not None:
            attributes["scale_factor"] = scale
        if offset is not None:
            attributes["add_offset"] = offset
        packed = scale is not None or offset is not None
        # Integers stay integers where nothing unpacks them; xarray makes floats of those with fills.
        if packed or data.dtype.kind == "f":
            cases[f"d{len(cases)}"] = (data, attributes)

group = "a/p"
with h5py.File(f"{folder}/packed.h5", "w") as granule:
    where = granule.create_group(group)
    where["lat"] = 10.0 + 0.25 * np.arange(rows)
    where["lon"] = np.full(rows, 20.0)
    where["row"] = np.arange(rows, dtype="i4")
    for name, (data, attributes) in cases.items():
        dataset = where.create_dataset(name, data=data)
        for key, value in attributes.items():
            # Products have some attributes as arrays of one.
            dataset.attrs[key] = value if key != "add_offset" else np.array([value])

names = ["row", *cases]
variables = "".join(f'    {name}: "/{{group}}/p/{name}"\n' for name in names)
outputs = "".join(f"    {name}: {{function: min, source: {name}}}\n" for name in names)
with open(f"{folder}/packed.yaml", "w") as config:
    config.write(f"""data_source:
  groups: [a]
  coordinates: {{latitude: "/{{group}}/p/lat", longitude: "/{{group}}/p/lon"}}
  variables:
{variables}aggregation:
  variables:
{outputs}output:
  grid: {{type: healpix, parent_order: 6, child_order: 12}}
""")
store = f"{folder}/packed.zarr"
subprocess.run(
    [icefold, "run", f"{folder}/packed.yaml", f"{folder}/packed.h5", "--store", store],
    check=True,
    stdout=subprocess.DEVNULL,
)

arrays = zarr.open_group(store, mode="r")
order = np.argsort(arrays["row"][:])
assert len(order) == rows
for name, (data, attributes) in cases.items():
    dataset = xr.Dataset({name: (("x",), data, attributes)})
    theirs = xr.decode_cf(dataset, decode_times=False)[name].values
    ours = arrays[name][:][order]
    told = (name, data.dtype, attributes, ours, theirs)
    assert ours.dtype == theirs.dtype, told
    assert np.array_equal(ours, theirs, equal_nan=True), told
print(f"xarray agrees on {len(cases)} datasets")
