"""Times reading a granule: the libdeflate floor, icefold, h5py and hidefix, at 1 and 2 threads.

Run as `python benches/decode/run.py --program target/release/deps/decode-... --icefold
target/release/icefold [--millions 30] [--record FILE]`, with h5py, numpy and, if it is to be compared,
hidefix installed. Makes the granules in `--data` where they are not there yet.

| engine | from | to |
| --- | --- | --- |
| floor | storage chunks | inflated with libdeflate and discarded, unfiltered |
| icefold | granule | batches of photons |
| h5py, hidefix | granule | arrays |
| partials | granule | partials of count, min, max, mean, var (order 12) |
| store | granule | Zarr store; the whole process |

Sums of the bits of latitude, longitude and height must agree before any time is printed, and all
photons must arrive in partials and store. Turns alternate: A B C A B C; times are medians.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
DATASETS = ("lat_ph", "lon_ph", "h_ph", "signal_conf_ph")


def bits(values):
    return int(values.view(f"u{values.itemsize}").astype("u8").sum(dtype="u8"))


def read_h5py(path):
    import h5py

    with h5py.File(path) as file:
        return [file[f"gt1l/heights/{name}"][()] for name in DATASETS]


def read_hidefix(path):
    from hidefix import Index

    index = Index(str(path))
    whole = []
    for name in DATASETS:
        dataset = index.dataset(f"gt1l/heights/{name}")
        whole.append(dataset[tuple(slice(0, n) for n in dataset.shape())])
    return whole


def python_engine(engine, path, repeats):
    """Runs in a process of its own, so that threads can be set."""
    read = {"h5py": read_h5py, "hidefix": read_hidefix}[engine]
    values = read(path)
    answer = {key: bits(v) for key, v in zip(("lat", "lon", "h"), values)}
    answer["photons"] = len(values[0])
    del values
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        values = read(path)
        seconds.append(time.perf_counter() - started)
        del values
    print(json.dumps({"engine": engine, "seconds": seconds, **answer}))


def pinned(threads):
    cores = ",".join(str(i) for i in sorted(os.sched_getaffinity(0))[:threads])
    return ["taskset", "-c", cores]


def run_store(arguments, path, threads):
    """The whole program, from start to exit."""
    seconds = []
    for _ in range(arguments.repeats):
        with tempfile.TemporaryDirectory() as folder:
            command = [*pinned(threads), arguments.icefold, "run", str(HERE / "five.yaml"), str(path),
                       "--store", f"{folder}/out.zarr", "--threads", str(threads), "--device", "cpu",
                       "--json"]
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True)
            seconds.append(time.perf_counter() - started)
        if done.returncode:
            raise SystemExit(f"store: {done.stderr.strip()}")
        report = json.loads(done.stdout)
    return {"seconds": seconds, "photons": report["photons"]["kept"],
            "peak_resident_bytes": report["peak_resident_bytes"]}


def run(engine, arguments, path, threads):
    if engine == "store":
        return run_store(arguments, path, threads)
    if engine in ("floor", "icefold", "partials"):
        command = [arguments.program, engine, path, threads, arguments.repeats]
    else:
        command = [sys.executable, __file__, "--engine", engine, "--path", path,
                   "--repeats", arguments.repeats]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    done = subprocess.run([*pinned(threads), *map(str, command)], capture_output=True, text=True,
                          env=environment)
    if done.returncode:
        raise SystemExit(f"{engine}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def check(kind, answers):
    """Refuses to time a wrong answer."""
    readers = {e: a for e, a in answers.items() if "lat" in a}
    sums = {e: [a[k] for k in ("photons", "lat", "lon", "h")] for e, a in readers.items()}
    if len({tuple(s) for s in sums.values()}) != 1:
        raise SystemExit(f"{kind}: the answers differ: {sums}")
    photons = {e: a["photons"] for e, a in answers.items()}
    if len(set(photons.values())) != 1:
        raise SystemExit(f"{kind}: photons were lost: {photons}")
    return next(iter(photons.values()))


def compare(arguments, engines, kind, path, threads):
    times, answers = {}, {}
    for _ in range(arguments.rounds):
        for engine in engines:
            if engine == "h5py" and threads > 1:
                continue
            done = run(engine, arguments, path, threads)
            times.setdefault(engine, []).extend(done.pop("seconds"))
            if engine == "partials":
                done = {"photons": done["photons"]}
            if engine != "floor":
                answers[engine] = done
    photons = check(kind, answers)
    floor = statistics.median(times["floor"])
    print(f"{kind}, {threads} threads, {photons:,} photons, {path.stat().st_size:,} bytes")
    rows = []
    for engine, seconds in times.items():
        median = statistics.median(seconds)
        row = {"granule": kind, "threads": threads, "photons": photons, "engine": engine,
               "seconds": seconds, "median": median, "times_floor": median / floor}
        if "peak_resident_bytes" in answers.get(engine, {}):
            row["peak_resident_bytes"] = answers[engine]["peak_resident_bytes"]
        rows.append(row)
        print(f"  {engine:8} {median:7.3f} s  {photons / median / 1e6:6.1f} M/s  "
              f"{median / floor:5.2f} x floor")
    sys.stdout.flush()
    return rows


def table(record):
    lines = [f"{record['machine']}, load before: {record['load']}; medians of "
             f"{record['turns']} turns", "",
             "| granule | threads | engine | s | Mphotons/s | x floor | peak MB |",
             "| --- | ---: | --- | ---: | ---: | ---: | ---: |"]
    for row in record["rows"]:
        peak = row.get("peak_resident_bytes")
        lines.append(f"| {row['granule']} | {row['threads']} | {row['engine']} | {row['median']:.3f} | "
                     f"{row['photons'] / row['median'] / 1e6:.1f} | {row['times_floor']:.2f} | "
                     f"{f'{peak / 1e6:.0f}' if peak else ''} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", help="the bench program `decode`")
    parser.add_argument("--icefold", help="the program itself, for the engine `store`")
    parser.add_argument("--millions", type=float, default=30)
    parser.add_argument("--data", type=pathlib.Path, default="target/bench-data/decode")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kind", choices=("unshuffled", "shuffled"))
    parser.add_argument("--peers", default="h5py,hidefix")
    parser.add_argument("--record", type=pathlib.Path, help="FILE.json; a table goes to FILE.md")
    parser.add_argument("--engine")
    parser.add_argument("--path")
    arguments = parser.parse_args()
    if arguments.engine:
        return python_engine(arguments.engine, arguments.path, arguments.repeats)
    arguments.data.mkdir(parents=True, exist_ok=True)
    engines = ["floor", "icefold", *filter(None, arguments.peers.split(",")), "partials"]
    engines += ["store"] if arguments.icefold else []
    with open("/proc/cpuinfo") as info:
        models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    record = {"schema_version": 1, "machine": f"{models[0]}, {len(models)} cores",
              "system": platform.platform(), "load": os.getloadavg(),
              "turns": arguments.rounds * arguments.repeats, "rows": []}
    for kind in [arguments.kind] if arguments.kind else ("unshuffled", "shuffled"):
        path = arguments.data / f"{kind}-{arguments.millions:g}.h5"
        if not path.exists():
            partial = path.with_suffix(".partial")
            make = [sys.executable, HERE / "granule.py", partial, str(arguments.millions), kind]
            subprocess.run(make, check=True)
            partial.rename(path)
        for threads in (1, 2):
            record["rows"] += compare(arguments, engines, kind, path, threads)
    if arguments.record:
        arguments.record.write_text(json.dumps(record, indent=1) + "\n")
        arguments.record.with_suffix(".md").write_text(table(record))


main()
