"""What a question costs a run along track: user CPU seconds with it, beside the same run without.

    .venv/bin/python benches/large/questions.py --binary target/release/icefold [--granules 10] [--photons 2000000]

Makes synthetic granules in the layout of ATL03, each with its ATL08, whose tracks cross an edge of each region, and runs
them in turns without any question and with each, on one thread. Prints a table of Markdown: user seconds of all
granules, and what all but one of them add, which is the cost along track without that of starting, of reading a region's
file and of writing the store; and its ratio to none. Least of all turns. Every question keeps nearly all photons, so that all other work is the same; that each
keeps and rejects what it should is checked by counting, and the arrays of a store are checked for steps.
"""

import argparse
import json
import resource
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy

CONFIG = """
data_source:
  groups: [gt1l]
  coordinates: {{latitude: "/{{group}}/heights/lat_ph", longitude: "/{{group}}/heights/lon_ph"}}
  variables: {{h: "/{{group}}/heights/h_ph"{variables}}}
{source}
aggregation:
  variables:
    count: {{function: count, source: h}}
    h_min: {{function: min, source: h}}
    h_max: {{function: max, source: h}}
    h_mean: {{function: mean, source: h}}
    h_median: {{function: median, source: h}}
    h_variance: {{function: var, source: h}}
{outputs}
output:
  grid: {{type: healpix, parent_order: 6, child_order: 12}}
{rest}
"""

SHOTS_A_SECOND = 10_000.0
PHOTONS_A_SHOT = 8
PHOTONS_A_SEGMENT = 230
CYCLE = 91.0 * 86_400.0
FIRST = 60.0 * 86_400.0


def begin_of(granule):
    """Seconds of delta_time at which a granule begins: one a cycle."""
    return FIRST + granule * CYCLE


def names(granule):
    stem = f"{2018 + granule // 4:04}{granule % 4 * 3 + 1:02}15101010_0{granule + 100:03}{granule % 9 + 1:02}03_006_01.h5"
    return f"ATL03_{stem}", f"ATL08_{stem}"


def coast(corners):
    """A ring of so many corners around all tracks, whose southern edge is jagged and crosses the first of them."""
    east = numpy.linspace(-60.0, -10.0, corners)
    south = 64.02 + 0.01 * numpy.sin(numpy.arange(corners) * 2.4)
    ring = [[float(x), float(y)] for x, y in zip(east, south)]
    return {"type": "Polygon", "coordinates": [ring + [[-10.0, 84.0], [-60.0, 84.0], ring[0]]]}


def make(folder, granule, photons):
    random = numpy.random.default_rng(granule)
    shot = numpy.arange(photons) // PHOTONS_A_SHOT
    along = shot / shot[-1]
    h = 1500.0 + 400.0 * numpy.sin(9.0 * along) + random.normal(0.0, 0.3, photons)
    # Signal lies together: runs of one confidence.
    confidence = numpy.repeat(random.choice([0, 2, 3, 4], photons // 500 + 1, p=[0.1, 0.1, 0.2, 0.6]), 500)[:photons]
    # Every thousandth photon is one of the transmitter echo.
    confidence[::1000] = -2
    columns = {
        "lat_ph": 64.0 + (granule * 13 % 10) * 0.8 + along * 4.0 + random.normal(0.0, 1e-6, photons),
        "lon_ph": -52.0 + (granule * 37 % 100) * 0.3 - along * 2.0 + random.normal(0.0, 1e-6, photons),
        "h_ph": h.astype("f4"),
        "delta_time": begin_of(granule) + shot / SHOTS_A_SECOND,
        "signal_conf_ph": numpy.repeat(confidence[:, None], 5, axis=1).astype("i1"),
    }
    name, sibling = names(granule)
    segments = -(-photons // PHOTONS_A_SEGMENT)
    counts = numpy.full(segments, PHOTONS_A_SEGMENT)
    counts[-1] = photons - PHOTONS_A_SEGMENT * (segments - 1)
    ids = 500_000 + numpy.arange(segments)
    first = numpy.arange(segments) * PHOTONS_A_SEGMENT
    with h5py.File(folder / name, "w") as file:
        for column, values in columns.items():
            shape = (10_000, *values.shape[1:])
            file.create_dataset(f"gt1l/heights/{column}", data=values, chunks=shape, compression=6, shuffle=False)
        file["gt1l/heights/delta_time"].attrs["units"] = "seconds since 2018-01-01"
        for column, values in {
            "segment_id": ids.astype("i4"),
            "ph_index_beg": first + 1,
            "segment_ph_cnt": counts.astype("i4"),
            "reference_photon_lat": columns["lat_ph"][first],
            "reference_photon_lon": columns["lon_ph"][first],
        }.items():
            file.create_dataset(f"gt1l/geolocation/{column}", data=values, chunks=(min(10_000, len(values)),), compression=6)
        for moment, at in (("start", 0), ("end", -1)):
            file[f"ancillary_data/{moment}_delta_time"] = [columns["delta_time"][at]]
    # Half of the photons are classified, as over land.
    row = numpy.arange(0, photons, 2)
    with h5py.File(folder.parent / "siblings" / sibling, "w") as file:
        for column, values in {
            "ph_segment_id": ids[row // PHOTONS_A_SEGMENT].astype("i4"),
            "classed_pc_indx": (row % PHOTONS_A_SEGMENT + 1).astype("i4"),
            "classed_pc_flag": (row // 1000 % 4).astype("i1"),
            "delta_time": columns["delta_time"][row],
        }.items():
            file.create_dataset(f"gt1l/signal_photons/{column}", data=values, chunks=(min(10_000, len(values)),), compression=6)


def config(**parts):
    texts = {"variables": "", "source": "", "outputs": "", "rest": ""}
    return CONFIG.format(**{**texts, **parts})


def edges(moments):
    """ISO 8601 of seconds since 2018-01-01, in UTC, which has had no leap second since."""
    epoch = numpy.datetime64("2018-01-01T00:00:00.000000", "us")
    return [str(epoch + numpy.timedelta64(round(at * 1e6), "us")) + "Z" for at in moments]


def questions(arguments, jagged):
    """Name, text of the config, further arguments, steps."""
    granules = arguments.granules
    seconds = arguments.photons / PHOTONS_A_SHOT / SHOTS_A_SECOND
    apart = edges([begin_of(0) - CYCLE / 2 + (begin_of(granules) - begin_of(0)) * step / 10 for step in range(11)])
    # Each granule crosses the one edge that lies in its middle.
    inside = edges([begin_of(0) - 1.0, *(begin_of(step) + seconds / 2 for step in range(9)), begin_of(granules)])
    echo = '{dataset: "/{group}/heights/signal_conf_ph", column: 0, op: ne, value: -2}'
    time = ', t: "/{group}/heights/delta_time"'
    return {
        "none": (config(), [], 0),
        "region: a box, its edge crossed": (config(), ["--region", "-60,64.02,-10,84"], 0),
        "region: 100,000 edges, crossed": (config(), ["--region", jagged], 0),
        "ten steps, each granule in one": (config(rest=f"time: {{edges: {json.dumps(apart)}}}"), [], 10),
        "ten steps, each granule in two": (config(rest=f"time: {{edges: {json.dumps(inside)}}}"), [], 10),
        "class filter, one more dataset": (config(source=f"  filters: [{echo}]"), [], 0),
        "two class filters of that dataset": (config(source=f"  filters: [{echo}, {echo.replace('column: 0', 'column: 3')}]"), [], 0),
        "trend: slope of h in time, its error": (
            config(
                variables=time,
                outputs="    rate: {expression: \"slope(h, t)\"}\n    rate_err: {expression: \"slope_err(h, t)\"}",
            ),
            [],
            0,
        ),
        "join: classes of ATL08, two of four": (
            config(
                variables=', class: {join: land, path: classed_pc_flag}',
                source="  joins: {land: {product: ATL08, by: photons}}",
                outputs='    ground: {expression: "sum(class == 1)"}',
            ),
            [jagged.parent / "siblings"],
            0,
        ),
    }


def user_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stderr}")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binary", type=Path, default=Path("target/release/icefold"))
    parser.add_argument("--granules", type=int, default=10)
    parser.add_argument("--photons", type=int, default=2_000_000)
    parser.add_argument("--turns", type=int, default=7)
    arguments = parser.parse_args()
    if arguments.granules < 10:
        parser.error("ten steps need ten granules or more")
    icefold = arguments.binary.resolve()
    total = arguments.granules * arguments.photons
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "granules").mkdir()
        (folder / "siblings").mkdir()
        for granule in range(arguments.granules):
            make(folder / "granules", granule, arguments.photons)
        jagged = folder / "coast.geojson"
        jagged.write_text(json.dumps(coast(100_000)))
        asked = questions(arguments, jagged)
        seconds = {name: [] for name in asked}
        of_one = {name: [] for name in asked}
        (folder / "one").mkdir()
        first = sorted((folder / "granules").iterdir())[0]
        (folder / "one" / first.name).symlink_to(first)
        kept = {}
        for turn in range(arguments.turns + 1):
            for number, (name, (text, more, steps)) in enumerate(asked.items()):
                path = folder / f"config{number}.yaml"
                path.write_text(text)
                store = folder / "out.zarr"
                run = [icefold, "run", path, folder / "granules", "--store", store, "--overwrite"]
                taken, report = user_seconds([*run, "--threads", "1", "--json", *more])
                # The first turn warms caches of files.
                if turn > 0:
                    seconds[name].append(taken)
                    one = [icefold, "run", path, folder / "one", "--store", folder / "one.zarr", "--overwrite"]
                    of_one[name].append(user_seconds([*one, "--threads", "1", "--json", *more])[0])
                counts = report["photons"]
                kept[name] = counts["kept"]
                assert counts["read"] == total == counts["kept"] + sum(counts["rejected_by"].values()), counts
                assert 0.99 * total < counts["kept"] <= total, (name, counts)
                if steps:
                    count = json.loads((store / "12" / "count" / "zarr.json").read_text())
                    assert count["shape"][0] == steps, count["shape"]
        assert kept["none"] == total and kept["class filter, one more dataset"] == total - total // 1000, kept
        print("| question | kept | user s, all | one granule | the others | ratio |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        along = {name: min(seconds[name]) - min(of_one[name]) for name in asked}
        for name in asked:
            print(
                f"| {name} | {kept[name]} | {min(seconds[name]):.3f} | {min(of_one[name]):.3f} | {along[name]:.3f} | "
                f"{along[name] / along['none']:.3f} |"
            )


if __name__ == "__main__":
    main()
