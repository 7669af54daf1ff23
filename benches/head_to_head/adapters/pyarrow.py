"""Arrow's own group-by, from pyarrow."""

import pyarrow as pa
import pyarrow.compute as pc

from adapters import columns_of, located, prefix, value_columns

OPTIONS = pc.VarianceOptions(ddof=0)
NAMES = {"count": "count", "min": "min", "max": "max", "mean": "mean", "variance": "var"}


def prepare(data, threads, tasks):
    pa.set_cpu_count(threads)
    columns = {name: data[name] for name in value_columns(data)}
    table = pa.table({"ids": data["ids"], **columns}) if "ids" in data else None
    return table, data, threads


def aggregations(task, column):
    if task == "count_only":
        return [(column, "count")]
    short = [(column, "count"), (column, "min"), (column, "max")]
    return short if task == "minmax" else [*short, (column, "mean"), (column, "variance", OPTIONS)]


def run(state, task):
    table, data, threads = state
    if task == "locate_groupby":
        table = pa.table({"ids": located(data, threads), "h": data["h"]})
    if task == "weighted":
        product = pc.multiply(pc.cast(table["h"], pa.float64()), pc.cast(table["s"], pa.float64()))
        table = pa.table({"ids": table["ids"], "product": product, "s": table["s"]})
        sums = table.group_by("ids").aggregate([("product", "sum"), ("s", "sum")])
        mean = pc.divide(sums["product_sum"], sums["s_sum"])
        return pa.table({"ids": sums["ids"], "wmean": mean})
    wanted = [a for column in columns_of(task) for a in aggregations(task, column)]
    return table.group_by("ids").aggregate(wanted)


def answer(state, task, result):
    found = {}
    for name in result.column_names:
        column, _, function = name.rpartition("_")
        renamed = prefix(task, column) + NAMES[function] if function in NAMES else name
        found[renamed] = result[name].to_numpy()
    return found
