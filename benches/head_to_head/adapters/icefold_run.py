"""The program icefold as its user runs it: a process from start to exit, a store on disk."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np


def prepare(data, threads, tasks):
    return data, threads, Path(tempfile.mkdtemp(prefix="store-", dir=data["scratch"]))


def command(state, store):
    data, threads, _ = state
    return [
        os.environ["ICEFOLD_PROGRAM"], "run", data["pipeline"], *data["granules"],
        "--store", str(store), "--overwrite", "--threads", str(threads), "--device", "cpu",
    ]


def run(state, task):
    done = subprocess.run(
        [*command(state, state[2] / "out.zarr"), "--json"], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return json.loads(done.stdout)


def answer(state, task, result):
    """The rows of the store, by a run that writes them as a table, too."""
    import pyarrow.parquet

    table = state[2] / "out.parquet"
    again = [*command(state, state[2] / "again.zarr"), "--table", str(table)]
    subprocess.run(again, check=True, capture_output=True)
    rows = pyarrow.parquet.read_table(table)
    found = {name: np.asarray(rows[name]) for name in rows.column_names}
    found["ids"] = found.pop("cell_ids")
    return found


def close(state):
    shutil.rmtree(state[2], ignore_errors=True)
