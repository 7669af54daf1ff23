"""DataFusion, on record batches in memory."""

import numpy as np
import pyarrow as pa
from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

PACKAGE = "datafusion"
TOLERANCE = {"mean": 1e-9, "var": 1e-6, "quantile": 1e-6}
# Rows of one record batch of its table; its scans are cut there.
BATCH_ROWS = 65_536
SELECT = {
    "groupby": "count(*) AS count, min(h) AS min, max(h) AS max, avg(h) AS mean, var_pop(h) AS var",
    "minmax": "count(*) AS count, min(h) AS min, max(h) AS max",
    "count_only": "count(*) AS count",
}


def prepare(data, threads, tasks):
    config = SessionConfig().with_target_partitions(threads)
    context = SessionContext(config, RuntimeEnvBuilder())
    photons = pa.table({"ids": data["ids"], "h": data["h"]})
    batches = photons.to_batches(max_chunksize=BATCH_ROWS) or photons.schema.empty_table().to_batches()
    share = -(-len(batches) // threads) or 1
    partitions = [batches[i : i + share] for i in range(0, len(batches), share)]
    context.register_record_batches("photon", partitions or [[]])
    return context


def run(context, task):
    return context.sql(f"SELECT ids, {SELECT[task]} FROM photon GROUP BY ids").collect()


def answer(context, task, result):
    table = pa.Table.from_batches(result)
    return {name: np.asarray(table[name]) for name in table.column_names}
