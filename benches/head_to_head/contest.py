"""Engines in processes of their own that take turns: A B C A B C, each on the same cores.

A process reads its arrays and prepares before the first clock starts, answers every task once
untimed (that answer is checked, and warms up), and is told when to run each timed repeat.
"""

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
TIMEOUT = 120.0  # seconds, for one answer of an engine
# An engine has had enough after so many repeats, once they took so many seconds or its median is so
# many times that of the fastest: it is no contender, and others wait for it.
LEAST_REPEATS = 3
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
    verdict: str = "right"
    errors: dict = field(default_factory=dict)
    seconds: list = field(default_factory=list)
    finished_seconds: list = field(default_factory=list)
    cells: int | None = None
    strategy: str | None = None
    peak_rss_bytes: int | None = None

    def median(self, finished=False):
        times = self.finished_seconds if finished and self.finished_seconds else self.seconds
        return float(np.median(times)) if times else None

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


class Contestant:
    """A process that serves repeats."""

    def __init__(self, entry, folder, binaries):
        self.entry = entry
        self.log = tempfile.TemporaryFile("w+")
        if entry.engine in binaries:
            program, *flags = binaries[entry.engine]
            command = [program, "serve", "--workload", folder, "--threads", str(entry.threads)]
            command += flags + [word for task in entry.tasks for word in ("--task", task)]
        else:
            peer = HERE / "peer.py"
            command = [sys.executable, peer, entry.engine, folder, str(entry.threads)]
            command += entry.tasks
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            bufsize=1,
            env=environment(entry.threads, folder),
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


def environment(threads, folder):
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
        "NUMBA_CACHE_DIR": str(Path(folder).parent.parent / "numba"),
        "PYTHONWARNINGS": "ignore",
    }


def contest(folder, entries, repeats, binaries, say):
    """All entries on one workload, in turns; a Run for each entry and task."""
    truth.truth(folder)  # worked out here, before any engine holds memory
    contestants, runs, versions = [], [], {}
    try:
        for entry in entries:
            contestants.append(Contestant(entry, folder, binaries))
        live = []
        for contestant in contestants:
            added, found = first_answers(contestant, folder)
            versions.update(found)
            runs += added
            live += [(contestant, run) for run in added if run.verdict == "right"]
            for run in added:
                if run.verdict != "right":
                    say(f"{run.workload}: {run.engine} {run.task}: {run.verdict}")
        tasks = list(dict.fromkeys((run.task, run.threads) for _, run in live))
        for _ in range(repeats):
            for task in tasks:
                here = [pair for pair in live if (pair[1].task, pair[1].threads) == task]
                rivals = [run for _, run in here if run.engine not in binaries]
                for contestant, run in here:
                    ours = run.engine in binaries
                    if run.verdict == "right" and (ours or not run.enough(rivals)):
                        one_repeat(contestant, run)
    finally:
        for contestant in contestants:
            contestant.close()
    return runs, versions


def one_repeat(contestant, run):
    try:
        told = contestant.repeat(run.task)
    except Failed as failure:
        run.verdict = str(failure)
        return
    run.seconds.append(told["seconds"])
    if "finished_seconds" in told:
        run.finished_seconds.append(told["finished_seconds"])
    run.strategy = told.get("strategy")
    run.cells = told.get("cells", run.cells)
    run.peak_rss_bytes = told["peak_rss_bytes"]


def first_answers(contestant, folder):
    """A Run for each task of a contestant, its answer checked."""
    entry = contestant.entry
    runs = [Run(folder.name, entry.engine, task, entry.threads) for task in entry.tasks]
    try:
        hello = contestant.hear()
    except Failed as failure:
        for run in runs:
            run.verdict = str(failure)
        return runs, {}
    tolerance = hello.get("tolerance", OURS)
    for run in runs:
        target = folder.parent.parent / "answer"
        shutil.rmtree(target, ignore_errors=True)
        try:
            contestant.repeat(run.task, answer=target)
        except Failed as failure:
            run.verdict = str(failure)
            continue
        theirs = {path.stem: np.load(path) for path in target.glob("*.npy")}
        theirs.setdefault("sphere", False)
        run.verdict, run.errors = truth.check(run.task, theirs, folder, tolerance)
        shutil.rmtree(target)
    return runs, hello["versions"]


# Exact sums, rounded once; what remains is the error of the truth's own 80-bit sums, and of
# holding heights in units of 2^-34 m.
OURS = {"mean": 1e-12, "var": 1e-9, "quantile": 0.0}


def check_only(folder, entries, binaries, say):
    """Answers checked, nothing timed."""
    start = time.perf_counter()
    runs, _ = contest(folder, entries, 0, binaries, say)
    say(f"{folder.name}: {len(runs)} answers checked in {time.perf_counter() - start:.1f} s")
    return runs
