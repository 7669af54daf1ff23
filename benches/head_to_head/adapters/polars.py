"""polars, in memory."""

import polars as pl

from adapters import columns_of, located, prefix, value_columns

QUARTILES = {"q25": 0.25, "q50": 0.5, "q75": 0.75}


def prepare(data, threads, tasks):
    assert pl.thread_pool_size() == threads
    columns = {name: data[name] for name in value_columns(data)}
    frame = pl.DataFrame({"ids": data["ids"], **columns}) if "ids" in data else None
    return frame, data, threads


def expressions(task):
    if task == "count_only":
        return [pl.len().alias("count")]
    if task == "weighted":
        h, s = pl.col("h").cast(pl.Float64), pl.col("s").cast(pl.Float64)
        return [((h * s).sum() / s.sum()).alias("wmean")]
    if task == "quartiles":
        return [pl.col("h").quantile(q, "linear").alias(name) for name, q in QUARTILES.items()]
    found = []
    for column in columns_of(task):
        of, before = pl.col(column), prefix(task, column)
        found += [pl.len().alias(before + "count")]
        found += [of.min().alias(before + "min"), of.max().alias(before + "max")]
        if task != "minmax":
            found += [of.mean().alias(before + "mean"), of.var(ddof=0).alias(before + "var")]
    return found


def collect(state, task, engine):
    frame, data, threads = state
    if task == "locate_groupby":
        frame = pl.DataFrame({"ids": located(data, threads), "h": data["h"]})
    return frame.lazy().group_by("ids").agg(expressions(task)).collect(engine=engine)


def run(state, task):
    return collect(state, task, "in-memory")


def answer(state, task, result):
    return {name: result[name].to_numpy() for name in result.columns}
