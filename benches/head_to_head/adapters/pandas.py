"""pandas, one thread. Heights become float64 beforehand: its variances of float32 are rounded
as they go, and off by up to 40 % here."""

import pandas as pd

PACKAGE = "pandas"
TOLERANCE = {"mean": 1e-9, "var": 1e-6}


def prepare(data, threads, tasks):
    return pd.DataFrame({"ids": data["ids"], "h": data["h"].astype("float64")}, copy=False)


def run(frame, task):
    groups = frame.groupby("ids", sort=False)["h"]
    return pd.DataFrame(
        {
            "count": groups.size(),
            "min": groups.min(),
            "max": groups.max(),
            "mean": groups.mean(),
            "var": groups.var(ddof=0),
        }
    )


def answer(frame, task, result):
    return {"ids": result.index.to_numpy(), **{name: result[name].to_numpy() for name in result}}
