"""What duckdb and datafusion are asked, in the SQL that both speak. No adapter by itself."""

from adapters import columns_of, prefix


def select(task):
    if task == "count_only":
        return "count(*) AS count"
    if task == "weighted":
        return "sum(CAST(h AS DOUBLE) * s) / sum(CAST(s AS DOUBLE)) AS wmean"
    found = []
    for column in columns_of(task):
        before = prefix(task, column)
        found += [
            f"count(*) AS {before}count",
            f"min({column}) AS {before}min",
            f"max({column}) AS {before}max",
        ]
        if task != "minmax":
            found += [f"avg({column}) AS {before}mean", f"var_pop({column}) AS {before}var"]
    return ", ".join(found)
