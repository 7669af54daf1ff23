"""The right answer of a workload, by slow and plain means, and the comparison with an engine's.

Count, minimum and maximum must be equal to the last bit. Means, variances and quantiles may err by
what the engine's adapter declares, relative to the right value:

    error of a mean        |theirs - truth| / |truth|
    error of a variance    |theirs - truth| / (truth + (2^-24 max|h|)^2)
    error of a quantile    |theirs - truth| / |truth|

The term added to a variance is one rounding of the cell's own values to float32, squared: a
variance of photons that differ by less is not in the data.
"""

import numpy as np

STATISTICS = {
    "groupby": ("count", "min", "max", "mean", "var"),
    "minmax": ("count", "min", "max"),
    "count_only": ("count",),
    "quartiles": ("q25", "q50", "q75"),
}
STATISTICS["locate_groupby"] = STATISTICS["groupby"]
QUARTILES = {"q25": 0.25, "q50": 0.5, "q75": 0.75}
EXACT = ("count", "min", "max")
# Positions within rounding of an edge may go either way; a formula of its own for the latitude
# moves them by nanometres.
LOCATE_DIFFERENCES = 1e-4
LOCATE_DIFFERENCES_AT_POLES = 2e-3


def sort_keys(h):
    """f32 as u32 in the order of the values."""
    bits = h.view(np.uint32)
    return np.where(bits >> 31 == 1, ~bits, bits | np.uint32(1 << 31))


def from_sort_keys(keys):
    bits = np.where(keys >> 31 == 1, keys & np.uint32((1 << 31) - 1), ~keys)
    return bits.astype(np.uint32).view(np.float32)


def truth(folder):
    """Every statistic of a workload, ascending by id; kept beside the workload."""
    kept = folder / "truth.npz"
    if kept.exists():
        return dict(np.load(kept))
    ids = np.load(folder / "ids.npy")
    h = np.load(folder / "h.npy")
    cells, which, count = np.unique(ids, return_inverse=True, return_counts=True)
    answer = {"ids": cells, "count": count.astype(np.uint64)}
    # Sorting (cell, value) as one integer gives the quartiles' ranks and the extremes at once.
    order = np.sort(which.astype(np.uint64) << np.uint64(32) | sort_keys(h))
    values = from_sort_keys((order & np.uint64(0xFFFF_FFFF)).astype(np.uint32))
    starts = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64)
    if len(cells) == 0:
        for name in ("min", "max", "mean", "var", *QUARTILES):
            answer[name] = np.empty(0)
        return answer
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
    part = folder / "truth.part.npz"
    np.savez(part, **answer)
    part.rename(kept)
    return answer


def errors_of(task, theirs, truth):
    """The largest error of each statistic, or a complaint."""
    order = np.argsort(theirs["ids"], kind="stable")
    ids = theirs["ids"][order]
    if not np.array_equal(ids, truth["ids"]):
        return f"has {len(ids)} cells; {len(truth['ids'])} are right, or their ids differ"
    errors = {}
    largest = np.maximum(np.abs(truth["min"]), np.abs(truth["max"]))
    for name in STATISTICS[task]:
        right = truth[name].astype(np.float64)
        off = np.abs(theirs[name][order].astype(np.float64) - right)
        if name == "var":
            scale = right + (largest * 2.0**-24) ** 2
        elif name in EXACT:
            scale = np.ones_like(right)
        else:
            scale = np.abs(right)
        relative = np.divide(off, scale, out=np.zeros_like(off), where=off != 0)
        worst = float(relative.max()) if len(relative) else 0.0
        errors[name] = worst if worst == worst else float("inf")
    return errors


def check(task, theirs, folder, tolerance):
    """(verdict, errors): the verdict is "right", or says what is wrong."""
    if task == "locate":
        return check_locate(theirs, folder)
    errors = errors_of(task, theirs, truth(folder))
    if isinstance(errors, str):
        return errors, {}
    for name, error in errors.items():
        allowed = 0.0 if name in EXACT else tolerance[name if name in tolerance else "quantile"]
        if not error <= allowed:
            return f"{name} is off by {error:.1e}; {allowed:.0e} allowed", errors
    return "right", errors


def check_locate(theirs, folder):
    ours = np.load(folder / ("ids_sphere.npy" if theirs["sphere"] else "ids.npy"))
    if len(ours) == 0:
        return "right", {}
    differ = float((ours != theirs["ids"]).mean())
    at_poles = folder.name == "polar"
    allowed = LOCATE_DIFFERENCES_AT_POLES if at_poles else LOCATE_DIFFERENCES
    verdict = "right" if differ <= allowed else f"{differ:.1e} of ids differ"
    return verdict, {"differing ids": differ}
