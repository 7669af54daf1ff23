"""The regression guard: stages of the CPU backend as ratios to yardsticks of the same run, and, where
valgrind is, as instructions of small fixed inputs.

A time alone says little on a machine that others use. Processor time of one thread does not count what
the others take; the least of many turns is the one that was disturbed least; and its ratio to a copy
of memory, or to a plain fold, taken in the same turns, moves with the machine far less than either.
Instructions hardly move at all.
"""

import json
import re
import shutil
import statistics
import subprocess

import inputs

SCHEMA = 1
PHOTONS = 1_000_000
REPEATS = 11
THREADS = 1
WORKLOADS = ("shard12", "wide12", "shard12_shuffled", "wide12_shuffled")
# Stages that are bound by memory beside a copy; all else beside the plain fold.
BY_COPY = ("finish",)
# Counted by valgrind: stages of one thread, on an input that takes a second there.
COUNTED = (
    ("shard12", "fold"), ("wide12", "fold"), ("shard12_shuffled", "fold_blocks"),
    ("wide12_shuffled", "fold_sort"), ("wide12", "cells"), ("wide12_shuffled", "fold_cells"),
)
COUNTED_PHOTONS = 20_000
# Instructions are the same from run to run but for the allocator and the scheduler.
COUNT_FACTOR = 1.02


def ratios(workloads, arguments, tools):
    """{workload: {stage: ratio}}: the least processor time of the stage over that of its yardstick."""
    found = {}
    for name in WORKLOADS:
        folder, _ = inputs.make(workloads[name], arguments.data, PHOTONS, tools)
        command = [
            tools["engine"], "stages", "--workload", folder, "--threads", str(THREADS),
            "--repeat", str(REPEATS),
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"scripts/bench: {done.stderr.strip()}")
        told = json.loads(done.stdout)
        # Where the system does not tell processor time, wall time has to do.
        cpu = told["cpu_seconds"]
        seconds = cpu if None not in cpu["copy"] else told["seconds"]
        least = {stage: min(times) for stage, times in seconds.items()}
        found[name] = {
            stage: float(f"{time / least[yardstick(stage)]:.4g}")
            for stage, time in least.items()
            if stage not in ("copy", "reference")
        }
    return found


def yardstick(stage):
    return "copy" if stage in BY_COPY else "reference"


def instructions(workloads, arguments, tools):
    """{workload/stage: instructions of one run}, or None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    found = {}
    for name, stage in COUNTED:
        folder, _ = inputs.make(workloads[name], arguments.data, COUNTED_PHOTONS, tools)
        # What starting and reading costs is in both, and drops out.
        few, many = (count(tools["engine"], folder, stage, n) for n in (1, 3))
        found[f"{name}/{stage}"] = (many - few) // 2
    return found


def count(engine, folder, stage, repeats):
    command = [
        "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(engine), "stages",
        "--workload", str(folder), "--threads", "1", "--repeat", str(repeats), "--stage", stage,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        raise SystemExit(f"scripts/bench: valgrind: {done.stderr.strip()[-300:]}")
    return int(found[1])


def measure(workloads, arguments, tools):
    return {
        "schema": SCHEMA,
        "photons": PHOTONS,
        "counted_photons": COUNTED_PHOTONS,
        "threads": THREADS,
        "ratios": ratios(workloads, arguments, tools),
        "instructions": instructions(workloads, arguments, tools),
    }


def moved(before, after, factor):
    """(name, before, after, growth, failed) of everything that is in both."""
    rows = []
    for workload, stages in after["ratios"].items():
        olds = before["ratios"].get(workload, {})
        growths = {stage: ratio / olds[stage] for stage, ratio in stages.items() if olds.get(stage)}
        # Where most stages moved alike it was the yardstick: instructions tell whether it was not.
        common = statistics.median(growths.values()) if growths else 1.0
        for stage, growth in growths.items():
            failed = min(growth, growth / max(common, 1.0)) > factor
            rows.append((f"{workload}/{stage}", olds[stage], stages[stage], growth, failed))
    for name, number in (after["instructions"] or {}).items():
        old = (before["instructions"] or {}).get(name)
        if old:
            growth = number / old
            rows.append((f"{name}, instructions", old, number, growth, growth > COUNT_FACTOR))
    return rows


def table(rows):
    lines = [f"{'stage':<42} {'before':>14} {'now':>14} {'change':>8}"]
    for name, old, new, growth, failed in rows:
        moved_alike = not failed and growth > 1.25
        mark = "  SLOWER" if failed else ("  (most moved alike)" if moved_alike else "")
        mark = "  faster" if growth < 0.9 else mark
        lines.append(f"{name:<42} {old:>14g} {new:>14g} {growth - 1:>+8.1%}{mark}")
    return "\n".join(lines)


def main(arguments, workloads, tools, say):
    """The exit code: 1 where something is slower than the file says, 2 where it is no such file."""
    if arguments.guard:
        before = json.loads(arguments.guard.read_text())
        if before.get("schema") != SCHEMA or before.get("photons") != PHOTONS:
            say(f"{arguments.guard} is no file of this guard; write one with --guard-write")
            return 2
    after = measure(workloads, arguments, tools)
    if arguments.guard_write:
        arguments.guard_write.write_text(json.dumps(after, indent=1) + "\n")
        say(f"wrote {arguments.guard_write}")
    if not arguments.guard:
        return 0
    rows = moved(before, after, arguments.factor)
    failed = [row for row in rows if row[4]]
    if failed and any("instructions" not in row[0] for row in failed):
        say("some ratios grew: measuring once more, to tell a slow moment from a slow stage")
        after["ratios"] = {
            workload: {s: min(r, again[s]) for s, r in after["ratios"][workload].items()}
            for workload, again in ratios(workloads, arguments, tools).items()
        }
        rows = moved(before, after, arguments.factor)
    print(table(rows))
    failed = [row for row in rows if row[4]]
    for name, _, _, growth, _ in failed:
        say(f"{name} is {growth:.2f} times what it was")
    return 1 if failed else 0
