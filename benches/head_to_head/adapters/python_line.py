"""The line as one writes it in Python: h5py, healpix-geo, a stable argsort and reduceat; results as
.npy files."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import yaml

import granules
from adapters import located
from adapters.numpy import five, grouped


def prepare(data, threads, tasks):
    source = yaml.safe_load(Path(data["pipeline"]).read_text())["data_source"]
    return data, threads, source, Path(tempfile.mkdtemp(prefix="store-", dir=data["scratch"]))


def photons(state):
    data, threads, source, _ = state
    parts = [granules.read(path, source) for path in data["granules"]]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in ("lon", "lat", "h")}
    return located({**columns, "order": data["order"]}, threads), columns["h"]


def save(state, result):
    for name, values in result.items():
        np.save(state[3] / f"{name}.npy", values)
    return result


def run(state, task):
    ids, h = photons(state)
    ids, starts, count, (h,) = grouped(ids, [h])
    return save(state, {"ids": ids, "count": count, **five(h, starts, count)})


def answer(state, task, result):
    return result


def close(state):
    shutil.rmtree(state[3], ignore_errors=True)
