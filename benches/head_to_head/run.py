"""Runs icefold and its peers in turns on the same inputs, checks every answer, prints ratios.

Started by scripts/bench, which makes the environment. docs/BENCHMARKING.md says what the times
mean.
"""

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np

import bits
import catalog
import contest
import guard
import inputs
import record
import table

ROOT = record.ROOT
# Answers of icefold are checked on these whatever is timed.
CHECKED = ("one_cell", "all_distinct", "polar", "zipf", "uniform", "presorted", "empty")
EVERYTHING = ("locate", "locate_groupby", "groupby", "quartiles", "weighted", "minmax", "count_only")
BITS_PHOTONS = 1e6


def say(text):
    print(f"scripts/bench: {text}", file=sys.stderr, flush=True)


def day(text):
    return date.fromisoformat(text).isoformat()


def parse(workloads, engines):
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.split("\n")[0])
    add = parser.add_argument
    families = list(dict.fromkeys([w.family for w in workloads.values()] + list(workloads)))
    add("--quick", action="store_true", help="1e6 photons, questions with a target, fewer peers")
    add("--size", type=float, help="photons of each workload (default 1e7; quick: 1e6)")
    add("--largest", type=float, help="largest workload of the family `scaling` (default: the size)")
    add("--repeats", type=int, help="timed repeats (default 7; at least 5)")
    add("--threads", type=int, default=2, help="cores and threads of every engine (default 2)")
    add("--only", action="append", choices=families, help="workloads or families to run")
    add("--engines", help="engines beside icefold, by comma (default: all that are set up)")
    add("--previous", type=Path, help="engine program of an earlier icefold, timed beside this one")
    add("--engine", type=Path, help="engine program to use instead of building one")
    add("--icefold", type=Path, help="icefold program to use instead of building one")
    add("--data", type=Path, default=ROOT / "target" / "bench-data", help="where workloads are kept")
    add("--prepare", action="store_true", help="make the workloads and stop")
    add("--no-bits", action="store_true", help="leave out the comparison of bits")
    add("--date", type=day, help="YYYY-MM-DD: write a record of this date")
    add("--machine", help="name of the machine in the record (default: its CPU's model)")
    add("--overwrite", action="store_true", help="replace the record of that machine and date")
    add("--json", type=Path, help="write the record here instead")
    add("--guard", type=Path, help="compare stages with this file of the guard, and stop")
    add("--guard-write", type=Path, help="write such a file, and stop")
    add("--factor", type=float, default=1.25, help="--guard: growth of a ratio that fails")
    arguments = parser.parse_args()
    arguments.size = int(arguments.size or (1e6 if arguments.quick else 1e7))
    arguments.largest = int(arguments.largest or arguments.size)
    arguments.repeats = arguments.repeats or (5 if arguments.quick else 7)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if not 1 <= arguments.threads <= cores:
        parser.error(f"--threads {arguments.threads}: this machine has {cores} cores for it")
    if arguments.repeats < contest.LEAST_REPEATS:
        parser.error(f"--repeats {arguments.repeats}: at least {contest.LEAST_REPEATS}")
    if arguments.engines:
        unknown = set(arguments.engines.split(",")) - set(engines)
        if unknown:
            parser.error(f"no engine {', '.join(sorted(unknown))}; there are {', '.join(engines)}")
    return arguments


def build(arguments):
    """Paths of release builds of the engine and of the program."""
    tools = {"engine": arguments.engine, "icefold": arguments.icefold}
    if arguments.previous:
        tools["previous"] = arguments.previous
    if all(tools.values()):
        return tools
    command = ["cargo", "build", "--release", "--locked", "--bench", "engine", "--bin", "icefold"]
    say("building: " + " ".join(command))
    done = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit("scripts/bench: icefold does not build: see cargo's message above")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        name = message.get("target", {}).get("name")
        if message["reason"] == "compiler-artifact" and message["executable"] and name in tools:
            tools[name] = tools[name] or Path(message["executable"])
    return tools


def has_device(name, tools):
    done = subprocess.run([tools["icefold"], "devices", "--json"], capture_output=True, text=True)
    return done.returncode == 0 and json.loads(done.stdout).get(name, {}).get("available", False)


def entrants(engines, arguments, tools):
    """Engines that can run here; the others with the reason."""
    chosen = arguments.engines and arguments.engines.split(",")
    found, left_out = {}, []
    for engine in engines.values():
        if chosen and engine.name != "icefold" and engine.name not in chosen:
            continue
        missing = None
        if engine.needs in ("cuda", "wgpu") and not has_device(engine.needs, tools):
            missing = f"there is no {engine.needs} device here"
        elif engine.needs == "previous" and "previous" not in tools:
            missing = "no --previous was given"
        elif engine.kind == "python" and not installed(engine):
            missing = f"{engine.distribution} is not installed"
        if missing:
            left_out.append(f"{engine.name}: {missing}")
        else:
            found[engine.name] = engine
    return found, left_out


def installed(engine):
    try:
        return not engine.distribution or bool(importlib.metadata.version(engine.distribution))
    except importlib.metadata.PackageNotFoundError:
        return False


def questions_of(workload, arguments):
    return [q for q in workload.questions if q.quick or not arguments.quick]


def chosen_workloads(workloads, arguments):
    for workload in workloads.values():
        wanted = arguments.only
        if wanted and workload.name not in wanted and workload.family not in wanted:
            continue
        if (workload.photons or 0) > max(arguments.largest, arguments.size):
            continue
        if questions_of(workload, arguments):
            yield workload


def entries(workload, questions, engines, arguments, photons):
    """The processes that a workload needs: an engine's tasks with one number of threads."""
    found = {}
    for question in questions:
        for engine in engines.values():
            if question.task not in engine.tasks or photons > engine.largest:
                continue
            if question.engines and engine.name not in question.engines:
                continue
            asked = question.threads or arguments.threads
            threads = asked if engine.threads == "question" else engine.threads
            found.setdefault((engine.name, threads), []).append(question.task)
    return [
        contest.Entry(engines[name], tuple(dict.fromkeys(tasks)), threads)
        for (name, threads), tasks in found.items()
    ]


def enough_memory(entries, photons):
    """Whether the arrays of all processes fit, with room for what they make of them."""
    available = record.field_of("/proc/meminfo", "MemAvailable")
    needed = sum(60 * photons for _ in entries)
    return not available or needed < int(available.split()[0]) * 1024


def run_workload(workload, engines, arguments, tools, found):
    start = time.perf_counter()
    folder, about = inputs.make(workload, arguments.data, arguments.size, tools)
    if folder is None:
        found["left_out"].append(f"{workload.name}: its files are not here")
        return
    questions = questions_of(workload, arguments)
    here = entries(workload, questions, engines, arguments, about["photons"])
    if not enough_memory(here, about["photons"]):
        message = f"{workload.name}: {len(here)} engines do not fit in memory"
        found["left_out"].append(message)
        say(message)
        return
    runs, versions, copies = contest.contest(folder, about, here, arguments.repeats, tools, say)
    found["runs"] += runs
    found["versions"] |= versions
    found["copies"] += copies
    found["workloads"].append(
        {
            "name": workload.name,
            "family": workload.family,
            "about": workload.about,
            "answer": workload.answer,
            "input": workload.input,
            "vary": workload.vary,
            "photons": about["photons"],
            "cells": max((run.cells or 0 for run in runs), default=0),
            "bytes": about.get("bytes"),
        }
    )
    for question in questions:
        compared = table.compare(workload, question, runs, engines, arguments.threads)
        found["comparisons"] += [compared] if compared else []
    say(f"{workload.name}: {len(here)} processes, {time.perf_counter() - start:.0f} s")


def check_rest(workloads, engines, arguments, tools, found):
    """icefold's answers to everything, on the workloads that are odd."""
    for name in CHECKED:
        if arguments.only and name not in arguments.only:
            continue
        folder, about = inputs.make(workloads[name], arguments.data, arguments.size, tools)
        entry = contest.Entry(engines["icefold"], EVERYTHING, arguments.threads)
        runs, _, _ = contest.contest(folder, about, [entry], 0, tools, say)
        known = {(run.workload, run.task) for run in found["runs"] if run.engine == "icefold"}
        found["runs"] += [run for run in runs if (run.workload, run.task) not in known]
        say(f"{name}: {len(runs)} answers of icefold checked")


def compare_bits(workloads, chosen, engines, arguments, tools, found):
    size = min(arguments.size, BITS_PHOTONS)
    for pair in bits.PAIRS:
        if not chosen.issuperset(pair):
            continue
        folders = [inputs.make(workloads[n], arguments.data, size, tools)[0] for n in pair]
        for engine in engines.values():
            for task in bits.TASKS:
                if task in engine.tasks:
                    row = bits.compare(engine, task, folders, arguments.threads, tools)
                    found["bits"].append(row)
    say(f"bits of {len(found['bits'])} answers compared")


def noise_of(copies, load):
    low, high = np.quantile(copies, [0.25, 0.75]) if copies else (0, 0)
    median = float(np.median(copies)) if copies else 0.0
    return {
        "load_before": load,
        "load_after": [round(x, 2) for x in os.getloadavg()],
        "copy_bytes": contest.COPIED,
        "copy_median": median,
        "copy_spread": float((high - low) / 2 / median) if median else 0.0,
        "copy_seconds": copies,
    }


def main():
    workloads, engines = catalog.workloads(), catalog.engines()
    arguments = parse(workloads, engines)
    load = [round(x, 2) for x in os.getloadavg()]
    target = arguments.json
    if arguments.date and not target:
        where = {"machine": record.machine(arguments.machine), "date": arguments.date}
        target = record.place(where, arguments.overwrite)
    tools = build(arguments)
    if arguments.guard or arguments.guard_write:
        raise SystemExit(guard.main(arguments, workloads, tools, say))
    chosen = list(chosen_workloads(workloads, arguments))
    if arguments.prepare:
        for workload in chosen:
            print(inputs.make(workload, arguments.data, arguments.size, tools)[0])
        return
    start = time.perf_counter()
    here, left_out = entrants(engines, arguments, tools)
    found = {
        "runs": [], "comparisons": [], "versions": {}, "copies": [], "workloads": [], "bits": [],
        "left_out": left_out, "engines": [asdict(engine) for engine in here.values()],
    }
    for engine in found["engines"]:
        engine["largest"] = None if engine["largest"] == float("inf") else engine["largest"]
    for workload in chosen:
        run_workload(workload, here, arguments, tools, found)
    check_rest(workloads, here, arguments, tools, found)
    if not arguments.no_bits:
        compare_bits(workloads, {w.name for w in chosen}, here, arguments, tools, found)
    comparisons = found["comparisons"]
    made = record.make(
        arguments, found, table.as_records(comparisons), noise_of(found["copies"], load)
    )
    page = table.markdown(comparisons, found["runs"], made)
    print(page)
    if target:
        import plots

        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(record.text(made))
        shown = plots.draw(json.loads(target.read_text()), target)
        pictures = "\n".join(f"![{title}]({path.name})" for title, path in shown)
        target.with_suffix(".md").write_text(page + "\n" + pictures + "\n")
        say(f"recorded in {target}")
    say(f"done in {time.perf_counter() - start:.0f} s")
    ours_wrong = [
        run for run in found["runs"] if run.engine.startswith("icefold") and run.verdict != "right"
    ]
    if ours_wrong:
        say("icefold gave wrong answers:\n" + table.wrong(ours_wrong))
        raise SystemExit(1)


if __name__ == "__main__":
    main()
