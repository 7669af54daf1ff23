"""Prints the number of rows of one dataset over all ground tracks of the granules given.

Run as `python count_rows.py heights/lat_ph GRANULE...`.
"""

import sys

import h5py

rows = 0
for granule in sys.argv[2:]:
    with h5py.File(granule) as file:
        for track in ("gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"):
            path = f"{track}/{sys.argv[1]}"
            rows += file[path].shape[0] if path in file else 0
print(rows)
