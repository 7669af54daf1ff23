"""The right answer of a workload, by slow and plain means, and the comparison with an engine's.

Count, minimum and maximum must be equal to the last bit. Means, variances and quantiles may err by
what the engine's file declares, relative to the right value:

    error of a mean        |theirs - truth| / |truth|
    error of a variance    |theirs - truth| / (truth + (2^-24 max|h|)^2)
    error of a quantile    |theirs - truth| / |truth|

The term added to a variance is one rounding of the cell's own values to float32, squared: a
variance of photons that differ by less is not in the data.

A mean may also err by `absolute` where the engine's file declares it: a unit of fixed-point sums, which
is much of a mean near 0.

An engine that locates photons by itself may declare `edge`: the share of photons that may lie in
cells whose count differs, because a position within rounding of an edge may fall either way. Those
cells are left out of the other comparisons.
"""

import numpy as np

FIVE = ("count", "min", "max", "mean", "var")
QUARTILES = {"q25": 0.25, "q50": 0.5, "q75": 0.75}
STATISTICS = {
    "groupby": FIVE,
    "locate_groupby": FIVE,
    "store": FIVE,
    "minmax": ("count", "min", "max"),
    "count_only": ("count",),
    "quartiles": tuple(QUARTILES),
    "weighted": ("wmean",),
}
SEVERAL = {"groupby2": 2, "groupby4": 4, "groupby8": 8}
EXACT = ("count", "min", "max")
# Tasks in which an engine finds cells by itself and groups by them.
LOCATING = ("locate_groupby", "store")
# Positions within rounding of an edge may go either way; a formula of its own for the latitude
# moves them by nanometres.
LOCATE_DIFFERENCES = 1e-4
LOCATE_DIFFERENCES_AT_POLES = 2e-3


def columns_of(task):
    """The columns that a task aggregates."""
    return ["h", *(f"h{i}" for i in range(1, SEVERAL.get(task, 1)))]


def statistics_of(task):
    """(name, column, statistic) of every array of a task's answer."""
    if task in SEVERAL:
        return [(f"{c}_{s}", c, s) for c in columns_of(task) for s in FIVE]
    return [(s, "h", s) for s in STATISTICS[task]]


def columns_needed(tasks):
    """The columns whose statistics some tasks ask for."""
    grouping = [task for task in tasks if task in STATISTICS or task in SEVERAL]
    return list(dict.fromkeys(column for task in grouping for column in columns_of(task)))


def sort_keys(h):
    """f32 as u32 in the order of the values."""
    bits = h.view(np.uint32)
    return np.where(bits >> 31 == 1, ~bits, bits | np.uint32(1 << 31))


def from_sort_keys(keys):
    bits = np.where(keys >> 31 == 1, keys & np.uint32((1 << 31) - 1), ~keys)
    return bits.astype(np.uint32).view(np.float32)


def truth(folder, column="h"):
    """Every statistic of a column, ascending by id; kept beside the workload."""
    kept = folder / f"truth_{column}.npz"
    if kept.exists():
        return dict(np.load(kept))
    ids = np.load(folder / "ids.npy")
    h = np.load(folder / f"{column}.npy")
    answer = statistics(ids, h)
    weights = folder / "s.npy"
    if column == "h" and weights.exists():
        answer["wmean"] = weighted(ids, h, np.load(weights))
    part = folder / "truth.part.npz"
    np.savez(part, **answer)
    part.rename(kept)
    return answer


def statistics(ids, h):
    cells, which, count = np.unique(ids, return_inverse=True, return_counts=True)
    answer = {"ids": cells, "count": count.astype(np.uint64)}
    if len(cells) == 0:
        empty = dict.fromkeys(("min", "max", "mean", "var", *QUARTILES), np.empty(0))
        return answer | empty
    # Sorting (cell, value) as one integer gives the quartiles' ranks and the extremes at once.
    order = np.sort(which.astype(np.uint64) << np.uint64(32) | sort_keys(h))
    values = from_sort_keys((order & np.uint64(0xFFFF_FFFF)).astype(np.uint32))
    starts = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    answer["min"] = values[starts].astype(np.float64)
    answer["max"] = values[starts + count - 1].astype(np.float64)
    wide = values.astype(np.longdouble)
    mean = np.add.reduceat(wide, starts) / count
    deviations = wide - np.repeat(mean, count)
    answer["mean"] = mean.astype(np.float64)
    answer["var"] = (np.add.reduceat(deviations**2, starts) / count).astype(np.float64)
    for name, q in QUARTILES.items():
        place = (count - 1) * q
        rank = np.floor(place).astype(np.int64)
        low = values[starts + rank].astype(np.float64)
        high = values[starts + np.minimum(rank + 1, count - 1)].astype(np.float64)
        answer[name] = low + (high - low) * (place - rank)
    return answer


def weighted(ids, h, s):
    if len(ids) == 0:
        return np.empty(0)
    order = np.argsort(ids, kind="stable")
    ids, h, s = ids[order], h[order].astype(np.longdouble), s[order].astype(np.longdouble)
    starts = np.concatenate([[0], np.flatnonzero(ids[1:] != ids[:-1]) + 1])
    return (np.add.reduceat(h * s, starts) / np.add.reduceat(s, starts)).astype(np.float64)


def aligned(theirs, right, edge):
    """Places of their cells and of the right ones that are compared, or a complaint."""
    order = np.argsort(theirs["ids"], kind="stable")
    ids = theirs["ids"][order]
    if np.array_equal(ids, right["ids"]):
        if not edge:
            return order, slice(None)
        cells = np.arange(len(ids))
    elif not edge:
        return f"has {len(ids)} cells; {len(right['ids'])} are right, or their ids differ"
    _, mine, cells = np.intersect1d(ids, right["ids"], return_indices=True)
    order = order[mine]
    same = theirs["count"][order] == right["count"][cells]
    order, cells = order[same], cells[same]
    lost = 1 - right["count"][cells].sum() / max(1, right["count"].sum())
    if lost > edge:
        return f"{lost:.1e} of photons lie in cells whose count differs; {edge:.0e} allowed"
    return order, cells


def errors_of(task, theirs, folder, edge, absolute):
    """The largest relative error of each statistic, and the largest of what is beyond `absolute` in
    means; or a complaint."""
    errors, beyond = {}, {}
    for name, column, statistic in statistics_of(task):
        right = truth(folder, column)
        if name not in theirs:
            return f"has no {name}"
        places = aligned(theirs, right, edge)
        if isinstance(places, str):
            return places
        order, cells = places
        correct = right[statistic].astype(np.float64)[cells]
        off = np.abs(theirs[name][order].astype(np.float64) - correct)
        if statistic == "var":
            largest = np.maximum(np.abs(right["min"]), np.abs(right["max"]))[cells]
            scale = correct + (largest * 2.0**-24) ** 2
        elif statistic in EXACT:
            scale = np.ones_like(correct)
        else:
            scale = np.abs(correct)
        errors[name] = worst_of(off, scale)
        beyond[name] = errors[name]
        if statistic == "mean" and absolute:
            beyond[name] = worst_of(np.maximum(off - absolute, 0.0), scale)
    return errors, beyond


def worst_of(off, scale):
    relative = np.divide(off, scale, out=np.zeros_like(off), where=off != 0)
    worst = float(relative.max()) if len(relative) else 0.0
    return worst if worst == worst else float("inf")


def allowed_of(name, task, tolerance):
    statistic = name.rpartition("_")[2] if task in SEVERAL else name
    if statistic in EXACT:
        return 0.0
    return tolerance.get("quantile" if statistic in QUARTILES else statistic, 0.0)


def check(task, theirs, folder, tolerance, about):
    """(verdict, errors): the verdict is "right", or says what is wrong. `about` is the workload's
    description."""
    if task == "inflate":
        return "right", {}
    if task == "decode":
        return check_sums(theirs, about["sums"])
    if task == "locate":
        return check_locate(theirs, folder)
    edge = tolerance.get("edge", 0.0) if task in LOCATING else 0.0
    found = errors_of(task, theirs, folder, edge, tolerance.get("absolute", 0.0))
    if isinstance(found, str):
        return found, {}
    errors, beyond = found
    for name, error in beyond.items():
        allowed = allowed_of(name, task, tolerance)
        if not error <= allowed:
            return f"{name} is off by {error:.1e}; {allowed:.0e} allowed", errors
    return "right", errors


def check_sums(theirs, right):
    """Photons, and sums of the bits of their columns."""
    found = {name: int(theirs[name][0]) for name in right if name in theirs}
    verdict = "right" if found == right else f"sums are {found}, {right} are right"
    return verdict, {}


def check_locate(theirs, folder):
    ours = np.load(folder / ("ids_sphere.npy" if theirs["sphere"] else "ids.npy"))
    if len(ours) == 0:
        return "right", {}
    differ = float((ours != theirs["ids"]).mean())
    at_poles = folder.name == "polar"
    allowed = LOCATE_DIFFERENCES_AT_POLES if at_poles else LOCATE_DIFFERENCES
    verdict = "right" if differ <= allowed else f"{differ:.1e} of ids differ"
    return verdict, {"differing ids": differ}
