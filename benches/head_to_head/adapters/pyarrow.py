"""Arrow's own group-by, from pyarrow."""

import pyarrow as pa
import pyarrow.compute as pc

PACKAGE = "pyarrow"
TOLERANCE = {"mean": 1e-9, "var": 1e-6}
AGGREGATIONS = {
    "groupby": [
        ([], "count_all"),
        ("h", "min"),
        ("h", "max"),
        ("h", "mean"),
        ("h", "variance", pc.VarianceOptions(ddof=0)),
    ],
    "minmax": [([], "count_all"), ("h", "min"), ("h", "max")],
    "count_only": [([], "count_all")],
}
NAMES = {
    "count_all": "count",
    "h_min": "min",
    "h_max": "max",
    "h_mean": "mean",
    "h_variance": "var",
}


def prepare(data, threads, tasks):
    pa.set_cpu_count(threads)
    return pa.table({"ids": data["ids"], "h": data["h"]})


def run(table, task):
    return table.group_by("ids").aggregate(AGGREGATIONS[task])


def answer(table, task, result):
    return {NAMES.get(name, name): result[name].to_numpy() for name in result.column_names}
