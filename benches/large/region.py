"""What a region costs a run along track: user CPU seconds with one that an edge crosses, beside none.

    .venv/bin/python benches/large/region.py --binary target/release/icefold [--granules 20] [--photons 1000000]

Makes synthetic granules whose tracks cross an edge of each region, runs them in turns with no region and with each, on
one thread, and prints a table of Markdown: the least and the median of each, and the ratios to none. Both regions keep
nearly all photons, so that all other work is the same; that they keep what they should is checked by counting.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy

from run import CONFIG, make


def coast(corners):
    """A ring of so many corners around all tracks, whose southern edge is jagged and crosses the first of them."""
    east = numpy.linspace(-60.0, -10.0, corners)
    south = 64.02 + 0.01 * numpy.sin(numpy.arange(corners) * 2.4)
    ring = [[float(x), float(y)] for x, y in zip(east, south)]
    return {"type": "Polygon", "coordinates": [ring + [[-10.0, 84.0], [-60.0, 84.0], ring[0]]]}


def user_seconds(command):
    before = os.times().children_user
    report = json.loads(subprocess.check_output([str(part) for part in command]))
    return os.times().children_user - before, report


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/icefold"))
    parser.add_argument("--granules", type=int, default=20)
    parser.add_argument("--photons", type=int, default=1_000_000)
    parser.add_argument("--turns", type=int, default=7)
    arguments = parser.parse_args()
    icefold = arguments.binary.resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        config = folder / "config.yaml"
        config.write_text(CONFIG)
        (folder / "granules").mkdir()
        make(folder / "granules", arguments.granules, arguments.photons)
        jagged = folder / "coast.geojson"
        jagged.write_text(json.dumps(coast(100_000)))
        regions = {
            "none": [],
            "a box, its edge crossed": ["--region", "-60,64.02,-10,84"],
            "100,000 edges, crossed": ["--region", jagged],
        }
        seconds = {name: [] for name in regions}
        kept = {}
        for turn in range(arguments.turns + 1):
            for name, region in regions.items():
                store = folder / "out.zarr"
                run = [icefold, "run", config, folder / "granules", "--store", store, "--overwrite"]
                run += ["--threads", "1", "--json", *region]
                taken, report = user_seconds(run)
                # The first turn warms caches of files.
                if turn > 0:
                    seconds[name].append(taken)
                photons = report["photons"]
                kept[name] = (photons["kept"], photons["rejected_by"].get("outside_region", 0))
        total = arguments.granules * arguments.photons
        assert all(sum(counts) == total for counts in kept.values()), kept
        assert 0.99 * total < min(inside for inside, _ in kept.values()) < total, kept
        print("| region | kept | outside | user s, least | median | ratio of least | ratio of medians |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        least, middle = min(seconds["none"]), statistics.median(seconds["none"])
        for name, taken in seconds.items():
            median = statistics.median(taken)
            inside, outside = kept[name]
            print(
                f"| {name} | {inside} | {outside} | {min(taken):.2f} | {median:.2f} | "
                f"{min(taken) / least:.3f} | {median / middle:.3f} |"
            )


if __name__ == "__main__":
    main()
