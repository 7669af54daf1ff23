"""Recomputes columns of small magnitude and times of a real ATL03 granule, exactly.

Run as `python small_columns.py STORE GRANULE`. Nothing of icefold is used but the store that it wrote:
cell ids come from healpix-geo on the WGS84 ellipsoid, sums are of fractions. Leaves with status 1 and a
message at the first array that is no float64 nearest to the truth, or of which numpy is too far.
"""

import sys
from fractions import Fraction

import h5py
import healpix_geo
import numpy as np
import xarray as xr

ORDER = 19
COLUMNS = {
    "skew": "geolocation/tx_pulse_skew_est",
    "width": "geolocation/tx_pulse_width_upper",
    "time": "heights/delta_time",
}


def main(store, granule):
    with h5py.File(granule) as file:
        track = file["gt1l"]
        lat, lon = (track["heights"][name][:] for name in ("lat_ph", "lon_ph"))
        counts = track["geolocation/segment_ph_cnt"][:]
        columns = {name: track[path][:] for name, path in COLUMNS.items()}
    for name in ("skew", "width"):
        columns[name] = np.repeat(columns[name], counts)
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, ORDER, ellipsoid="WGS84")
    how = {"consolidated": False, "chunks": None, "decode_times": False}
    ds = xr.open_zarr(store, **how)
    ids, place = np.unique(cells, return_inverse=True)
    if not np.array_equal(ids, ds["cell_ids"].values):
        sys.exit("cell_ids differ")
    for name, values in columns.items():
        groups = [values[place == i] for i in range(ids.size)]
        mean, std = ds[f"{name}_mean"].values, ds[f"{name}_std"].values
        for group, ours, spread in zip(groups, mean, std):
            numbers = [Fraction(float(x)) for x in group]
            truth = sum(numbers) / len(numbers)
            variance = sum(x * x for x in numbers) / len(numbers) - truth * truth
            if float(truth) != ours:
                sys.exit(f"{name}_mean is {ours}, and not {float(truth)}")
            if abs(Fraction(float(spread)) ** 2 - variance) > variance * Fraction(1e-15):
                sys.exit(f"{name}_std is {spread}, and not {float(variance) ** 0.5}")
        theirs = [group.astype("float64").mean() for group in groups]
        if not np.allclose(mean, theirs, rtol=1e-12, atol=0):
            sys.exit(f"{name}_mean differs from numpy")
    print(f"{ids.size} cells: exact")


if __name__ == "__main__":
    main(*sys.argv[1:])
