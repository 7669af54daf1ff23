"""What rows and columns cost beside HEALPix: the same photons along the same tracks, on each grid in turns.

    cargo bench --no-run --bench engine
    python3 benches/rasters/run.py --record benches/record/MACHINE/YYYY-MM-DD-rasters
    python3 benches/rasters/run.py --photons 65536 --repeat 1                   # does it work?
    python3 benches/rasters/run.py --count                                      # instructions, on a machine that is busy

HEALPix of order 12, whose cells are 1.6 km wide, and cells of 1 km in EPSG:3413 (polar stereographic), 6933 (EASE-Grid 2.0),
3574 (Lambert's azimuthal) and 32622 (UTM). Photons are 0.7 m apart and go up and down between 66 and 76 degrees north.

- *locate* is from arrays in memory to the cell of each photon, *fold* to partials of five statistics of one column, on one
  thread: processor seconds, the least of all turns, in each of which every grid has its turn.
- *of HEALPix* is the rate beside that of HEALPix: 1 is as many photons a second.
- The target is 0.8 of HEALPix's rate where photons are located.

Before its first turn each grid is held to the reference: cells to those of photons that are located one by one, partials to
those of the plain fold, all of them to the bit; else there are no times, and the program exits 1. Needs Python and nothing
else; `--count` needs valgrind.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How many times HEALPix's rate rows and columns are to have.
TARGET = 0.8
GRIDS = ["HEALPix order 12", "EPSG:3413", "EPSG:6933", "EPSG:3574", "EPSG:32622"]


def main():
    arguments = parsed()
    engine = arguments.engine or newest()
    if arguments.count:
        return count(engine, arguments)
    command = [engine, "rasters", "--photons", arguments.photons, "--metres", arguments.metres, "--repeat", arguments.repeat]
    told = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if told.returncode:
        sys.exit(told.stderr)
    found = json.loads(told.stdout)
    found |= {
        "date": str(datetime.date.today()),
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "repeat": arguments.repeat,
    }
    for grid in found["grids"]:
        for what in ("locate", "fold"):
            grid[f"{what}_of_healpix"] = min(found["grids"][0][what]) / min(grid[what])
    text = table(found)
    print(text)
    if arguments.record:
        pathlib.Path(f"{arguments.record}.md").write_text(text)
        pathlib.Path(f"{arguments.record}.json").write_text(json.dumps(found, indent=1) + "\n")
    return 0


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", help="the program; the newest of target/release/deps otherwise")
    parser.add_argument("--photons", type=int, default=1 << 22)
    parser.add_argument("--metres", type=float, default=1000.0)
    parser.add_argument("--repeat", type=int, default=11)
    parser.add_argument("--record", help="the record's path without its ending: .md and .json are written")
    parser.add_argument("--count", action="store_true", help="count instructions of locate in place of times")
    return parser.parse_args()


def newest():
    """The program that was built last."""
    found = [path for path in (ROOT / "target/release/deps").glob("engine-*") if not path.suffix]
    if not found:
        sys.exit("there is no engine: build it with cargo bench --no-run --bench engine")
    return max(found, key=lambda path: path.stat().st_mtime)


def count(engine, arguments):
    """Prints instructions a photon: those of two repeats less those of one, so that making photons is left out."""
    first = None
    for grid in GRIDS:
        counts = []
        for repeat in (1, 2):
            with tempfile.NamedTemporaryFile() as out:
                command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", engine, "rasters", "--grid", grid]
                command += ["--photons", arguments.photons, "--metres", arguments.metres, "--repeat", repeat]
                told = subprocess.run([str(word) for word in command], capture_output=True, text=True)
                if told.returncode:
                    sys.exit(told.stderr)
                summary = next(line for line in pathlib.Path(out.name).read_text().splitlines() if line.startswith("summary:"))
                counts.append(int(summary.split()[1]))
        each = (counts[1] - counts[0]) / arguments.photons
        first = first or each
        print(f"{grid:<18} {each:7.2f} instructions a photon, {each / first:.2f} times HEALPix's")
    return 0


def table(found):
    lines = [
        f"# Rows and columns beside HEALPix, {found['date']}",
        "",
        f"`benches/rasters/run.py --photons {found['photons']} --repeat {found['repeat']}`: {found['photons']:,} photons 0.7 m apart,",
        f"cells of {found['metres']:g} m, {found['threads']} thread; processor seconds, the least of all turns, each grid in each turn. Cells",
        "and partials are those of the reference, to the bit; the docstring says what is in each.",
        "",
        f"{found['cores']} cores ({found['machine']}); load when it ended {found['load']}.",
        "",
        "| grid | cells | locate, million photons/s | of HEALPix | fold, million photons/s | of HEALPix |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for grid in found["grids"]:
        rates = {what: found["photons"] / min(grid[what]) / 1e6 for what in ("locate", "fold")}
        lines.append(
            f"| {grid['grid']} | {grid['cells']:,} | {rates['locate']:.0f} | {grid['locate_of_healpix']:.2f} | "
            f"{rates['fold']:.0f} | {grid['fold_of_healpix']:.2f} |"
        )
    worst = min(found["grids"], key=lambda grid: grid["locate_of_healpix"])
    held = "held" if worst["locate_of_healpix"] >= TARGET else "missed"
    lines += [
        "",
        f"The target, {TARGET} of HEALPix's rate where photons are located, is {held}: {worst['locate_of_healpix']:.2f} at least "
        f"({worst['grid']}).",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
