"""pandas, one thread. Values become float64 beforehand."""

import pandas as pd

from adapters import columns_of, prefix, value_columns


def prepare(data, threads, tasks):
    columns = {name: data[name].astype("float64") for name in value_columns(data)}
    return pd.DataFrame({"ids": data["ids"], **columns}, copy=False)


def run(frame, task):
    if task == "weighted":
        product = (frame["h"] * frame["s"]).groupby(frame["ids"], sort=False).sum()
        weights = frame["s"].groupby(frame["ids"], sort=False).sum()
        return pd.DataFrame({"wmean": product / weights})
    found = {}
    groups = frame.groupby("ids", sort=False)
    if task == "count_only":
        return pd.DataFrame({"count": groups.size()})
    for column in columns_of(task):
        of, before = groups[column], prefix(task, column)
        found[before + "count"] = of.size()
        found[before + "min"] = of.min()
        found[before + "max"] = of.max()
        if task != "minmax":
            found[before + "mean"] = of.mean()
            found[before + "var"] = of.var(ddof=0)
    return pd.DataFrame(found)


def answer(frame, task, result):
    return {"ids": result.index.to_numpy(), **{name: result[name].to_numpy() for name in result}}
