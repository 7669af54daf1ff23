"""Holds a store of land ice heights to the float32 arithmetic of zagg, within what docs/format/NUMBERS.md says of it.

Run as `python float32_check.py STORE GRANULE...`. zagg computes with numpy in the type of the column:
mean, var, std and average of float32 arrays. The mean and the average are within 5e-7 of it; a
variance also carries what the rounding of numpy's mean costs, (d / s)^2 for a mean that is d off.
Leaves with status 1 and a message at the first statistic that is further off.
"""

import sys

import h5py
import healpix_geo
import numpy as np
import xarray as xr

TRACKS = ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r")
ROUNDING = 5e-7


def segments(granules):
    for granule in granules:
        with h5py.File(granule) as file:
            for track in TRACKS:
                if f"{track}/land_ice_segments" not in file:
                    continue
                ice = file[track]["land_ice_segments"]
                names = ("latitude", "longitude", "h_li", "h_li_sigma")
                columns = [ice[name][:] for name in names]
                keep = ice["atl06_quality_summary"][:] == 0
                for name, values in zip(names, columns):
                    keep &= values != ice[name].attrs.get("_FillValue", np.nan)
                yield [values[keep] for values in columns]


def relative(ours, theirs):
    return abs(float(ours) - float(theirs)) / abs(float(theirs)) if theirs else abs(float(ours))


def main(store, granules):
    lat, lon, h, s = (np.concatenate(parts) for parts in zip(*segments(granules)))
    cells = healpix_geo.nested.lonlat_to_healpix(lon, lat, 12, ellipsoid="WGS84")
    order = np.argsort(cells, kind="stable")
    ids, starts = np.unique(cells[order], return_index=True)
    ds = xr.open_zarr(store, chunks=None)
    if not np.array_equal(ds["cell_ids"].values, ids):
        sys.exit("cell_ids differ")
    ours = {name: ds[name].values for name in ("mean", "average", "var", "std")}
    groups = zip(np.split(h[order], starts[1:]), np.split(s[order], starts[1:]))
    worst = dict.fromkeys(ours, 0.0)
    for i, (h, s) in enumerate(groups):
        theirs = {
            "mean": np.mean(h),
            "average": np.average(h, weights=1.0 / s**2),
            "var": np.var(h),
            "std": np.std(h),
        }
        assert all(value.dtype == np.float32 for value in theirs.values())
        off = abs(float(theirs["mean"]) - np.mean(h, dtype="float64"))
        spread = np.var(h, dtype="float64")
        cost = off**2 / spread if spread > 0 else 0.0
        allowed = {"mean": 0.0, "average": 0.0, "var": cost, "std": cost / 2}
        for name, value in theirs.items():
            found = relative(value, ours[name][i])
            worst[name] = max(worst[name], found)
            # Products of errors are within a tenth.
            if found > ROUNDING + 1.1 * allowed[name]:
                sys.exit(f"{name} of cell {ids[i]} is {ours[name][i]}, zagg's {value}: {found:.1e}")
    print("within what is documented, worst " + str({k: f"{v:.1e}" for k, v in worst.items()}))
    if worst["var"] < 1e-5:
        sys.exit("no cell shows what the rounding of the mean costs")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
