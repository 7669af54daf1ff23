"""Small made-up data for the pages: `tiny.py NAME FOLDER`. Laid out as the products are, invented in content.

    demo       what `icefold demo` leaves
    land-ice   granules/ of ATL06 over a basin in four springs, every second pass, and basin.geojson (of the demo)
    photons    granules/ of ATL03 around the pole (of the demo)
    forest     granules/ of ATL03 and ATL08 over a forest in Finland, with the geoid
    sliderule  atl06.parquet as SlideRule's client writes it: points, heights, times
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

# 2019-07-10T00:00:00 in seconds since 2018-01-01.
SUMMER = 555 * 86_400.0
ROWS = 400


def demo(folder):
    subprocess.run([os.environ["ICEFOLD"], "demo", "--out", folder / "icefold-demo"], check=True, stdout=subprocess.DEVNULL)


def from_demo(name, *more, every=1):
    """Granules of the demo, which the page calls granules/; every second one, say, where that is enough."""

    def make(folder):
        there = Path(__file__).parent.parent / "target/docs/data/demo/icefold-demo"
        (folder / "granules").mkdir()
        for granule in sorted((there / name).glob("*.h5"))[::every]:
            os.link(granule, folder / "granules" / granule.name)
        for file in more:
            os.link(there / file, folder / file)

    return make


def forest(folder):
    """One pass over trees of 5 to 25 m on hills: photons of the ground, of the canopy, and noise, with ATL08's classes."""
    import h5py

    rng = np.random.default_rng(8)
    (folder / "granules").mkdir()
    stamp = "20190710000000_01230406_006_01"
    with h5py.File(folder / f"granules/ATL03_{stamp}.h5", "w") as atl03, h5py.File(folder / f"granules/ATL08_{stamp}.h5", "w") as atl08:
        for file, product in ((atl03, "ATL03"), (atl08, "ATL08")):
            file.attrs["short_name"] = np.bytes_(product)
            file["orbit_info/sc_orient"] = np.array([1], "i1")
            file["orbit_info/cycle_number"] = np.array([4], "i1")
            file["orbit_info/rgt"] = np.array([123], "i2")
        for spot, name in ((6, "gt1l"), (5, "gt1r")):
            track(rng, atl03, atl08, spot, name)


def track(rng, atl03, atl08, spot, name):
    strong = spot % 2 == 1
    counts = rng.poisson(24 if strong else 6, ROWS)
    segment = np.repeat(np.arange(ROWS), counts)
    along = segment * 20 + rng.uniform(0, 20, segment.size)
    order = np.argsort(along, kind="stable")
    along = along[order]
    ground = 140 + 12 * np.sin(along / 900) + 3 * np.sin(along / 140)
    trees = np.clip(15 + 10 * np.sin(along / 1500 + 0.5), 3, None)
    kind = rng.choice([0, 1, 2, 3], along.size, p=[0.10, 0.45, 0.35, 0.10])
    height = np.where(kind == 1, rng.normal(0, 0.2, along.size), 0)
    height = np.where(kind == 2, trees * rng.uniform(0.2, 0.95, along.size), height)
    height = np.where(kind == 3, trees * rng.uniform(0.95, 1.0, along.size), height)
    height = np.where(kind == 0, rng.uniform(-30, 60, along.size), height) + ground
    group = atl03.create_group(name)
    group.attrs["atlas_beam_type"] = np.bytes_("strong" if strong else "weak")
    group.attrs["atlas_spot_number"] = np.bytes_(str(spot))
    group["heights/lat_ph"] = 62.0 + along / 111_500
    group["heights/lon_ph"] = 25.0 - along / 111_500 * 0.2 + (0 if strong else -0.0017)
    group["heights/h_ph"] = height.astype("f4")
    group["heights/h_ph"].attrs["units"] = np.bytes_("meters")
    group["heights/delta_time"] = SUMMER + along / 6_900
    group["heights/delta_time"].attrs["units"] = np.bytes_("seconds since 2018-01-01")
    group["heights/signal_conf_ph"] = np.where(kind[:, None] > 0, 4, 0) * np.ones((1, 5), int).astype("i1")
    begin = np.concatenate([[0], np.cumsum(counts)[:-1]]) + 1
    group["geolocation/ph_index_beg"] = np.where(counts > 0, begin, 0)
    group["geolocation/segment_ph_cnt"] = counts.astype("i4")
    group["geolocation/segment_id"] = (340_000 + np.arange(ROWS)).astype("i4")
    group["geophys_corr/geoid"] = (18.5 + 0.001 * np.arange(ROWS)).astype("f4")
    group["geophys_corr/geoid"].attrs["units"] = np.bytes_("meters")
    group["geophys_corr/geoid_free2mean"] = np.full(ROWS, -0.171, "f4")
    # A row of ATL08 for each photon but the noise: its segment, and its place in it from 1.
    signal = kind > 0
    photons = atl08.create_group(f"{name}/signal_photons")
    place = np.arange(along.size) - np.concatenate([[0], np.cumsum(counts)[:-1]])[segment] + 1
    photons["ph_segment_id"] = (340_000 + segment[signal]).astype("i4")
    photons["classed_pc_indx"] = place[signal].astype("i4")
    photons["classed_pc_flag"] = kind[signal].astype("i1")
    photons["ph_h"] = (height - ground)[signal].astype("f4")
    photons["ph_h"].attrs["units"] = np.bytes_("meters")
    photons["delta_time"] = (SUMMER + along / 6_900)[signal]
    photons["delta_time"].attrs["units"] = np.bytes_("seconds since 2018-01-01")


def sliderule(folder):
    """Heights along four tracks of West Greenland as GeoParquet, with times and errors."""
    import json
    import struct

    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(6)
    rows = 8_000
    track = np.arange(rows) % 4
    lat = 69.0 + 0.5 * np.arange(rows) / rows
    lon = -49.0 + 0.25 * track - 0.14 * (lat - 69.0) / 0.5
    h_mean = 700 + 300 * (lon + 49) + 5 * np.sin(lat * 400) + rng.normal(0, 0.1, rows)
    points = [b"\x01\x01\x00\x00\x00" + struct.pack("<dd", x, y) for x, y in zip(lon, lat)]
    moments = np.datetime64("2019-07-10T06:00:00", "ns") + (np.arange(rows) * 3_000_000).astype("timedelta64[ns]")
    table = pa.table({
        "time_ns": pa.array(moments), "h_mean": h_mean, "h_sigma": pa.array(rng.uniform(0.02, 0.2, rows).astype("f4")),
        "n_fit_photons": pa.array(rng.integers(20, 200, rows).astype("i4")), "gt": pa.array((track * 10 + 10).astype("u1")),
        "rgt": pa.array(np.full(rows, 295, "u2")), "cycle": pa.array(np.full(rows, 4, "u1")), "geometry": pa.array(points, pa.binary()),
    })
    geo = {"version": "1.0.0", "primary_column": "geometry",
           "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"], "edges": "planar"}}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), folder / "atl06.parquet")


MAKERS = {"demo": demo, "land-ice": from_demo("land_ice", "basin.geojson", every=2), "photons": from_demo("granules"), "forest": forest,
          "sliderule": sliderule}


def main(name, folder):
    """Makes it whole beside its name, as a later run takes what is there for whole."""
    partial = folder.with_name("." + folder.name)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    MAKERS[name](partial)
    partial.rename(folder)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
