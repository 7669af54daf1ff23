"""What `icefold.aggregate` costs in Python: beside the program's own time, and beside polars, DuckDB and pandas.

    scripts/wheel && python3 benches/python/aggregate.py --wheel target/wheels/icefold-*.whl --record python.md
    python3 benches/python/aggregate.py --wheel ... --photons 100000 --turns 2       # does it work?

Makes an environment of its own in target/bench-python with the wheel and benches/python/requirements.txt, and runs there.
Photons are seeded arrays of NumPy: along tracks, and the same in no order. The question is count, minimum, maximum, mean
and variance of float32 heights in cells of order 12, from longitudes and latitudes.

- *the program* is `icefold aggregate --repeat` on the same arrays: its `total_seconds`, from arrays in memory to arrays of
  statistics in memory, without starting, reading, hashing and writing.
- *icefold.aggregate* is the wall time of the call, with all that it does for Python (checks, copies, hashes, a Dataset).
- the others get the cells from healpix-geo and group by them, from the same arrays to their own frame in memory; as many
  threads each, but pandas, which has one.

Every answer is compared with plain sums in float64 over sorted photons before anything is timed, and again after each
turn for icefold, whose hash must stay the same. Counts and extremes must be equal, means within 1e-9, variances within
1e-6 of the right ones, relative to these and to the rounding of float32 (as in benches/head_to_head/truth.py). Whoever is
wrong has no time in the table. Exits 1 where icefold is wrong.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
ORDER = 12
STATS = ["count", "min", "max", "mean", "var"]
# The time of Python may be so much of the program's.
MOST = 1.05
# Fresh processes in which a start is timed.
STARTS = 15


def main():
    arguments = parsed()
    if not arguments.inside:
        sys.exit(subprocess.call(environment(arguments)))
    found = measured(arguments)
    text = table(arguments, found)
    print(text)
    if arguments.record:
        pathlib.Path(arguments.record).write_text(text)
        pathlib.Path(arguments.record).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    if any("wrong" in row for row in found["rows"] if row["engine"].startswith("icefold")):
        sys.exit(1)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", required=True, help="the wheel that is measured")
    parser.add_argument("--photons", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--record", help="where the table goes, too, as Markdown; all times beside it as JSON")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def environment(arguments):
    """Installs what is measured, and gives back the command that measures."""
    folder = ROOT / "target" / "bench-python"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", HERE / "requirements.txt"], check=True)
    subprocess.run([*install, "--force-reinstall", "--no-deps", arguments.wheel], check=True)
    subprocess.run([*install, arguments.wheel], check=True)
    os.environ["POLARS_MAX_THREADS"] = str(arguments.threads)
    return [python, __file__, *sys.argv[1:], "--inside"]


def along_tracks(size, random):
    """Tracks over the Antarctic, a photon every 64 m, as the workload wide12 of benches/head_to_head has them."""
    import numpy

    radius, inclination = 6_371_007.2, numpy.radians(92.0)
    per_track = int(numpy.radians(56.0) * radius / 64.0)
    lon, lat = [], []
    for _ in range(-(-size // per_track)):
        u = numpy.linspace(*numpy.radians([-62.0, -118.0]), per_track) + random.normal(0.0, 0.5 / radius, per_track)
        turned = random.uniform(0.0, 360.0) + numpy.degrees(numpy.arctan2(numpy.cos(inclination) * numpy.sin(u), numpy.cos(u)))
        lon.append((turned + 180.0) % 360.0 - 180.0)
        lat.append(numpy.degrees(numpy.arcsin(numpy.sin(inclination) * numpy.sin(u))))
    return numpy.concatenate(lon)[:size], numpy.concatenate(lat)[:size]


def workloads(size):
    """Arrays by the name of what they are."""
    import numpy

    random = numpy.random.default_rng(20261127)
    lon, lat = along_tracks(size, random)
    surface = 3_800.0 / (1.0 + ((lat + 90.0) / 22.5) ** 2)
    h = (surface + 40.0 * numpy.sin(lat * 12.0) + random.normal(0.0, 0.3, size)).astype("f4")
    yield "along tracks", {"lon": lon, "lat": lat, "h": h}
    shuffled = random.permutation(size)
    yield "in no order", {"lon": lon[shuffled], "lat": lat[shuffled], "h": h[shuffled]}


def cells(photons, threads):
    import healpix_geo.nested
    import numpy

    return healpix_geo.nested.lonlat_to_healpix(
        photons["lon"], photons["lat"], numpy.uint8(ORDER), ellipsoid="WGS84", num_threads=threads
    )


def truth(photons):
    """The right answer, slowly."""
    import numpy

    ids = cells(photons, 1)
    sorting = numpy.argsort(ids, kind="stable")
    found, starts, counts = numpy.unique(ids[sorting], return_index=True, return_counts=True)
    h = photons["h"][sorting].astype("f8")
    mean = numpy.add.reduceat(h, starts) / counts
    off = h - numpy.repeat(mean, counts)
    # Twice over: what the mean was rounded by is taken off again.
    shift = numpy.add.reduceat(off, starts) / counts
    var = numpy.add.reduceat(off * off, starts) / counts - shift * shift
    least, most = numpy.minimum.reduceat(h, starts), numpy.maximum.reduceat(h, starts)
    return {"ids": found, "count": counts, "min": least, "max": most, "mean": mean + shift, "var": var}


def wrong(answer, right):
    """In words what is wrong with an answer; None where it is right."""
    import numpy

    sorting = numpy.argsort(answer["ids"])
    answer = {name: numpy.asarray(column)[sorting].astype("u8" if name == "ids" else "f8") for name, column in answer.items()}
    for name in ("ids", "count", "min", "max"):
        if len(answer[name]) != len(right[name]) or (answer[name] != right[name]).any():
            return f"its {name} differ"
    rounding = (2.0**-24 * numpy.maximum(numpy.abs(right["min"]), numpy.abs(right["max"]))) ** 2
    for name, most, scale in (("mean", 1e-9, numpy.abs(right["mean"])), ("var", 1e-6, right["var"] + rounding)):
        error = numpy.max(numpy.abs(answer[name] - right[name]) / numpy.maximum(scale, 1e-300), initial=0.0)
        if not error <= most:
            return f"its {name} is off by {error:.1e}, more than {most:.0e}"
    return None


def engines(threads):
    """Functions from photons to a frame, and from that to arrays, by name."""
    import duckdb
    import icefold
    import pandas
    import polars
    import pyarrow

    def ours(photons, to):
        return icefold.aggregate(
            photons["lon"], photons["lat"], photons["h"], order=ORDER, stats=STATS, threads=threads, to=to
        )

    def of_ours(found):
        return {"ids": found["cell_ids"], **{name: found[name] for name in STATS}}

    def of_dataset(found):
        return {"ids": found["cell_ids"].values, **{name: found[name].values for name in STATS}}

    def by_polars(photons):
        h = polars.col("h")
        frame = polars.DataFrame({"ids": cells(photons, threads), "h": photons["h"]})
        asked = [polars.len().alias("count"), h.min().alias("min"), h.max().alias("max")]
        # Of float32 as it is, its means are float32.
        wide = h.cast(polars.Float64)
        asked += [wide.mean().alias("mean"), wide.var(ddof=0).alias("var")]
        return frame.lazy().group_by("ids").agg(asked).collect()

    connection = duckdb.connect(config={"threads": threads})

    def by_duckdb(photons):
        connection.register("photon", pyarrow.table({"ids": cells(photons, threads), "h": photons["h"]}))
        asked = "count(*) AS count, min(h) AS min, max(h) AS max, avg(h) AS mean, var_pop(h) AS var"
        return connection.sql(f"SELECT ids, {asked} FROM photon GROUP BY ids").to_arrow_table()

    def by_pandas(photons):
        frame = pandas.DataFrame({"ids": cells(photons, threads), "h": photons["h"].astype("f8")})
        groups = frame.groupby("ids", sort=False)["h"]
        found = {"count": groups.size(), "min": groups.min(), "max": groups.max(), "mean": groups.mean()}
        return pandas.DataFrame({**found, "var": groups.var(ddof=0)})

    def of_columns(found):
        return {name: found[name].to_numpy() for name in ("ids", *STATS)}

    return {
        "icefold.aggregate, arrays": (lambda photons: ours(photons, "numpy"), of_ours),
        "icefold.aggregate, a Dataset": (lambda photons: ours(photons, "xarray"), of_dataset),
        f"polars {polars.__version__}": (by_polars, of_columns),
        f"DuckDB {duckdb.__version__}": (by_duckdb, of_columns),
        f"pandas {pandas.__version__}": (by_pandas, lambda found: of_columns(found.reset_index())),
    }


def program(folder, threads, repeats):
    """Seconds of the program in process, least of some repeats, and the hash of its answer."""
    command = [sys.executable, "-m", "icefold", "aggregate", "--input", folder, "--cell-order", str(ORDER), "--json"]
    command += ["--stats", ",".join(STATS), "--threads", str(threads), "--repeat", str(repeats), "--device", "cpu"]
    said = json.loads(subprocess.check_output(command))
    return min(each["total_seconds"] for each in said["repeats"]), said["content_sha256"]


def measured(arguments):
    rows = []
    for workload, photons in workloads(arguments.photons):
        right = truth(photons)
        with tempfile.TemporaryDirectory() as folder:
            import numpy

            for name, column in photons.items():
                numpy.save(pathlib.Path(folder) / f"{name}.npy", column)
            rows += measured_workload(arguments, workload, (photons, right, folder))
    wheel = pathlib.Path(arguments.wheel)
    return {"rows": rows, "start_seconds": starts(), "wheel": wheel.name, "wheel_bytes": wheel.stat().st_size}


def measured_workload(arguments, workload, given):
    import icefold

    photons, right, folder = given
    contestants = engines(arguments.threads)
    rows = {"icefold, the program in process": {"seconds": []}}
    for name, (run, answer) in contestants.items():
        why = wrong(answer(run(photons)), right)
        rows[name] = {"seconds": []} if why is None else {"wrong": why}
    _, content = program(folder, arguments.threads, 1)
    ours = icefold.aggregate(
        photons["lon"], photons["lat"], {"h": photons["h"]}, order=ORDER, stats=STATS, threads=arguments.threads
    )
    if ours.attrs["content_sha256"] != content:
        rows["icefold.aggregate, arrays"] = {"wrong": "its bits are not those of the program"}
    for _ in range(arguments.turns):
        seconds, again = program(folder, arguments.threads, 3)
        rows["icefold, the program in process"]["seconds"].append(seconds)
        assert again == content, "the program gave other bits"
        for name, (run, _) in contestants.items():
            if "wrong" in rows[name]:
                continue
            best = float("inf")
            for _ in range(3):
                begun = time.perf_counter()
                result = run(photons)
                best = min(best, time.perf_counter() - begun)
                del result
            rows[name]["seconds"].append(best)
    return [{"workload": workload, "cells": len(right["ids"]), "engine": name, **row} for name, row in rows.items()]


def starts():
    """Seconds until something may begin, each time in a fresh process: median and most of fifteen."""
    timed = "import time; t = time.perf_counter(); import icefold; print(time.perf_counter() - t)"

    def importing():
        return float(subprocess.check_output([sys.executable, "-c", timed]))

    def program():
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "icefold", "--version"], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begun

    found = {}
    for name, run in (("import icefold", importing), ("python -m icefold --version", program)):
        # Files are in memory after the first.
        run()
        seconds = sorted(run() for _ in range(STARTS))
        found[name] = {"median": seconds[STARTS // 2], "most": seconds[-1]}
    return found


def table(arguments, found):
    sys.path.insert(0, str(ROOT / "benches" / "head_to_head"))
    from record import commit, cpu_model

    lines = [
        f"# icefold.aggregate in Python, {datetime.date.today()}",
        "",
        f"`benches/python/aggregate.py`: {arguments.photons:,} photons, {arguments.turns} turns of three runs each, "
        f"{arguments.threads} threads, Python {sys.version.split()[0]}, {cpu_model()}, commit {(commit() or 'unknown')[:12]}.",
        "Seconds are the least of a turn's three runs: the least of all turns, and their median. What each time is of is said in",
        "the program. All answers were right, unless a row says otherwise.",
        "",
        "| photons | cells | | least s | median s | of the program's least |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    least = {}
    for row in found["rows"]:
        if "wrong" in row:
            lines.append(f"| {row['workload']} | {row['cells']:,} | {row['engine']} | wrong: {row['wrong']} | | |")
            continue
        seconds = sorted(row["seconds"])
        least.setdefault(row["workload"], seconds[0])
        ratio = seconds[0] / least[row["workload"]]
        median = seconds[len(seconds) // 2]
        lines.append(
            f"| {row['workload']} | {row['cells']:,} | {row['engine']} | {seconds[0]:.4f} | {median:.4f} | {ratio:.3f} |"
        )
    started = {
        name: f"{1e3 * each['median']:.0f} ms (median of {STARTS} processes; the most {1e3 * each['most']:.0f} ms)"
        for name, each in found["start_seconds"].items()
    }
    lines += [
        "",
        f"- The aim for arrays is at most {MOST} of the program's time.",
        f"- `import icefold` takes {started['import icefold']}; the aim is a median below 100 ms.",
        f"- `python -m icefold --version` takes {started['python -m icefold --version']}, Python's own start inside.",
        f"- The wheel ({found['wheel']}) has {found['wheel_bytes'] / 1e6:.2f} MB; the aim is below 25 MB.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
