"""What t-digests cost: icefold's whole run over photons beside zagg's own function over the values of the same cells.

    python3 benches/digests/run.py --zagg CHECKOUT --record benches/record/MACHINE/YYYY-MM-DD-digests.md
    python3 benches/digests/run.py --zagg CHECKOUT --cells 50 --turns 1         # does it work?

CHECKOUT is a clone of github.com/englacial/zagg, of which one file is read: `src/zagg/stats/tdigest.py`. Makes an
environment of its own in target/bench-digests with benches/digests/requirements.txt, and runs there. Photons are
seeded: heights of a normal distribution in cells of order 12, as a table of Parquet.

- *icefold* is CPU time, user and system, of `icefold run --threads 1` from the table to a store on disk: starting, reading,
  locating, folding, digests, compressing, writing. *Without* is the same run with a count in place of the digest.
- *zagg* is CPU time of `build_tdigest` for one cell after another, over values that wait in memory, sorted by cell: no
  reading, no cells to be found, nothing written; words of places and times are folded in its batches, as its pipeline does.

- *sort* is CPU time of `numpy.sort` over the same values, cell after cell: what no digest of them does without.

*Alone* is icefold's time less that without: what digests take more than counts, keeping values, compressing and hashing what is
written included. The target is of those; how many times as fast a whole run is that does so much more is beside it. Where a
twentieth of zagg's time is less than the sort takes, the target is out of reach, which the record says.

Every digest of the store is held to zagg's, means, weights and words to the bit, in each turn: a wrong answer has no time,
and the program exits 1. Times are the least of all turns.
"""

import argparse
import datetime
import importlib.util
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
ORDER = 12
EPOCH = 5_301_590_418_000_000_000  # 2018-01-01 in nanoseconds since 1850, as mortie counts
# How many times faster digests are to be.
TARGET = 20

CONFIG = """data_source:
  reader: table
  coordinates: {{latitude: lat, longitude: lon}}
  variables: {{h: h, t: t}}
aggregation:
  variables:
    d: {{{output}}}
output:
  {time}
  grid: {{type: healpix, parent_order: 6, child_order: 12}}
"""
TOLD = "location: leaf_id, temporal: per-centroid"


def main():
    arguments = parsed()
    if not arguments.inside:
        sys.exit(subprocess.call(environment()))
    rows = []
    for photons, delta, told in [(500, 512, False), (500, 128, False), (10_000, 512, False), (500, 128, True)]:
        cells = max(2, arguments.cells * 500 // photons)
        rows.append(Contest(arguments, cells, photons, delta, told).held())
    text = table(arguments, rows)
    print(text)
    if arguments.record:
        pathlib.Path(arguments.record).write_text(text)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zagg", required=True, help="a clone of zagg's repository")
    parser.add_argument("--icefold", default=str(ROOT / "target/release/icefold"))
    parser.add_argument("--cells", type=int, default=4000, help="cells of 500 photons; of more photons fewer")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--record", help="the file that the table is written to")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def environment():
    """The command that is this one, in an environment with what it needs."""
    folder = ROOT / "target/bench-digests"
    wanted = (HERE / "requirements.txt").read_text()
    stamp = folder / ".requirements"
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, with_pip=True)
        subprocess.check_call([folder / "bin/pip", "install", "--quiet", "-r", HERE / "requirements.txt"])
        stamp.write_text(wanted)
    return [folder / "bin/python", __file__, *sys.argv[1:], "--inside"]


class Contest:
    """Both over the same photons."""

    def __init__(self, arguments, cells, photons, delta, told):
        import numpy as np
        from healpix_geo.nested import healpix_to_lonlat, lonlat_to_healpix

        self.arguments, self.delta, self.told = arguments, delta, told
        rng = np.random.default_rng(19)
        first = rng.integers(0, 12 * 4**ORDER - 4 * cells)
        ids = np.repeat(np.arange(first, first + 4 * cells, 4, dtype=np.uint64), photons)
        lon, lat = healpix_to_lonlat(ids, ORDER, "WGS84")
        # Some hundred metres around the centres of cells of 1.6 km.
        lat = lat + rng.uniform(-1e-3, 1e-3, len(ids))
        lon = lon + rng.uniform(-1e-3, 1e-3, len(ids))
        # In no order, as photons of many passes are.
        order = rng.permutation(len(ids))
        self.lon, self.lat = lon[order], lat[order]
        self.h = rng.normal(300.0, 20.0, len(ids))
        self.t = rng.uniform(0.0, 2e8, len(ids))
        found = lonlat_to_healpix(self.lon, self.lat, ORDER, "WGS84")
        by_cell = np.argsort(found, kind="stable")
        self.ids, starts = np.unique(found[by_cell], return_index=True)
        self.parts = np.split(by_cell, starts[1:])
        places = lonlat_to_healpix(self.lon, self.lat, 29, "WGS84").astype(np.uint64)
        u = np.uint64
        self.places = ((places >> u(58)) + u(1) << u(60)) | ((places & u((1 << 58) - 1)) >> u(4) << u(6)) | (u(48) + (places & u(15)))

    def held(self):
        import pyarrow as pa
        import pyarrow.parquet as pq

        with tempfile.TemporaryDirectory() as folder:
            self.folder = pathlib.Path(folder)
            columns = {"lon": self.lon, "lat": self.lat, "h": self.h, "t": self.t}
            pq.write_table(pa.table(columns), self.folder / "photons.parquet")
            told = f", {TOLD}" if self.told else ""
            output = f"function: tdigest, source: h, params: {{delta: {self.delta}}}{told}"
            own = zagg_of(self.arguments.zagg)
            times = {"icefold": [], "without": [], "zagg": [], "sort": []}
            for _ in range(self.arguments.turns):
                times["icefold"].append(self.run("digest", output))
                times["without"].append(self.run("count", "function: count, source: h"))
                seconds, answers = self.of_zagg(own)
                times["zagg"].append(seconds)
                times["sort"].append(self.of_sort())
                self.check(answers)
        least = {name: min(seconds) for name, seconds in times.items()}
        return {
            "photons": len(self.h),
            "cells": len(self.ids),
            "delta": self.delta,
            "told": self.told,
            "centroids": sum(len(a[0]) for a in answers),
            **least,
        }

    def run(self, name, output):
        config, store = self.folder / f"{name}.yaml", self.folder / f"{name}.zarr"
        clock = 'time_source: {field: t, epoch: "2018-01-01"}'
        config.write_text(CONFIG.format(output=output, time=clock if self.told and name == "digest" else "nan: propagate"))
        command = [self.arguments.icefold, "run", config, self.folder / "photons.parquet", "--store", store]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = subprocess.run([*command, "--overwrite", "--threads", "1", "--device", "cpu"], capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if told.returncode:
            sys.exit(told.stderr)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def of_zagg(self, own):
        """CPU seconds, and of each cell means and weights, places and times."""
        import numpy as np
        import mortie

        values = [self.h[part] for part in self.parts]
        if not self.told:
            start = time.process_time()
            answers = [(own.build_tdigest(v, self.delta),) for v in values]
            return time.process_time() - start, answers
        whole = np.floor(self.t)
        instants = EPOCH + whole.astype(np.int64) * 10**9 + np.rint((self.t - whole) * 1e9).astype(np.int64)
        words = np.asarray(mortie.time2toc(instants.astype(np.uint64)), np.uint64)
        kept = [(self.places[part], words[part]) for part in self.parts]
        start = time.process_time()
        with own.batched_companion_folds():
            answers = [
                own.build_tdigest(v, self.delta, locations=places, temporal=times)
                for v, (places, times) in zip(values, kept)
            ]
        return time.process_time() - start, answers

    def of_sort(self):
        """CPU seconds that it takes to sort the values of each cell."""
        import numpy as np

        values = [self.h[part] for part in self.parts]
        start = time.process_time()
        for of_cell in values:
            np.sort(of_cell)
        return time.process_time() - start

    def check(self, answers):
        """Exits where a digest of the store is another than zagg's."""
        import numpy as np
        import zarr

        store = zarr.open_group(str(self.folder / "digest.zarr"), mode="r")
        store = store[str(ORDER)] if str(ORDER) in store else store
        if not (store["cell_ids"][:] == self.ids).all():
            sys.exit("the store has other cells")
        rows, offsets = store["d"][:], store["d_offsets"][:]
        arrays = [rows] + ([store["d_locations"][:], store["d_times"][:]] if self.told else [])
        for cell, (first, end), answer in zip(self.ids, offsets, answers):
            for name, array, right in zip(("digest", "places", "times"), arrays, answer):
                if array[first:end].tobytes() != np.ascontiguousarray(right).tobytes():
                    sys.exit(f"cell {cell}: another {name} than zagg's")


def zagg_of(checkout):
    """zagg's module of digests, which needs nothing else of zagg."""
    path = pathlib.Path(checkout) / "src/zagg/stats/tdigest.py"
    spec = importlib.util.spec_from_file_location("zagg_tdigest", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def table(arguments, rows):
    commit = subprocess.run(["git", "-C", arguments.zagg, "rev-parse", "HEAD"], capture_output=True, text=True)
    head = commit.stdout.strip()[:12] or "a copy"
    lines = [
        f"# What t-digests cost, {datetime.date.today()}",
        "",
        f"`benches/digests/run.py --cells {arguments.cells} --turns {arguments.turns}` with zagg's function of {head}: CPU seconds",
        "of one thread, the least of all turns; its docstring says what is in each. All digests are equal to the bit.",
        "",
        f"{os.cpu_count()} cores; load when it ended {os.getloadavg()[0]:.1f}.",
        "",
        "| photons | cells | delta | words | centroids | icefold, s | without, s | sort, s | zagg, s | alone, times as fast | whole runs |",
        "| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        words = "places and times" if row["told"] else ""
        alone, whole = ratios(row)
        lines.append(
            f"| {row['photons']} | {row['cells']} | {row['delta']} | {words} | {row['centroids']} | {row['icefold']:.2f} | "
            f"{row['without']:.2f} | {row['sort']:.3f} | {row['zagg']:.2f} | {alone:.1f} | {whole:.1f} |"
        )
    worst = min(ratios(row)[0] for row in rows)
    held = "held" if worst >= TARGET else "missed"
    lines += ["", f"The target, {TARGET} times zagg's own on the same cells, is {held} by digests alone: {worst:.1f} times at least."]
    for row in rows:
        if row["sort"] > row["zagg"] / TARGET:
            each = row["photons"] // row["cells"]
            lines.append(
                f"Of {each:,} photons a cell and delta {row['delta']} it is out of reach: numpy's sort alone takes {row['sort']:.3f} s, and a "
                f"{TARGET}th of zagg's time is {row['zagg'] / TARGET:.3f} s."
            )
    return "\n".join([*lines, ""])


def ratios(row):
    """How many times as fast digests alone are, and whole runs."""
    alone = max(row["icefold"] - row["without"], 1e-3)
    return row["zagg"] / alone, row["zagg"] / row["icefold"]


if __name__ == "__main__":
    main()
