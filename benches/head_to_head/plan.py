"""What is run, and what is compared with what: workloads, tasks, peers, targets."""

from dataclasses import dataclass

# Engines that group. Those in HAND_WRITTEN are shown, and no ratio is taken against them.
GROUPERS = ("polars", "polars_streaming", "duckdb", "datafusion", "pyarrow", "numba", "numpy", "pandas")
HAND_WRITTEN = ("numba",)
SLOW = ("numpy", "pandas")  # left out of a quick run
SUPPORTS = {
    "polars": ("groupby", "quartiles", "minmax", "count_only"),
    "polars_streaming": ("groupby", "quartiles", "minmax", "count_only"),
    "duckdb": ("groupby", "quartiles", "minmax", "count_only"),
    "datafusion": ("groupby", "minmax", "count_only"),
    "pyarrow": ("groupby", "minmax", "count_only"),
    "numba": ("groupby",),
    "numpy": ("groupby",),
    "pandas": ("groupby",),
}
LOCATORS = ("healpix_geo", "cdshealpix", "cdshealpix_bare", "healpy")


@dataclass(frozen=True)
class Row:
    """One comparison. `target` is the ratio that icefold means to reach; None: shown only."""

    task: str  # of benches/engine/task.rs
    workload: str
    target: float | None = None
    cores: int | None = None  # None: as many as the run has
    against: tuple = GROUPERS

    def title(self):
        names = {
            "locate_groupby": "locate + aggregate",
            "groupby": "group-by alone",
            "quartiles": "exact quartiles",
            "count_only": "count alone",
            "minmax": "count, min, max",
            "locate": "locate alone",
        }
        return names[self.task]


FULL = (
    Row("locate_groupby", "shard12", 25),
    Row("locate_groupby", "shard19"),
    Row("locate_groupby", "wide10"),
    Row("locate_groupby", "wide12", 5),
    Row("locate_groupby", "shard12_shuffled"),
    Row("locate_groupby", "wide12_shuffled"),
    Row("groupby", "shard12", 5),
    Row("groupby", "shard19", 1.5),
    Row("groupby", "wide10"),
    Row("groupby", "wide12", 1.5),
    Row("groupby", "shard12_shuffled", 1.5),
    Row("groupby", "wide12_shuffled", 1.5),
    Row("groupby", "presorted"),
    Row("groupby", "uniform"),
    Row("groupby", "one_cell"),
    Row("groupby", "all_distinct"),
    Row("groupby", "zipf"),
    Row("quartiles", "shard12", 1.5),
    Row("quartiles", "shard19", 1.5),
    Row("quartiles", "wide12", 1.5),
    Row("quartiles", "wide12_shuffled"),
    Row("count_only", "shard12"),
    Row("count_only", "wide12"),
    Row("minmax", "shard12"),
    Row("minmax", "wide12"),
    Row("locate", "shard12", 8, cores=1, against=("cdshealpix",)),
    Row("locate", "shard12", cores=1, against=("cdshealpix_bare",)),
    Row("locate", "wide12", cores=1, against=("cdshealpix",)),
    Row("locate", "wide12", cores=1, against=("cdshealpix_bare",)),
    Row("locate", "shard12_shuffled", 1.5, cores=1, against=("healpix_geo",)),
    Row("locate", "uniform", cores=1, against=("healpix_geo",)),
    Row("locate", "polar", cores=1, against=("healpix_geo",)),
)
# Every row with a target; the workloads of these rows only.
QUICK = tuple(row for row in FULL if row.target is not None)
# Answers are checked on these too, whatever is timed.
CHECKED = ("one_cell", "all_distinct", "polar", "zipf", "uniform", "presorted", "empty")


@dataclass(frozen=True)
class Entry:
    """One process on one workload: an engine, its tasks, its threads."""

    engine: str
    tasks: tuple
    threads: int


def entries(rows, ours, threads, engines):
    """The processes that the rows of one workload need. `ours` are names of icefold's entrants;
    `engines` limits the peers."""
    found = []
    for cores in sorted({row.cores or threads for row in rows}, reverse=True):
        tasks = unique(row.task for row in rows if (row.cores or threads) == cores)
        found += [Entry(name, tasks, cores) for name in ours]
        grouping = unique("groupby" if task == "locate_groupby" else task for task in tasks)
        for engine in GROUPERS:
            able = tuple(task for task in grouping if task in SUPPORTS[engine])
            if able:
                found.append(Entry(engine, able, cores))
        if "locate" in tasks:
            found += [Entry(engine, ("locate",), cores) for engine in LOCATORS]
        elif "locate_groupby" in tasks:
            found.append(Entry("healpix_geo", ("locate",), cores))
    return [entry for entry in found if entry.engine in (*ours, *engines)]


def unique(names):
    return tuple(dict.fromkeys(names))
