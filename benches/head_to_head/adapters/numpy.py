"""NumPy: a stable argsort, then reductions of slices; sums in float64. One thread."""

import numpy as np

PACKAGE = "numpy"
TOLERANCE = {"mean": 1e-9, "var": 1e-6}


def prepare(data, threads, tasks):
    return data["ids"], data["h"]


def run(state, task):
    ids, h = state
    order = np.argsort(ids, kind="stable")
    ids, h = ids[order], h[order]
    if len(ids) == 0:
        return {name: np.empty(0) for name in ("ids", "count", "min", "max", "mean", "var")}
    starts = np.concatenate([[0], np.flatnonzero(ids[1:] != ids[:-1]) + 1])
    count = np.diff(np.append(starts, len(ids)))
    mean = np.add.reduceat(h, starts, dtype=np.float64) / count
    deviations = h - np.repeat(mean, count)
    return {
        "ids": ids[starts],
        "count": count,
        "min": np.minimum.reduceat(h, starts),
        "max": np.maximum.reduceat(h, starts),
        "mean": mean,
        "var": np.add.reduceat(deviations * deviations, starts) / count,
    }


def answer(state, task, result):
    return result
