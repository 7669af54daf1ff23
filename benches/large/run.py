"""What a run over many granules takes: memory, disk and open shards, at several budgets.

    .venv/bin/python benches/large/run.py --binary target/release/icefold [--granules 200] [--photons 200000]

Makes synthetic granules, plans them, runs the map at each budget, checks that every store has the same
content, and prints a table of Markdown. The record of it is quoted by docs/PLATFORM.md.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy

# Every statistic that takes memory: a row of accumulators for each cell, a key for each photon.
CONFIG = """
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h: "/{group}/heights/h_ph"}
aggregation:
  variables:
    count: {function: count, source: h}
    h_min: {function: min, source: h}
    h_max: {function: max, source: h}
    h_mean: {function: mean, source: h}
    h_var: {function: var, source: h}
    h_median: {function: median, source: h}
output:
  grid: {type: healpix, parent_order: 6, child_order: 15}
"""


def make(folder, granules, photons):
    """Tracks across Greenland, each over several shards of order 6, in no order of place."""
    for granule in range(granules):
        random = numpy.random.default_rng(granule)
        along = numpy.linspace(0.0, 1.0, photons)
        lat = 64.0 + (granule * 13 % 10) * 0.8 + along * 4.0
        lon = -52.0 + (granule * 37 % 100) * 0.3 - along * 2.0
        h = 1500.0 + 400.0 * numpy.sin(9.0 * along) + random.normal(0.0, 0.3, photons)
        with h5py.File(folder / f"g{granule:04}.h5", "w") as file:
            for name, values in (("lat_ph", lat), ("lon_ph", lon), ("h_ph", h.astype("f4"))):
                path = f"gt1l/heights/{name}"
                file.create_dataset(path, data=values, chunks=(10_000,), compression=4)


def call(*command):
    return json.loads(subprocess.check_output([str(part) for part in command]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/icefold"))
    parser.add_argument("--granules", type=int, default=200)
    parser.add_argument("--photons", type=int, default=200_000)
    arguments = parser.parse_args()
    icefold = arguments.binary.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        config = folder / "config.yaml"
        config.write_text(CONFIG)
        (folder / "granules").mkdir()
        make(folder / "granules", arguments.granules, arguments.photons)
        map_ = folder / "map.json"
        plan = call(icefold, "plan", config, folder / "granules", "-o", map_, "--json")
        print(
            f"{plan['granules']} granules, {plan['photons']} photons, {plan['shards']} shards, "
            f"{plan['pairs']} pairs; plan {plan['seconds']:.1f} s\n"
        )
        heads = ("run", "--memory", "s", "peak resident, MiB", "partials to disk, MiB", "sorted runs")
        print(f"| {' | '.join((*heads, 'most open shards'))} |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        contents = set()
        for over, memory in [
            ("granules", "8GiB"),
            ("granules", "1GiB"),
            ("granules", "256MiB"),
            ("granules", "128MiB"),
            ("map", "8GiB"),
            ("map", "1GiB"),
            ("map", "256MiB"),
            ("map", "128MiB"),
        ]:
            what = ["--plan", map_] if over == "map" else [folder / "granules"]
            store = folder / f"{over}-{memory}.zarr"
            run = [icefold, "run", config, *what, "--store", store, "--memory", memory, "--json"]
            report = call(*run)
            contents.add(report["content_sha256"])
            mib = 1 << 20
            open_ = report["pieces"]["most_open"] if report["pieces"] else ""
            print(
                f"| over {over} | {memory} | {report['seconds']:.1f} | "
                f"{report['peak_resident_bytes'] / mib:.0f} | "
                f"{report['memory']['spilled_bytes'] / mib:.0f} | "
                f"{report['memory']['sorted_runs']} | {open_} |"
            )
        assert len(contents) == 1, contents
        cells = report["occupied_cells"]
        print(f"\n{cells} occupied cells, one content: {contents.pop()}")


if __name__ == "__main__":
    main()
