"""Makes workloads of granules: the HDF5 files, and the same photons as arrays for the truth.

The arrays are read with h5py and filtered with NumPy, by what a pipeline file of this folder says:
the same file that `icefold run` is given.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import yaml

import granule

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMPARE = {"eq": np.equal, "ne": np.not_equal}


def shared():
    """Where real granules are, as the tests find them."""
    return Path(os.environ.get("ICEFOLD_TEST_DATA", ROOT.parent / "shared" / "data")) / "icesat2"


def make(workload, folder, size, tools):
    """(description, arrays), or (None, None) where real granules are absent."""
    given = workload.input
    sums = None
    if given["maker"] == "photons":
        path = folder / "granule.h5"
        sums = granule.make(path, size, given["layout"] == "shuffled", given["seed"])
        paths = [path]
    elif given["maker"] == "demo":
        out = folder / "demo"
        command = [tools["icefold"], "demo", "--out", out]
        subprocess.run(command, check=True, capture_output=True)
        kept = folder / "granules"
        (out / "granules").rename(kept)
        shutil.rmtree(out)
        paths = sorted(kept.glob("*.h5"))
    else:
        paths = [shared() / name for name in given["files"]]
        if not all(path.is_file() for path in paths):
            return None, None
        check_sums(paths, given["sha256"])
    pipeline = HERE / given["pipeline"]
    arrays = read_all(paths, pipeline)
    more = {
        "granules": [str(path) for path in paths],
        "pipeline": str(pipeline),
        "bytes": sum(path.stat().st_size for path in paths),
        "photons": len(arrays["h"]),
    }
    return more | ({"sums": sums} if sums else {}), arrays


def check_sums(paths, expected):
    for path, right in zip(paths, expected):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != right:
            raise SystemExit(f"{path}: SHA-256 is {found}, the workload says {right}")


def read_all(paths, pipeline):
    """lon, lat and h of the kept photons of all granules, in order."""
    parts = [read(path, yaml.safe_load(pipeline.read_text())["data_source"]) for path in paths]
    names = ("lon", "lat", "h")
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def read(path, source):
    """The kept photons of one granule. Also what adapters time, so that they keep what is right."""
    (variable,) = source["variables"].values()
    parts = []
    with h5py.File(path) as file:
        for group in source["groups"]:
            place = {"group": group}
            names = [source["coordinates"][c] for c in ("longitude", "latitude")] + [variable]
            names = [name.format(**place) for name in names]
            if names[-1] not in file:
                continue
            keep = None
            for rule in source.get("filters", []):
                name = rule["dataset"].format(**place)
                values = file[name][()] if "column" not in rule else file[name][:, rule["column"]]
                found = COMPARE[rule["op"]](values, rule["value"])
                keep = found if keep is None else keep & found
            columns = [file[name][()] for name in names]
            lon, lat = columns[:2]
            valid = np.isfinite(lon) & (np.abs(lat) <= 90.0)
            fill = file[names[-1]].attrs.get("_FillValue")
            if fill is not None:
                valid &= columns[2] != np.ravel(fill)[0]
            keep = valid if keep is None else keep & valid
            if not keep.all():
                columns = [values[keep] for values in columns]
            parts.append(columns)
    joined = [np.concatenate(column) for column in zip(*parts)]
    return dict(zip(("lon", "lat", "h"), joined))
