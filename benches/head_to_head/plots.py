"""Pictures of a record: throughput by engine, scaling, cells, columns, errors.

    python plots.py RECORD.json     draws them again, beside the record
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter

from table import TITLES

OURS, PEER, OTHER = "#0b6e4f", "#8d99ae", "#d4a373"
LINES = [OURS, "#c1121f", "#1d4ed8", "#f77f00", "#7b2cbf", "#2a9d8f", "#6c757d", "#b5838d", "#000000"]
# Of one picture: what it shows at a glance, not every question.
SHOWN = (
    ("locate_groupby", ("shard12", "wide12", "shard12_shuffled")),
    ("groupby", ("shard12", "shard19", "wide12")),
    ("groupby", ("shard12_shuffled", "wide12_shuffled", "zipf")),
    ("quartiles", ("shard12", "shard19", "wide12")),
    ("weighted", ("shard12", "wide12")),
    ("locate", ("shard12", "shard12_shuffled", "uniform")),
    ("decode", ("granule_unshuffled", "granule_shuffled")),
    ("store", ("granule_unshuffled", "granule_shuffled", "granules_demo")),
)
plt.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "figure.dpi": 110,
        "svg.hashsalt": "icefold",
    }
)


def timed(record, task, workloads=None):
    """Runs with a time, of these workloads; those of icefold that fix a strategy are left out."""
    skipped = ("icefold_runs", "icefold_blocks", "icefold_sort", "icefold_1thread")
    return [
        run
        for run in record["runs"]
        if run["task"] == task and run["seconds"] and run["engine"] not in skipped
        and (workloads is None or run["workload"] in workloads)
    ]


def color(engine, groups):
    if engine.startswith("icefold"):
        return OURS
    return PEER if groups.get(engine) == "peer" else OTHER


def caption(figure, record):
    machine = record["machine"]
    figure.text(
        0.01, 0.005,
        f"{machine['cpu']}, {record['threads']} threads, {record['date'] or 'no date'}; medians of "
        f"{record['repeats']} turns, of slow engines of 5",
        fontsize=7, color="#555555",
    )


def throughput(record, groups, target):
    """Bars: million photons a second by engine, a row of panels for each task."""
    rows = []
    for task, workloads in SHOWN:
        found = [w for w in workloads if timed(record, task, [w])]
        if found:
            rows.append((task, found))
    if not rows:
        return None
    columns = max(len(found) for _, found in rows)
    heights = [max(len(timed(record, t, [w])) for w in found) for t, found in rows]
    figure, axes = plt.subplots(
        len(rows), columns, squeeze=False, figsize=(4.6 * columns, 0.24 * sum(heights) + 1.1 * len(rows)),
        gridspec_kw={"height_ratios": heights},
    )
    for line, (task, found) in zip(axes, rows):
        for axis, workload in zip(line, found):
            bars(axis, record, groups, task, workload)
        for axis in line[len(found):]:
            axis.set_visible(False)
    figure.suptitle("Million photons per second (longer is faster)", x=0.01, ha="left", weight="bold")
    caption(figure, record)
    figure.tight_layout(rect=(0, 0.015, 1, 0.985))
    return save(figure, target, "throughput")


def seconds_of(run):
    """The median that is compared: for quartiles, the finished answer's."""
    if run["task"] == "quartiles" and run["finished_seconds"]:
        return float(np.median(run["finished_seconds"]))
    return run["median"]


def bars(axis, record, groups, task, workload):
    runs = sorted(timed(record, task, [workload]), key=seconds_of)
    names = [run["engine"] for run in runs]
    rates = [run["photons"] / seconds_of(run) / 1e6 for run in runs]
    axis.barh(names, rates, color=[color(name, groups) for name in names], height=0.75)
    axis.set_xlim(0, max(rates) * 1.25)
    axis.invert_yaxis()
    for place, (rate, run) in enumerate(zip(rates, runs)):
        noisy = f"  (spread {run['spread']:.0%})" if run["spread"] and run["spread"] > 0.1 else ""
        axis.text(rate + max(rates) * 0.01, place, f"{rate:.3g}{noisy}", va="center", fontsize=7)
    axis.set_title(f"{TITLES[task]}: {workload}")
    axis.tick_params(axis="y", length=0)


def curves(record, family, target, name, what):
    """Lines over a parameter: seconds per million photons by engine, a panel for each task."""
    workloads = [w for w in record["workloads"] if w["family"] == family]
    if len(workloads) < 2:
        return None
    place = {w["name"]: (w["vary"][1] if w["vary"] else w["photons"]) for w in workloads}
    tasks = [t for t in ("groupby", "locate_groupby") if timed(record, t, place)]
    figure, axes = plt.subplots(1, len(tasks), squeeze=False, figsize=(6.2 * len(tasks), 4.2))
    for axis, task in zip(axes[0], tasks):
        lines = {}
        for run in record["runs"]:
            if run["task"] == task and run["workload"] in place and run["seconds"]:
                rate = run["photons"] / run["median"] / 1e6
                lines.setdefault(run["engine"], []).append((place[run["workload"]], rate))
        draw_lines(axis, lines)
        axis.set_title(f"{TITLES[task]}: million photons per second")
        axis.set_xlabel(what)
    caption(figure, record)
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    return save(figure, target, name)


def draw_lines(axis, lines):
    order = sorted(lines, key=lambda engine: (not engine.startswith("icefold"), engine))
    ends = []
    for engine, tone in zip(order, LINES * 3):
        points = sorted(lines[engine])
        wide = 2.4 if engine == "icefold" else 1.3
        axis.plot(*zip(*points), marker="o", markersize=3.5, color=tone, linewidth=wide)
        ends.append([points[-1], engine, tone])
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.grid(alpha=0.25, which="major")
    axis.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.yaxis.set_minor_formatter(FuncFormatter(lambda x, _: ""))
    axis.margins(x=0.05)
    # Names stand beside the ends of their lines, moved apart where lines end together.
    ends.sort(key=lambda end: end[0][1])
    last = None
    right = max(end[0][0] for end in ends)
    for (_, rate), engine, tone in ends:
        at = rate if last is None else max(rate, last * 1.17)
        last = at
        axis.annotate(engine, (right, at), xytext=(8, 0), textcoords="offset points", color=tone, fontsize=8, va="center", annotation_clip=False)


def columns(record, target):
    """Bars in groups: the cost of two, four and eight columns against one."""
    tasks = ["groupby", "groupby2", "groupby4", "groupby8"]
    lines = {}
    for run in record["runs"]:
        if run["workload"] == "columns" and run["task"] in tasks and run["seconds"]:
            count = int(run["task"].removeprefix("groupby") or 1)
            lines.setdefault(run["engine"], []).append((count, run["median"] / run["photons"] * 1e9))
    if not lines:
        return None
    figure, axis = plt.subplots(figsize=(6.2, 4.2))
    draw_lines(axis, lines)
    axis.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
    axis.xaxis.set_minor_formatter(FuncFormatter(lambda x, _: ""))
    axis.set_title("group-by from ids: nanoseconds per photon (lower is faster)")
    axis.set_xlabel("columns of values")
    caption(figure, record)
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    return save(figure, target, "columns")


def errors(record, groups, target):
    """Dots: the worst error of each engine's mean and variance over all workloads."""
    worst = {}
    for run in record["runs"]:
        for name, error in run["errors"].items():
            statistic = name.rpartition("_")[2]
            if statistic in ("mean", "var", "wmean", "q25", "q50", "q75"):
                statistic = "quartile" if statistic[0] == "q" else statistic
                place = worst.setdefault(run["engine"], {})
                place[statistic] = max(place.get(statistic, 0.0), error)
    worst = {e: found for e, found in worst.items() if found and e in groups}
    if not worst:
        return None
    kinds = ["mean", "var", "wmean", "quartile"]
    titles = ["mean", "variance", "weighted mean", "quartiles"]
    floor = 1e-18
    engines = sorted(worst, key=lambda e: (not e.startswith("icefold"), e), reverse=True)
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(12.5, 0.27 * len(engines) + 1.2))
    for axis, kind, title in zip(axes, kinds, titles):
        for place, engine in enumerate(engines):
            if kind not in worst[engine]:
                continue
            error = worst[engine][kind]
            tone = color(engine, groups)
            axis.plot([floor, max(error, floor)], [place, place], color=tone, linewidth=1.2)
            axis.plot(max(error, floor), place, "o", color=tone, markersize=5)
            shown = "0" if error == 0 else f"{error:.0e}"
            axis.text(max(error, floor) * 3, place, shown, va="center", fontsize=7)
        axis.set_xscale("log")
        axis.set_xlim(floor / 2, 1e-2)
        axis.set_xticks([1e-18, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3], ["0", "1e-15", "1e-12", "1e-9", "1e-6", "1e-3"])
        axis.xaxis.set_minor_formatter(FuncFormatter(lambda x, _: ""))
        axis.set_title(title)
        axis.grid(alpha=0.25, axis="x")
        axis.set_yticks(range(len(engines)), engines)
    figure.suptitle("Worst relative error over all workloads (left is better)", x=0.01, ha="left", weight="bold")
    caption(figure, record)
    figure.tight_layout(rect=(0, 0.03, 1, 0.98))
    return save(figure, target, "errors")


def save(figure, target, name):
    path = target.with_name(f"{target.stem}-{name}.svg")
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    return path


def draw(record, target):
    """(title, path) of every picture that the record has something for."""
    groups = {engine["name"]: engine["group"] for engine in record["engines"]}
    pictures = [
        ("throughput by engine", throughput(record, groups, target)),
        ("throughput by number of photons", curves(record, "scaling", target, "scaling", "photons")),
        ("throughput by number of cells", curves(record, "cells", target, "cells", "occupied cells")),
        ("cost of more columns", columns(record, target)),
        ("errors by engine", errors(record, groups, target)),
    ]
    return [(title, path) for title, path in pictures if path]


if __name__ == "__main__":
    where = Path(sys.argv[1])
    for title, path in draw(json.loads(where.read_text()), where):
        print(path)
