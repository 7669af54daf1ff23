"""One peer in a process of its own: the other end of `Contestant` in benches/peers/contest.py.

    python peer.py ADAPTER WORKLOAD-FOLDER THREADS TASK...

Loads and prepares, says so in one line of JSON, then runs one repeat per line of input (TASK
[ANSWER FOLDER]) and answers each with one line of JSON.
"""

import importlib
import importlib.metadata
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np


def load(folder, tasks):
    """The arrays that the tasks read, in memory of this process."""
    names = (["lon", "lat"] if "locate" in tasks else []) + (
        ["ids", "h"] if any(task != "locate" for task in tasks) else []
    )
    data = {name: np.load(folder / f"{name}.npy") for name in names}
    data["order"] = json.loads((folder / "workload.json").read_text())["cell_order"]
    return data


def say(**message):
    print(json.dumps(message), flush=True)


def main():
    name, folder, threads, *tasks = sys.argv[1:]
    adapter = importlib.import_module(f"adapters.{name}")
    state = adapter.prepare(load(Path(folder), tasks), int(threads), tasks)
    versions = {adapter.PACKAGE: importlib.metadata.version(adapter.PACKAGE)}
    say(ready=True, versions=versions, tolerance=adapter.TOLERANCE)
    for line in sys.stdin:
        task, *answer = line.rstrip("\n").split(" ", 1)
        start = time.perf_counter()
        result = adapter.run(state, task)
        seconds = time.perf_counter() - start
        if answer:
            target = Path(answer[0])
            target.mkdir(parents=True, exist_ok=True)
            for statistic, values in adapter.answer(state, task, result).items():
                np.save(target / f"{statistic}.npy", values)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        say(seconds=seconds, peak_rss_bytes=peak)
        del result


if __name__ == "__main__":
    main()
