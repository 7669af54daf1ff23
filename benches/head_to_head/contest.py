"""Engines in processes of their own that take turns: A B C A B C, each on the same cores.

A process reads its arrays and prepares before the first clock starts, answers every task once
untimed (that answer is checked, and warms up), and is told when to run each timed repeat.
"""

import hashlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import truth

HERE = Path(__file__).resolve().parent
TIMEOUT = 300.0  # seconds, for one answer of an engine
# No engine has fewer timed repeats than this. One that is no contender has no more: others wait for
# it. That is once they took so many seconds, or its median is so many times that of the fastest.
LEAST_REPEATS = 5
BUDGET = 5.0
HOPELESS = 3.0


class Failed(Exception):
    """An engine ended, or did not answer in time."""


@dataclass
class Run:
    """What one engine did with one task on one workload."""

    workload: str
    engine: str
    task: str
    threads: int
    photons: int
    verdict: str = "right"
    errors: dict = field(default_factory=dict)
    seconds: list = field(default_factory=list)
    finished_seconds: list = field(default_factory=list)
    cpu_seconds: list = field(default_factory=list)
    kernel_seconds: list = field(default_factory=list)
    stages: dict = field(default_factory=dict)  # of the last repeat
    cells: int | None = None
    strategy: str | None = None
    resident_bytes: int | None = None  # before the first repeat, arrays read
    peak_rss_bytes: int | None = None  # since then
    sha256: str | None = None  # of the answer, ascending by cell

    def median(self, finished=False):
        times = self.finished_seconds if finished and self.finished_seconds else self.seconds
        return float(np.median(times)) if times else None

    def cpu(self):
        return float(np.median(self.cpu_seconds)) if self.cpu_seconds else None

    def spread(self):
        """Half the distance between the quartiles, relative to the median."""
        low, high = np.quantile(self.seconds, [0.25, 0.75])
        return float((high - low) / 2 / np.median(self.seconds))

    def enough(self, rivals):
        """Whether more repeats are not worth their time; `rivals` did the same task."""
        if len(self.seconds) < LEAST_REPEATS:
            return False
        fastest = min(rival.median() for rival in rivals if rival.seconds)
        return sum(self.seconds) > BUDGET or self.median() > HOPELESS * fastest


@dataclass(frozen=True)
class Entry:
    """One process on one workload: an engine, its tasks, its threads."""

    engine: object  # catalog.Engine
    tasks: tuple
    threads: int


class Contestant:
    """A process that serves repeats."""

    def __init__(self, entry, folder, tools):
        self.entry = entry
        self.log = tempfile.TemporaryFile("w+")
        engine = entry.engine
        if engine.kind == "program":
            program = tools["previous" if engine.needs == "previous" else "engine"]
            command = [program, "serve", "--workload", folder, "--threads", entry.threads]
            command += [*engine.flags, *(word for task in entry.tasks for word in ("--task", task))]
        else:
            command = [sys.executable, HERE / "peer.py", engine.adapter, folder, entry.threads]
            command += [engine.distribution, *entry.tasks]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            bufsize=1,
            env=environment(entry.threads, folder, tools),
            preexec_fn=lambda: hold_to_cores(entry.threads),
        )

    def hear(self):
        """The next line of the process."""
        ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.process.kill()
            self.log.seek(0)
            last = self.log.read().strip().splitlines()[-1:] or ["no message"]
            raise Failed(f"{'ended' if ready else 'no answer in time'}: {last[0]}")
        return json.loads(line)

    def repeat(self, task, answer=None):
        try:
            self.process.stdin.write(task + (f" {answer}" if answer else "") + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # hear() finds out why
        return self.hear()

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def hold_to_cores(count):
    """Keeps this process on its first cores, so that no engine has more than the others."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def environment(threads, folder, tools):
    """Every way in which a peer can be told its number of threads."""
    names = (
        "POLARS_MAX_THREADS",
        "RAYON_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "TOKIO_WORKER_THREADS",
    )
    return {
        **os.environ,
        **dict.fromkeys(names, str(threads)),
        "ICEFOLD_PROGRAM": str(tools.get("icefold", "icefold")),
        "NUMBA_CACHE_DIR": str(Path(folder).parent.parent / "numba"),
        "PYTHONWARNINGS": "ignore",
    }


COPIED = 1 << 26


def yardstick():
    """Seconds that this process takes to copy 64 MiB: what the machine does when icefold and its
    peers do nothing. Its spread over a run is the run's noise."""
    # Not zeros: their pages would be touched for the first time inside the clock.
    source, target = np.full(COPIED, 1, np.uint8), np.full(COPIED, 2, np.uint8)
    start = time.perf_counter()
    np.copyto(target, source)
    return time.perf_counter() - start


def contest(folder, about, entries, repeats, tools, say):
    """All entries on one workload, in turns. Gives back a Run for each entry and task, versions,
    and what the yardstick took before each turn."""
    # Worked out here, before any engine holds memory.
    for column in truth.columns_needed(task for entry in entries for task in entry.tasks):
        truth.truth(folder, column)
    contestants, runs, versions, copies = [], [], {}, []
    try:
        for entry in entries:
            contestants.append(Contestant(entry, folder, tools))
        live = []
        for contestant in contestants:
            added, found = first_answers(contestant, folder, about)
            versions.update(found)
            runs += added
            live += [(contestant, run) for run in added if run.verdict == "right"]
            for run in added:
                if run.verdict != "right":
                    say(f"{run.workload}: {run.engine} {run.task}: {run.verdict}")
        for _ in range(repeats):
            copies.append(yardstick())
            for task in dict.fromkeys(run.task for _, run in live):
                here = [(c, run) for c, run in live if run.task == task]
                rivals = [run for c, run in here if c.entry.engine.group == "peer"]
                for contestant, run in here:
                    ours = contestant.entry.engine.name == "icefold"
                    if run.verdict == "right" and (ours or not rivals or not run.enough(rivals)):
                        one_repeat(contestant, run)
    finally:
        for contestant in contestants:
            contestant.close()
    return runs, versions, copies


def one_repeat(contestant, run):
    try:
        told = contestant.repeat(run.task)
    except Failed as failure:
        run.verdict = str(failure)
        return
    run.seconds.append(told["seconds"])
    for name in ("finished_seconds", "cpu_seconds", "kernel_seconds"):
        if told.get(name) is not None:
            getattr(run, name).append(told[name])
    run.strategy = told.get("strategy") or run.strategy
    run.cells = told.get("cells") or run.cells
    run.stages = told.get("stages") or run.stages
    run.peak_rss_bytes = told["peak_rss_bytes"]


def first_answers(contestant, folder, about):
    """A Run for each task of a contestant, its answer checked."""
    entry = contestant.entry
    runs = [
        Run(folder.name, entry.engine.name, task, entry.threads, about["photons"])
        for task in entry.tasks
    ]
    try:
        hello = contestant.hear()
    except Failed as failure:
        for run in runs:
            run.verdict = str(failure)
        return runs, {}
    for run in runs:
        run.resident_bytes = hello.get("resident_bytes")
        try:
            theirs = answer_of(contestant, run.task, folder)
        except Failed as failure:
            run.verdict = str(failure)
            continue
        run.sha256 = digest(theirs)
        tolerance = entry.engine.tolerance
        run.verdict, run.errors = truth.check(run.task, theirs, folder, tolerance, about)
        run.cells = len(theirs["ids"]) if "ids" in theirs and run.task != "locate" else None
    return runs, hello["versions"]


def answer_of(contestant, task, folder):
    """The arrays that a contestant answers a task with, by name."""
    target = folder.parent.parent / "answer"
    shutil.rmtree(target, ignore_errors=True)
    contestant.repeat(task, answer=target)
    theirs = {path.stem: np.load(path) for path in target.glob("*.npy")}
    shutil.rmtree(target, ignore_errors=True)
    theirs.setdefault("sphere", False)
    return theirs


def digest(answer):
    """SHA-256 of all arrays, ascending by cell: equal where every bit is."""
    if "ids" not in answer:
        return None
    order = np.argsort(answer["ids"], kind="stable")
    sha = hashlib.sha256()
    for name in sorted(set(answer) - {"sphere"}):
        sha.update(name.encode())
        sha.update(np.ascontiguousarray(answer[name][order]).tobytes())
    return sha.hexdigest()
