"""One peer in a process of its own: the other end of `Contestant` in contest.py.

    python peer.py ADAPTER WORKLOAD-FOLDER THREADS DISTRIBUTION TASK...

Loads and prepares, says so in one line of JSON, then runs one repeat per line of input (TASK
[ANSWER FOLDER]) and answers each with one line of JSON. docs/BENCHMARKING.md describes the lines:
any program that speaks them can be an engine.
"""

import importlib
import importlib.metadata
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

import truth

GRANULES = ("decode", "store")


def load(folder, tasks):
    """What the tasks read, in memory of this process."""
    about = json.loads((folder / "workload.json").read_text())
    data = {"order": about["cell_order"], "scratch": str(folder)}
    if any(task in GRANULES for task in tasks):
        data |= {"granules": about["granules"], "pipeline": about["pipeline"]}
    arrays = []
    for task in tasks:
        if task in GRANULES:
            continue
        if task in ("locate", "locate_groupby"):
            arrays += ["lon", "lat"]
        if task not in ("locate", "locate_groupby"):
            arrays.append("ids")
        if task != "locate":
            arrays += truth.columns_of(task)
        if task == "weighted":
            arrays.append("s")
    return data | {name: np.load(folder / f"{name}.npy") for name in dict.fromkeys(arrays)}


def status(name):
    """A line of /proc/self/status in bytes, or None."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(name)]
    return int(found[0]) * 1024 if found else None


def forget_peak():
    """Lets the peak of resident memory start again from now, where Linux allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak():
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return max(status("VmHWM:") or 0, children) or None


def cpu_seconds():
    """Of all threads of this process, and of the processes that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def say(**message):
    print(json.dumps(message), flush=True)


def main():
    name, folder, threads, distribution, *tasks = sys.argv[1:]
    adapter = importlib.import_module(f"adapters.{name}")
    state = adapter.prepare(load(Path(folder), tasks), int(threads), tasks)
    known = {distribution: importlib.metadata.version(distribution)} if distribution else {}
    forget_peak()
    say(ready=True, versions=known, resident_bytes=status("VmRSS:"))
    for line in sys.stdin:
        task, *answer = line.rstrip("\n").split(" ", 1)
        cpu, start = cpu_seconds(), time.perf_counter()
        result = adapter.run(state, task)
        seconds = time.perf_counter() - start
        told = {"seconds": seconds, "cpu_seconds": cpu_seconds() - cpu, "peak_rss_bytes": peak()}
        if hasattr(adapter, "kernel_seconds"):
            told["kernel_seconds"] = adapter.kernel_seconds(state)
        if answer:
            target = Path(answer[0])
            target.mkdir(parents=True, exist_ok=True)
            for statistic, values in adapter.answer(state, task, result).items():
                np.save(target / f"{statistic}.npy", values)
        del result
        say(**told)
    if hasattr(adapter, "close"):
        adapter.close(state)


if __name__ == "__main__":
    main()
