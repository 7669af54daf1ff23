"""polars, in memory."""

import polars as pl

PACKAGE = "polars"
# Its means and variances of a Float32 column are rounded to float32.
TOLERANCE = {"mean": 1e-6, "var": 1e-5, "quantile": 1e-6}
ENGINE = "in-memory"
H = pl.col("h")
EXPRESSIONS = {
    "groupby": [
        pl.len().alias("count"),
        H.min().alias("min"),
        H.max().alias("max"),
        H.mean().alias("mean"),
        H.var(ddof=0).alias("var"),
    ],
    "minmax": [pl.len().alias("count"), H.min().alias("min"), H.max().alias("max")],
    "count_only": [pl.len().alias("count")],
    "quartiles": [
        H.quantile(q, "linear").alias(name)
        for name, q in (("q25", 0.25), ("q50", 0.5), ("q75", 0.75))
    ],
}


def prepare(data, threads, tasks):
    assert pl.thread_pool_size() == threads
    return pl.DataFrame({"ids": data["ids"], "h": data["h"]})


def run(frame, task):
    return frame.lazy().group_by("ids").agg(EXPRESSIONS[task]).collect(engine=ENGINE)


def answer(frame, task, result):
    return {name: result[name].to_numpy() for name in result.columns}
