"""NumPy: a stable argsort, then reductions of slices; sums in float64."""

import numpy as np

from adapters import columns_of, prefix, value_columns


def prepare(data, threads, tasks):
    return data


def grouped(ids, columns):
    """Ids, starts and counts of runs after a stable sort, and the columns in that order."""
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    starts = np.flatnonzero(np.append(len(ids) > 0, ids[1:] != ids[:-1]))[: len(ids)]
    count = np.diff(np.append(starts, len(ids)))
    return ids[starts], starts, count, [column[order] for column in columns]


def five(h, starts, count):
    if len(h) == 0:
        return dict.fromkeys(("min", "max", "mean", "var"), np.empty(0))
    mean = np.add.reduceat(h, starts, dtype=np.float64) / count
    deviations = h - np.repeat(mean, count)
    return {
        "min": np.minimum.reduceat(h, starts),
        "max": np.maximum.reduceat(h, starts),
        "mean": mean,
        "var": np.add.reduceat(deviations * deviations, starts) / count,
    }


def run(data, task):
    if task == "weighted":
        ids, starts, _, (h, s) = grouped(data["ids"], [data["h"], data["s"]])
        w = s.astype(np.float64)
        return {"ids": ids, "wmean": np.add.reduceat(h * w, starts) / np.add.reduceat(w, starts)}
    names = [] if task == "count_only" else columns_of(task)
    ids, starts, count, columns = grouped(data["ids"], [data[name] for name in names])
    result = {"ids": ids}
    if task in ("count_only", "minmax"):
        result["count"] = count
    for name, h in zip(names, columns):
        if task == "minmax":
            result |= {"min": np.minimum.reduceat(h, starts), "max": np.maximum.reduceat(h, starts)}
            continue
        result[prefix(task, name) + "count"] = count
        for statistic, values in five(h, starts, count).items():
            result[prefix(task, name) + statistic] = values
    return result


def answer(data, task, result):
    return result


__all__ = ["answer", "five", "grouped", "prepare", "run", "value_columns"]
