"""Times decoding of a granule: the libdeflate floor, icefold, h5py and hidefix, at 1 and 2 threads.

Run as `python benches/decode/run.py --program target/release/deps/decode-... [--millions 30]`, with
h5py, numpy and, if it is to be compared, hidefix installed. Makes the granules in `--data` where
they are not there yet. All engines read the same four datasets whole; sums of the bits of latitude,
longitude and height must agree before any time is printed. Turns alternate: A B C A B C.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import h5py
import numpy as np

HERE = pathlib.Path(__file__).parent
DATASETS = ("lat_ph", "lon_ph", "h_ph", "signal_conf_ph")


def bits(values):
    return int(values.view(f"u{values.itemsize}").astype("u8").sum(dtype="u8"))


def read_h5py(path):
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


def run(engine, program, path, threads, repeats):
    if engine in ("floor", "icefold"):
        command = [program, engine, path, threads, repeats]
    else:
        command = [sys.executable, __file__, "--engine", engine, "--path", path,
                   "--repeats", repeats]
    cores = ",".join(str(i) for i in sorted(os.sched_getaffinity(0))[:threads])
    command = ["taskset", "-c", cores, *map(str, command)]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{engine}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", help="the bench program `decode`")
    parser.add_argument("--millions", type=float, default=30)
    parser.add_argument("--data", type=pathlib.Path, default="target/bench-data/decode")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=("unshuffled", "shuffled"))
    parser.add_argument("--peers", default="h5py,hidefix")
    parser.add_argument("--engine")
    parser.add_argument("--path")
    arguments = parser.parse_args()
    if arguments.engine:
        return python_engine(arguments.engine, arguments.path, arguments.repeats)
    arguments.data.mkdir(parents=True, exist_ok=True)
    engines = ["floor", "icefold", *filter(None, arguments.peers.split(","))]
    for kind in [arguments.kind] if arguments.kind else ("unshuffled", "shuffled"):
        path = arguments.data / f"{kind}-{arguments.millions:g}.h5"
        if not path.exists():
            partial = path.with_suffix(".partial")
            make = [sys.executable, HERE / "granule.py", partial, str(arguments.millions), kind]
            subprocess.run(make, check=True)
            partial.rename(path)
        for threads in (1, 2):
            best, answers = {}, {}
            for _ in range(arguments.rounds):
                for engine in engines:
                    if engine == "h5py" and threads > 1:
                        continue
                    done = run(engine, arguments.program, path, threads, arguments.repeats)
                    best[engine] = min([best.get(engine, 1e9), *done["seconds"]])
                    if engine != "floor":
                        answers[engine] = [done[k] for k in ("photons", "lat", "lon", "h")]
            if len({tuple(a) for a in answers.values()}) != 1:
                raise SystemExit(f"{kind}: the answers differ: {answers}")
            photons = answers["icefold"][0]
            print(f"{kind}, {threads} threads, {photons:,} photons, {path.stat().st_size:,} bytes")
            for engine, seconds in best.items():
                print(f"  {engine:8} {seconds:7.3f} s  {photons / seconds / 1e6:6.1f} M/s  "
                      f"{seconds / best['floor']:5.2f} x floor")
            sys.stdout.flush()


main()
