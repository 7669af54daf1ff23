"""DuckDB, on a table in its own memory; located photons are read from Arrow arrays as they are."""

import duckdb
import numpy as np
import pyarrow as pa

from adapters import located, value_columns
from adapters.sql import select


def prepare(data, threads, tasks):
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET preserve_insertion_order = false")
    if "ids" in data:
        columns = {name: data[name] for name in value_columns(data)}
        photons = pa.table({"ids": data["ids"], **columns})
        connection.register("photons", photons)
        connection.execute("CREATE TABLE photon AS SELECT * FROM photons")
        connection.unregister("photons")
    return connection, data, threads


def run(state, task):
    connection, data, threads = state
    table = "photon"
    if task == "locate_groupby":
        table = "located"
        connection.register(table, pa.table({"ids": located(data, threads), "h": data["h"]}))
        task = "groupby"
    asked = "quantile_cont(h, [0.25, 0.5, 0.75]) AS q" if task == "quartiles" else select(task)
    result = connection.sql(f"SELECT ids, {asked} FROM {table} GROUP BY ids").to_arrow_table()
    if table == "located":
        connection.unregister(table)
    return result


def answer(state, task, result):
    if task == "quartiles":
        q = result["q"].combine_chunks().flatten().to_numpy().reshape(-1, 3)
        columns = {"q25": q[:, 0], "q50": q[:, 1], "q75": q[:, 2]}
        return {"ids": result["ids"].to_numpy(), **columns}
    return {name: np.asarray(result[name]) for name in result.column_names}
