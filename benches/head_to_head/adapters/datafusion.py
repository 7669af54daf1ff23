"""DataFusion, on record batches in memory."""

import numpy as np
import pyarrow as pa
from datafusion import RuntimeEnvBuilder, SessionConfig, SessionContext

from adapters import located, value_columns
from adapters.sql import select

# Rows of one record batch of its table; its scans are cut there.
BATCH_ROWS = 65_536


def prepare(data, threads, tasks):
    config = SessionConfig().with_target_partitions(threads)
    context = SessionContext(config, RuntimeEnvBuilder())
    if "ids" in data:
        columns = {name: data[name] for name in value_columns(data)}
        register(context, "photon", pa.table({"ids": data["ids"], **columns}), threads)
    return context, data, threads


def register(context, name, photons, threads):
    """Deals the rows to as many partitions as threads; slices, not copies."""
    batches = photons.to_batches(max_chunksize=BATCH_ROWS) or photons.schema.empty_table().to_batches()
    share = -(-len(batches) // threads) or 1
    partitions = [batches[i : i + share] for i in range(0, len(batches), share)]
    context.register_record_batches(name, partitions or [[]])


def run(state, task):
    context, data, threads = state
    table = "photon"
    if task == "locate_groupby":
        table = "located"
        photons = pa.table({"ids": located(data, threads), "h": data["h"]})
        register(context, table, photons, threads)
    result = context.sql(f"SELECT ids, {select(task)} FROM {table} GROUP BY ids").collect()
    if table == "located":
        context.deregister_table(table)
    return result


def answer(state, task, result):
    table = pa.Table.from_batches(result)
    return {name: np.asarray(table[name]) for name in table.column_names}
