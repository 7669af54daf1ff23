"""Makes an ATL03-like granule: one ground track of photons along a pass over Greenland, in one of
the two ways in which ATL03 is chunked.

    unshuffled   chunks of 10,000 rows, floats deflated as they are
    shuffled     chunks of 100,000 rows, everything shuffled first
"""

import h5py
import numpy as np

BLOCK = 1_000_000


def block(seed, start, count):
    """Photons `start` to `start + count`: about four per pulse, a pulse every 0.7 m."""
    random = np.random.default_rng([seed, start])
    pulse = (start + np.arange(count)) // 4
    along = pulse * 0.7 + random.normal(0, 0.05, count)
    surface = 1800 + 300 * np.sin(along / 2.1e4) + 12 * np.sin(along / 700)
    background = random.random(count) < 0.15
    h = surface + random.normal(0, 0.25, count) + background * random.uniform(-200, 200, count)
    lat = 60 + along / 111_194.9 + (h - surface) * 1e-9
    lon = -45 - along * 0.11 / 111_194.9 + random.normal(0, 1e-8, count)
    conf = np.where(background, random.integers(0, 2, count), 4 - (random.random(count) < 0.1))
    flags = np.full((count, 5), -1, np.int8)
    flags[:, 0] = conf
    flags[:, 3] = conf
    return {
        "lat_ph": lat % 85,
        "lon_ph": lon,
        "h_ph": h.astype(np.float32),
        "signal_conf_ph": flags,
    }


def bits(values):
    return int(values.view(f"u{values.itemsize}").astype("u8").sum(dtype="u8"))


def make(path, photons, shuffled, seed):
    """Writes the granule; gives back sums of the bits of its columns."""
    rows = 100_000 if shuffled else 10_000
    sums = {"photons": photons, "lat": 0, "lon": 0, "h": 0}
    with h5py.File(path, "w") as file:
        heights = file.create_group("gt1l/heights")
        for name, values in block(seed, 0, 1).items():
            whole = values.dtype.kind == "i"
            heights.create_dataset(
                name,
                shape=(photons, *values.shape[1:]),
                dtype=values.dtype,
                chunks=(min(rows, photons), *values.shape[1:]),
                compression="gzip",
                compression_opts=6,
                shuffle=shuffled or whole,
            )
        for start in range(0, photons, BLOCK):
            count = min(BLOCK, photons - start)
            for name, values in block(seed, start, count).items():
                heights[name][start : start + count] = values
                short = name.removesuffix("_ph")
                if short in sums:
                    sums[short] = (sums[short] + bits(values)) % 2**64
    return sums
