"""Granules as long as those of the product: ground tracks of millions of photons, strong beams and weak ones.

`icefold bench-device granule` draws what a reader must cope with, in tracks of some 100,000 photons; a device is full with
those of real length only. Values repeat and vary as in ATL03 release 6, in storage chunks that are as large and filtered
as there, so that they come to about as many bytes a photon: lat_ph 4.4, lon_ph 5.1, h_ph 3.3, signal_conf_ph 0.2."""

import os
import zlib
from concurrent.futures import ThreadPoolExecutor

PHOTONS_A_SHOT = 4
PHOTONS_A_SEGMENT = 100
LEVEL = 6


def values(seed, photons, longitude):
    """Columns of photons of one ground track."""
    import numpy

    random = numpy.random.default_rng(seed)
    shot = numpy.arange(photons) // PHOTONS_A_SHOT
    along = shot / max(shot[-1], 1)
    jitter = random.normal(0.0, 4e-9, photons).round(11)
    confidence = numpy.repeat(random.choice([0, 2, 3, 4], photons // 40 + 1, p=[0.1, 0.1, 0.2, 0.6]), 40)[:photons]
    # Every thousandth photon is one of the transmitter echo.
    confidence[::1000] = -2
    height = 100.0 + 60.0 * numpy.sin(9.0 * along) + random.normal(0.0, 0.15, photons)
    return {
        "lat_ph": 62.0 + along * 20.0 + jitter,
        "lon_ph": longitude - along * 6.0 - 6.0 * jitter,
        "h_ph": height.astype("f4"),
        "signal_conf_ph": numpy.repeat(confidence[:, None], 5, axis=1).astype("i1"),
    }


def track(file, group, columns, rows, pool):
    """Writes a ground track in chunks of so many rows, compressed on all threads."""
    import numpy

    photons = len(columns["h_ph"])
    for name, column in columns.items():
        shape = (rows, *column.shape[1:])
        as_bytes = column.dtype.itemsize == 1
        dataset = file.create_dataset(f"{group}/heights/{name}", column.shape, column.dtype, chunks=shape,
                                      compression=LEVEL, shuffle=as_bytes)

        def stored(first, column=column, shape=shape):
            block = numpy.zeros(shape, column.dtype)
            some = column[first:first + rows]
            block[:len(some)] = some
            raw = block.tobytes()
            # Of single bytes shuffling changes nothing.
            return first, zlib.compress(raw, LEVEL)

        for first, data in pool.map(stored, range(0, photons, rows)):
            dataset.id.write_direct_chunk((first, *(0 for _ in column.shape[1:])), data)
    first = numpy.arange(0, photons, PHOTONS_A_SEGMENT)
    counts = numpy.minimum(PHOTONS_A_SEGMENT, photons - first)
    for name, column in {
        "segment_id": (500_000 + numpy.arange(len(first))).astype("i4"),
        "ph_index_beg": first + 1,
        "segment_ph_cnt": counts.astype("i4"),
        "reference_photon_lat": columns["lat_ph"][first],
        "reference_photon_lon": columns["lon_ph"][first],
    }.items():
        file.create_dataset(f"{group}/geolocation/{name}", data=column, compression=1)


def name(granule, again):
    return f"ATL03_2019010100{again:02}0{granule}_0{granule + 100:03}0103_006_01.h5"


def write(folder, granules, strong, rows, names=1):
    """So many granules with three strong beams and three weak ones, which have a quarter of the photons; each by so many
    names, as if there were more. Their paths."""
    import h5py

    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with ThreadPoolExecutor() as pool:
        for granule in range(granules):
            path = folder / name(granule, 0)
            beams = [(f"gt{pair}{side}", strong if side == "l" else strong // 4) for pair in "123" for side in "lr"]
            drawn = [pool.submit(values, granule * 6 + place, photons, -20.0 - 7.0 * granule - 0.05 * place)
                     for place, (_, photons) in enumerate(beams)]
            with h5py.File(path, "w") as file:
                file.attrs["short_name"] = "ATL03"
                for (group, _), columns in zip(beams, drawn):
                    track(file, group, columns.result(), rows, pool)
            for again in range(1, names):
                os.link(path, folder / name(granule, again))
            paths += [str(folder / name(granule, again)) for again in range(names)]
    return paths
