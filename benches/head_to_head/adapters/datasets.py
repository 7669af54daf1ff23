"""What readers of granules share: names of datasets, and sums of bits. No adapter by itself."""

from pathlib import Path

import numpy as np
import yaml


def names_of(pipeline):
    """latitude, longitude, value and filter of every ground track."""
    source = yaml.safe_load(Path(pipeline).read_text())["data_source"]
    (variable,) = source["variables"].values()
    templates = [source["coordinates"]["latitude"], source["coordinates"]["longitude"], variable]
    templates += [rule["dataset"] for rule in source.get("filters", [])]
    return [name.format(group=group) for group in source["groups"] for name in templates]


def sums_of(granules):
    """Photons, and wrapping sums of the bits of latitude, longitude and height."""
    sums = dict.fromkeys(("photons", "lat", "lon", "h"), 0)
    for lat, lon, h, *_ in granules:
        sums["photons"] += len(lat)
        for name, values in (("lat", lat), ("lon", lon), ("h", h)):
            bits = values.view(f"u{values.itemsize}").astype("u8").sum(dtype="u8")
            sums[name] = (sums[name] + int(bits)) % 2**64
    return {name: np.array([value], np.uint64) for name, value in sums.items()}
