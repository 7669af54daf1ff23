"""DuckDB, on a table in its own memory."""

import duckdb
import numpy as np
import pyarrow as pa

PACKAGE = "duckdb"
TOLERANCE = {"mean": 1e-9, "var": 1e-6, "quantile": 1e-6}
SELECT = {
    "groupby": "count(*) AS count, min(h) AS min, max(h) AS max, avg(h) AS mean, var_pop(h) AS var",
    "minmax": "count(*) AS count, min(h) AS min, max(h) AS max",
    "count_only": "count(*) AS count",
    "quartiles": "quantile_cont(h, [0.25, 0.5, 0.75]) AS q",
}


def prepare(data, threads, tasks):
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET preserve_insertion_order = false")
    photons = pa.table({"ids": data["ids"], "h": data["h"]})
    connection.register("photons", photons)
    connection.execute("CREATE TABLE photon AS SELECT * FROM photons")
    connection.unregister("photons")
    return connection


def run(connection, task):
    query = f"SELECT ids, {SELECT[task]} FROM photon GROUP BY ids"
    return connection.sql(query).to_arrow_table()


def answer(connection, task, result):
    if task == "quartiles":
        q = result["q"].combine_chunks().flatten().to_numpy().reshape(-1, 3)
        columns = {"q25": q[:, 0], "q50": q[:, 1], "q75": q[:, 2]}
        return {"ids": result["ids"].to_numpy(), **columns}
    return {name: np.asarray(result[name]) for name in result.column_names}
