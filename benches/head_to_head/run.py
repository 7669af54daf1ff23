"""Runs icefold and its peers in turns on the same arrays, checks every answer, prints ratios.

Started by scripts/bench, which makes the environment. docs/BENCHMARKING.md says what the times
mean.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import contest
import plan
import record
import table
import truth
import workloads

ROOT = record.ROOT
OURS = "icefold"


def say(text):
    print(f"scripts/bench: {text}", file=sys.stderr, flush=True)


def day(text):
    return date.fromisoformat(text).isoformat()


def parse():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="1e6 photons, rows with a target, fewer peers")
    add("--size", type=float, help="photons of each workload (default 1e7; quick: 1e6)")
    add("--repeats", type=int, help="timed repeats (default 7; quick: 5)")
    add("--threads", type=int, default=2, help="cores and threads of every engine (default 2)")
    add("--only", action="append", choices=list(workloads.WORKLOADS), help="workloads to run")
    add("--engines", help="peers to run, by comma (default all)")
    add("--strategy", action="append", default=[], help="also time icefold with this strategy")
    add("--previous", type=Path, help="engine program of an earlier icefold, timed beside this one")
    add("--engine", type=Path, help="engine program to use instead of building one")
    add("--data", type=Path, default=ROOT / "target" / "bench-data", help="where workloads are kept")
    add("--prepare", action="store_true", help="make the workloads and stop")
    add("--date", type=day, help="YYYY-MM-DD: write a record of this date")
    add("--machine", help="name of the machine in the record (default: its CPU's model)")
    add("--overwrite", action="store_true", help="replace the record of that machine and date")
    add("--json", type=Path, help="write the record here instead")
    arguments = parser.parse_args()
    arguments.size = int(arguments.size or (1e6 if arguments.quick else 1e7))
    arguments.repeats = arguments.repeats or (5 if arguments.quick else 7)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if not 1 <= arguments.threads <= cores:
        parser.error(f"--threads {arguments.threads}: this machine has {cores} cores for it")
    peers = [*plan.GROUPERS, *plan.LOCATORS]
    if arguments.engines is None:
        left_out = plan.SLOW if arguments.quick else ()
        arguments.engines = [peer for peer in peers if peer not in left_out]
    else:
        arguments.engines = arguments.engines.split(",")
        unknown = set(arguments.engines) - set(peers)
        if unknown:
            parser.error(f"no engine {', '.join(sorted(unknown))}; there are {', '.join(peers)}")
    return arguments


def build():
    """The release build of benches/engine."""
    command = ["cargo", "build", "--release", "--locked", "--bench", "engine"]
    say("building the engine: " + " ".join(command))
    done = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit("scripts/bench: the engine does not build: see cargo's message above")
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    programs = [
        message["executable"]
        for message in messages
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == "engine"
    ]
    return Path(programs[-1])


def binaries(arguments):
    """icefold's entrants: name to program and flags."""
    engine = arguments.engine or build()
    found = {OURS: [engine]}
    for strategy in arguments.strategy:
        found[f"{OURS}-{strategy}"] = [engine, "--strategy", strategy]
    if arguments.previous:
        found[f"{OURS}-previous"] = [arguments.previous]
    return found


def run_rows(arguments, programs):
    """Every contest: runs, and the versions of the engines."""
    rows = plan.QUICK if arguments.quick else plan.FULL
    rows = [row for row in rows if not arguments.only or row.workload in arguments.only]
    runs, versions = [], {}
    for name in plan.unique(row.workload for row in rows):
        start = time.perf_counter()
        folder = workloads.make(name, arguments.data, arguments.size, programs[OURS][0])
        entries = plan.entries(
            [row for row in rows if row.workload == name],
            list(programs),
            arguments.threads,
            arguments.engines,
        )
        added, found = contest.contest(folder, entries, arguments.repeats, programs, say)
        runs += added
        versions |= found
        say(f"{name}: {len(entries)} processes, {time.perf_counter() - start:.0f} s")
    comparisons = [table.compare(row, runs, arguments.threads) for row in rows]
    return runs, [c for c in comparisons if c], versions


def check_rest(arguments, programs, timed):
    """icefold's answers on workloads that nothing is timed on."""
    names = [n for n in plan.CHECKED if n not in timed and n in (arguments.only or plan.CHECKED)]
    runs = []
    tasks = ("locate", "locate_groupby", *truth.STATISTICS)
    for name in names:
        folder = workloads.make(name, arguments.data, arguments.size, programs[OURS][0])
        entry = plan.Entry(OURS, plan.unique(tasks), arguments.threads)
        runs += contest.check_only(folder, [entry], programs, say)
    return runs


def main():
    arguments = parse()
    load = [round(x, 2) for x in os.getloadavg()]
    if arguments.date and not arguments.json:
        where = {"machine": record.machine(arguments.machine), "date": arguments.date}
        target = record.place(where, arguments.overwrite)
    else:
        target = arguments.json
    programs = binaries(arguments)
    if arguments.prepare:
        for name in arguments.only or workloads.WORKLOADS:
            print(workloads.make(name, arguments.data, arguments.size, programs[OURS][0]))
        return
    start = time.perf_counter()
    runs, comparisons, versions = run_rows(arguments, programs)
    runs += check_rest(arguments, programs, {run.workload for run in runs})
    made = record.make(arguments, runs, table.as_records(comparisons), versions, load)
    page = table.markdown(comparisons, runs, made)
    print(page)
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(record.text(made))
        target.with_suffix(".md").write_text(page)
        say(f"recorded in {target}")
    say(f"done in {time.perf_counter() - start:.0f} s")
    ours_wrong = [run for run in runs if run.engine.startswith(OURS) and run.verdict != "right"]
    if ours_wrong:
        say("icefold gave wrong answers:\n" + table.wrong(ours_wrong))
        raise SystemExit(1)


if __name__ == "__main__":
    main()
